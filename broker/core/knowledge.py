"""What an LEA is told about a child, by whether it has or had the child: one table, which docs/access.md shows.

Owns what can be asked, and the word of the answer where the LEA never had the child: the word is the same for a child
that another LEA has, for one that is flagged as missing, and for one that nobody knows. Promises: pure; an LEA can ask
only in the ways that have a row here. A `match` by the identity rules is evidence enough to enroll a child; nothing
else is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from broker.core.review import Sight

TOO_MANY = "too-many-guesses"  # beyond the bound, for every question and every child


class Asked(StrEnum):
    """The way in which a packet or line names a child; the words of the counts and of the disclosure log."""

    ENTRY = "entry"
    NEW = "new"
    RETRIEVE = "retrieve"
    EXIT = "exit"
    UPDATE = "update"
    VERIFY = "verify"
    RECORD = "student-record"
    BACKPACK = "backpack"
    TRANSCRIPT = "transcript"
    REQUEST = "record-request"


COMPARE = "compare"  # a question without a candidate: compare with the birth certificate, and confirm or correct


@dataclass(frozen=True, slots=True)
class Row:
    """One way to ask. `own` is the answer to an LEA that has or had the child. `stranger` is the code or reason, by
    name, for an LEA that never had the child and does not match it: '' where a new number is given. `by_number` stands
    in place of `stranger` where an SSID is named."""

    asks: str
    own: str
    match: str
    stranger: str
    by_number: str = ""

    def word(self, *, is_numbered: bool) -> str:
        """The code or reason for an LEA that never had the child."""
        return self.by_number if is_numbered and self.by_number else self.stranger


_TAKEN = "It is carried out: `matched`, with the SSID."
_OWN_LINE = "What differs (name, birth date), or a question with the candidates, by letter."
_ALIKE = "Like no match."
_RECORD = "It goes on; or a question with those of the LEA's own students who may be meant."
ROWS: Mapping[Asked, Row] = {
    Asked.ENTRY: Row("an entry in an `enrollment`", _OWN_LINE, _TAKEN, COMPARE),
    Asked.NEW: Row("`New`", _OWN_LINE, _TAKEN, COMPARE, "not-borne-out"),
    Asked.RETRIEVE: Row("`Retrieve`", _OWN_LINE, _TAKEN, "unknown-student", "not-borne-out"),
    Asked.EXIT: Row("an exit in an `enrollment`", _OWN_LINE, _ALIKE, "no-open-enrollment"),
    Asked.UPDATE: Row("`Update`", _OWN_LINE, _ALIKE, "not-your-student"),
    Asked.VERIFY: Row("`Verify`", "`verified`, or what differs.", _ALIKE, "not-verified"),
    Asked.RECORD: Row("a `student-record`", _RECORD, _ALIKE, "not-your-student"),
    Asked.BACKPACK: Row("a `backpack`", _RECORD, _ALIKE, "not-your-student"),
    Asked.TRANSCRIPT: Row("a `transcript`", _RECORD, _ALIKE, "not-your-student"),
    Asked.REQUEST: Row(
        "a `record-request`", "What it asks for, or why not; or `name-the-ssid`.", _ALIKE, "not-your-student"
    ),
}
# a guess at a child by one of these lines can succeed: it is then an enrollment, and the child's records follow
REVEALS = frozenset({Asked.ENTRY, Asked.NEW, Asked.RETRIEVE})
# where a student is similar, a question goes back; where no student is, the child gets a new number
TELLS = frozenset({Asked.ENTRY, Asked.NEW})


def may_be_shown(seen: Mapping[str, Sight]) -> bool:
    """Whether an LEA may be shown a candidate whom it never had: the birth date and the surname must agree. Among
    students who share a surname and birth date, an honest school can say which one it means; with less, it cannot."""
    return seen["birth_date"] is Sight.AGREES and seen["last_name"] is Sight.AGREES


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many vain guesses an LEA may make in one day: `per_child` about one child, `per_day` in all."""

    per_child: int
    per_day: int
