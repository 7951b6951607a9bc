"""A record made into a transcript, the student's request, and XML read as a packet."""

import copy
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core.errors import OperatorError, Refused
from broker.core.model import LeaId
from broker.edge.schemas.contracts import Contracts
from broker.edge.settings import resources
from broker.edge.settings.file import parse
from broker.edge.settings.rules import TheState
from broker.edge.settings.values import Limits, SettingsError
from broker.formats import canonical, pesc, reading
from broker.formats.transcript import request
from broker.formats.transcript.record import Facts, Made, from_record
from broker.formats.transcript.school_facts import facts_of
from tests.support import documents, transcripts
from tests.support.scale import examples
from tests.unit.formats import test_pesc as pesc_tests
from tests.unit.formats import test_pesc_acknowledgement as acknowledgements

CONTRACTS = Contracts(resources.folder("schemas"))
ASKED = {"by": "parent", "on": "2026-11-20"}
HEADER = {"id": "018f2c6e-7d5b-7c3a-9b1e-2f4a6c8e0d12", "to": "uofu", "created": documents.CREATED, "request": ASKED}
FACTS = Facts(terms={"S1": 1, "S2": 6})
BIOLOGY = {"school_year": 2026, "term": "S1", "title": "Biology", "course_code": "3010", "credits_earned": 0.5}


def record(*history: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """A `student-record.v1` with this course history, and these further parts."""
    return documents.record(record={"course_history": list(history), **parts})


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


def read(content: bytes | dict[str, Any], lea: str = "01") -> dict[str, Any]:
    """The document as a packet of this LEA."""
    whole = content if isinstance(content, bytes) else canonical.serialise(content)
    return dict(reading.read(whole, "a", LeaId(lea), Limits(), CONTRACTS))


def refused(content: bytes | dict[str, Any]) -> tuple[str, str]:
    """Code and place of the refusal."""
    with pytest.raises(Refused) as caught:
        read(content)
    return caught.value.code, caught.value.pointer


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


def test_200_records_lose_no_course_credit_or_mark() -> None:
    for document in transcripts.records(200, 5):
        lines = [*document["record"]["course_history"], *document["record"]["course_grades"]]
        found = from_record(document, HEADER, FACTS).document
        shown = {
            one["code"]: one
            for part in found["transcript"]["academic_records"][0]["sessions"]
            for one in part["courses"]
        }
        assert len(shown) == len(lines)
        for line in lines:
            one = shown[line["course_code"]]
            assert one.get("credits_earned") == line.get("credits_earned")
            assert one.get("credits_attempted") == line.get("credits_attempted")
            notes = " ".join(one.get("notes", ()))
            assert line["mark"] in (one.get("grade"), one.get("narrative")) or f'"{line["mark"]}"' in notes


SIGNS = st.one_of(st.characters(exclude_categories=["Cc", "Cs"]), st.sampled_from("\t\n <&\"']]>\ufffe\u202e\x1b"))
LABELS = st.one_of(st.text(st.characters(categories=["L", "N", "P"]), max_size=64), st.text(SIGNS, max_size=64))
TITLES = st.one_of(st.text("ab <é", min_size=1, max_size=200), st.text(SIGNS, max_size=200))
LINES = st.fixed_dictionaries(
    {"school_year": st.integers(1950, 2199), "title": TITLES},
    optional=dict.fromkeys(("school", "course_code", "term", "mark"), LABELS)
    | {
        "credits_earned": st.integers(0, 1_000_000).map(lambda thousandths: thousandths / 1000),
        "credits_attempted": st.integers(0, 1000),
    },
)
HISTORY = st.fixed_dictionaries(
    {},
    optional={
        "lea": TITLES,
        "grade_level": st.text(max_size=8),
        "status": st.sampled_from(["completed", "withdrawn", "incomplete", "transferred", "in-progress"]),
    },
)
GRADES = st.fixed_dictionaries(
    {},
    optional={"section": LABELS, "teacher": LABELS, "percent": st.floats(0, 200), "as_of": st.just("2026-10-01")},
)


class _Months(dict[str, int]):
    """Knows of every term in which month it ends."""

    def get(self, term: str, _default: Any = None) -> int:
        return len(term) % 12 + 1


@settings(deadline=None, max_examples=examples(150))
@given(
    st.lists(st.builds(dict.__or__, LINES, HISTORY), max_size=4),
    st.lists(st.builds(dict.__or__, LINES, GRADES), max_size=4),
)
def test_whatever_a_record_says_is_written_or_refused_at_its_place(
    history: list[dict[str, Any]], grades: list[dict[str, Any]]
) -> None:
    document = record(*history, course_grades=grades)
    CONTRACTS.check(document, 5)
    found = _made_or_place(document)
    if isinstance(found, str):
        assert found.startswith("/record/course_")
        return
    CONTRACTS.check(found.document, 5)
    back = read(pesc.to_pesc(found.document, state="UT"))["transcript"]["academic_records"][0]["sessions"]
    mine = found.document["transcript"]["academic_records"][0]["sessions"]
    assert [len(one["courses"]) for one in back] == [len(one["courses"]) for one in mine]
    assert credits_of(back) == credits_of(mine)


def _made_or_place(document: dict[str, Any]) -> Made | str:
    try:
        return from_record(document, HEADER, Facts(terms=_Months()))
    except Refused as refused:
        return refused.pointer if refused.code == "pesc-unfit" else refused.code


def credits_of(sessions: list[dict[str, Any]]) -> list[Any]:
    return [course.get("credits_earned") for session in sessions for course in session["courses"]]


# the request


def transcript(**changes: Any) -> dict[str, Any]:
    """A small `transcript.v1`; a change to None takes the part away."""
    whole = pesc_tests.packet(**changes)
    return {name: value for name, value in whole.items() if value is not None}


@pytest.mark.parametrize("by", request.BY)
def test_who_asked_and_when_is_read_from_both_forms(by: str) -> None:
    asked = {"by": by, "on": "2026-11-20"}
    assert read(transcript(request=asked))["request"] == asked
    assert read(pesc.to_pesc(transcript(request=asked), state="UT"))["request"] == asked


def test_the_note_of_a_request_is_only_a_note_on_the_way() -> None:
    document = transcript()
    document["transcript"] |= {"transmission_notes": ["Requested by the parent on 2026-11-01"], "request_id": "17"}
    back = read(pesc.to_pesc(document, state="UT"))
    assert (back["request"], back["transcript"]["request_id"]) == (document["request"], "17")
    assert back["transcript"]["transmission_notes"] == document["transcript"]["transmission_notes"]


def test_of_another_programs_transcript_it_is_known_that_the_student_asked_and_not_when() -> None:
    document = read(pesc.to_pesc(transcript(request={"by": "student"}), state="UT"))
    assert document["request"] == {"by": "student"}


@pytest.mark.parametrize(
    ("asked", "body", "place"),
    [
        (None, {}, "/request"),
        ({"by": "student"}, {}, "/request/on"),
        ({"by": "student", "on": "2026-11-24"}, {}, "/request/on"),
        ({"by": "student", "on": "2026-11-23"}, {"document_type": "InstitutionRequest"}, "/transcript/document_type"),
    ],
)
def test_without_a_request_no_transcript_goes(asked: Any, body: dict[str, Any], place: str) -> None:
    document = transcript(request=asked)
    document["transcript"] |= body
    assert refused(document) == ("no-request", place)


@pytest.mark.parametrize("kind", ["InstitutionRequest", "ThirdPartyRequest", "Application", "Response"])
def test_a_pesc_transcript_that_goes_for_another_reason_is_refused(kind: str) -> None:
    document = copy.deepcopy(transcript())
    document["transcript"]["document_type"] = kind
    assert refused(pesc.to_pesc(document, state="UT")) == ("no-request", "/transcript/document_type")
    bare = pesc.to_pesc(document, state="UT").replace(b"Requested by the student on 2026-11-20", b"Hello")
    assert refused(bare) == ("no-request", "/request")


@pytest.mark.parametrize("asked", [{"by": "university", "on": "2026-11-20"}, {"on": "2026-11-20"}, "student", {}])
def test_a_request_of_another_form_is_refused_by_the_schema(asked: Any) -> None:
    assert refused(transcript(request=asked))[0] == "schema"


@pytest.mark.parametrize("ssid", [None, "", "123456789"])
def test_a_transcript_shows_the_ssid(ssid: str | None) -> None:
    assert refused(transcript(student=documents.student() | {"ssid": ssid})) == ("schema", "/student/ssid")
    without = {name: part for name, part in documents.student().items() if name != "ssid"}
    assert refused(transcript(student=without)) == ("schema", "/student")


# XML as a packet


@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b" \n"])
def test_xml_is_told_by_its_first_sign(before: bytes) -> None:
    written = pesc.to_pesc(transcript(), state="UT")
    content = before + (written if before != b" \n" else written[written.index(b"?>") + 2 :].lstrip())
    assert read(content)["packet"] == "transcript.v1"


def test_a_time_without_an_offset_is_of_the_state() -> None:
    written = pesc.to_pesc(transcript(), state="UT").replace(b"2026-11-23T10:00:00-07:00", b"2026-11-23T10:00:00")
    assert read(written)["created"] == "2026-11-23T10:00:00-07:00"
    elsewhere = ZoneInfo("America/New_York")
    assert reading.read(written, "a", LeaId("01"), Limits(), CONTRACTS, zone=elsewhere)["created"][-6:] == "-05:00"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"<html></html>", "not-pesc"),
        (b"<", "not-xml"),
        (b"<!DOCTYPE a><a/>", "xml-unsafe"),
        (b"<a>\xff</a>", "not-utf8"),
        (acknowledgements.transcript(person="<SSN>123456789</SSN>"), "has-ssn"),
        (acknowledgements.functional().replace(b"TransmissionData>", b"T>"), "not-pesc"),
        (acknowledgements.functional().replace(b"2026-11-24T08:00:00", b"then"), "not-pesc"),
        (acknowledgements.functional(document="x" * 40), "schema"),
    ],
)
def test_other_xml_is_refused(content: bytes, code: str) -> None:
    assert refused(content)[0] == code


def test_an_acknowledgment_of_a_university_is_a_packet() -> None:
    accepted = read(acknowledgements.functional(), "uofu")
    assert accepted == {
        "packet": "acknowledgement.v1",
        "id": accepted["id"],
        "from": "uofu",
        "created": "2026-11-24T08:00:00-07:00",
        "documents": [acknowledgements.DOCUMENT],
        "status": "received",
    }
    counted = read(acknowledgements.transcript(), "uofu")
    assert (counted["courses"], counted["status"], counted["documents"]) == (24, "received", ["ACK-17"])
    assert read(acknowledgements.functional(), "uofu")["id"] == accepted["id"]
    assert read(acknowledgements.functional() + b"\n", "uofu")["id"] != accepted["id"]


def test_a_university_that_does_not_use_our_ids_is_known_by_its_folder() -> None:
    other = b"<MutuallyDefined>uofu</MutuallyDefined>"
    assert read(acknowledgements.functional().replace(other, b"<IPEDS>230764</IPEDS>"), "weber")["from"] == "weber"
    assert read(acknowledgements.functional(), "weber")["from"] == "uofu"  # and then refused: it is not the folder's


@pytest.mark.parametrize(
    ("rest", "code"),
    [
        ("", "other"),
        (acknowledgements.FAULT, "cannot-read"),
        (acknowledgements.FAULT.replace("FatalError", "Warning"), "other"),
    ],
)
def test_why_a_university_cannot_use_it(rest: str, code: str) -> None:
    document = read(acknowledgements.functional("Rejected", rest), "uofu")
    assert (document["status"], document["code"]) == ("rejected", code)
    assert "Reyes" not in str(document)


@pytest.mark.parametrize(
    ("on", "is_good"),
    [("2026-11-21", False), ("2026-11-20", True), ("2026-11-19", True), ("2025-10-15", True), ("2025-10-14", False)],
)
def test_a_request_is_as_old_as_the_state_counts_and_may_be_dated_in_utc(on: str, is_good: bool) -> None:
    evening = datetime(2026, 11, 20, 2, 30, tzinfo=UTC)  # the 19th in Denver
    document = {"request": {"by": "student", "on": on}}
    with nullcontext() if is_good else pytest.raises(Refused):
        request.check_day(document, evening, TheState().time, 400)


@pytest.mark.parametrize("state", ["Utah", "ut", ""])
def test_a_state_is_two_capital_letters(state: str) -> None:
    with pytest.raises(SettingsError, match="state must be"):
        parse(Path("/home"), f'[identity]\nstate = "{state}"\n')


@pytest.mark.parametrize("zone", ["Mountain", "../etc/passwd", ""])
def test_a_zone_is_one_that_is_known(zone: str) -> None:
    with pytest.raises(SettingsError, match="zone must be"):
        parse(Path("/home"), f'[state]\nzone = "{zone}"\n')


def test_the_old_name_of_the_zone_is_read() -> None:
    old, new = '[identity]\nzone = "America/Boise"\n', '[state]\nzone = "America/Boise"\n'
    assert [parse(Path("/home"), text).state.zone for text in (old, new, old + new)] == ["America/Boise"] * 3
    with pytest.raises(SettingsError, match=r"identity\.zone is the old name of state\.zone, .* delete identity\.zone"):
        parse(Path("/home"), old + new.replace("Boise", "Denver"))
    with pytest.raises(SettingsError, match=r"state\.zone must be the name of a time zone"):
        parse(Path("/home"), old.replace("Boise", "Nowhere"))
    with pytest.raises(SettingsError, match="state must be a table"):
        parse(Path("/home"), "state = 1\n" + old)
