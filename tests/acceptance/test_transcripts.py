"""Transcripts go to the universities that students name."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from broker.edge.ledger.engine import writing
from broker.edge.pgp import openpgp
from broker.edge.xml import Schema
from broker.flags import missing
from broker.formats import pesc
from tests.support import desk, documents
from tests.support.office import Office
from tests.support.tools import corpora
from tests.support.transcripts_sent import ANA, U1, U2, A, B, told, transcript


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    made = Office(tmp_path_factory.mktemp("office"), A, B, U1, U2, kinds={U1: "higher-ed", U2: "higher-ed"})
    made.enroll(A, ANA | {"local_id": "01-7"}, date="2026-08-17")
    return made


@pytest.fixture(scope="module")
def ssid(office: Office) -> str:
    return str(office.notices(A, "ssid")[0]["students"][0]["ssid"])


# there


def test_a_university_opens_the_very_bytes_that_the_lea_sealed(office: Office, ssid: str) -> None:
    content = pesc.to_pesc(transcript(ssid), state="UT")
    row = office.send(A, content)
    assert (row.state, row.receiver, row.ssid, row.type) == ("DELIVERED", U1, ssid, "transcript")
    (path,) = [one for one in office.exchange.inbox(U1) if one.name.startswith(row.tracking)]
    key, services = openpgp.load_secret(office.leas[U1].secret), office.services
    opened = openpgp.open_packet(
        path.read_bytes(),
        key,
        [office.leas[A].certificate],
        services.settings.limits,
        services.clock(),
        lambda _key: False,
    )
    assert opened.content == content
    folder = corpora("formats", "pesc-xsd")
    assert Schema(folder / "HighSchoolTranscript_v1.5.0.xsd").faults(opened.content) == ()


def test_a_transcript_in_json_goes_the_same_way(office: Office, ssid: str) -> None:
    document = transcript(ssid, U2)
    row = office.send(A, document)
    assert (row.state, row.receiver) == ("DELIVERED", U2)
    assert json.loads(office.opened(row.tracking)) == document


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"request": {"by": "student"}}, "no-request"),
        ({"to": B}, "not-allowed"),
        ({"to": "nobody"}, "unknown-receiver"),
        ({"from": B}, "from-mismatch"),
    ],
)
def test_what_is_refused(office: Office, ssid: str, changes: Mapping[str, Any], code: str) -> None:
    row = office.send(A, transcript(ssid, **changes))
    assert (row.state, row.code) == ("REFUSED", code)


def ago(office: Office, days: int) -> str:
    return (office.services.day() - timedelta(days=days)).isoformat()


@pytest.mark.parametrize("is_xml", [False, True])
def test_a_request_of_long_ago_or_of_a_day_to_come_is_none(office: Office, ssid: str, is_xml: bool) -> None:
    for on, created in (
        ("1999-05-06", documents.CREATED),
        ("1999-05-06", "1999-05-07T10:00:00-07:00"),
        (ago(office, 401), documents.CREATED),
        (ago(office, -2), f"{ago(office, -3)}T10:00:00-07:00"),
        (ago(office, -20), f"{ago(office, -30)}T10:00:00-07:00"),
    ):
        document = transcript(ssid, request={"by": "student", "on": on}, created=created)
        row = office.send(A, pesc.to_pesc(document, state="UT") if is_xml else document)
        assert (row.state, row.code) == ("REFUSED", "no-request"), on
        assert told(office, row.tracking, A)[-1]["place"] == "/request/on"


@pytest.mark.parametrize("days", [0, 12, 400])
def test_a_request_of_the_school_year_is_one(office: Office, ssid: str, days: int) -> None:
    now = office.services.clock().isoformat(timespec="seconds")
    document = transcript(ssid, request={"by": "parent", "on": ago(office, days)}, created=now)
    assert office.send(A, document).state == "DELIVERED"


def test_how_old_a_request_may_be_is_a_setting(office: Office, ssid: str) -> None:
    settings = office.services.settings
    strict = replace(settings, transcripts=replace(settings.transcripts, request_days=5))
    plain, office.services = office.services, replace(office.services, settings=strict)
    try:
        row = office.send(A, transcript(ssid, request={"by": "student", "on": ago(office, 6)}))
        assert (row.state, row.code) == ("REFUSED", "no-request")
        now = office.services.clock().isoformat(timespec="seconds")
        row = office.send(A, transcript(ssid, request={"by": "student", "on": ago(office, 5)}, created=now))
        assert row.state == "DELIVERED", row.code
    finally:
        office.services = plain


def test_a_transcript_that_no_student_asked_for_is_refused_in_xml_too(office: Office, ssid: str) -> None:
    content = pesc.to_pesc(transcript(ssid), state="UT").replace(b"StudentRequest", b"InstitutionRequest")
    row = office.send(A, content)
    assert (row.state, row.code) == ("REFUSED", "no-request")


def test_only_an_lea_that_had_the_student_sends_a_transcript(office: Office, ssid: str) -> None:
    row = office.send(B, transcript(ssid) | {"from": B})
    assert (row.state, row.code) == ("REFUSED", "not-your-student")
    assert office.inbox(U1, "transcript").count(row.tracking) == 0


def test_the_transcript_of_a_missing_child_waits_for_the_state(office: Office) -> None:
    missed = desk.child("Lee", "Begay", "2010-01-02")
    ssid = str(office.enroll(A, missed, date="2026-08-17")[0]["ssid"])
    with writing(office.services.engine) as connection:
        missing.put(office.services, connection, ssid, "a clerk", "notice of the division")
    row = office.send(A, transcript(ssid) | {"student": missed | {"ssid": ssid}})
    assert (row.state, row.held_for) == ("HELD", "blocked")
    with writing(office.services.engine) as connection:
        missing.lift(office.services, connection, ssid, "a clerk", "found")
    office.work()
    assert office.row(row.tracking).state == "DELIVERED"
