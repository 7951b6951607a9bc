"""What a content is, by its bytes, and what is no kind of its own because it may be a document."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.files import kinds_openpgp
from broker.core.files.kinds import kind_of
from broker.core.files.kinds_openpgp import shape_of
from broker.core.files.kinds_text import decoded, encoding_of
from tests.support import contents
from tests.support.tools import ROOT


@pytest.mark.parametrize("name", contents.FORMS)
def test_every_form_is_known_by_its_bytes(name: str) -> None:
    made, words = contents.FORMS[name]
    kind = kind_of(made())
    assert kind is not None
    assert words in f"It is {kind.name}."
    assert kind.code == "not-a-document"
    assert kind.advice.endswith(".")
    assert shape_of(made()) is None


@pytest.mark.parametrize("name", contents.ENCODED)
def test_text_of_several_bytes_a_letter_is_known_with_a_mark_and_without(name: str) -> None:
    made, words = contents.ENCODED[name]
    kind = kind_of(made())
    assert kind is not None
    assert (f"It is {kind.name}.", kind.code) == (words, "not-utf8")
    assert "Quenneville" in decoded(made())
    assert "Zsófia" in decoded(made())


@pytest.mark.parametrize("content", contents.EMPTY.values(), ids=list(contents.EMPTY))
def test_nothing_is_empty(content: bytes) -> None:
    kind = kind_of(content)
    assert kind is not None
    assert kind.code == "empty-document"


DOCUMENTS = {
    "JSON": contents.JSON.encode(),
    "CSV": contents.CSV.encode(),
    "CSV with a mark": contents.CSV.encode("utf-8-sig"),
    "CSV of Windows": contents.CSV.encode("cp1252", "replace"),
    "JSON of Windows": contents.JSON.encode("cp1252", "replace"),
    "CSV of an old Mac": contents.CSV.replace("\r\n", "\r").encode("mac-roman"),
    "XML": b'<?xml version="1.0" encoding="UTF-8"?>\n<HSTrn:HighSchoolTranscript xmlns:HSTrn="urn:org:pesc"/>',
    "half a document": contents.JSON.encode()[:100],
    "prose": "Dear all, from now on: the list is here. Señora Peña has it.\n".encode(),
    "a mail's words in a table": b"From,To,Subject,Date\n1,2,3,4\n",
    "Chinese": "姓名,生日\n王,2012-03-04\n".encode(),
    "Greek of one byte": "Όνομα,Ημερομηνία\n".encode("iso8859-7"),
}


@pytest.mark.parametrize("content", DOCUMENTS.values(), ids=list(DOCUMENTS))
def test_what_may_be_a_document_has_no_kind(content: bytes) -> None:
    assert kind_of(content) is None
    assert shape_of(content) is None


def test_no_schema_example_or_page_of_the_project_is_taken_for_something_else() -> None:
    texts = [*(ROOT / "schemas").glob("*.json"), *(ROOT / "docs").glob("*.md")]
    assert len(texts) > 15
    assert {path.name: kind_of(path.read_bytes()) for path in texts} == {path.name: None for path in texts}


SECRETS = {
    "OpenSSH": b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1r\n-----END OPENSSH PRIVATE KEY-----\n",
    "PEM": b"Bag Attributes\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n",
    "PuTTY": b"PuTTY-User-Key-File-3: ssh-ed25519\r\nEncryption: none\r\n",
    "PKCS 12": bytes.fromhex("3082097202010330820938") + bytes(range(99)),
    "gpg's own": b"Created: 20261123T100000\nKey: (private-key (ecc (curve Ed25519)))\n",
}


@pytest.mark.parametrize("content", SECRETS.values(), ids=list(SECRETS))
def test_a_secret_key_of_another_program_is_known(content: bytes) -> None:
    kind = kind_of(content)
    assert kind is not None
    assert kind.code == "secret-key-sent"


@given(st.binary(max_size=400))
def test_any_bytes_have_a_kind_or_none_and_a_shape_or_none(content: bytes) -> None:
    kind_of(content)
    shape_of(content)
    encoding_of(content)
    decoded(content)
    kinds_openpgp.body_of(content)
    kinds_openpgp.around(content)


@given(st.text(max_size=400))
def test_no_text_is_taken_for_a_program(text: str) -> None:
    kind = kind_of(text.encode())
    if kind is not None and kind.name.startswith("no text"):
        assert any(letter < " " and letter not in "\t\n\r\f" for letter in text)


def test_random_bytes_are_hardly_ever_taken_for_openpgp() -> None:
    source = random.Random(11)
    found = [shape_of(source.randbytes(2000)) for _ in range(2000)]
    assert sum(shape is not None for shape in found) < 20
