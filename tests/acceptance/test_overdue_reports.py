"""Records that are late: what the state reports, cancels and is told on the command line."""

import csv
import io
import json
import stat
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert
from typer.testing import CliRunner

from broker.cli.main import build
from broker.core.errors import NotDone
from broker.core.review import By
from broker.core.transfer import TransferState
from broker.edge.ledger import tables
from broker.edge.ledger.cases import transfers
from broker.edge.ledger.cases.transfers import TransferRow
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.log import acts
from broker.oversight import overdue
from broker.transfers.cancel import cancel
from tests.support.endings import said_of
from tests.support.exchange import satchel as alone
from tests.support.office import Office
from tests.support.overdue import (
    ASKED,
    DUE,
    LEAS,
    at,
    case,
    changed,
    copied,
    morning,
    school_days_between,
    student,
    then,
    told,
)


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
