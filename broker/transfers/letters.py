"""letters: the sealed notices that tell LEAs of their transfer cases.

Contract: called within the transaction that changes the cases; collects what one event tells an LEA into one notice,
so that a school that enrolls a hundred students finds one letter and not a hundred.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from broker.core.days.deadlines import RULES, Clock
from broker.core.model import LeaId, PacketType, TrackingId
from broker.edge import calendars
from broker.edge.ledger.cases.transfers import TransferRow
from broker.edge.ledger.engine import Writing
from broker.edge.ledger.parties import directory
from broker.notices import transfers
from broker.notices.transfers import About
from broker.packets.notify import leave
from broker.packets.services import Services
from broker.transfers.case_files import CaseFiles

_CASES = 1_000  # in one notice


class Letters:
    """What is to be told because of one event; `send` leaves it. `files` has what is known of the students whom it is
    about: those with the numbers `ssids` are read at once."""

    def __init__(self, services: Services, connection: Writing, ssids: Sequence[str] = ()) -> None:
        self.files = CaseFiles(connection, ssids)
        self._services = services
        self._connection = connection
        self._told: dict[tuple[str, str], list[TransferRow]] = {}
        self._names: dict[str, str] = {}
        self._deadlines: dict[tuple[str, int, date], tuple[str, str]] = {}

    def deadline(self, row: TransferRow, *, is_first: bool = False) -> tuple[str, str]:
        """The last day on which the source's answer is in time, an ISO date, and by which clock; '' for a case that was
        not asked for yet. `is_first`: its clock begins just now."""
        if not is_first or row.requested_at is None:
            return calendars.deadline(self._connection, self._services.settings, row)
        key = (row.source, row.military, self._services.time.day(row.requested_at))
        if key not in self._deadlines:
            self._deadlines[key] = calendars.deadline(self._connection, self._services.settings, row)
        return self._deadlines[key]

    def tell(self, lea: str, event: str, row: TransferRow) -> None:
        """Tell an LEA that this happened to a case; left with `send`."""
        self._told.setdefault((lea, str(event)), []).append(row)

    def ask(self, row: TransferRow) -> TrackingId:
        """Ask the source for the record, at once; the notice's tracking id."""
        person = self.files.student(row.ssid).person
        if person is None:
            raise KeyError("no student has this number")
        name = {part: getattr(person, part) for part in ("first", "middle", "last", "suffix")}
        about = self._about(row, row.source)
        body = transfers.request(about, name, person.birth_date, is_again=bool(row.request))
        return self._put(row.source, PacketType.RECORD_REQUEST, body)

    def send(self) -> None:
        """Leave the notices."""
        for (lea, event), rows in self._told.items():
            for start in range(0, len(rows), _CASES):
                self._leave(lea, event, rows[start : start + _CASES])
        self._told.clear()
        self._services.vault.flush()

    def _put(self, lea: str, kind: PacketType, body: Mapping[str, Any]) -> TrackingId:
        return leave(self._services, self._connection, LeaId(lea), kind, body, is_to_be_read=True, is_one_of_many=True)

    def _leave(self, lea: str, event: str, rows: Sequence[TransferRow]) -> None:
        body = transfers.told(event, [self._about(row, lea) for row in rows])
        self._put(lea, PacketType.TRANSFER, body)

    def _about(self, row: TransferRow, lea: str) -> About:
        """The case for this reader."""
        other = row.destination if lea == row.source else row.source
        own = [place for place in self.files.student(row.ssid).places if place.lea == lea]
        return About(
            transfer=row.id,
            ssid=row.ssid,
            other=other,
            other_name=self._name_of(other),
            local_id=own[-1].local_id if own else "",
            entered_on=row.entered_on,
            due_on=row.due_on,
            rule=RULES[Clock(row.rule)] if row.rule else "",
        )

    def _name_of(self, lea: str) -> str:
        if lea not in self._names:
            party = directory.party(self._connection, lea)
            self._names[lea] = party.name if party else ""
        return self._names[lea]
