"""A page for people to read, before it is HTML, PDF or anything else.

Owns the shape. Promises: plain data, text only, in reading order; the renderer decides how it looks and never what it
says. Headings: the page's title, then sections, pieces within them, and titled lists of facts within those. A sheet is
the same for a workbook.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, repr=False)
class Fact:
    """A label and its value; the value may have several lines. Repr hidden: it is about a student."""

    label: str
    value: str


@dataclass(frozen=True, slots=True, repr=False)
class Facts:
    """A list of facts, with a title where one is needed."""

    facts: tuple[Fact, ...]
    title: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Table:
    """A table: every row has a cell for every column, and its first cell names the row.

    `are_files` says that the first cells are paths of files beside the page; an empty cell names no file.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    are_files: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Text:
    """A paragraph."""

    text: str


Block = Facts | Table | Text


@dataclass(frozen=True, slots=True, repr=False)
class Piece:
    """The blocks under one heading of a section; with an empty heading, they stand right under the section's own."""

    heading: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Section:
    """A section: its heading, a sentence about it, and its pieces."""

    heading: str
    about: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Page:
    """The whole page. `running` stands on every printed sheet; `lead` holds the first paragraphs."""

    title: str
    running: str
    lead: tuple[str, ...]
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True, repr=False)
class Sheet:
    """One sheet of a workbook: its name, its header, its rows; every row is as wide as the header."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
