"""What universities say of the transcripts that they got."""

import pytest

from broker.core.errors import Refused
from broker.formats.pesc import Acknowledgement, SyntaxFault, read_acknowledgement
from tests.support.acknowledgments import DOCUMENT, FAULT, PACKET, TRANSMISSION, functional, transcript


def refusal(content: bytes) -> Refused:
    with pytest.raises(Refused) as caught:
        read_acknowledgement(content)
    return caught.value


def test_a_document_is_accepted() -> None:
    read = read_acknowledgement(functional())
    assert read == Acknowledgement(documents=(DOCUMENT,), accepted=True)
    assert read.packets == (PACKET,)


@pytest.mark.parametrize("version", ["1.0.0", "1.1.0", "1.2.0"])
def test_a_document_is_rejected_with_reasons(version: str) -> None:
    note = "<NoteMessage>No such programme</NoteMessage>"
    bare = "<SyntaxError><ErrorMessage>x</ErrorMessage></SyntaxError>"
    read = read_acknowledgement(functional("Rejected\n", FAULT + bare + note, version=version))
    assert not read.accepted
    assert read.faults == (
        SyntaxFault("FatalError", 12, 7, "Reyes-Ortiz is too long"),
        SyntaxFault("Error", None, None, "x"),
    )
    assert read.notes == ("No such programme",)
    assert "Reyes" not in repr(read)
    assert "programme" not in repr(read)


def test_another_systems_document_is_no_packet() -> None:
    read = read_acknowledgement(functional(document="2027-06-01T08:00 17"))
    assert (read.documents, read.packets) == (("2027-06-01T08:00 17",), ())


@pytest.mark.parametrize("version", ["1.0.0", "1.1.0", "1.3.0"])
def test_a_transcript_came_with_so_many_courses(version: str) -> None:
    tracked = TRANSMISSION.replace(
        "</TransmissionData>", f"<RequestTrackingID>{DOCUMENT.upper()}</RequestTrackingID></TransmissionData>"
    )
    read = read_acknowledgement(transcript(tracked, version=version))
    assert read == Acknowledgement((DOCUMENT.upper(), "ACK-17"), accepted=True, courses=24, awards=1)
    assert read.packets == (PACKET,)
    assert "Reyes" not in repr(read)


def test_a_receiver_that_repeats_the_transcripts_own_id() -> None:
    read = read_acknowledgement(transcript(TRANSMISSION.replace("ACK-17", DOCUMENT)))
    assert (read.documents, read.packets) == ((DOCUMENT,), (PACKET,))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"<a/>", "not-pesc"),
        (b"Reyes-Ortiz", "not-xml"),
        (functional(version="2.0.0"), "not-pesc"),
        (functional("Reyes-Ortiz"), "not-pesc"),
        (functional(""), "not-pesc"),
        (functional(document=" "), "not-pesc"),
        (functional().replace(b"AcknowledgmentData>", b"Data>"), "not-pesc"),
        (functional(rest=FAULT.replace("12", "Reyes-Ortiz")), "not-pesc"),
        (transcript("<TransmissionData/>"), "not-pesc"),
        (transcript(person="<SSN>123456789</SSN>"), "has-ssn"),
        (b"<!DOCTYPE a>" + functional(), "xml-unsafe"),
        (functional(rest="<NoteMessage>x</NoteMessage>" * 40_000), "inflates-too-much"),
    ],
)
def test_what_is_refused(content: bytes, code: str) -> None:
    refused = refusal(content)
    assert refused.code == code
    assert "Reyes" not in str(refused)
    assert "123456789" not in str(refused)
