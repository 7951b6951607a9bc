"""The tests' own account of where a child is, held to the table of situations.

It is the other side of every comparison with the program, so it is itself tested: by what a person wrote down.
"""

from datetime import date, timedelta

import pytest

from tests.support import situations
from tests.support.situations import Situation
from tests.support.told import Stay, tell_all
from tests.support.whereabouts import Account, Years

TABLE = situations.read()
_BY_NAME = pytest.mark.parametrize("row", TABLE, ids=[one.name for one in TABLE])


def told(row: Situation, until: date = date.max) -> list[Stay]:
    """The stays after what the row tells until this day; each refusal is the one that the row names."""
    stays: list[Stay] = []
    for day, lines in row.packets(until):
        refused = tell_all(stays, [one.report for one in lines], day)
        assert refused == [one.refused for one in lines]
    return stays


@_BY_NAME
def test_stays(row: Situation) -> None:
    counting = [one for one in told(row) if not one.is_void]
    spans = [(one.lea, one.school, one.entry, one.exit, one.dual, one.military) for one in counting]
    assert row.stays is None or spans == list(row.stays)


@_BY_NAME
def test_looks(row: Situation) -> None:
    for look in row.looks:
        account, today = Account(told(row, look.today)), look.today
        said = (account.here(today), account.holders(today), account.before(today), account.announced(today))
        assert said == (look.here, look.holders, look.before, look.announced), look
        assert account.sources(today, row.answered, look.asks) == look.asked, look
        assert (account.since(today), account.is_military(today)) == (look.since, look.military), look


def test_every_row_has_a_name_of_its_own_and_says_something() -> None:
    assert len({one.name for one in TABLE}) == len(TABLE)
    assert all(one.looks and one.section and one.answer.endswith(".") for one in TABLE)


@pytest.mark.parametrize(
    ("entry", "day", "is_over"),
    [
        (date(2025, 8, 18), date(2026, 6, 5), False),
        (date(2025, 8, 18), date(2026, 6, 6), True),
        (date(2025, 8, 18), date(2026, 8, 14), True),
        (date(2025, 8, 18), date(2026, 8, 15), False),  # nobody renewed it: it goes on
        (date(2026, 6, 5), date(2026, 6, 6), True),
        (date(2026, 6, 6), date(2026, 7, 1), False),  # for the next school year
        (date(2026, 7, 1), date(2026, 8, 1), False),
        (date(2016, 8, 18), date(2026, 2, 1), False),
    ],
)
def test_when_a_school_year_is_over(entry: date, day: date, is_over: bool) -> None:
    assert Years().is_over(entry, day) is is_over


def test_a_school_year_of_another_state() -> None:
    southern = Years((1, 1), (2, 1), (12, 15))
    assert [southern.is_over(date(2026, 2, 3), date(2026, month, 20)) for month in (2, 11, 12)] == [False, False, True]
    assert southern.is_over(date(2026, 2, 3), date(2027, 1, 31))
    assert not southern.is_over(date(2026, 2, 3), date(2027, 2, 1))


def test_the_last_day_on_which_something_ahead_may_lie_is_the_400th() -> None:
    today, far = date(2026, 9, 1), timedelta(days=400)
    row = next(one for one in TABLE if one.name == "An entry 401 days ahead")
    assert [one.report.day - today <= far for one in row.told] == [not one.refused for one in row.told]
