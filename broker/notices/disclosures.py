"""The `disclosures` notice: who was given a student's records, for the LEA that has or had the student.

Owns its form; `broker.formats.parent.story` has the sentences. Promises: each line is there as data and as a plain
sentence with its ground (34 CFR 99.32); the parent may see it (99.32(c)); the sentences name no student. `student` and
`numbers` say whose list it is, so that a copy for the parent is made only of one student's documents. The notice also
lists the parent's opt-outs, for the parent to check (Utah SB 152, 2026).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from broker.core.days.state_time import StateTime
from broker.core.disclosure import Disclosure
from broker.core.model import Student
from broker.core.opt_outs import OptOut
from broker.formats.parent import story

MOST_LINES = 10_000  # in one notice

_ALL = "Every disclosure of this student's records that the exchange knows of, the oldest first."
_OWN = "Every disclosure of your own records of this student, the oldest first."
_CUT = f" There are more than {MOST_LINES}: these are the newest; call the state for the others."
_MAY = " The parent, or the student of age, may see this list (34 CFR 99.32(c))."


def notice(
    about: Mapping[str, str],
    student: Student,
    numbers: Sequence[str],
    lines: "Sequence[Disclosure]",
    names: Mapping[str, str],
    state: StateTime,
    *,
    is_all: bool,
    opted: "Sequence[OptOut]" = (),
) -> dict[str, Any]:
    """The body of the notice. `about` names the LEA's own packet; `names` are the parties' names by id; `is_all` is
    False where the lines are only those about the LEA's own records. `numbers` are all numbers of the student, first
    the one that stands for the others; `opted` are the standing opt-outs that the LEA may know of."""
    means = (_ALL if is_all else _OWN) + (_CUT if len(lines) > MOST_LINES else "") + _MAY
    whose = {
        "student": {
            "ssid": numbers[0],
            "legal_name": asdict(student.legal_name),
            "birth_date": student.birth_date.isoformat(),
        },
        "numbers": list(numbers),
    }
    told = story.notice(numbers[0], lines[-MOST_LINES:], names, state)
    out = {"opt_outs": [_opt_out(one, names, state) for one in opted]}
    return {"about": {name: value for name, value in about.items() if value}, "means": means} | whose | out | told


def _opt_out(one: "OptOut", names: Mapping[str, str], state: StateTime) -> dict[str, str]:
    said = {"purpose": one.purpose, "lea": one.lea, "since": state.day(one.at)}
    return {name: str(value) for name, value in said.items()} | {"sentence": story.opt_out(one, names, state)}
