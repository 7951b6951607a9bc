"""Transcripts for tests: those of made-up students.

Everything is made at run time from a seed.
"""

import copy
import uuid
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from broker.edge.schemas.contracts import BASE
from broker.formats.transcript.request import BY
from broker.simulate import people

Schemas = Mapping[str, Mapping[str, Any]]
URI = f"{BASE}transcript.v1.schema.json"
CREATED = "2027-06-01T09:30:00-06:00"

_COURSES = {
    "English": ("Language Arts", "Creative Writing", "AP English Language & Composition", "Journalism"),
    "Math": ("Secondary Math I", "Secondary Math II Honors", "Calculus AB", "Statistics < Probability"),
    "Science": ("Biology", "Chemistry", 'Physics "with Technology"', "Earth Systems"),
    "Arts": ("Ceramics", "Teatro y música", "Jazz Band", "Drawing"),
}
_GRADES = {"A": 4.0, "A-": 3.7, "B+": 3.3, "B": 3.0, "C": 2.0, "D": 1.0, "F": 0.0, "P": None}


def realistic(count: int, seed: int) -> Iterator[dict[str, Any]]:
    """`count` transcripts, each of another student of a synthetic state."""
    random = Random(f"{seed}/transcripts")
    for person in people.persons(count, seed):
        student = copy.deepcopy(person.block) | {"ssid": f"{random.randrange(10**9, 10**10)}"}
        yield {
            "packet": "transcript.v1",
            "id": str(uuid.UUID(int=random.getrandbits(128), version=4)),
            "from": str(person.lea),
            "to": "uofu",
            "created": CREATED,
            "request": {"by": random.choice(BY), "on": f"2027-05-{random.randint(1, 31):02}"},
            "student": student,
            "transcript": _transcript(random, person.school, student["birth_date"]),
        }


def _transcript(random: Random, school: str, born: str) -> dict[str, Any]:
    address = {"lines": ["75 E 800 S"], "city": "Provo", "state": "UT", "postal_code": "84606"}
    sessions = [
        _session(random, year, half, 9 + number // 2)
        for number, (year, half) in enumerate((year, half) for year in range(2024, 2028) for half in ("Fall", "Spring"))
    ]
    credits = sum(course["credits_earned"] for session in sessions for course in session["courses"])
    summary = {
        "kind": "All",
        "level": "Secondary",
        "credits_earned": credits,
        "credit_unit": "CarnegieUnits",
        "gpa": round(random.uniform(1, 4), 3),
        "gpa_minimum": 0,
        "gpa_maximum": 4,
        "class_rank": random.randint(1, 400),
        "class_size": 400,
    }
    record = {
        "school": {
            "name": f"School {school}",
            "local": {"code": school, "state": "UT"},
            "level": "HighSchool",
            "address": address,
        },
        "grade_level": "12",
        "graduation_year": 2027,
        "awards": [
            {"level": "B18", "date": "2027-05-28", "title": "High School Diploma", "completed": random.random() < 0.9}
        ],
        "summaries": [summary],
        "sessions": sessions,
    }
    score = {"value": str(random.randint(10, 36)), "method": "Scaled"}
    return {
        "document_type": "StudentRequest",
        "transmission": "Original",
        "source": {"name": "A School District", "address": address},
        "destination": {"name": "University of Utah", "ipeds": "230764"},
        "trial": False,
        "official": True,
        "complete": True,
        "academic_records": [record],
        "tests": [{"test": "ACT", "date": "2026-02", "subtests": [{"subtest": "CompositeScore", "scores": [score]}]}],
        "immunisations": [{"vaccine": "MMR", "date": f"{int(born[:4]) + 1}-09-01", "status": "FirstInnoculation"}],
    }


def _session(random: Random, year: int, half: str, grade: int) -> dict[str, Any]:
    return {
        "month": f"{year - (half == 'Fall')}-{'12' if half == 'Fall' else '05'}",
        "name": f"{half} {year - (half == 'Fall')}",
        "kind": "Semester",
        "school_year": year,
        "grade_level": f"{grade:02}",
        "courses": [_course(random, subject, grade) for subject in _COURSES for _ in range(random.randint(1, 2))],
    } | ({"days_present": random.randint(0, 180) / 2} if random.random() < 0.5 else {})


def _course(random: Random, subject: str, grade: int) -> dict[str, Any]:
    title = random.choice(_COURSES[subject])
    mark = random.choice(list(_GRADES))
    points = _GRADES[mark]
    return {
        "title": title,
        "subject": subject,
        "code": f"{random.randrange(10**10):010}",
        "credit_basis": "AdvancedPlacement" if title.startswith("AP ") else "Regular",
        "credit_unit": "CarnegieUnits",
        "credit_level": f"{grade:02}",
        "credits_attempted": random.choice((0.25, 0.5, 1)),
        "credits_earned": 0 if mark == "F" else 0.5,
        "grade": mark,
        "status": "OtherPass" if points is None else "Completed",
    } | ({} if points is None else {"quality_points": points / 2})


def records(count: int, seed: int) -> Iterator[dict[str, Any]]:
    """`count` records, each a `student-record.v1` of another student of a synthetic state, in the terms S1 and S2."""
    random = Random(f"{seed}/records")
    for person in people.persons(count, seed):
        student = copy.deepcopy(person.block) | {"ssid": f"{random.randrange(10**9, 10**10)}"}
        yield {
            "packet": "student-record.v1",
            "id": str(uuid.UUID(int=random.getrandbits(128), version=4)),
            "from": str(person.lea),
            "created": CREATED,
            "school_year": 2027,
            "student": student,
            "record": _record(random, person.school),
        }


def _record(random: Random, school: str) -> dict[str, Any]:
    past = [(year, term) for year in (2024, 2025, 2026) for term in ("S1", "S2")]
    history = [
        line | {"grade_level": f"{year - 2015:02}", "school": random.choice((school, "Old School")), **_ended(random)}
        for year, term in past
        for line in _lines(random, year, term)
    ]
    grades = [
        line | {"school": school, "section": str(random.randint(1, 9)), "teacher": "t1", **_standing(random)}
        for term in ("S1", "S2")
        for line in _lines(random, 2027, term)
    ]
    return {
        "demographics": {"grade_level": "12", "home_language": "Spanish"},
        "course_history": history,
        "course_grades": grades,
        "discipline": [{"date": "2026-10-01", "action": "Detention"}] if random.random() < 0.1 else [],
    }


def _lines(random: Random, year: int, term: str) -> Iterator[dict[str, Any]]:
    """Courses of one term, no code twice."""
    for number, subject in enumerate(_COURSES):
        title = random.choice(
            (*_COURSES[subject], f"{subject} & so on, under a title that has no room in the form of PESC")
        )
        yield {"school_year": year, "term": term, "title": title, "course_code": f"{subject[:2]}{number}{year}{term}"}


def _ended(random: Random) -> dict[str, Any]:
    return random.choice(
        (
            {
                "status": "completed",
                "mark": random.choice(list(_GRADES)),
                "credits_attempted": 1,
                "credits_earned": 0.5,
            },
            {"status": "transferred", "mark": "A", "credits_earned": 0.25, "lea": "Another District"},
            {"status": "withdrawn", "mark": "W", "credits_attempted": 0.5, "credits_earned": 0},
            {"mark": "Credit by examination", "credits_earned": 0.5},
        )
    )


def _standing(random: Random) -> dict[str, Any]:
    mark = {"mark": random.choice(list(_GRADES)), "percent": random.randint(500, 1000) / 10}
    return mark | random.choice(({"as_of": "2027-03-01"}, {"credits_attempted": 0.5, "credits_earned": 0.5}))
