"""case_files: what is known of the students whose cases are looked at, read once for all of them.

Contract: made within the write transaction in which the cases are worked, when nothing more changes where these
students are. Reads only; of many students it takes as many statements as of one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from broker.core.cases.following import Coming
from broker.edge.ledger.cases import transfers
from broker.edge.ledger.cases.transfers import TransferRow
from broker.edge.ledger.engine import Reading
from broker.edge.ledger.packets import packets
from broker.edge.ledger.people import known
from broker.edge.ledger.people.known import KnownStudent
from handlers.registry import ANSWERS_CASE

_AT_ONCE = 500


@dataclass(frozen=True, slots=True, repr=False)
class CaseFile:
    """One student, its cases, oldest first, and its records that are on their way. Repr hidden."""

    student: KnownStudent = field(repr=False)
    cases: tuple[TransferRow, ...]
    coming: tuple[Coming, ...]


class CaseFiles:
    """The files of these students; those of others are read when they are asked for."""

    def __init__(self, connection: Reading, ssids: Sequence[str] = ()) -> None:
        self._connection = connection
        self._students: dict[str, KnownStudent] = {}
        self._files: dict[str, CaseFile] = {}
        for start in range(0, len(ssids), _AT_ONCE):
            self._files |= self._read(ssids[start : start + _AT_ONCE])

    def take(self, ssid: str) -> CaseFile:
        """The student's file, which is worked now: who takes it again has it read again."""
        return self._files.pop(ssid, None) or self._read([ssid])[ssid]

    def student(self, number: str) -> KnownStudent:
        """Whom this number stands for, whichever of the student's it is."""
        if number not in self._students:
            self._remember(known.of(self._connection, [number]))
        return self._students[number]

    def _read(self, ssids: Sequence[str]) -> dict[str, CaseFile]:
        students = known.of(self._connection, ssids)
        self._remember(students)
        numbers = [number for one in students.values() for number in one.numbers]
        rows = transfers.under(self._connection, numbers)
        may_ask = rows or any(len({place.lea for place in one.places}) > 1 for one in students.values())
        records = packets.under_way(self._connection, numbers, ANSWERS_CASE) if may_ask else []
        cases: dict[str, list[TransferRow]] = {}
        for row in rows:
            cases.setdefault(self._students[row.ssid].ssid, []).append(row)
        coming: dict[str, list[Coming]] = {}
        for one in records:
            coming.setdefault(self._students[one.ssid].ssid, []).append(Coming(one.origin, one.addressed_to))
        return {
            ssid: CaseFile(one, tuple(cases.get(one.ssid, ())), tuple(coming.get(one.ssid, ())))
            for ssid, one in students.items()
        }

    def _remember(self, students: dict[str, KnownStudent]) -> None:
        for asked, one in students.items():
            self._students |= dict.fromkeys([asked, *one.numbers], one)
