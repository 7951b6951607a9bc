"""A wish: what one line of an enrollment or SSID request asks for, about one student.

Owns its form as JSON, which is kept with a question until somebody has decided it. Promises: `from_json(to_json())` is
the same wish; the repr shows no student.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from broker.core.model import Student
from broker.formats.documents import to_block, to_student


@dataclass(frozen=True, slots=True, repr=False)
class Wish:
    """One line. Days are ISO 8601, '' where none was given; `code`, `grade` and `programme` likewise.

    `line` is the line's place in the document: from 0 in JSON, the line of the file in CSV. `request` is entry, exit,
    new, retrieve, update or verify; `day` the first day of membership, of an exit the last; `exit_day` ends a location
    that is opened by the same line. `form` is '' where the answer is JSON, else a form of `formats.ssid_answer`.
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
    military: bool = False
    form: str = ""

    def to_json(self) -> dict[str, Any]:
        """All of it; `student` is the identity block."""
        return {one.name: getattr(self, one.name) for one in fields(self)} | {"student": to_block(self.student)}

    @staticmethod
    def from_json(kept: Mapping[str, Any]) -> "Wish":
        """The wish that `to_json` has written down."""
        return Wish(**(dict(kept) | {"student": to_student(kept["student"])}))
