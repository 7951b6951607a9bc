"""What a parent, or a student of age, may opt out of (Utah SB 152, 2026).

Owns the closed list of purposes; the schema of an enrollment has the same, and a test compares them. Promises: pure.
The exchange gives nothing away for these purposes; it keeps who opted out, for those who do.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple


class Purpose(StrEnum):
    """What for data are given away without anybody's request."""

    HIGHER_EDUCATION_DATA = "higher-education-data"


class OptOutLaw(NamedTuple):
    """One purpose: `law` by which one may opt out, `what` follows "opted out of" in a sentence, `means` for lawyers."""

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
    """What is known of a purpose by its word; None for a word of another version."""
    return {str(name): one for name, one in OPT_OUTS.items()}.get(purpose)


@dataclass(frozen=True, slots=True)
class OptOut:
    """One opt-out: told by `lea` in the packet `tracking`. Times are seconds since the epoch; `ended_at` is None while
    it stands, `ended_by` the packet that ended it, or who took back the decision by which it came."""

    ssid: str
    purpose: str
    lea: str
    tracking: str
    at: float
    ended_at: float | None = None
    ended_by: str = ""
    id: int = field(default=0, compare=False)
