"""Reviews without a ledger: what may be decided, what an LEA is shown, what a decision's taking back rests on."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from broker.cli.students.review_text import age
from broker.core.errors import OperatorError, Refused
from broker.core.model import Address, LeaId, Name, Ssid, Student
from broker.core.review import (
    MOST_CANDIDATES,
    By,
    Choice,
    Enrolled,
    Sight,
    Verb,
    chosen,
    is_one_line,
    letter_of,
    letters,
    place_of,
)
from broker.edge.ledger.packets.rows import EnrollmentRow
from broker.edge.ledger.people.changes import Changes, Snapshot, between
from broker.identity.sight import see
from broker.notices.review import Question, Shown, notice
from handlers import review_answer
from tests.support import documents

CANDIDATES = [Ssid(f"{number:010}") for number in range(3)]
ANA = Student(
    legal_name=Name("Ana", "Reyes-Ortiz", "Lucía"),
    birth_date=date(2012, 3, 4),
    gender="F",
    birth_order=1,
    guardians=(Name("Marta", "Ortiz"),),
    phone="(801) 555-0142",
    address=Address("17 Hidden Lane", "Nowhereville", "UT", "84999"),
)


def student(**more: Any) -> Student:
    facts: dict[str, Any] = {"legal_name": ANA.legal_name, "birth_date": ANA.birth_date}
    return Student(**(facts | more))


# letters and decisions


def test_every_candidate_has_a_letter_of_its_own() -> None:
    letters = [letter_of(place) for place in range(MOST_CANDIDATES)]
    assert len(set(letters)) == MOST_CANDIDATES
    assert [place_of(letter) for letter in letters] == list(range(MOST_CANDIDATES))
    with pytest.raises(IndexError):
        letter_of(MOST_CANDIDATES)


def test_a_letter_names_its_candidate() -> None:
    assert chosen(Verb.SAME, "B", CANDIDATES, "") == Choice(Verb.SAME, CANDIDATES[1])
    assert chosen(Verb.NEW, "", CANDIDATES, "") == Choice(Verb.NEW)


@given(st.text(max_size=3))
def test_what_is_no_letter_of_a_candidate_is_refused(letter: str) -> None:
    if letter in ("A", "B", "C"):
        return
    with pytest.raises(Refused) as refused:
        chosen(Verb.SAME, letter, CANDIDATES, "/answers/4")
    assert (refused.value.code, refused.value.pointer) == ("unknown-candidate", "/answers/4/candidate")


@given(st.text(max_size=30))
def test_one_line_is_one_line(text: str) -> None:
    if is_one_line(text, 20):
        assert 0 < len(text) <= 20
        assert text.strip()
        assert len(text.splitlines()) == 1 or "\x0b" not in text
        assert text.isprintable() or all(not letter.isascii() for letter in text if not letter.isprintable())


@pytest.mark.parametrize(("who", "why"), [("", "x"), ("x", ""), ("x" * 101, "x"), ("x", "y" * 201), ("x", "a\nb")])
def test_who_and_why_are_bounded(who: str, why: str) -> None:
    with pytest.raises(OperatorError, match="one line"):
        By(who, why)


def test_the_answers_of_a_packet() -> None:
    body = documents.review_answer()
    body["answers"].append({"tracking": "A" * 8, "line": -1, "decision": "same", "candidate": "C", "why": " seen "})
    first, second = review_answer.replies(body)
    assert (first.verb, first.letter, first.line, first.pointer) == (Verb.NEW, "", 0, "/answers/0")
    assert (second.verb, second.letter, second.why, second.tracking) == (Verb.SAME, "C", "seen", "aaaaaaaa")
    assert "seen" not in repr(second)


@pytest.mark.parametrize("change", [{"candidate": "A"}, {"why": "\u00a0"}])
def test_an_answer_that_contradicts_itself_is_refused(change: dict[str, str]) -> None:
    body = documents.review_answer()
    body["answers"][0] |= change
    with pytest.raises(Refused) as refused:
        review_answer.replies(body)
    assert (refused.value.code, refused.value.pointer) == ("schema", f"/answers/0/{next(iter(change))}")


# what is seen of a candidate


@pytest.mark.parametrize(
    ("field", "sent", "known", "sight"),
    [
        ("first_name", {"legal_name": Name("ANA", "Reyes")}, {"legal_name": Name("Aña", "Reyes")}, Sight.AGREES),
        ("first_name", {"legal_name": Name("Bob", "Reyes")}, {"legal_name": Name("Robert", "Reyes")}, Sight.NEAR),
        ("first_name", {"legal_name": Name("Jonathan", "R")}, {"legal_name": Name("Johnathan", "R")}, Sight.NEAR),
        ("first_name", {"legal_name": Name("Fay", "Hill")}, {"legal_name": Name("May", "Hill")}, Sight.DIFFERS),
        ("last_name", {"legal_name": Name("Ana", "Reyes")}, {"legal_name": Name("Ana", "Reyes-Ortiz")}, Sight.NEAR),
        ("last_name", {"legal_name": Name("Ana", "Reyes")}, {"legal_name": Name("Reyes", "Ana")}, Sight.NEAR),
        ("middle_name", {"legal_name": Name("A", "R", "L.")}, {"legal_name": Name("A", "R", "Lucía")}, Sight.NEAR),
        ("middle_name", {"legal_name": Name("A", "R", "")}, {"legal_name": Name("A", "R", "Lucía")}, Sight.UNKNOWN),
        ("suffix", {"legal_name": Name("A", "R", "", "Jr")}, {"legal_name": Name("A", "R", "", "III")}, Sight.DIFFERS),
        ("birth_date", {"birth_date": date(2012, 3, 4)}, {"birth_date": date(2012, 3, 4)}, Sight.AGREES),
        ("birth_date", {"birth_date": date(2012, 3, 4)}, {"birth_date": date(2012, 4, 3)}, Sight.NEAR),
        ("birth_date", {"birth_date": date(2012, 3, 4)}, {"birth_date": date(2011, 3, 4)}, Sight.NEAR),
        ("birth_date", {"birth_date": date(2012, 3, 4)}, {"birth_date": date(2011, 3, 5)}, Sight.DIFFERS),
        ("gender", {"gender": "F"}, {"gender": "M"}, Sight.DIFFERS),
        ("gender", {"gender": "U"}, {"gender": "M"}, Sight.UNKNOWN),
        ("birth_order", {"birth_order": 1}, {"birth_order": 2}, Sight.DIFFERS),
        ("guardians", {"guardians": (Name("Marta", "Ortiz"),)}, {"guardians": ANA.guardians}, Sight.AGREES),
        ("guardians", {"guardians": (Name("Marta", "Reyes"),)}, {"guardians": ANA.guardians}, Sight.NEAR),
        ("guardians", {"guardians": (Name("Otto", "Maier"),)}, {"guardians": ANA.guardians}, Sight.DIFFERS),
        ("phone", {"phone": "801.555.0142"}, {"phone": ANA.phone}, Sight.AGREES),
        ("phone", {"phone": ""}, {"phone": ANA.phone}, Sight.UNKNOWN),
        ("address", {"address": ANA.address}, {"address": ANA.address}, Sight.AGREES),
        (
            "address",
            {"address": Address("17 Hiden Ln", "Nowhereville")},
            {"address": ANA.address},
            Sight.NEAR,
        ),
        ("address", {"address": Address("2 Main St", "Nowhereville")}, {"address": ANA.address}, Sight.DIFFERS),
    ],
)
def test_what_is_said_of_a_field(field: str, sent: dict[str, Any], known: dict[str, Any], sight: Sight) -> None:
    assert see(student(**sent), student(**known))[field] is sight


def test_an_alias_counts_as_a_name() -> None:
    known = student(legal_name=Name("Fatima", "Haddad"), aliases=(Name("Ana", "Reyes-Ortiz"),))
    assert {see(student(), known)[part] for part in ("first_name", "last_name")} == {Sight.AGREES}


_NAMES = st.builds(Name, *[st.text(max_size=12)] * 4)
_STUDENTS = st.builds(
    Student,
    legal_name=_NAMES,
    birth_date=st.dates(),
    gender=st.sampled_from(["", "F", "M", "X"]),
    aliases=st.lists(_NAMES, max_size=2).map(tuple),
    guardians=st.lists(_NAMES, max_size=2).map(tuple),
    phone=st.text("0123456789 -", max_size=12),
    address=st.builds(Address, st.text(max_size=10), st.text(max_size=10)),
)


@given(_STUDENTS, _STUDENTS)
def test_whatever_two_students_are_only_words_come_of_it(one: Student, other: Student) -> None:
    seen = see(one, other)
    assert list(seen) == list(see(ANA, ANA))
    assert set(seen.values()) <= set(Sight)
    assert Sight.DIFFERS not in see(one, one).values()


# the notice


def shown(
    known: Student | None, *own: tuple[str, str], is_near: bool = True, enrolled: Enrolled = Enrolled.NEVER
) -> Shown:
    rows = [EnrollmentRow(Ssid("1"), LeaId("6G"), "704", "77", entry, left, "", "", "t") for entry, left in own]
    return Shown(known, rows, is_near, enrolled)


def candidate(one: Shown, sent: Student | None = None) -> dict[str, Any]:
    question = Question("018f", 0, sent or student(), [one])
    found: dict[str, Any] = notice({}, [question])["questions"][0]["candidates"][0]
    return found


@pytest.mark.parametrize("enrolled", list(Enrolled))
def test_whether_the_candidate_is_a_student_of_the_asking_lea(enrolled: Enrolled) -> None:
    own = [] if enrolled is Enrolled.NEVER else [("2025-08-18", "2026-06-01")]
    said = candidate(shown(ANA, *own, enrolled=enrolled))
    assert said["enrolled_at_your_lea"] == enrolled
    assert ("your_student" in said) == (enrolled is not Enrolled.NEVER)


FIXED = {str(one) for one in (*Sight, *Enrolled)} | {*see(ANA, ANA), "A"}
FIXED |= {"candidate", "compared", "enrolled_at_your_lea", "hints", "first_name_begins_with", "birth_year", "note"}
FIXED |= {candidate(shown(None))["note"], candidate(shown(ANA, is_near=False))["note"]}


def told(value: Any) -> Iterator[str]:
    """Every name and every value of a notice but for the fixed words and sentences."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from told(name)
            yield from told(part)
    elif value not in FIXED:
        yield str(value)


@given(_STUDENTS, _STUDENTS, st.booleans())
@example(student(), replace(ANA, address=Address("diffe")), True)
@example(student(), replace(ANA, address=Address("never")), True)
def test_no_value_of_a_stranger_is_in_the_notice(sent: Student, known: Student, is_near: bool) -> None:
    said = list(told(candidate(shown(known, is_near=is_near), sent)))
    texts = [known.legal_name.last, *[name.last for name in known.guardians], known.phone, known.address.street]
    assert not [text for text in texts if len(text) > 4 and any(text in one for one in said)]


def test_of_a_number_alone_hardly_anything_is_shown() -> None:
    said = candidate(shown(ANA, ("2025-08-18", ""), is_near=False))
    assert set(said) == {"candidate", "note", "compared"}
    assert set(said["compared"]) == {"first_name", "last_name", "birth_date"}
    assert "note" in candidate(shown(None))


def test_the_letter_of_a_first_name_and_the_year_of_a_birth_are_the_only_hints() -> None:
    other = student(legal_name=Name("Zoë", "Reyes-Ortiz"), birth_date=date(2011, 3, 4))
    assert candidate(shown(other))["hints"] == {"first_name_begins_with": "Z", "birth_year": 2011}
    assert "hints" not in candidate(shown(ANA))


def test_of_a_stranger_only_surname_birth_date_and_whether_the_first_name_agrees() -> None:
    other = student(legal_name=Name("Zoë", "Reyes-Ortiz"))
    said = candidate(Shown(other, (), True, Enrolled.NEVER, is_own=False))
    assert said == {
        "candidate": "A",
        "compared": {"first_name": "differs", "last_name": "agrees", "birth_date": "agrees"},
        "enrolled_at_your_lea": "never",
    }


def test_where_nobody_is_shown_it_is_asked_to_compare() -> None:
    question = Question("018f", 0, student(), [])
    body = notice({}, [question])
    assert "birth certificate" in body["questions"][0]["compare"]
    assert body["answers"][0]["decision"] == "confirm | none"
    assert "the state decides" in body["decisions"]["confirm"]


def test_letters_have_no_gap_and_stay_as_they_are() -> None:
    assert letters([False, True, False, True]) == ["A", "Z", "B", "Y"]
    assert letters([False, True])[:2] == letters([False, True, False])[:2]
    assert len(set(letters([place % 2 == 0 for place in range(MOST_CANDIDATES)]))) == MOST_CANDIDATES


# what a decision changed


def test_between_two_snapshots() -> None:
    before = Snapshot({"first": "Ana"}, {1: ["", ""], 2: ["", ""]}, {1: None}, {5: None})
    after = Snapshot(
        {"first": "Anna"}, {1: ["", ""], 2: ["2026-01-01", "TS"], 3: ["", ""]}, {1: 9.0, 2: None}, {5: None}
    )
    changes = between("7", before, after)
    assert changes == Changes(
        "7",
        person=[{"first": "Ana"}, {"first": "Anna"}],
        places_new=[3],
        places_ended=[[2, ["", ""], ["2026-01-01", "TS"]]],
        names_new=[2],
        names_ended=[[1, None, 9.0]],
    )
    assert between("7", after, after) == Changes("7")
    assert "Anna" not in repr(after) + repr(changes)


# words


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "less than a minute"), (60, "1 minute"), (7300, "2 hours"), (86_400, "1 day"), (9e6, "104 days")],
)
def test_age(seconds: float, text: str) -> None:
    assert age(seconds) == text
