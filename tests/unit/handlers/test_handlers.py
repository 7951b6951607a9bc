"""What each packet type declares, and how its body is read."""

import uuid
from datetime import date, datetime, timedelta, timezone

import pytest

from broker.core.model import Name, PacketType, PartyKind, Ssid, Student
from broker.edge.settings.rules import TheState
from broker.formats.documents import to_document, to_student
from handlers import acknowledgement, enrollment, ssid_request, student_record
from handlers.enrollment import Event
from handlers.line_facts import NOTHING, Facts
from handlers.registry import HANDLERS
from handlers.ssid_request import Kind, Request
from tests.support import documents

ANA = Student(
    legal_name=Name(first="Ana", middle="Lucía", last="Reyes-Ortiz"),
    birth_date=date(2012, 3, 4),
    ssid=Ssid("1000000019"),
    local_id="445566",
    gender="F",
    birth_order=1,
    guardians=(Name(first="Marta", last="Ortiz"),),
)

ENDING_HERE = {
    PacketType.ENROLLMENT,
    PacketType.SSID_REQUEST,
    PacketType.REVIEW_ANSWER,
    PacketType.RECALL,
    PacketType.ACKNOWLEDGEMENT,
    PacketType.RECORD_REQUEST,
    PacketType.KEY_ROTATION,
}
TRAVELLING = {PacketType.STUDENT_RECORD, PacketType.TRANSCRIPT, PacketType.BACKPACK}


def test_the_table_is_closed() -> None:
    assert set(HANDLERS) == ENDING_HERE | TRAVELLING
    assert all(handler.type is kind for kind, handler in HANDLERS.items())
    assert not hasattr(HANDLERS, "__setitem__")


def test_there_is_no_federal_kind_and_no_route_to_one() -> None:
    assert {kind.value for kind in PartyKind} == {"district", "charter", "state", "higher-ed"}
    for handler in HANDLERS.values():
        for kind in handler.senders | handler.receivers:
            assert kind in PartyKind
            assert "federal" not in kind.value


def test_only_leas_write_about_students() -> None:
    leas = {PartyKind.DISTRICT, PartyKind.CHARTER}
    assert HANDLERS[PacketType.STUDENT_RECORD].senders == leas
    assert HANDLERS[PacketType.STUDENT_RECORD].receivers == leas
    assert HANDLERS[PacketType.TRANSCRIPT].senders == leas
    assert HANDLERS[PacketType.TRANSCRIPT].receivers == {PartyKind.HIGHER_ED}
    assert HANDLERS[PacketType.ENROLLMENT].senders == HANDLERS[PacketType.SSID_REQUEST].senders == leas
    assert HANDLERS[PacketType.BACKPACK].senders == HANDLERS[PacketType.RECORD_REQUEST].senders == leas
    assert HANDLERS[PacketType.RECALL].senders == leas
    assert HANDLERS[PacketType.ACKNOWLEDGEMENT].senders == set(PartyKind)
    assert HANDLERS[PacketType.KEY_ROTATION].senders == set(PartyKind)
    assert HANDLERS[PacketType.KEY_ROTATION].receivers == set()


def test_what_travels_and_what_ends_here() -> None:
    assert {kind for kind, handler in HANDLERS.items() if handler.ends_here} == ENDING_HERE
    assert {kind for kind, handler in HANDLERS.items() if handler.needs_student} == TRAVELLING
    assert {kind for kind, handler in HANDLERS.items() if handler.is_kept} == {PacketType.BACKPACK}


def test_only_a_transcript_does_not_follow_the_student() -> None:
    """It goes where the student asks; whatever else is about a student, to where the student is."""
    assert {kind for kind, handler in HANDLERS.items() if not handler.follows_student} == {PacketType.TRANSCRIPT}


def test_the_header() -> None:
    body = documents.record(id="018F2C6E-7D5B-7C3A-9B1E-2F4A6C8E0D12")
    header = to_document(body)
    assert (header.type, header.version) == (PacketType.STUDENT_RECORD, 1)
    assert header.id == "018f2c6e-7d5b-7c3a-9b1e-2f4a6c8e0d12"
    assert (header.sender, header.receiver) == ("01", "6G")
    assert header.created == datetime(2026, 11, 23, 10, tzinfo=timezone(timedelta(hours=-7)))
    assert header.body is body
    del body["to"]
    assert to_document(body).receiver is None


@pytest.mark.parametrize("created", ["2026-11-23T17:00:00Z", "2026-11-23T10:00:00.123456789-07:00"])
def test_created_has_an_offset(created: str) -> None:
    assert to_document(documents.record(created=created)).created.utcoffset() is not None


def test_the_student_of_a_record() -> None:
    assert student_record.student_of(documents.record()) == ANA


def test_a_student_without_optional_parts() -> None:
    block = {
        "legal_name": {"first": "", "last": "Prince"},
        "birth_date": "2012-03-04",
        "ssid": None,
        "birth_order": None,
    }
    assert to_student(block) == Student(legal_name=Name(first="", last="Prince"), birth_date=date(2012, 3, 4))


def test_a_student_with_aliases_and_a_birth_order_written_as_a_float() -> None:
    block = documents.student() | {"aliases": [{"first": "Annie", "last": "Reyes", "suffix": "II"}], "birth_order": 2.0}
    student = to_student(block)
    assert student.aliases == (Name(first="Annie", last="Reyes", suffix="II"),)
    assert repr(student.birth_order) == "2"


def test_the_entries_of_an_enrollment() -> None:
    body = documents.enrollment(entries=2)
    del body["students"][1]["code"]
    body["students"][1] |= {"event": "exit", "grade": "KG", "programme": "year-round"}
    first, second = enrollment.entries(body)
    assert first.student == ANA
    assert (first.school, first.event, first.date, first.code) == ("704", Event.ENTRY, date(2026, 8, 20), "11")
    assert (second.event, second.code) == (Event.EXIT, "")
    assert (first.grade, first.programme, second.grade, second.programme) == ("", "", "KG", "year-round")
    assert (first.pointer, second.pointer) == ("/students/0", "/students/1")
    assert (first.facts, second.facts) == (NOTHING, NOTHING)
    body["students"][1] |= {"military": True, "dual": False, "day_part": 0.3333, "opt_outs": []}
    assert enrollment.entries(body)[1].facts == Facts(dual=False, military=True, day_part="1/3", opt_outs=())


def test_the_lines_of_an_ssid_request() -> None:
    body = documents.ssid_request(
        {"request": "new", "student": documents.student(), "school": "704"},
        {"request": "verify", "student": documents.student() | {"ssid": None}, "school_year": 2026},
        {"request": "retrieve", "student": documents.student(), "date": "2026-08-20", "exit_date": "2026-09-01"},
    )
    first, second, third = ssid_request.requests(body, TheState().time)
    assert isinstance(first, Request)
    assert isinstance(second, Request)
    assert isinstance(third, Request)
    assert (first.line, first.kind, first.student, first.school, first.form) == (0, Kind.NEW, ANA, "704", "")
    assert (first.entry, first.exit, first.school_year) == (date(2026, 11, 23), None, 2027)  # as the document says
    assert (second.line, second.school_year) == (1, 2026)
    assert (third.entry, third.exit) == (date(2026, 8, 20), date(2026, 9, 1))
    assert [ssid_request.lack(one) for one in (first, second, third)] == ["", "ssid", "school"]
    assert ssid_request.form_of(body) == ""


def test_no_repr_shows_a_student() -> None:
    (entry,) = enrollment.entries(documents.enrollment())
    shown = f"{entry!r} {entry.student!r} {to_document(documents.record())!r}"
    assert "Reyes" not in shown
    assert "2012" not in shown


def test_an_acknowledgement() -> None:
    tracking = str(uuid.uuid4())
    body = documents.acknowledgement(tracking=tracking.upper())
    assert acknowledgement.tracking_of(body) == tracking
    assert not acknowledgement.is_rejection(body)
    assert acknowledgement.code_of(body) == ""
    body |= {"status": "rejected", "code": "wrong-school"}
    assert acknowledgement.is_rejection(body)
    assert acknowledgement.code_of(body) == "wrong-school"
