"""Who plays in the demo: parties and students, all made up."""

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Member:
    """A party of the demo."""

    id: str
    name: str
    kind: str


MEMBERS = (
    Member("01", "Canyon School District", "district"),
    Member("02", "Mesa School District", "district"),
    Member("03", "River School District", "district"),
    Member("6G", "Summit Charter School", "charter"),
    Member("7K", "Harbor Charter School", "charter"),
    Member("U1", "State University", "higher-ed"),
)

_STUDENTS: dict[str, list[tuple[str, str, str, str]]] = {
    "01": [
        ("Ana", "Lucía", "Reyes-Ortiz", "2012-03-04"),
        ("Tomás", "", "Whitehorse", "2011-09-17"),
        ("Grace", "May", "Olsen", "2013-01-22"),
    ],
    "02": [("Noah", "James", "Tanner", "2012-07-30"), ("Mele", "", "Taufa", "2010-11-02")],
    "03": [("Sophie", "Anne", "Christensen", "2011-05-13")],
}

MOVER = ("01", 0)


def _head(kind: str, sender: str) -> dict[str, Any]:
    created = datetime.now(UTC).isoformat(timespec="seconds")
    return {"packet": f"{kind}.v1", "id": str(uuid.uuid4()), "from": sender, "created": created}


def student(lea: str, number: int) -> dict[str, Any]:
    """The identity block of a student."""
    first, middle, last, born = _STUDENTS[lea][number]
    name = {"first": first, "middle": middle, "last": last, "suffix": ""}
    return {"local_id": f"{lea}-{1000 + number}", "legal_name": name, "birth_date": born, "gender": "X"}


def enrollment(lea: str) -> dict[str, Any]:
    """A district tells which students it has."""
    lines = [
        {"student": student(lea, number), "school": f"{lea}-high", "event": "entry", "date": "2026-08-17", "code": ""}
        for number in range(len(_STUDENTS[lea]))
    ]
    return _head("enrollment", lea) | {"school_year": 2027, "students": lines}


def move_in(charter: str) -> dict[str, Any]:
    """The charter school enrolls the student who moved; it knows no number, and has its own local id."""
    arrival = student(*MOVER) | {"local_id": f"{charter}-77"}
    line = {"student": arrival, "school": charter, "event": "entry", "date": date.today().isoformat(), "code": ""}
    return _head("enrollment", charter) | {"school_year": 2027, "students": [line]}


def record(lea: str, number: int, ssid: str) -> dict[str, Any]:
    """What the old school knows of the student; no `to`: the exchange finds the new school."""
    courses = [
        {
            "school_year": 2026,
            "school": f"{lea}-high",
            "course_code": code,
            "title": title,
            "credits_earned": 0.5,
            "mark": mark,
        }
        for code, title, mark in (("MA09", "Algebra I", "A-"), ("EN09", "English 9", "B+"), ("SC09", "Biology", "A"))
    ]
    who = student(lea, number) | {"ssid": ssid}
    return _head("student-record", lea) | {"school_year": 2027, "student": who, "record": {"course_history": courses}}
