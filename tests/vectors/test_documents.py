"""Documents as bytes, each with its expected outcome: accepted as a type, or a refusal's code and place."""

import json
from typing import Any, NamedTuple

import pytest

from broker.core.errors import Refused
from broker.edge.schemas.contracts import Contracts
from broker.edge.settings.resources import folder
from broker.formats.canonical import parse
from broker.formats.documents import to_document
from tests.support import documents

CONTRACTS = Contracts(folder("schemas"))

# DESIGN section 4, with a whole UUID for its id.
EXAMPLE = """
{ "packet": "student-record.v1", "id": "018f2c6e-7d5b-7c3a-9b1e-2f4a6c8e0d12", "from": "01", "to": "6G",
  "created": "2026-11-23T10:00:00-07:00", "school_year": 2027,
  "student": { "ssid": "1000000019", "local_id": "445566",
               "legal_name": {"first": "Ana", "middle": "Lucía", "last": "Reyes-Ortiz", "suffix": ""}, "aliases": [],
               "birth_date": "2012-03-04", "gender": "F", "birth_order": 1,
               "guardians": [{"first": "Marta", "last": "Ortiz"}], "phone": "",
               "address": {"street": "", "city": "", "postal_code": ""} },
  "record": { } }
"""


class Vector(NamedTuple):
    """`outcome` is a packet type or a refusal's code. A JSON fault has its line only: columns are the parser's."""

    name: str
    content: bytes
    outcome: str
    pointer: str = ""


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def _without(name: str) -> bytes:
    document = documents.record()
    del document[name]
    return _json(document)


def _student(**changes: Any) -> bytes:
    return _json(documents.record(student=documents.student() | changes))


def _record(**parts: Any) -> bytes:
    return _json(documents.record(record=parts))


def _line(**changes: Any) -> bytes:
    document = documents.enrollment(2)
    document["students"][1] |= changes
    return _json(document)


def _requests(*lines: dict[str, Any]) -> bytes:
    return _json(documents.ssid_request(*({"student": documents.student()} | line for line in lines)))


KINDS = ("new", "retrieve", "update", "verify")
WHOLE_REQUEST = {
    **{"request": "new", "school": "704", "school_year": 2027, "date": "2026-08-17", "exit_date": "2027-06-04"},
    **{"code": "11", "exit_code": "GE", "grade": "12", "programme": "special-schedule"},
    **{"military": True, "dual": False, "day_part": 0.5, "opt_outs": ["higher-education-data"]},
}
ATTACHMENT = {"name": "iep.pdf", "media_type": "application/pdf", "content": "JVBERi0xLjcK"}

VECTORS = [
    Vector("the example of the design", EXAMPLE.encode(), "student-record"),
    Vector("a record of 150 courses", _json(documents.record(150)), "student-record"),
    Vector("a record without a receiver", _without("to"), "student-record"),
    Vector("a record without a school year", _without("school_year"), "student-record"),
    Vector("a student without an ssid yet", _student(ssid=None), "student-record"),
    Vector("an ssid with a wrong check digit is a claim to be checked", _student(ssid="1000000018"), "student-record"),
    Vector("a person with one name", _student(legal_name={"first": "", "last": "Suharto"}), "student-record"),
    Vector(
        "an id in capital letters", _json(documents.record(id="018F2C6E-7D5B-7C3A-9B1E-2F4A6C8E0D12")), "student-record"
    ),
    Vector("a time in UTC", _json(documents.record(created="2026-11-23T17:00:00.5Z")), "student-record"),
    Vector("an attachment", _record(attachments=[ATTACHMENT]), "student-record"),
    Vector("an empty attachment", _record(attachments=[ATTACHMENT | {"content": ""}]), "student-record"),
    Vector("an enrollment", _json(documents.enrollment(3)), "enrollment"),
    Vector("an entry without a code", _json(documents.enrollment()).replace(b', "code": "11"', b""), "enrollment"),
    Vector("an acknowledgement", _json(documents.acknowledgement()), "acknowledgement"),
    Vector("a rejection", _json(documents.acknowledgement(status="rejected", code="wrong-school")), "acknowledgement"),
    # the bytes
    Vector("nothing", b"", "not-json", "line 1"),
    Vector("a byte order mark", b"\xef\xbb\xbf" + EXAMPLE.encode(), "not-utf8", "line 1 column 1"),
    Vector("UTF-16", EXAMPLE.encode("utf-16"), "not-utf8", "line 1 column 1"),
    Vector("Latin-1", EXAMPLE.encode("latin-1"), "not-utf8", "line 5 column 61"),
    Vector("a comma too many", EXAMPLE.replace("{ } }", "{ }, }").encode(), "not-json", "line 9"),
    Vector("cut off", EXAMPLE[:-30].encode(), "not-json", "line 8"),
    Vector("a PDF", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "not-utf8", "line 2 column 2"),
    Vector("a list of documents", b"[" + EXAMPLE.encode() + b"]", "not-json", "line 1"),
    Vector("two documents", EXAMPLE.encode() * 2, "not-json", "line 11"),
    Vector("from twice", EXAMPLE.replace('"to": "6G"', '"from": "6G"').encode(), "duplicate-key", "line 2 column 94"),
    Vector(
        "ssid twice, once escaped",
        EXAMPLE.replace('"local_id"', '"ss\\u0069d"').encode(),
        "duplicate-key",
        "line 4 column 38",
    ),
    Vector(
        "40 levels", EXAMPLE.replace("{ } }", '{"a":' * 40 + "1" + "}" * 41).encode(), "too-deep", "line 9 column 168"
    ),
    Vector("100,000 open lists", b"[" * 100_000, "too-deep", "line 1 column 33"),
    Vector("NaN", EXAMPLE.replace("2027", "NaN").encode(), "not-json", "line 3"),
    Vector("half a surrogate", EXAMPLE.replace("Ana", "A\\ud800").encode(), "not-json", "line 5"),
    # the type
    Vector("no packet", _without("packet"), "unknown-type", "/packet"),
    Vector("an unknown packet", _json(documents.record(packet="report-card.v1")), "unknown-type", "/packet"),
    Vector("an unknown version", _json(documents.record(packet="student-record.v9")), "unknown-type", "/packet"),
    Vector("the exchange's own notice", _json(documents.record(packet="ssid.v1")), "unknown-type", "/packet"),
    Vector("a shared part", _json(documents.record(packet="student.v1")), "unknown-type", "/packet"),
    # the header
    Vector("no id", _without("id"), "schema", ""),
    Vector("no student", _without("student"), "schema", ""),
    Vector("a number for an id", _json(documents.record(id=7)), "schema", "/id"),
    Vector("an id without dashes", _json(documents.record(id="018f2c6e7d5b7c3a9b1e2f4a6c8e0d12")), "schema", "/id"),
    Vector("a path for a sender", _json(documents.record() | {"from": "../6G"}), "schema", "/from"),
    Vector("an empty receiver", _json(documents.record(to="")), "schema", "/to"),
    Vector("a time without offset", _json(documents.record(created="2026-11-23T10:00:00")), "schema", "/created"),
    Vector("a time that does not exist", _json(documents.record(created="2026-02-30T10:00:00Z")), "schema", "/created"),
    Vector("a leap second", _json(documents.record(created="2026-06-30T23:59:60Z")), "schema", "/created"),
    Vector("a school year as text", _json(documents.record(school_year="2026-27")), "schema", "/school_year"),
    Vector("an unknown property", _json(documents.record(note="x")), "schema", ""),
    # the student
    Vector("a social security number", _student(ssn="123-45-6789"), "schema", "/student"),
    Vector("a social security number as local id", _student(local_id="123-45-6789"), "schema", "/student/local_id"),
    Vector("an ssid as a number", _student(ssid=1000000019), "schema", "/student/ssid"),
    Vector("an ssid that lost its first zero", _student(ssid="100000019"), "schema", "/student/ssid"),
    Vector("a name in one text", _student(legal_name="Ana Reyes"), "schema", "/student/legal_name"),
    Vector("no last name", _student(legal_name={"first": "Ana", "last": ""}), "schema", "/student/legal_name/last"),
    Vector("an American date", _student(birth_date="03/04/2012"), "schema", "/student/birth_date"),
    Vector("the 30th of February", _student(birth_date="2012-02-30"), "schema", "/student/birth_date"),
    Vector("a date and time of birth", _student(birth_date="2012-03-04T00:00:00Z"), "schema", "/student/birth_date"),
    Vector("a name that turns the writing direction", _student(gender="\u202e"), "schema", "/student/gender"),
    Vector("too many aliases", _student(aliases=[{"first": "A", "last": "B"}] * 17), "schema", "/student/aliases"),
    # the record
    Vector("an unknown part", _record(biometrics={}), "schema", "/record"),
    Vector(
        "a course without title", _record(course_history=[{"school_year": 2026}]), "schema", "/record/course_history/0"
    ),
    Vector(
        "an attachment in a folder",
        _record(attachments=[ATTACHMENT | {"name": "../a"}]),
        "schema",
        "/record/attachments/0/name",
    ),
    Vector(
        "an attachment that is not base64",
        _record(attachments=[ATTACHMENT | {"content": "a b"}]),
        "schema",
        "/record/attachments/0/content",
    ),
    Vector(
        "too many courses",
        _record(course_grades=[{"school_year": 2026, "title": "A"}] * 2001),
        "schema",
        "/record/course_grades",
    ),
    # the lines of an enrollment
    Vector("no students", _json(documents.enrollment(students=[])), "schema", "/students"),
    Vector("an unknown event", _line(event="transfer"), "schema", "/students/1/event"),
    Vector("no date", _line(date=None), "schema", "/students/1/date"),
    Vector(
        "a twin born third of thirty",
        _line(student=documents.student() | {"birth_order": 30}),
        "schema",
        "/students/1/student/birth_order",
    ),
    Vector("a grade and a schedule", _line(grade="KG", programme="year-round"), "enrollment"),
    Vector("half of each day beside another LEA", _line(dual=True, day_part=0.5, opt_outs=[]), "enrollment"),
    Vector("a part of a day as a text", _line(day_part="1/2"), "schema", "/students/1/day_part"),
    Vector("more than the whole day", _line(day_part=1.5), "schema", "/students/1/day_part"),
    Vector("an opt-out that nobody knows", _line(opt_outs=["everything"]), "schema", "/students/1/opt_outs/0"),
    Vector("a schedule that nobody knows", _line(programme="evenings"), "schema", "/students/1/programme"),
    # the lines of an SSID request
    Vector("the four requests", _requests(*({"request": kind} for kind in KINDS)), "ssid-request"),
    Vector("all that a request may say", _requests(WHOLE_REQUEST), "ssid-request"),
    Vector("no requests", _requests(), "schema", "/students"),
    Vector("an unknown request", _requests({"request": "delete"}), "schema", "/students/0/request"),
    Vector("a request for nobody", _requests({"request": "new", "student": None}), "schema", "/students/0/student"),
    Vector("an empty school", _requests({"request": "new", "school": ""}), "schema", "/students/0/school"),
    Vector("what only a CSV has", _json(json.loads(_requests({"request": "new"})) | {"sheet": {}}), "schema", ""),
    # the acknowledgement
    Vector(
        "a file name for a tracking id",
        _json(documents.acknowledgement(tracking="a.student-record.pgp")),
        "schema",
        "/tracking",
    ),
    Vector("free text", _json(documents.acknowledgement(code="Ana is not ours")), "schema", "/code"),
]


def outcome_of(content: bytes) -> tuple[str, str]:
    try:
        document = parse(content, 32)
        kind, version = CONTRACTS.check(document, 20)
    except Refused as refused:
        return refused.code, refused.pointer
    header = to_document(document)
    assert (header.type, header.version) == (kind, version)
    return kind, ""


@pytest.mark.parametrize("vector", VECTORS, ids=[vector.name for vector in VECTORS])
def test_vector(vector: Vector) -> None:
    outcome, pointer = outcome_of(vector.content)
    assert outcome == vector.outcome
    assert pointer == vector.pointer or (outcome == "not-json" and pointer.startswith(f"{vector.pointer} column"))


def test_names_are_single() -> None:
    assert len({vector.name for vector in VECTORS}) == len(VECTORS)
