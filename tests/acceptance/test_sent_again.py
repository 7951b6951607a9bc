"""What an LEA sends again, corrected, answers the question about the earlier one: nobody need answer that any more.

Each test has a student of 01 whom 6G names in a way that is in doubt first.
"""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from broker.core.review import Verb
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.people import flags, registry, reviews
from broker.edge.ledger.people.reviews import Review
from tests.support import documents
from tests.support.desk import child, enrollment, record
from tests.support.office import Office

_BORN = itertools.count(1)
_LAST = iter(
    f"{first}{last}" for first in ("Quint", "Vosk", "Brand", "Halv", "Merr") for last in ("ero", "amp", "illo", "etti")
)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = Office(tmp_path_factory.mktemp("again"), "01", "6G", "02")
    yield made
    made.services.engine.dispose()


class Case:
    """A student of 01, and what 6G calls the same child: `doubtful`, and then `right`."""

    def __init__(self, office: Office) -> None:
        number, last = next(_BORN), next(_LAST)
        born = f"{2008 + number % 7}-{1 + number % 12:02}-{13 + number % 15}"
        self.office = office
        self.known = child("Katharine", last, born, local_id=f"K-{last}")
        self.ssid = str(office.enroll("01", self.known, date="2025-08-18")[0]["ssid"])
        self.doubtful = child("Katherine", last, born, local_id=f"S-{last}")
        self.right = child("Katharine", last, born, local_id=f"S-{last}")

    def tell(self, student: dict[str, Any], answer: str, **more: Any) -> PacketRow:
        """6G tells of it by an enrollment; the packet."""
        school = more.pop("school", "401")
        document = enrollment("6G", student, **more)
        document["students"][0]["school"] = school
        row = self.office.send("6G", document)
        (line,) = [one for one in self.told(row) if one["line"] == 0][-1:]
        assert line["answer"] == answer, line
        return row

    def told(self, row: PacketRow) -> list[dict[str, Any]]:
        """Every line of an answer to this packet, the oldest first."""
        found = [one for one in self.office.notices("6G", "ssid") if one["answers"] == row.packet_id]
        return [line for one in found for line in one["students"]]

    def question(self, row: PacketRow, line: int = 0) -> Review:
        with reading(self.office.services.engine) as connection:
            found = reviews.get(connection, row.tracking, line)
        assert found is not None
        return found

    def decided(self, row: PacketRow, line: int = 0) -> tuple[str, str, str]:
        with reading(self.office.services.engine) as connection:
            done = reviews.standing(connection, row.tracking, line)
        assert done is not None, "the question is open still"
        return done.verb, done.ssid, done.who

    def places(self) -> list[tuple[str, str, str, str]]:
        with reading(self.office.services.engine) as connection:
            found = registry.locations(connection, self.ssid)
        return [(one.lea, one.school, one.entry_date, one.exit_date) for one in found]


@pytest.fixture
def case(office: Office) -> Case:
    return Case(office)


def test_the_same_line_corrected_closes_the_question(case: Case) -> None:
    first = case.tell(case.doubtful, "review")
    second = case.tell(case.right, "matched")
    assert case.question(first).closed_at is not None, "the old question is open still"
    assert case.decided(first) == (Verb.NONE, "", f"LEA 6G, packet {second.tracking}")
    assert [one.get("why") for one in case.told(first)] == ["not-sure", "corrected"]
    assert [one for one in case.places() if one[0] == "6G"] == [("6G", "401", "2026-08-17", "")]
    late = case.office.answer("6G", first.tracking, 0, "same", candidate="A")
    assert (late.state, late.code) == ("REFUSED", "already-decided")


@pytest.mark.parametrize("how", ["the number", "another day", "the birth date", "by a request"])
def test_however_it_was_corrected(case: Case, how: str) -> None:
    if how == "the number":  # the name stays as it was, and the SSID says who it is
        first = case.tell(case.doubtful, "review")
        second = case.tell(case.right | {"ssid": case.ssid}, "matched")
    elif how == "another day":
        first = case.tell(case.doubtful, "review", date="2026-08-18")
        second = case.tell(case.right, "matched")
    elif how == "the birth date":
        day = case.right["birth_date"]
        swapped = case.right | {"birth_date": f"{day[:-1]}{(int(day[-1]) + 1) % 10}"}
        first = case.tell(swapped, "review")
        second = case.tell(case.right, "matched")
    else:
        first = case.tell(case.doubtful, "review")
        line = {"request": "retrieve", "student": case.right, "school": "401", "date": "2026-08-17"}
        second = case.office.send("6G", documents.ssid_request(line, **{"from": "6G"}))
        assert case.told(second)[0]["answer"] == "matched"
    assert case.decided(first) == (Verb.NONE, "", f"LEA 6G, packet {second.tracking}")


def test_a_report_of_another_school_is_carried_out_now(case: Case) -> None:
    """It is not the same report: it was parked on the question, and goes on."""
    first = case.tell(case.doubtful, "review", school="402", date="2026-08-17")
    second = case.tell(case.right, "matched", date="2026-10-05")
    assert case.decided(first) == (Verb.SAME, case.ssid, f"LEA 6G, packet {second.tracking}")
    assert {("6G", "402", "2026-08-17", ""), ("6G", "401", "2026-10-05", "")} <= set(case.places())
    assert case.told(first)[-1]["answer"] == "matched"


@pytest.mark.parametrize("is_last", [True, False])
def test_beside_a_line_of_another_school_it_is_the_same_report_that_counts(case: Case, is_last: bool) -> None:
    """In one packet the student is at two schools; the question was about one of them, and another day."""
    first = case.tell(case.doubtful, "review", school="402", date="2026-08-18")
    document = enrollment("6G", case.right, case.right)
    for line, school in zip(document["students"], ("401", "402") if is_last else ("402", "401"), strict=True):
        line["school"] = school
    second = case.office.send("6G", document)
    assert [line["answer"] for line in case.told(second)] == ["matched", "matched"]
    assert case.decided(first) == (Verb.NONE, "", f"LEA 6G, packet {second.tracking}")
    assert [one.get("why") for one in case.told(first)] == ["not-sure", "corrected"]
    assert sorted(one[1:3] for one in case.places() if one[0] == "6G") == [("401", "2026-08-17"), ("402", "2026-08-17")]


def test_a_record_that_was_parked_goes_on(case: Case) -> None:
    """6G had the student before, so that it may be asked which one is meant."""
    case.office.enroll("01", case.known, event="exit", date="2026-06-05")
    before = case.known | {"local_id": "before"}
    case.tell(before, "matched", school="402", date="2025-08-18")
    case.tell(before, "matched", school="402", date="2026-06-05", event="exit")
    entered = case.tell(case.doubtful, "review")
    case.office.enroll("02", case.known | {"local_id": "Z"}, date="2026-10-05")
    parked = case.office.send("6G", record("6G", case.doubtful))
    assert (parked.state, parked.held_for) == ("HELD", "review")
    case.tell(case.right, "matched")
    case.office.work()
    assert case.question(entered).closed_at is not None
    assert case.decided(parked, -1)[:2] == (Verb.SAME, case.ssid)
    now = case.office.row(parked.tracking)
    assert (now.state, now.receiver) == ("DELIVERED", "02")


def test_a_record_sent_again_takes_the_place_of_the_one_in_doubt(case: Case) -> None:
    case.tell(case.right, "matched")
    case.office.enroll("02", case.known | {"local_id": "Z"}, date="2026-10-05")
    elsewhere = case.doubtful | {"local_id": "T"}
    parked = case.office.send("6G", record("6G", elsewhere))
    assert (parked.state, parked.held_for) == ("HELD", "review")
    again = case.office.send("6G", record("6G", elsewhere | {"ssid": case.ssid}))
    case.office.work()
    assert case.office.row(again.tracking).state == "DELIVERED"
    assert case.decided(parked, -1)[:2] == (Verb.SAME, case.ssid)
    first = case.office.row(parked.tracking)
    assert (first.state, first.code) == ("REFUSED", "replaced")  # as an earlier record that comes late
    assert case.office.inbox("02", "student-record")[-1] == again.tracking


def test_a_backpack_sent_again(case: Case) -> None:
    case.tell(case.right, "matched")
    about = {"from": "6G", "student": case.doubtful | {"local_id": "other"}, "mode": "replace"}
    parked = case.office.send("6G", documents.backpack(**about))
    assert (parked.state, parked.held_for) == ("HELD", "review")
    about = {"from": "6G", "student": case.doubtful | {"local_id": "other", "ssid": case.ssid}, "mode": "replace"}
    again = case.office.send("6G", documents.backpack(**about))
    case.office.work()
    assert again.state == "APPLIED"
    assert case.decided(parked, -1)[:2] == (Verb.SAME, case.ssid)
    assert case.office.row(parked.tracking).state == "APPLIED"


def test_another_child_under_the_same_local_number_answers_nothing(case: Case) -> None:
    """A number that is used for two children by mistake."""
    first = case.tell(case.doubtful, "review")
    other = child("Bo", "Unrelated", "2016-02-02", local_id=case.doubtful["local_id"])
    case.tell(other, "assigned")
    assert case.question(first).closed_at is None


def test_another_lea_s_line_answers_nothing(case: Case) -> None:
    first = case.tell(case.doubtful, "review")
    case.office.enroll("02", case.right, date="2026-08-20")
    assert case.question(first).closed_at is None


def test_a_line_that_is_in_doubt_again_answers_nothing(case: Case) -> None:
    first = case.tell(case.doubtful, "review")
    case.tell(case.doubtful, "review", date="2026-08-18")
    assert case.question(first).closed_at is None


def test_the_same_line_every_night_is_one_answer(case: Case) -> None:
    nights = [case.tell(case.doubtful, "review") for _ in range(3)]
    done = case.office.answer("6G", nights[1].tracking, 0, "same", candidate="A")
    assert done.state == "APPLIED"
    assert [case.decided(one)[0] for one in nights] == [Verb.NONE, Verb.SAME, Verb.SAME]
    assert [one for one in case.places() if one[0] == "6G"] == [("6G", "401", "2026-08-17", "")]


def test_a_new_student_in_the_same_words_is_that_new_student(case: Case) -> None:
    nights = [case.tell(case.doubtful, "review") for _ in range(2)]
    case.office.answer("6G", nights[0].tracking, 0, "new")
    first, second = case.decided(nights[0]), case.decided(nights[1])
    assert (first[0], second[0]) == (Verb.NEW, Verb.SAME)
    assert first[1] == second[1] != case.ssid


def test_of_a_flagged_child_it_is_the_same_and_the_state_hears(case: Case) -> None:
    """A question that stays open would tell the LEA of the flag."""
    first = case.tell(case.doubtful, "review")
    with writing(case.office.services.engine) as connection:
        flags.put(connection, case.ssid, "Jo Larsen", "missing", 1.0)
    case.tell(case.right, "matched")
    assert case.decided(first)[:2] == (Verb.NONE, "")
    with reading(case.office.services.engine) as connection:
        told = [one.kind for one in flags.alerts_of(connection) if one.ssid == case.ssid]
    assert told == ["enrollment"]  # which is more telling than that it was asked about
    with writing(case.office.services.engine) as connection:
        (flag,) = flags.standing(connection, case.ssid)
        flags.lift(connection, flag, "Jo Larsen", "found", 2.0)


def test_an_exit_of_the_entry_in_doubt(case: Case) -> None:
    """The LEA takes its mistake back by the exit on the very day, in the same words: both come to nothing."""
    first = case.tell(case.doubtful, "review")
    case.tell(case.doubtful, "refused", event="exit", date="2026-08-17")
    assert case.decided(first)[:2] == (Verb.NONE, "")
    assert [one for one in case.places() if one[0] == "6G"] == []


@pytest.mark.parametrize("is_told_before", [True, False])
def test_an_exit_in_doubt_ends_no_stay_that_was_entered_after_it(case: Case, is_told_before: bool) -> None:
    """Of one day the order in which it is told counts: the student left, and was entered again. That the exit is
    carried out only when the entry has said whom it means, changes nothing."""
    case.tell(case.right, "matched")
    other = case.right["legal_name"] | {"first": "Quentin"}
    left, back = {"date": "2026-10-05", "event": "exit"}, {"date": "2026-10-05"}
    if not is_told_before:
        case.tell(case.right, "matched", **back)
    asked = case.tell(case.right | {"legal_name": other}, "review", **left)
    if is_told_before:
        case.tell(case.right, "matched", **back)
    else:  # it takes the entry back
        assert case.office.answer("6G", asked.tracking, 0, "same", candidate="A").state == "APPLIED"
    assert case.decided(asked)[:2] == (Verb.SAME, case.ssid)
    before, after = ("2026-10-05", "") if is_told_before else ("", "2026-10-05")
    mine = [one for one in case.places() if one[0] == "6G"]
    assert mine == [("6G", "401", "2026-08-17", before), ("6G", "401", "2026-10-05", after)]
