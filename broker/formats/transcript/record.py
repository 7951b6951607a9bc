"""A student's record, as one LEA sends it to another, turned into the transcript for a university.

Owns this mapping (`student-record.v1` or `backpack.v1` to `transcript.v1`; Utah R277-419-10). Promises: every course of
the record is in it once, with its credits and marks, by school year and term; nothing is invented: facts that PESC
needs and no record has, such as the month in which a term ends, come from `Facts`, or the transcript is refused at that
place; only courses go to the university, and the parts left out are listed.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from broker.core.errors import Refused
from broker.formats.transcript.course import NAME, SCHOOL, course, line_of, pieces

PACKET = "transcript.v1"
_STUDENT = ("ssid", "local_id", "legal_name", "aliases", "birth_date", "gender", "address")
_HISTORY, _GRADES = "course_history", "course_grades"
_MORE = ("mark", "percent", "section", "credits_attempted", "credits_earned")
_JULY, _JUNE = 7, 6  # school years begin in July (setting claims.year_begins) and end in June
_LEVELS = {"K": "KG", "KG": "KG", "PK": "PK"} | {
    form: f"{grade:02}" for grade in range(1, 14) for form in (str(grade), f"{grade:02}")
}

_Key = tuple[int, str, str]  # school year, term, code or title
_Line = tuple[str, Mapping[str, Any]]  # a JSON pointer, and the entry there


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts that no record has.

    `terms` maps each term of the record to the month in which it ends, 1 to 12; '' stands for courses without a term.
    `school` keeps the record, `schools` are other schools by the record's word for them; all have the form `school` of
    `transcript.v1`. `credit_unit` is the unit of all credits; `source` is the sender's name and address (`organization`
    of `transcript.v1`).
    """

    terms: Mapping[str, int] = field(default_factory=dict)
    school: Mapping[str, Any] | None = None
    schools: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    credit_unit: str = ""
    source: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Made:
    """A transcript, and the places of the record that it leaves out (JSON pointers; `*` is every element of a list).
    Repr hidden."""

    document: dict[str, Any] = field(repr=False)
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True, order=True)
class _Session:
    """The key of courses that belong together; keys sort by time. The texts are as in the record."""

    school_year: int
    month: str
    term: str
    grade: str
    school: str
    lea: str


def from_record(document: Mapping[str, Any], header: Mapping[str, Any], facts: Facts) -> Made:
    """The transcript of a checked record. `header` has `id`, `to`, `created` and `request`.

    Raises Refused("pesc-unfit") at a place in the record that is missing or does not fit.
    """
    student, record = document["student"], document["record"]
    if not student.get("ssid"):
        raise Refused("pesc-unfit", "/student/ssid", "A transcript shows the student's SSID (Utah R277-419-10).")
    body: dict[str, Any] = {"document_type": "StudentRequest", "transmission": "Original"}
    body |= {"source": dict(facts.source)} if facts.source else {}
    made = {
        "packet": PACKET,
        "from": document["from"],
        **header,
        "student": {name: student[name] for name in _STUDENT if name in student},
        "transcript": body | {"academic_records": [_academic_record(record, facts)]},
    }
    return Made(made, tuple(_left_out(document)))


def _academic_record(record: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    sessions: dict[_Session, list[dict[str, Any]]] = {}
    for pointer, entry in _courses(record):
        made = course(entry, pointer)
        if facts.credit_unit and {"credits_attempted", "credits_earned"} & set(made):
            made["credit_unit"] = facts.credit_unit
        sessions.setdefault(_session_of(entry, pointer, facts), []).append(made)
    if not sessions:
        raise Refused("pesc-unfit", f"/record/{_HISTORY}", "There is no course in it.")
    level = _LEVELS.get(record.get("demographics", {}).get("grade_level", "").strip().upper())
    return {
        **({"school": dict(facts.school)} if facts.school else {}),
        **({"grade_level": level} if level else {}),
        "sessions": [_session(key, suffix, sessions[key], facts) for key, suffix in _with_suffixes(sorted(sessions))],
    }


def _courses(record: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every course once, with its place: the courses of the history, completed from their marks, and the marks of
    courses that the history does not have."""
    history = _by_key(record, _HISTORY)
    grades = {key: _standing(lines) for key, lines in _by_key(record, _GRADES).items()}
    for key, lines in history.items():
        marks = grades.get(key, [])
        for pointer, entry in lines:
            yield pointer, _filled(entry, marks[0][1]) if len(lines) == len(marks) == 1 else entry
    for key, lines in grades.items():
        if key not in history:
            yield from lines


def _by_key(record: Mapping[str, Any], part: str) -> dict[_Key, list[_Line]]:
    found: dict[_Key, list[_Line]] = {}
    for number, entry in enumerate(record.get(part, ())):
        code = entry.get("course_code", "").strip()
        key = (entry["school_year"], entry.get("term", "").strip(), code or entry["title"].strip().casefold())
        found.setdefault(key, []).append((f"/record/{part}/{number}", entry))
    return found


def _standing(lines: Sequence[_Line]) -> list[_Line]:
    """The final marks of a course, or else the newest mark that is not final."""
    final = [line for line in lines if "as_of" not in line[1]]
    return final or [max(lines, key=lambda line: str(line[1]["as_of"]))]


def _filled(entry: Mapping[str, Any], marks: Mapping[str, Any]) -> dict[str, Any]:
    more = {name: marks[name] for name in _MORE if name in marks}
    if "as_of" in marks and "mark" not in entry:
        more["as_of"] = marks["as_of"]
    return more | dict(entry)


def _session_of(entry: Mapping[str, Any], pointer: str, facts: Facts) -> _Session:
    term, year = line_of(entry, "term", pointer), int(entry["school_year"])
    month = facts.terms.get(term, 0 if term else _JUNE)
    if not month:
        hint = "Say in which month that term ends, such as --term S1=1."
        raise Refused("pesc-unfit", f"{pointer}/term", hint)
    texts = (line_of(entry, name, pointer) for name in ("grade_level", "school", "lea"))
    return _Session(year, f"{year - (month >= _JULY):04}-{month:02}", term, *texts)


def _with_suffixes(keys: Iterable[_Session]) -> Iterator[tuple[_Session, str]]:
    """The sessions with their suffixes: PESC names a session by its month, and needs a suffix where two have the same
    month."""
    seen: dict[str, int] = {}
    for key in keys:
        seen[key.month] = seen.get(key.month, 0) + 1
        yield key, str(seen[key.month]) if seen[key.month] > 1 else ""


def _session(key: _Session, suffix: str, courses: list[dict[str, Any]], facts: Facts) -> dict[str, Any]:
    level = _LEVELS.get(key.grade.upper())
    notes = [*pieces("Term", key.term)] if len(key.term) > NAME else []
    notes += pieces("Grade level", key.grade) if key.grade and not level else ()
    school = _school(key, facts)
    return {
        "month": key.month,
        **({"suffix": suffix} if suffix else {}),
        **({"name": key.term[:NAME].rstrip()} if key.term else {}),
        "school_year": key.school_year,
        **({"school": school} if school else {}),
        **({"grade_level": level} if level else {}),
        "courses": courses,
        **({"notes": notes} if notes else {}),
    }


def _school(key: _Session, facts: Facts) -> dict[str, Any]:
    """The school where the courses were taken: from the facts, or else by the record's word for it."""
    known = facts.schools.get(key.school)
    name = key.school or key.lea
    if not name:
        return {}
    made = dict(known) if known else {"name": name[:SCHOOL].rstrip()}
    notes = [*pieces("School", name)] if not known and len(name) > SCHOOL else []
    notes += pieces("LEA", key.lea) if key.school and key.lea else ()
    return made | ({"notes": [*made.get("notes", ()), *notes]} if notes else {})


def _left_out(document: Mapping[str, Any]) -> Iterator[str]:
    student, record = document["student"], document["record"]
    yield from (f"/student/{name}" for name in student if name not in _STUDENT and student[name])
    for name, part in record.items():
        if name == "demographics":
            yield from (f"/record/{name}/{one}" for one in part if one != "grade_level")
        elif name not in (_HISTORY, _GRADES):
            yield from [f"/record/{name}"] if part else []
    if any("teacher" in entry for entry in record.get(_GRADES, ())):
        yield f"/record/{_GRADES}/*/teacher"
