"""Patterns of harvesting: when one is one, and when it is news."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.harvest import Entry, Intake, Limits, is_late, kept, late_entries, news, too_many_lost
from broker.core.model import LeaId
from broker.core.stays import Location
from tests.support.accounts import account

LIMITS = Limits(lost_students=5, lost_percent=20, backdated_days=30, backdated_per_day=3)
TODAY = date(2026, 11, 23)
THERE = Location(LeaId("01"), "2026-08-17", "")
counts = st.integers(0, 50)
days = st.dates(date(2026, 1, 1), date(2027, 1, 1))


@pytest.mark.parametrize(
    ("intake", "is_pattern"),
    [
        (Intake(25, 5, 0), True),
        (Intake(26, 5, 0), False),  # less than a fifth
        (Intake(4, 4, 0), False),  # all of a small charter's, and still few
        (Intake(1000, 60, 5), True),  # contests do not hide among honest transfers
        (Intake(1000, 60, 4), False),
        (Intake(0, 0, 0), False),
    ],
)
def test_students_who_were_not_kept(intake: Intake, is_pattern: bool) -> None:
    assert too_many_lost(intake, LIMITS) is is_pattern


@given(counts, counts, counts, st.integers(1, 20))
def test_more_lost_or_contested_never_makes_it_less_of_a_pattern(all_: int, lost: int, contested: int, n: int) -> None:
    if too_many_lost(Intake(all_, lost, contested), LIMITS):
        assert too_many_lost(Intake(all_, lost + n, contested), LIMITS)
        assert too_many_lost(Intake(all_, lost, contested + n), LIMITS)


def entry(first: str, last: str = "", *others: Location) -> Entry:
    return Entry("6G", TODAY, Location(LeaId("6G"), first, last), account(others or (THERE,)))


@pytest.mark.parametrize(
    ("one", "is_one"),
    [
        (entry("2026-11-20"), False),
        (entry("2026-10-24"), False),  # 30 days: in time still
        (entry("2026-10-23"), True),
        (entry("2026-09-01", "", replace(THERE, exit_date="2026-09-01")), False),  # the other had let the student go
        (entry("2026-09-01", "", replace(THERE, entry_date="2026-12-01")), False),
        (entry("2026-09-01", "", replace(THERE, exit_date=THERE.entry_date)), False),  # was never there
        (entry("2026-11-01", "2026-11-22"), True),  # over before it was reported
        (entry("2026-11-01", "2026-11-23"), False),
        (entry("2026-11-01", "2026-11-22", replace(THERE, exit_date="2026-09-01")), True),
        (entry("2026-11-01", "2026-11-22", replace(THERE, entry_date="2026-11-22")), False),  # nobody was there before
        (entry("2026-09-01", "2026-09-01"), False),  # taken back
    ],
)
def test_an_entry_that_came_late(one: Entry, is_one: bool) -> None:
    assert is_late(one, LIMITS) is is_one


@given(days, days, days)
def test_who_has_nobody_elsewhere_is_never_late(reported: date, first: date, last: date) -> None:
    assert not is_late(Entry("6G", reported, Location(LeaId("6G"), str(first), str(last)), account(())), LIMITS)


@given(days)
def test_what_is_reported_at_once_is_never_late(day: date) -> None:
    others = account([THERE], str(day))
    assert not is_late(Entry("6G", day, Location(LeaId("6G"), str(day), ""), others), LIMITS)


def test_only_days_with_too_many_count() -> None:
    before = TODAY - timedelta(days=1)
    late = [("6G", TODAY)] * 3 + [("6G", before)] * 2 + [("7H", TODAY)] * 2
    assert late_entries(late, LIMITS) == {"6G": 3}
    assert late_entries([*late, ("6G", before)], LIMITS) == {"6G": 6}


@given(st.lists(st.integers(0, 30), max_size=60), st.integers(1, 10))
def test_the_state_is_never_told_twice_of_the_same(found: list[int], least: int) -> None:
    told: dict[str, int] = {}
    alerts = 0
    for count in found:
        told = kept(told, {"6G": count})
        if news(count, told.get("6G", 0), least):
            assert count - told.get("6G", 0) >= least
            told["6G"], alerts = count, alerts + 1
    rises = sum(max(0, after - before) for before, after in zip([0, *found], found, strict=False))
    assert alerts <= rises // least


def test_a_pattern_that_stands_is_told_once() -> None:
    told = kept({"6G": 7}, {"6G": 7})
    assert not news(7, told["6G"], 5)
    assert not news(11, told["6G"], 5)
    assert news(12, told["6G"], 5)
    assert kept({"6G": 7}, {}) == {}  # out of sight: what comes then is new
