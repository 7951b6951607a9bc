"""The student's request for a transcript, and XML read as a packet."""

import copy
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from broker.core.errors import Refused
from broker.core.model import LeaId
from broker.edge.settings.file import parse
from broker.edge.settings.rules import TheState
from broker.edge.settings.values import Limits, SettingsError
from broker.formats import pesc, reading
from broker.formats.transcript import request
from tests.support import acknowledgments, documents
from tests.support import pesc as pesc_papers
from tests.support.transcript_made import CONTRACTS, read, refused


def transcript(**changes: Any) -> dict[str, Any]:
    """A small `transcript.v1`; a change to None takes the part away."""
    whole = pesc_papers.packet(**changes)
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
        (acknowledgments.transcript(person="<SSN>123456789</SSN>"), "has-ssn"),
        (acknowledgments.functional().replace(b"TransmissionData>", b"T>"), "not-pesc"),
        (acknowledgments.functional().replace(b"2026-11-24T08:00:00", b"then"), "not-pesc"),
        (acknowledgments.functional(document="x" * 40), "schema"),
    ],
)
def test_other_xml_is_refused(content: bytes, code: str) -> None:
    assert refused(content)[0] == code


def test_an_acknowledgment_of_a_university_is_a_packet() -> None:
    accepted = read(acknowledgments.functional(), "uofu")
    assert accepted == {
        "packet": "acknowledgement.v1",
        "id": accepted["id"],
        "from": "uofu",
        "created": "2026-11-24T08:00:00-07:00",
        "documents": [acknowledgments.DOCUMENT],
        "status": "received",
    }
    counted = read(acknowledgments.transcript(), "uofu")
    assert (counted["courses"], counted["status"], counted["documents"]) == (24, "received", ["ACK-17"])
    assert read(acknowledgments.functional(), "uofu")["id"] == accepted["id"]
    assert read(acknowledgments.functional() + b"\n", "uofu")["id"] != accepted["id"]


def test_a_university_that_does_not_use_our_ids_is_known_by_its_folder() -> None:
    other = b"<MutuallyDefined>uofu</MutuallyDefined>"
    assert read(acknowledgments.functional().replace(other, b"<IPEDS>230764</IPEDS>"), "weber")["from"] == "weber"
    assert read(acknowledgments.functional(), "weber")["from"] == "uofu"  # and then refused: it is not the folder's


@pytest.mark.parametrize(
    ("rest", "code"),
    [
        ("", "other"),
        (acknowledgments.FAULT, "cannot-read"),
        (acknowledgments.FAULT.replace("FatalError", "Warning"), "other"),
    ],
)
def test_why_a_university_cannot_use_it(rest: str, code: str) -> None:
    document = read(acknowledgments.functional("Rejected", rest), "uofu")
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
