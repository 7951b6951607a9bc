"""Records that are late: told once as new, then once a school day; the state's ranking; and its commands."""

import copy
import csv
import io
import json
import shutil
import stat
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert
from typer.testing import CliRunner

from broker import wiring
from broker.cli.main import build
from broker.core.errors import Deferred, NotDone
from broker.core.model import LeaId, Ssid
from broker.core.review import By
from broker.core.transfer import TransferState
from broker.edge.ledger import tables
from broker.edge.ledger.cases import school_days, transfer_views, transfers
from broker.edge.ledger.cases.school_days import Kind, SchoolDay
from broker.edge.ledger.cases.transfers import TransferRow
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.log import acts
from broker.edge.ledger.packets.rows import EnrollmentRow
from broker.edge.ledger.people import registry
from broker.edge.ledger.people.registry import Person
from broker.edge.settings.rules import TheState
from broker.oversight import overdue
from broker.packets.services import Services
from broker.transfers.cancel import cancel
from tests.support import accounts
from tests.support.endings import said_of
from tests.support.exchange import satchel as alone
from tests.support.office import Office

ASKED = date(2026, 9, 1)
DUE = date(2026, 10, 16)  # a Friday
LEAS = ("01", "02", "6G")
CLOSED = {"01": {date(2026, 10, 19), date(2026, 10, 20)}, "6G": {date(2026, 10, 21)}, "02": set[date]()}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """An exchange in which nothing has happened; each test has a copy of its home."""
    made = Office(tmp_path_factory.mktemp("overdue"), *LEAS)
    yield made
    made.services.engine.dispose()


@pytest.fixture
def office(first: Office, tmp_path: Path) -> Iterator[Office]:
    made, made.exchange = copy.copy(first), copy.copy(first.exchange)
    made.exchange.home = Path(shutil.copytree(first.exchange.home, tmp_path / "home"))
    services = wiring.build(made.exchange.home, "test")
    settings = replace(services.settings, transfers=replace(services.settings.transfers, holidays="", digest_hour=6))
    made.services = replace(services, settings=settings)
    with writing(services.engine) as connection:
        days = [SchoolDay(lea, day.isoformat(), Kind.CLOSED, "fall") for lea, some in CLOSED.items() for day in some]
        school_days.put(connection, days)
    yield made
    services.engine.dispose()


def run(office: Office, *words: str) -> tuple[int, str, str]:
    """Run `satchel transfers …` in this process: starting one for each would take most of the time."""
    arguments = ["transfers", *words, *office.exchange.at]
    ended = CliRunner().invoke(build(arguments), arguments)
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        return 1, ended.stdout, f"{said_of(ended.exception)}\n"
    return ended.exit_code, ended.stdout, ended.stderr


def satchel(office: Office, *words: str) -> str:
    """What `satchel transfers …` says when it succeeds."""
    code, text, error = run(office, *words)
    assert code == 0, error
    return text


def at(day: date, hour: int = 7) -> datetime:
    return datetime.fromtimestamp(TheState().time.hour(day, hour), UTC)


def student(office: Office, ssid: str, *spots: tuple[str, str, str], code: str = "TS") -> None:
    """A student who was enrolled so: (LEA, entry, exit)."""
    person = Person(Ssid(ssid), "Ana", "", "Reyes", "", "2012-03-04", "F")
    with writing(office.services.engine) as connection:
        registry.add_many(connection, [person], 1.0)
        for lea, entry, left in spots:
            number = f"{lea}-{ssid}"
            row = EnrollmentRow(Ssid(ssid), LeaId(lea), "1", number, entry, "", "", "", "")
            accounts.enter(connection, row)
            if left:
                accounts.leave(connection, ssid, lea, "1", left, code)


def case(office: Office, ssid: str, **more: Any) -> int:
    """A case of a new student who moved from 01 to 6G, or as `more` has it."""
    row = TransferRow(
        ssid=ssid,
        source="01",
        destination="6G",
        entered_on="2026-08-31",
        opened_at=at(ASKED).timestamp(),
        cause="",
        state=TransferState.REQUESTED,
        requested_at=at(ASKED).timestamp(),
        request=f"request-{ssid}",
        due_on=DUE.isoformat(),
        rule="answer",
    )
    row = replace(row, **more)
    student(office, ssid, (row.source, "2025-08-18", "2026-08-28"), (row.destination, "2026-08-31", ""))
    with writing(office.services.engine) as connection:
        return transfers.add(connection, row).id


def changed(office: Office, number: int, **more: Any) -> None:
    with writing(office.services.engine) as connection:
        row = transfers.get(connection, number)
        assert row is not None
        transfers.change(connection, replace(row, **more), 1.0)


def then(office: Office, day: date, hour: int = 7) -> Services:
    return replace(office.services, clock=lambda: at(day, hour))


def morning(office: Office, *days: date) -> None:
    """Let the sweeper do the duty of these days."""
    for day in days:
        nightly = overdue.Nightly(then(office, day))
        for _ in range(200):
            nightly.look()
            if (office.services.home.root / "reports" / overdue.names(day)[1]).exists():
                break
        else:
            raise AssertionError("a duty that does not end")


def days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def told(office: Office, lea: str) -> list[dict[str, Any]]:
    return [one for one in office.notices(lea, "transfer") if one["event"] == "overdue"]


def kinds(office: Office, lea: str) -> list[tuple[str, list[int], list[int]]]:
    """What each notice says: the day (of October), the new cases, and those that are overdue still."""
    return [
        (one["day"][-2:], [line["transfer"] for line in one["new"]], [line["transfer"] for line in one["still"]])
        for one in told(office, lea)
    ]


def school_days_between(lea: str, after: date, last: date) -> int:
    """An independent count."""
    return sum(
        (after + timedelta(days=n)).weekday() < 5 and after + timedelta(days=n) not in CLOSED[lea]
        for n in range(1, (last - after).days + 1)
    )


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


def closed(office: Office, ssid: str, answered: date, **more: Any) -> int:
    number = case(office, ssid, **more)
    seconds = at(answered).timestamp()
    changed(office, number, state=TransferState.ANSWERED, answered_at=seconds, answer=f"answer-{ssid}")
    changed(office, number, state=TransferState.CLOSED, closed_at=seconds)
    return number


def test_the_states_report(office: Office) -> None:
    case(office, "1")
    case(office, "2", source="02")
    case(office, "3", source="02", due_on="2026-10-15")
    for ssid, days_later in (("4", 1), ("5", 6), ("6", 13)):
        closed(office, ssid, ASKED + timedelta(days=days_later))
    case(office, "7", source="6G", destination="01", due_on="2027-01-01", opened_at=at(date(2026, 9, 30)).timestamp())
    packet = {column.name: "" if column.type.python_type is str else 0 for column in tables.packets.columns}
    with writing(office.services.engine) as connection:
        row = packet | {"tracking": "t", "type": "student-record", "receiver": "6G", "state": "ROUTED"}
        connection.execute(insert(tables.packets), row | {"updated_at": at(ASKED).timestamp()})
        for state in ("DELIVERED", "COLLECTED"):
            connection.execute(tables.packets.update().where(tables.packets.c.tracking == "t").values(state=state))
    folder = office.services.home.root / "reports"
    folder.mkdir(mode=0o700)
    for name in ("transfers-2026-01-01.csv", "claims-2026-01-01.csv"):
        (folder / name).write_text("")
    day = date(2026, 10, 22)
    morning(office, day)
    assert [path.name for path in sorted(folder.iterdir()) if path.name[0] != "."] == [
        "claims-2026-01-01.csv",
        *overdue.names(day),
    ]
    as_csv, as_json = (folder / name for name in overdue.names(day))
    assert {stat.S_IMODE(path.stat().st_mode) for path in (as_csv, as_json)} == {0o600}
    said = json.loads(as_json.read_text())
    assert (said["day"], said["from"], said["to"]) == ("2026-10-22", "2026-07-01", "2026-10-22")
    by_lea = {one["lea"]: one for one in said["leas"]}
    assert [(one["rank"], one["lea"]) for one in said["leas"]] == [(1, "02"), (2, "01"), (3, "6G")]
    one = by_lea["01"]
    assert (one["asked"], one["answered"], one["open"], one["overdue"], one["closed"]) == (4, 3, 1, 1, 3)
    assert (one["median_days"], one["p95_days"]) == (6, 13)
    expected = [school_days_between("01", ASKED, ASKED + timedelta(days=n)) for n in (1, 6, 13)]
    assert (one["median_school_days"], one["p95_school_days"]) == (expected[1], expected[2])
    assert one["most_school_days_late"] == school_days_between("01", DUE, day)
    assert (one["reported_late"], by_lea["6G"]["reported_late"]) == (1, 0)
    assert by_lea["6G"]["collected_not_acknowledged"] == 1
    assert (said["all"]["asked"], said["all"]["overdue"], said["all"]["collected_not_acknowledged"]) == (7, 3, 1)
    rows = list(csv.DictReader(as_csv.open(newline="")))
    assert [(row["lea"], row["overdue"]) for row in rows] == [("02", "2"), ("01", "1"), ("6G", "0")]
    assert "Reyes" not in as_csv.read_text() + as_json.read_text()
    # the command says the same
    period = ("--from", "2026-07-01", "--to", "2026-10-22")
    from_csv = satchel(office, "report", *period, "--format", "csv")
    again = {row["lea"]: row for row in csv.DictReader(io.StringIO(from_csv))}
    same = ("asked", "answered", "closed", "median_days", "p95_days", "reported_late", "collected_not_acknowledged")
    assert [[again[row["lea"]][name] for name in same] for row in rows] == [
        [row[name] for name in same] for row in rows
    ]
    text = satchel(office, "report", *period)
    assert "53A-11-504" in text
    assert "Reyes" not in text


def test_the_state_cancels(office: Office) -> None:
    number = case(office, "1")
    day, by = date(2026, 10, 22), By("Kim Ota", "the school burnt down")
    with writing(office.services.engine) as connection:
        ended = cancel(then(office, day), connection, number, by)
        assert (ended.state, ended.reason) == (TransferState.CANCELLED, "by-state")
    with reading(office.services.engine) as connection:
        assert transfers.get(connection, number) == ended
        last = transfers.events_of(connection, number)[-1]
    assert (last.before, last.after, last.why) == (
        "requested",
        "cancelled",
        "by-state: the school burnt down (Kim Ota)",
    )
    for lea in ("01", "6G"):
        (notice,) = office.notices(lea, "transfer")
        assert (notice["event"], [one["transfer"] for one in notice["transfers"]]) == ("by-state", [number])
        assert "burnt" not in json.dumps(notice)
    with pytest.raises(NotDone, match="transfer-ended"), writing(office.services.engine) as connection:
        cancel(then(office, day), connection, number, by)
    morning(office, day)
    assert told(office, "01") == []


def said(office: Office, *words: str) -> Any:
    return json.loads(satchel(office, *words, "--json"))


def test_the_commands(office: Office) -> None:
    late = case(office, "1", due_on="2026-09-02")
    refused = case(office, "2", source="02", due_on="2199-06-01")
    changed(office, refused, state=TransferState.REFUSED, reason="lost")
    ended = closed(office, "3", ASKED + timedelta(days=6))

    def numbers(*words: str) -> list[int]:
        return [one["transfer"] for one in said(office, *words)["transfers"]]

    asked: Sequence[tuple[str, ...]] = [
        (),
        ("list",),
        ("--lea", "02"),
        ("--state", "closed"),
        ("--state", "all"),
        ("--overdue",),
    ]
    found = [numbers(*words) for words in asked]
    both = [late, refused]
    assert found == [both, both, [refused], [ended], [*both, ended], [late]]
    one = said(office, "--state", "closed")["transfers"][0]
    assert (one["school_days_to_answer"], one["is_overdue"], one["school_days_late"]) == (3, False, None)  # Labor Day
    text = satchel(office)
    assert "2 transfers, 1 overdue" in text
    rows = list(csv.DictReader(io.StringIO(satchel(office, "list", "--format", "csv"))))
    assert [(row["ssid"], row["state"], row["is_overdue"]) for row in rows] == [
        ("1", "requested", "yes"),
        ("2", "refused", "no"),
    ]
    shown = satchel(office, "show", str(late))
    assert "53A-11-504" in shown
    assert "another district" in shown.lower()
    assert "Reyes" not in text + shown
    whole = said(office, "show", str(ended))
    assert (whole["exit"]["code"], whole["exit"]["is_known"]) == ("TS", True)
    assert [step["after"] for step in whole["events"]] == ["requested", "answered", "closed"]
    told_so = satchel(office, "cancel", str(late), "--who", "Kim Ota", "--why", "burnt down")
    with reading(office.services.engine) as connection:
        (act,) = acts.page(connection, None, 10, "cancel")
    assert (act.actor, act.subject, act.why) == ("Kim Ota", f"transfer {late}", "burnt down")
    assert "the LEAs are told" in told_so
    assert [one["event"] for one in office.notices("01", "transfer")] == ["by-state"]
    assert numbers() == [refused]


def test_an_exit_code_that_nobody_knows(office: Office) -> None:
    student(office, "9", ("01", "2025-08-18", "2026-08-28"), ("6G", "2026-08-31", ""), code="Q1")
    row = TransferRow("9", "01", "6G", "2026-08-31", 1.0, "", TransferState.BLOCKED)
    with writing(office.services.engine) as connection:
        number = transfers.add(connection, row).id
    text = satchel(office, "show", str(number))
    assert "code Q1: what it means is not known" in text
    assert "was not asked" in text


def test_mistakes(office: Office) -> None:
    number = str(closed(office, "1", ASKED + timedelta(days=6)))
    wrong = (
        ["--state", "gone"],
        ["--json", "--format", "csv"],
        ["--lea", "01", "show", number],
        ["report", "--from", "yesterday"],
        ["report", "--from", "2026-10-02", "--to", "2026-10-01"],
    )
    failed = (
        ["--lea", "77"],
        ["show", "99"],
        ["cancel", "99", "--who", "Kim", "--why", "no"],
        ["cancel", number, "--who", "Kim", "--why", "no"],
        ["cancel", number, "--who", "Kim", "--why", "two\nlines"],
    )
    ended = [run(office, *words) for words in wrong + failed]
    assert [code for code, _, _ in ended] == [2] * len(wrong) + [1] * len(failed)
    assert [text for _, text, _ in ended] == [""] * len(ended)
    assert [error for _, _, error in ended if len(error.splitlines()) != 1] == []


def test_it_is_a_command_of_the_program(office: Office) -> None:
    for words in ((), ("report", "--from", "2026-07-01")):
        ended = alone("transfers", *words, *office.exchange.at)
        assert (ended.returncode, ended.stderr) == (0, "")
    assert "cancel" in alone("transfers", "--help").stdout
