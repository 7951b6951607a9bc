"""PESC transcripts written and read again: the student, the sender and the receiver. The standard's own XSD is asked in
vectors."""

import copy
import uuid
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core.errors import Refused
from broker.edge import xml
from broker.edge.schemas.contracts import load
from broker.formats.pesc import fields, from_pesc, to_pesc, uuid_of
from broker.formats.pesc.form import Either, Fields, Leaf, Node, OneOf
from broker.formats.pesc.parties import ORGANIZATION
from tests.support import any_transcript, documents, transcripts
from tests.support.pesc import CONTRACTS, FOLDER, packet, shown, student

SCHEMAS = load(FOLDER)
NOT_WRITTEN = {"phone", "guardians", "birth_order"}


def back(document: dict[str, Any]) -> dict[str, Any]:
    CONTRACTS.check(document, 5)
    return from_pesc(to_pesc(document, state="UT"), state="UT")


def text_at(content: bytes, *path: str) -> list[str]:
    """The texts at the end of a path of element names, from the outermost on."""
    found = [xml.parse(content)]
    for tag in path:
        found = [child for element in found for child in element.named(tag)]
    return [element.text for element in found]


# there and back


def test_made_up_students_come_back_whole() -> None:
    for document in transcripts.realistic(25, 3):
        expected = copy.deepcopy(document)
        expected["student"] = {key: part for key, part in document["student"].items() if key not in NOT_WRITTEN}
        name = expected["student"]["legal_name"]
        if "suffix" in name:
            name["suffix"] = name["suffix"].upper()  # PESC's list of them is in capitals
        assert back(document) == expected


@pytest.mark.parametrize("seed", range(30))
def test_whatever_the_schema_lets_through_comes_back_fit_and_the_same(seed: int) -> None:
    random = Random(seed)
    document = any_transcript.Anything(SCHEMAS, random, 1.0 if seed % 3 == 0 else random.random()).packet()
    CONTRACTS.check(document, 5)
    written = to_pesc(document, state="UT")
    read = from_pesc(written, state="UT")
    CONTRACTS.check(read, 5)
    assert to_pesc(read, state="UT") == written


def test_tables_and_schema_have_the_same_properties() -> None:
    in_tables = properties((*fields.BEFORE, *fields.AFTER, *fields.STUDENT, *fields.DOCUMENT))
    organization = properties(ORGANIZATION)
    del organization["mutually_defined"]  # `from` and `to`
    in_tables |= {"source": organization, "destination": organization, "person_notes": None}
    in_schema = in_packet(SCHEMAS[transcripts.URI]["$defs"]["transcript"])
    for awards in (
        in_schema["academic_records"]["awards"],
        in_schema["academic_records"]["sessions"]["awards"],
    ):
        for name in ("standing", "entry_date", "exit_date", "exit_reason", "class_rank_date", "class_rank_sessions"):
            del awards["summaries"][name]  # one definition serves both kinds of summary
    assert in_tables == in_schema


def properties(table: Fields) -> dict[str, Any]:
    """The names of the properties in a table, each with those in it."""
    found: dict[str, Any] = {}
    for field in table:
        match field:
            case Leaf() | OneOf():
                found[field.key] = None
            case Node():
                inner = properties(field.fields)
                found |= {field.key: inner} if field.key else inner
            case Either():
                for _, option in field.options:
                    found |= properties(option)
    return found


def in_packet(schema: Any) -> Any:
    """The same of a schema."""
    if "$ref" in schema:
        uri, _, fragment = schema["$ref"].partition("#/$defs/")
        return in_packet(SCHEMAS[uri]["$defs"][fragment])
    if "items" in schema:
        return in_packet(schema["items"])
    return {name: in_packet(part) for name, part in schema["properties"].items()} if "properties" in schema else None


# the student


def test_ssid_and_legal_name_are_shown_and_no_social_security_number() -> None:
    written = to_pesc(student(aliases=[{"first": "Anita", "last": "Reyes"}]), state="UT")
    identifier = ("Student", "Person", "AgencyIdentifier")
    assert text_at(written, *identifier, "AgencyAssignedID") == ["1000000019"]
    assert text_at(written, *identifier, "AgencyCode") == ["State"]
    assert text_at(written, *identifier, "StateProvinceCode") == ["UT"]
    name = ("Student", "Person", "Name")
    assert [text_at(written, *name, part)[0] for part in ("NameCode", "FirstName", "MiddleName", "LastName")] == [
        *("Legal", "Ana", "Lucía", "Reyes-Ortiz")
    ]
    assert text_at(written, "Student", "Person", "AlternateName", "FirstName") == ["Anita"]
    assert b"SSN" not in written
    assert b"Marta" not in written  # a guardian


@pytest.mark.parametrize("ssid", [None, ""])
def test_without_an_ssid_there_is_no_transcript(ssid: str | None) -> None:
    with pytest.raises(Refused, match="pesc-unfit") as caught:
        to_pesc(student(ssid=ssid))
    assert caught.value.pointer == "/student/ssid"


ONE_LINE = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"], exclude_characters="\u2028\u2029\ufeff"))
PARTS = ONE_LINE.map(lambda text: "".join(sign for sign in text if not 0x202A <= ord(sign) <= 0x2069)[:100])


@settings(deadline=None)
@given(st.fixed_dictionaries({"first": PARTS, "middle": PARTS, "last": PARTS, "suffix": PARTS}))
def test_a_legal_name_stays_whole(name: dict[str, str]) -> None:
    name["last"] = "x" + name["last"][1:]
    read = back(student(legal_name=name, aliases=[name]))["student"]
    given = {key: part.strip(" ") for key, part in name.items()}
    if given["suffix"].upper().rstrip(".") in {"JR", "SR", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X"}:
        given["suffix"] = given["suffix"].upper().rstrip(".")
    assert read["legal_name"] == {key: part for key, part in given.items() if part or key == "first"}
    assert read["aliases"] == [read["legal_name"]]


def test_a_long_name_is_cut_where_pesc_has_no_room_and_whole_in_the_notes() -> None:
    last = "Wolfeschlegelsteinhausenbergerdorff" + " " * 3 + "y Rodríguez de la Santísima Trinidad"
    written = to_pesc(student(legal_name={"first": "Ana", "last": last}))
    assert text_at(written, "Student", "Person", "Name", "LastName") == ["Wolfeschlegelsteinhausenbergerdorff"]
    notes = text_at(written, "Student", "Person", "Name", "NoteMessage")
    assert "".join(note.removeprefix('LastName: "')[:-1] for note in notes) == last
    assert max(map(len, notes)) <= 80
    assert from_pesc(written)["student"]["legal_name"]["last"] == last


def test_a_note_does_not_change_a_name() -> None:
    notes = "".join(f'<NoteMessage>{tag}: "Else"</NoteMessage>' for tag in ("FirstName", "MiddleName", "LastName"))
    person = '<NoteMessage>SchoolAssignedPersonID: "1"</NoteMessage>'
    document = shown(packet()).replace("</Name>", f"{notes}</Name>").replace("</Person>", f"{person}</Person>")
    read = from_pesc(document.encode())["student"]
    assert read["legal_name"] == {"first": "Ana", "middle": "Lucía", "last": "Reyes-Ortiz"}
    assert read["local_id"] == "445566"


@pytest.mark.parametrize("local_id", ["445566", "x" * 20, "x" * 21, "x" * 64, "a b", ""])
def test_a_local_id_of_any_length_comes_back(local_id: str) -> None:
    assert back(student(local_id=local_id))["student"].get("local_id", "") == local_id


def test_a_person_with_one_name() -> None:
    assert back(student(legal_name={"first": "", "last": "Suharto"}))["student"]["legal_name"] == {
        "first": "",
        "last": "Suharto",
    }
    only_first = shown(student(legal_name={"first": "", "last": "Suharto"})).replace("LastName", "FirstName")
    assert from_pesc(only_first.encode())["student"]["legal_name"] == {"first": "", "last": "Suharto"}


@pytest.mark.parametrize(
    ("gender", "word", "read"),
    [("F", "Female", "F"), ("m", "Male", "M"), ("X", "Unreported", "U"), ("U", "Unreported", "U")],
)
def test_genders_as_pesc_has_them(gender: str, word: str, read: str) -> None:
    assert f"<GenderCode>{word}<" in shown(student(gender=gender))
    assert back(student(gender=gender))["student"]["gender"] == read


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ({"street": "75 E 800 S", "city": "Provo", "state": "UT", "postal_code": "84606"}, True),
        ({"street": "12 " + "Long " * 20 + "Road", "city": "Provo", "state": "UT", "postal_code": "84606"}, True),
        ({"street": "x" * 121, "city": "Provo", "state": "UT", "postal_code": "84606"}, False),
        ({"street": "75 E 800 S", "city": "P", "state": "UT", "postal_code": "84606"}, False),
        ({"street": "75 E 800 S", "city": "Provo", "state": "Utah", "postal_code": "84606"}, False),
        ({"street": "75 E 800 S", "city": "Provo", "state": "UT", "postal_code": ""}, False),
        ({"street": "", "city": "Provo", "state": "UT", "postal_code": "84606"}, False),
    ],
)
def test_an_address_is_written_whole_or_not_at_all(address: dict[str, str], kept: bool) -> None:
    assert back(student(address=address))["student"].get("address") == (address if kept else None)


def test_the_ssid_is_the_id_of_this_state() -> None:
    other = (
        "<AgencyIdentifier><AgencyAssignedID>77</AgencyAssignedID><AgencyCode>State</AgencyCode>"
        "<StateProvinceCode>ID</StateProvinceCode></AgencyIdentifier>"
    )
    document = shown(student()).replace("<AgencyIdentifier>", f"{other}<AgencyIdentifier>", 1)
    assert from_pesc(document.encode(), state="UT")["student"]["ssid"] == "1000000019"
    assert from_pesc(document.encode())["student"]["ssid"] == "77"
    assert "ssid" not in from_pesc(document.encode(), state="NV")["student"]
    district = shown(student()).replace("<AgencyCode>State<", "<AgencyCode>District<")
    assert "ssid" not in from_pesc(district.encode())["student"]


# the transmission


def test_sender_receiver_id_and_time() -> None:
    written = to_pesc(packet())
    head = ("TransmissionData",)
    assert text_at(written, *head, "DocumentID") == ["018f2c6e7d5b7c3a9b1e2f4a6c8e0d12"]
    assert text_at(written, *head, "CreatedDateTime") == [documents.CREATED]
    assert text_at(written, *head, "Source", "Organization", "MutuallyDefined") == ["01"]
    assert text_at(written, *head, "Destination", "Organization", "MutuallyDefined") == ["uofu"]
    assert uuid_of("018F2C6E7D5B7C3A9B1E2F4A6C8E0D12") == packet()["id"]
    assert uuid_of("Fw_u7C2xTsCfEENUkjscvw") is None


def test_a_transcript_without_a_receiver_is_not_written() -> None:
    document = packet()
    del document["to"]
    with pytest.raises(Refused, match="pesc-unfit") as caught:
        to_pesc(document)
    assert caught.value.pointer == "/to"


def test_another_systems_document_id_gives_the_same_packet_id_every_time() -> None:
    document = shown(packet())
    foreign = document.replace("018f2c6e7d5b7c3a9b1e2f4a6c8e0d12", "2027-06-01T08:00 17")
    first, again = from_pesc(foreign.encode()), from_pesc(foreign.encode())
    elsewhere = from_pesc(foreign.replace(">01<", ">02<").encode())
    assert first["id"] == again["id"] == str(uuid.UUID(first["id"]))
    assert len({first["id"], elsewhere["id"], packet()["id"]}) == 3


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2027-06-01T09:30:00", "2027-06-01T09:30:00-06:00"),
        ("2027-01-01T09:30:00.25", "2027-01-01T09:30:00.250000-07:00"),
        ("2027-06-01T09:30:00Z", "2027-06-01T09:30:00Z"),
        ("\n 2027-06-01T09:30:00+02:00\n", "2027-06-01T09:30:00+02:00"),
    ],
)
def test_a_time_without_an_offset_is_the_clocks_of_the_state(written: str, read: str) -> None:
    document = shown(packet()).replace(documents.CREATED, written).encode()
    assert from_pesc(document, zone=ZoneInfo("America/Denver"))["created"] == read


def test_an_offset_that_pesc_does_not_know_is_written_in_utc() -> None:
    written = to_pesc(packet(created="2027-06-01T09:30:00+23:59"))
    assert text_at(written, "TransmissionData", "CreatedDateTime") == ["2027-05-31T09:31:00+00:00"]


def test_parties_by_other_ids() -> None:
    document = shown(packet())
    local = (
        "<LocalOrganizationID><LocalOrganizationIDCode>6G</LocalOrganizationIDCode>"
        "<LocalOrganizationIDQualifier>UT</LocalOrganizationIDQualifier></LocalOrganizationID>"
    )
    read = from_pesc(
        document.replace("<MutuallyDefined>01</MutuallyDefined>", local)
        .replace("<MutuallyDefined>uofu</MutuallyDefined>", "<ACT>4274</ACT>")
        .encode()
    )
    assert (read["from"], read["to"]) == ("6G", "4274")
    nobody = from_pesc(document.replace("<MutuallyDefined>uofu</MutuallyDefined>", "").encode())
    assert "to" not in nobody
