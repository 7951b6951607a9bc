"""The state's time, on days on which the clocks change too."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.days.state_time import StateTime, told_in_utc

DENVER = StateTime(ZoneInfo("America/Denver"))
NUUK = StateTime(ZoneInfo("America/Nuuk"))  # its clocks leap from 23:00 to midnight
HAVANA = StateTime(ZoneInfo("America/Havana"))  # and its own from midnight to 01:00, and back from 01:00
SPRING, AUTUMN = date(2026, 3, 8), date(2026, 11, 1)
ZONES = ("America/Denver", "UTC", "Pacific/Kiritimati", "America/Nuuk", "America/Havana", "Australia/Lord_Howe")


@pytest.mark.parametrize(
    ("state", "day", "hour", "at"),
    [
        (DENVER, date(2026, 11, 20), 2, "2026-11-20T09:00:00+00:00"),
        (DENVER, SPRING, 2, "2026-03-08T09:00:00+00:00"),  # there is no 02:00: the moment of the leap to 03:00
        (DENVER, SPRING, 3, "2026-03-08T09:00:00+00:00"),
        (DENVER, AUTUMN, 1, "2026-11-01T07:00:00+00:00"),  # there are two: the first
        (DENVER, AUTUMN, 2, "2026-11-01T09:00:00+00:00"),
        (NUUK, date(2026, 3, 28), 23, "2026-03-29T00:00:00+00:00"),  # the last hour that this day has
        (HAVANA, date(2026, 3, 8), 0, "2026-03-08T05:00:00+00:00"),
        (HAVANA, date(2026, 11, 1), 0, "2026-11-01T04:00:00+00:00"),
    ],
)
def test_an_hour_begins_once_on_each_day(state: StateTime, day: date, hour: int, at: str) -> None:
    assert told_in_utc(state.hour(day, hour)) == at


@given(st.sampled_from(ZONES), st.dates(date(2000, 1, 1), date(2037, 12, 31)), st.integers(0, 23), st.floats(0, 86_399))
def test_days_and_hours_fit_together(zone: str, day: date, hour: int, later: float) -> None:
    state = StateTime(ZoneInfo(zone))
    begins, ends = state.begins(day), state.ends(day)
    assert begins <= state.hour(day, hour) < ends
    assert [state.day(begins), state.day(ends), state.day(state.hour(day, hour))] == [day, day + timedelta(1), day]
    assert state.day(begins - 1) < day
    assert sorted(state.hour(day, each) for each in range(24)) == [state.hour(day, each) for each in range(24)]
    moment = datetime.fromtimestamp(begins + later, UTC)
    assert state.day(moment) == state.day(moment.timestamp())
    assert datetime.fromisoformat(state.told(moment, "microseconds")) == moment
