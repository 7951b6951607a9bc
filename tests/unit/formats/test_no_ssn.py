"""A social security number is refused in every text of every packet type and form."""

import base64
import copy
import json
import random
import re
from collections.abc import Iterator
from typing import Any

import pytest

from broker.core.errors import Refused
from broker.core.model import LeaId
from broker.edge.schemas.contracts import BASE, load
from broker.edge.settings.resources import folder
from broker.edge.settings.values import Limits
from broker.formats import no_ssn, pesc, reading
from tests.bench import load as bench
from tests.support import documents, transcripts
from tests.support.sheets import ANA, BEN, CONTRACTS, HEADER, read, refused

SCHEMAS = load(folder("schemas"))
TYPES = CONTRACTS.accepted
NUMBER = "SSN 529-12-3456"


def said(content: bytes | dict[str, Any], file: str = "a.pgp") -> Refused | None:
    """The refusal of a document of 01."""
    whole = content if isinstance(content, bytes) else json.dumps(content).encode()
    try:
        reading.read(whole, file, LeaId("01"), Limits(), CONTRACTS)
    except Refused as error:
        return error
    return None


def _texts(document: Any) -> Iterator[tuple[Any, ...]]:
    return (path for path in documents.paths(document) if isinstance(documents.at(document, path), str))


def _put(document: Any, path: tuple[Any, ...], value: str) -> Any:
    changed = copy.deepcopy(document)
    documents.at(changed, path[:-1])[path[-1]] = value
    return changed


@pytest.mark.parametrize("kind", TYPES)
def test_every_text_of_every_packet_type_is_looked_at(kind: str) -> None:
    document = documents.slim(documents.sample(SCHEMAS, f"{BASE}{kind}.schema.json")) | {"packet": kind}
    places = [path for path in _texts(document) if path[-1] != "content"]  # base64: see below
    assert len(places) > 3
    for path in places:
        for number in (NUMBER, "529\u201112\u20113456", "５２９ １２ ３４５６"):
            found = said(_put(document, path, number))
            is_phone = path[-1] in ("phone", "number")  # which no phone number is
            assert found is not None
            assert found.code == "has-ssn" or (path == ("packet",) and found.code == "unknown-type"), path
            assert is_phone or found.pointer == "/" + "/".join(map(str, path))
            assert "529" not in str(found) + found.hint + found.pointer


def test_names_of_properties_are_looked_at_and_are_not_told() -> None:
    document = documents.record()
    document["record"]["529-12-3456"] = {"note": "x"}
    found = said(document)
    assert found is not None
    assert (found.code, found.pointer) == ("has-ssn", "/record")
    document["record"] = {"Ana Reyes": {"title": NUMBER}}
    found = said(document)
    assert found is not None
    assert (found.code, found.pointer) == ("has-ssn", "/record/title")


def test_all_places_are_told_at_once() -> None:
    document = documents.record(30)
    for course in document["record"]["course_history"]:
        course["title"] = NUMBER
    found = said(document)
    assert found is not None
    assert found.pointer == "/record/course_history/0/title"
    assert "/record/course_history/1/title, /record/course_history/2/title" in found.hint
    assert len(found.hint) < 1000


def test_nine_digits_alone_are_refused_where_words_belong_and_taken_as_an_id() -> None:
    document = documents.record(1)
    document["student"]["local_id"] = "529123456"
    document["student"]["address"] = {"street": "12 Aspen Way", "city": "Provo", "postal_code": "841011234"}
    document["student"]["phone"] = "801-555-0123"
    assert said(document) is None
    for place in (("student", "legal_name", "middle"), ("student", "address", "street"), ("record", "course_history")):
        changed = copy.deepcopy(document)
        if place[-1] == "course_history":
            changed["record"]["course_history"][0]["title"] = "529123456"
        else:
            documents.at(changed, place[:-1])[place[-1]] = "529123456"
        found = said(changed)
        assert found is not None
        assert found.code == "has-ssn"


@pytest.mark.parametrize("kind", ["text/plain", "text/csv", "TEXT/HTML", "application/json"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_attached_text_is_looked_at(kind: str, encoding: str) -> None:
    for before in (0, 786_400, 2_000_000):
        text = "a" * before + f" {NUMBER} "
        document = documents.record(
            record={"attachments": [_attached("application/pdf", "x"), _attached(kind, text, encoding)]}
        )
        found = said(document)
        assert found is not None
        assert (found.code, found.pointer) == ("has-ssn", "/record/attachments/1/content")
    assert said(documents.record(record={"attachments": [_attached(kind, "529123456 801-555-0123", encoding)]})) is None


def _attached(kind: str, text: str, encoding: str = "utf-8") -> dict[str, str]:
    return {"name": "a.bin", "media_type": kind, "content": base64.b64encode(text.encode(encoding)).decode()}


def test_a_picture_gives_no_false_alarm() -> None:
    noise = base64.b64encode(bytes(range(256)) * 4000).decode()
    document = documents.record(
        record={"attachments": [{"name": "a.png", "media_type": "image/png", "content": noise}]}
    )
    assert said(document) is None


def test_an_honest_document_is_looked_at_once_and_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it costs does not grow with its texts, also where an LEA's own numbers have nine digits."""
    looked: list[str] = []
    monkeypatch.setattr(no_ssn, "is_held", lambda text, **_: looked.append(text))
    monkeypatch.setattr("secrets.token_bytes", random.Random(7).randbytes)
    attached = [bench.document("01", "6G", 24_000, number) for number in range(40)]
    walked = 0
    for document in (documents.record(150), documents.enrollment(200), *attached):
        looked.clear()
        assert said(document) is None
        whole = json.dumps(document, ensure_ascii=False)
        whole = re.sub('"local_id": "[0-9]+"', '"local_id": "529123456"', whole)
        assert said(whole.encode()) is None
        assert not looked or document in attached
        walked += bool(looked)
    assert walked <= len(attached) / 10  # in what is attached, digits and signs come together by chance


# CSV


@pytest.mark.parametrize("cell", [NUMBER, "529 12 3456", "529\u201312\u20133456"])
def test_every_column_of_a_csv_is_looked_at(cell: str) -> None:
    header = f"{HEADER},Street,City,Guardian Last Name,Alias,Phone,ZIP"
    good = f"{ANA},12 Aspen Way,Provo,Ortiz,Annie,801-555-0123,84101-1234".split(",")
    assert len(read(f"{header}\n{','.join(good)}\n")["students"]) == 1
    for place in range(len(good)):
        line = [*good[:place], f'"{cell}"', *good[place + 1 :]]
        found = refused(f"{header}\n{BEN},,,,,,\n{','.join(line)}\n")
        assert (found.code, found.pointer[:7]) == ("has-ssn", "line 3 ")
        assert f"column {place + 1} ({'ABCDEFGHIJKLMNO'[place]})" in found.pointer
        assert "529" not in str(found) + found.hint


def test_a_number_in_a_line_that_cannot_be_read_is_refused_too() -> None:
    assert refused(f"{HEADER}\n{ANA}\nNew,2027,01\n{NUMBER},1,2,3\n").code == "has-ssn"


def test_nine_digits_as_the_local_number_are_taken() -> None:
    assert read(f"{HEADER}\n{ANA.replace('445566', '529123456')}\n")["students"]
    assert refused(f"{HEADER}\n{ANA.replace('Ana', '529123456')}\n").code == "has-ssn"


# XML


def _xml(name: str = "") -> bytes:
    (document,) = transcripts.realistic(1, 3)
    return re.sub(b"</FirstName>", name.encode() + b"</FirstName>", pesc.to_pesc(document, state="UT"), count=1)


@pytest.mark.parametrize(
    "text",
    [
        *(NUMBER, "529&#45;12&#x2D;3456", "&#65301;&#65298;&#65305;-12-3456", "<![CDATA[529-12-3456]]>", "529123456"),
        *("<!-- 529-12-3456 -->", "<?note SSN 529123456?>"),
    ],
)
def test_every_text_of_xml_is_looked_at(text: str) -> None:
    assert said(_xml()) is None
    found = said(_xml(text))
    assert found is not None
    assert found.code == "has-ssn"
    assert found.pointer.startswith("line ")
    assert "529" not in str(found) + found.hint


def test_attributes_of_xml_are_looked_at() -> None:
    content = _xml().replace(b"<FirstName>", b'<FirstName note="529-12-3456">', 1)
    found = said(content)
    assert found is not None
    assert found.code == "has-ssn"
