"""The words of a comparison: the three answers, what one field says, and the whole verdict.

Owns these types. Promises: answers have an order (`rank`); a reason names fields and how strongly they speak, never a
value of the student.
"""

from dataclasses import dataclass
from enum import StrEnum


class Answer(StrEnum):
    """The answer on two students, or on one student against the registry (DESIGN section 6)."""

    MATCH = "match"
    REVIEW = "review"
    NONE = "none"

    @property
    def rank(self) -> int:
        """2 for a match, 1 for a review, 0 for none."""
        return _RANKS[self]


_RANKS = {Answer.NONE: 0, Answer.REVIEW: 1, Answer.MATCH: 2}


class Says(StrEnum):
    """What one field says to the question whether two students are one child."""

    FOR = "for"
    AGAINST = "against"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Reason:
    """One field (or rule): what it says, how strongly in bits (0 for a rule), and the same in a plain sentence."""

    field: str
    says: Says
    weight: float
    sentence: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer on one pair, its weight in bits (prior odds included), and the reasons, strongest first."""

    answer: Answer
    weight: float
    reasons: tuple[Reason, ...]
