"""What universities answer to transcripts, and LEAs to records."""

import uuid

import pytest

from broker.core.transfer import TransferState
from broker.edge.ledger.cases import transfers
from broker.edge.ledger.engine import reading
from broker.edge.ledger.packets import acknowledgements
from broker.edge.ledger.packets.acknowledgements import Acknowledgement
from broker.edge.ledger.packets.rows import PacketRow
from broker.formats import pesc
from tests.support import acknowledgments, desk, documents
from tests.support.office import Office
from tests.support.transcripts_sent import ANA, EARLIER, U1, U2, A, B, told, transcript

BO = desk.child("Bo", "Nakai", "2011-05-06")
KIM = desk.child("Kim", "Tsosie", "2010-09-30", gender="M")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    made = Office(tmp_path_factory.mktemp("office"), A, B, U1, U2, kinds={U1: "higher-ed", U2: "higher-ed"})
    made.enroll(A, ANA | {"local_id": "01-7"}, date="2026-08-17")
    return made


@pytest.fixture(scope="module")
def ssid(office: Office) -> str:
    return str(office.notices(A, "ssid")[0]["students"][0]["ssid"])


def sent(office: Office, ssid: str, to: str = U1) -> tuple[PacketRow, str]:
    """A transcript that was delivered as PESC XML; its packet, and its DocumentID."""
    document = transcript(ssid, to)
    row = office.send(A, pesc.to_pesc(document, state="UT"))
    assert (row.state, row.receiver) == ("DELIVERED", to), row.code
    return row, document["id"].replace("-", "")


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
