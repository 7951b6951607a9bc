"""Records that are late: told once as new, then once a school day; the state's ranking; and its commands."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

import pytest

from broker.core.errors import Deferred
from broker.core.transfer import TransferState
from broker.edge.ledger.cases import transfer_views, transfers
from broker.edge.ledger.engine import reading
from broker.oversight import overdue
from tests.support.office import Office
from tests.support.overdue import LEAS, at, case, changed, copied, morning, school_days_between, then, told


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An exchange in which nothing has happened; each test has a copy of its home."""
    made = Office(tmp_path_factory.mktemp("overdue"), *LEAS)
    yield made
    made.services.engine.dispose()


@pytest.fixture
def office(first: Office, tmp_path: Path) -> Iterator[Office]:
    with copied(first, tmp_path) as made:
        yield made


def days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def kinds(office: Office, lea: str) -> list[tuple[str, list[int], list[int]]]:
    """What each notice says: the day (of October), the new cases, and those that are overdue still."""
    return [
        (one["day"][-2:], [line["transfer"] for line in one["new"]], [line["transfer"] for line in one["still"]])
        for one in told(office, lea)
    ]


def test_once_as_new_and_then_once_a_school_day(office: Office) -> None:
    a = case(office, "1")
    morning(office, *days(date(2026, 10, 15), date(2026, 10, 25)))
    b = case(office, "2", due_on="2026-10-23")
    morning(office, date(2026, 10, 26), date(2026, 10, 27))
    assert kinds(office, "6G") == [
        ("19", [a], []),
        ("20", [], [a]),
        ("22", [], [a]),
        ("23", [], [a]),
        ("26", [b], [a]),
        ("27", [], [a, b]),
    ]
    assert kinds(office, "01") == [
        ("21", [a], []),
        ("22", [], [a]),
        ("23", [], [a]),
        ("26", [b], [a]),
        ("27", [], [a, b]),
    ]
    assert kinds(office, "02") == []
    for lea in ("01", "6G"):
        for one in told(office, lea):
            lines = one["new"] + one["still"]
            today = date.fromisoformat(one["day"])
            late = [school_days_between("01", date.fromisoformat(line["due_on"]), today) for line in lines]
            assert [line["school_days_late"] for line in lines] == late
    with reading(office.services.engine) as connection:
        steps = [one.at for one in transfers.events_of(connection, a) if one.why == "overdue"]
    assert steps == [at(date(2026, 10, 19)).timestamp()]


def test_what_a_secretary_reads(office: Office) -> None:
    number = case(office, "1", state=TransferState.REQUESTED)
    morning(office, date(2026, 10, 22))
    for lea, other, you_are in (("01", "6G", "source"), ("6G", "01", "destination")):
        (notice,) = told(office, lea)
        (line,) = notice["new"]
        assert (line["transfer"], line["ssid"], line["you_are"]) == (number, "1", you_are)
        assert line["local_id"] == f"{lea}-1"
        assert line["other"]["lea"] == other
        assert line["other"]["name"]
        assert (line["asked_on"], line["due_on"], line["days_late"]) == ("2026-09-01", "2026-10-16", 6)
        assert "53A-11-504" in line["rule"]
        assert ("outbox" in line["do"]) == (you_are == "source")
        assert line.get("request") == ("request-1" if you_are == "source" else None)
        text = json.dumps(notice)
        assert f"{other}-1" not in text
        assert "Reyes" not in text
        assert "at most once a school day" in notice["means"]


def test_a_refusal_is_overdue_too(office: Office) -> None:
    number = case(office, "1")
    changed(office, number, state=TransferState.REFUSED, reason="lost")
    morning(office, date(2026, 10, 22))
    assert "ask the state" in told(office, "01")[0]["new"][0]["do"]
    assert "ask the state" in told(office, "6G")[0]["new"][0]["do"]


@pytest.mark.parametrize("state", [TransferState.BLOCKED, TransferState.ANSWERED, TransferState.CANCELLED])
def test_what_nobody_is_told_of(office: Office, state: TransferState) -> None:
    number = case(office, "1")
    changed(office, number, state=state)
    morning(office, date(2026, 10, 22))
    assert [told(office, lea) for lea in LEAS] == [[], [], []]


def test_a_new_deadline_is_new_again(office: Office) -> None:
    number = case(office, "1")
    morning(office, date(2026, 10, 22))
    changed(office, number, due_on="2026-10-26")
    morning(office, *days(date(2026, 10, 23), date(2026, 10, 28)))
    assert kinds(office, "01") == [("22", [number], []), ("27", [number], []), ("28", [], [number])]


def test_nothing_is_told_twice_on_a_day(office: Office) -> None:
    case(office, "1")
    day = date(2026, 10, 22)
    morning(office, day)
    for name in overdue.names(day):
        (office.services.home.root / "reports" / name).unlink()
    case(office, "2")
    morning(office, day)
    assert len(told(office, "01")) == len(told(office, "6G")) == 1


def test_a_crash_at_any_moment(office: Office) -> None:
    number, day = case(office, "1"), date(2026, 10, 22)
    work = office.services.home.root / "reports" / ".work-transfers"
    steps = done = 0
    while done == steps:
        steps += 1
        done = len(list(islice(overdue.write(then(office, day), day), steps)))
        work.mkdir(exist_ok=True)
        (work / "01.jsonl").write_text("what the crash left\n")
    assert steps > 4
    assert kinds(office, "01") == kinds(office, "6G") == [("22", [number], [])]
    morning(office, date(2026, 10, 23))
    assert kinds(office, "01") == kinds(office, "6G") == [("22", [number], []), ("23", [], [number])]


def test_a_notice_that_fails_was_not_told(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    first, day = case(office, "1"), date(2026, 10, 22)
    with monkeypatch.context() as broken:
        broken.setattr(transfer_views, "overdue_now", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            list(overdue.write(then(office, day), day))
    assert told(office, "01") == told(office, "6G") == []
    morning(office, day)
    assert kinds(office, "01") == [("22", [first], [])]


def test_who_enrolled_too_late_is_told_so_once(office: Office) -> None:
    late = case(office, "1", due_on="", opened_at=at(date(2026, 9, 15)).timestamp())
    case(office, "2", due_on="", opened_at=at(date(2026, 9, 14)).timestamp())
    morning(office, *days(date(2026, 9, 15), date(2026, 9, 18)))
    later = case(office, "3", due_on="", opened_at=at(date(2026, 9, 16), 5).timestamp())
    morning(office, *days(date(2026, 9, 19), date(2026, 9, 25)))
    said = [(one["day"], [line["transfer"] for line in one["reported_late"]]) for one in told(office, "6G")]
    assert said == [("2026-09-16", [late]), ("2026-09-21", [later])]
    line = told(office, "6G")[0]["reported_late"][0]
    assert (line["local_id"], line["days_after_entry"], line["reported_on"]) == ("6G-1", 15, "2026-09-15")
    assert "14 days" in line["rule"]
    assert told(office, "01") == []


def test_a_flood_is_one_notice(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overdue, "_STUDENTS", 3)
    monkeypatch.setattr(transfer_views, "PAGE", 2)
    numbers = [case(office, str(n), due_on=f"2026-10-{n:02}") for n in range(10, 15)]
    morning(office, date(2026, 10, 22))
    (notice,) = told(office, "01")
    assert (len(notice["new"]), notice["not_listed"]) == (3, 2)
    assert [line["transfer"] for line in notice["new"]] == numbers[:3]


def test_the_hour(office: Office) -> None:
    case(office, "1")
    day = date(2026, 10, 22)
    early = overdue.Nightly(then(office, day, 5))
    settings = office.services.settings
    never = replace(settings, transfers=replace(settings.transfers, digest_hour=24))
    at_night = overdue.Nightly(replace(then(office, day, 23), settings=never))
    for _ in range(20):
        early.look()
        at_night.look()
    assert not (office.services.home.root / "reports").exists()


def test_a_report_that_cannot_be_written_ends_no_process(office: Office) -> None:
    case(office, "1")
    now = [at(date(2026, 10, 22))]
    nightly = overdue.Nightly(replace(office.services, clock=lambda: now[0]))
    folder = office.services.home.root / "reports"
    folder.write_text("a file where the folder should be")
    nightly.look()
    with pytest.raises(Deferred):
        nightly.look()
    for _ in range(3):
        nightly.look()  # not at once again
    folder.unlink()
    now[0] += timedelta(hours=1)
    for _ in range(20):
        nightly.look()
    assert sorted(path.suffix for path in folder.glob("transfers-*")) == [".csv", ".json"]
