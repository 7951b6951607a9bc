"""The page for people as PDF: read back by what there is, down to where on the sheet it stands."""

import re
import subprocess
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from broker.core.page import Block, Fact, Facts, Page, Piece, Section, Table, Text
from broker.edge.pages import pdf
from broker.edge.schemas.contracts import BASE, load
from broker.edge.settings.resources import folder
from broker.formats.parent import attached
from broker.formats.parent import page as parent
from broker.formats.parent.sources import SourceDocument
from tests.support import documents
from tests.support.pdftext import Pdf, Run
from tests.support.tools import require_tool

NAME = {"first": "Kaʻimi", "middle": "Łucja", "last": "Nguyễn", "suffix": ""}
HEADINGS = {20.0, 15.0, 11.5}
FOOT = 50.0  # points: what is drawn below is the foot


@cache
def sample() -> Pdf:
    """A parent's copy: a record that uses every property, and 150 courses of another school."""
    full = documents.sample(load(folder("schemas")), f"{BASE}student-record.v1.schema.json")
    full["student"]["legal_name"] = NAME
    sources = [
        SourceDocument(full, "Alpine School District", True),
        SourceDocument(documents.record(150), "Canyon", True),
    ]
    content, lacking = pdf.render(parent.page(sources, attached.attached([full]), date(2026, 11, 23)))
    assert lacking == ()
    return Pdf(content)


def page(*blocks: Block, heading: str = "Heading", running: str = "Running") -> Page:
    return Page("Title", running, (), (Section(heading, "About it.", (Piece("Piece", tuple(blocks)),)),))


def rendered(*blocks: Block) -> Pdf:
    return Pdf(pdf.render(page(*blocks))[0])


def body(sheet: list[Run]) -> list[Run]:
    return [run for run in sheet if run.y > FOOT and run.text.strip()]


def test_letters_of_many_languages_are_printed() -> None:
    first = sample().texts()[0]
    assert "School record of Kaʻimi Łucja Nguyễn" in first
    assert "made on 23 November 2026" in first


def test_every_cell_is_printed() -> None:
    document = documents.record(150)
    made = parent.page([SourceDocument(document, "Canyon", True)], [], date(2026, 11, 23))
    text = " ".join(sample().texts())
    blocks = [block for section in made.sections for piece in section.pieces for block in piece.blocks]
    cells = [cell for block in blocks if isinstance(block, Table) for row in block.rows for cell in row]
    cells += [fact.value for block in blocks if isinstance(block, Facts) for fact in block.facts]
    assert len(cells) > 600
    named = [cell for cell in cells if cell.startswith(("Course title", "Term: S1"))]
    assert len(named) == 300
    assert [cell for cell in named if f"{cell} " not in text] == []


def test_it_says_its_title_and_language() -> None:
    (catalog,) = sample().find(b"Catalog")
    assert b"/Lang (en-US)" in catalog
    assert b"/Outlines" in catalog
    assert any(b"/DisplayDocTitle true" in one for one in sample().objects.values())
    (about,) = [one for one in sample().objects.values() if b"/Producer" in one]
    title = "School record of Kaʻimi Łucja Nguyễn".encode("utf-16-be")
    literal = re.search(rb"(?s)/Title \((.*?)\) /Trapped", about)
    assert literal
    assert re.sub(rb"\\([0-7]{3})", lambda found: bytes([int(found[1], 8)]), literal[1]).endswith(title)
    assert not any(b"/URI" in one or b"/JavaScript" in one for one in sample().objects.values())


def test_the_font_is_in_the_file() -> None:
    fonts = [one for one in sample().find(b"Font") if b"/TrueType" in one]
    assert fonts
    assert all(re.search(rb"/BaseFont /\w+\+?SourceSansPro", one) for one in fonts)
    assert len([one for one in sample().find(b"FontDescriptor") if b"/FontFile2" in one]) == len(fonts)


def test_every_sheet_says_who_when_and_which_of_how_many() -> None:
    sheets = sample().pages()
    assert len(sheets) > 10
    for number, sheet in enumerate(sheets, 1):
        foot = " ".join(run.text for run in sheet if run.y <= FOOT)
        assert foot == f"Kaʻimi Łucja Nguyễn, copy of 23 November 2026 page {number} of {len(sheets)}"
        assert {run.size for run in sheet if run.y <= FOOT} == {9.0}


def test_text_is_of_10_points_and_headings_are_not_alone_at_a_sheets_end() -> None:
    for sheet in sample().pages():
        runs = body(sheet)
        assert {run.size for run in runs} <= HEADINGS | {10.0}
        assert runs[-1].size == 10.0
        assert runs[-1].text not in ("About it.", "Courses taken, school year 2025–26")


@pytest.mark.parametrize("above", range(36, 52))
def test_a_heading_goes_with_what_it_heads(above: int) -> None:
    filler = [Section(f"F{number}", "", (Piece("", (Text("text"),)),)) for number in range(above // 4)]
    filler.append(Section("Filler", "", (Piece("", tuple(Text("text") for _ in range(above % 4))),)))
    table = Table("Caption", ("One", "Two"), (("a tall cell " * 60, "b"), ("c", "d")))
    last = Section("Heading", "About it.", (Piece("Piece", (Facts((Fact("label", "value"),), "Entry"), table)),))
    for sheet in Pdf(pdf.render(Page("Title", "Running", (), (*filler, last)))[0]).pages():
        assert body(sheet)[-1].text not in ("Heading", "About it.", "Piece", "Entry", "Caption", "One", "Two")


def test_a_heading_stays_on_a_sheet_that_has_room_for_what_it_heads() -> None:
    """Three lines of each text were asked for, however short it was, and a third of the sheet stayed empty."""
    filler = Section("Filler", "", (Piece("", tuple(Text("text") for _ in range(24))),))
    last = Section("Heading", "About it.", (Piece("Piece", (Table("Caption", ("One", "Two"), (("a", "b"),)),)),))
    (sheet,) = Pdf(pdf.render(Page("Title", "Running", (), (filler, last)))[0]).pages()
    assert min(run.y for run in body(sheet)) > FOOT


def test_a_short_column_takes_no_room_from_a_long_one() -> None:
    words = "a long text " * 12
    made = rendered(
        Table("Caption", ("Mark", "Credits earned", "More"), tuple(("A-", "0.25", words) for _ in range(9)))
    )
    (sheet,) = made.pages()
    assert len([run for run in body(sheet) if "long" in run.text]) == 9 * 2


def test_a_caption_that_repeats_the_heading_is_not_printed() -> None:
    table = Table("Heading", ("One", "Two"), (("a", "b"),))
    assert " ".join(rendered(table).texts()).count("Heading") == 1


def test_a_long_table_repeats_its_head() -> None:
    rows = tuple((f"row{number}", "x" * (number % 70)) for number in range(500))
    made = rendered(Table("Caption", ("First column", "Second column"), rows))
    texts = made.texts()
    assert len(texts) > 8
    assert all("First column Second column" in text for text in texts)
    assert re.findall(r"row\d+", " ".join(texts)) == [row[0] for row in rows]


def test_a_row_taller_than_a_sheet_goes_on() -> None:
    long = [f"w{number}" for number in range(4000)]
    lines = "\n".join(f"line{number}" for number in range(300))
    made = rendered(Table("Caption", ("A", "B", "C"), (("k", " ".join(long), lines), ("last", "", ""))))
    text = " ".join(made.texts())
    assert re.findall(r"\bw\d+", text) == long
    assert re.findall(r"line\d+", text) == lines.split("\n")
    assert "last" in text
    assert all(run.y > 20 for sheet in made.pages() for run in sheet)


def test_a_long_text_and_a_word_without_end_are_printed_whole() -> None:
    long, endless = "word " * 6_000, "abcdefghij" * 900
    made = rendered(Facts((Fact("Text", long), Fact("Short", "s"), Fact("Word", endless[:1500]))), Text(endless))
    joined = "".join("".join(run.text for run in body(sheet)) for sheet in made.pages()).replace(" ", "")
    assert joined.count("word") == 6_000
    assert endless[:1500] in joined
    assert endless in joined


def test_what_looks_like_markup_is_text() -> None:
    text = '<b>x</b> &amp; <para> ${1} <img src="file:///etc/hostname"/> </para>'
    made = rendered(Facts((Fact(text, text),), text), Table(text, (text,), ((text,),)), Text(text))
    assert "".join(made.texts()).replace(" ", "").count(text.replace(" ", "")) == 7
    assert not made.find(b"XObject") or not any(b"/Subtype /Image" in one for one in made.find(b"XObject"))


def test_a_letter_that_the_font_lacks_is_seen_and_noted() -> None:
    content, lacking = pdf.render(page(Text("Name 李 and \u05e9\u05b8"), running="李"))
    text = " ".join(Pdf(content).texts())
    assert lacking == ("\u05b8", "\u05e9", "李")
    assert f"Name {pdf.MISSING} and {pdf.MISSING}{pdf.MISSING}" in text
    assert "What could not be printed" in text
    assert "U+674E CJK UNIFIED IDEOGRAPH-674E" in text
    assert "U+05E9 HEBREW LETTER SHIN" in text
    assert "could not be printed" not in " ".join(sample().texts())


def test_a_running_line_too_long_for_the_sheet_is_shortened() -> None:
    content, _ = pdf.render(page(Text("x"), running="A" + "long name " * 60 + "2026"))
    (sheet,) = Pdf(content).pages()
    foot = next(run.text for run in sheet if run.y <= FOOT)
    assert foot.startswith("Along")
    assert foot.endswith("2026")
    assert "…" in foot
    assert len(foot) < 150


def test_progress_goes_up_to_the_end() -> None:
    told: list[float] = []
    pdf.render(page(*(Text("x") for _ in range(50))), told.append)
    assert told == sorted(told)
    assert told[-1] == 1


def test_a_reader_opens_it(tmp_path: Path) -> None:
    program = require_tool("pdftotext")
    content, _ = pdf.render(page(Text("Kaʻimi Łucja Nguyễn")))
    (tmp_path / "a.pdf").write_bytes(content)
    ended = subprocess.run([program, tmp_path / "a.pdf", "-"], capture_output=True, timeout=60, check=True)
    assert "Kaʻimi Łucja Nguyễn" in ended.stdout.decode()
    assert ended.stderr == b""


def test_an_empty_page_is_still_one() -> None:
    made: Any = Pdf(pdf.render(Page("Title", "Running", (), ()))[0])
    assert made.texts() == ["Title Running page 1 of 1"]
