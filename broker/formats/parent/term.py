"""What the words for a document are made of: terms, parts, and books of them.

Owns these types. Promises: data only; no I/O.
"""

from collections.abc import Mapping
from enum import Enum, auto
from typing import NamedTuple


class Form(Enum):
    """How a value is written for a parent. Booleans and plain numbers need no form."""

    TEXT = auto()
    PROSE = auto()  # text of several lines
    DATE = auto()  # ISO 8601
    YEAR = auto()  # the year in which a school year ends
    GRADE = auto()  # PK, KG, 01 to 12
    PERCENT = auto()
    WORD = auto()  # a word of a closed list, see WORDS
    TEACHER = auto()  # the `id` of one of the record's teachers
    FILE = auto()  # the name of one of the record's attachments
    NAME = auto()  # a person's name in its parts
    SPLIT = auto()  # a word of another standard's closed list, such as AdvancedPlacement
    MONTH = auto()  # such as 2026-06
    FREE = auto()  # whatever it is: a day, a moment, text of one line or of several


class Term(NamedTuple):
    """One property: its label, its meaning and its form; for an object or a list of objects, `of` is the definition (a
    key of `FIELDS`) of its properties."""

    label: str
    meaning: str
    form: Form = Form.TEXT
    of: str = ""


class Part(NamedTuple):
    """One part of a record: its heading, a sentence about it, and the definition of its properties. `columns` is for a
    list that is best read as a table: the first columns; the other properties share one last column. `by` is the
    property that parts the list into several tables."""

    heading: str
    about: str
    of: str
    columns: tuple[str, ...] = ()
    by: str = "school_year"


class Book(NamedTuple):
    """The words of a kind of document, for one kind of reader."""

    fields: Mapping[str, Mapping[str, Term]]
    parts: Mapping[str, Part]
    words: Mapping[str, str]
