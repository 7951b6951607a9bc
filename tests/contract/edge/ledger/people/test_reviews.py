"""Questions to people: what an LEA is shown, what a decision does, and what taking it back gives back.

The stages are driven step by step on a real home; every test has students of its own.
"""

import itertools
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from broker.cli import main, refusals
from broker.core.errors import NotDone, Refused
from broker.core.flow import Stage
from broker.core.model import LeaId, Ssid, Student
from broker.core.review import By, Choice, Verb
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.people import registry, reviews
from broker.edge.ledger.people.registry import Source
from broker.formats.documents import to_student
from broker.identity import match, registrar
from broker.identity.answer import Answer
from broker.students import decide, undo_decision
from broker.students.decide import Result
from handlers.registry import TRAVELS
from tests.support import documents, postgres
from tests.support.desk import child, enrollment, record
from tests.support.office import Office

BY = By("Jo Operator", "seen the birth certificate")
_DAYS = itertools.count(1)


LEAS = ("01", "02", "6G")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = Office(tmp_path_factory.mktemp("reviews"), *LEAS)
    yield made
    made.services.engine.dispose()


def born() -> str:
    """Another birth date for every test."""
    number = next(_DAYS)
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
TAKEN_BACK = ("6G", "2026-08-17", "2026-08-17")


# what the LEA is shown


def test_the_notice_shows_what_agrees_and_nothing_of_a_stranger(office: Office) -> None:
    case = Case(office, "Abernathy", SECRETS, phone="801 555 0142", guardians=[{"first": "Otto", "last": "Abernathy"}])
    notice = case.notice
    (question,) = notice["questions"]
    assert notice["about"] == {"packet": "enrollment", "id": case.row.packet_id, "file": case.row.source_name}
    assert (question["tracking"], question["line"]) == (case.tracking, 0)
    assert question["you_sent"]["local_id"] == "S-Abernathy"
    (candidate,) = question["candidates"]
    assert candidate["candidate"] == "A"
    assert candidate == {
        "candidate": "A",
        "compared": {"first_name": "near", "last_name": "agrees", "birth_date": "agrees"},
        "enrolled_at_your_lea": "never",
    }
    whole = json.dumps(notice)
    for secret in (case.ssid, "Katharine", "Wilhelmina", "Ztestov", "Hidden", "Nowhereville", "84999", "K-Abernathy"):
        assert secret not in whole
    assert '"01"' not in whole


def test_of_its_own_student_the_lea_sees_what_it_told_itself(office: Office) -> None:
    day = born()
    known = child("Katharine", "Zollinger", day, local_id="777", guardians=[{"first": "Ute", "last": "Vogelsang"}])
    ssid = office.enroll("6G", known)[0]["ssid"]
    office.send("6G", enrollment("6G", child("Katherine", "Zollinger", day, local_id="778"), date="2026-09-01"))
    (candidate,) = office.newest_notice("6G", "review")["questions"][0]["candidates"]
    assert candidate["compared"] == {
        "first_name": "near",
        "middle_name": "not known",
        "last_name": "agrees",
        "suffix": "not known",
        "birth_date": "agrees",
        "gender": "not known",
        "birth_order": "not known",
        "guardians": "not known",
        "phone": "not known",
        "address": "not known",
    }
    assert candidate["hints"] == {"first_name_begins_with": "K"}
    assert candidate["enrolled_at_your_lea"] == "now"
    place = {"local_id": "777", "school": "704", "entry": "2026-08-17", "exit": ""}
    assert candidate["your_student"] == {"ssid": ssid, "enrollments": [place]}
    assert "Vogelsang" not in json.dumps(candidate)


def test_a_birth_date_is_never_shown(office: Office) -> None:
    known = child("Rosalind", "Featherstone", "2012-04-17")
    office.enroll("01", known)
    office.send("01", record("01", child("Rosalind", "Featherstone", "2011-04-17")))
    (candidate,) = office.newest_notice("01", "review")["questions"][0]["candidates"]
    assert candidate["compared"]["birth_date"] == "near"
    assert candidate["hints"] == {"birth_year": 2012}
    assert "2012-04" not in json.dumps(candidate)
    # of a stranger not even that there is one of about that day
    office.send("6G", enrollment("6G", child("Rosalind", "Featherstone", "2011-04-17")))
    assert office.newest_notice("6G", "review")["questions"][0]["candidates"] == []


def _first_is_student_1(office: Office, tracking: str) -> None:
    """People count from 1, and `line` of the JSON from 0; who names none is told how."""
    show = ["review", "show", tracking, "--home", str(office.exchange.home)]
    first = CliRunner().invoke(main.build(show), [*show, "--student", "1"])
    assert f"{tracking}: enrollment of 6G, student 1;" in first.stdout
    assert json.loads(CliRunner().invoke(main.build(show), [*show, "--student", "3", "--json"]).stdout)["line"] == 2
    assert json.loads(CliRunner().invoke(main.build(show), [*show, "--line", "0", "--json"]).stdout)["line"] == 0
    for words, code in (
        ([], 1),
        (["--student", "4"], 1),
        (["--student", "0"], 2),
        (["--student", "1", "--line", "0"], 2),
    ):
        said = CliRunner().invoke(main.build(show), [*show, *words])
        assert said.exit_code == code
        assert isinstance(said.exception, NotDone) == (code == 1)
        if isinstance(said.exception, NotDone):
            assert "--student 1, --student 2, --student 3." in refusals.sentence(said.exception)


def test_one_notice_has_all_questions_of_a_packet(office: Office) -> None:
    pairs = [(child("Katharine", last, day), child("Katherine", last, day)) for last, day in _families(3)]
    office.enroll("01", *[known for known, _ in pairs])
    before = len(office.notices("6G", "review"))
    row = office.send("6G", enrollment("6G", *[sent for _, sent in pairs]))
    notices = office.notices("6G", "review")
    assert len(notices) == before + 1
    assert [one["line"] for one in notices[-1]["questions"]] == [0, 1, 2]
    assert [one["line"] for one in notices[-1]["answers"]] == [0, 1, 2]
    replies = [
        {"tracking": row.tracking, "line": line, "decision": decision, "why": "x"} | more
        for line, decision, more in ((0, "same", {"candidate": "A"}), (1, "new", {}), (2, "none", {}))
    ]
    _first_is_student_1(office, row.tracking)
    assert _answer_all(office, replies).state == "APPLIED"
    told = [one["students"][0] for one in office.notices("6G", "ssid")[-3:]]
    assert [(line["line"], line["answer"]) for line in told] == [(0, "matched"), (1, "assigned"), (2, "refused")]


def _families(count: int) -> list[tuple[str, str]]:
    return [(f"Underwood{chr(97 + number)}", born()) for number in range(count)]


def _answer_all(office: Office, replies: list[dict[str, Any]]) -> Any:
    return office.send("6G", documents.review_answer(answers=replies))


# decisions by file


def test_same_carries_the_line_out_and_answers_it(office: Office) -> None:
    case = Case(office, "Castellano")
    assert case.places(case.ssid) == [("01", "2025-08-18", "")]
    assert case.office.answer("6G", case.tracking, 0, "same", candidate="A").state == "APPLIED"
    assert (case.told["answer"], case.told["ssid"]) == ("matched", case.ssid)
    assert case.places(case.ssid) == [("01", "2025-08-18", ""), OPENED]
    # the LEA's number and the spelling are known from now on
    assert found(office, case.sent, "6G").answer is Answer.MATCH
    assert "Katherine" in str([one.first for one in _known(office, case.ssid).aliases])
    with reading(office.services.engine) as connection:
        (logged,) = reviews.history(connection, case.tracking, 0)
        assert reviews.get(connection, case.tracking, 0).closed_at  # type: ignore[union-attr]
    assert (logged.verb, logged.ssid, logged.why) == (Verb.SAME, case.ssid, "the birth certificate")
    assert logged.who.startswith("LEA 6G, packet ")


def test_new_gives_a_number_and_none_withdraws_the_line(office: Office) -> None:
    case = Case(office, "Delacroix")
    assert office.answer("6G", case.tracking, 0, "new").state == "APPLIED"
    assert case.told["answer"] == "assigned"
    assert case.places(case.told["ssid"]) == [OPENED]
    assert case.places(case.ssid) == [("01", "2025-08-18", "")]
    other = Case(office, "Eriksdottir")
    assert office.answer("6G", other.tracking, 0, "none").state == "APPLIED"
    assert (other.told["answer"], other.told["why"], other.told["ssid"]) == ("refused", "withdrawn", None)
    assert found(office, other.sent).answer is Answer.REVIEW


def test_the_same_decision_twice_has_one_effect_and_another_is_refused(office: Office) -> None:
    case = Case(office, "Fitzwilliam")
    office.answer("6G", case.tracking, 0, "same", candidate="A")
    many = len(office.notices("6G", "ssid"))
    assert office.answer("6G", case.tracking, 0, "same", candidate="A").state == "APPLIED"
    assert case.decide(same(case)) is Result.ALREADY
    assert len(office.notices("6G", "ssid")) == many
    for decision in ("new", "none"):
        refused = office.answer("6G", case.tracking, 0, decision)
        assert (refused.state, refused.code) == ("REFUSED", "already-decided")
    with reading(office.services.engine) as connection:
        assert len(reviews.history(connection, case.tracking, 0)) == 1


@pytest.mark.parametrize(
    ("lea", "line", "decision", "more", "code"),
    [
        ("02", 0, "same", {"candidate": "A"}, "unknown-tracking"),
        ("02", 0, "none", {}, "unknown-tracking"),
        ("6G", 1, "new", {}, "unknown-tracking"),
        ("6G", -1, "none", {}, "unknown-tracking"),
        ("6G", 0, "same", {"candidate": "B"}, "unknown-candidate"),
        ("6G", 0, "same", {}, "unknown-candidate"),
        ("6G", 0, "new", {"candidate": "A"}, "schema"),
        ("6G", 0, "same", {"candidate": "a"}, "schema"),
        ("6G", 0, "same", {"candidate": "A", "why": " "}, "schema"),
        ("6G", 0, "same", {"candidate": "A", "why": "\u00a0"}, "schema"),
        ("6G", 0, "maybe", {}, "schema"),
    ],
)
def test_who_may_not_decide_and_how_not(
    office: Office, lea: str, line: int, decision: str, more: dict[str, str], code: str
) -> None:
    case = Case(office, f"Gallagher{chr(97 + next(_DAYS) % 26)}{chr(97 + next(_DAYS) % 25)}")
    refused = office.answer(lea, case.tracking, line, decision, **more)
    assert (refused.state, refused.code) == ("REFUSED", code)
    with reading(office.services.engine) as connection:
        assert reviews.history(connection, case.tracking, 0) == []
    assert case.places(case.ssid) == [("01", "2025-08-18", "")]


def test_one_wrong_answer_undoes_all_of_its_packet(office: Office) -> None:
    one, other = Case(office, "Hathaway"), Case(office, "Ingersoll")
    good = {"tracking": one.tracking, "line": 0, "decision": "same", "candidate": "A", "why": "x"}
    refused = _answer_all(office, [good, good | {"tracking": other.tracking, "candidate": "Q"}])
    assert (refused.state, refused.code) == ("REFUSED", "unknown-candidate")
    assert one.places(one.ssid) == [("01", "2025-08-18", "")]
    with reading(office.services.engine) as connection:
        assert reviews.standing(connection, one.tracking, 0) is None


def test_a_number_alone_gives_nobody_a_child(office: Office) -> None:
    """Who knows or guesses an SSID could otherwise claim the child, and be sent its records."""
    victim = child("Anneliese", "Heidenreich", "2012-05-19", **SECRETS, gender="F", local_id="H-1")
    ssid = Ssid(office.enroll("01", victim)[0]["ssid"])
    row = office.send("6G", enrollment("6G", child("Greg", "Stone", "2009-08-28", ssid=ssid, gender="M")))
    assert office.newest_notice("6G", "review")["questions"][0]["candidates"] == []
    for letter in "AZ":  # not even by the letter that only the state sees
        refused = office.answer("6G", row.tracking, 0, "same", candidate=letter)
        assert (refused.state, refused.code) == ("REFUSED", "unknown-candidate")
    assert [lea for lea, _, _ in places(office, ssid)] == ["01"]
    # the state may know better
    assert decided(office, row.tracking, Choice(Verb.SAME, ssid), 0) is Result.DONE
    assert [lea for lea, _, _ in places(office, ssid)] == ["01", "6G"]


def test_the_state_chooses_among_the_candidates_only(office: Office) -> None:
    case, other = Case(office, "Ivanovskaya"), Case(office, "Jablonowski")
    for ssid in (other.ssid, Ssid("0000000000")):
        with pytest.raises(Refused, match="unknown-candidate"):
            case.decide(Choice(Verb.SAME, ssid))


# a packet's own student


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


def test_a_record_goes_on_by_itself_once_it_is_decided(office: Office) -> None:
    ssid, row = held_record(office, "Jankowski")
    notice = office.newest_notice("01", "review")
    assert notice["about"]["packet"] == "student-record"
    assert [one["line"] for one in notice["questions"]] == [-1]
    assert office.answer("01", row.tracking, -1, "same", candidate="A").state == "APPLIED"
    row = office.row(row.tracking)
    assert (row.state, row.receiver, row.ssid, row.identity) == ("DELIVERED", "02", ssid, "match")
    with reading(office.services.engine) as connection:
        kept = reviews.get(connection, row.tracking, -1)
        steps = connection.execute(
            text("SELECT after, why FROM events WHERE tracking = :t ORDER BY seq"), {"t": row.tracking}
        ).all()
    assert kept is not None
    assert set(kept.subject) == {"student", "done"}
    assert [tuple(step) for step in steps][2:4] == [("HELD", "review"), ("ADMITTED", "review")]


def test_a_record_that_is_decided_waits_for_the_enrollment(office: Office) -> None:
    ssid, row = held_record(office, "Kowalczyk", has_gone=False)
    assert office.answer("01", row.tracking, -1, "same", candidate="A").state == "APPLIED"
    row = office.row(row.tracking)
    assert (row.state, row.held_for, row.ssid, row.identity) == ("HELD", "enrollment", ssid, "match")
    office.enroll("02", child("Katharine", "Kowalczyk", _known(office, ssid).birth_date.isoformat()))
    assert (office.row(row.tracking).state, office.row(row.tracking).receiver) == ("DELIVERED", "02")


def test_a_record_of_a_new_student_comes_too_early(office: Office) -> None:
    """Who has enrolled nobody like it is told to send the enrollment first; and who is asked, because there is one like
    it, and says that it is another child."""
    student = child("Katherine", "Klimowicz", (day := born()))
    early = office.send("01", record("01", student))
    assert (early.state, early.code, early.ssid) == ("REFUSED", "not-your-student", "")
    office.enroll("01", child("Katharine", "Klimowicz", day, local_id="K-2"), date="2025-08-18")
    row = office.send("01", record("01", student))
    notice = office.newest_notice("01", "review")
    assert "Enroll the student first" in notice["decisions"]["new"]
    assert office.answer("01", row.tracking, -1, "new").state == "APPLIED"
    row = office.row(row.tracking)
    assert (row.state, row.code, row.identity) == ("REFUSED", "not-your-student", "match")
    assert len(row.ssid) == 10
    with pytest.raises(NotDone, match="packet-refused"):
        undone(office, row.tracking, -1)
    # once the enrollment is there, the document is good, and waits; it is the same student
    numbered = student | {"ssid": row.ssid}
    line = office.enroll("01", numbered, date="2025-08-18")[0]
    assert (line["answer"], line["ssid"]) == ("matched", row.ssid)
    again = office.send("01", record("01", numbered))
    assert (again.state, again.held_for, again.ssid) == ("HELD", "enrollment", row.ssid)


def test_a_withdrawn_record_is_refused_and_may_be_sent_again(office: Office) -> None:
    _, row = held_record(office, "Lindqvist")
    office.answer("01", row.tracking, -1, "none")
    row = office.row(row.tracking)
    assert (row.state, row.code) == ("REFUSED", "withdrawn")
    with reading(office.services.engine) as connection:
        kept = reviews.get(connection, row.tracking, -1)
        assert kept is not None
        assert kept.subject == {}
    with pytest.raises(NotDone, match="packet-refused"):
        undone(office, row.tracking, -1)


def test_nothing_of_the_record_is_kept_with_the_question(office: Office) -> None:
    canary = "Qx7CanaryZw9"
    held_record(office, "Montgomery", record={"writing_samples": [{"text": canary}]})
    with reading(office.services.engine) as connection:
        for table in ("reviews", "decisions"):
            assert canary not in str(connection.execute(text(f"SELECT * FROM {table}")).fetchall())  # noqa: S608
    assert canary not in json.dumps(office.newest_notice("01", "review"))


# what has changed meanwhile


def test_a_student_who_came_up_since_is_shown_before_anything_is_done(office: Office) -> None:
    """The very child was enrolled properly meanwhile: `new` would give it a second number."""
    day = born()
    office.enroll("01", child("Katharine", "Oppenheimer", day, local_id="O-2"), date="2025-08-18")
    row = office.send("01", record("01", child("Katherine", "Oppenheimer", day)))
    ssid = another(office, child("Katherine", "Oppenheimer", day, local_id="O-3"))
    office.enroll("02", child("Katherine", "Oppenheimer", day, ssid=ssid))
    assert office.row(row.tracking).held_for == "review"  # nothing is decided by itself
    assert office.answer("01", row.tracking, -1, "new").state == "APPLIED"
    assert office.row(row.tracking).held_for == "review"
    notice = office.newest_notice("01", "review")
    assert "has changed" in notice["note"]
    assert [one["candidate"] for one in notice["questions"][0]["candidates"]] == ["A", "B"]
    office.answer("01", row.tracking, -1, "same", candidate="B")
    assert (office.row(row.tracking).state, office.row(row.tracking).ssid) == ("DELIVERED", ssid)


def another(office: Office, student: dict[str, Any]) -> str:
    """01 enrolls this one, under another number of its own than in the record, and says that it is nobody of before;
    its number."""
    row = office.send("01", enrollment("01", student, date="2025-08-18"))
    office.answer("01", row.tracking, 0, "new")
    line = office.newest_notice("01", "ssid")["students"][0]
    assert line["answer"] == "assigned", line
    return str(line["ssid"])


def test_who_insists_after_seeing_it_is_believed(office: Office) -> None:
    day = born()
    office.enroll("01", child("Katharine", "Quackenbush", day, local_id="Q-2"), date="2025-08-18")
    row = office.send("01", record("01", child("Katherine", "Quackenbush", day)))
    another(office, child("Katherine", "Quackenbush", day, local_id="Q-3"))
    assert decided(office, row.tracking, NEW, -1) is Result.ASKED_AGAIN
    assert decided(office, row.tracking, NEW, -1) is Result.DONE


def test_candidates_keep_their_letters(office: Office) -> None:
    case = Case(office, "Rasmussen")
    other = child("Kathering", "Rasmussen", case.born)
    office.enroll("02", other)
    waiting = [one for one in office.notices("02", "review") if "Rasmussen" in json.dumps(one)]
    if waiting:  # it is near as well; it is another child
        office.answer("02", waiting[-1]["questions"][0]["tracking"], 0, "new")
    assert case.decide(NEW) is Result.ASKED_AGAIN
    candidates = case.notice["questions"][0]["candidates"]
    assert [one["candidate"] for one in candidates] == ["A", "B"]
    office.answer("6G", case.tracking, 0, "same", candidate="A")
    assert case.told["ssid"] == case.ssid


def test_a_candidate_that_was_merged_is_followed(office: Office) -> None:
    case = Case(office, "Sandoval")
    kept = office.enroll("02", child("Sigismund", "Sandoval", born()))[0]["ssid"]
    now = datetime.now(UTC)
    with writing(office.services.engine) as connection:
        model = office.services.model
        registrar.merge(
            connection, model, kept, case.ssid, "Jo", "one child", now.timestamp(), now.date().isoformat(), TRAVELS
        )
    first = case.decide(same(case))
    assert first in (Result.DONE, Result.ASKED_AGAIN)
    if first is Result.ASKED_AGAIN:
        assert case.decide(same(case)) is Result.DONE
    assert case.told["ssid"] == kept
    assert case.decide(Choice(Verb.SAME, Ssid(kept))) is Result.ALREADY


def test_a_candidate_that_has_changed_is_shown_again(office: Office) -> None:
    case = Case(office, "Thorvaldsen", gender="F")
    with writing(office.services.engine) as connection:
        source = Source(LeaId("01"), "", 0.0)
        changed = to_student(case.known | {"gender": "M"})
        registrar.amend(connection, office.services.model, case.ssid, changed, source)
    assert case.decide(same(case)) is Result.ASKED_AGAIN
    assert case.places(case.ssid) == [("01", "2025-08-18", "")]
    assert case.decide(same(case)) is Result.DONE


# taking back


def test_undo_of_same_gives_the_registry_back(office: Office) -> None:
    case = Case(office, "Ulbrichtova", phone="801 555 0177", gender="F")
    before = _registry(office, case.ssid)
    case.decide(same(case))
    assert found(office, case.sent, "6G").answer is Answer.MATCH
    assert _registry(office, case.ssid) != before
    assert case.undo().delivered == ()
    assert case.places(case.ssid) == [("01", "2025-08-18", ""), TAKEN_BACK]
    assert _registry(office, case.ssid) == before
    assert found(office, case.sent, "6G").answer is Answer.REVIEW  # the LEA's own number does not speak for it any more
    assert "was taken back" in case.notice["note"]
    assert case.ssid in case.notice["note"]
    with reading(office.services.engine) as connection:
        (logged,) = reviews.history(connection, case.tracking, 0)
    assert (logged.undone_by, logged.undone_why) == ("Jo Operator", "it was a twin")
    # and it can be decided again, and be taken back again
    assert case.decide(same(case)) is Result.DONE
    assert case.places(case.ssid) == [("01", "2025-08-18", ""), TAKEN_BACK, OPENED]
    assert found(office, case.sent, "6G").answer is Answer.MATCH
    case.undo()
    assert _registry(office, case.ssid) == before


def _known(office: Office, ssid: str) -> Student:
    with reading(office.services.engine) as connection:
        known = registrar.known(connection, ssid)
    assert known is not None
    return known


def _registry(office: Office, ssid: str) -> Any:
    """Everything that is known of a student now."""
    with reading(office.services.engine) as connection:
        known = registrar.known(connection, ssid)
        keys = {"s": ssid}
        blocks = connection.execute(text("SELECT block FROM student_blocks WHERE ssid = :s ORDER BY block"), keys)
        data = connection.execute(text("SELECT data FROM student_features WHERE ssid = :s ORDER BY variant"), keys)
        return known, blocks.fetchall(), data.fetchall()


def test_undo_of_none_asks_again(office: Office) -> None:
    case = Case(office, "Kirchschlager")
    case.decide(NONE)
    case.undo()
    assert "was taken back" in case.notice["note"]
    assert case.decide(same(case)) is Result.DONE
    assert case.told["ssid"] == case.ssid


def test_what_an_older_version_asked_can_only_be_withdrawn(office: Office) -> None:
    case = Case(office, "Lichtenberger")
    with writing(office.services.engine) as connection:
        connection.execute(text("UPDATE reviews SET subject = '{}' WHERE tracking = :t"), {"t": case.tracking})
    for choice in (NEW, same(case)):
        with pytest.raises(Refused, match="asked-before"):
            case.decide(choice)
    assert office.answer("6G", case.tracking, 0, "none").state == "APPLIED"


def test_undo_of_new_withdraws_the_number(office: Office) -> None:
    case = Case(office, "Vanderbilt")
    case.decide(NEW)
    number = case.told["ssid"]
    case.undo()
    # nobody is found under it, by name or by number, and it is not given to anybody else
    assert {one.ssid for one in found(office, case.sent).candidates} == {case.ssid}
    assert found(office, case.sent | {"ssid": number}).answer is Answer.NONE
    with reading(office.services.engine) as connection:
        assert registry.person(connection, number) is not None
        assert registry.standing(connection, number) is None
    # the same decision gives the same child the same number
    assert case.decide(NEW) is Result.DONE
    assert case.told["ssid"] == number
    assert found(office, case.sent | {"ssid": number}).ssid == number


def test_a_withdrawn_number_stands_for_the_student_who_it_was(office: Office) -> None:
    """The LEA may use the number that it was told."""
    case = Case(office, "Wojciechowski")
    case.decide(NEW)
    number = case.told["ssid"]
    case.undo()
    assert case.decide(same(case)) is Result.DONE
    assert case.told["ssid"] == case.ssid
    assert found(office, case.sent | {"ssid": number}).ssid == case.ssid
    case.undo()
    assert found(office, case.sent | {"ssid": number}).answer is Answer.NONE
    assert found(office, case.sent).answer is Answer.REVIEW


def test_a_number_that_others_use_is_not_withdrawn(office: Office) -> None:
    case = Case(office, "Xenakis")
    case.decide(NEW)
    assert office.enroll("02", case.sent)[0]["ssid"] == case.told["ssid"]
    with pytest.raises(NotDone, match="number-used"):
        case.undo()
    assert OPENED in case.places(case.told["ssid"])


def test_an_exit_is_taken_back(office: Office) -> None:
    case = Case(office, "Yablonski")
    case.decide(same(case))
    leaves = enrollment("6G", case.sent | {"legal_name": {"first": "Kathrine", "last": "Yablonski"}}, event="exit")
    leaves["students"][0] |= {"date": "2026-10-01", "code": "TS"}
    leaves["students"][0]["student"]["local_id"] = ""
    row = office.send("6G", leaves)
    assert decided(office, row.tracking, same(case), 0) is Result.DONE
    assert ("6G", "2026-08-17", "2026-10-01") in case.places(case.ssid)
    undone(office, row.tracking, 0)
    assert OPENED in case.places(case.ssid)


def test_an_lea_does_not_decide_on_its_own_correction(office: Office) -> None:
    """Attributes edited to force a match are a failure that the state names."""
    day = born()
    known = child("Wilhelmine", "Oberkirchner", day, local_id="W-1", gender="F")
    ssid = Ssid(office.enroll("6G", known)[0]["ssid"])
    before = _known(office, ssid)
    corrected = known | {"ssid": ssid, "birth_date": day[:-2] + "01"}
    row = office.send("6G", documents.ssid_request({"request": "update", "student": corrected}, **{"from": "6G"}))
    for refused in (
        office.answer("6G", row.tracking, 0, "same", candidate="A"),
        office.answer("6G", row.tracking, 0, "new"),
    ):
        assert (refused.state, refused.code) == ("REFUSED", "state-decides")
    assert _known(office, ssid) == before
    assert office.answer("6G", row.tracking, 0, "none").state == "APPLIED"
    assert _known(office, ssid) == before


def test_a_correction_is_taken_back_unless_another_one_came(office: Office) -> None:
    day = born()
    known = child("Konstanze", "Meyerhofer", day, local_id="M-1", gender="F")
    ssid = Ssid(office.enroll("6G", known)[0]["ssid"])
    before = _known(office, ssid)
    corrected = known | {"ssid": ssid, "birth_date": day[:-2] + "01"}
    row = office.send("6G", documents.ssid_request({"request": "update", "student": corrected}, **{"from": "6G"}))
    assert decided(office, row.tracking, Choice(Verb.SAME, ssid), 0) is Result.DONE
    assert _known(office, ssid).birth_date.day == 1
    undone(office, row.tracking, 0)
    assert _known(office, ssid) == before
    assert decided(office, row.tracking, Choice(Verb.SAME, ssid), 0) is Result.DONE
    with writing(office.services.engine) as connection:
        source = Source(LeaId("6G"), "", 1.0)
        later = to_student(corrected | {"birth_date": day[:-2] + "02"})
        registrar.amend(connection, office.services.model, ssid, later, source)
    with pytest.raises(NotDone, match="student-changed"):
        undone(office, row.tracking, 0)
    assert _known(office, ssid).birth_date.day == 2


def test_a_record_that_was_not_delivered_is_held_again(office: Office) -> None:
    for stop in (Stage.ADMIT, Stage.ROUTE):  # nothing routed yet; routed and not delivered
        ssid, row = held_record(office, f"Zimmermann{stop}")
        with writing(office.services.engine) as connection:
            decide.decide(office.services, connection, row.tracking, -1, Choice(Verb.SAME, ssid), BY)
        office.work(*({Stage.ROUTE} if stop is Stage.ROUTE else set()), Stage.ADMIT)
        assert office.row(row.tracking).state == ("ROUTED" if stop is Stage.ROUTE else "ADMITTED")
        undone(office, row.tracking, -1)
        again = office.row(row.tracking)
        assert (again.state, again.held_for, again.ssid, again.receiver) == ("HELD", "review", "", "")
        assert decided(office, row.tracking, Choice(Verb.SAME, ssid), -1) is Result.DONE
        assert office.row(row.tracking).state == "DELIVERED"


def test_a_record_that_waits_for_an_enrollment_is_held_for_review_again(office: Office) -> None:
    ssid, row = held_record(office, "Brandywine", has_gone=False)
    for _ in range(2):
        assert decided(office, row.tracking, Choice(Verb.SAME, ssid), -1) is Result.DONE
        assert (office.row(row.tracking).held_for, office.row(row.tracking).ssid) == ("enrollment", ssid)
        undone(office, row.tracking, -1)
        assert (office.row(row.tracking).held_for, office.row(row.tracking).ssid) == ("review", "")


def test_who_is_new_once_more_gets_the_number_that_was_given(office: Office) -> None:
    day = born()
    office.enroll("01", child("Katharine", "Brandenstein", day, local_id="B-2"), date="2025-08-18")
    row = office.send("01", record("01", child("Katherine", "Brandenstein", day)))
    numbers = []
    for _ in range(2):
        with writing(office.services.engine) as connection:
            decide.decide(office.services, connection, row.tracking, -1, NEW, BY)
        numbers.append(office.row(row.tracking).ssid)
        assert (office.row(row.tracking).state, len(numbers[-1])) == ("ADMITTED", 10)
        undone(office, row.tracking, -1)
        assert (office.row(row.tracking).held_for, office.row(row.tracking).ssid) == ("review", "")
    assert numbers[0] == numbers[1]


def test_a_delivered_record_stays_delivered(office: Office) -> None:
    ssid, row = held_record(office, "Cunningham")
    decided(office, row.tracking, Choice(Verb.SAME, ssid), -1)
    with pytest.raises(NotDone, match="packet-delivered"):
        undone(office, row.tracking, -1)
    assert office.row(row.tracking).state == "DELIVERED"
    with reading(office.services.engine) as connection:
        assert reviews.standing(connection, row.tracking, -1) is not None


def test_the_operator_is_told_of_records_that_a_decision_delivered(office: Office) -> None:
    case = Case(office, "Dombrowski")
    waiting = office.send("01", record("01", case.known))
    assert (waiting.state, waiting.held_for) == ("HELD", "enrollment")
    case.decide(same(case))
    assert (office.row(waiting.tracking).state, office.row(waiting.tracking).receiver) == ("DELIVERED", "6G")
    assert case.undo().delivered == (waiting.tracking,)


def test_the_operator_is_told_of_records_with_a_named_receiver_too(office: Office) -> None:
    """The name alone would not have led them there: the decision did."""
    case = Case(office, "Diefenbaker")
    waiting = office.send("01", record("01", case.known, to="6G"))
    assert (waiting.state, waiting.held_for) == ("HELD", "enrollment")
    case.decide(same(case))
    assert office.row(waiting.tracking).state == "DELIVERED"
    assert case.undo().delivered == (waiting.tracking,)


def test_a_record_with_a_named_receiver_does_not_arrive_after_the_undo(office: Office) -> None:
    case = Case(office, "Eichendorff")
    waiting = office.send("01", record("01", case.known, to="6G"))
    with writing(office.services.engine) as connection:
        decide.decide(office.services, connection, case.tracking, 0, same(case), BY)
    office.work(Stage.ROUTE)
    assert office.row(waiting.tracking).state == "ROUTED"
    assert case.undo().delivered == ()
    assert (office.row(waiting.tracking).state, office.row(waiting.tracking).held_for) == ("HELD", "enrollment")


def test_a_record_on_its_way_does_not_arrive_after_the_undo(office: Office) -> None:
    case = Case(office, "Eisenhauer")
    waiting = office.send("01", record("01", case.known))
    with writing(office.services.engine) as connection:
        decide.decide(office.services, connection, case.tracking, 0, same(case), BY)
    office.work(Stage.ROUTE)
    assert (office.row(waiting.tracking).state, office.row(waiting.tracking).receiver) == ("ROUTED", "6G")
    assert case.undo().delivered == ()
    assert (office.row(waiting.tracking).state, office.row(waiting.tracking).held_for) == ("HELD", "enrollment")


def test_what_is_not_decided_cannot_be_taken_back(office: Office) -> None:
    case = Case(office, "Fahrenheit")
    with pytest.raises(NotDone, match="nothing-decided"):
        case.undo()
    with pytest.raises(Refused, match="unknown-tracking"):
        case.undo(line=7)


# lists


def test_what_waits_is_listed_with_its_age_and_without_names(office: Office) -> None:
    first, case = Case(office, "Fassbinder"), Case(office, "Gruenwald")
    with reading(office.services.engine) as connection:
        listed = [one for one in reviews.listing(connection, "6G") if one["tracking"] == case.tracking]
        assert [one["tracking"] for one in reviews.listing(connection, "02")].count(case.tracking) == 0
        waiting, oldest = reviews.count_open(connection)
    assert [(one["line"], one["type"], one["candidates"], one["closed_at"]) for one in listed] == [
        (0, "enrollment", 1, None)
    ]
    assert "Gruenwald" not in str(listed)
    assert waiting > 1
    assert oldest is not None
    assert oldest < listed[0]["opened_at"]
    trackings = [one["tracking"] for one in _listed(office)]
    assert trackings.index(first.tracking) < trackings.index(case.tracking)
    words = ["review", "list", "--lea", "6G", "--home", str(office.exchange.home)]
    said = CliRunner().invoke(main.build(words), words)
    assert (said.exit_code, case.tracking in said.stdout, "Gruenwald" in said.stdout) == (0, True, False)
    assert "student 1" in next(row for row in said.stdout.splitlines() if case.tracking in row)
    case.decide(NONE)
    with reading(office.services.engine) as connection:
        assert case.tracking not in [one["tracking"] for one in reviews.listing(connection, "6G")]
        assert case.tracking in [one["tracking"] for one in reviews.listing(connection, "6G", is_open=False)]


def _listed(office: Office) -> list[dict[str, Any]]:
    with reading(office.services.engine) as connection:
        return reviews.listing(connection)


def test_it_is_the_same_on_postgresql(tmp_path: Path) -> None:
    with postgres.server() as url:
        office = Office(tmp_path, *LEAS, ledger_url=url)
        try:
            for one in (
                test_the_same_decision_twice_has_one_effect_and_another_is_refused,
                test_one_wrong_answer_undoes_all_of_its_packet,
                test_a_candidate_that_was_merged_is_followed,
                test_undo_of_same_gives_the_registry_back,
                test_a_withdrawn_number_stands_for_the_student_who_it_was,
                test_a_number_that_others_use_is_not_withdrawn,
                test_a_record_that_was_not_delivered_is_held_again,
                test_the_operator_is_told_of_records_that_a_decision_delivered,
            ):
                one(office)
        finally:
            office.services.engine.dispose()
