"""School days and deadlines, against a count that goes from day to day and knows nothing of the arithmetic."""

from collections.abc import Collection
from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from broker.core.days import school_year
from broker.core.days.deadlines import COUNTS_SCHOOL_DAYS, RULES, Calendar, Clock, due, overdue_days, teaching
from broker.edge.settings.rules import Transfers

RULE = school_year.Calendar.of("07-01", "08-15", "06-05")
DAY = timedelta(days=1)
LENGTHS = Transfers().lengths
NOTHING: frozenset[date] = frozenset()

FIRST, LAST = date(2023, 7, 1), date(2029, 6, 30)  # 2024 and 2028 are leap years
days = st.dates(FIRST, LAST)
asked = st.dates(FIRST, date(2028, 6, 30))  # a year before the end: enough for every term below


@st.composite
def breaks(draw: st.DrawFn) -> frozenset[date]:
    """Days alone, and some weeks on end."""
    some = set(draw(st.frozensets(days, max_size=20)))
    for begin in draw(st.lists(days, max_size=6)):
        some |= {begin + DAY * number for number in range(draw(st.integers(1, 21)))}
    return frozenset(some)


def calendar(closed: Collection[date] = (), opened: Collection[date] = (), *, is_year_round: bool = False) -> Calendar:
    years = [RULE.year(number) for number in range(2024, 2030)]
    return teaching(years, is_year_round=is_year_round, closed=closed, opened=opened)


def teaches(day: date, closed: Collection[date], opened: Collection[date], is_year_round: bool) -> bool:
    """The rule, said of one day."""
    if day in opened:
        return True
    if day in closed or day.strftime("%a") in ("Sat", "Sun"):
        return False
    in_summer = day.month == 7 or (day.month == 6 and day.day > 5) or (day.month == 8 and day.day < 15)
    return is_year_round or not in_summer


@given(asked, st.integers(0, 60), breaks(), breaks(), st.booleans())
@example(date(2027, 5, 28), 30, NOTHING, NOTHING, False)  # over the summer
@example(date(2024, 2, 28), 1, NOTHING, NOTHING, False)  # 29 February
@example(date(2026, 11, 26), 30, frozenset({date(2026, 11, 26), date(2026, 11, 27)}), NOTHING, False)
@example(date(2027, 7, 10), 1, NOTHING, frozenset({date(2027, 7, 11)}), False)  # a Sunday in July that is taught on
def test_a_deadline_is_counted_day_by_day(
    start: date, term: int, closed: frozenset[date], opened: frozenset[date], is_year_round: bool
) -> None:
    day, left = start, term
    while left:
        day += DAY
        if day > LAST:
            day, left = LAST, 0  # nothing is due never
        elif teaches(day, closed, opened, is_year_round):
            left -= 1
    made = calendar(closed, opened, is_year_round=is_year_round)
    assert made.add(start, term) == day
    if day < LAST:
        assert made.passed(start, day) == term


@given(days, days, breaks(), breaks(), st.booleans())
def test_days_are_counted_one_by_one(
    first: date, last: date, closed: frozenset[date], opened: frozenset[date], is_year_round: bool
) -> None:
    made = calendar(closed, opened, is_year_round=is_year_round)
    every = [first + DAY * number for number in range(max(0, (last - first).days + 1))]
    taught = [day for day in every if teaches(day, closed, opened, is_year_round)]
    assert made.count(first, last) == len(taught)
    assert [day for day in every if made.is_school_day(day)] == taught


@given(days, days, breaks())
def test_late_is_what_was_not_done_in_time(due_on: date, today: date, closed: frozenset[date]) -> None:
    late = overdue_days(due_on, today, calendar(closed))
    assert late == sum(teaches(due_on + DAY * n, closed, (), False) for n in range(1, (today - due_on).days + 1))
    assert late == 0 or today > due_on


def weeks(first: date, last: date) -> set[date]:
    return {first + DAY * number for number in range((last - first).days + 1)}


@pytest.mark.parametrize(
    ("start", "term", "closed", "ends"),
    [
        pytest.param(date(2026, 11, 16), 4, (), date(2026, 11, 20), id="within a week"),
        pytest.param(date(2026, 11, 20), 1, (), date(2026, 11, 23), id="Friday to Monday"),
        pytest.param(date(2026, 11, 21), 1, (), date(2026, 11, 23), id="asked on a Saturday"),
        pytest.param(date(2026, 11, 22), 5, (), date(2026, 11, 27), id="asked on a Sunday"),
        pytest.param(date(2026, 11, 26), 1, {date(2026, 11, 26)}, date(2026, 11, 27), id="asked on a holiday"),
        pytest.param(
            date(2026, 12, 18), 3, weeks(date(2026, 12, 21), date(2027, 1, 1)), date(2027, 1, 6), id="winter break"
        ),
        pytest.param(
            date(2026, 12, 24), 1, weeks(date(2026, 12, 21), date(2027, 1, 1)), date(2027, 1, 4), id="in winter break"
        ),
        pytest.param(
            date(2027, 3, 25), 2, weeks(date(2027, 3, 29), date(2027, 4, 2)), date(2027, 4, 5), id="spring break"
        ),
        pytest.param(date(2028, 2, 28), 2, (), date(2028, 3, 1), id="a leap year has 29 February"),
        pytest.param(date(2027, 2, 26), 1, (), date(2027, 3, 1), id="another year has not"),
        pytest.param(date(2027, 5, 28), 5, (), date(2027, 6, 4), id="to the last day of school"),
        pytest.param(date(2027, 5, 28), 30, (), date(2027, 9, 17), id="over the summer"),
        pytest.param(date(2027, 7, 4), 30, (), date(2027, 9, 24), id="asked in summer"),
        pytest.param(date(2027, 8, 14), 1, (), date(2027, 8, 16), id="school opens on a Sunday"),
    ],
)
def test_deadlines_counted_by_hand(start: date, term: int, closed: Collection[date], ends: date) -> None:
    assert calendar(closed).add(start, term) == ends


def test_a_year_round_lea_has_no_summer() -> None:
    assert calendar(is_year_round=True).add(date(2027, 5, 28), 30) == date(2027, 7, 9)
    assert calendar().count(date(2027, 6, 7), date(2027, 8, 13)) == 0


def test_summer_school_that_was_entered_is_school() -> None:
    assert calendar(opened={date(2027, 6, 12), date(2027, 7, 1)}).add(date(2027, 6, 4), 2) == date(2027, 7, 1)


def test_an_opened_day_is_open_whatever_else_is_said() -> None:
    both = {date(2026, 11, 26)}
    assert calendar(closed=both, opened=both).is_school_day(date(2026, 11, 26))


@pytest.mark.parametrize(
    ("clock", "ends"),
    [
        (Clock.REQUEST, date(2026, 12, 4)),  # 14 days, whatever they are
        (Clock.ANSWER, date(2027, 1, 1)),  # 30 school days: six weeks where nothing is closed
        (Clock.MILITARY, date(2026, 11, 30)),  # 10 days
    ],
)
def test_each_clock_counts_as_its_rule_says(clock: Clock, ends: date) -> None:
    assert due(clock, date(2026, 11, 20), calendar(), LENGTHS) == ends


def test_only_the_answer_counts_school_days_and_every_clock_has_its_rule() -> None:
    assert set(COUNTS_SCHOOL_DAYS) == {Clock.ANSWER}
    assert set(RULES) == set(LENGTHS) == set(Clock)
    assert all(rule.startswith("Utah 53A-1") and str(LENGTHS[clock]) in rule for clock, rule in RULES.items())


def test_terms_follow_the_settings() -> None:
    lengths = Transfers(request_days=1, answer_school_days=2, military_days=3).lengths
    found = [due(clock, date(2026, 11, 20), calendar(), lengths) for clock in Clock]
    assert found == [date(2026, 11, 21), date(2026, 11, 24), date(2026, 11, 23)]


def test_the_day_after_a_friday_is_late_by_no_school_day() -> None:
    made, friday = calendar(), date(2026, 11, 20)
    assert [overdue_days(friday, friday + DAY * n, made) for n in (-3, 0, 1, 2, 3, 4)] == [0, 0, 0, 0, 1, 2]


def test_where_an_lea_teaches_no_more_the_deadline_is_the_calendars_last_day() -> None:
    assert calendar(closed=weeks(date(2027, 1, 1), LAST)).add(date(2026, 12, 24), 30) == LAST


@pytest.mark.parametrize("day", [FIRST - DAY, LAST + DAY])
def test_a_day_beyond_the_calendar_is_a_mistake(day: date) -> None:
    made = calendar()
    for ask in (
        lambda: made.is_school_day(day),
        lambda: made.add(day, 1),
        lambda: made.count(min(day, FIRST), max(day, FIRST)),
    ):
        with pytest.raises(ValueError, match="does not reach"):
            ask()


def test_a_term_below_nothing_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="no fewer than 0"):
        calendar().add(FIRST, -1)


def test_school_days_are_kept_in_order_once_and_within_the_calendar() -> None:
    made = Calendar.of(FIRST, LAST, [LAST, FIRST, FIRST - DAY, LAST + DAY, FIRST])
    assert made.days == (FIRST.toordinal(), LAST.toordinal())
