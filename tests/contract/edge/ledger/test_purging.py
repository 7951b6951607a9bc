"""What was sent of a student goes from a question some time after it was decided, and from the database's files."""

import json
import random
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, insert, select, update
from typer.testing import CliRunner

from broker.cli import main, refusals
from broker.core.errors import NotDone
from broker.core.model import LeaId, Ssid
from broker.core.review import By, Choice, Verb
from broker.edge.ledger import purging
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.people import reviews
from broker.edge.ledger.tables import reviews as table
from broker.students import decide, expired, undo_decision
from tests.support import ledgers
from tests.support.desk import child, enrollment, record
from tests.support.office import Office

BY = By("Jo Operator", "seen the birth certificate")
SECRETS = {"guardians": [{"first": "Wilhelmina", "last": "Ztestov"}], "phone": "801 555 0142"}


@pytest.fixture
def office(tmp_path: Path, blank_url: str) -> Iterator[Office]:
    made = Office(tmp_path, "01", "6G", ledger_url=blank_url)
    yield made
    made.services.engine.dispose()


def asked(office: Office, last: str) -> tuple[str, Ssid]:
    """A question about a line of 6G; its packet, and the student of 01 who may be meant."""
    ssid = office.enroll("01", child("Katharine", last, "2012-04-17", local_id=f"K{last}"), date="2025-08-18")[0][
        "ssid"
    ]
    row = office.send("6G", enrollment("6G", child("Katherine", last, "2012-04-17", local_id=f"S{last}", **SECRETS)))
    assert office.newest_notice("6G", "ssid")["students"][0]["answer"] == "review"
    return row.tracking, Ssid(ssid)


def decided(office: Office, tracking: str, choice: Choice) -> decide.Result:
    with writing(office.services.engine) as connection:
        result = decide.decide(office.services, connection, tracking, 0, choice, BY)
    office.work()
    return result


def undone(office: Office, tracking: str) -> None:
    with writing(office.services.engine) as connection:
        undo_decision.undo(office.services, connection, tracking, 0, By("Jo Operator", "it was a twin"))


def kept(office: Office, tracking: str) -> dict[str, Any]:
    with reading(office.services.engine) as connection:
        row = connection.execute(select(table).where(table.c.tracking == tracking)).one()
    return dict(row._mapping)


def night(office: Office, days: float = 0.0) -> None:
    """So many days later the sweeper has its night."""
    office.ahead += timedelta(days=days)
    for _ in expired.night(office.services):
        pass


def test_what_was_sent_goes_when_the_time_to_take_it_back_is_over(office: Office) -> None:
    same, ssid = asked(office, "Abernathy")
    none, _ = asked(office, "Bellweather")
    waits, _ = asked(office, "Castellano")
    assert decided(office, same, Choice(Verb.SAME, ssid)) is decide.Result.DONE
    assert decided(office, none, Choice(Verb.NONE)) is decide.Result.DONE
    night(office, 13)
    assert "Katherine" in kept(office, same)["subject"]
    undone(office, same)  # and it can be taken back still
    assert decided(office, same, Choice(Verb.SAME, ssid)) is decide.Result.DONE
    night(office, 14.5)
    for tracking in (same, none):
        row = kept(office, tracking)
        whole = json.dumps(row)
        assert not [
            word
            for word in ("Katherine", "Abernathy", "Bellweather", "2012-04-17", "801 555", "Ztestov")
            if word in whole
        ]
        assert (row["local_id"], row["named"]) == ("", "")
        assert row["closed_at"]
        with pytest.raises(NotDone, match="too-late"):
            undone(office, tracking)
    assert "Castellano" in kept(office, waits)["subject"]  # nobody has decided: it waits, however long
    assert decided(office, waits, Choice(Verb.NONE)) is decide.Result.DONE


def test_the_same_decision_again_is_known_and_another_one_refused(office: Office) -> None:
    tracking, ssid = asked(office, "Delacroix")
    assert office.answer("6G", tracking, 0, "same", candidate="A").state == "APPLIED"
    night(office, 15)
    assert decided(office, tracking, Choice(Verb.SAME, ssid)) is decide.Result.ALREADY
    assert office.answer("6G", tracking, 0, "same", candidate="A").state == "APPLIED"
    assert office.answer("6G", tracking, 0, "none").code == "already-decided"
    with reading(office.services.engine) as connection:
        (decision,) = reviews.history(connection, tracking, 0)
    assert (decision.verb, decision.ssid) == (Verb.SAME, ssid)


def test_what_the_state_shows_of_it_says_that_it_is_gone(office: Office) -> None:
    tracking, _ = asked(office, "Ellsworth")
    decided(office, tracking, Choice(Verb.NONE))
    night(office, 15)
    home = ["--home", str(office.exchange.home)]
    shown = run("review", "show", tracking, *home)
    assert shown.exit_code == 0, shown.output
    assert "Sent: not kept any more" in shown.output
    assert "Katherine" not in shown.output
    assert json.loads(run("review", "show", tracking, "--json", *home).output)["sent"] is None
    listed = run("review", "list", "--decided", *home)
    assert (listed.exit_code, tracking in listed.output) == (0, True)
    refused = run("review", "undo", tracking, "--who", "Jo", "--why", "a mistake", *home)
    assert isinstance(refused.exception, NotDone)
    assert "Let the LEA send the document again" in refusals.sentence(refused.exception)


def run(*words: str) -> Any:
    return CliRunner().invoke(main.build(list(words)), list(words))


def test_a_withdrawn_record_keeps_nothing(office: Office) -> None:
    office.enroll("01", child("Katharine", "Fitzgerald", "2012-04-17"), date="2025-08-18")
    row = office.send("01", record("01", child("Katherine", "Fitzgerald", "2012-04-17", **SECRETS)))
    assert row.held_for == "review"
    with writing(office.services.engine) as connection:
        decide.decide(office.services, connection, row.tracking, -1, Choice(Verb.NONE), BY)
    night(office, 15)
    assert "Katherine" not in json.dumps(kept(office, row.tracking))


def test_thousands_of_questions_are_forgotten_in_slices(office: Office) -> None:
    fill(office.services.engine, 450, random.Random(1))
    with writing(office.services.engine) as connection:
        connection.execute(update(table).values(closed_at=2.0))
    slices = sum(1 for _ in expired.night(office.services))
    assert slices > 4
    with reading(office.services.engine) as connection:
        held = connection.execute(select(func.count()).where(table.c.subject.contains("Zebulonia"))).scalar_one()
    assert held == 0


def test_the_night_comes_once_a_day_and_again_after_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    office = Office(tmp_path, "01")
    nights: list[str] = []

    def failing(_services: Any) -> Iterator[None]:
        nights.append("begun")
        if len(nights) == 1:
            yield
            raise OSError("the disk")

    monkeypatch.setattr(expired, "night", failing)
    nightly = expired.Nightly(office.services)
    nightly.look()
    nightly.look()
    with pytest.raises(OSError, match="the disk"):
        nightly.look()
    nightly.look()
    assert len(nights) == 1
    office.ahead += timedelta(minutes=11)
    nightly.look()
    for _ in range(5):
        nightly.look()
    assert len(nights) == 2
    office.ahead += timedelta(days=1)
    for _ in range(5):
        nightly.look()
    assert len(nights) == 3
    office.services.engine.dispose()


# SQLite's files


def fill(engine: Engine, many: int, chance: random.Random) -> None:
    """Questions of all sizes, some of which were written again, so that pages were divided."""
    for number in range(many):
        key = {"tracking": f"{chance.getrandbits(48):012x}", "line": number}
        subject = json.dumps({"student": {"last": f"Zebulonia{number:05}" + "x" * chance.choice([9, 200, 900, 9000])}})
        row = key | {"lea": "01", "subject": subject, "candidates": "[]", "opened_at": 1.0}
        with writing(engine) as connection:
            connection.execute(insert(table), row)
            if number % 3 == 0:
                older = connection.execute(select(table).where(table.c.line == chance.randrange(number + 1))).first()
                if older:
                    grown = older.subject[:-3] + "more" * chance.randrange(400) + '"}}'
                    connection.execute(update(table).where(table.c.line == older.line).values(subject=grown))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("many", [5, 90, 700])
def test_no_byte_of_it_is_left_in_the_database_or_its_log(tmp_path: Path, many: int, seed: int) -> None:
    """SQLite leaves copies of rows in pages, though it overwrites what it deletes."""
    chance = random.Random(seed)
    office = Office(tmp_path, "01")
    engine = office.services.engine
    fill(engine, many, chance)
    waiting = {number for number in range(many) if chance.random() < 0.1}
    with writing(engine) as connection:
        connection.execute(update(table).where(table.c.line.not_in(waiting)).values(closed_at=2.0))
    other = ledgers.again(office.exchange.home)  # of another process
    with reading(other) as connection:
        connection.execute(select(table)).all()
        for _ in expired.night(office.services):
            pass
    left = {int(found[9:14]) for found in _names(office.exchange.home)}
    assert left <= waiting
    with reading(engine) as connection:
        rows = connection.execute(select(table.c.line, table.c.subject)).all()
    assert {row.line for row in rows} == set(range(many))  # and no question was lost
    assert {row.line for row in rows if "Zebulonia" in row.subject} == waiting
    assert (office.exchange.home / "ledger.db-wal").stat().st_size == 0
    engine.dispose()
    other.dispose()


def _names(home: Path) -> set[str]:
    whole = b"".join((home / name).read_bytes() for name in ("ledger.db", "ledger.db-wal"))
    return {found.decode() for found in re.findall(rb"Zebulonia[0-9]{5}", whole)}


def test_a_reader_puts_the_emptying_of_the_log_off_and_blocks_nobody(tmp_path: Path) -> None:
    office = Office(tmp_path, "01")
    engine = office.services.engine
    with engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("BEGIN")  # a reader's
        connection.exec_driver_sql("SELECT count(*) FROM reviews").one()
        with writing(ledgers.again(office.exchange.home)) as other:
            reviews.enter(other, reviews.Review("t", 0, LeaId("01"), {}, (), 1.0))
        assert not purging.empty(engine)
        connection.exec_driver_sql("COMMIT")
    assert purging.empty(engine)
    engine.dispose()
