"""The dates of a document, compared with the day on which it is read.

Owns which dates are checked here: those of the header in every packet type, and all dates of a document about one
student. The lines of enrollments and SSID requests are judged one by one, where their answers are made. Promises: a
coarse search of the bytes comes first; a refusal names the place, and no date.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

from broker.core.days import plausible
from broker.core.days.plausible import Frame
from broker.core.errors import Refused
from broker.edge.settings.values import Settings

_MOST_PLACES = 20
# the name and year of each date, and each school year; the dates of a list have no names of their own
_DATED = re.compile(
    rb'"([a-z_]{1,30})"[ \t\r\n]{0,8}:[ \t\r\n]{0,8}(?:"([0-9]{4})-[0-9]{2}["T-]|([0-9]{4})[ \t\r\n]{0,8}[,}])'
)
_ELSEWHERE = frozenset({b"created", b"birth_date", b"on"})  # checked elsewhere
_YEARS = frozenset({b"school_year", b"graduation_year"})
_OF_OTHERS = frozenset({b"issued"})  # the date of a teacher's licence may be before the student's birth


@dataclass(frozen=True, slots=True)
class Today:
    """The day by which dates are judged, and how many days a header, or the name of a file, may be off."""

    frame: Frame
    created_ahead_days: int
    file_days: int


def today_of(settings: Settings, now: datetime) -> Today:
    """The `Today` at this moment."""
    return Today(settings.frame(settings.time.day(now)), settings.dates.created_ahead_days, settings.dates.file_days)


def check_file_day(day: str, today: Today) -> None:
    """Check the day (ISO 8601) in the name of a request. Raises Refused("file-date")."""
    found, now = date.fromisoformat(day), today.frame.today
    if found > now + timedelta(days=today.created_ahead_days):
        raise Refused("file-date", hint="It is a day to come.")
    if found < now - timedelta(days=today.file_days):
        raise Refused("file-date", hint=f"It is more than {today.file_days} days ago.")


def check(document: Mapping[str, Any], content: bytes | None, today: Today) -> None:
    """Check the dates of a document that fits its schema. `content` holds its bytes where it is JSON, else None. Raises
    Refused("impossible-date")."""
    frame = today.frame
    if datetime.fromisoformat(document["created"]).date() > frame.today + timedelta(days=today.created_ahead_days):
        raise Refused("impossible-date", "/created", "It must not be later than today.")
    fault = plausible.year_fault(document["school_year"], frame) if "school_year" in document else None
    if fault:
        raise Refused("impossible-date", "/school_year", f"It {fault.must}.")
    student = document.get("student")
    if student is None:
        return
    if "birth_date" in student:
        fault = plausible.birth_fault(date.fromisoformat(student["birth_date"]), frame)
        if fault:
            raise Refused("impossible-date", "/student/birth_date", f"It {fault.must}.")
    if content is None or _is_suspicious(content, str(student.get("birth_date", "")), frame):
        _check_record(document, frame)


def _check_record(document: Mapping[str, Any], frame: Frame) -> None:
    places = list(islice(plausible.of_record(document, frame), _MOST_PLACES))
    if places:
        others = f" The same is true of {', '.join(places[1:])}." if places[1:] else ""
        said = "It must not be before the student's birth, nor later than what is planned for the next school year."
        raise Refused("impossible-date", places[0], said + others)


def _is_suspicious(content: bytes, born: str, frame: Frame) -> bool:
    """Whether any year in the document is before the student's birth, or in the future."""
    first, last = int(born[:4] or 0), frame.today.year + 1

    def is_off(name: bytes, year: bytes, number: bytes) -> bool:
        if year:
            return name not in _ELSEWHERE and not (0 if name in _OF_OTHERS else first) <= int(year) <= last
        return name in _YEARS and not first <= int(number) <= frame.last_year

    return b'"dates"' in content or any(is_off(*found) for found in set(_DATED.findall(content)))
