"""roster: an LEA is given the list of its own students as the exchange has them: those whom it has today, by its own
stays (Utah R277-419-10: LEAs report which students they have; 53A-1-413: what they see is of their own).

Contract: as `sliced`; one part of the list is made in each turn, outside of any transaction that writes, and sealed
before anything of it is kept: a slice has the sealed part's name, and the number behind which the next one begins. All
parts appear with the move, once. What is on the list the table of permissions decides, student by student. The list
holds what schools report of a stay, the student's number, legal name, birth date and gender; no guardian, no address.

A request is one line of the disclosure log, and the list none for each student: nothing goes to anybody but the LEA
that reported it (34 CFR 99.31(a)(1), not a disclosure to another party as in 99.32). A flagged child stays on the
list, because its absence would tell; the state is told of the request at once (53A-11-502).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from broker.core.access import Action, Deny, Facts, Permit, Role, Why, judge, role_of
from broker.core.disclosure import Disclosure
from broker.core.errors import Refused
from broker.core.model import LeaId, PacketType, Party, State
from broker.core.stays import Account
from broker.edge.ledger.cases import harvest
from broker.edge.ledger.engine import Reading, Writing, give_way, reading, writing
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.packets import slices
from broker.edge.ledger.packets.rows import EnrollmentRow, Move, PacketRow
from broker.edge.ledger.packets.slices import Slice
from broker.edge.ledger.parties import directory
from broker.edge.ledger.people import flags, registry, stays
from broker.edge.ledger.people.registry import Person
from broker.formats.own_students import written
from broker.formats.own_students.written import Line, Part
from broker.notices.alert import Kind
from broker.oversight.watch import Watch
from broker.packets.notify import made, made_of
from broker.packets.outcome import refuse
from broker.packets.services import Services
from broker.packets.sliced import Sliced
from handlers.record_request import Form

_AT_ONCE = 500  # students whose stays and names are read at once
_TABLES: Mapping[Form, Callable[[Sequence[Line], Part], bytes]] = {
    Form.CSV: written.as_csv,
    Form.XLSX: written.as_workbook,
}


@dataclass(slots=True, repr=False)
class _Found:
    """Some of the LEA's students: the lines of each, in the order of the numbers. `is_all` tells that there are no
    others behind them. Repr hidden."""

    students: list[tuple[str, list[Line]]] = field(default_factory=list, repr=False)
    is_all: bool = False

    @property
    def count(self) -> int:
        """How many lines there are."""
        return sum(len(lines) for _, lines in self.students)


class RosterInParts(Sliced):
    """A request for the list. What is kept of a slice is one part of it."""

    def __init__(self, services: Services, row: PacketRow, move: Move, form: Form) -> None:
        super().__init__(services, row, move)
        self._form = form
        self._most = services.settings.limits.students_per_enrollment

    def go_on(self, parts: list[Slice]) -> bool:
        """Make the next part. Returns whether it was the last one."""
        with reading(self.services.engine) as connection:
            if self._is_too_often(connection):
                return True
            after = parts[-1].answers[0]["after"] if parts else ""
            found = self._found(connection, after)
            if found is None:
                return False
            flagged = flags.numbers(connection)
        part = self._part(len(parts), found, {ssid for ssid, _ in found.students if ssid in flagged})
        with writing(self.services.engine) as connection:
            if not self.is_held(connection):
                return False
            slices.put(connection, part)
        parts.append(part)
        return found.is_all

    def end(self, connection: Writing) -> Move:
        """All parts are left, the request is logged, and the state told; or it is refused."""
        registry.lock(connection)
        if self._is_too_often(connection):
            super().end(connection)
            self._log(connection, Deny(Why.TOO_OFTEN))
            return refuse(self.services, self.row, Refused("too-many-requests"))
        parts = slices.of(connection, self.row.tracking)
        self.notices = [_row_of(part.answers[0]["row"]) for part in parts]
        watch = Watch(self.services, connection, self.row)
        for part in parts:
            watch.saw_before(part.seen)
        watch.tell()
        self._log(connection, judge(Role.CURRENT_LEA, Action.READ_ROSTER, Facts()))
        return super().end(connection)

    def _is_too_often(self, connection: Reading) -> bool:
        since = self.services.time.begins(self.services.day())
        given = harvest.rosters_given(connection, self.row.origin, since, PacketType.ROSTER)
        return given >= self.services.settings.harvest.rosters_per_day

    def _found(self, connection: Reading, after: str) -> _Found | None:
        """The next students, at least one line more than a part has, or all that are left; None where another worker
        has the packet."""
        party = directory.party(connection, self.row.origin)
        found = _Found()
        while not found.is_all and found.count <= self._most:
            some = stays.told_by(connection, self.row.origin, after, self._most)
            for start in range(0, len(some), _AT_ONCE):
                found.students += self._own(connection, some[start : start + _AT_ONCE], party)
                if found.count > self._most:
                    return found
            found.is_all = len(some) < self._most
            after = some[-1] if some else after
            with writing(self.services.engine) as other:
                if not self.is_held(other):
                    return None
            give_way()
        return found

    def _own(self, connection: Reading, ssids: Sequence[str], party: Party | None) -> Iterator[tuple[str, list[Line]]]:
        """Those of these students whom the LEA may have on its list."""
        rows, people = stays.of_many(connection, ssids), registry.people(connection, ssids)
        today, lea = self.services.today(), self.row.origin
        for ssid in ssids:
            places = [stays.location(row) for row in rows[ssid]]
            account = Account(places, today)
            role = role_of(party.kind if party else None, account, lea)
            if isinstance(judge(role, Action.READ_ROSTER, Facts()), Permit):
                kept = {id(one) for one in account.kept_by(lea)}
                mine = [row for row, place in zip(rows[ssid], places, strict=True) if id(place) in kept]
                once = {(row.school, row.entry_date): row for row in mine}  # of two numbers that were merged
                yield ssid, [_line(row, people[ssid]) for row in once.values()]

    def _part(self, n: int, found: _Found, flagged: set[str]) -> Slice:
        """The next part, sealed and in the vault. What does not go into it is found again in the next turn."""
        count, last = 0, 0
        for _, own in found.students:
            if count and count + len(own) > self._most:
                break
            count, last = count + len(own), last + 1
        found.is_all = found.is_all and last == len(found.students)
        chosen = found.students[:last]
        asked = self.services.time.told(self.row.received_at)[:16].replace("T", " ")
        part = Part(asked, n + 1, found.is_all)
        lines = sorted((line for _, own in chosen for line in own), key=_order)
        notice = self._notice(lines, part)
        self.services.vault.flush()
        return Slice(
            tracking=self.row.tracking,
            n=n,
            document=self.row.packet_id,
            form="",
            answers=[{"after": chosen[-1][0] if chosen else "", "row": notice._asdict()}],
            seen={ssid: str(Kind.ROSTER) for ssid, _ in chosen if ssid in flagged},
            at=self.services.clock().timestamp(),
            is_followed=True,
        )

    def _notice(self, lines: Sequence[Line], part: Part) -> PacketRow:
        lea = LeaId(self.row.origin)
        if self._form is Form.JSON:
            body = written.as_body(self.row.packet_id, lines, part)
            return made(self.services, lea, PacketType.ROSTER, body, is_to_be_read=True)
        return made_of(self.services, lea, PacketType.ROSTER, _TABLES[self._form](lines, part))

    def _log(self, connection: Writing, verdict: Permit | Deny) -> None:
        line = Disclosure(
            at=self.services.clock().timestamp(),
            ssid="",
            action=Action.REQUEST_RECORD,
            outcome=verdict.outcome,
            party=self.row.origin,
            source=self.row.origin,
            what=PacketType.ROSTER,
            ground=verdict.word,
            tracking=self.row.tracking,
        )
        disclosures.add(connection, [line])


def _line(row: EnrollmentRow, person: Person) -> Line:
    return {
        "ssid": person.ssid,
        "local_number": row.local_id,
        "last_name": person.last,
        "first_name": person.first,
        "middle_name": person.middle,
        "suffix": person.suffix,
        "birth_date": person.birth_date,
        "gender": person.gender,
        "school": row.school,
        "entry_date": row.entry_date,
        "entry_code": row.entry_code,
        "exit_date": row.exit_date,
        "exit_code": row.exit_code if row.exit_date else "",
        "grade": row.grade,
        "programme": row.programme,
        "dual": "Y" if row.dual else "",
        "military": "Y" if row.military else "",
        "day_part": row.day_part,
    }


def _order(line: Line) -> tuple[str, ...]:
    return tuple(line[name].casefold() for name in ("school", "last_name", "first_name", "ssid"))


def _row_of(kept: Mapping[str, Any]) -> PacketRow:
    return PacketRow(**kept)._replace(state=State(kept["state"]))
