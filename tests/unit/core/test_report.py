"""The state's report on transfers: counts, middles and the ranking."""

import statistics
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.days.deadlines import Calendar
from broker.core.model import LeaId
from broker.core.report import Asked, Report, is_overdue, is_reported_late, median, percentile
from broker.core.transfer import TransferState

FIRST, LAST = date(2026, 7, 1), date(2027, 6, 30)
TODAY = date(2026, 11, 23)  # a Monday
_EVERY = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
CALENDAR = Calendar.of(FIRST, LAST, [day for day in _EVERY if day.weekday() < 5])
CASE = Asked(
    source=LeaId("01"),
    destination=LeaId("6G"),
    state=TransferState.REQUESTED,
    entered_on=date(2026, 9, 1),
    opened_on=date(2026, 9, 2),
    asked_on=date(2026, 9, 2),
    due_on="2026-10-14",
)
VALUES = st.lists(st.integers(0, 400), min_size=1, max_size=60)


def report(*cases: Asked, first: date = FIRST, last: date = TODAY) -> Report:
    made = Report(first, last, TODAY, 14)
    for case in cases:
        made.add(case, CALENDAR)
    return made


@given(VALUES)
def test_the_median_is_that_of_the_values(values: list[int]) -> None:
    assert median(Counter(values)) == statistics.median(values)


@given(VALUES, st.integers(1, 100))
def test_a_percentile_is_the_smallest_value_that_covers_so_many(values: list[int], percent: int) -> None:
    found = percentile(Counter(values), percent)
    assert found in values
    covers = [one for one in sorted(values) if 100 * sum(other <= one for other in values) >= percent * len(values)]
    assert found == covers[0]


def test_of_nothing_there_is_no_middle() -> None:
    assert median({}) is None
    assert percentile({}, 95) is None
    assert percentile(Counter(range(1, 21)), 95) == 19


@pytest.mark.parametrize(
    ("state", "due_on", "late"),
    [
        ("requested", "2026-11-22", True),
        ("requested", "2026-11-23", False),
        ("requested", "", False),
        ("refused", "2026-11-22", True),
        ("blocked", "2026-11-22", False),
        ("answered", "2026-11-22", False),
        ("closed", "2026-11-22", False),
        ("cancelled", "2026-11-22", False),
    ],
)
def test_what_is_overdue(state: str, due_on: str, late: bool) -> None:
    assert is_overdue(TransferState(state), due_on, TODAY) == late


@pytest.mark.parametrize(("days", "late"), [(0, False), (14, False), (15, True)])
def test_what_is_reported_late(days: int, late: bool) -> None:
    case = replace(CASE, opened_on=CASE.entered_on + timedelta(days=days))
    assert is_reported_late(case, 14) == late
    made = report(case)
    assert (made.of(LeaId("6G")).late_requests, made.of(LeaId("01")).late_requests) == (int(late), 0)
    assert made.all.late_requests == int(late)


def test_an_open_case_is_the_sources() -> None:
    made = report(CASE)
    tally = made.of(LeaId("01"))
    assert (tally.asked, tally.answered, tally.open, tally.overdue) == (1, 0, 1, 1)
    assert tally.most_late == sum(date(2026, 10, 14) < day <= TODAY for day in _EVERY if day.weekday() < 5)
    assert "6G" not in made.leas


def test_how_long_an_answer_took() -> None:
    # Wednesday to the Monday after: Thursday, Friday, Monday
    answered = replace(CASE, state=TransferState.CLOSED, answered_on=date(2026, 9, 7))
    tally = report(answered, replace(answered, answered_on=CASE.asked_on)).of(LeaId("01"))
    assert (tally.asked, tally.answered, tally.closed, tally.open, tally.overdue) == (2, 2, 2, 0, 0)
    assert (tally.school_days, tally.days) == ({3: 1, 0: 1}, {5: 1, 0: 1})


def test_what_is_open_counts_whenever_it_was_asked() -> None:
    tally = report(CASE, first=date(2026, 11, 1)).of(LeaId("01"))
    assert (tally.asked, tally.open, tally.overdue) == (0, 1, 1)
    never_asked = replace(CASE, state=TransferState.BLOCKED, asked_on=None, due_on="")
    tally = report(never_asked).of(LeaId("01"))
    assert (tally.asked, tally.open, tally.overdue) == (0, 1, 0)


def test_an_answer_to_what_was_cancelled_counts() -> None:
    tally = report(replace(CASE, state=TransferState.CANCELLED)).of(LeaId("01"))
    assert (tally.asked, tally.cancelled, tally.open) == (1, 1, 0)


def test_the_ranking() -> None:
    late, later = replace(CASE, due_on="2026-11-20"), replace(CASE, due_on="2026-11-19")
    made = report(
        *[replace(late, source=LeaId(lea)) for lea in ("03", "03", "02", "05", "04")],
        replace(later, source=LeaId("06")),
        replace(CASE, source=LeaId("07"), state=TransferState.CLOSED, answered_on=TODAY),
        replace(CASE, source=LeaId("08"), state=TransferState.CLOSED, answered_on=CASE.asked_on),
    )
    ranked = [(place, lea) for place, lea, _ in made.ranked()]
    assert ranked == [(1, "03"), (2, "06"), (3, "02"), (3, "04"), (3, "05"), (6, "07"), (7, "08")]


def test_what_was_not_acknowledged() -> None:
    made = report()
    made.unacknowledged(LeaId("6G"), 3)
    made.unacknowledged(LeaId("01"), 0)
    assert {lea: tally.unacknowledged for lea, tally in made.leas.items()} == {"6G": 3}
    assert made.all.unacknowledged == 3
