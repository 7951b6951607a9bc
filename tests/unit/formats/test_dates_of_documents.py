"""Dates that cannot be are refused with their place, in every packet type; history is history."""

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from broker.core.errors import Refused
from broker.core.model import LeaId
from broker.edge.schemas.contracts import BASE, load
from broker.edge.settings.resources import folder
from broker.edge.settings.values import Limits, Settings
from broker.formats import dates, pesc, reading
from broker.formats.ssid.lines import SHEET
from tests.support import documents, transcripts
from tests.support.sheets import ANA, CONTRACTS, HEADER

SCHEMAS = load(folder("schemas"))
TODAY = dates.today_of(Settings(home=Path("/nowhere")), datetime(2026, 12, 1, 8, tzinfo=UTC))
DUE = {"expires", "review_due", "evaluation_due"}


def said(document: dict[str, Any] | bytes, file: str = "a.pgp", today: dates.Today = TODAY) -> tuple[str, str]:
    """Code and place of the refusal; both '' for none."""
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    try:
        reading.read(content, file, LeaId("01"), Limits(), CONTRACTS, today=today)
    except Refused as refused:
        is_quoted = any(year in refused.hint for year in ("1914", "2103", "2072", "1926"))
        return ("it quotes the date", "") if is_quoted else (refused.code, refused.pointer)
    return "", ""


def judged(document: dict[str, Any]) -> tuple[str, str]:
    """The same of a document whatever its schema says of it."""
    try:
        dates.check(document, json.dumps(document).encode(), TODAY)
        dates.check(document, None, TODAY)
    except Refused as refused:
        return refused.code, refused.pointer
    return "", ""


def with_student(make: Any, **changes: Any) -> dict[str, Any]:
    return dict(make(student=documents.student() | changes))


@pytest.mark.parametrize("make", [documents.record, documents.backpack, documents.record_request])
@pytest.mark.parametrize("day", ["1914-03-04", "2025-03-04", "2030-03-04", "2103-03-04"])
def test_a_birth_date_that_cannot_be_is_refused(make: Any, day: str) -> None:
    assert said(with_student(make, birth_date=day)) == ("impossible-date", "/student/birth_date")
    assert said(with_student(make, birth_date="1961-03-04")) == ("", "")  # who asks for an old record is no child


@pytest.mark.parametrize("kind", CONTRACTS.accepted)
def test_the_header_of_every_packet_type_is_looked_at(kind: str) -> None:
    document = _sample(kind)
    assert judged(document) == ("", "")
    assert judged(document | {"school_year": 2072}) == ("impossible-date", "/school_year")
    assert judged(document | {"school_year": 2029}) == ("impossible-date", "/school_year")
    assert judged(document | {"created": "2103-11-23T10:00:00-07:00"}) == ("impossible-date", "/created")


def _sample(kind: str) -> dict[str, Any]:
    document: dict[str, Any] = documents.slim(documents.sample(SCHEMAS, f"{BASE}{kind}.schema.json"))
    document |= {"packet": kind, "created": documents.CREATED}
    for path in _years(document):
        documents.at(document, path[:-1])[path[-1]] = 2027
    return document


def _years(document: Any) -> Iterator[tuple[Any, ...]]:
    return (path for path in documents.paths(document) if path and path[-1] in ("school_year", "graduation_year"))


def _dates(document: Any) -> Iterator[tuple[Any, ...]]:
    for path in documents.paths(document):
        value = documents.at(document, path)
        if isinstance(value, str) and len(value) >= 10 and value[4:8:3] == "--" and value[:4].isdigit():
            yield path


@pytest.mark.parametrize("kind", ["student-record.v1", "backpack.v1", "transcript.v1"])
def test_every_date_and_year_of_a_record_is_looked_at(kind: str) -> None:
    document, seen = _sample(kind), 0
    assert judged(document) == ("", "")
    for path in _dates(document):
        if path[0] in ("created", "request", "student"):
            continue
        seen += 1
        place = "/" + "/".join(map(str, path))
        future = "2103" + documents.at(document, path)[4:]
        assert judged(_put(document, path, future)) == ("impossible-date", place)
        later = "2031" + documents.at(document, path)[4:]
        assert judged(_put(document, path, later))[0] == ("" if path[-1] in DUE else "impossible-date")
        if "student" in document and "birth_date" in document["student"]:
            before = "1926" + documents.at(document, path)[4:]
            assert judged(_put(document, path, before))[0] == ("" if "teachers" in path else "impossible-date")
    for path in _years(document):
        seen += 1
        assert judged(_put(document, path, 2072)) == ("impossible-date", "/" + "/".join(map(str, path)))
    assert seen > 10


def _put(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(document)
    documents.at(changed, path[:-1])[path[-1]] = value
    return changed


def test_history_is_not_odd() -> None:
    courses = [{"school_year": year, "title": "Algebra", "course_code": "MA"} for year in range(2016, 2028)]
    tests = [{"school_year": 2019, "test": "RISE", "subject": "Mathematics", "date": "2019-04-21", "score": 1}]
    teachers = [{"name": {"first": "Jo", "last": "Li"}, "licences": [{"kind": "A", "issued": "1994-07-01"}]}]
    record = {"course_history": courses, "statewide_results": tests, "teachers": teachers}
    assert said(documents.record(record=record)) == ("", "")


def test_a_transcript_of_today_with_courses_of_long_ago_is_read() -> None:
    summer = dates.today_of(Settings(home=Path("/nowhere")), datetime(2027, 6, 20, tzinfo=UTC))
    for document in transcripts.realistic(5, 5):
        content = pesc.to_pesc(document, state="UT")
        assert said(content, today=summer) == ("", "")
        born = content.index(b"<BirthDate>") + len(b"<BirthDate>")
        late = content[:born] + b"2103" + content[born + 4 :]
        assert said(late, today=summer) == ("impossible-date", "/student/birth_date")


@pytest.mark.parametrize(
    ("day", "code"),
    [
        ("20261201", ""),
        ("20261123", ""),
        ("20260301", ""),
        ("2026-12-02", ""),
        ("20251123", "file-date"),
        ("20251201", "file-date"),
        ("19261123", "file-date"),
        ("20271123", "file-date"),
        ("21031123", "file-date"),
    ],
)
def test_a_date_in_a_files_name_that_is_not_of_these_days_is_refused(day: str, code: str) -> None:
    assert said(f"{HEADER}\n{ANA}\n".encode(), f"REQ_01_{day}_1.csv.pgp")[0] == code


@pytest.mark.parametrize(
    ("cell", "confirmed"),
    [
        ("birth_date", ["birth_date"]),
        ("Birth Date", ["birth_date"]),
        ("birth_date, entry_date", ["birth_date", "date"]),
        ("birth_date entry_date", ["birth_date", "date"]),
        ("Date of Birth; School Year", ["birth_date", "school_year"]),
        ("exit_date and entry_date", ["exit_date", "date"]),
        ("DOB", ["birth_date"]),
    ],
)
def test_a_csv_confirms_by_the_names_of_its_columns(cell: str, confirmed: list[str]) -> None:
    content = f'{HEADER},Confirmed\n{ANA},"{cell}"\n'.encode()
    found = reading.read(content, "REQ_01_20261123_1.csv", LeaId("01"), Limits(), CONTRACTS)
    assert found["students"][0]["confirmed"] == confirmed


@pytest.mark.parametrize("cell", ["yes", "last name", "birth_date and more", ","])
def test_a_csv_confirms_nothing_else(cell: str) -> None:
    content = f'{HEADER},Confirmed\n{ANA},"{cell}"\n'.encode()
    found = reading.read(content, "REQ_01_20261123_1.csv", LeaId("01"), Limits(), CONTRACTS)
    assert found[SHEET].unread[0].fields == ("confirmed",)
