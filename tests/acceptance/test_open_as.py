"""`satchel open --as`: what was received, as a page, a workbook, tables and data beside it; looked at from outside."""

import csv
import json
import stat
from datetime import UTC
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from lxml import html

from broker.core.model import LeaId
from broker.formats import pesc
from tests.support import readable
from tests.support.parent_export import Office

ALL = [word for form in ("html", "pdf", "xlsx", "csv", "json") for word in ("--as", form)]
DOCUMENTS = {
    "student-record": readable.record,
    "backpack": lambda: readable.record() | {"packet": "backpack.v1", "mode": "replace"},
    "transcript": readable.transcript,
    "record-request": readable.request,
    "ssid": readable.answer,
}


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def files(office: Office) -> set[str]:
    own = {"directory", "secret.asc"}
    found = (path for path in office.root.rglob("*") if path.is_file())
    names = {str(path.relative_to(office.root)) for path in found}
    return {name for name in names if name.split("/")[0] not in own}


def page_text(path: Path) -> str:
    """What a reader sees, line by line."""
    tree = html.document_fromstring(path.read_text("utf-8"))
    return "\n".join(
        one.text_content() for one in tree.iter("h1", "h2", "h3", "h4", "p", "dt", "dd", "caption", "th", "td")
    )


def cells(book: Path) -> list[str]:
    opened = openpyxl.load_workbook(book)
    assert {cell.data_type for sheet in opened for row in sheet for cell in row} <= {"s", "n"}  # n: an empty cell
    return [str(cell.value) for sheet in opened for row in sheet for cell in row if cell.value is not None]


def csv_cells(folder: Path) -> list[str]:
    found = []
    for path in sorted(folder.glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            head, *rows = csv.reader(file)
        assert {len(row) for row in rows} <= {len(head)}
        found += [cell for row in rows for cell in row]
    return found


def missing(document: Any, found: list[str]) -> list[Any]:
    """The values that stand in no cell; a text may go on in the next cell, and a formula has an apostrophe."""
    whole = "\n".join(found).splitlines()
    lines = [line for one in readable.leaves(document) for line in readable.raw(one).splitlines()]
    long = "".join(found)
    return [one for one in lines if one not in whole and f"'{one}" not in whole and one not in long]


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_every_value_is_in_every_form(kind: str, office: Office) -> None:
    document = DOCUMENTS[kind]()
    office.sealed(f"T.{kind}.pgp", document)
    ended = office.open(f"T.{kind}.pgp", *ALL)
    assert (ended.code, ended.stderr) == (0, "")
    base = office.root / f"T.{kind}"
    assert json.loads(base.read_bytes()) == document
    assert readable.lacking(document, page_text(Path(f"{base}.html"))) == []
    assert missing(document, cells(Path(f"{base}.xlsx"))) == []
    assert missing(document, csv_cells(Path(f"{base}-csv"))) == []
    assert json.loads(Path(f"{base}.json").read_bytes()) == document
    assert Path(f"{base}.pdf").read_bytes().startswith(b"%PDF-")
    made = [path for path in office.root.glob("T.*") if path.suffix != ".pgp"]
    inner = list(office.root.rglob("T.*/*"))
    assert {stat.S_IMODE(path.stat().st_mode) for path in (*made, *inner) if path.is_file()} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in made if path.is_dir()} == {0o700}
    name = document.get("student", {}).get("legal_name", {}).get("last", "Kamakawiwoʻole")
    assert name not in ended.stdout


def test_attachments_lie_beside_it_under_safe_names(office: Office) -> None:
    office.sealed("r.pgp", readable.record())
    assert office.open("r.pgp", "--out", "record.json", "--as", "html").code == 0
    names = sorted(path.name for path in (office.root / "record-files").iterdir())
    assert names[:3] == ["01-Plan-of-Ana.pdf", "02-olelo.docx", "03-run-me.bin"]
    assert len(names) == 12
    assert (office.root / "record-files" / "03-run-me.bin").read_bytes() == b"run me.exe"
    links = html.document_fromstring((office.root / "record.html").read_bytes()).xpath("//td//a/@href|//th//a/@href")
    assert links[:1] == ["record-files/01-Plan-of-Ana.pdf"]


def test_the_page_says_who_wrote_it_and_that_the_seal_is_good(office: Office) -> None:
    office.sealed("r.pgp", readable.record())
    office.open("r.pgp", "--as", "html")
    text = page_text(office.root / "r.html")
    assert "Written by Alpine School District (01) on 23 November 2026" in text
    assert "the signature is good" in text


def test_nothing_is_overwritten_and_then_nothing_is_written(office: Office) -> None:
    office.sealed("r.pgp", readable.record())
    (office.root / "r.html").write_text("mine")
    before = files(office)
    ended = office.open("r.pgp", "--as", "json", "--as", "html")
    assert ended.code == 1
    assert (
        ended.stderr
        == "r.html is already there; move it away, or choose another name with --out. Nothing was written.\n"
    )
    assert files(office) == before


def test_the_original_keeps_its_name_where_the_form_would_have_it(office: Office) -> None:
    office.sealed("r.pgp", readable.transcript())
    office.open("r.pgp", "--out", "t.json", "--as", "json")
    assert files(office) == {"r.pgp", "t.json", "t-document.json"}


def test_a_transcript_goes_into_pescs_form_and_back(office: Office) -> None:
    document = readable.transcript()
    office.sealed("t.pgp", document)
    assert office.open("t.pgp", "--as", "pesc").code == 0
    written = (office.root / "t.xml").read_bytes()
    again = pesc.read_any(written, LeaId("01"), "UT", UTC)
    assert (
        again["transcript"]["academic_records"][0]["sessions"]
        == (document["transcript"]["academic_records"][0]["sessions"])
    )
    office.sealed("x.pgp", written, signer="01")
    assert office.open("x.pgp", "--as", "html", "--as", "pesc", "--out", "came.xml").code == 0
    assert (office.root / "came-document.xml").read_bytes() == written
    assert readable.lacking(document["transcript"], page_text(office.root / "came.html")) == []


def test_a_record_is_no_transcript_and_says_what_makes_one(office: Office) -> None:
    office.sealed("r.pgp", readable.record())
    ended = office.open("r.pgp", "--as", "pesc")
    assert ended.code == 1
    assert "satchel transcript make" in ended.stderr
    assert files(office) == {"r.pgp"}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"Row,SSID\r\n00000002,1000000019\r\n", "neither JSON nor a transcript"),
        (b'{"a": 1, "a": 2}', "[duplicate-key]"),
        (b"<?xml version='1.0'?><a/>", "cannot be read"),
    ],
)
def test_what_has_no_such_form_says_so(content: bytes, told: str, office: Office) -> None:
    office.sealed("r.pgp", content, signer="exchange")
    ended = office.open("r.pgp", "--as", "html")
    assert ended.code == 1
    assert told in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert files(office) == {"r.pgp"}


def test_a_document_that_names_another_writer_is_not_shown(office: Office) -> None:
    office.sealed("r.pgp", readable.record(), signer="6G")
    ended = office.open("r.pgp", "--as", "html")
    assert ended.code == 1
    assert "does not say that it is from 6G" in ended.stderr
    assert files(office) == {"r.pgp"}


def test_as_json_it_tells_what_it_made(office: Office) -> None:
    office.sealed("r.pgp", readable.request())
    told = json.loads(office.open("r.pgp", "--as", "html", "--as", "xlsx", "--json").stdout)
    assert told["made"] == ["r.html", "r.xlsx"]


def test_letters_that_the_print_lacks_are_told(office: Office) -> None:
    office.sealed("r.pgp", readable.record())
    told = office.open("r.pgp", "--as", "pdf").stdout
    assert "letters, and says which; the web page has them." in told


def test_a_form_that_is_none_is_wrong_use(office: Office) -> None:
    office.sealed("r.pgp", readable.request())
    ended = office.open("r.pgp", "--as", "docx")
    assert ended.code == 2
    assert files(office) == {"r.pgp"}
