"""A page for people as PDF, to print.

Owns the outside library ReportLab and the font Source Sans. Promises: US Letter, 10 point; every sheet has the person's
name, the day and `page N of M`; a heading is never alone at the foot of a sheet; a long table continues with its head
repeated; title and language are set, and sections are bookmarks; a letter that the font lacks is printed as a lozenge
and listed at the end. It contains no links and uses no other files.
"""

import io
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from importlib.resources import files
from itertools import groupby, zip_longest
from pathlib import Path
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import LETTER
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import BaseDocTemplate, CondPageBreak, Frame, LongTable, PageTemplate, Paragraph, Spacer

from broker.core.page import Block, Facts, Page, Section, Table, Text

MISSING = "◊"  # printed, because the font has it, in place of a letter that the font lacks
_REGULAR, _BOLD = "SourceSansPro-Regular", "SourceSansPro-Semibold"
_SIDE, _TOP, _BOTTOM = 18 * mm, 20 * mm, 18 * mm
_WIDTH, _HEIGHT = LETTER[0] - 2 * _SIDE, LETTER[1] - _TOP - _BOTTOM
_TALLEST = 0.35 * _HEIGHT  # of one row: a longer one continues in further rows; a row cannot be split over sheets
_ROWS = 200  # rows of one table object: the library's time grows with the square
_LABEL = 0.3  # share of the width for the labels of facts
_SHORT = 2_000  # characters of a fact that is set beside its label
_RULE, _SHADE = HexColor("#8a939d"), HexColor("#e9edf2")
_QUIET = HexColor("#444c55")
_PAD, _FOOT = 3, 10 * mm
_TOTAL = "total"

Progress = Callable[[float], None]  # called with the part that is done, from 0 to 1


class _Set(NamedTuple):
    """What ReportLab gets, and how much of a sheet's height the beginning of a table needs."""

    flowable: Any
    beginning: float = 0

    def least(self) -> float:
        """The height that its beginning needs; for a text, up to three lines."""
        if not isinstance(self.flowable, Paragraph):
            return self.beginning
        style, height = self.flowable.style, float(self.flowable.wrap(_WIDTH, _HEIGHT)[1])
        return min(height, 3.0 * float(style.leading)) + float(style.spaceBefore + style.spaceAfter)


def render(page: Page, progress: Progress = lambda _share: None) -> tuple[bytes, tuple[str, ...]]:
    """The PDF, and the letters that its font lacks. The largest possible record, 20,000 goals, takes half a minute, so
    `progress` is called with the part that is done."""
    return _Printer(page).run(progress)


class _Printer:
    """Sets one page of text."""

    def __init__(self, page: Page) -> None:
        _register()
        self._page = page
        self._glyphs = pdfmetrics.getFont(_REGULAR).face.charToGlyph.keys()
        self._lacking: dict[str, None] = {}
        self._styles = _styles()

    def run(self, progress: Progress) -> tuple[bytes, tuple[str, ...]]:
        page = self._page
        story = [self._text(page.title, "h1").flowable, *(self._text(one, "text").flowable for one in page.lead)]
        for done, section in enumerate(page.sections):
            progress(0.5 * done / len(page.sections))
            story += self._section(section)
        story += [*self._note(), Spacer(1, 0)]
        return self._built(story, progress), tuple(self._lacking)

    def _section(self, section: Section) -> Iterator[Any]:
        above = [self._text(section.heading, "h2")] + ([self._text(section.about, "text")] if section.about else [])
        for piece in section.pieces:
            above += [self._text(piece.heading, "h3")] if piece.heading else []
            for block in piece.blocks:
                yield from _kept(above, self._block(block, section.heading))
                above = []

    def _note(self) -> Iterator[Any]:
        """The note about letters that could not be printed."""
        if self._lacking:
            told = ", ".join(f"U+{ord(one):04X} {unicodedata.name(one, '')}".strip() for one in self._lacking)
            said = (
                f"{MISSING} stands for a letter that this print lacks. The web page and the data file have it. It is:"
            )
            yield from _kept([self._text("What could not be printed", "h2")], [self._text(f"{said} {told}.", "text")])

    def _block(self, block: Block, above: str) -> list[_Set]:
        if isinstance(block, Text):
            return [self._text(block.text, "text")]
        return list(self._facts(block) if isinstance(block, Facts) else self._table(block, above))

    def _facts(self, block: Facts) -> Iterator[_Set]:
        if block.title:
            yield self._text(block.title, "h4")
        widths = (_LABEL * _WIDTH, (1 - _LABEL) * _WIDTH)
        for is_long, facts in groupby(
            block.facts, lambda fact: len(fact.value) > _SHORT or fact.value.count("\n") > 40
        ):
            if is_long:
                for fact in facts:
                    yield self._text(fact.label, "label")
                    yield from (self._text(line, "text") for line in fact.value.splitlines() if line)
                continue
            rows = [(self._text(one.label, "label"), self._text(one.value, "cell")) for one in facts]
            yield _grid([], rows, widths)

    def _table(self, block: Table, above: str) -> Iterator[_Set]:
        if block.caption != above:
            yield self._text(block.caption, "caption")
        widths = _widths(block)
        head = [self._text(one, "head") for one in block.columns]
        for start in range(0, len(block.rows), _ROWS):
            rows = [[self._text(cell, "cell") for cell in row] for row in block.rows[start : start + _ROWS]]
            yield _grid(head, rows, widths)

    def _text(self, text: str, style: str) -> _Set:
        return _Set(Paragraph(escape(self._printable(text)).replace("\n", "<br/>"), self._styles[style]))

    def _printable(self, text: str) -> str:
        lacking = {letter for letter in set(text) if ord(letter) not in self._glyphs and letter != "\n"}
        self._lacking |= dict.fromkeys(sorted(lacking))
        return "".join(MISSING if letter in lacking else letter for letter in text)

    def _built(self, story: list[Any], progress: Progress) -> bytes:
        out, running, last, whole = io.BytesIO(), self._printable(self._page.running), story[-1], len(story)
        frame = Frame(_SIDE, _BOTTOM, _WIDTH, _HEIGHT, 0, 0, 0, 0)
        about = {
            "title": self._page.title,
            "subject": "School record",
            "author": "Satchel",
            "creator": "Satchel",
            "lang": "en-US",
            "displayDocTitle": True,
        }
        document = BaseDocTemplate(out, pagesize=LETTER, **about)
        document.addPageTemplates([PageTemplate(frames=[frame], onPageEnd=lambda canvas, _: _foot(canvas, running))])

        def after(flowable: Any) -> None:
            progress(1 - 0.5 * len(story) / whole)
            _after(document.canv, flowable, is_last=flowable is last)

        document.afterFlowable = after
        document.build(story)
        return out.getvalue()


def _kept(above: Sequence[_Set], block: Sequence[_Set]) -> Iterator[Any]:
    """Keep the headings and the block's beginning on one sheet."""
    first = next((place for place, one in enumerate(block) if not _is_heading(one)), len(block) - 1)
    least = sum(one.least() for one in (*above, *block[: first + 1]))
    yield CondPageBreak(min(least, _HEIGHT))
    yield from (one.flowable for one in (*above, *block))


def _is_heading(one: _Set) -> bool:
    return isinstance(one.flowable, Paragraph) and one.flowable.style.name not in ("text", "cell")


def _grid(head: Sequence[_Set], rows: Sequence[Sequence[_Set]], widths: Sequence[float]) -> _Set:
    """A table. A row that is too tall for a sheet continues in further rows."""
    pieces = [piece for row in rows for piece in _pieces(row, widths)]
    style: list[tuple[Any, ...]] = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.4, _RULE),
        ("LEFTPADDING", (0, 0), (-1, -1), _PAD),
        ("RIGHTPADDING", (0, 0), (-1, -1), _PAD),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ]
    style += [("BACKGROUND", (0, 0), (-1, 0), _SHADE)] if head else []
    data = [[one.flowable for one in head], *pieces] if head else pieces
    table = LongTable(data, colWidths=widths, repeatRows=1 if head else 0, style=style, spaceAfter=6)
    return _Set(table, sum(_height(row, widths) for row in data[:2]))


def _pieces(row: Sequence[_Set], widths: Sequence[float]) -> list[list[Any]]:
    """The row, split into as many rows as needed so that none is taller than `_TALLEST`."""
    cells = []
    for one, width in zip(row, widths, strict=True):
        left, cell = [one.flowable], []
        while left:
            piece, *left = _cut(left[0], width - 2 * _PAD)
            cell.append(piece)
        cells.append(cell)
    return [list(piece) for piece in zip_longest(*cells, fillvalue="")]


def _cut(paragraph: Any, width: float) -> list[Any]:
    if paragraph.wrap(width, _HEIGHT)[1] <= _TALLEST:
        return [paragraph]
    return list(paragraph.split(width, _TALLEST)) or [paragraph]


def _height(row: Sequence[Any], widths: Sequence[float]) -> float:
    cells = ((one, width) for one, width in zip(row, widths, strict=True) if one != "")
    return 6 + max(float(one.wrap(width - 2 * _PAD, _HEIGHT)[1]) for one, width in cells)


def _widths(block: Table) -> list[float]:
    """Each column's width. A column whose longest line is narrower than its share gets that line's width; the other
    columns share the rest by the length of their lines."""
    natural = [_natural([row[place] for row in (block.columns, *block.rows)]) for place in range(len(block.columns))]
    left, long = _WIDTH, set(range(len(natural)))
    while fitting := {place for place in long if natural[place] <= left / len(long)}:
        long -= fitting
        left -= sum(natural[place] for place in fitting)
    shares = [one**0.7 if place in long or not long else 0 for place, one in enumerate(natural)]
    given = [0 if place in long else one for place, one in enumerate(natural)]
    return [one + left * share / sum(shares) for one, share in zip(given, shares, strict=True)]


def _natural(cells: Sequence[str]) -> float:
    """The width that a column needs, in points; measuring the line with the most letters is accurate enough."""
    longest = max((line for cell in cells for line in cell.split("\n")), key=len)
    widths = (float(pdfmetrics.stringWidth(line, _BOLD, 10)) for line in (longest, *cells[0].split("\n")))
    return 1.1 * max(*widths, 20.0) + 2 * _PAD


def _foot(canvas: Any, running: str) -> None:
    """The foot of one sheet. The number of sheets is known only at the end, so a form is placed there (`_after`)."""
    canvas.saveState()
    canvas.setFont(_REGULAR, 9)
    canvas.setFillColor(_QUIET)
    while pdfmetrics.stringWidth(running, _REGULAR, 9) > _WIDTH - 30 * mm:
        running = running[: len(running) // 2 - 2] + "…" + running[len(running) // 2 + 2 :]
    canvas.drawString(_SIDE, _FOOT, running)
    canvas.drawRightString(_SIDE + _WIDTH - 8 * mm, _FOOT, f"page {canvas.getPageNumber()} of")
    canvas.translate(_SIDE + _WIDTH - 7 * mm, _FOOT)
    canvas.doForm(_TOTAL)
    canvas.restoreState()


def _after(canvas: Any, flowable: Any, *, is_last: bool) -> None:
    """Called by ReportLab for what it has set: a section gets its bookmark; after the last one the sheets are
    counted."""
    if isinstance(flowable, Paragraph) and flowable.style.name in ("h1", "h2"):
        key = f"p{id(flowable)}"
        canvas.bookmarkPage(key)
        canvas.addOutlineEntry(flowable.getPlainText(), key, int(flowable.style.name[1]) - 1)
    if is_last:
        canvas.beginForm(_TOTAL)
        canvas.setFont(_REGULAR, 9)
        canvas.setFillColor(_QUIET)
        canvas.drawString(0, 0, str(canvas.getPageNumber()))
        canvas.endForm()


def _register() -> None:
    """Register the font with ReportLab, which keeps fonts for the whole process."""
    folder = Path(str(files("font_source_sans_pro"))) / "files"
    for name in {_REGULAR, _BOLD} - set(pdfmetrics.getRegisteredFontNames()):
        pdfmetrics.registerFont(TTFont(name, str(folder / f"{name}.ttf")))


def _styles() -> dict[str, ParagraphStyle]:
    """The styles by name: font, size, leading, space before and after."""
    table = {
        "h1": (_BOLD, 20, 24, 0, 8),
        "h2": (_BOLD, 15, 18, 14, 3),
        "h3": (_BOLD, 11.5, 14, 8, 3),
        "h4": (_BOLD, 10, 13, 7, 2),
        "text": (_REGULAR, 10, 13, 0, 4),
        "caption": (_REGULAR, 10, 13, 4, 3),
        "head": (_BOLD, 10, 12, 0, 0),
        "label": (_BOLD, 10, 12.5, 0, 0),
        "cell": (_REGULAR, 10, 12.5, 0, 0),
    }
    return {
        name: ParagraphStyle(name, fontName=font, fontSize=size, leading=leading, spaceBefore=before, spaceAfter=after)
        for name, (font, size, leading, before, after) in table.items()
    }
