"""A record made into a transcript."""

from typing import Any

import pytest

from broker.core.errors import OperatorError, Refused
from broker.formats import canonical, pesc
from broker.formats.transcript import request
from broker.formats.transcript.record import Facts, Made, from_record
from broker.formats.transcript.school_facts import facts_of
from tests.support import documents
from tests.support.transcript_made import ASKED, CONTRACTS, FACTS, HEADER, read, record

BIOLOGY = {"school_year": 2026, "term": "S1", "title": "Biology", "course_code": "3010", "credits_earned": 0.5}


def made(document: dict[str, Any], facts: Facts = FACTS) -> Made:
    """Its transcript; both fit their schemas, and the transcript can be written."""
    CONTRACTS.check(document, 5)
    found = from_record(document, HEADER, facts)
    CONTRACTS.check(found.document, 5)
    request.check(found.document, is_dated=True)
    assert read(pesc.to_pesc(found.document, state="UT"))["request"] == ASKED
    return found


def sessions(document: dict[str, Any], facts: Facts = FACTS) -> list[dict[str, Any]]:
    """The sessions of its transcript."""
    found: list[dict[str, Any]] = made(document, facts).document["transcript"]["academic_records"][0]["sessions"]
    return found


def course(*history: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """The only course of a transcript."""
    ((one,),) = [session["courses"] for session in sessions(record(*history, **parts))]
    found: dict[str, Any] = one
    return found


def unfit(document: dict[str, Any], facts: Facts = FACTS) -> str:
    """Where it cannot be made."""
    CONTRACTS.check(document, 5)
    with pytest.raises(Refused) as caught:
        from_record(document, HEADER, facts)
    assert caught.value.code == "pesc-unfit"
    return caught.value.pointer


# from the record


def test_courses_stand_in_their_terms_in_the_order_of_time() -> None:
    later = BIOLOGY | {"term": "S2", "title": "Chemistry", "course_code": "3020"}
    this_year = BIOLOGY | {"school_year": 2027, "title": "Physics", "grade_level": "9"}
    found = sessions(record(this_year, later, BIOLOGY))
    assert [(one["month"], one["name"], one["school_year"]) for one in found] == [
        ("2026-01", "S1", 2026),
        ("2026-06", "S2", 2026),
        ("2027-01", "S1", 2027),
    ]
    assert [one["courses"][0]["title"] for one in found] == ["Biology", "Chemistry", "Physics"]
    assert [one.get("grade_level") for one in found] == [None, None, "09"]
    assert not any("suffix" in one for one in found)


def test_a_term_that_ends_in_autumn_is_of_the_year_before() -> None:
    (one,) = sessions(record(BIOLOGY), Facts(terms={"S1": 12}))
    assert one["month"] == "2025-12"
    (one,) = sessions(record(BIOLOGY), Facts(terms={"S1": 7}))
    assert one["month"] == "2025-07"


def test_a_course_of_no_term_is_of_the_whole_year() -> None:
    whole = {name: value for name, value in BIOLOGY.items() if name != "term"}
    (one,) = sessions(record(whole))
    assert (one["month"], one["school_year"], "name" in one) == ("2026-06", 2026, False)
    (one,) = sessions(record(whole), Facts(terms={"": 5}))
    assert one["month"] == "2026-05"


def test_in_which_month_a_term_ends_is_not_made_up() -> None:
    assert unfit(record(BIOLOGY, BIOLOGY | {"term": "T3"})) == "/record/course_history/1/term"


def test_sessions_of_one_month_are_told_apart() -> None:
    elsewhere = BIOLOGY | {"school": "Old School", "lea": "Another District"}
    first, second = sessions(record(elsewhere, BIOLOGY))
    assert (first.get("suffix"), second["suffix"]) == (None, "2")
    assert "school" not in first
    assert second["school"] == {"name": "Old School", "notes": ['LEA: "Another District"']}
    (only,) = sessions(record(BIOLOGY | {"lea": "Another District"}))
    assert only["school"] == {"name": "Another District"}


def test_a_school_is_shown_by_what_is_known_of_it() -> None:
    facts = facts_of(
        {
            "school": {"name": "Provo High School", "ceeb": "450340", "nces": "490081000468"},
            "schools": {"704": {"name": "Timpview High School"}},
            "terms": {"S1": 12},
            "credit_unit": "CarnegieUnits",
            "source": {"name": "Provo District"},
        },
        {"S1": 1},
    )
    document = made(record(BIOLOGY | {"school": "704"}), facts).document["transcript"]
    (whole,) = document["academic_records"]
    assert whole["school"] == {"name": "Provo High School", "ceeb_act": "450340", "ccd": "490081000468"}
    assert whole["sessions"][0]["school"] == {"name": "Timpview High School"}
    assert whole["sessions"][0]["month"] == "2026-01"
    assert whole["sessions"][0]["courses"][0]["credit_unit"] == "CarnegieUnits"
    assert document["source"] == {"name": "Provo District"}


@pytest.mark.parametrize(
    "facts",
    [
        {"name": "Provo High School"},
        {"school": "Provo High School"},
        {"schools": {"704": "Timpview"}},
        {"terms": {"S1": 13}},
        {"terms": {"S1": "1"}},
        {"terms": {"S1": True}},
        {"credit_unit": 1},
    ],
)
def test_a_file_of_facts_that_says_something_else_is_an_error(facts: dict[str, Any]) -> None:
    with pytest.raises(OperatorError, match=r"[.]$"):
        facts_of(facts, {})


def test_a_course_keeps_its_credits_and_its_mark() -> None:
    found = course(BIOLOGY | {"credits_attempted": 1, "mark": "A-", "status": "completed"})
    assert found == {
        "title": "Biology",
        "code": "3010",
        "credits_attempted": 1,
        "credits_earned": 0.5,
        "grade": "A-",
        "status": "Completed",
    }


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        ("withdrawn", {"status": "Withdrew"}),
        ("incomplete", {"status": "Incomplete"}),
        ("in-progress", {"status": "InProgress"}),
        ("transferred", {"credit_basis": "HighSchoolTransferCredit"}),
    ],
)
def test_how_a_course_ended(status: str, shown: dict[str, str]) -> None:
    found = course(BIOLOGY | {"status": status})
    assert {name: value for name, value in found.items() if name in ("status", "credit_basis")} == shown


def test_what_pesc_has_no_room_for_is_a_note() -> None:
    title, code, mark = "T" * 150, "C" * 20, "Passed by examination"
    found = course(BIOLOGY | {"title": title, "course_code": code, "mark": mark})
    assert (found["title"], found["narrative"]) == (title[:60], mark)
    assert "code" not in found
    assert "grade" not in found
    whole = "".join(note.removeprefix('Title: "')[:-1] for note in found["notes"] if note.startswith("Title"))
    assert (whole, f'Code: "{code}"' in found["notes"]) == (title, True)
    assert max(map(len, found["notes"])) <= 80


def test_a_mark_that_is_not_final_is_no_grade() -> None:
    early = BIOLOGY | {"mark": "C", "as_of": "2026-10-01"}
    late = BIOLOGY | {"mark": "B", "as_of": "2026-11-01", "percent": 84.5, "section": "2"}
    found = course(course_grades=[late, early])
    assert (found["status"], found["section"], "grade" in found) == ("InProgress", "2", False)
    assert found["notes"] == ['Not final, on 2026-11-01: "B"', "Percent: 84.5"]


def test_final_marks_are_all_there_once() -> None:
    marks = [BIOLOGY | {"mark": mark, "section": str(number)} for number, mark in enumerate("AB")]
    early = BIOLOGY | {"mark": "F", "as_of": "2026-10-01"}
    ((first, second),) = [one["courses"] for one in sessions(record(course_grades=[early, *marks]))]
    assert [first["grade"], second["grade"]] == ["A", "B"]


def test_a_course_of_the_history_is_filled_up_from_its_line_of_marks() -> None:
    bare = {name: value for name, value in BIOLOGY.items() if name != "credits_earned"} | {"title": " Biology\n1 "}
    found = course(bare, course_grades=[BIOLOGY | {"mark": "A", "teacher": "t1"}])
    assert (found["title"], found["grade"], found["credits_earned"]) == ("Biology 1", "A", 0.5)
    found = course(BIOLOGY | {"mark": "A"}, course_grades=[BIOLOGY | {"mark": "F", "as_of": "2026-10-01"}])
    assert (found["grade"], "notes" in found) == ("A", False)
    found = course(bare, course_grades=[BIOLOGY | {"mark": "B", "as_of": "2026-10-01"}])
    assert (found["status"], found["notes"]) == ("InProgress", ['Not final, on 2026-10-01: "B"'])


def test_nothing_but_courses_goes_and_what_was_left_out_is_told() -> None:
    document = record(
        BIOLOGY,
        course_grades=[BIOLOGY | {"school_year": 2027, "teacher": "t1"}],
        demographics={"grade_level": "K", "homeless": True},
        discipline=[{"date": "2026-10-01", "action": "Detention"}],
        special_education={"status": "eligible"},
        mastery=[],
    )
    found = made(document)
    assert found.left_out == (
        *("/student/birth_order", "/student/guardians", "/record/demographics/homeless", "/record/discipline"),
        *("/record/special_education", "/record/course_grades/*/teacher"),
    )
    shown = canonical.serialise(found.document)
    assert b"Detention" not in shown
    assert b"Marta" not in shown
    assert found.document["transcript"]["academic_records"][0]["grade_level"] == "KG"
    assert "Ana" not in repr(found)


@pytest.mark.parametrize(
    ("document", "place"),
    [
        (record(), "/record/course_history"),
        (record(BIOLOGY | {"title": " "}), "/record/course_history/0/title"),
        (record(BIOLOGY | {"mark": "A\x1b[2J"}), "/record/course_history/0/mark"),
        (record(course_grades=[BIOLOGY | {"section": "\u202e1"}]), "/record/course_grades/0/section"),
        (record(BIOLOGY) | {"student": documents.student() | {"ssid": None}}, "/student/ssid"),
    ],
)
def test_what_cannot_be_made_is_refused_at_its_place(document: dict[str, Any], place: str) -> None:
    assert unfit(document) == place
