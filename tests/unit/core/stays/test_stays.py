"""What the state decides of stays (docs/access.md, open questions of law), and what a stay says of itself."""

import pytest

from broker.core.model import LeaId
from broker.core.stays import Account, Location, Today
from broker.core.stays.reports import Report, changed, tell
from tests.support.accounts import CALENDAR

A, B = LeaId("01"), LeaId("6G")


def here(day: str, *stays: Location, **decided: int | bool) -> str | None:
    return Account(stays, Today(day, CALENDAR, **decided)).here


def test_an_entry_may_count_some_days_before_its_day() -> None:
    stays = Location(A, "2026-08-17", ""), Location(B, "2026-12-15", "", reported_on="2026-12-01")
    assert here("2026-12-01", *stays) == A
    assert here("2026-12-01", *stays, ahead_days=13) == A
    assert here("2026-12-01", *stays, ahead_days=14) == B


def test_a_stay_that_nobody_renewed_may_be_over_with_its_own_school_year() -> None:
    stays = Location(A, "2025-08-18", ""), Location(B, "2026-12-15", "", reported_on="2026-12-01")
    assert here("2026-12-01", *stays) == A
    assert here("2026-12-01", *stays, unrenewed_goes_on=False) == B
    assert here("2026-12-01", stays[0], unrenewed_goes_on=False) == A  # nobody else has announced the child


@pytest.mark.parametrize(
    ("lea", "day"), [(A, "2026-10-01"), (B, "")], ids=["superseded on the day of the next entry", "has it still"]
)
def test_the_last_day_at_an_lea(lea: LeaId, day: str) -> None:
    stays = Location(A, "2026-08-17", ""), Location(B, "2026-10-01", "")
    assert Account(stays, Today("2026-11-23", CALENDAR)).last_day(lea) == day


def test_an_lea_that_was_left_in_silence_has_no_sight_of_what_came_after() -> None:
    stays = Location(A, "2026-08-17", ""), Location(B, "2026-10-01", "")
    account = Account(stays, Today("2026-11-23", CALENDAR))
    assert account.was_at(A, "2026-09-01", "2026-09-01")
    assert not account.was_at(A, "2026-10-02", "2026-11-23")


@pytest.mark.parametrize(("told", "ends"), [("", "2026-10-01"), ("2026-10-01", "2026-10-01"), ("", "2026-08-17")])
def test_a_stay_that_two_numbers_of_a_child_told_of_ends_once(told: str, ends: str) -> None:
    """The numbers were found to be one child's: the stay stands there twice, and an exit, also one told again, or the
    entry taken back, is for both."""
    stays = Location(A, "2026-08-17", told, "401"), Location(A, "2026-08-17", "", "401")
    report = Report("exit", A, "401", ends)
    found = changed(stays, report, tell(stays, report, "2026-11-23"), "2026-11-23")
    assert [one.exit_date for one in found] == [ends] * 2
