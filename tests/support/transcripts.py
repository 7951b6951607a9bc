"""Transcripts for tests: those of made-up students, and documents that try out all that the schema lets through.

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


class Anything:
    """Documents that the schema lets through, from its own bounds: `share` of the optional properties, long and short
    texts, and signs that mean something in XML."""

    def __init__(self, schemas: Schemas, random: Random, share: float) -> None:
        self._schemas, self._random, self._share = schemas, random, share

    def packet(self) -> dict[str, Any]:
        made: dict[str, Any] = self.of({"$ref": URI}, "")
        # what `to_pesc` asks for besides, and says so
        made["to"] = made.get("to", "uofu")
        made["student"]["ssid"] = "1000000019"
        return made

    def of(self, schema: Mapping[str, Any], name: str) -> Any:
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._random.choice(schema["enum"])
        if "$ref" in schema:
            return self.of(self.target(schema["$ref"]), name)
        if "allOf" in schema:
            return self.of(schema["allOf"][0], "filled" if "minLength" in schema["allOf"][-1] else name)
        if "else" in schema:
            return self.of(schema["else"], name)
        return self._plain(schema, name)

    def target(self, reference: str) -> Mapping[str, Any]:
        uri, _, fragment = reference.partition("#")
        target: Any = self._schemas[uri]
        for step in fragment.split("/")[1:]:
            target = target[step]
        found: Mapping[str, Any] = target
        return found

    def _plain(self, schema: Mapping[str, Any], name: str) -> Any:
        random = self._random
        kind = schema["type"] if isinstance(schema["type"], str) else schema["type"][0]
        if kind == "object":
            made = {
                key: self.of(part, key)
                for key, part in schema["properties"].items()
                if key in schema.get("required", ()) or random.random() < self._share
            }
            if "lines" in made and ("state" in made or "country" not in made):  # what the schema does not ask for
                made |= {"state": "UT", "postal_code": "84601"}
            return made
        if kind == "array":
            most = min(2, schema["maxItems"])
            return [self.of(schema["items"], name) for _ in range(random.randint(schema.get("minItems", 0), most))]
        if kind == "string":
            return self._text(schema, name)
        if kind == "boolean":
            return random.random() < 0.5
        least, most = schema["minimum"], schema["maximum"]
        return random.choice((least, most, random.randint(least, most), self._number(kind, least, most)))

    def _number(self, kind: str, least: float, most: float) -> float:
        if kind == "integer":
            return int(most)
        return self._random.choice((self._random.uniform(least, most), 0.5, 0.1 + 0.2, 1e-7))

    def _text(self, schema: Mapping[str, Any], name: str) -> str:
        random = self._random
        pattern = schema.get("pattern", "")
        if schema.get("format") == "uuid":
            return str(uuid.UUID(int=random.getrandbits(128), version=4))
        if schema.get("format") == "date-time":
            return random.choice((CREATED, "1999-12-31T23:59:59.123456789Z", "2027-06-01T09:30:00+23:59"))
        if schema.get("format") == "date":
            return random.choice(("2012-03-04", "2000-02-29", "1900-01-01"))
        for known, values in _FORMS.items():
            if known in pattern:
                return random.choice(values)
        return self._free(schema, name)

    def _free(self, schema: Mapping[str, Any], name: str) -> str:
        """Text within the bounds, blanks around it where they are allowed."""
        random = self._random
        least, most = _lengths(schema)
        long = "\u00e9<&>\"']]>\u4e2d\U0001f393 x"
        text = "".join(random.choice(long) for _ in range(random.choice((most, random.randint(least, most)))))
        if least > 1 or "{" in schema.get("pattern", ""):
            return text.replace(" ", "_")
        return "x" + text[1:] if name in ("last", "filled") else text


class Worded:
    """Packets with all closed lists, and nothing else that may be left out. Addresses are `abroad`, or in a state."""

    def __init__(self, schemas: Schemas, abroad: bool) -> None:
        self._plain, self._abroad = Anything(schemas, Random(0), 0), abroad
        self._schema = {"$ref": f"{URI}#/$defs/transcript"}

    @property
    def rounds(self) -> int:
        """How many words the longest list has."""
        return self._longest(self._schema)

    def packet(self, number: int) -> dict[str, Any]:
        """Every list with its word of this number."""
        return self._plain.packet() | {"transcript": self._made(self._schema, number)}

    def _longest(self, schema: Mapping[str, Any]) -> int:
        """The length of the longest list in or below a schema; 0 for none."""
        if "$ref" in schema:
            return self._longest(self._plain.target(schema["$ref"]))
        inner = [schema["items"]] if "items" in schema else schema.get("properties", {}).values()
        return max([len(schema.get("enum", ())), *map(self._longest, inner)])

    def _made(self, schema: Mapping[str, Any], number: int) -> Any:
        if "$ref" in schema:
            return self._made(self._plain.target(schema["$ref"]), number)
        if "enum" in schema:
            return schema["enum"][number % len(schema["enum"])]
        if "items" in schema:
            return [self._made(schema["items"], number)]
        if "properties" not in schema:
            return self._plain.of(schema, "filled")
        made = {
            key: self._made(part, number)
            for key, part in schema["properties"].items()
            if key in schema.get("required", ()) or self._longest(part)
        }
        if "lines" in made:
            del made["state" if self._abroad else "country"]
            made |= {} if self._abroad else {"postal_code": "84601"}
        return made


# patterns of the shared parts, by a piece of them
_FORMS = {
    "^[A-Za-z0-9][A-Za-z0-9._-]*$": ("01", "6G", "uofu", "X" * 32),
    "^[A-Za-z0-9]*$": ("F", "M", "X", "U", ""),
    "^[0-9+() .,;/xX*#-]*$": ("801 555 0100", ""),
    "[0-9]{10}": ("1000000019",),
    "[12][0-9]|3[01]": ("2027", "2027-05", "2027-05-07"),
    "(0[1-9]|1[0-2])$": ("2027-06", "1999-12"),
}


def _lengths(schema: Mapping[str, Any]) -> tuple[int, int]:
    """Least and most characters, also where the pattern counts them."""
    pattern, most = schema.get("pattern", ""), int(schema["maxLength"])
    counted = pattern.rpartition("{")[2].partition("}")[0] if "{" in pattern else ""
    if not counted:
        return int(schema.get("minLength", 0)), most
    first, _, last = counted.partition(",")
    around = most - int(last or first)  # signs that the pattern has beside those that it counts
    return int(first) + around, most
