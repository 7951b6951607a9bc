"""Transcripts go to the universities that students name, and what universities say of them comes back."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from broker.core.transfer import TransferState
from broker.edge.ledger.cases import transfers
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.packets import acknowledgements
from broker.edge.ledger.packets.acknowledgements import Acknowledgement
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.tables import receipts
from broker.edge.pgp import openpgp
from broker.edge.xml import Schema
from broker.flags import missing
from broker.formats import pesc
from broker.formats.transcript.record import Facts, from_record
from tests.support import desk, documents
from tests.support.office import Office
from tests.support.tools import corpora
from tests.unit.formats import test_pesc_acknowledgement as acknowledgments

A, B, U1, U2 = "01", "6G", "uofu", "weber"
BO = desk.child("Bo", "Nakai", "2011-05-06")
KIM = desk.child("Kim", "Tsosie", "2010-09-30", gender="M")
ANA = desk.child("Ana", "Reyes-Ortiz", "2012-03-04", gender="F")
LINE = {
    "school_year": 2026,
    "term": "S1",
    "title": "Biology",
    "course_code": "3010",
    "credits_earned": 0.5,
    "mark": "A",
}
EARLIER = "2026-11-20"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    made = Office(tmp_path_factory.mktemp("office"), A, B, U1, U2, kinds={U1: "higher-ed", U2: "higher-ed"})
    made.enroll(A, ANA | {"local_id": "01-7"}, date="2026-08-17")
    return made


@pytest.fixture(scope="module")
def ssid(office: Office) -> str:
    return str(office.notices(A, "ssid")[0]["students"][0]["ssid"])


def transcript(ssid: str, to: str = U1, **changes: Any) -> dict[str, Any]:
    """Ana's `transcript.v1`, made from her record."""
    record = documents.record() | {"from": A, "student": ANA | {"ssid": ssid}, "record": {"course_history": [LINE]}}
    header = {"id": str(uuid.uuid4()), "to": to, "created": documents.CREATED}
    asked = {"request": {"by": "student", "on": EARLIER}}
    return from_record(record, header | asked, Facts(terms={"S1": 1})).document | changes


def sent(office: Office, ssid: str, to: str = U1) -> tuple[PacketRow, str]:
    """A transcript that was delivered as PESC XML; its packet, and its DocumentID."""
    document = transcript(ssid, to)
    row = office.send(A, pesc.to_pesc(document, state="UT"))
    assert (row.state, row.receiver) == ("DELIVERED", to), row.code
    return row, document["id"].replace("-", "")


def told(office: Office, tracking: str, party: str) -> list[dict[str, Any]]:
    """What the receipts about a packet say to a party, in their order."""
    query = select(receipts.c.text).where(receipts.c.tracking == tracking, receipts.c.party == party)
    with reading(office.services.engine) as connection:
        return [_in(row[0]) for row in connection.execute(query.order_by(receipts.c.n))]


def _in(receipt: str) -> dict[str, Any]:
    """What a receipt's statement says."""
    whole: dict[str, Any] = json.loads(receipt)
    return whole


def said(office: Office, tracking: str) -> list[Acknowledgement]:
    with reading(office.services.engine) as connection:
        return acknowledgements.about(connection, tracking)


def functional(document: str, answer: str = "Accepted", rest: str = "", **changes: str) -> bytes:
    """A functional acknowledgment of this DocumentID that is like no other one."""
    note = f"<NoteMessage>{uuid.uuid4()}</NoteMessage>"
    whole = acknowledgments.functional(answer, rest + note, document)
    for before, after in changes.items():
        whole = whole.replace(before.encode(), after.encode())
    return whole


def counted(document: str) -> bytes:
    """A transcript acknowledgment that names it as the request."""
    tracked = f"<RequestTrackingID>{document}</RequestTrackingID></TransmissionData>"
    return acknowledgments.transcript(acknowledgments.TRANSMISSION.replace("</TransmissionData>", tracked))


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


# back


def test_a_university_accepts_a_transcript(office: Office, ssid: str) -> None:
    row, document = sent(office, ssid)
    answer = office.send(U1, functional(document))
    assert (answer.state, answer.type) == ("APPLIED", "acknowledgement"), answer.code
    assert office.row(row.tracking).state == "COLLECTED"
    last = told(office, row.tracking, A)[-1]
    assert (last["state"], last["how"]) == ("COLLECTED", "acknowledged")
    assert "code" not in last
    (one,) = said(office, row.tracking)
    assert (one.party, one.form, one.status, one.code, one.by) == (U1, "pesc", "received", "", answer.tracking)


def test_a_university_counts_the_courses(office: Office, ssid: str) -> None:
    row, document = sent(office, ssid)
    assert office.send(U1, counted(document)).state == "APPLIED"
    (one,) = said(office, row.tracking)
    assert (one.status, one.courses) == ("received", 24)


def test_a_university_rejects_a_transcript_and_its_sender_is_told_what_to_do(office: Office, ssid: str) -> None:
    row, document = sent(office, ssid)
    assert office.send(U1, functional(document, "Rejected", acknowledgments.FAULT)).state == "APPLIED"
    assert office.row(row.tracking).state == "COLLECTED"
    last = told(office, row.tracking, A)[-1]
    assert (last["state"], last["how"], last["code"]) == ("COLLECTED", "rejected", "cannot-read")
    assert "says that it cannot use it" in last["means"]
    assert "Reyes" not in str(last)
    assert told(office, row.tracking, U1)[-1]["how"] == "rejected"


def test_what_was_collected_before_is_acknowledged_by_a_further_receipt(office: Office, ssid: str) -> None:
    row, document = sent(office, ssid)
    office.collect(U1)
    assert [one["how"] for one in told(office, row.tracking, A) if one["state"] == "COLLECTED"] == ["removed"]
    assert office.send(U1, functional(document)).state == "APPLIED"
    assert office.send(U1, functional(document)).state == "APPLIED"  # the same said twice changes nothing
    assert office.send(U1, functional(document, "Rejected")).state == "APPLIED"
    last = [one for one in told(office, row.tracking, A) if one["state"] == "COLLECTED"]
    assert [(one["how"], one.get("code")) for one in last] == [
        ("removed", None),
        ("acknowledged", None),
        ("rejected", "other"),
    ]
    assert [one["n"] for one in last] == sorted({one["n"] for one in last})
    assert [one.status for one in said(office, row.tracking)] == ["received", "rejected"]


def test_the_same_acknowledgment_sent_again_is_a_duplicate(office: Office, ssid: str) -> None:
    _, document = sent(office, ssid)
    content = functional(document)
    assert office.send(U1, content).state == "APPLIED"
    assert office.send(U1, content).state == "DUPLICATE"


def test_an_lea_whose_program_writes_its_own_document_id_is_answered_by_it(office: Office, ssid: str) -> None:
    document = transcript(ssid)
    name = f"2027-06-01T08:00 {uuid.uuid4().hex[:8]}"
    content = pesc.to_pesc(document, state="UT").replace(document["id"].replace("-", "").encode(), name.encode())
    row = office.send(A, content)
    assert (row.state, row.packet_id) == ("DELIVERED", pesc.packet_id(name, A))
    assert office.send(U1, functional(name)).state == "APPLIED"
    assert [one.status for one in said(office, row.tracking)] == ["received"]


def test_two_senders_with_one_document_id_are_not_guessed_between(office: Office, ssid: str) -> None:
    office.enroll(B, BO, date="2026-08-17")
    bo = office.newest_notice(B, "ssid")["students"][0]["ssid"]
    name, rows = f"2027 {uuid.uuid4().hex[:8]}", []
    for lea, student in ((A, ANA | {"ssid": ssid}), (B, BO | {"ssid": bo})):
        document = transcript(ssid) | {"from": lea, "student": student}
        content = pesc.to_pesc(document, state="UT")
        rows.append(office.send(lea, content.replace(document["id"].replace("-", "").encode(), name.encode())))
    assert [row.state for row in rows] == ["DELIVERED", "DELIVERED"]
    answer = office.send(U1, functional(name))
    assert (answer.state, answer.code) == ("REFUSED", "unknown-document")
    by_tracking = documents.acknowledgement(**{"from": U1, "tracking": rows[1].tracking})
    assert office.send(U1, by_tracking).state == "APPLIED"
    assert [[one.status for one in said(office, row.tracking)] for row in rows] == [[], ["received"]]


@pytest.mark.parametrize("document", ["018f2c6e7d5b7c3a9b1e2f4a6c8e0d12", "no id of ours"])
def test_an_unknown_document_is_refused(office: Office, document: str) -> None:
    answer = office.send(U1, functional(document))
    assert (answer.state, answer.code) == ("REFUSED", "unknown-document")


def test_nobody_acknowledges_what_another_university_was_sent(office: Office, ssid: str) -> None:
    row, document = sent(office, ssid)
    other = functional(document, uofu=U2)
    answer = office.send(U2, other)
    assert (answer.state, answer.code) == ("REFUSED", "unknown-document")
    answer = office.send(U2, functional(document))
    assert (answer.state, answer.code) == ("REFUSED", "from-mismatch")
    by_tracking = documents.acknowledgement(**{"from": U2, "tracking": row.tracking})
    answer = office.send(U2, by_tracking)
    assert (answer.state, answer.code) == ("REFUSED", "unknown-tracking")
    assert (office.row(row.tracking).state, said(office, row.tracking)) == ("DELIVERED", [])


def test_an_acknowledgement_in_json_names_the_document_too(office: Office, ssid: str) -> None:
    row, _ = sent(office, ssid)
    whole = documents.acknowledgement(**{"from": U1, "documents": [row.packet_id.upper()]})
    del whole["tracking"]
    assert office.send(U1, whole).state == "APPLIED"
    assert office.row(row.tracking).state == "COLLECTED"


# between LEAs


def test_a_rejected_record_opens_its_case_again_and_a_declined_request_is_known(office: Office) -> None:
    office.enroll(A, KIM, date="2026-08-17")
    ssid = str(office.enroll(B, KIM, date=EARLIER)[0]["ssid"])
    (request,) = office.inbox(A, "record-request")
    record = office.send(A, desk.record(A, KIM | {"ssid": ssid}))
    assert (record.state, record.receiver) == ("DELIVERED", B)
    rejection = {"from": B, "tracking": record.tracking, "status": "rejected", "code": "incomplete"}
    assert office.send(B, documents.acknowledgement(**rejection)).state == "APPLIED"
    assert case_of(office, ssid) is TransferState.REQUESTED
    assert told(office, record.tracking, A)[-1]["code"] == "incomplete"
    (first, second) = office.inbox(A, "record-request")
    assert first == request
    refusal = {"from": A, "tracking": second, "status": "rejected", "code": "not-our-student"}
    assert office.send(A, documents.acknowledgement(**refusal)).state == "APPLIED"
    assert case_of(office, ssid) is TransferState.REFUSED


def case_of(office: Office, ssid: str) -> TransferState:
    """The state of the student's newest case."""
    with reading(office.services.engine) as connection:
        return transfers.about(connection, ssid)[-1].state
