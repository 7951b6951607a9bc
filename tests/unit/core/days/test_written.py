"""Dates in every form that schools write, decided by the file as a whole."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.days import written
from broker.core.days.written import Order

DAYS = st.dates(date(1927, 1, 1), date(2026, 12, 31))
CLEAR = ["{0.year:04}-{0.month:02}-{0.day:02}", "{0.year:04}{0.month:02}{0.day:02}", "{0.year}/{0.month}/{0.day}"]
CLEAR += ["{0.year:04}-{0.month:02}-{0.day:02}-00.00.00", "{0:%d-%b-%Y}", "{0:%B} {0.day}, {0.year}", "{0:%d%b%y}"]
MONTH_FIRST = ["{0.month}/{0.day}/{0.year}", "{0.month:02}-{0.day:02}-{0.year}", "{0.month}/{0.day}/{0:%y}"]
DAY_FIRST = ["{0.day}/{0.month}/{0.year}", "{0.day:02}.{0.month:02}.{0.year}", "{0.day}-{0.month}-{0:%y}"]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("9/2/25", date(2025, 9, 2)),
        ("06/19/2007", date(2007, 6, 19)),
        ("2007-06-19", date(2007, 6, 19)),
        ("1987-05-28-00.00.00", date(1987, 5, 28)),
        ("20070619", date(2007, 6, 19)),
        ("6/19/2007 12:00:00 AM", date(2007, 6, 19)),
        ("2007-06-19T00:00:00.000Z", date(2007, 6, 19)),
        ("June 19th, 2007", date(2007, 6, 19)),
        ("19-Jun-07", date(2007, 6, 19)),
        ("5/28/87", date(1987, 5, 28)),
        ("1/2/27", date(1927, 1, 2)),
    ],
)
def test_a_form_that_schools_write(text: str, day: date) -> None:
    assert written.read(text, Order.MONTH, 2026) == day


@pytest.mark.parametrize(
    "text", ["", "3-4", "4-Mar", "31/31/2013", "2012-02-30", "41244", "12/2012", "soon", "3/4-2012", "1" * 999, "7.5.3"]
)
def test_what_is_no_date(text: str) -> None:
    assert written.read(text, Order.MONTH, 2026) is None
    assert written.read(text, Order.DAY, 2026) is None


@given(DAYS, st.sampled_from(CLEAR), st.sampled_from(Order))
def test_a_form_that_is_clear_by_itself_is_read_in_either_order(day: date, form: str, order: Order) -> None:
    assert written.read(form.format(day), order, 2026) == day
    assert written.decide([("here", form.format(day))]) == (Order.MONTH, "", "")


@given(st.lists(DAYS, min_size=1), st.lists(st.sampled_from(DAY_FIRST), min_size=1))
def test_a_file_is_read_day_first_exactly_where_a_date_of_it_shows_that(days: list[date], forms: list[str]) -> None:
    texts = [forms[n % len(forms)].format(day) for n, day in enumerate(days)]
    found = written.decide((str(n), text) for n, text in enumerate(texts))
    assert not found.is_contradiction
    assert (found.order is Order.DAY) == any(day.day > 12 for day in days)
    if found.order is Order.DAY:
        assert [written.read(text, found.order, 2026) for text in texts] == days
        assert days[int(found.day)].day > 12


@given(st.lists(DAYS, min_size=1), st.sampled_from(MONTH_FIRST))
def test_a_file_with_the_month_first_is_read_so(days: list[date], form: str) -> None:
    found = written.decide((str(n), form.format(day)) for n, day in enumerate(days))
    assert found.order is Order.MONTH
    assert [written.read(form.format(day), found.order, 2026) for day in days] == days


@given(st.permutations(["3/4/2012", "03/25/2012", "25.3.12", "2012-01-31", "x"]))
def test_a_file_that_shows_both_orders_contradicts_itself(texts: list[str]) -> None:
    found = written.decide((text, text) for text in texts)
    assert found.is_contradiction
    assert (found.month, found.day) == ("03/25/2012", "25.3.12")


@given(st.text(max_size=40), st.sampled_from(Order))
def test_no_text_breaks_it(text: str, order: Order) -> None:
    found = written.read(text, order, 2026)
    assert found is None or isinstance(found, date)
    written.decide([("here", text)])
