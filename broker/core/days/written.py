"""Dates as people and programs write them, decided by a file as a whole.

Owns which forms are dates, and whether 3/4/2012 is in March or in April. Promises: pure; what some date of the file
shows is true of all of them; a file whose dates show both orders is never guessed at. The caller says which comes first
where no date shows it, and which year is the latest that two digits can stand for.
"""

import re
from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import NamedTuple

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})[a-z]{{0,6}}\.?"
# a time of day behind the date, as databases and spreadsheets export it: 00.00.00, T00:00:00.000Z, 12:00 AM
_TIME = (
    r"(?:(?:T| {1,3}|-)[0-9]{1,2}[:.][0-9]{2}(?:[:.][0-9]{2}(?:[.,][0-9]{1,9})?)?"
    r"(?: ?[AP]\.?M\.?)?(?: ?Z| ?[+-][0-9]{2}:?[0-9]{2})?)?"
)
_YEAR = r"(?P<year>[0-9]{4}|[0-9]{2})"
_YEAR_FIRST = re.compile(
    rf"(?P<year>[0-9]{{4}})(?P<by>[-/.])(?P<m>[0-9]{{1,2}})(?P=by)(?P<d>[0-9]{{1,2}}){_TIME}", re.I
)
_PACKED = re.compile(r"(?P<year>(?:19|20|21)[0-9]{2})(?P<m>[0-9]{2})(?P<d>[0-9]{2})")
_PAIR = re.compile(rf"(?P<a>[0-9]{{1,2}})(?P<by>[-/.])(?P<b>[0-9]{{1,2}})(?P=by){_YEAR}{_TIME}", re.I)
_NAMED = (
    re.compile(rf"(?P<d>[0-9]{{1,2}})[- ./]?{_MONTH}[-, ./]{{0,2}}{_YEAR}{_TIME}", re.I),
    re.compile(rf"{_MONTH} ?(?P<d>[0-9]{{1,2}})(?:st|nd|rd|th)?(?:, ?| ){_YEAR}{_TIME}", re.I),
)
_MOST = 64  # characters
_TWELVE = 12
_SOME_YEAR = 2100


class Order(StrEnum):
    """What comes first where neither number is a year."""

    MONTH = "month"
    DAY = "day"


class Decided(NamedTuple):
    """The order of a file's dates. `month` and `day` are the places of the first dates that can be read only with the
    month, or only with the day, first; '' where there is none."""

    order: Order
    month: str
    day: str

    @property
    def is_contradiction(self) -> bool:
        """Whether the file shows both orders."""
        return bool(self.month and self.day)


def decide(written: Iterable[tuple[str, str]], unless: Order = Order.MONTH) -> Decided:
    """The order of all dates of a file, given as (place, text); `unless` is that of a file which does not show it."""
    first: dict[Order, str] = {}
    for place, text in written:
        shown = _shown(text)
        if shown:
            first.setdefault(shown, place)
    order = next(iter(first)) if len(first) == 1 else unless
    return Decided(order, first.get(Order.MONTH, ""), first.get(Order.DAY, ""))


def read(text: str, order: Order, latest_year: int) -> date | None:
    """The date; None where this is none. Two digits of a year stand for the latest year that ends so and is not after
    `latest_year`."""
    text = text[:_MOST]
    found = _YEAR_FIRST.fullmatch(text) or _PACKED.fullmatch(text)
    if found:
        return _date(found["year"], found["m"], found["d"], latest_year)
    if pair := _PAIR.fullmatch(text):
        a, b = (pair["a"], pair["b"]) if order is Order.MONTH else (pair["b"], pair["a"])
        return _date(pair["year"], a, b, latest_year)
    named = next((one for form in _NAMED if (one := form.fullmatch(text))), None)
    if named is None:
        return None
    month = _MONTHS.index(named["month"].lower()) + 1
    return _date(named["year"], str(month), named["d"], latest_year)


def is_no_day(text: str) -> bool:
    """Whether this is written as a date, in whichever order, and the calendar has no such day, as February 30."""
    return any(form.fullmatch(text[:_MOST]) for form in (_YEAR_FIRST, _PACKED, _PAIR, *_NAMED)) and not any(
        read(text, order, _SOME_YEAR) for order in Order
    )


def _shown(text: str) -> Order | None:
    """The one order in which this can be a date; None where both can be, or neither."""
    pair = _PAIR.fullmatch(text[:_MOST])
    if pair is None:
        return None
    a, b = int(pair["a"]), int(pair["b"])
    if min(a, b) > _TWELVE or max(a, b) <= _TWELVE:
        return None
    return Order.DAY if a > _TWELVE else Order.MONTH


def _date(year: str, month: str, day: str, latest_year: int) -> date | None:
    number = int(year)
    if len(year) == len("87"):
        number = latest_year - (latest_year - number) % 100
    try:
        return date(number, int(month), int(day))
    except ValueError:
        return None
