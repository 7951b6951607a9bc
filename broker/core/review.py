"""The decisions that a person may make about a student in doubt, and what the asking LEA is shown of the candidates.

Owns the closed list of decisions, the letters of candidates, and the words in which a field of a candidate is shown.
Promises: a notice holds no value of another LEA; the bounds here hold for answers by file and by command alike.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from string import ascii_uppercase
from typing import Any, NamedTuple

from broker.core import local_number
from broker.core.errors import OperatorError, Refused
from broker.core.model import Ssid

OWN_STUDENT = -1  # the line that stands for the packet's own student
MOST_CANDIDATES = len(ascii_uppercase)
MOST_WHO = 100  # characters
MOST_WHY = 200  # as in review-answer.v1
UNPRINTABLE = frozenset("\u2028\u2029\ufeff")
_TURNING = range(0x202A, 0x202F), range(0x2066, 0x206A)


class Verb(StrEnum):
    """The decisions: `SAME`, it is this candidate; `NEW`, it is a student whom nobody has yet; `NONE`, the line is
    withdrawn. Only an LEA says `CONFIRM`: what it sent is right, and the state decides who the student is."""

    SAME = "same"
    NEW = "new"
    NONE = "none"
    CONFIRM = "confirm"


class Sight(StrEnum):
    """What the asking LEA is told about one field: whether the value it sent agrees with the known value, never the
    known value.

    `near` says that the values are alike, not how they differ. FERPA 34 CFR 99.31(a)(2) allows disclosure to the school
    where *the student* enrolls; it is not known yet whether a candidate is that student.
    """

    AGREES = "agrees"
    NEAR = "near"
    DIFFERS = "differs"
    UNKNOWN = "not known"


class Enrolled(StrEnum):
    """Whether a candidate is a student of the asking LEA."""

    NOW = "now"
    EARLIER = "earlier"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Choice:
    """A decision as it was given. For `same`, `ssid` is the candidate's; otherwise it is None."""

    verb: Verb
    ssid: Ssid | None = None


@dataclass(frozen=True, slots=True)
class By:
    """Who decides, and why: for the log of decisions. Raises OperatorError where `who` or `why` is not one line within
    the bounds, which are those of `review-answer.v1`."""

    who: str
    why: str = field(repr=False)

    def __post_init__(self) -> None:
        """Check the bounds."""
        for name, text, most in (("who", self.who, MOST_WHO), ("why", self.why, MOST_WHY)):
            if not is_one_line(text, most):
                raise OperatorError(f"Say {name}: one line of at most {most} characters.")


def of_lea(lea: str, name: str, why: str) -> By:
    """Who decides for an LEA, and why. `name` is a person's name, or names the packet that holds the decision."""
    return By(f"LEA {lea}, {name}"[:MOST_WHO], why)


def by_lea(who: str, lea: str) -> bool:
    """Whether `who` decided for this LEA."""
    return who.startswith(f"LEA {lea}, ")


def is_counted(line: int, subject: Mapping[str, Any]) -> bool:
    """Whether the line of a question is a place in a JSON document, counted from 0. For a CSV it is the line of the
    file. `subject` is the stored subject of the question."""
    return line != OWN_STUDENT and not subject.get("form")


def letter_of(place: int) -> str:
    """The letter of the candidate at this place, counted from 0. Raises IndexError beyond the last letter."""
    return ascii_uppercase[place]


def place_of(letter: str) -> int:
    """The place of the candidate with this letter; -1 for a text that is no letter."""
    return ascii_uppercase.find(letter) if len(letter) == 1 else -1


def letters(hidden: Sequence[bool]) -> list[str]:
    """The letters of candidates; `hidden` says which ones the LEA is not shown. Shown candidates count from A on,
    hidden ones from Z back: a notice has no gap, and no letter changes when a candidate is added. At most
    `MOST_CANDIDATES`."""
    shown, unseen = iter(ascii_uppercase), iter(reversed(ascii_uppercase))
    return [next(unseen if is_hidden else shown) for is_hidden in hidden]


def chosen(verb: Verb, letter: str, candidates: Sequence[Ssid], pointer: str) -> Choice:
    """The choice that an answer makes among candidates in the order of their letters.

    Raises Refused("unknown-candidate") at `pointer` for a letter that was not in the notice.
    """
    if verb is not Verb.SAME:
        return Choice(verb)
    place = place_of(letter)
    if not 0 <= place < len(candidates):
        raise Refused("unknown-candidate", f"{pointer}/candidate")
    return Choice(verb, candidates[place])


def is_one_line(text: str, most: int) -> bool:
    """Whether a text is one line of at most `most` characters, not blank, without control characters."""
    return 0 < len(text.strip()) <= len(text) <= most and not any(map(_is_control, text))


def _is_control(letter: str) -> bool:
    code = ord(letter)
    return code < 32 or 127 <= code < 160 or letter in UNPRINTABLE or any(code in span for span in _TURNING)


class SentKey(NamedTuple):
    """How a packet names a student: `local_id`, the LEA's own number where it can stand for one child, and `named`, the
    hash of name and birth date; '' for none."""

    local_id: str
    named: str


def sent_as(block: Mapping[str, Any]) -> SentKey:
    """How an identity block (`student.v1`) names the student. Two blocks with the same words have the same hash."""
    if not block:
        return SentKey("", "")
    name = block["legal_name"]
    words = [*(name.get(part, "") for part in ("first", "middle", "last", "suffix")), block["birth_date"]]
    number = local_number.meant(block.get("local_id", ""))
    return SentKey(number, hashlib.sha256(json.dumps(words).encode()).hexdigest())
