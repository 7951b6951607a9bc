"""What a parent, or a student of age, may opt out of, and what that stops (Utah SB 152, 2026).

Owns the closed list of purposes; the schema of an enrollment has the same, and a test compares them. Promises: pure; an
opt-out stops what is given away for its purpose, and nothing that the student or the parent asks for themselves.
"""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import NamedTuple

from broker.core.grounds import Ground


class Purpose(StrEnum):
    """What for data are given away without anybody's request."""

    HIGHER_EDUCATION_DATA = "higher-education-data"


class OptOut(NamedTuple):
    """One purpose: `law` by which one may opt out, `what` follows "opted out of" in a sentence, `means` for lawyers."""

    law: str
    what: str
    means: str


OPT_OUTS: Mapping[Purpose, OptOut] = {
    Purpose.HIGHER_EDUCATION_DATA: OptOut(
        "Utah SB 152 (2026)",
        "what schools supply to the board of higher education",
        "LEAs supply data on grades 7 to 12 to the board of higher education, unless the parent opted out. A transcript"
        " goes out at the student's own request, and an opt-out does not stop it.",
    ),
}


def is_stopped(purpose: Purpose, opted: Collection[str], ground: Ground | None = None) -> bool:
    """Whether data may not be given away for this purpose, on this ground, of a student of whom `opted` are the
    standing opt-outs, whoever recorded them. A request of the student or the parent (34 CFR 99.30) is the consent that
    the opt-out withholds, so it is not stopped."""
    return purpose in opted and ground is not Ground.STUDENT_REQUEST


def words_of(purpose: str) -> OptOut | None:
    """What is known of a purpose by its word; None for a word of another version."""
    return {str(name): one for name, one in OPT_OUTS.items()}.get(purpose)
