"""Questions to people about one child: asked, decided and undone."""

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from broker.core.model import Ssid, Student
from broker.core.review import By, Choice, Verb
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.people import registry
from broker.formats.documents import to_student
from broker.identity import match, registrar
from broker.students import decide, undo_decision
from broker.students.decide import Result
from tests.support import documents
from tests.support.desk import child, enrollment, record
from tests.support.office import Office

BY = By("Jo Operator", "seen the birth certificate")
DAYS = itertools.count(1)
LEAS = ("01", "02", "6G")


def born() -> str:
    """Another birth date for every test."""
    number = next(DAYS)
    return f"{2008 + number % 7}-{1 + number % 12:02}-{13 + number % 15}"


SECRETS: dict[str, Any] = {
    "guardians": [{"first": "Wilhelmina", "last": "Ztestov"}],
    "phone": "801 555 0142",
    "address": {"street": "17 Hidden Lane", "city": "Nowhereville", "postal_code": "84999"},
}
PLAIN: dict[str, Any] = {}


class Case:
    """A student of LEA 01, and one whom LEA 6G has spelt otherwise: a question about a line of its enrollment."""

    def __init__(self, office: Office, last: str, secrets: dict[str, Any] = PLAIN, **more: Any) -> None:
        self.office = office
        self.born = born()
        self.known = child("Katharine", last, self.born, local_id=f"K-{last}", **secrets)
        self.ssid = Ssid(office.enroll("01", self.known, date="2025-08-18")[0]["ssid"])
        self.sent = child("Katherine", last, self.born, local_id=f"S-{last}") | more
        self.row = office.send("6G", enrollment("6G", self.sent))
        self.tracking = self.row.tracking
        assert office.newest_notice("6G", "ssid")["students"][0]["answer"] == "review"

    @property
    def notice(self) -> dict[str, Any]:
        found = [one for one in self.office.notices("6G", "review") if one["questions"][0]["tracking"] == self.tracking]
        return found[-1]

    @property
    def told(self) -> dict[str, Any]:
        """The newest answer to the line."""
        found = [one for one in self.office.notices("6G", "ssid") if one["answers"] == self.row.packet_id]
        line: dict[str, Any] = found[-1]["students"][0]
        return line

    def decide(self, choice: Choice, line: int = 0) -> Result:
        return decided(self.office, self.tracking, choice, line)

    def undo(self, line: int = 0) -> undo_decision.UndoneDecision:
        return undone(self.office, self.tracking, line)

    def places(self, ssid: str) -> list[tuple[str, str, str]]:
        return places(self.office, ssid)


def decided(office: Office, tracking: str, choice: Choice, line: int) -> Result:
    with writing(office.services.engine) as connection:
        result = decide.decide(office.services, connection, tracking, line, choice, BY)
        if result is Result.ASKED_AGAIN:
            decide.ask_again(office.services, connection, tracking, [line])
    office.work()
    return result


def undone(office: Office, tracking: str, line: int) -> undo_decision.UndoneDecision:
    with writing(office.services.engine) as connection:
        done = undo_decision.undo(office.services, connection, tracking, line, By("Jo Operator", "it was a twin"))
    office.work()
    return done


def places(office: Office, ssid: str) -> list[tuple[str, str, str]]:
    with reading(office.services.engine) as connection:
        return [(one.lea, one.entry_date, one.exit_date) for one in registry.locations(connection, ssid)]


def found(office: Office, student: dict[str, Any], lea: str = "02") -> match.Finding:
    with reading(office.services.engine) as connection:
        return match.find(connection, office.services.model, to_student(student), lea)


def same(case: Case) -> Choice:
    return Choice(Verb.SAME, case.ssid)


NEW, NONE = Choice(Verb.NEW), Choice(Verb.NONE)
OPENED = ("6G", "2026-08-17", "")


def on_postgresql(folder: Path, url: str, *tests: Callable[[Office], None]) -> None:
    """The same tests, with an office whose ledger is there."""
    office = Office(folder, *LEAS, ledger_url=url)
    try:
        for one in tests:
            one(office)
    finally:
        office.services.engine.dispose()


def answer_all(office: Office, replies: list[dict[str, Any]]) -> Any:
    return office.send("6G", documents.review_answer(answers=replies))


def held_record(office: Office, last: str, *, has_gone: bool = True, **changes: Any) -> tuple[Ssid, Any]:
    """A record of 01 that is held for review, about a student who was enrolled there, and at 02 since unless `has_gone`
    says otherwise, under another spelling."""
    day = born()
    known = child("Katharine", last, day)
    ssid = office.enroll("01", known, date="2025-08-18")[0]["ssid"]
    if has_gone:
        assert office.enroll("02", known)[0]["ssid"] == ssid
    row = office.send("01", record("01", child("Katherine", last, day)) | changes)
    assert (row.state, row.held_for, row.identity, row.ssid) == ("HELD", "review", "review", "")
    return ssid, row


def student_of(office: Office, ssid: str) -> Student:
    with reading(office.services.engine) as connection:
        known = registrar.known(connection, ssid)
    assert known is not None
    return known
