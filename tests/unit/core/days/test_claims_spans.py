"""Claims: the spans of which they are made, whatever these are, and the school year."""

import random
from datetime import date
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.days.claims import judge, overlaps, stays_in
from broker.core.days.membership import Programme, Span, merged, shares
from broker.core.days.school_year import Calendar, weekdays
from broker.core.model import LeaId, Ssid
from broker.formats.reports import claims
from tests.support.claimed import CALENDAR, DAY, SPECIAL, YEAR, YEAR_ROUND, found, month, span


def test_the_last_day_of_one_is_the_first_of_the_other() -> None:
    finding = found(span("01", last=month(11, 20)), span("6G", month(11, 20)))
    assert [(one.first, one.last, one.days) for one in finding.overlaps] == [(month(11, 20), month(11, 20), 1)]
    assert judge(Ssid("1"), [span("01", last=month(11, 20)), span("6G", month(11, 21))], YEAR) is None


def test_an_entry_that_was_taken_back_claims_nothing() -> None:
    assert judge(Ssid("1"), [span("01"), span("6G", month(11, 20), month(11, 20))], YEAR) is None
    assert judge(Ssid("1"), [span("01"), span("6G", month(11, 20), month(11, 19))], YEAR) is None


def test_within_one_lea_nothing_is_claimed_twice() -> None:
    assert judge(Ssid("1"), [span("01"), span("01", school="2")], YEAR) is None
    finding = found(span("01"), span("01", school="2"), span("6G"))
    assert len(set(finding.claimed.values())) == 1
    assert finding.overlaps[0].schools == (("1", "2"), ("1",))


def test_an_open_span_ends_with_the_school_year_and_goes_on_in_the_next() -> None:
    open_ = span("01", date(2024, 8, 19)), span("6G", month(11, 20))
    assert found(*open_).overlaps[0].last == YEAR.closes
    assert judge(Ssid("1"), open_, CALENDAR.year(2028)) is not None
    assert judge(Ssid("1"), open_, CALENDAR.year(2026)) is None


def test_summer_is_no_membership_but_of_a_year_round_school() -> None:
    july = month(7, 6), month(7, 31)
    assert judge(Ssid("1"), [span("01", *july), span("6G", *july)], YEAR) is None
    both = [span(lea, *july, programme=YEAR_ROUND) for lea in ("01", "6G")]
    assert found(*both).overlaps[0].days == 26


def test_too_many_days_without_an_overlap_are_found_too() -> None:
    """R277-419-6(3) asks for two LEAs and too many days, not for an overlap."""
    moves = [
        span("01", month(7), date(2027, 5, 30), programme=YEAR_ROUND),
        span("01", month(8), date(2027, 5, 30), school="2", programme=YEAR_ROUND),
        span("02", date(2026, 8, 17), date(2026, 8, 18), programme=SPECIAL),
    ]
    assert found(*moves).concerned == ("01", "02")
    calendar = Calendar.of("07-01", "01-04", "06-05")  # where half a year holds a whole year's days
    chained = [span("01", month(7), month(12, 31), programme=YEAR_ROUND), span("6G", month(1, 1))]
    finding = judge(Ssid("1"), chained, calendar.year(2027))
    assert finding is not None
    assert (finding.overlaps, finding.verdict.rule, finding.limit.days) == ((), "R277-419-6(3)", 205)
    assert sum(finding.proposed.values()) == 205
    assert finding.concerned == ("01", "6G")


def test_whom_it_concerns() -> None:
    finding = found(
        span("01", last=month(9, 30)), span("02", month(9, 29), month(10, 30)), span("03", month(11), month(12))
    )
    assert (finding.above, finding.concerned) == (0, ("01", "02"))


leas = st.sampled_from(["01", "02", "6G"]).map(LeaId)
days = st.dates(date(2026, 6, 1), date(2027, 7, 31))
spans = st.lists(
    st.builds(
        Span,
        lea=leas,
        school=st.sampled_from(["1", "2"]),
        entry=days,
        exit=st.none() | days,
        programme=st.sampled_from(Programme),
        kindergarten=st.sampled_from([None, False, True]),
        day_part=st.sampled_from([Fraction(1), Fraction(1, 2), Fraction(4, 7)]),
    ),
    max_size=8,
)


@given(spans)
def test_overlaps_are_the_days_on_which_two_leas_have_the_student(them: list[Span]) -> None:
    stays = stays_in(them, YEAR)
    on = {
        (lea, day): None
        for stay in stays
        for lea in [stay.span.lea]
        for day in range(stay.first.toordinal(), stay.last.toordinal() + 1)
    }
    for one, other in combinations(sorted({stay.span.lea for stay in stays}), 2):
        both = {day for lea, day in on if lea == one and (other, day) in on}
        told = {
            day
            for overlap in overlaps(stays)
            if overlap.leas == (one, other)
            for day in range(overlap.first.toordinal(), overlap.last.toordinal() + 1)
        }
        assert both <= told
        assert all(date.fromordinal(day).weekday() > 4 for day in told - both)  # a weekend does not end a membership


@given(spans, st.randoms())
def test_the_order_of_spans_says_nothing(them: list[Span], chance: random.Random) -> None:
    before = judge(Ssid("1"), them, YEAR)
    chance.shuffle(them)
    after = judge(Ssid("1"), them, YEAR)
    assert (before is None) == (after is None)
    if before and after:
        assert claims.document(before) == claims.document(after)


@given(spans)
def test_no_lea_gets_more_than_it_claims_and_all_no_more_than_the_rule(them: list[Span]) -> None:
    finding = judge(Ssid("1"), them, YEAR)
    if finding is None:
        return
    assert sum(finding.proposed.values()) <= finding.limit.days
    assert all(0 <= given_ <= finding.claimed[lea] + 1 for lea, given_ in finding.proposed.items())
    assert all(0 <= claim <= 2 * 180 for claim in finding.claimed.values())
    assert 0 <= finding.disputed <= finding.total
    for lea in finding.claimed:
        per_day = sum(claimed_on(lea, day, them) for day in each(YEAR.first, YEAR.last))
        assert per_day == finding.claimed[lea]


def each(first: date, last: date) -> list[date]:
    return [first + number * DAY for number in range((last - first).days + 1)]


def claimed_on(lea: str, day: date, them: list[Span]) -> Fraction:
    """One day's worth, counted the long way."""
    here = [stay for stay in stays_in(them, YEAR) if stay.span.lea == lea and stay.first <= day <= stay.last]
    if day.weekday() > 4 or not here:
        return Fraction(0)
    return sum((stay.rate for stay in here), Fraction(0)) / max(1, sum(stay.span.day_part for stay in here))


@given(st.dictionaries(leas, st.fractions(0, 300), max_size=3), st.integers(0, 400))
def test_shares_come_to_the_total(claimed: dict[LeaId, Fraction], total: int) -> None:
    given_ = shares(claimed, total)
    whole = sum(claimed.values())
    assert sum(given_.values()) == (total if whole else 0)
    assert all(abs(days - claimed[lea] * total / whole) < 1 for lea, days in given_.items() if whole)


@given(st.lists(st.tuples(days, st.integers(0, 40)), max_size=8))
def test_merged_intervals_hold_the_same_days(them: list[tuple[date, int]]) -> None:
    intervals = [(first, first + length * DAY) for first, length in them]
    whole = merged(intervals)
    had = {day for first, last in intervals for day in each(first, last)}
    has = [day for first, last in whole for day in each(first, last)]
    assert had <= set(has)
    assert all(day.weekday() > 4 for day in set(has) - had)
    assert len(has) == len(set(has))


# the school year


@given(days, st.integers(-3, 800))
def test_weekdays_are_counted_as_on_fingers(first: date, length: int) -> None:
    last = first + length * DAY
    assert weekdays(first, last) == sum(day.weekday() < 5 for day in each(first, last))


@given(st.dates(date(1950, 1, 1), date(2199, 12, 31)), st.sampled_from(["01-01", "07-01", "09-01", "03-01"]))
def test_every_day_is_in_one_school_year(day: date, begins: str) -> None:
    calendar = Calendar.of(begins, "12-01", "12-02")
    year = calendar.year(calendar.containing(day))
    assert year.first <= day <= year.last
    assert year.last.year == year.number
    assert year.first <= year.opens < year.closes <= year.last
    assert calendar.year(year.number + 1).first == year.last + DAY


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (("7-1", "08-15", "06-05"), "year_begins must be"),
        (("07-01", "02-29", "06-05"), "opens must be"),
        (("07-01", "08-15", "13-01"), "closes must be"),
        (("07-01", "06-05", "08-15"), "opens must come before closes"),
    ],
)
def test_a_calendar_that_cannot_be(texts: tuple[str, str, str], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Calendar.of(*texts)
