"""The school year: which days belong to it, and between which of them schools teach.

Owns the naming of school years by the calendar year in which they end (2027 is 2026-27). Promises: pure; every day
belongs to exactly one school year; an impossible calendar raises ValueError with one sentence.
"""

from dataclasses import dataclass
from datetime import date, timedelta

_DAY = timedelta(days=1)
_SCHOOL_DAYS, _WEEK = 5, 7  # Monday to Friday


def weekdays(first: date, last: date) -> int:
    """How many days from Monday to Friday there are from `first` to `last`, both included; 0 where last < first."""
    weeks, rest = divmod(max(0, (last - first).days + 1), _WEEK)
    return weeks * _SCHOOL_DAYS + sum((first.weekday() + day) % _WEEK < _SCHOOL_DAYS for day in range(rest))


@dataclass(frozen=True, slots=True)
class SchoolYear:
    """One school year: its days are `first` to `last`; schools that are not year-round teach from `opens` to `closes`.

    All days are included. `number` is the calendar year in which the school year ends.
    """

    number: int
    first: date
    last: date
    opens: date
    closes: date


def _month_day(text: str, what: str) -> tuple[int, int]:
    try:
        day = date.fromisoformat(f"2001-{text}")  # no leap year: 29 February is not in every year
    except ValueError:
        raise ValueError(f"{what} must be a month and a day of every year, such as 07-01") from None
    return day.month, day.day


@dataclass(frozen=True, slots=True)
class Calendar:
    """When a state's school years begin, and when its schools open and close: (month, day) each."""

    begins: tuple[int, int]
    opens: tuple[int, int]
    closes: tuple[int, int]

    @staticmethod
    def of(begins: str, opens: str, closes: str) -> "Calendar":
        """The calendar from texts such as `07-01`. Raises ValueError unless schools open and close, in this order,
        within one school year."""
        made = Calendar(_month_day(begins, "year_begins"), _month_day(opens, "opens"), _month_day(closes, "closes"))
        if made.year(2001).opens >= made.year(2001).closes:
            raise ValueError("opens must come before closes within the school year that begins on year_begins")
        return made

    def year(self, number: int) -> SchoolYear:
        """The school year that ends in the calendar year `number`."""
        ends_on_new_year = self.begins == (1, 1)
        first = date(number if ends_on_new_year else number - 1, *self.begins)
        last = date(first.year + 1, *self.begins) - _DAY
        return SchoolYear(number, first, last, self._within(first, self.opens), self._within(first, self.closes))

    def _within(self, first: date, month_day: tuple[int, int]) -> date:
        return date(first.year + (month_day < self.begins), *month_day)

    def containing(self, day: date) -> int:
        """The number of the school year that `day` belongs to."""
        return day.year + (self.begins != (1, 1) and (day.month, day.day) >= self.begins)
