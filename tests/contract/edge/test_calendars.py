"""School calendars over SQLite and PostgreSQL: what is entered, public holidays, and deadlines that move with them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, insert

from broker.core.days.deadlines import Calendar, Clock
from broker.core.transfer import TransferState
from broker.edge import calendars
from broker.edge.calendars import By, CalendarError, Mark
from broker.edge.ledger import tables
from broker.edge.ledger.cases import school_days, transfers
from broker.edge.ledger.cases.school_days import EVERY, Kind, SchoolDay
from broker.edge.ledger.cases.transfers import TransferRow
from broker.edge.ledger.engine import reading, writing
from broker.edge.settings.rules import Transfers
from broker.edge.settings.values import Settings
from tests.support import ledgers
from tests.support.rows import filled

SETTINGS = Settings(home=Path())
YEAR_ROUND = replace(SETTINGS, transfers=Transfers(year_round=" 6G, 02,"))
NO_HOLIDAYS = replace(SETTINGS, transfers=Transfers(holidays=""))
YEAR = (date(2026, 7, 1), date(2027, 6, 30))
DAY = timedelta(days=1)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)

# Utah 63G-1-301, on the days on which they are kept in the school year 2026-27
FREE = {
    *(date(2026, 9, 7), date(2026, 10, 12), date(2026, 11, 11), date(2026, 11, 26), date(2026, 12, 25)),
    *(date(2027, 1, 1), date(2027, 1, 18), date(2027, 2, 15), date(2027, 5, 31)),
}


@pytest.fixture(scope="module")
def ledger(ledger_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    made = ledgers.ready(tmp_path_factory.mktemp("ledger"), ledger_url)
    with writing(made) as connection:
        connection.execute(insert(tables.parties), [filled(tables.parties, id=lea) for lea in ("01", "02", "6G")])
    yield made
    made.dispose()


@pytest.fixture
def engine(ledger: Engine) -> Engine:
    """A ledger in which nothing is said of any day."""
    with writing(ledger) as connection:
        connection.execute(delete(tables.school_days))
    return ledger


def said(lea: str, kind: Kind, *days: str, why: str = "so it is") -> list[SchoolDay]:
    return [SchoolDay(lea, day, kind, why) for day in days]


def put(engine: Engine, *rows: SchoolDay) -> None:
    with writing(engine) as connection:
        school_days.put(connection, rows)


def calendar(engine: Engine, lea: str = "01", settings: Settings = SETTINGS) -> Calendar:
    with reading(engine) as connection:
        return calendars.calendar_of(connection, settings, lea, *YEAR)


def is_open(engine: Engine, day: str, lea: str = "01", settings: Settings = SETTINGS) -> bool:
    return calendar(engine, lea, settings).is_school_day(date.fromisoformat(day))


def test_the_rule_alone_is_weekdays_of_the_term_but_for_public_holidays(engine: Engine) -> None:
    made = calendar(engine)
    for number in range(365):
        day = YEAR[0] + DAY * number
        in_term = date(2026, 8, 15) <= day <= date(2027, 6, 5)
        assert made.is_school_day(day) is (in_term and day.isoweekday() < 6 and day not in FREE), day


def test_it_reaches_a_whole_school_year_beyond(engine: Engine) -> None:
    made = calendar(engine)
    assert (made.first, made.last) == (date(2026, 7, 1), date(2028, 6, 30))
    with reading(engine) as connection:
        one = calendars.calendar_of(connection, SETTINGS, "01", date(2027, 6, 30), date(2027, 7, 1))
    assert (one.first, one.last) == (date(2026, 7, 1), date(2029, 6, 30))


def test_what_is_entered_is_so_at_once_and_for_that_lea_alone(engine: Engine) -> None:
    assert is_open(engine, "2026-12-21")
    put(engine, *said("01", Kind.CLOSED, "2026-12-21"))
    assert not is_open(engine, "2026-12-21")
    assert is_open(engine, "2026-12-21", "6G")
    with writing(engine) as connection:
        assert school_days.remove(connection, "01", date(2026, 12, 21), date(2026, 12, 21)) == 1
    assert is_open(engine, "2026-12-21")


WORDS = {
    (Kind.CLOSED, None): False,
    (Kind.CLOSED, Kind.OPEN): True,
    (Kind.OPEN, Kind.CLOSED): False,
    (Kind.OPEN, None): True,
    (None, Kind.OPEN): True,
    (None, Kind.CLOSED): False,
}
ODD_DAYS = ("2026-11-10", "2026-11-11", "2026-11-14", "2026-07-06")  # a Tuesday, a holiday, a Saturday, in summer


def test_an_leas_own_word_goes_before_the_states_and_both_before_the_rule(engine: Engine) -> None:
    for (every, own), expected in WORDS.items():
        with writing(engine) as connection:
            for lea in (EVERY, "01"):
                school_days.remove(connection, lea, *YEAR)
        for lea, kind in ((EVERY, every), ("01", own)):
            put(engine, *(said(lea, kind, *ODD_DAYS) if kind else []))
        assert [is_open(engine, day) for day in ODD_DAYS] == [expected] * len(ODD_DAYS), (every, own)


def test_the_newest_word_on_a_day_stands(engine: Engine) -> None:
    put(engine, *said("01", Kind.CLOSED, "2026-12-21"), *said("01", Kind.OPEN, "2026-12-21", why="again"))
    put(engine, *said("01", Kind.CLOSED, "2026-12-22"), *said(EVERY, Kind.CLOSED, "2026-12-22"))
    put(engine, *said("01", Kind.OPEN, "2026-12-22", why="at last"))
    put(engine)
    with reading(engine) as connection:
        found = school_days.of(connection, "01", *YEAR)
        for_all = school_days.of(connection, EVERY, *YEAR)
    assert found == [
        *said(EVERY, Kind.CLOSED, "2026-12-22"),
        *said("01", Kind.OPEN, "2026-12-21", why="again"),
        *said("01", Kind.OPEN, "2026-12-22", why="at last"),
    ]
    assert for_all == found[:1]


def test_only_days_asked_for_are_given_back_or_forgotten(engine: Engine) -> None:
    put(
        engine, *said("01", Kind.CLOSED, "2026-12-20", "2026-12-21", "2026-12-22"), *said("6G", Kind.OPEN, "2026-12-21")
    )
    day = date(2026, 12, 21)
    with writing(engine) as connection:
        assert [row.day for row in school_days.of(connection, "01", day, day)] == ["2026-12-21"]
        assert school_days.remove(connection, "01", day, day) == 1
        assert [row.day for row in school_days.of(connection, "01", *YEAR)] == ["2026-12-20", "2026-12-22"]
        assert [row.lea for row in school_days.of(connection, "6G", *YEAR)] == ["6G"]


def test_a_year_round_lea_teaches_in_summer_but_not_on_its_holidays(engine: Engine) -> None:
    assert not is_open(engine, "2026-07-06", "6G")
    assert is_open(engine, "2026-07-06", "6G", YEAR_ROUND)
    assert is_open(engine, "2026-07-06", "02", YEAR_ROUND)
    assert not is_open(engine, "2026-07-06", "01", YEAR_ROUND)
    # Pioneer Day of 2026, and Independence Day of 2026, a Saturday, kept on the Friday before it
    assert not is_open(engine, "2026-07-24", "6G", YEAR_ROUND)
    assert not is_open(engine, "2026-07-03", "6G", YEAR_ROUND)
    assert is_open(
        engine, "2026-07-24", "6G", replace(YEAR_ROUND, transfers=replace(YEAR_ROUND.transfers, holidays=""))
    )


def test_without_a_region_there_are_no_public_holidays(engine: Engine) -> None:
    assert is_open(engine, "2026-12-25", settings=NO_HOLIDAYS)
    assert not is_open(engine, "2026-12-26", settings=NO_HOLIDAYS)


def test_a_holiday_kept_in_another_year_is_known() -> None:
    """1 January 2028 is a Saturday: it is kept on 31 December 2027."""
    assert date(2027, 12, 31) in calendars.public_holidays("US-UT", 2027, 2027)
    assert {day.year for day in calendars.public_holidays("US-UT", 2027, 2028)} == {2027, 2028}


@pytest.mark.parametrize("region", ["US-XX", "XX", "XX-UT"])
def test_a_region_that_nobody_knows_is_one_sentence(region: str) -> None:
    with pytest.raises(CalendarError, match=f"transfers.holidays = {region};"):
        calendars.check(replace(SETTINGS, transfers=Transfers(holidays=region)))
    calendars.check(SETTINGS)
    calendars.check(NO_HOLIDAYS)


def test_what_is_said_of_days_names_who_said_it(engine: Engine) -> None:
    put(engine, *said(EVERY, Kind.OPEN, "2026-11-11", "2026-11-12"), *said("01", Kind.CLOSED, "2026-11-12", why="snow"))
    with reading(engine) as connection:
        found = calendars.marks(connection, SETTINGS, "01", date(2026, 11, 1), date(2026, 11, 30))
    assert found == [
        Mark(date(2026, 11, 11), Kind.OPEN, By.STATE, "so it is"),
        Mark(date(2026, 11, 12), Kind.CLOSED, By.LEA, "snow"),
        Mark(date(2026, 11, 26), Kind.CLOSED, By.HOLIDAY, "Thanksgiving Day"),
    ]


@pytest.mark.parametrize(
    ("clock", "ends"),
    [
        (Clock.ANSWER, date(2027, 1, 6)),  # 30 school days after 2026-11-20, past three holidays
        (Clock.MILITARY, date(2026, 11, 30)),
        (Clock.REQUEST, date(2026, 12, 4)),
    ],
)
def test_a_deadline_of_an_lea(engine: Engine, clock: Clock, ends: date) -> None:
    with reading(engine) as connection:
        assert calendars.due_on(connection, SETTINGS, clock, "01", date(2026, 11, 20)) == ends


def case(
    engine: Engine,
    source: str,
    rule: str,
    state: TransferState = TransferState.REQUESTED,
    asked: datetime = NOON,
    due_on: str = "2027-01-06",
) -> TransferRow:
    """One with the deadline of a calendar without closed days."""
    row = TransferRow(
        ssid="1",
        source=source,
        destination="02",
        entered_on="2026-11-20",
        opened_at=0.0,
        cause="",
        state=TransferState.REQUESTED,
        requested_at=asked.timestamp(),
        due_on=due_on,
        rule=rule,
    )
    with writing(engine) as connection:
        new = transfers.add(connection, row)
        if state is not row.state:
            transfers.change(connection, replace(new, state=state), 0.0)
    return new


def moved(engine: Engine, lea: str, *rows: SchoolDay) -> int:
    """How many deadlines move with these rows."""
    with writing(engine) as connection:
        return calendars.move_deadlines(connection, SETTINGS, lea, 7.0, lambda: school_days.put(connection, rows))[1]


def due_days(engine: Engine) -> list[str]:
    with reading(engine) as connection:
        return [row.due_on for row in transfers.listing(connection, TransferState)]


def test_deadlines_of_open_cases_move_with_the_calendar(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(insert(tables.students), filled(tables.students, ssid="1"))
    first = case(engine, "01", "answer")
    case(engine, "6G", "answer")
    case(engine, "01", "military")
    case(engine, "01", "answer", TransferState.ANSWERED)
    case(engine, "01", "answer", TransferState.CANCELLED)
    case(engine, "01", "answer", asked=NOON.replace(month=5), due_on="2026-09-11")  # of the school year before
    before = due_days(engine)
    assert moved(engine, EVERY) == 0
    assert moved(engine, "6G", *said("01", Kind.CLOSED, "2026-11-02")) == 0
    # the last is a Saturday
    assert moved(engine, "01", *said("01", Kind.CLOSED, "2026-12-21", "2026-12-22", "2026-12-26")) == 1
    assert moved(engine, EVERY) == 0
    assert due_days(engine) == ["2027-01-08", *before[1:]]
    assert moved(engine, EVERY, *said(EVERY, Kind.CLOSED, "2026-12-23")) == 2
    assert due_days(engine) == ["2027-01-11", "2027-01-07", *before[2:]]
    assert moved(engine, "01", *said("01", Kind.CLOSED, "2026-06-01")) == 1
    assert due_days(engine) == ["2027-01-11", "2027-01-07", *before[2:5], "2026-09-14"]
    with reading(engine) as connection:
        events = [(one.before, one.after, one.why) for one in transfers.events_of(connection, first.id)]
    assert events[1:] == [("requested", "requested", "the school calendar has changed")] * 2
    case(engine, "6G", "answer", due_on="2027-02-01")  # as it was counted otherwise, such as where it was tomorrow
    assert moved(engine, "6G", *said("6G", Kind.CLOSED, "2027-05-03")) == 0
    assert due_days(engine)[-1] == "2027-02-01"
    assert moved(engine, "6G", *said("6G", Kind.CLOSED, "2026-12-01")) == 2
    assert due_days(engine)[-1] == due_days(engine)[1] == "2027-01-08"
