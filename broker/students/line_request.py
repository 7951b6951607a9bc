"""A line's request: what one line of an enrollment or SSID request asks for, about one student.

Owns its form as JSON, which is kept with a question until somebody has decided it. Promises: `from_json(to_json())` is
the same request; the repr shows no student.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from broker.core.model import Student
from broker.formats.documents import to_block, to_student


@dataclass(frozen=True, slots=True, repr=False)
class LineRequest:
    """One line. Days are ISO 8601, '' where none was given; `code`, `grade` and `programme` likewise.

    `line` is the line's place in the document: from 0 in JSON, the line of the file in CSV. `request` is entry, exit,
    new, retrieve, update or verify; `day` the first day of membership, of an exit the last; `exit_day` ends a location
    that is opened by the same line. `form` is '' where the answer is JSON, else a form of `formats.ssid_answer`.
    `exits` are days of exits that the same packet tells of the student at this school. `dual`, `military`, `day_part`
    `opt_outs` and `confirmed` are as in `handlers.line_facts`: None or '' where nothing is said.
    """

    line: int
    student: Student = field(repr=False)
    request: str
    school: str = ""
    day: str = ""
    code: str = ""
    exit_day: str = ""
    exit_code: str = ""
    grade: str = ""
    programme: str = ""
    school_year: str = ""
    military: bool | None = None
    form: str = ""
    dual: bool | None = None
    day_part: str = ""
    opt_outs: tuple[str, ...] | None = None
    exits: tuple[str, ...] = ()
    confirmed: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """All of it; `student` is the identity block."""
        return {one.name: getattr(self, one.name) for one in fields(self)} | {"student": to_block(self.student)}

    @staticmethod
    def from_json(kept: Mapping[str, Any]) -> "LineRequest":
        """The request that `to_json` has written down, also that of a version before 0.2: it knew no `dual`, and wrote
        `military` as false where the line did not say."""
        read = dict(kept) | {"student": to_student(kept["student"])}
        if "dual" not in kept:
            read["military"] = kept.get("military") or None
        for name in ("opt_outs", "exits", "confirmed"):
            if kept.get(name) is not None:
                read[name] = tuple(kept[name])
        return LineRequest(**read)
