"""Claims: which days two LEAs claim, and what Utah R277-419-5 and R277-419-6 make of them."""

from datetime import date
from fractions import Fraction

import pytest

from broker.core.days.claims import judge, stays_in, together
from broker.core.days.membership import Limit, Programme, Span, apportion, limit, prorate
from broker.core.days.school_year import weekdays
from broker.core.model import LeaId, Ssid
from tests.support.claimed import AUGUST, DAY, SPECIAL, YEAR, YEAR_ROUND, found, month, span


def limit_of(*spans: Span) -> Limit:
    return limit(stays_in(spans, YEAR))


# the table of R277-419-6, line by line


def test_one_lea() -> None:
    """(1)(a) A student enrolled in only one LEA is eligible for no more than 180 days of regular membership."""
    assert (limit_of(span("01")).days, limit_of(span("01")).rule) == (180, "R277-419-6(1)(a)")
    # in a year-round school all year: there is no transfer to or from it, which (1)(c) asks for
    assert limit_of(span("01", programme=YEAR_ROUND)).days == 180
    assert limit_of(span("01", last=month(12)), span("01", month(1), school="2")).days == 180


@pytest.mark.parametrize("other", [Programme.REGULAR, Programme.UNKNOWN, YEAR_ROUND])
def test_year_round_within_one_lea(other: Programme) -> None:
    """(1)(c) A student transferring within an LEA to or from a year-round school: no more than 205 days."""
    there = span("01", month(7), month(12), programme=YEAR_ROUND)
    back = span("01", month(12, 2), school="2", programme=other)
    assert limit_of(there, back) == Limit(205, "R277-419-6(1)(c)", limit_of(there, back).why)
    assert limit_of(span("01", month(8), month(12), programme=other), span("01", month(12), programme=YEAR_ROUND)).days


def test_two_leas_without_a_transfer() -> None:
    """(2)(a) A student enrolled in two or more LEAs: no more than 180 days, but for (b), (c) and (d)."""
    for spans in ([span("01"), span("6G")], [span("01"), span("6G", month(10), month(12))]):
        assert (limit_of(*spans).days, limit_of(*spans).rule) == (180, "R277-419-6(2)(a)")


@pytest.mark.parametrize("is_first", [True, False])
def test_a_specially_approved_schedule(is_first: bool) -> None:
    """(2)(b) To or from an LEA with a schedule approved under R277-419-4(1)(b): no more than 220 days."""
    kinds = (SPECIAL, Programme.REGULAR) if is_first else (Programme.REGULAR, SPECIAL)
    spans = span("01", last=month(12), programme=kinds[0]), span("6G", month(12, 2), programme=kinds[1])
    assert (limit_of(*spans).days, limit_of(*spans).rule) == (220, "R277-419-6(2)(b)")


@pytest.mark.parametrize("is_first", [True, False])
def test_year_round_and_another_lea(is_first: bool) -> None:
    """(2)(c) To or from an LEA where the student attended or will attend a year-round school: 205 days."""
    kinds = (YEAR_ROUND, Programme.REGULAR) if is_first else (Programme.REGULAR, YEAR_ROUND)
    spans = span("01", last=month(12), programme=kinds[0]), span("6G", month(12, 2), programme=kinds[1])
    assert (limit_of(*spans).days, limit_of(*spans).rule) == (205, "R277-419-6(2)(c)")


@pytest.mark.parametrize(("count", "days"), [(2, 190), (3, 200), (4, 210), (7, 240)])
def test_a_transfer(count: int, days: int) -> None:
    """(2)(d) After at least one transfer: the sum of 170 days and 10 days for each LEA attended in the school year."""
    moves = [span(f"{number:02}", AUGUST + number * 30 * DAY, AUGUST + (number * 30 + 29) * DAY) for number in range(7)]
    assert (limit_of(*moves[:count]).days, limit_of(*moves[:count]).rule) == (days, "R277-419-6(2)(d)")


def test_which_line_holds_when_several_do() -> None:
    """(2)(d) holds "if the exceptions in (2)(b) and (2)(c) do not apply", even where it would give more; of (b) and (c)
    the wider one holds; and none of them without a transfer."""
    moves = [span(f"{number:02}", AUGUST + number * 30 * DAY, AUGUST + (number * 30 + 29) * DAY) for number in range(7)]
    year_round = span("90", month(5), programme=YEAR_ROUND)
    special = span("91", month(5), programme=SPECIAL)
    assert limit_of(*moves, year_round).days == 205
    assert limit_of(*moves, special).days == 220
    assert limit_of(*moves, year_round, special).days == 220
    both = span("01", month(7), programme=YEAR_ROUND), span("6G", month(7), programme=YEAR_ROUND)
    assert limit_of(*both).days == 180
    assert limit_of(span("01", programme=SPECIAL), span("6G", programme=SPECIAL)).days == 180


def test_a_transfer_that_has_to_do_with_others() -> None:
    """(2)(c) is about the LEA of the transfer: a year-round school beside it, all year, does not count."""
    beside = span("02", month(7), programme=YEAR_ROUND)
    assert limit_of(beside, span("01", last=month(12)), span("01", month(12, 2), school="2")).days == 180
    assert (
        limit_of(span("01", last=date(2026, 11, 20)), span("01", date(2026, 11, 23), school="2"), span("6G")).days
        == 180
    )


def test_what_is_above_is_apportioned() -> None:
    """(3) If the aggregate exceeds what (2) allows, the Superintendent apportions the days between the LEAs."""
    finding = found(span("01"), span("6G", month(11, 20)))
    assert (finding.limit.days, sum(finding.proposed.values())) == (180, 180)
    assert finding.above == round(sum(finding.claimed.values())) - 180 > 100
    for lea, days in finding.proposed.items():
        assert abs(finding.claimed[lea] * 180 / finding.total - days) < 1
    assert apportion({LeaId("01"): Fraction(180), LeaId("6G"): Fraction(90)}, 180) == {"01": 120, "6G": 60}
    assert apportion({LeaId("01"): Fraction(100), LeaId("6G"): Fraction(80)}, 190) == {"01": 100, "6G": 80}


def test_part_of_a_day_and_part_of_a_year() -> None:
    """(4) Enrolled for only part of the school day or only part of the school year: membership in proportion."""
    assert prorate(180, 180, Fraction(4, 7)) == Fraction(720, 7)
    assert prorate(103, 180) == 103
    assert prorate(90, 180, Fraction(1, 2)) == 45
    assert prorate(180, 180) == 180
    assert prorate(0, 180) == 0
    halves = found(span("01", day_part=Fraction(1, 2)), span("6G", day_part=Fraction(1, 2)))
    assert (halves.above, dict(halves.proposed)) == (0, {"01": 90, "6G": 90})
    assert prorate(1, 3) + prorate(2, 3) == 180


def test_kindergarten_in_one_lea_only() -> None:
    """R277-419-5(2) A kindergarten student may only enroll in one LEA at a time: the days of both are nobody's yet."""
    finding = found(span("01", kindergarten=True), span("6G", month(11, 20), kindergarten=True))
    assert (finding.verdict.legal, finding.verdict.rule) == (False, "R277-419-5(2)")
    both = prorate(weekdays(month(11, 20), YEAR.closes), weekdays(YEAR.opens, YEAR.closes))
    assert finding.disputed == both
    assert dict(finding.proposed) == {"01": round(finding.claimed[LeaId("01")] - both), "6G": 0}
    assert (
        judge(Ssid("1"), [span("01", last=month(11, 19), kindergarten=True), span("6G", month(11, 20))], YEAR) is None
    )


def test_one_kindergarten_record_is_enough_and_a_weekend_too() -> None:
    """R277-419-5(2), with an overlap of a Saturday and a Sunday, which are no days of membership."""
    finding = found(span("01", last=date(2026, 11, 22), kindergarten=True), span("6G", date(2026, 11, 21)))
    assert not finding.verdict.legal
    assert not finding.disputed
    assert together(finding.overlaps) == (2, 0)


def test_older_than_kindergarten_is_legal() -> None:
    """R277-419-5(1) A student may enroll in two or more LEAs; who was in kindergarten at another time as well."""
    assert found(span("01"), span("6G")).verdict.rule == "R277-419-5(1)"
    later = found(
        span("01", last=month(9), kindergarten=True), span("01", month(10), kindergarten=False), span("6G", month(11))
    )
    assert later.verdict.legal
