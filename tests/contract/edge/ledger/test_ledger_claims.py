"""The claims report's queries over SQLite and PostgreSQL."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert, update

from broker.core.days.claims import Finding
from broker.edge.ledger import tables
from broker.edge.ledger.cases import claims
from broker.edge.ledger.engine import reading, writing
from broker.edge.settings.values import Settings
from tests.support.rows import filled, student

CALENDAR = Settings(home=Path()).claims.calendar
TODAY = date(2026, 11, 23)
NOW = claims.period(CALENDAR, TODAY)
LEAS = ("01", "02", "6G")


@pytest.fixture
def engine(engine: Engine) -> Engine:
    with writing(engine) as connection:
        connection.execute(insert(tables.parties), [filled(tables.parties, id=lea) for lea in LEAS])
    return engine


def found(engine: Engine, chosen: claims.Period = NOW, lea: str = "") -> list[Finding]:
    every: list[Finding] = []
    with reading(engine) as connection:
        some, after = claims.page(connection, chosen, "", lea)
        while after:
            every += some
            some, after = claims.page(connection, chosen, after, lea)
    return [*every, *some]


def told(engine: Engine, chosen: claims.Period = NOW, lea: str = "") -> list[tuple[str, int]]:
    return [(finding.ssid, finding.year) for finding in found(engine, chosen, lea)]


def test_who_is_found(engine: Engine) -> None:
    student(engine, "1", ("01", "2026-08-17"), ("6G", "2026-11-20"))
    student(engine, "2", ("01", "2026-08-17", "2026-11-19"), ("6G", "2026-11-20"))
    student(engine, "3", ("01", "2026-08-17"), ("6G", "2026-11-20", "2026-11-20"))
    student(engine, "4", ("01", "2026-08-17"), ("01", "2026-11-20"))
    student(engine, "5", ("01", "2024-08-19"), ("6G", "2026-08-17", "2026-08-20"))
    student(engine, "6", ("01", "2024-08-19", "2025-05-30"), ("6G", "2024-11-20", "2025-05-30"))
    student(engine, "7", ("01", "2026-08-17"))
    student(engine, "8", ("01", "2026-08-17", "2026-11-20"), ("6G", "2026-11-20"))
    assert told(engine) == [("1", 2027), ("5", 2027), ("8", 2027)]
    one = found(engine)[0]
    assert [(both.leas, both.first, both.last) for both in one.overlaps] == [
        (("01", "6G"), date(2026, 11, 20), date(2027, 6, 5))
    ]


def test_it_shows_within_the_transaction_that_enrolls(engine: Engine) -> None:
    student(engine, "1", ("01", "2026-08-17"))
    row = filled(tables.enrollments, ssid="1", lea="6G", school="1", entry_date="2026-11-20")
    with writing(engine) as connection:
        connection.execute(insert(tables.enrollments), row)
        assert [finding.concerned for finding in claims.of(connection, NOW, ["1", "1", "none"])] == [("01", "6G")]


def test_an_exit_ends_it(engine: Engine) -> None:
    student(engine, "1", ("01", "2026-08-17"), ("6G", "2026-11-20"))
    with writing(engine) as connection:
        first = tables.enrollments.c.lea == "01"
        connection.execute(update(tables.enrollments).where(first).values(exit_date="2026-11-19"))
    assert told(engine) == []


def test_school_years(engine: Engine) -> None:
    student(engine, "1", ("01", "2023-08-21"), ("6G", "2024-11-20"))
    student(engine, "2", ("01", "2026-08-17"), ("6G", "2027-08-16"))
    assert told(engine) == [("1", 2027)]  # an entry ahead claims nothing while another LEA has the student
    summer = date(2027, 7, 10)
    assert told(engine, claims.period(CALENDAR, summer)) == [("1", 2028), ("2", 2028)]  # the coming year is announced
    assert told(engine, claims.period(CALENDAR, TODAY, 2024)) == []
    assert told(engine, claims.period(CALENDAR, TODAY, 2025)) == [("1", 2025)]
    assert told(engine, claims.period(CALENDAR, TODAY, 2028)) == [("1", 2028)]
    assert told(engine, claims.period(CALENDAR, summer, 2028)) == [("1", 2028), ("2", 2028)]


def test_days(engine: Engine) -> None:
    student(engine, "1", ("01", "2026-08-17", "2026-12-18"), ("6G", "2026-11-20"))
    student(engine, "2", ("01", "2024-08-19"), ("6G", "2025-01-06"))

    def on(first: date, last: date) -> list[tuple[str, int]]:
        return told(engine, claims.between(CALENDAR, first, last))

    assert on(date(2026, 11, 1), date(2026, 11, 19)) == [("2", 2027)]
    assert on(date(2026, 12, 18), date(2026, 12, 18)) == [("1", 2027), ("2", 2027)]
    assert on(date(2025, 1, 1), date(2025, 8, 15)) == [("2", 2025), ("2", 2026)]
    whole = found(engine, claims.between(CALENDAR, date(2026, 12, 18), date(2026, 12, 18)))[0]
    assert whole.overlaps[0].first == date(2026, 11, 20)  # what is told of is told whole


def test_one_lea(engine: Engine) -> None:
    student(engine, "1", ("01", "2026-08-17"), ("6G", "2026-11-20"))
    student(engine, "2", ("02", "2026-08-17"), ("6G", "2026-11-20"))
    student(engine, "3", ("02", "2026-08-17", "2026-08-20"), ("6G", "2026-11-20"), ("01", "2026-11-21", "2026-11-22"))
    assert told(engine, lea="01") == [("1", 2027), ("3", 2027)]
    assert told(engine, lea="02") == [("2", 2027)]  # of student 3 its days are nobody else's
    assert told(engine, lea="none") == []


def test_many_are_read_page_by_page(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "_STUDENTS", 3)
    ssids = [f"{number:03}" for number in range(10)]
    for ssid in ssids[::-1]:
        student(engine, ssid, ("01", "2026-08-17"), ("6G", "2026-11-20"))
    student(engine, "0045", ("01", "2026-08-17"))
    assert [ssid for ssid, _ in told(engine)] == ssids
    with reading(engine) as connection:
        assert claims.page(connection, NOW)[1] == "002"
        assert claims.page(connection, NOW, "008") == (found(engine)[-1:], "")
        assert [finding.ssid for finding in claims.of(connection, NOW, ssids)] == ssids


def test_a_flood_of_memberships_hides_no_other_lea(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "_SPANS", 2)
    monkeypatch.setattr(claims, "_NEWEST", claims._newest())
    flood = [("01", f"2026-09-{day:02}", f"2026-09-{day + 1:02}") for day in range(1, 20)]
    student(engine, "1", *flood, ("6G", "2026-09-20"))
    one = found(engine)[0]
    assert [stay.first.day for stay in one.stays if stay.span.lea == "01"] == [18, 19]
    assert one.overlaps[0].first == date(2026, 9, 20)


@pytest.mark.parametrize(
    ("grade", "programme", "says"),
    [
        ("", "", (None, "unknown", True)),
        ("KG", "year-round", (True, "year-round", False)),
        (" k", "regular", (True, "regular", False)),
        ("01", "special-schedule", (False, "special-schedule", True)),
        ("PK", "else", (False, "unknown", True)),
    ],
)
def test_grade_and_programme(engine: Engine, grade: str, programme: str, says: tuple[Any, ...]) -> None:
    student(engine, "1", ("01", "2026-08-17"), ("6G", "2026-11-20"), grade=grade, programme=programme)
    one = found(engine)[0]
    span = one.stays[0].span
    assert (span.kindergarten, span.programme, one.verdict.legal) == says


@pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)  # PostgreSQL's plan depends on what it counted
@pytest.mark.parametrize("lea", ["", "01"])
def test_the_look_for_movers_is_answered_by_the_index_alone(engine: Engine, lea: str) -> None:
    asked = str(claims._movers(lea).params(after="").compile(engine, compile_kwargs={"literal_binds": True}))
    with reading(engine) as connection:
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}").all()]
    assert any("COVERING INDEX enrollments_by_student (ssid>" in step for step in plan), plan
    assert not any("SCAN enrollments" in step or "TEMP" in step for step in plan), plan
