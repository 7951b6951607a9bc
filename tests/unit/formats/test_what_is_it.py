"""What is said of a document that cannot be read, and of a file in the clear, by its bytes."""

import base64
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from broker.core.codes import CODES
from broker.core.errors import Refused
from broker.edge.schemas.contracts import Contracts
from broker.edge.settings.resources import folder
from broker.edge.settings.values import Limits
from broker.formats import reading, whatisit
from tests.support import contents, documents
from tests.support.sheets import LEA
from tests.support.tools import ROOT

CONTRACTS = Contracts(folder("schemas"))
LIMITS = Limits()
NAMED, PERHAPS = "It seems to name students", "If it names a student"


def opened(content: bytes, file: str = "x.pgp") -> Refused:
    """What is said of this document, sealed."""
    with pytest.raises(Refused) as caught:
        reading.read(content, file, LEA, LIMITS, CONTRACTS)
    return whatisit.when_opened(content, caught.value)


def clear(content: bytes, code: str = "not-openpgp") -> Refused:
    """What is said of this file in outbox."""
    return whatisit.in_outbox(content, Refused(code), LIMITS)


OTHER_TEXT = {
    "prose": b"Dear all,\nthe list is here.\n",
    "YAML": b"---\npacket: enrollment.v1\n",
    "base64": base64.encodebytes(contents.JSON.encode()),
    "columns apart by stars": contents.CSV.replace(",", "*").encode(),
    "SQL": b"INSERT INTO students VALUES (1,'Ana');\n",
    "a page of the project": (ROOT / "README.md").read_bytes(),
}


@pytest.mark.parametrize("content", OTHER_TEXT.values(), ids=list(OTHER_TEXT))
def test_text_of_no_form_that_is_read(content: bytes) -> None:
    said = opened(content)
    assert said.code == "not-a-document"
    assert "It is text in another form." in said.sentence


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'{"packet": "enrollment.v1",', "not-json"),
        (b'{"a": 1} {"b": 2}', "not-json"),
        (b'"packet": "enrollment.v1"', "not-json"),
        (b"[{}]", "not-json"),
        (b'{"a": 1, "a": 2}', "duplicate-key"),
        (b"\xef\xbb\xbf{}", "not-utf8"),
        (contents.JSON.encode("cp1252"), "not-utf8"),
        (b"<a><b></a>", "not-xml"),
        (b"<a/>", "not-pesc"),
        (b'{"packet": "enrolment.v1"}', "unknown-type"),
    ],
)
def test_what_was_meant_as_a_document_keeps_its_own_refusal(content: bytes, code: str) -> None:
    said = opened(content)
    assert said.code == code
    assert said.pointer


@pytest.mark.parametrize("name", sorted(contents.WORKBOOKS))
@pytest.mark.parametrize("file", ["x.csv.pgp", "REQ_01_20261123_1.pgp"])
def test_a_workbook_is_read_and_keeps_the_refusal_of_its_own(name: str, file: str) -> None:
    assert opened(contents.FORMS[name][0](), file).code == "workbook"


@pytest.mark.parametrize("name", sorted(contents.FORMS.keys() - contents.WORKBOOKS))
@pytest.mark.parametrize("file", ["x.pgp", "x.csv.pgp", "REQ_01_20261123_1.csv.pgp", "x.json.pgp", "x.xml.pgp"])
def test_a_form_is_told_whatever_the_file_is_called(name: str, file: str) -> None:
    make, words = contents.FORMS[name]
    said = opened(make(), file)
    assert said.code == "not-a-document"
    assert words in said.sentence


def test_a_wrong_from_is_told_with_the_faults_of_the_form() -> None:
    document = documents.enrollment(0, **{"from": "6g"})
    del document["created"]
    said = opened(json.dumps(document).encode())
    assert said.code == "schema"
    assert said.hint.splitlines()[-1] == "/from: must be 01"
    del document["from"]
    assert "/from: must" not in opened(json.dumps(document).encode()).hint


HARMLESS = {"program", "shortcut"}


@pytest.mark.parametrize("name", contents.FORMS)
@pytest.mark.parametrize("code", ["not-openpgp", "truncated", "bad-structure", "not-sealed"])
def test_in_the_clear_a_form_is_told_however_it_was_refused(name: str, code: str) -> None:
    make, words = contents.FORMS[name]
    if name == "noise" and code != "not-openpgp":
        return  # it could be a part of a message
    said = clear(make(), code)
    assert said.code == "not-openpgp"
    assert words in said.sentence
    assert (PERHAPS in said.sentence or NAMED in said.sentence) is (name not in HARMLESS)


@pytest.mark.parametrize(
    "text",
    [
        contents.JSON,
        contents.CSV,
        contents.CSV.replace(",", "|"),
        '"Last Name";"First Name";"DOB"\n"Reyes";"Ana";"3/4/2012"\n',
        "SSID\tGender\tGrade Level\n1\tF\t09\n",
        "<Student><BirthDate>2012-03-04</BirthDate><Surname>Reyes</Surname></Student>",
        "student_id,guardian\n1,Marta\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-be", "utf-32-le"])
def test_facts_of_students_are_seen_in_the_clear_in_any_encoding(text: str, encoding: str) -> None:
    assert NAMED in clear(text.encode(encoding, "replace")).sentence


@pytest.mark.parametrize(
    "content",
    [
        b"hello\n",
        b"See you on Monday, 23 November 2026.\n",
        b"a,b,c\n1,2,3\n",
        b'{"temperature": 12}',
        b"<note>x</note>",
    ],
)
def test_what_names_no_student_is_not_said_to(content: bytes) -> None:
    said = clear(content)
    assert NAMED not in said.sentence
    assert PERHAPS in said.sentence


def test_no_sentence_holds_anything_of_the_file() -> None:
    unknown = contents.CSV.replace("Date of Birth", "Born")  # a request with all its columns is read
    for content in (
        contents.JSON.encode(),
        unknown.encode(),
        b"Zebulon Quackenbush\n",
        unknown.encode("utf-16"),
    ):
        for said in (clear(content), opened(content)):
            assert not any(word in said.sentence for word in ("Quenneville", "Zsófia", "Zebulon", "2012-03-04, New"))


_WORDS = [
    b"BEGIN PGP MESSAGE",
    b"-----BEGIN PGP SIGNATURE-----",
    b"-----END PGP SIGNATURE-----",
    b"BEGIN PGP PUBLIC KEY BLOCK",
]
_WORDS += [
    b"-----BEGIN PGP SIGNED MESSAGE-----",
    b"-----BEGIN PGP PRIVATE KEY BLOCK-----",
    b"\n",
    b"\n\n",
    b"=",
    b"A",
    b": ",
]
_WORDS += [b"PK\x03\x04", b"<!--", b"<?xml", b"\xff\xfe", b"\0", b"\x85", b"\xc1\x0f\x03", b"\xa3\x01", b"{", b"From: "]


@given(st.lists(st.sampled_from(_WORDS) | st.binary(max_size=12), max_size=12).map(b"".join))
@example(b"-----BEGIN PGP MESSAGE-----\n\n7\n-----END PGP MESSAGE-----")
@example(b"-----BEGIN PGP MESSAGE-----")
def test_whatever_comes_gets_a_refusal(content: bytes) -> None:
    for code in ("not-openpgp", "not-sealed", "bad-structure", "bad-armor", "key-secret", "truncated"):
        assert clear(content, code).code in CODES
    for code in ("not-utf8", "not-json", "request-name", "csv-form", "not-xml"):
        assert whatisit.when_opened(content, Refused(code)).code in CODES


def test_every_code_that_is_given_is_in_the_table() -> None:
    kinds = {clear(make()).code for make, _ in contents.FORMS.values()}
    assert kinds <= CODES.keys()
