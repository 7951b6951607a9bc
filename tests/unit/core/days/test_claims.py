"""Claims: which days two LEAs claim, and what Utah R277-419-5 and R277-419-6 make of them."""

import csv
import io
import json
import random
from datetime import date, timedelta
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from broker.cli.transfers import claims as command
from broker.cli.transfers.claims import Format
from broker.core.days.claims import Finding, judge, overlaps, stays_in, together
from broker.core.days.membership import Limit, Programme, Span, apportion, limit, merged, prorate, shares
from broker.core.days.school_year import Calendar, weekdays
from broker.core.model import LeaId, Ssid
from broker.formats.reports import claims
from broker.terminal import tables

CALENDAR = Calendar.of("07-01", "08-15", "06-05")
YEAR = CALENDAR.year(2027)
AUGUST, JUNE = date(2026, 8, 17), date(2027, 6, 4)
YEAR_ROUND, SPECIAL = Programme.YEAR_ROUND, Programme.SPECIAL_SCHEDULE
DAY = timedelta(days=1)


def span(lea: str, first: date = AUGUST, last: date | None = None, school: str = "1", **more: object) -> Span:
    return Span(LeaId(lea), school, first, last, **more)  # type: ignore[arg-type]


def month(number: int, day: int = 1) -> date:
    return date(2026 if number > 6 else 2027, number, day)


def limit_of(*spans: Span) -> Limit:
    return limit(stays_in(spans, YEAR))


def found(*spans: Span) -> Finding:
    finding = judge(Ssid("1"), spans, YEAR)
    assert finding is not None
    return finding


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


# spans


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


# the report


def csv_of(finding: Finding, lea: str = "") -> list[dict[str, str]]:
    out = io.StringIO(newline="")
    report = claims.CsvReport(out)
    report.add(claims.document(finding, lea))
    report.end()
    return list(csv.DictReader(io.StringIO(out.getvalue(), newline="")))


def test_the_state_is_told_of_all_leas() -> None:
    first = found(span("01", local_id="445566", programme=YEAR_ROUND), span("6G", month(11, 20), school="12"))
    rows = csv_of(first)
    assert [(row["lea"], row["other_leas"], row["overlap_from"], row["overlap_to"]) for row in rows] == [
        ("01", "6G", "2026-11-20", "2027-06-05"),
        ("6G", "01", "2026-11-20", "2027-06-05"),
    ]
    assert [(row["programme"], row["grade"], row["legal"], row["rule"]) for row in rows] == [
        ("year-round", "unknown", "yes", "R277-419-5(1)"),
        ("unknown", "unknown", "yes", "R277-419-5(1)"),
    ]
    assert sum(int(row["proposed_days"]) for row in rows) == 180 == int(rows[0]["limit_days"])
    assert {int(row["overlap_days"]) for row in rows} == {198}


def test_an_lea_is_told_what_is_its_business() -> None:
    finding = found(
        span("01", local_id="mine", school="A"),
        span("6G", month(11, 20), local_id="secret-1", school="secret-2", programme=YEAR_ROUND),
        span("03", month(11, 20), local_id="secret-3", school="secret-4"),
    )
    told = claims.document(finding, "01")
    assert "secret" not in json.dumps(told)
    assert [one["lea"] for one in told["leas"]] == ["01"]
    assert told["leas"][0]["other_leas"] == ["03", "6G"]
    assert [one["leas"] for one in told["overlaps"]] == [["01", "03"], ["01", "6G"]]
    rows = csv_of(finding, "01")
    assert [(row["lea"], row["local_ids"], row["schools"]) for row in rows] == [("01", "mine", "A")]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r=1", "＝1", "＠x"])
def test_no_cell_is_a_formula(text: str) -> None:
    rows = csv_of(found(span("01", school=text, local_id=text), span("6G")))
    assert rows[0]["schools"] == rows[0]["local_ids"] == f"'{text}"


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
def test_what_an_lea_wrote_comes_through_the_csv(text: str) -> None:
    row = csv_of(found(span("01", school=text), span("6G")))[0]
    assert row["schools"] in (text, f"'{text}")
    assert row["schools"][:1] not in set("=+-@\t\r")
    assert row["lea"] == "01"


@pytest.mark.parametrize("count", [0, 1, 3])
def test_the_json_is_one_object(count: int) -> None:
    one = claims.document(found(span("01"), span("6G")))
    out = io.StringIO()
    report = claims.JsonReport(out, {"day": "2026-11-23"})
    for _ in range(count):
        report.add(one)
    report.end()
    said = json.loads(out.getvalue())
    assert (said["report"], said["day"], said["students"]) == ("claims.v1", "2026-11-23", [one] * count)


def test_a_student_of_many_memberships_is_listed_in_bounds() -> None:
    many = [span("01", AUGUST + n * DAY, AUGUST + (n + 1) * DAY, school=str(n)) for n in range(150)]
    told = claims.document(found(*many, span("6G")))["leas"][0]
    assert (len(told["memberships"]), told["memberships_not_listed"]) == (20, 130)


# the command's options


@pytest.mark.parametrize(
    ("form", "as_json", "out", "means"),
    [
        (None, False, None, Format.TABLE),
        (None, True, None, Format.JSON),
        (Format.CSV, False, None, Format.CSV),
        (None, False, "a.CSV", Format.CSV),
        (None, False, "a.json", Format.JSON),
        (Format.CSV, False, "a.json", Format.CSV),
        (Format.CSV, True, None, None),
        (Format.TABLE, False, "a.csv", None),
        (None, False, "a.txt", None),
    ],
)
def test_which_form(form: Format | None, as_json: bool, out: str | None, means: Format | None) -> None:
    path = Path(out) if out else None
    if means:
        assert command._form(form, as_json, path) is means
        return
    with pytest.raises(typer.Exit) as ended:
        command._form(form, as_json, path)
    assert ended.value.exit_code == 2


@pytest.mark.parametrize(
    ("first", "last", "year"),
    [
        ("2026-11-20", "", None),
        ("", "2026-11-20", None),
        ("2026-11-20", "2026-11-19", None),
        ("2026-11-20", "yesterday", None),
        ("1949-12-31", "1950-01-01", None),
        ("2000-01-01", "2031-01-01", None),
        ("2026-11-20", "2026-11-21", 2027),
    ],
)
def test_days_that_cannot_be_asked_for(first: str, last: str, year: int | None) -> None:
    with pytest.raises(typer.Exit) as ended:
        command._days(first, last, year)
    assert ended.value.exit_code == 2


def test_nothing_that_a_terminal_obeys_is_shown() -> None:
    assert tables.plain("\x1b[2J\x07a\u202eb\nc é") == "?[2J?a?b c é"
