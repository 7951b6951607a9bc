"""The standard's own XSD and a sample of another system, where they are: what is written is valid, nothing is lost."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from broker.core.errors import Refused
from broker.core.model import LeaId
from broker.edge import xml
from broker.edge.schemas.contracts import Contracts, load
from broker.edge.settings import resources
from broker.edge.settings.rules import Identity
from broker.edge.settings.values import Limits
from broker.edge.xml import Element, Schema
from broker.formats import reading
from broker.formats.pesc import from_pesc, read_acknowledgement, to_pesc
from broker.formats.pesc.person import STATES
from broker.formats.transcript.record import Facts, from_record
from broker.formats.transcript.request import BY
from tests.support import acknowledgments, any_transcript, transcripts
from tests.support.scale import larger
from tests.support.tools import corpora

FOLDER = resources.folder("schemas")
SCHEMAS = load(FOLDER)
OUR_OWN = (("TransmissionData", "DocumentID"), ("TransmissionData", "CreatedDateTime"))
# In the sample and not in the packet: whether the student has died.
LEFT_OUT = {("Student", "Person", "Deceased", "DeceasedIndicator", "false"): 1}


@pytest.fixture(scope="module")
def standard() -> Schema:
    return Schema(corpora_file("pesc-xsd", "HighSchoolTranscript_v1.5.0.xsd"))


def corpora_file(folder: str, name: str) -> Path:
    return corpora("formats", folder) / name


def sample() -> bytes:
    return corpora_file("pesc-sample", "high_school_transcript_v1.5.0.xml").read_bytes()


def courses(root: Element) -> list[tuple[str, ...]]:
    """Session, title, code, credits and grades of every course, as the XML has them."""
    return [
        (
            text(session, "AcademicSessionDetail", "SessionDesignator"),
            *(text(course, tag) for tag in ("CourseTitle", "CourseSubjectAbbreviation", "CourseNumber")),
            *(text(course, tag) for tag in ("CourseCreditValue", "CourseCreditEarned", "CourseAcademicGrade")),
            *(
                text(grade, "CourseAcademicSupplementalGrade")
                for grades in course.named("CourseSupplementalAcademicGrade")
                for grade in grades.named("CourseSupplementalGrade")
            ),
        )
        for record in root.named("Student")[0].named("AcademicRecord")
        for session in record.named("AcademicSession")
        for course in session.named("Course")
    ]


def text(element: Element, *path: str) -> str:
    for tag in path:
        if not element.named(tag):
            return ""
        element = element.named(tag)[0]
    return element.text.strip()


def leaves(element: Element, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every text, trimmed, with its path."""
    if not element.children and element.text.strip():
        yield (*path, element.text.strip())
    for child in element.children:
        yield from leaves(child, (*path, child.tag))


def test_the_sample_goes_in_and_comes_out_without_a_loss(standard: Schema) -> None:
    packet = from_pesc(sample(), state="BC")
    Contracts(FOLDER, ssid_digits=9).check(packet, 5)
    written = to_pesc(packet, state="BC")
    assert standard.faults(written) == ()
    before, after = xml.parse(sample()).children[0], xml.parse(written)
    assert len(courses(before)) == 24
    assert courses(after) == courses(before)
    lost = Counter(leaves(before)) - Counter(leaves(after))
    assert {path: count for path, count in lost.items() if path[:2] not in OUR_OWN} == LEFT_OUT
    assert from_pesc(written, state="BC") == packet


def test_the_sample_is_read_as_any_packet_is_and_the_student_asked_for_it() -> None:
    packet = reading.read(
        sample(), "t.xml", LeaId("x"), Limits(), Contracts(FOLDER, ssid_digits=9), Identity(state="BC")
    )
    assert packet == from_pesc(sample(), state="BC", zone=ZoneInfo("America/Denver"))
    assert packet["request"] == {"by": "student"}
    for other in (b"InstitutionRequest", b"Application"):
        with pytest.raises(Refused, match="no-request"):
            reading.read(
                sample().replace(b"StudentRequest", other), "t.xml", LeaId("x"), Limits(), Contracts(FOLDER, 9)
            )


def test_the_sample_is_not_valid_itself_before_its_words_are_trimmed(standard: Schema) -> None:
    inside = sample()[sample().index(b"<HSTrn:") : sample().index(b"</AcRecBat:")]
    assert "enumeration" in {fault.rule for fault in standard.faults(inside)}


@pytest.mark.grows
def test_made_up_students_are_valid(standard: Schema) -> None:
    contracts = Contracts(FOLDER)
    for packet in transcripts.realistic(larger(60, 400), 20270601):
        contracts.check(packet, 5)
        written = to_pesc(packet, state="UT")
        assert standard.faults(written) == (), packet["id"]
        assert len(courses(xml.parse(written))) == sum(
            len(session["courses"]) for session in packet["transcript"]["academic_records"][0]["sessions"]
        )


@pytest.mark.grows
def test_the_records_of_made_up_students_make_valid_transcripts(standard: Schema) -> None:
    contracts = Contracts(FOLDER)
    facts = Facts(terms={"S1": 1, "S2": 6}, credit_unit="CarnegieUnits")
    for number, record in enumerate(transcripts.records(larger(60, 400), 20270602)):
        contracts.check(record, 5)
        asked = {"by": BY[number % len(BY)], "on": "2027-05-20"}
        made = from_record(
            record, {"id": record["id"], "to": "uofu", "created": record["created"], "request": asked}, facts
        )
        contracts.check(made.document, 5)
        written = to_pesc(made.document, state="UT")
        assert standard.faults(written) == (), record["id"]
        lines = [*record["record"]["course_history"], *record["record"]["course_grades"]]
        shown = Counter(course[3] for course in courses(xml.parse(written)))
        assert shown == Counter(line["course_code"] for line in lines)
        read = reading.read(written, "t.xml", LeaId(record["from"]), Limits(), contracts)
        assert read["request"] == asked


@pytest.mark.grows
@pytest.mark.parametrize("seed", range(larger(24, 200)))
def test_whatever_the_schema_lets_through_is_valid(standard: Schema, seed: int) -> None:
    random = Random(seed)
    packet = any_transcript.Anything(SCHEMAS, random, 1.0 if seed % 3 == 0 else random.random()).packet()
    Contracts(FOLDER).check(packet, 5)
    assert standard.faults(to_pesc(packet, state="UT")) == ()


@pytest.mark.parametrize("abroad", [False, True])
def test_every_word_of_our_lists_is_a_word_of_the_standard(standard: Schema, abroad: bool) -> None:
    """The n-th document has the n-th word of every list."""
    worded = any_transcript.Worded(SCHEMAS, abroad)
    assert worded.rounds > 100
    for number in range(worded.rounds):
        assert standard.faults(to_pesc(worded.packet(number))) == (), number


def test_our_states_are_those_of_the_schema() -> None:
    assert set(SCHEMAS[transcripts.URI]["$defs"]["state"]["enum"]) == STATES


def test_the_acknowledgements_that_tests_read_are_valid() -> None:
    functional = Schema(corpora_file("pesc-xsd", "FunctionalAcknowledgment_v1.2.0.xsd"))
    transcript = Schema(corpora_file("pesc-xsd", "TranscriptAcknowledgement_v1.3.0.xsd"))
    rejected = acknowledgments.functional("Rejected", acknowledgments.FAULT)
    assert functional.faults(rejected) == ()
    assert read_acknowledgement(rejected).faults
    assert transcript.faults(acknowledgments.transcript()) == ()
    assert read_acknowledgement(acknowledgments.transcript()).courses == 24
