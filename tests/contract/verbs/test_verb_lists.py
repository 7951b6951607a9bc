"""The verbs of lists: page after page with a count, and what an LEA's actor is given, over SQLite and PostgreSQL."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from broker.core.actor import Actor
from broker.core.errors import NotDone
from broker.core.model import LeaId, PartyKind, Sha256, State, TrackingId
from broker.core.transfer import TransferState
from broker.edge.home.folders import Home
from broker.edge.ledger import tables
from broker.edge.ledger.cases import transfers as cases
from broker.edge.ledger.cases.transfers import TransferRow
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.log import acts
from broker.edge.ledger.packets import packets as born
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.settings.values import Settings
from broker.offline import Offline
from broker.verbs import calendar, claims, packets, record_store, transfers
from broker.verbs.acting import NotThere
from broker.verbs.calendar import Days
from broker.verbs.packets import Wanted
from broker.verbs.paging import Page
from tests.support.rows import filled, student

NOW = datetime(2026, 11, 23, 17, tzinfo=UTC)
STATE = Actor("Ann Lee")
CASE = TransferRow(
    ssid="1",
    source="01",
    destination="6G",
    entered_on="2026-09-01",
    opened_at=100.0,
    cause="",
    state=TransferState.REQUESTED,
    requested_at=datetime(2026, 9, 1, 17, tzinfo=UTC).timestamp(),
    due_on="2026-10-14",
    rule="answer",
)


@pytest.fixture
def room(engine: Engine, tmp_path: Path) -> Offline:
    with writing(engine) as connection:
        rows = [filled(tables.parties, id=lea, kind="district") for lea in ("01", "02", "6G")]
        connection.execute(insert(tables.parties), rows)
    return Offline(Settings(home=tmp_path), engine, Home(tmp_path), lambda: NOW)


def every(page: Callable[[Any], Page[Any, Any]], first: Any, size: int) -> list[Any]:
    """The rows of all pages, each of which says how many there are in all."""
    found: list[Any] = []
    after, counts = first, set()
    while True:
        one = page(after)
        found += one.rows
        counts.add(one.told_count)
        assert len(one.rows) <= size
        if one.after is None:
            assert counts == {str(len(found))}
            return found
        assert len(one.rows) == size
        after = one.after


def sent(number: int, origin: str) -> PacketRow:
    return PacketRow(
        tracking=TrackingId(f"018f-{number:04}"),
        origin=LeaId(origin),
        source_name=f"file{number}",
        source_mark=f"mark{number}",
        sha256=Sha256(f"{number:064}"),
        size=10,
        received_at=float(number),
        state=State.RECEIVED,
    )


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_packets_page_by_page(room: Offline, size: int) -> None:
    with writing(room.engine) as connection:
        born.born(connection, [sent(number, "01" if number % 2 else "6G") for number in range(7)], [])
    for wanted, numbers in ((Wanted(), [6, 5, 4, 3, 2, 1, 0]), (Wanted(lea="01"), [5, 3, 1]), (Wanted("HELD"), [])):

        def page(before: str, wanted: Wanted = wanted) -> Page[Any, Any]:
            return packets.list_packets(room, wanted, actor=STATE, before=before, size=size)

        assert [one.source_name for one in every(page, "", size)] == [f"file{number}" for number in numbers]
    shown = packets.show(room, "018f-0003", actor=STATE)
    assert (shown.packet.origin, [one.after for one in shown.steps]) == ("01", ["RECEIVED"])
    with pytest.raises(NotThere, match="no-packet"):
        packets.show(room, "018f", actor=STATE)


def held(engine: Engine, *trackings: str, lea: str = "01") -> None:
    row = {"mode": "add", "school_year": 2027, "sha256": "aa", "size": 1, "signer": "F", "at": 1.0, "version": 1}
    with writing(engine) as connection:
        rows = [row | {"ssid": "1", "lea": lea, "tracking": one, "ended_by": ""} for one in trackings]
        connection.execute(insert(tables.backpacks), rows)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_the_record_store_page_by_page(room: Offline, size: int) -> None:
    student(room.engine, "1", ("01", "2026-08-17"))
    held(room.engine, "z", "b")  # tracking ids of one moment come in any order
    held(room.engine, "m", lea="02")
    held(room.engine, "a")
    for lea, wanted in (("", ["a", "m", "b", "z"]), ("01", ["a", "b", "z"]), ("6G", [])):

        def page(before: str, lea: str = lea) -> Page[Any, Any]:
            return record_store.list_parts(room, actor=STATE, lea=lea, before=before, size=size)

        assert [one.tracking for one in every(page, "", size)] == wanted
    with pytest.raises(NotThere, match="no-student"):
        record_store.of_student(room, "2", actor=STATE)


def test_so_many_are_counted_and_no_more(room: Offline) -> None:
    student(room.engine, "1", ("01", "2026-08-17"))
    held(room.engine, *(f"{number:04}" for number in range(1000)))
    page = record_store.list_parts(room, actor=STATE, size=1)
    assert (len(page.rows), page.told_count) == (1, "1,000")
    held(room.engine, "1000", "1001")
    page = record_store.list_parts(room, actor=STATE, size=1)
    assert (len(page.rows), page.count, page.told_count) == (1, 1001, "over 1,000")


@pytest.mark.parametrize("size", [1, 2, 9])
def test_transfers_page_by_page(room: Offline, size: int) -> None:
    with writing(room.engine) as connection:
        for ssid in "123":
            connection.execute(insert(tables.students), filled(tables.students, ssid=ssid))
            cases.add(connection, replace(CASE, ssid=ssid, due_on="2026-12-14" if ssid == "2" else CASE.due_on))
        cases.add(connection, replace(CASE, source="02", destination="01"))
    for chosen, numbers in (
        ({}, [1, 2, 3, 4]),
        ({"lea": "6G"}, [1, 2, 3]),
        ({"is_overdue": True}, [1, 3, 4]),
        ({"is_overdue": True, "today": date(2026, 10, 14)}, []),
        ({"states": [TransferState.CLOSED]}, []),
    ):

        def page(after: int, chosen: Any = chosen) -> Page[Any, Any]:
            return transfers.list_cases(room, actor=STATE, after=after, size=size, **chosen)

        assert [one.row.id for one in every(page, 0, size)] == numbers
    with pytest.raises(NotThere, match="no-party"):
        transfers.list_cases(room, actor=STATE, lea="99")
    with pytest.raises(NotThere, match="no-transfer"):
        transfers.show(room, 99, actor=STATE)


def test_an_lea_is_given_the_claims_that_concern_it(room: Offline) -> None:
    student(room.engine, "1", ("01", "2026-08-17"), ("6G", "2026-11-20"))
    student(room.engine, "2", ("02", "2026-08-17"), ("6G", "2026-11-20"))
    mine = Actor("Kim Ota", PartyKind.DISTRICT, "01")
    assert [one["ssid"] for one in claims.list_claims(room, actor=STATE).documents] == ["1", "2"]
    (own,) = claims.list_claims(room, actor=mine).documents
    assert own == claims.list_claims(room, actor=mine, lea="01").documents[0]
    assert own == claims.list_claims(room, actor=STATE, lea="01").documents[0]
    assert (own["ssid"], [one["lea"] for one in own["leas"]]) == ("1", ["01"])
    for other in ("6G", "99"):  # nobody can tell which of them is there
        with pytest.raises(NotThere, match="no-party"):
            claims.list_claims(room, actor=mine, lea=other)


def lines(engine: Engine) -> list[tuple[Any, ...]]:
    with reading(engine) as connection:
        return [(one.verb, one.subject, one.why, one.told) for one in acts.page(connection, None, 10)]


def test_a_change_of_the_calendar_leaves_its_line(room: Offline) -> None:
    with writing(room.engine) as connection:
        connection.execute(insert(tables.students), filled(tables.students, ssid="1"))
        cases.add(connection, CASE)
    week = Days(date(2026, 9, 14), date(2026, 9, 18), "flood")
    done = calendar.close_days(room, "01", [week], actor=STATE)
    assert (done.days, done.deadlines_moved) == (5, 1)
    calendar.reset_days(room, "01", Days(week.first, week.last), actor=STATE)
    calendar.open_days(
        room, "", [Days(week.first, week.first, "a"), Days(week.last, week.last, "b")], actor=Actor("Jo")
    )
    days = ["2026-09-14/2026-09-18"]
    assert lines(room.engine) == [
        ("open_days", "every LEA", "", {"days": ["2026-09-14", "2026-09-18"], "changed": 2, "moved": 0}),
        ("reset_days", "01", "", {"days": days, "changed": 5, "moved": 1}),
        ("close_days", "01", "flood", {"days": days, "changed": 5, "moved": 1}),
    ]


def test_what_cannot_be_changed_of_a_calendar_leaves_none(room: Offline) -> None:
    day = date(2026, 9, 14)
    for code, whose, days in (
        ("why", "01", [Days(day, day)]),
        ("why", "01", [Days(day, day, "a\nb")]),
        ("no-weekday", "01", []),
        ("no-weekday", "01", [Days(date(2026, 9, 12), date(2026, 9, 13), "a")]),
        ("no-party", "99", [Days(day, day, "a")]),
    ):
        with pytest.raises(NotDone, match=code):
            calendar.close_days(room, whose, days, actor=STATE)
    for last in (date(2026, 9, 13), date(2027, 9, 15)):
        with pytest.raises(NotDone, match="days"):
            Days(day, last)
    assert lines(room.engine) == []
    year = calendar.show_year(room, "01", 2027, actor=Actor("Kim Ota", PartyKind.CHARTER, "6G"))
    assert (year.number, day in year.days, year.marks[0].by) == (2027, True, calendar.By.HOLIDAY)
