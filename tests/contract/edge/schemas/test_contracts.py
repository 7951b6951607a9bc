"""The gate: what it lets through, and the words of its refusals."""

import copy
from typing import Any

import pytest

from broker.core.errors import Refused
from broker.core.model import PacketType
from broker.edge.schemas.contracts import BASE, Contracts, load
from broker.edge.schemas.explain import Explainer
from broker.edge.settings import resources
from tests.support import documents
from tests.support.documents import at, paths

FOLDER = resources.folder("schemas")
SCHEMAS = load(FOLDER)
CONTRACTS = Contracts(FOLDER)
TYPES = ("acknowledgement.v1", "enrollment.v1", "student-record.v1")
SAMPLES = {name: documents.sample(SCHEMAS, f"{BASE}{name}.schema.json") for name in TYPES}
CANARY = "Xq7Zebra"


def checked(document: dict[str, Any], most: int) -> Refused | None:
    try:
        CONTRACTS.check(document, most)
    except Refused as refused:
        return refused
    return None


def refusal(document: dict[str, Any], most: int = 20) -> Refused:
    refused = checked(document, most)
    assert refused is not None
    return refused


def lines(document: dict[str, Any], most: int = 20) -> list[str]:
    refused = refusal(document, most)
    assert refused.code == "schema"
    return refused.hint.split("\n")


def test_the_documents_of_the_tests_are_valid() -> None:
    assert CONTRACTS.check(documents.record(150), 5) == (PacketType.STUDENT_RECORD, 1)
    assert CONTRACTS.check(documents.enrollment(3), 5) == (PacketType.ENROLLMENT, 1)
    assert CONTRACTS.check(documents.acknowledgement(), 5) == (PacketType.ACKNOWLEDGEMENT, 1)


@pytest.mark.parametrize(
    "packet", [None, 1, True, [], {}, "", "student-record", "student-record.v2", "student-record.v01", "student.v1"]
)
def test_an_unknown_type_is_refused_at_packet(packet: object) -> None:
    refused = refusal(documents.record(packet=packet))
    assert (refused.code, refused.pointer) == ("unknown-type", "/packet")
    assert "student-record.v1" in refused.hint


@pytest.mark.parametrize("packet", ["common.v1", "record.v1", "ssid.v1", CANARY])
def test_a_shared_part_or_a_type_without_schema_is_no_packet(packet: str) -> None:
    assert refusal(documents.record(packet=packet)).code == "unknown-type"
    assert CANARY not in str(refusal(documents.record(packet=packet)))


def test_a_document_without_packet_is_refused_at_packet() -> None:
    assert refusal({}).pointer == "/packet"


def test_an_attachment_of_100_mb_is_valid_and_a_fault_in_it_is_not_shown() -> None:
    attachment = {"name": "plan.pdf", "media_type": "application/pdf", "content": "A" * (100 << 20)}
    document = documents.record(record={"attachments": [attachment]})
    CONTRACTS.check(document, 5)
    attachment["content"] = CANARY + "=" * 3
    assert refusal(document).pointer == "/record/attachments/0/content"
    assert CANARY not in str(refusal(document))


def test_the_settings_move_two_bounds() -> None:
    contracts = Contracts(FOLDER, ssid_digits=8, students=2)
    document = documents.enrollment(entries=2)
    for entry in document["students"]:
        entry["student"]["ssid"] = "10000019"
    assert contracts.check(document, 5) == (PacketType.ENROLLMENT, 1)
    with pytest.raises(Refused, match="must be 8 digits"):
        contracts.check(documents.record(), 5)
    requests = [{"request": "new", "student": entry["student"]} for entry in document["students"]]
    for many in (document | {"students": document["students"][:1] * 3}, documents.ssid_request(*requests, requests[0])):
        with pytest.raises(Refused, match="/students: must have at most 2"):
            contracts.check(many, 5)


@pytest.mark.parametrize("name", ["ssn", "SSN", "social_security_number", "socialSecurityNumber"])
def test_a_social_security_number_is_refused_wherever_it_is_put(name: str) -> None:
    for kind in TYPES:
        for path in paths(SAMPLES[kind]):
            document = copy.deepcopy(SAMPLES[kind])
            place = at(document, path)
            if isinstance(place, dict):
                place[name] = "123-45-6789"
                assert refusal(document).code == "schema"


@pytest.mark.parametrize("field", ["ssid", "local_id", "phone"])
def test_a_social_security_number_is_refused_as_another_number(field: str) -> None:
    document = documents.record()
    document["student"][field] = "123-45-6789"
    assert refusal(document).pointer == f"/student/{field}"
    assert "123" not in str(refusal(document))


# the explainer's words


def test_each_fault_is_named_with_its_place() -> None:
    document = documents.enrollment(5)
    document["students"][0]["event"] = "moved"
    document["students"][1]["date"] = "20/08/2026"
    del document["students"][2]["school"]
    del document["students"][2]["event"]
    document["students"][3]["student"]["birth_date"] = "2012-02-30"
    document["students"][4]["student"][CANARY] = CANARY
    document["created"] = "yesterday"
    found = lines(document)
    assert sorted(found[1:]) == [
        "/students/0/event: must be one of entry, exit",
        "/students/1/date: must be a date, such as 2012-03-04",
        "/students/2: must have school, event",
        "/students/3/student/birth_date: must be a date, such as 2012-03-04",
        "/students/4/student: property number 11 is not known here; known are ssid, local_id, legal_name, aliases, "
        "birth_date, gender, birth_order, guardians, phone, address",
    ]
    assert found[0] == "/created: must be a date and time with an offset, such as 2026-11-23T10:00:00-07:00"
    assert refusal(document).pointer == "/created"


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"student": []}, "/student: must be an object"),
        ({"record": None}, "/record: must be an object"),
        ({"record": {"course_history": {}}}, "/record/course_history: must be a list"),
        ({"record": {"special_education": {"status": True}}}, "/record/special_education/status: must be one of "),
        ({"school_year": "2027"}, "/school_year: must be the year in which the school year ends, such as 2027"),
        ({"school_year": 27}, "/school_year: must be the year in which the school year ends, such as 2027"),
        ({"id": "1"}, "/id: must be a UUID"),
        ({"from": "../01"}, "/from: must be an id from your directory folder"),
        ({"to": None}, "/to: must be an id from your directory folder"),
        ({"x": 1, "y": 2}, "/: properties number 9, 10 are not known here; known are packet, id, from, to, created"),
    ],
)
def test_each_kind_of_fault_has_words(change: dict[str, Any], line: str) -> None:
    (found,) = lines(documents.record() | change)
    assert found.startswith(line)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"legal_name": {"first": "A"}}, "/student/legal_name: must have last"),
        ({"legal_name": {"first": "A", "last": ""}}, "/student/legal_name/last: must not be empty"),
        ({"legal_name": {"first": "A", "last": "  "}}, "/student/legal_name/last: must not be empty"),
        ({"legal_name": {"first": "A\u0000", "last": "B"}}, "/student/legal_name/first: must be one line of text"),
        ({"legal_name": {"first": "A\u202e", "last": "B"}}, "/student/legal_name/first: must be one line of text"),
        ({"legal_name": {"first": "A", "last": "B\n"}}, "/student/legal_name/last: must be one line of text"),
        ({"ssid": 1000000019}, "/student/ssid: must be ten digits as text"),
        ({"ssid": ""}, "/student/ssid: must be ten digits as text"),
        ({"ssid": "1000000019\n"}, "/student/ssid: must be ten digits as text"),
        ({"ssid": "１０００００００１９"}, "/student/ssid: must be ten digits as text"),
        ({"birth_order": 0}, "/student/birth_order: must be a whole number from 1 to 20, or null"),
        ({"birth_order": 1.5}, "/student/birth_order: must be a whole number from 1 to 20, or null"),
        ({"gender": "♀"}, "/student/gender: must be a code such as F, M, X or U"),
        ({"birth_date": "1899-12-31"}, "/student/birth_date: must be a date, such as 2012-03-04"),
        ({"aliases": [{"first": "A", "last": "B"}] * 17}, "/student/aliases: must have at most 16 in its list"),
    ],
)
def test_each_fault_of_a_student_has_words(change: dict[str, Any], line: str) -> None:
    (found,) = lines(documents.record(student=documents.student() | change))
    assert found.startswith(line)


def test_at_most_so_many_places_are_named() -> None:
    document = documents.enrollment(30)
    for entry in document["students"]:
        entry["date"] = CANARY
    found = lines(document, 7)
    assert len(found) == 8
    assert found[6].startswith("/students/6/date")
    assert found[7] == "There are more; mend these first."
    assert "more" not in lines(document, 30)[-1]


def test_a_gate_that_says_no_without_a_reason_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Explainer, "places", lambda _self, _document: iter(()))
    with pytest.raises(AssertionError, match="disagree"):
        CONTRACTS.check(documents.record(id=CANARY), 5)


@pytest.mark.parametrize("name", TYPES)
def test_no_value_and_no_unknown_name_of_a_document_is_shown(name: str) -> None:
    for path in list(paths(SAMPLES[name]))[1:]:
        if path == ("packet",):
            continue
        for value in (CANARY, f"{CANARY}\n", {CANARY: CANARY}, [CANARY], 987654321987, [{CANARY: 987654321987}]):
            document = copy.deepcopy(SAMPLES[name])
            at(document, path[:-1])[path[-1]] = value
            refused = checked(document, 20)
            if refused is not None:
                shown = f"{refused!r} {refused.pointer} {refused.sentence}"
                assert CANARY not in shown
                assert "987654321987" not in shown
                assert refused.__cause__ is None
                assert refused.__context__ is None
