"""The simple types of PESC elements, and what the packet has for them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.formats.pesc.values import (
    DATE,
    FLAG,
    LEVEL,
    MONTH,
    NUMBER,
    SCHOOL_YEAR,
    THOUSANDTHS,
    WHOLE,
    YEAR_NUMBER,
    Value,
)


@pytest.mark.parametrize(
    ("value", "text", "own", "written"),
    [
        (NUMBER, "4", 4, "4"),
        (NUMBER, "+4.50", 4.5, "4.5"),
        (NUMBER, ".25", 0.25, "0.25"),
        (NUMBER, "100", 100, "100"),
        (NUMBER, "0.0000001", 1e-7, "0.0000001"),
        (THOUSANDTHS, "0.333", 0.333, "0.333"),
        (WHOLE, "0012", 12, "12"),
        (FLAG, "1", True, "true"),
        (FLAG, "false", False, "false"),
        (DATE, "2027-06-01-07:00", "2027-06-01", "2027-06-01"),
        (MONTH, "2027-06Z", "2027-06", "2027-06"),
        (YEAR_NUMBER, "2027", 2027, "2027"),
        (SCHOOL_YEAR, "2026-2027", 2027, "2026-2027"),
        (LEVEL, "NinthGrade", "09", "NinthGrade"),
        (LEVEL, "Ungraded", "Ungraded", "Ungraded"),
    ],
)
def test_values_there_and_back(value: Value, text: str, own: Any, written: str) -> None:
    assert value.read(text) == own
    assert type(value.read(text)) is type(own)
    assert value.write(own) == written


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((NUMBER, text) for text in ("", "1,5", "1e3", "NaN", "INF", "٣", "1 2", "9" * 30)),
        *((DATE, text) for text in ("2027-6-1", "2027-02-30", "20270601", "2027-06-01T00:00:00")),
        (SCHOOL_YEAR, "2025-2027"),
        (MONTH, "2027-13"),
        (FLAG, "yes"),
    ],
)
def test_values_that_are_none(value: Value, text: str) -> None:
    with pytest.raises(ValueError, match=r"form|list|year|range|format"):
        value.read(text)


@given(st.floats(0, 100_000) | st.integers(0, 100_000))
def test_numbers_lose_nothing(number: float) -> None:
    read = NUMBER.read(NUMBER.write(number))
    assert read == number if number > 1e-40 else abs(read - number) < 1e-59


def test_a_third_is_written_to_a_thousandth_where_pesc_has_no_more() -> None:
    assert THOUSANDTHS.write(1 / 3) == "0.333"
    assert NUMBER.write(1 / 3) == "0.3333333333333333"
