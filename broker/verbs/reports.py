"""reports: how well each LEA answers, for the state.

Contract: reads only, a page of the ledger at a time; no student's name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from broker.core.access import Action
from broker.core.actor import Actor
from broker.core.model import LeaId
from broker.core.report import Report
from broker.edge.ledger.engine import reading
from broker.edge.ledger.parties import directory
from broker.offline import Offline
from broker.oversight import transfer_ranking
from broker.oversight.transfer_ranking import Period
from broker.verbs.acting import verb

__all__ = ["Report", "TransferReport", "of_transfers"]


@dataclass(frozen=True, slots=True)
class TransferReport:
    """The report, and the names of LEAs by id."""

    report: Report
    names: Mapping[LeaId, str]


@verb(Action.READ_REPORTS)
def of_transfers(
    room: Offline, first: date, last: date, told: Callable[[], object] = lambda: None, *, actor: Actor
) -> TransferReport:
    """How each LEA answers the requests made to it from `first` to `last`, both included; `told` is called for each
    page of the ledger that was read."""
    today = room.day()
    made = transfer_ranking.begin(room.settings, Period(first, last, today))
    for _ in transfer_ranking.gather(room.engine, room.settings, made):
        told()
    with reading(room.engine) as connection:
        return TransferReport(made, {party.id: party.name for party in directory.all_parties(connection)})
