"""Which dates of a student can be, and which are asked back."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from broker.core.days.plausible import BIRTH, DAY, EXIT, YEAR, Fault, Line, age, ages_in, impossible, odd, year_fault
from broker.edge.settings.values import Settings
from tests.support import simulated

TODAY = date(2026, 12, 1)
FRAME = Settings(home=Path("/nowhere")).frame(TODAY)
BORN = "2012-03-04"


def line(
    birth: str = BORN, day: str = "2026-08-17", exit_day: str = "", grade: str = "", year: int | None = None
) -> Line:
    one = date.fromisoformat
    return Line(one(birth), one(day) if day else None, one(exit_day) if exit_day else None, grade, year)


def fact(found: Fault | None) -> str:
    return found.fact if found else ""


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        (line("1914-03-04"), BIRTH),
        (line("1900-01-01"), BIRTH),
        (line("2025-03-04"), BIRTH),
        (line("2026-12-02", ""), BIRTH),
        (line("2030-03-04"), BIRTH),
        (line("2103-03-04"), BIRTH),
        (line(day="1926-08-17"), DAY),
        (line(day="2012-03-03"), DAY),
        (line(day="2014-03-03"), DAY),
        (line(exit_day="1926-08-17"), EXIT),
        (line(year=2072), YEAR),
        (line(year=2029), YEAR),
        (line(year=2011), YEAR),
        (line(year=1950), YEAR),
    ],
)
def test_what_cannot_be(wrong: Line, what: str) -> None:
    found = impossible(wrong, FRAME)
    assert fact(found) == what
    assert found is not None
    assert BORN not in found.must


@pytest.mark.parametrize(
    ("strange", "what"),
    [
        (line("1950-03-04"), BIRTH),
        (line("2003-03-04"), BIRTH),
        (line("2024-03-04"), BIRTH),
        (line(grade="KG"), BIRTH),
        (line(grade="k"), BIRTH),
        (line(grade="PK"), BIRTH),
        (line(grade="3"), BIRTH),
        (line(grade="12"), BIRTH),
        (line("2002-08-30", grade="07"), BIRTH),
        (line(day="2016-08-17"), DAY),
        (line(day="2017-12-01"), DAY),
        (line(exit_day="2016-08-17"), EXIT),
        (line(year=2023), YEAR),
        (line(year=2016), YEAR),
    ],
)
def test_what_is_odd_is_told_until_it_is_confirmed(strange: Line, what: str) -> None:
    assert impossible(strange, FRAME) is None
    assert [one.fact for one in odd(strange, FRAME)] == [what]
    assert odd(strange, FRAME, [what]) == ()


@pytest.mark.parametrize(
    "good",
    [
        line(),
        line(grade="07"),
        line(grade="9"),
        line("2012-02-29", grade="08"),
        line("2021-09-01", grade="KG"),
        line("2021-09-01", grade="00"),
        line("2023-11-30", grade="PK"),
        line("2005-01-15", grade="12"),  # special education
        line("2004-12-01"),
        line("2009-05-05", day="2018-08-20", grade="12"),  # still there, and told with the grade of now
        line("2009-05-05", day="2018-08-20", grade="03"),  # or with that of then
        line(day="2017-12-02"),
        line(day="2027-08-16", year=2028),
        line(year=2024),
        line("2025-01-10", day="2027-12-20"),  # comes in a year, and is of age then
        line(grade="Ungraded"),
        line(grade=""),
    ],
)
def test_what_schools_do_is_neither(good: Line) -> None:
    assert impossible(good, FRAME) is None
    if good.birth.year != 2025:
        assert odd(good, FRAME) == ()


def test_simulated_students_are_plausible_in_their_grades() -> None:
    for person in simulated.people():
        grade = f"{person.grade:02}" if person.grade else "KG"
        one = Line(date.fromisoformat(person.block["birth_date"]), date(2026, 8, 20), None, grade, 2027)
        assert impossible(one, FRAME) is None
        assert odd(one, FRAME) == ()


def test_nobody_is_refused_for_living_a_day_ahead() -> None:
    assert fact(impossible(Line(TODAY + timedelta(1)), FRAME)) == BIRTH  # too young, whoever was born today
    assert impossible(line(day=(TODAY + timedelta(1)).isoformat()), FRAME) is None


def test_a_leap_days_child_is_a_year_older_on_the_first_of_march() -> None:
    born = date(2012, 2, 29)
    assert [age(born, date(2026, month, day)) for month, day in ((2, 28), (3, 1))] == [13, 14]
    assert [age(born, date(2028, 2, day)) for day in (28, 29)] == [15, 16]
    assert age(born, date(2012, 2, 28)) == -1


def test_ages_of_grades_are_in_order() -> None:
    spans = [ages_in(grade, FRAME.bounds) for grade in ("PK", "KG", *(str(number) for number in range(1, 13)))]
    assert all(span is not None and span[0] < span[1] for span in spans)
    assert sorted(spans, key=str) == sorted(set(spans), key=str)
    assert ages_in("09", FRAME.bounds) == ages_in("9", FRAME.bounds) == ages_in(" 9 ", FRAME.bounds) == (13, 18)
    assert ages_in("13", FRAME.bounds) is None


def test_the_next_school_year_can_be_told_of_and_no_later_one() -> None:
    assert year_fault(2028, FRAME) is None
    assert fact(year_fault(2029, FRAME)) == YEAR
    assert fact(year_fault(2029, Settings(home=Path("/nowhere")).frame(date(2027, 6, 30)))) == YEAR
    assert year_fault(2029, Settings(home=Path("/nowhere")).frame(date(2027, 7, 1))) is None
