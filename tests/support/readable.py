"""Documents to read: a record with everything in many scripts, a transcript of 60 courses; and the values of any
document, taken apart here, away from the code that shows them."""

import base64
import random
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from broker.core.page import Page, Table
from broker.edge.schemas.contracts import BASE, load
from broker.edge.settings.resources import folder
from broker.formats.parent import values
from broker.formats.readable.school import RECORD
from tests.support import documents
from tests.support.parents import shown

SCHEMAS = load(folder("schemas"))
PEOPLE = (
    {"first": "Kaʻiulani", "middle": "Keōpūolani", "last": "Kamakawiwoʻole-Nguyễn"},
    {"first": "Ánh Tuyết", "last": "Nguyễn Thị"},
    {"first": "明", "middle": "小", "last": "王"},
    {"first": "محمد", "last": "الحسيني"},
)
LONG = "She writes about the sea, her grandmother’s garden, and why 海 means both. " * 600
FORMULA = "=HYPERLINK(1)"


def record() -> dict[str, Any]:
    """A `student-record.v1` with every property of the schema, twelve files, and texts that are hard to show."""
    made = documents.sample(SCHEMAS, f"{BASE}student-record.v1.schema.json")
    made |= {"from": "01", "to": "6G"}
    made["student"]["legal_name"] = dict(PEOPLE[0])
    made["student"]["guardians"] = [dict(one) for one in PEOPLE[1:]]
    inner = made["record"]
    for number, teacher in enumerate(inner["teachers"]):
        teacher |= {"id": f"T{number}", "name": dict(PEOPLE[number])}
    inner["course_grades"][0] |= {"teacher": "T0", "title": FORMULA}
    inner["statewide_results"][0] |= {"score": -12.5}
    inner["writing_samples"][0]["text"] = f"{LONG}\n\n第二段。\n  Last line."
    names = ("Plan of Ana.pdf", "ʻōlelo.docx", "run me.exe", *(f"Scan {number}.png" for number in range(9)))
    inner["attachments"] = [
        {"name": name, "media_type": "application/pdf", "content": base64.b64encode(name.encode()).decode()}
        for name in names
    ]
    return made


def transcript(courses: int = 60) -> dict[str, Any]:
    """A `transcript.v1` with ten sessions."""
    titles = ("Algebra", "ʻŌlelo Hawaiʻi", "Biology", "Tiếng Việt", "中文", "اللغة العربية")
    sessions = [
        {"month": f"{2022 + number // 2}-{'01' if number % 2 else '06'}", "name": f"Semester {number % 2 + 1}"}
        for number in range(10)
    ]
    chosen = random.Random(5)
    for number in range(courses):
        course = {"title": f"{chosen.choice(titles)} {number}", "code": f"C{number}", "grade": chosen.choice("ABC")}
        more = {"credits_earned": 0.5, "credit_basis": "AdvancedPlacement", "level": "Honors", "status": "Completed"}
        sessions[number % 10].setdefault("courses", []).append(course | more)  # type: ignore[attr-defined]
    student = {name: documents.STUDENT[name] for name in ("ssid", "birth_date")} | {"legal_name": dict(PEOPLE[0])}
    school = {"name": "Lehi High School", "ceeb_act": "450123"}
    return {
        "packet": "transcript.v1",
        "id": "018f2c6e-7d5b-7c3a-9b1e-2f4a6c8e0d13",
        "from": "01",
        "to": "6G",
        "created": documents.CREATED,
        "request": {"by": "student", "on": "2026-11-20"},
        "student": student,
        "transcript": {
            "document_type": "StudentRequest",
            "academic_records": [
                {"school": school, "summaries": [{"gpa": 3.71, "class_rank": 12}], "sessions": sessions}
            ],
            "tests": [{"test": "ACT", "date": "2026-02", "subtests": [{"name": "Math", "scores": [{"value": "31"}]}]}],
        },
    }


def request() -> dict[str, Any]:
    """A notice of the exchange that asks for a record."""
    student = {name: documents.STUDENT[name] for name in ("ssid", "local_id", "birth_date")}
    return {
        "packet": "record-request.v1",
        "id": "018f2c6e-7d5b-7c3a-9b1e-2f4a6c8e0d14",
        "from": "exchange",
        "to": "6G",
        "created": "2026-11-23T10:00:00+00:00",
        "transfer": 7,
        "student": student | {"legal_name": {"first": "Ana", "last": "Reyes"}},
        "requested_by": {"lea": "01", "name": "Alpine School District"},
        "due_on": "2027-01-19",
        "means": "This student of yours has enrolled at the school named under `requested_by`.",
    }


def answer() -> dict[str, Any]:
    """A notice of the exchange with a line for each student."""
    lines = [
        {"line": 1, "answer": "assigned", "ssid": "1000000019", "legal_name": dict(PEOPLE[2])},
        {"line": 2, "answer": "refused", "ssid": None, "why": "odd-date", "what_to_do": "Look at the birth date."},
    ]
    header = {"packet": "ssid.v1", "id": "x", "from": "exchange", "to": "6G", "created": "2026-11-23T10:00:00+00:00"}
    return header | {"answers": "018f2c6e", "students": lines}


def leaves(value: Any, key: str = "") -> Iterator[Any]:
    """Every text, number, true and false of a document, but the contents of files."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, key)
    elif value is not None and value != "" and not (key == "content" and isinstance(value, str)):
        yield value


def raw(value: Any) -> str:
    """A value as a program has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return format(Decimal(str(value or 0)), "f").removesuffix(".0")
    return str(value)


def said(value: Any) -> set[str]:
    """The ways in which a value may stand on a page."""
    if isinstance(value, bool):
        return {"yes" if value else "no"}
    if isinstance(value, int | float):
        return {raw(value), f"{int(value) - 1}–{int(value) % 100:02}"}
    prose = values.prose(value)
    found = {
        prose,
        prose.replace("\n", ", "),
        values.line(value),
        re.sub("(?<=[a-z])(?=[A-Z])", " ", values.line(value)),
    }
    found |= {RECORD.words[value]} if value in RECORD.words else set()
    found |= {"Preschool", "Kindergarten"} if value in ("PK", "KG") else set()
    found |= {f"Grade {int(value)}"} if re.fullmatch("0?[1-9]|1[0-2]", value) else set()
    if day := re.fullmatch(r"(\d{4})-(\d\d)(?:-(\d\d))?(?:T(\d\d:\d\d).*)?", value):
        when = date(int(day[1]), int(day[2]), int(day[3] or 1))
        found.add(f"{when.day} {when:%B} {when.year}" if day[3] else f"{when:%B} {when.year}")
    return found


def text(page: Page) -> str:
    """All that stands on a page."""
    return "\n".join((page.title, *page.lead, *(f"{one.heading}\n{one.about}\n{shown(one)}" for one in page.sections)))


def lacking(document: Any, whole: str) -> list[Any]:
    """The values of a document that do not stand in a text, whatever its blanks."""
    flat = " ".join(whole.split())
    return [one for one in leaves(document) if not any(" ".join(way.split()) in flat for way in said(one))]


def rows(page: Page, heading: str) -> int:
    """How many rows the tables of a section have."""
    section = next(one for one in page.sections if one.heading == heading)
    return sum(len(block.rows) for piece in section.pieces for block in piece.blocks if isinstance(block, Table))
