"""holdback: holds packets about a student who is now flagged as missing, delivered or routed (Utah 53A-11-504).

Contract: called within the write transaction that sets the flag, or brings another number under it. Packets in an inbox
are withdrawn, as by a recall (`withdraw`), and held; routed packets are held where they are; both go on by themselves
when the flag is lifted. The cases that they answered wait again, with their old clocks. Packets that a receiver took
before stay there; the state is told which LEA has which packet, since when, by tracking id.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from broker.core.access import Action
from broker.core.days.state_time import StateTime
from broker.core.model import HeldFor, LeaId, State
from broker.core.transfer import TransferState
from broker.edge.home.folders import Missing
from broker.edge.ledger.cases import transfers as cases
from broker.edge.ledger.cases.transfers import TransferRow
from broker.edge.ledger.engine import Writing
from broker.edge.ledger.packets import corrections, history, moves, views
from broker.edge.ledger.packets.rows import Move, PacketRow, Step
from broker.edge.ledger.packets.views import Passed
from broker.edge.ledger.people import registry
from broker.notices.alert import Kind, who
from broker.oversight import alerts
from broker.packets.destination import is_forwarded
from broker.packets.receipts import statements
from broker.packets.services import Services
from broker.stages import collect, withdraw
from broker.transfers import cases as transfers
from handlers.registry import DISCLOSED

_MOST = 500  # in one notice; `satchel student flag --json` and the disclosure log have all
_OUT = (State.ROUTED, State.DELIVERED)


@dataclass(frozen=True, slots=True)
class Thing:
    """A packet about the student. `lea` is its receiver, `source` its writer; `since` is when the receiver took it
    (seconds since the epoch), None where it did not."""

    tracking: str
    type: str
    source: str
    lea: str
    since: float | None = None


@dataclass(frozen=True, slots=True)
class HeldBack:
    """The packets held back: `withdrawn` ones lay in an inbox, `stopped` ones were routed; `taken` ones are at their
    receivers."""

    withdrawn: tuple[Thing, ...] = ()
    stopped: tuple[Thing, ...] = ()
    taken: tuple[Thing, ...] = ()


def hold_back(services: Services, connection: Writing, ssid: str) -> HeldBack:
    """Hold back the packets about the flagged student that `ssid` stands for, and list those that cannot be held back.
    Cases that withdrawn packets answered are REQUESTED again; the caller reconciles them. Where an LEA's folder is
    missing, its packets are left to a later call."""
    numbers = registry.numbers(connection, ssid)
    withdrawn: list[PacketRow] = []
    stopped: list[PacketRow] = []
    for tracking in views.about(connection, numbers, list(DISCLOSED), _OUT):
        row = corrections.locked(connection, tracking)
        if row is not None and row.state is State.ROUTED:
            _stop(services, connection, row)
            stopped.append(row)
        elif row is not None and row.state is State.DELIVERED and _is_back(services, connection, row):
            withdrawn.append(row)
    for row in (*withdrawn, *stopped):
        log = (Action.SEND_RECORD, row.ssid, row.origin, row.type, row.tracking)
        alerts.refused(services, connection, *log)
    transfers.held_back(services, connection, [row.tracking for row in withdrawn])
    taken = (_of_passed(one) for one in views.passed_on(connection, numbers, list(DISCLOSED)))
    return HeldBack(tuple(map(_of_row, withdrawn)), tuple(map(_of_row, stopped)), tuple(taken))


def _stop(services: Services, connection: Writing, row: PacketRow) -> None:
    """Hold a routed packet. A worker that is working it drops its work."""
    goal = row.receiver if is_forwarded(row) else LeaId("")
    held = row._replace(state=State.HELD, held_for=HeldFor.BLOCKED, receiver=goal)
    receipts = statements(services, held, [(row.origin, State.HELD)])
    step = Step(State.HELD, HeldFor.BLOCKED)
    moves.advance(connection, [Move(row, held, (step,), receipts)], services.clock().timestamp())


def _is_back(services: Services, connection: Writing, row: PacketRow) -> bool:
    try:
        if withdraw.hold(services, connection, row):
            return True
        if history.was_read(
            connection, row.tracking
        ):  # the receiver has it; it is collected when the receiver's program is done
            return False
        collect.collect_in(connection, services, LeaId(row.receiver), row.tracking, collect.REMOVED)
    except Missing:
        services.log.warning("a flagged student's packet cannot be taken back yet", tracking=row.tracking)
    return False


def tell(services: Services, connection: Writing, ssid: str, found: HeldBack) -> None:
    """Tell the state which LEAs had asked for the flagged student's record, and which packets LEAs have. Tells nothing
    where no LEA is concerned."""
    asked = [one for one in cases.about(connection, ssid) if one.state is TransferState.BLOCKED]
    things = (*found.withdrawn, *found.stopped, *found.taken)
    leas = {*(one.destination for one in asked), *(one.lea for one in things)}
    if leas:
        lea = leas.pop() if len(leas) == 1 else ""
        alerts.alert(services, connection, Kind.FLAG, ssid, lea, "", more=_lists(services.time, asked, found))


def _lists(state: StateTime, asked: Iterable[TransferRow], found: HeldBack) -> dict[str, list[dict[str, Any]]]:
    """The lists in the notice."""
    parts = {"withdrawn": found.withdrawn, "stopped": found.stopped, "taken": found.taken}
    lists = {name: [_shown(state, one) for one in things[:_MOST]] for name, things in parts.items()}
    return {"asked": [_of_case(one) for one in asked]} | lists


def _of_case(case: TransferRow) -> dict[str, Any]:
    return {**who(case.destination, ""), "transfer": case.id, "from": case.source, "entered_on": case.entered_on}


def _shown(state: StateTime, one: Thing) -> dict[str, Any]:
    since = {"since": state.told(one.since)} if one.since is not None else {}
    return {**who(one.lea, ""), "tracking": one.tracking, "type": one.type, "from": one.source, **since}


def _of_row(row: PacketRow) -> Thing:
    return Thing(row.tracking, row.type, row.origin, row.receiver)


def _of_passed(one: Passed) -> Thing:
    return Thing(one.tracking, one.type, one.origin, one.receiver, one.since)
