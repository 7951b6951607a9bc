"""route: an ADMITTED packet becomes ROUTED to a receiver, or HELD for a named thing.

Contract: reads only ledger facts, no plaintext; the decision itself is `broker.core.routing`. A receiver is always a
party of the directory with a valid key at this moment.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import Connection

from broker.core.errors import Deferred
from broker.core.flow import Stage
from broker.core.model import HeldFor, LeaId, State
from broker.core.routing import Facts, Hold, Location, check_receiver, destination, enrolled_at
from broker.edge.ledger import registry
from broker.edge.ledger.rows import Move, PacketRow, Step
from broker.stages.batch import Plan, move
from broker.stages.batch import run as run_batch
from broker.stages.look import Look
from broker.stages.services import Services
from handlers.registry import handler_of


def run(services: Services, ids: Sequence[str]) -> None:
    """Route these packets."""
    run_batch(services, [PLAN], ids)


def _work(services: Services, look: Look, row: PacketRow) -> Move:
    if row.origin:
        look.check_signer(row.origin, row.signer)
    facts = Facts(
        sender=row.origin,
        # the exchange's own notices go to whom they were made for
        addressed_to=LeaId(row.addressed_to or ("" if row.origin else row.receiver)) or None,
        identity=row.identity,
        locations=look.locations(row.ssid) if row.ssid and not row.addressed_to else (),
        today=look.now.date().isoformat(),
    )
    goal = destination(facts)
    if isinstance(goal, Hold):
        return _hold(services, row, goal.why)
    if row.origin:
        party = look.party(goal)
        check_receiver(row.origin, goal, party.kind if party else None, handler_of(row.type).receivers)
    if look.valid_certificate(goal) is None:
        return _hold(services, replace(row, receiver=goal), HeldFor.RECEIVER_KEY)
    return move(services, row, replace(row, state=State.ROUTED, receiver=goal, held_for=""), [Step(State.ROUTED)], [])


def _hold(services: Services, row: PacketRow, why: HeldFor) -> Move:
    new = replace(row, state=State.HELD, held_for=why)
    planned = move(services, row, new, [Step(State.HELD, why)], [(row.origin, State.HELD)])
    if why is not HeldFor.ENROLLMENT:
        return planned

    def effect(connection: Connection) -> Move:
        """An enrollment that was applied since this batch looked found nothing held to let go, so look again."""
        registry.lock(connection)
        spots = registry.locations(connection, row.ssid)
        known = [Location(spot.lea, spot.entry_date, spot.exit_date) for spot in spots]
        if enrolled_at(known, row.origin, services.clock().date().isoformat()):
            raise Deferred("the student has enrolled meanwhile")
        return planned

    return replace(planned, effect=effect)


PLAN = Plan(Stage.ROUTE, _work)
