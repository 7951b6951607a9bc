"""Which dates of a student are possible, and which are odd for an age, a grade or a year.

Owns the rules; their bounds are settings. Promises: pure; the caller says what day it is. An impossible date is always
wrong; an odd date may be right, and the sender says whether it is. Schools also teach children before the third and
adults after the 22nd birthday (34 CFR 300.101: special education from 3 to 21), so both are possible.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

BIRTH, DAY, EXIT, YEAR = "birth_date", "date", "exit_date", "school_year"
FACTS = (BIRTH, DAY, EXIT, YEAR)  # the names of the facts that a sender can confirm
_TOMORROW = timedelta(days=1)  # at the sender's place it may be a day later
_KINDERGARTEN, _BEFORE = 0, -1
_GRADES = {"pk": _BEFORE, "ps": _BEFORE, "pre": _BEFORE, "kg": _KINDERGARTEN, "k": _KINDERGARTEN, "0": _KINDERGARTEN}
_GRADES |= {str(grade): grade for grade in range(1, 13)}
_LAST_GRADE = 12
_ENTERS_AT = 5  # kindergarten, in years


@dataclass(frozen=True, slots=True)
class Bounds:
    """Years of age, and years: the settings with these names explain them."""

    least_age: int
    most_age: int
    school_age_from: int
    school_age_to: int
    grade_younger: int
    grade_older: int
    entry_back_years: int
    school_years_back: int
    school_years_ahead: int


@dataclass(frozen=True, slots=True)
class Frame:
    """What a date is judged by: today, today's school year, and the bounds."""

    today: date
    school_year: int
    bounds: Bounds

    @property
    def last_year(self) -> int:
        """The last school year that a document can name now."""
        return self.school_year + self.bounds.school_years_ahead


@dataclass(frozen=True, slots=True, repr=False)
class Line:
    """The dates of one line about a student; None where the line does not say, or it is not known. Repr hidden."""

    birth: date
    day: date | None = None
    exit_day: date | None = None
    grade: str = ""
    school_year: int | None = None


class Fault(NamedTuple):
    """The fact that is wrong, and the end of a sentence that says what it must be; no data of the student."""

    fact: str
    must: str


def age(birth: date, day: date) -> int:
    """The age in whole years; below 0 before the birth. In other years, somebody born on 29 February turns older on 1
    March."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def birth_fault(birth: date, frame: Frame, day: date | None = None) -> Fault | None:
    """Why no student can have been born on this day; `day` is the future day on which the student comes, if any."""
    bounds = frame.bounds
    if birth > frame.today + _TOMORROW:
        return Fault(BIRTH, "must not be a day to come")
    if age(birth, max(frame.today, day or frame.today)) < bounds.least_age:
        return Fault(BIRTH, f"must be that of a student: nobody younger than {bounds.least_age} years is one")
    if age(birth, frame.today) > bounds.most_age:
        return Fault(BIRTH, f"must not be more than {bounds.most_age} years ago")
    return None


def year_fault(year: int, frame: Frame) -> Fault | None:
    """Why no document can name this school year yet."""
    if year > frame.last_year:
        return Fault(YEAR, f"must not be later than {frame.last_year}, the year in which the next school year ends")
    return None


def impossible(line: Line, frame: Frame) -> Fault | None:
    """Why a line is impossible; None where it is possible."""
    fault = birth_fault(line.birth, frame, line.day)
    if fault:
        return fault
    least = frame.bounds.least_age
    for fact, day in ((DAY, line.day), (EXIT, line.exit_day)):
        if day is not None and age(line.birth, day) < least:
            return Fault(fact, f"must not be before the student was {least} years old")
    if line.school_year is None:
        return None
    if line.school_year < line.birth.year + least:
        return Fault(YEAR, f"must not be before the student was {least} years old")
    return year_fault(line.school_year, frame)


def odd(line: Line, frame: Frame, known: Collection[str] = ()) -> tuple[Fault, ...]:
    """The facts of a line that the sender should check, without those that are `known` to be right."""
    return tuple(fault for fault in _odd(line, frame) if fault.fact not in known)


def _odd(line: Line, frame: Frame) -> Iterator[Fault]:
    bounds = frame.bounds
    first = line.day or frame.today
    youngest, oldest = age(line.birth, first), age(line.birth, max(first, line.exit_day or frame.today))
    if oldest < bounds.school_age_from or youngest > bounds.school_age_to:
        yield Fault(
            BIRTH, f"is unusual: students are from {bounds.school_age_from} to {bounds.school_age_to} years old"
        )
    elif (ages := ages_in(line.grade, bounds)) and (oldest < ages[0] or youngest > ages[1]):
        yield Fault(BIRTH, f"is unusual for this grade: its students are from {ages[0]} to {ages[1]} years old")
    for fact, day in ((DAY, line.day), (EXIT, line.exit_day)):
        if day is not None and age(day, frame.today) >= bounds.entry_back_years:
            yield Fault(fact, f"is unusual: it is more than {bounds.entry_back_years} years ago")
    if line.school_year is not None and line.school_year < frame.school_year - bounds.school_years_back:
        yield Fault(YEAR, f"is unusual: it is now the school year that ends in {frame.school_year}")


def is_grade(grade: str) -> bool:
    """Whether this is a grade that is known, in any of the ways in which senders write it: KG, 9, 09."""
    return _number_of(grade) is not None


def _number_of(grade: str) -> int | None:
    return _GRADES.get(grade.strip().lower().lstrip("0") or ("0" if grade.strip() else ""))


def ages_in(grade: str, bounds: Bounds) -> tuple[int, int] | None:
    """The youngest and oldest usual age in a grade, as a sender writes it; None for an unknown grade."""
    number = _number_of(grade)
    if number is None:
        return None
    if number == _BEFORE:
        return bounds.school_age_from - 1, _ENTERS_AT + 1
    last = bounds.school_age_to if number == _LAST_GRADE else number + _ENTERS_AT + 1 + bounds.grade_older
    return number + _ENTERS_AT - bounds.grade_younger, last


# documents about one student, which record the past

_DUE = frozenset({"expires", "review_due", "evaluation_due"})  # days that may lie years ahead
_DUE_YEARS = 20
_YEARS_AHEAD = {YEAR: 0, "graduation_year": 14}  # how many years after the last possible school year each may lie
_IS_DAY = re.compile(r"[0-9]{4}-[0-9]{2}(?:-[0-9]{2}(?:T[0-9:.+Z-]{1,40})?)?\Z")
_OTHERS = frozenset({"teachers"})  # facts about other people than the student
AHEAD = timedelta(days=400)  # as far ahead as entries may be: plans for the next school year


def of_record(document: Mapping[str, object], frame: Frame) -> Iterator[str]:
    """The JSON pointers of impossible dates and school years in a checked document: days too far ahead, or the
    student's own days before the student's birth."""
    student = document.get("student")
    born = str(student.get("birth_date", "")) if isinstance(student, Mapping) else ""
    for name, part in document.items():
        if name not in ("student", "created", "request"):
            yield from _in_part(part, name, f"/{name}", born, frame)


def _in_part(value: object, name: str, pointer: str, born: str, frame: Frame) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            theirs = "" if key in _OTHERS else born
            yield from _in_part(part, str(key), f"{pointer}/{key}", theirs, frame)
    elif isinstance(value, list | tuple):
        for number, part in enumerate(value):
            yield from _in_part(part, name, f"{pointer}/{number}", born, frame)
    elif name in _YEARS_AHEAD and isinstance(value, int):
        if not _year_of(born) <= value <= frame.last_year + _YEARS_AHEAD[name]:
            yield pointer
    elif isinstance(value, str) and is_day(value) and not _can_be(value[:10], name, born, frame.today):
        yield pointer


def is_day(text: str) -> bool:
    """Whether a text is a day, a month or a moment, as the schemas write them."""
    return _IS_DAY.match(text) is not None


def _can_be(day: str, name: str, born: str, today: date) -> bool:
    """Whether the date is possible. A month counts from its first day; the month of the birth itself is possible."""
    born = born[: len(day)]
    is_late = int(day[:4]) > today.year + _DUE_YEARS if name in _DUE else day > (today + AHEAD).isoformat()
    return born <= day and not is_late


def _year_of(born: str) -> int:
    return int(born[:4]) if born else 0
