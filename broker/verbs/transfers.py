"""transfers: the cases of students who move, as the state sees them; and how the state cancels one.

Contract: reads one page, or one case, and has no student's name. `cancel` is one transaction: it tells both LEAs, adds
a step to the history of the case, and writes a line in the log of acts.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from broker.core.access import Action
from broker.core.actor import Actor
from broker.core.review import By
from broker.core.transfer import LIVE, TransferState
from broker.edge.ledger.cases import transfer_views
from broker.edge.ledger.cases import transfers as ledger
from broker.edge.ledger.cases.transfer_views import Choice
from broker.edge.ledger.cases.transfers import TransferEvent, TransferRow
from broker.edge.ledger.engine import Reading, reading
from broker.edge.ledger.parties import directory
from broker.edge.ledger.people import registry
from broker.edge.settings import exit_codes
from broker.offline import Offline
from broker.oversight.transfer_ranking import Calendars
from broker.verbs.acting import NotThere, recorded, verb
from broker.verbs.paging import Page

if TYPE_CHECKING:
    from broker.packets.services import Services

__all__ = ["NOT_ENDED", "Case", "Exit", "TransferEvent", "TransferRow", "WholeCase", "cancel", "list_cases", "show"]

NOT_ENDED = frozenset(LIVE | {TransferState.ANSWERED})


@dataclass(frozen=True, slots=True)
class Case:
    """One case; `late` and `taken` are school days of the source: how many days it is overdue, and how many it took to
    answer; None where this does not apply."""

    row: TransferRow
    late: int | None
    taken: int | None


@dataclass(frozen=True, slots=True)
class Exit:
    """How the student left the source: the day, an ISO date, and the code, '' for none; `means` and `leads_to` are ''
    for an unknown code."""

    on: str
    code: str
    means: str
    leads_to: str
    is_known: bool


@dataclass(frozen=True, slots=True)
class WholeCase:
    """A case with its history; `exit` is None while the student has not left; `names` has the names of both LEAs, by
    id, as far as known."""

    case: Case
    events: tuple[TransferEvent, ...]
    exit: Exit | None
    names: Mapping[str, str]


@verb(Action.READ_REPORTS)
def list_cases(
    room: Offline,
    *,
    actor: Actor,
    states: Collection[TransferState] = NOT_ENDED,
    lea: str = "",
    is_overdue: bool = False,
    today: date | None = None,
    after: int = 0,
    size: int = transfer_views.PAGE,
) -> Page[Case, int]:
    """A page of the cases in these states, after the number `after`, oldest first: of one LEA (at either end) where
    given, or only overdue ones. Lateness is counted as of `today`. Raises NotThere `no-party`."""
    day = today or room.day()
    choice = Choice(frozenset(states), lea, day.isoformat() if is_overdue else "")
    calendars = Calendars(room.settings, day)
    with reading(room.engine) as connection:
        if lea and directory.party(connection, lea) is None:
            raise NotThere("no-party", lea=lea)
        rows = transfer_views.page(connection, choice, after, size + 1)
        cases = [_case(connection, calendars, row) for row in rows]
        return Page.of(cases, size, transfer_views.count(connection, choice), lambda one: one.row.id)


def _case(connection: Reading, calendars: Calendars, row: TransferRow) -> Case:
    return Case(row, calendars.late(connection, row), calendars.taken(connection, row))


@verb(Action.READ_REPORTS)
def show(room: Offline, number: int, *, actor: Actor) -> WholeCase:
    """One case, with its history. Raises NotThere `no-transfer`."""
    with reading(room.engine) as connection:
        row = ledger.get(connection, number)
        if row is None:
            raise NotThere("no-transfer", number=number)
        parties = [directory.party(connection, lea) for lea in (row.source, row.destination)]
        return WholeCase(
            _case(connection, Calendars(room.settings, room.day()), row),
            tuple(ledger.events_of(connection, number)),
            _exit(room, connection, row),
            {party.id: party.name for party in parties if party},
        )


def _exit(room: Offline, connection: Reading, row: TransferRow) -> Exit | None:
    """Judged by the exit of the student's newest location at the source."""
    spots = [spot for spot in registry.locations(connection, row.ssid) if spot.lea == row.source]
    if not spots or not spots[-1].exit_date:
        return None
    code = spots[-1].exit_code
    known = exit_codes.load(room.settings.home, room.settings.transfers.codes).get(code)
    means, leads_to = (known.means, str(known.leads_to)) if known else ("", "")
    return Exit(spots[-1].exit_date, code, means, leads_to, bool(means))


@verb(Action.CANCEL_TRANSFER)
def cancel(services: "Services", number: int, why: str, *, actor: Actor) -> TransferRow:
    """Cancel a case: nothing is owed any more, and both LEAs are told; returns the cancelled case. Raises NotDone
    `no-transfer-to-cancel`, `transfer-ended`."""
    from broker.transfers import cancel as ending  # imported here, so that readers need not wait for the OpenPGP parts

    by = By(actor.name, why)
    return recorded(
        services,
        "cancel",
        lambda connection: ending.cancel(services, connection, number, by),
        actor=actor,
        subject=f"transfer {number}",
        why=why,
        told=lambda row: {"source": row.source, "destination": row.destination},
    )
