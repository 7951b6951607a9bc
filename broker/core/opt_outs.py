"""What a parent, or a student of age, may opt out of (Utah SB 152, 2026).

Owns the closed list of purposes; the schema of an enrollment has the same list, and a test compares them. Promises:
pure. The exchange itself gives no data away for these purposes; it keeps the opt-outs for those who do.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Purpose(StrEnum):
    """A purpose for which data are given away without a request."""

    HIGHER_EDUCATION_DATA = "higher-education-data"


class OptOutLaw(NamedTuple):
    """One purpose: `law` gives the right to opt out, `what` follows "opted out of" in a sentence, `means` explains it
    to lawyers."""

    law: str
    what: str
    means: str


OPT_OUTS: Mapping[Purpose, OptOutLaw] = {
    Purpose.HIGHER_EDUCATION_DATA: OptOutLaw(
        "Utah SB 152 (2026)",
        "what schools supply to the board of higher education",
        "LEAs supply data on grades 7 to 12 to the board of higher education, unless the parent opted out. A transcript"
        " goes out at the student's own request, and an opt-out does not stop it.",
    ),
}


def words_of(purpose: str) -> OptOutLaw | None:
    """The law of a purpose, by its word; None for a word of another version."""
    return {str(name): one for name, one in OPT_OUTS.items()}.get(purpose)


@dataclass(frozen=True, slots=True)
class OptOut:
    """One opt-out, which `lea` reported in the packet `tracking`. Times are seconds since the epoch; `ended_at` is None
    while it stands; `ended_by` is the packet that ended it, or who took back the decision that brought it."""

    ssid: str
    purpose: str
    lea: str
    tracking: str
    at: float
    ended_at: float | None = None
    ended_by: str = ""
    id: int = field(default=0, compare=False)
