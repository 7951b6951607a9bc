"""The cast of the demo: parties and students, all made up, and the documents that they send."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from broker.edge.settings.rules import TheState


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

_ADDRESS = {"lines": ["1 River Road"], "city": "Provo", "state": "UT", "postal_code": "84601"}
SCHOOL = {"school": {"name": "River High School", "address": _ADDRESS}, "terms": {"S2": 6}}

ANA, GRACE = ("01", 0), ("01", 2)  # the student who moves, and the one who is reported missing
NOAH = ("02", 0)  # the student whose record is late
SOPHIE = ("03", 0)  # the student who goes to the university


def today() -> str:
    """Today in the zone of the demo's state."""
    return TheState().time.day(datetime.now(UTC)).isoformat()


def _head(kind: str, sender: str) -> dict[str, Any]:
    created = datetime.now(UTC).isoformat(timespec="seconds")
    return {"packet": f"{kind}.v1", "id": str(uuid.uuid4()), "from": sender, "created": created}


def student(lea: str, number: int) -> dict[str, Any]:
    """The identity block of a student."""
    first, middle, last, born = _STUDENTS[lea][number]
    name = {"first": first, "middle": middle, "last": last, "suffix": ""}
    return {"local_id": f"{lea}-{1000 + number}", "legal_name": name, "birth_date": born, "gender": "X"}


def enrollment(lea: str) -> dict[str, Any]:
    """A district reports its students."""
    lines = [
        {"student": student(lea, number), "school": f"{lea}-high", "event": "entry", "date": "2026-08-17", "code": ""}
        for number in range(len(_STUDENTS[lea]))
    ]
    return _head("enrollment", lea) | {"school_year": 2027, "students": lines}


def move_in(charter: str, mover: tuple[str, int]) -> dict[str, Any]:
    """A charter school enrolls a student who moved; it does not know the SSID, and has its own local id."""
    arrival = student(*mover) | {"local_id": f"{charter}-77{mover[1]}"}
    line = {"student": arrival, "school": charter, "event": "entry", "date": today(), "code": ""}
    return _head("enrollment", charter) | {"school_year": 2027, "students": [line]}


def backpack(lea: str, number: int, ssid: str) -> dict[str, Any]:
    """A district's nightly export for the record store."""
    courses = [{"school_year": 2027, "title": "Geometry", "term": "Q1", "mark": "A-", "percent": 92}]
    reading = {"school_year": 2021, "level": "on grade level", "on_grade_level": True}
    record = {"course_grades": courses, "grade3_reading_level": reading}
    return _about("backpack", lea, number, ssid) | {"mode": "replace", "record": record}


def record(lea: str, number: int, ssid: str) -> dict[str, Any]:
    """The old school's record of the student; no `to`: the exchange knows the new school."""
    courses = [
        {
            "school_year": 2026,
            "school": f"{lea}-high",
            "course_code": code,
            "title": title,
            "term": "S2",
            "grade_level": "09",
            "credits_earned": 0.5,
            "mark": mark,
        }
        for code, title, mark in (("MA09", "Algebra I", "A-"), ("EN09", "English 9", "B+"), ("SC09", "Biology", "A"))
    ]
    return _about("student-record", lea, number, ssid) | {"record": {"course_history": courses}}


def _about(kind: str, lea: str, number: int, ssid: str) -> dict[str, Any]:
    return _head(kind, lea) | {"school_year": 2027, "student": student(lea, number) | {"ssid": ssid}}


def parent_copy(charter: str, mover: tuple[str, int], ssid: str) -> dict[str, Any]:
    """The new school's request for a copy that it can give to the parents."""
    known = student(*mover) | {"local_id": f"{charter}-77{mover[1]}", "ssid": ssid}
    return _head("record-request", charter) | {"student": known, "want": "parent-copy"}


def acknowledgement(document: str, lea: str, university: str) -> str:
    """The answer of a university's system to a transcript: a PESC functional acknowledgment."""
    organization = "<Organization><MutuallyDefined>{}</MutuallyDefined></Organization>"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<F:Acknowledgment xmlns:F="urn:org:pesc:message:FunctionalAcknowledgment:v1.2.0"><TransmissionData>'
        f"<DocumentID>{uuid.uuid4().hex}</DocumentID>"
        f"<CreatedDateTime>{datetime.now(UTC).isoformat(timespec='seconds')}</CreatedDateTime>"
        f"<Source>{organization.format(university)}</Source><Destination>{organization.format(lea)}</Destination>"
        f"</TransmissionData><AcknowledgmentData><DocumentID>{document}</DocumentID>"
        "<AcknowledgmentCode>Accepted</AcknowledgmentCode></AcknowledgmentData></F:Acknowledgment>\n"
    )
