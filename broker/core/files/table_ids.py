"""The ids of documents that were made of tables, which bring none of their own.

Owns their form: RFC 9562 version 8, with a beginning that says which packet type it is, and a digest behind it.
Promises: pure; the same digest has the same id; an id shows which others are of tables of its type and, in documents
of one student, of the same student.
"""

from collections.abc import Sequence

# chosen once; must never change
_BEGINNINGS = {
    "enrollment": "7ab1e5ca-0001-8",
    "ssid-request": "7ab1e5ca-0002-8",
    "review-answer": "7ab1e5ca-0003-8",
    "acknowledgement": "7ab1e5ca-0004-8",
}
# documents of one student; those with one part of a record alone are named with it
_PARTS = (
    *("Courses", "Course History", "Course Grades", "Attendance", "Assessments", "Schedule", "Immunisations"),
    *("Discipline", "Special Education", "Section 504", "Growth", "Reading", "Grade 3 Reading", "Mastery"),
    *("School Grades", "Writing", "Teachers"),
)
_OF_ONE = {"student-record": "7ab1e5ca-0100-8", "backpack": "7ab1e5ca-0200-8"}
_OF_ONE |= {f"student-record/{part}": f"7ab1e5ca-01{number:02x}-8" for number, part in enumerate(_PARTS, 1)}
OF_PARTS = "7ab1e5ca-01"  # begins the ids of records in tables, of one part alone and of several
_WHOSE = 6  # hex digits that tell students apart: two alike do no harm but that an earlier table is news again


def made(packet_type: str, digest: str, whose: str = "") -> str:
    """The id of a table's document; `digest` are at least 18 hex digits, `whose` those of its student, where it is of
    one. Raises KeyError for another packet type."""
    if not whose:
        return f"{_BEGINNINGS[packet_type]}{digest[:3]}-8{digest[3:6]}-{digest[6:18]}"
    return f"{_OF_ONE[packet_type]}{whose[:3]}-8{whose[3:_WHOSE]}-{digest[:12]}"


def beginning(document: str) -> str:
    """The beginning that the ids of all tables of this document's type have, and of its student where it is of one; ''
    where it was not made of a table."""
    if document.startswith(tuple(_OF_ONE.values())):
        return document[: len("7ab1e5ca-0100-8000-8000-")]
    return next((one for one in _BEGINNINGS.values() if document.startswith(one)), "")


def in_turn(brought: Sequence[tuple[str, str]]) -> list[bool]:
    """Which of these documents, each as its LEA and its id, may be worked together in this order. A table that came
    before, with another table of its type between, may not, and no later one of that type."""
    before: dict[tuple[str, str], list[str]] = {}
    waiting: set[tuple[str, str]] = set()
    out = []
    for lea, document in brought:
        key = (lea, beginning(document))
        seen = before.setdefault(key, [])
        if key[1] and document in seen and seen[-1] != document:
            waiting.add(key)
        seen.append(document)
        out.append(key not in waiting)
    return out


def part_of(document: str) -> str:
    """The beginning that shows the one part of a record that a table has; '' for a record with several, and for one
    that was not made of a table."""
    parts = [one for name, one in _OF_ONE.items() if "/" in name]
    return next((one for one in parts if document.startswith(one)), "")
