"""follow ups: follows up students who moved with many others, a slice at a time (`broker.transfers.follow_up`).

Contract: each slice is one transaction; a bug with one student stops only that student.
"""

from broker.edge.ledger.again import committed
from broker.edge.ledger.blame import Cause, cause_of
from broker.edge.ledger.cases import follow_ups
from broker.edge.ledger.cases.follow_ups import FollowUp
from broker.edge.ledger.engine import reading, writing
from broker.packets.services import Services
from broker.transfers import follow_up


def follow_up_some(services: Services) -> int:
    """Follow up a slice of the waiting students (`broker.transfers.follow_up`); returns how many.

    A bug with one student stops only that student: the slice is worked again one by one, and a student who fails alone
    waits behind all others."""
    limit = services.settings.limits.cases_per_transaction
    with reading(services.engine) as connection:
        some = follow_ups.first(connection, limit)
    if not some:
        return 0
    try:
        return committed(services.engine, lambda connection: follow_up.work_slice(services, connection, limit))
    except Exception as bug:
        if cause_of(bug) is not Cause.BUG:  # the disk or the database, not a student
            raise
        services.log.error("bug", duty="follow-ups", kind=type(bug).__name__, students=len(some))
    return sum(_follow_up_alone(services, one) for one in some)


def _follow_up_alone(services: Services, one: FollowUp) -> bool:
    try:
        return committed(services.engine, lambda own: follow_up.catch_up(services, own, [one.ssid])) > 0
    except Exception as bug:
        if cause_of(bug) is not Cause.BUG:
            raise
        services.log.error("bug", duty="follow-ups", kind=type(bug).__name__, tracking=one.cause)
    with writing(services.engine) as connection:
        follow_ups.put(connection, follow_ups.take_of(connection, [one.ssid]))
    return False
