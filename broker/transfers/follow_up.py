"""follow up: what follows when students have moved: their cases are made right, and what waited for them goes on.

Contract: called within a write transaction. A packet may move thousands of students, and nobody else can write before
its transaction ends; so only the first `limits.cases_per_transaction` of them are followed up in it, and the others are
kept in the ledger, in the same transaction, and are worked later in slices (`work_slice`). Nothing is wrong meanwhile:
whatever else touches a student who still waits first calls `work_off`, and what changes where a student is `catch_up`.
Either works as of the moment of enrolling, so that cases and their clocks are those that there would be had nobody
waited. A flagged student never waits: the state hears of it at once (Utah 53A-11-502).
"""

from collections.abc import Sequence

from broker.core.errors import Deferred
from broker.edge.ledger import epoch
from broker.edge.ledger.cases import follow_ups, transfers
from broker.edge.ledger.cases.follow_ups import FollowUp
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.packets import views
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.people import flags as ledger_flags
from broker.edge.ledger.people import registry
from broker.packets.services import Services
from broker.transfers import desk as transfer_desk
from broker.transfers import resume
from broker.transfers.desk import Desk
from broker.transfers.letters import Letters

_FLAGS = 100_000  # more than any state has


def concerned(connection: Reading, ssids: Sequence[str]) -> list[str]:
    """Those of these students who are or were at more than one LEA, or have a case that is open nevertheless: nearly
    all have neither, and are not looked at one by one."""
    moved = dict.fromkeys(map(str, registry.moved_about(connection, ssids)))
    return list(moved | dict.fromkeys(transfers.with_cases(connection, ssids)))


def follow(services: Services, connection: Writing, moved: Sequence[FollowUp], at_once: int | None = None) -> int:
    """Follow up these students, each named once, who have moved: `at_once` of them now, None for as many as may be in
    one transaction, the others later. How many were done now."""
    named = [one.ssid for one in moved]
    work_off(services, connection, named)
    waited = views.students_waited_for(connection, named)
    touched = {*concerned(connection, named), *waited}
    todo = [one for one in moved if one.ssid in touched]
    most = services.settings.limits.cases_per_transaction
    limit = max(most if at_once is None else min(at_once, most), 0)
    if len(todo) > limit and ledger_flags.is_any(connection):
        flagged = {flag.ssid for flag in ledger_flags.all_standing(connection, _FLAGS)}
        todo.sort(key=lambda one: one.ssid not in flagged)
        limit = max(limit, sum(one.ssid in flagged for one in todo))
    _work(services, connection, todo[:limit], waited=waited)
    follow_ups.put(connection, todo[limit:])
    return len(todo[:limit])


def work_slice(services: Services, connection: Writing, limit: int) -> int:
    """Follow up those who have waited longest; how many."""
    registry.lock(connection)
    some = follow_ups.take(connection, limit)
    _work(services, connection, some)
    return len(some)


def work_off(services: Services, connection: Writing, ssids: Sequence[str], coming: Sequence[PacketRow] = ()) -> int:
    """Follow up those of these students who still wait; how many they were. `coming` are records that were on their way
    until this transaction."""
    if not follow_ups.is_any(connection):
        return 0
    some = follow_ups.take_of(connection, ssids)
    _work(services, connection, some, coming)
    return len(some)


def catch_up(services: Services, connection: Writing, ssids: Sequence[str]) -> int:
    """The same, and to be called before anything changes where these students are: their cases are made by where they
    were until now."""
    registry.lock(connection)
    if not follow_ups.is_any(connection):
        return 0
    epoch.advance(connection)  # deliveries hold it while they take rows; who takes them first would wait for each other
    return work_off(services, connection, ssids)


class Pace:
    """`catch_up` for the students of one packet, one by one, and for no more of them than one transaction may work.
    `is_sliced` where the packet has another transaction for the others: then it says when this one should end."""

    def __init__(self, services: Services, connection: Writing, *, is_sliced: bool = False) -> None:
        most = services.settings.limits.transaction_ms / 1000
        self._until = services.clock().timestamp() + most if is_sliced else None
        self._services = services
        self._connection = connection
        self._is_any = follow_ups.is_any(connection)
        self._left = services.settings.limits.cases_per_transaction

    @property
    def is_spent(self) -> bool:
        """Whether what comes next should be left to the next transaction, where there is one."""
        if self._until is None:
            return False
        return self._left <= 0 or self._services.clock().timestamp() >= self._until

    def catch_up(self, ssid: str) -> None:
        """Before this student moves. Raises Deferred where too many of the packet's students still wait."""
        if not self._is_any:
            return
        self._left -= catch_up(self._services, self._connection, [ssid])
        if self._left < 0:
            raise Deferred("transfers of these students are still being worked")


def _work(
    services: Services,
    connection: Writing,
    some: Sequence[FollowUp],
    coming: Sequence[PacketRow] = (),
    waited: Sequence[str] | None = None,
) -> None:
    """`waited` are those for whom packets wait, where that has been looked up."""
    letters = Letters(services, connection, [one.ssid for one in some])
    for one in some:
        desk = Desk(services, connection, letters, one.cause, services.time.at(one.at), coming)
        transfer_desk.reconcile(desk, one.ssid)
    if some:
        letters.send()
        named = {one.ssid: None for one in some}
        waits = views.students_waited_for(connection, list(named)) if waited is None else waited
        resume.go_on(services, connection, [one for one in waits if one in named])
