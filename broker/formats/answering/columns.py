"""The columns of the tables in which an LEA answers: their names, how a cell is read, and what a line becomes.

Owns both kinds of table. Promises: names are compared without case, blanks and punctuation; a table is one of these
only if it has a column of tracking ids and a column of answers; what the exchange has written into a table for its
reader (`shown`) is known by its name, and never read.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from broker.core.model import PacketType
from broker.core.review import MOST_WHY, OWN_STUDENT, Verb, is_one_line
from broker.formats.answering import words
from broker.formats.answering.words import Decision, Reply
from broker.formats.cells import Column, Unfit, plain

Values = Mapping[str, Any]
ANSWER, TRACKING, LINE, WHY = "answer", "tracking", "line", "why"
NO_REASON = "Chosen in the table of questions."

_TRACKING = re.compile(r"(?:.{0,200}[/\\])?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:\..{0,100})?", re.IGNORECASE)
_LINE = re.compile(r"-1|[0-9]{1,6}|1000000")
_COUNT = re.compile("[0-9]{1,9}")


def tracking(text: str) -> str:
    """A tracking id, or the name of a file that begins with it. Raises Unfit."""
    found = _TRACKING.fullmatch(text)
    if found is None:
        raise Unfit("must be a tracking id: how the name of the file begins, up to the first dot")
    return found[1].lower()


def line(text: str) -> int:
    """The line of a question. Raises Unfit."""
    if not _LINE.fullmatch(text):
        raise Unfit("must be the line that the question has, or empty for a record")
    return int(text)


def why(text: str) -> str:
    """How an answer was found. Raises Unfit."""
    if not is_one_line(text, MOST_WHY):
        raise Unfit(f"must be one line of at most {MOST_WHY} characters")
    return text


def count(text: str) -> int:
    """A number of courses. Raises Unfit."""
    if not _COUNT.fullmatch(text):
        raise Unfit("must be a whole number")
    return int(text)


@dataclass(frozen=True)
class Kind:
    """A kind of table. `packet` is the packet type of its document, `most` how the document is called; `shown` are
    names of columns that are there for the reader; `entry` makes of a line's values what the document has of it, and
    raises Unfit; `choices` are the answers that are offered."""

    packet: PacketType
    columns: Mapping[str, Column]
    required: tuple[str, ...]
    shown: tuple[str, ...]
    entry: Callable[[Values], dict[str, Any]]
    choices: tuple[str, ...]
    _fields: dict[str, str] = field(init=False, default_factory=dict)
    _known: set[str] = field(init=False, default_factory=set)

    def __post_init__(self) -> None:
        """Make the list of names."""
        named = ((plain(name), one) for one, column in self.columns.items() for name in (one, *column.names))
        self._fields.update(named)
        self._known.update(self._fields, map(plain, self.shown))

    def field_of(self, cell: str) -> str:
        """The column that a cell of the header names; '' for none."""
        return self._fields.get(plain(cell), "")

    def is_known(self, cell: str) -> bool:
        """Whether a cell of the header names a column, one that is never read among them."""
        return plain(cell) in self._known

    def known_in(self, header: Sequence[str]) -> int:
        """How many of these cells are names of columns."""
        return sum(map(self.is_known, header))

    def missing(self, header: Sequence[str]) -> list[str]:
        """The columns without which no line can be an answer."""
        fields = {self.field_of(cell) for cell in header}
        return [name for name in self.required if name not in fields]


def _decided(values: Values) -> dict[str, Any]:
    said: Decision = values[ANSWER]
    letter = said.letter or values.get("candidate", "")
    if said.verb is Verb.SAME and not letter:
        raise Unfit("must say which candidate it is, such as Candidate A")
    if said.verb is not Verb.SAME:
        letter = ""
    elif letter != values.get("candidate", letter):
        raise Unfit("must be the candidate that the other column names")
    entry = {TRACKING: values[TRACKING], LINE: values.get(LINE, OWN_STUDENT), "decision": said.verb.value}
    return entry | ({"candidate": letter} if letter else {}) | {WHY: values.get(WHY, NO_REASON)}


def _replied(values: Values) -> dict[str, Any]:
    said: Reply = values[ANSWER]
    entry = {TRACKING: values[TRACKING], "status": said.status} | ({"code": said.code} if said.code else {})
    return entry | ({"courses": values["courses"]} if "courses" in values else {})


_NAMES_OF_ANSWER = ("your answer", "answers", "decision", "reply")
_NAMES_OF_TRACKING = ("tracking id", "tracking number", "file in inbox", "packet", "packet id")

QUESTIONS = Kind(
    packet=PacketType.REVIEW_ANSWER,
    columns={
        TRACKING: Column((TRACKING,), (*_NAMES_OF_TRACKING, "question"), tracking),
        LINE: Column((LINE,), ("line number", "line of the file"), line),
        ANSWER: Column((), _NAMES_OF_ANSWER, words.decision),
        "candidate": Column(("candidate",), ("letter",), words.letter),
        WHY: Column((WHY,), ("why if you like", "reason", "how you know", "because"), why),
    },
    required=(TRACKING, LINE, ANSWER),
    shown=("student", "birth date", "local number", "what the exchange found", "your file"),
    entry=_decided,
    choices=words.offered("AB"),
)
DELIVERED = Kind(
    packet=PacketType.ACKNOWLEDGEMENT,
    columns={
        TRACKING: Column((TRACKING,), (*_NAMES_OF_TRACKING, "file", "file name"), tracking),
        ANSWER: Column((), _NAMES_OF_ANSWER, words.reply),
        "courses": Column(("courses",), ("number of courses", "course count"), count),
    },
    required=(TRACKING, ANSWER),
    shown=("what", "from", "delivered"),
    entry=_replied,
    choices=tuple(words.REPLIES),
)


def field_of(cell: str) -> str:
    """The column of either kind of table that a cell of the header names; '' for none."""
    return QUESTIONS.field_of(cell) or DELIVERED.field_of(cell)
