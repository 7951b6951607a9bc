"""One student, and what LEAs tell of it and ask for: the stories of acceptance tests, in an exchange without processes.

The clock is that of the school year after this one, for no packet can be signed on a day to come.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from broker.core.transfer import LIVE
from broker.edge.ledger.cases import transfers
from broker.edge.ledger.cases.transfers import TransferRow
from broker.edge.ledger.engine import reading
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.people import flags, registry
from broker.edge.ledger.tables import students
from broker.stages.sweep.day_change import DayChange
from tests.support import desk, documents
from tests.support.office import Office

A, B, C, D = "01", "6G", "02", "7K"
STATE = "UT"
_YEAR = datetime.now(UTC).year + 1
STUDENTS = iter(desk.children(400, 500))


def day(month_day: str, later: int = 0) -> str:
    """A day of the autumn in which the stories begin, or so many years later."""
    return f"{_YEAR + later}-{month_day}"


class Story:
    """One student, and what LEAs tell of it and ask for."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.student = next(STUDENTS)

    def go_to(self, month_day: str, later: int = 0) -> None:
        """Go on to noon of that day; the sweeper does what a new day brings."""
        go_to(self.office, day(month_day, later))

    def tell(self, lea: str, *lines: Mapping[str, Any]) -> list[dict[str, Any]]:
        """An enrollment packet of these lines; its answers."""
        row = self.office.send(lea, desk.enrollment(lea) | {"students": list(lines)})
        assert row.state == "APPLIED", row.code
        answers: list[dict[str, Any]] = self.office.newest_notice(lea, "ssid")["students"]
        return answers

    def line(self, lea: str, date: str, event: str = "entry", **more: Any) -> dict[str, Any]:
        """One line of an enrollment, as this LEA would write it."""
        student = self.student | {"local_id": f"{lea}-{self.student['local_id']}"}
        return {"student": student, "school": "401", "event": event, "date": date} | more

    def enter(self, lea: str, date: str, **more: Any) -> dict[str, Any]:
        """The LEA enters the student; the answer."""
        return self.tell(lea, self.line(lea, date, **more))[0]

    def leave(self, lea: str, date: str, **more: Any) -> dict[str, Any]:
        """The LEA tells of the exit; the answer."""
        return self.tell(lea, self.line(lea, date, "exit", **more))[0]

    def request(self, lea: str, kind: str, **more: Any) -> dict[str, Any]:
        """One line of an SSID request; its answer."""
        line = {"request": kind, "student": self.student, "school": "401"} | more
        self.office.send(lea, documents.ssid_request(line, **{"from": lea}))
        answer: dict[str, Any] = self.office.newest_notice(lea, "ssid")["students"][0]
        return answer

    def record_of(self, lea: str) -> PacketRow:
        """The LEA sends its record; the packet then."""
        return self.office.send(lea, desk.record(lea, self.student | {"ssid": self.ssid}))

    def backpack_of(self, lea: str) -> None:
        """The LEA stores a backpack."""
        self.office.send(lea, documents.backpack(**{"from": lea, "student": self.student | {"ssid": self.ssid}}))

    def ask(self, lea: str, want: str = "record") -> PacketRow:
        """The LEA asks for something; the request's packet then."""
        known = self.student | {"ssid": self.ssid}
        return self.office.send(lea, documents.record_request(**{"from": lea, "student": known, "want": want}))

    @property
    def ssid(self) -> str:
        """The number."""
        name = self.student["legal_name"]
        query = select(students.c.ssid).where(students.c.first == name["first"], students.c.last == name["last"])
        with reading(self.office.services.engine) as connection:
            return str(connection.execute(query.where(students.c.merged_into == "")).scalar_one())

    def delivered(self, kind: str, lea: str) -> list[str]:
        """The packets about the student in an LEA's inbox."""
        return [one for one in self.office.inbox(lea, kind) if self.office.row(one).ssid == self.ssid]

    def cases(self) -> list[TransferRow]:
        """All transfer cases, oldest first."""
        with reading(self.office.services.engine) as connection:
            return transfers.about(connection, self.ssid)

    def live(self) -> list[tuple[str, str]]:
        """Who is asked by whom, now."""
        return [(row.source, row.destination) for row in self.cases() if row.state in LIVE]

    def spans(self) -> list[tuple[str, str, str, str]]:
        """All stays: LEA, school, first and last day."""
        with reading(self.office.services.engine) as connection:
            rows = registry.locations(connection, self.ssid)
        return [(row.lea, row.school, row.entry_date, row.exit_date) for row in rows]

    def alerts(self) -> list[tuple[str, str]]:
        """What the state was told of: what, and by which LEA."""
        with reading(self.office.services.engine) as connection:
            return [(one.kind, one.lea) for one in flags.alerts_of(connection) if one.ssid == self.ssid]


def go_to(office: Office, date: str) -> None:
    """Go on to noon of that day; the sweeper does what a new day brings."""
    office.ahead = datetime.fromisoformat(f"{date}T19:00:00+00:00") - datetime.now(UTC)
    dawn = DayChange(office.services)
    for _ in range(4):
        dawn.look()
    office.work()


def opened(root: Path) -> Office:
    """An exchange with four LEAs and the state, on a day in November."""
    made = Office(root, A, B, C, D, STATE, kinds={STATE: "state"})
    go_to(made, day("11-22"))
    return made
