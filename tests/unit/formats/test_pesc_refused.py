"""What is refused of a PESC transcript, and what becomes of damaged ones."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core.errors import Refused
from broker.formats.pesc import NAMESPACE, from_pesc, to_pesc
from broker.formats.pesc.values import trimmed
from tests.support import documents, transcripts
from tests.support.pesc import CONTRACTS, packet, shown, student
from tests.support.scale import examples


def refusal(content: bytes | str) -> Refused:
    with pytest.raises(Refused) as caught:
        from_pesc(content.encode() if isinstance(content, str) else content, state="UT")
    assert caught.value.__context__ is None  # it would hold the value
    return caught.value


# what is refused


def batch(*inner: str, version: str = "1.0.0", content: bool = False) -> str:
    name = f"urn:org:pesc:message:AcademicRecordBatch:v{version}"
    inside = "".join(one.partition("?>")[2] for one in inner)
    inside = f"<BatchContent>{inside}</BatchContent>" if content else inside
    return f'<B:AcademicRecordBatch xmlns:B="{name}">\n{inside}</B:AcademicRecordBatch>'


def test_a_batch_of_one_is_read_and_no_other() -> None:
    one = shown(packet())
    assert from_pesc(batch(one).encode()) == from_pesc(one.encode())
    assert from_pesc(batch(one, version="2.1.0", content=True).encode()) == from_pesc(one.encode())
    assert "send each transcript alone" in refusal(batch(one, one)).hint
    assert refusal(batch()).code == "not-pesc"
    assert refusal(batch(one, version="3.0.0")).code == "not-pesc"


@pytest.mark.parametrize(
    ("found", "instead", "hint"),
    [
        (NAMESPACE, NAMESPACE.replace("v1.5.0", "v1.4.0"), f"There is no `HighSchoolTranscript` of {NAMESPACE} in it."),
        ("<BirthDate>2012-03-04</BirthDate>", "", "`Person` must have a `BirthDate`."),
        (">2012-03-04<", ">Reyes<", "`BirthDate` must be a date such as 2012-03-04."),
        (">2012-03-04<", ">2012-02-30<", "`BirthDate` must be a date such as 2012-03-04."),
        (">2012-03-04<", "><b>Reyes</b><", "`BirthDate` must be a date such as 2012-03-04."),
        (">Reyes-Ortiz<", "><", "There must be one `Name` in it."),
        (">0.5<", ">Reyes<", "`CourseCreditEarned` must be a decimal number."),
        (">0.5<", ">1e3<", "`CourseCreditEarned` must be a decimal number."),
        (">2027-06<", ">Reyes<", "`SessionDesignator` must be a month such as 2012-03."),
        (">Female<", ">Reyes<", "`GenderCode` must be Female, Male or Unreported."),
        ("<FirstName>Ana</FirstName>", "<FirstName>Ana</FirstName><FirstName>B</FirstName>", "There may be only one"),
        ("<MutuallyDefined>01</MutuallyDefined>", "", "`Source` must have the sender's `MutuallyDefined` id."),
        (f">{documents.CREATED}<", ">Reyes<", "`CreatedDateTime` must be a date and time."),
        (">018f2c6e7d5b7c3a9b1e2f4a6c8e0d12<", "> <", "`DocumentID` must not be empty."),
        ("DocumentID", "DocumentNo", "There must be one `DocumentID` in it."),
        ("Student>", "Pupil>", "There must be one `Student` in it."),
    ],
)
def test_what_does_not_fit_is_refused_by_line_and_element(found: str, instead: str, hint: str) -> None:
    document = shown(packet())
    assert found in document
    if found == ">Reyes-Ortiz<":
        head, _, rest = document.partition("<Name>")
        document, hint = head + "<Name>" + rest.partition("</Name>")[1] + rest.partition("</Name>")[2], "`LastName`"
    refused = refusal(document.replace(found, instead))
    assert refused.code == "not-pesc"
    assert hint in refused.hint
    assert refused.pointer.startswith("line ")
    assert "Reyes" not in str(refused)


def test_the_line_is_the_one_in_the_file() -> None:
    document = shown(packet()).replace(">0.5<", ">half<")
    line = next(number for number, text in enumerate(document.splitlines(), 1) if ">half<" in text)
    assert refusal(document).pointer == f"line {line}"


@pytest.mark.parametrize(
    "number",
    [
        "<SSN>123456789</SSN>",
        "<PartialSSN>6789</PartialSSN>",
        "<SIN>123456789</SIN>",
        '<x:SocialSecurityNumber xmlns:x="urn:x">123-45-6789</x:SocialSecurityNumber>',
        "<SSN><Digits>123456789</Digits></SSN>",
    ],
)
@pytest.mark.parametrize("place", ["<Birth>", "<Course>", "<TransmissionData>"])
def test_a_social_security_number_is_refused_wherever_it_stands(number: str, place: str) -> None:
    refused = refusal(shown(packet()).replace(place, number + place, 1))
    assert refused.code == "has-ssn"
    assert "6789" not in str(refused)


def test_an_empty_place_for_a_social_security_number_is_none() -> None:
    assert from_pesc(shown(packet()).replace("<Birth>", "<SSN> </SSN><Birth>").encode())


def test_a_social_security_number_as_a_local_id_is_stopped_by_the_schema() -> None:
    read = from_pesc(shown(student()).replace(">445566<", ">123-45-6789<").encode())
    with pytest.raises(Refused, match="schema") as caught:
        CONTRACTS.check(read, 5)
    assert caught.value.pointer == "/student/local_id"


def test_signs_that_xml_has_no_way_to_write() -> None:
    with pytest.raises(Refused, match="pesc-unfit") as caught:
        to_pesc(student(legal_name={"first": "Ana", "last": "Reyes\uffff"}))
    assert caught.value.pointer == "/student/legal_name/last"
    assert "Reyes" not in str(caught.value)


@pytest.mark.parametrize(
    ("part", "pointer"),
    [
        ({"tests": [{"date": "2027-02-31", "subtests": [{"scores": [{"value": "4"}]}]}]}, "/transcript/tests/0/date"),
        (
            {"academic_records": [{"school": {"name": "East", "address": {"lines": ["1 Main"], "city": "Provo"}}}]},
            "/transcript/academic_records/0/school/address/country",
        ),
        (
            {"source": {"address": {"lines": ["1 Main"], "city": "Provo", "state": "UT"}}},
            "/transcript/source/address/postal_code",
        ),
    ],
)
def test_what_pesc_needs_and_the_schema_cannot_say(part: dict[str, Any], pointer: str) -> None:
    document = packet()
    document["transcript"] |= part
    CONTRACTS.check(document, 5)
    with pytest.raises(Refused, match="pesc-unfit") as caught:
        to_pesc(document)
    assert caught.value.pointer == pointer
    assert caught.value.__context__ is None


# blanks, and anything at all


def test_words_with_line_ends_are_trimmed() -> None:
    document = packet()
    document["transcript"]["academic_records"][0]["sessions"][0]["courses"][0] |= {"status": "Completed"}
    written = shown(document).replace(">Completed<", ">Completed\r\n      <").replace(">Biology<", ">\n Bio\n  logy <")
    course = from_pesc(written.encode())["transcript"]["academic_records"][0]["sessions"][0]["courses"][0]
    assert (course["status"], course["title"]) == ("Completed", "Bio logy")
    assert trimmed(" a  b\t") == "a  b"
    assert trimmed("\n a" + " " * 100_000 + "b\n ") == "a" + " " * 100_000 + "b"


MADE = next(transcripts.realistic(1, 5))
WHOLE_TEXT = shown(MADE)


@settings(deadline=None, max_examples=examples(200))
@given(st.data())
def test_a_damaged_transcript_is_read_or_refused(data: st.DataObject) -> None:
    content = WHOLE_TEXT
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(content)))
        end = start + data.draw(st.sampled_from([0, 1, 5, 40]))
        content = content[:start] + data.draw(st.text(max_size=4) | st.just("<a/>")) + content[end:]
    try:
        read = from_pesc(content.encode("utf-8", "replace"))
    except Refused as refused:
        said = str(refused)
    else:
        json.dumps(read)
        said = ""
    assert MADE["student"]["legal_name"]["last"] not in said
