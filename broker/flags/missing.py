"""missing: the state flags a student as missing, or lifts the flag when the child is found (Utah 53A-11-502).

Contract: called within a write transaction, only for the state's operator. A flag takes effect at once: transfer cases
are blocked, packets about the student that are on their way are held where they are, and packets in an inbox are
withdrawn (`holdback`). LEAs are told nothing about the flag itself. When it is lifted, the cases and the held packets
go on. Both acts are in the disclosure log, with who and why.
"""

from dataclasses import dataclass, field, replace
from functools import partial

from broker.core.access import Action
from broker.core.disclosure import Disclosure
from broker.core.errors import NotDone
from broker.core.grounds import Ground
from broker.core.model import HeldFor, Ssid, State
from broker.edge.ledger.again import committed
from broker.edge.ledger.engine import Writing, reading
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.packets import packets, views
from broker.edge.ledger.people import flags, registry, reviews
from broker.edge.ledger.people.reviews import Review
from broker.flags import holdback
from broker.flags.holdback import HeldBack
from broker.packets.resume import resume_in
from broker.packets.services import Services
from broker.transfers import cases
from handlers.registry import DISCLOSED

_AT_ONCE = 50  # packets that go on while all other writers wait


@dataclass(frozen=True, slots=True)
class FlagChange:
    """The result. `ssid` stands for the student; `resumed` are the packets that go on; `held` are the packets that were
    held back, and those that were not; `questions` wait for the state, because an LEA has answered that the student it
    sent is another one."""

    ssid: Ssid
    resumed: tuple[str, ...] = ()
    held: HeldBack = field(default_factory=HeldBack)
    questions: tuple[Review, ...] = ()


def put(services: Services, connection: Writing, ssid: str, who: str, why: str) -> FlagChange:
    """Flag the student. Raises NotDone `no-student`, `flagged`."""
    number = _number(connection, ssid)
    if flags.is_flagged(connection, number):
        raise NotDone("flagged", ssid=number)
    flags.put(connection, number, who, why, services.clock().timestamp())
    _log(services, connection, number, Action.SET_FLAG, who, why)
    held = holdback.hold_back(services, connection, number)
    cases.reconcile(services, connection, [number], is_told=True)
    holdback.tell(services, connection, number, held)
    return FlagChange(number, held=held)


def hold_what_came_late(services: Services) -> None:
    """Withdraw packets about flagged students that still lie in an inbox, because the LEA's folder was missing when the
    flag was set."""
    with reading(services.engine) as connection:
        flagged = flags.numbers(connection)
        late = views.about(connection, list(flagged), list(DISCLOSED), [State.DELIVERED]) if flagged else []
        students = sorted({flagged[row.ssid] for row in map(partial(packets.get, connection), late) if row})
    for number in students:
        committed(services.engine, partial(_hold_late, services, Ssid(number)))


def _hold_late(services: Services, number: Ssid, connection: Writing) -> None:
    registry.lock(connection)
    held = replace(holdback.hold_back(services, connection, number), taken=())
    cases.reconcile(services, connection, [number], is_told=True)
    if held.withdrawn:
        holdback.tell(services, connection, number, held)


def lift(services: Services, connection: Writing, ssid: str, who: str, why: str) -> FlagChange:
    """Lift the flag. Raises NotDone `no-student`, `not-flagged`."""
    number = _number(connection, ssid)
    standing = flags.standing(connection, number)
    if not standing:
        raise NotDone("not-flagged", ssid=number)
    for flag in standing:  # two, where two flagged numbers were merged
        flags.lift(connection, flag, who, why, services.clock().timestamp())
    _log(services, connection, number, Action.LIFT_FLAG, who, why)
    held = views.held(connection, HeldFor.BLOCKED, ssid=number)
    resume_in(services, connection, held[:_AT_ONCE], HeldFor.BLOCKED)  # the sweeper resumes the others
    cases.reconcile(services, connection, [number])
    questions = reviews.answered_about(connection, registry.numbers(connection, number))
    return FlagChange(number, tuple(held), questions=tuple(questions))


def _number(connection: Writing, ssid: str) -> Ssid:
    registry.lock(connection)
    person = registry.standing(connection, ssid)
    if person is None:
        raise NotDone("no-student", ssid=ssid)
    return person.ssid


def _log(services: Services, connection: Writing, ssid: str, action: Action, who: str, why: str) -> None:
    line = Disclosure(
        at=services.clock().timestamp(),
        ssid=ssid,
        action=action,
        outcome="allowed",
        party="",
        actor=who,
        what="flag",
        ground=Ground.MISSING_CHILD,
        purpose=why,
    )
    disclosures.add(connection, [line])
