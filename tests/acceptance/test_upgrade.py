"""Only `satchel upgrade` changes the form of a ledger, and every command says so."""

import hashlib
import inspect
import json
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
from typer.models import ArgumentInfo

from broker.cli import main
from broker.cli.catalog import COMMANDS
from broker.edge.ledger.engine import REVISION
from broker.processes.part import UNUSABLE
from tests.support import homes
from tests.support.exchange import SATCHEL, Exchange, satchel
from tests.support.homes import OldHome

OLDEST = homes.ALL[0]
LATER = "9999"
Ended = subprocess.CompletedProcess


# These take a home for its settings, codes or models, and open no ledger.
WITHOUT_LEDGER = {"codes", "identity compare", "receipt verify"}


# What a command wants beyond its required arguments, to come as far as the ledger.
MORE = {
    "student find": ["--name", "ana", "--why", "the police"],
    "lea key": ["--cert", "FILE"],
    "calendar close": ["2027-02-12", "--all", "--why", "Snow"],
    "calendar open": ["2027-02-12", "--all", "--why", "Snow"],
    "calendar reset": ["--all"],
    "disclosures": ["--all"],
    "review decide": ["--new"],
}
VALUES = {
    "kind": "district",
    "who": "Jo Larsen",
    "why": "a test",
    "keys": "FOLDER",
    "roster": "ROSTER",
    "first": "2027-02-12",
}


def commands_with_home() -> list[str]:
    """Every command that takes --home."""
    return [path for path in COMMANDS if "home" in inspect.signature(main.load(path)).parameters and path != "init"]


def words_of(path: str, folder: Path) -> list[str]:
    """The words of a command with every argument that it must have, and those that bring it as far as the ledger."""
    wanted = [one for one in inspect.signature(main.load(path)).parameters.values() if one.default is one.empty]
    given = [word for one in wanted if one.annotation is not typer.Context for word in _given(one)]
    places = {"FILE": folder / "01.asc", "FOLDER": folder / "new", "ROSTER": folder / "roster.csv"}
    return [str(places.get(word, word)) for word in (*path.split(), *given, *MORE.get(path, []))]


def _given(one: inspect.Parameter) -> list[str]:
    value = VALUES.get(
        one.name, "FILE" if Path in (one.annotation.__origin__, *get_args(one.annotation.__origin__)) else "1"
    )
    (info,) = one.annotation.__metadata__
    return [value] if isinstance(info, ArgumentInfo) else [f"--{one.name.replace('_', '-')}", value]


@pytest.fixture
def old(tmp_path: Path) -> OldHome:
    """A home of an earlier program, as it was left."""
    return homes.unpack(OLDEST, tmp_path / "old")


def digest(home: Path) -> str:
    return hashlib.sha256((home / "ledger.db").read_bytes()).hexdigest()


def form(ledger: Path) -> str:
    with closing(sqlite3.connect(ledger)) as connection:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


def contents(ledger: Path) -> dict[str, list[Any]]:
    """Every row of every table."""
    with closing(sqlite3.connect(ledger)) as connection:
        names = [one[0] for one in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for name in names}  # noqa: S608


def say_that_it_has(home: Path, revision: str) -> None:
    with closing(sqlite3.connect(home / "ledger.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", [revision])
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


# who says that it is needed


@pytest.mark.parametrize("later", [False, True], ids=["an earlier program's", "a later program's"])
def test_every_command_but_upgrade_says_that_it_is_needed_and_changes_nothing(
    old: OldHome, tmp_path: Path, later: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(old.root / "keys" / "01.asc", tmp_path)
    (tmp_path / "roster.csv").write_text("first,middle,last,birth_date\nAna,,Reyes,2012-03-04\n")
    if later:
        say_that_it_has(old.home, LATER)
    before = digest(old.home)
    commands = {path: words_of(path, tmp_path) for path in commands_with_home() if path not in WITHOUT_LEDGER}
    del commands["upgrade"]
    assert {"up", "status", "transfers", "student flag", "sshd-config", "review decide"} <= commands.keys()
    if later:
        commands["upgrade"] = ["upgrade"]
    ended = {"up": satchel("up", *old.at, check=False)}  # which would not end here if it did begin
    for path in commands.keys() - ended.keys():
        monkeypatch.setattr(sys, "argv", ["satchel", *commands[path], *old.at])
        with pytest.raises(SystemExit) as left:
            main.main()
        ended[path] = Ended(commands[path], left.value.code, *capsys.readouterr())
    wanted = "use that program" if later else f"run `satchel upgrade --home {old.home}`"
    assert {path: one.returncode for path, one in ended.items()} == dict.fromkeys(ended, 1)
    assert {path: one.stderr for path, one in ended.items() if not is_that_sentence(one, wanted)} == {}
    assert digest(old.home) == before
    assert not [*old.home.glob("ledger-*")]


def is_that_sentence(ended: Ended[str], wanted: str) -> bool:
    lines = ended.stderr.splitlines()
    return len(lines) == 1 and lines[0].endswith(".") and wanted in lines[0] and not ended.stdout


_ALIKE = [pytest.param(part, marks=pytest.mark.long) for part in ("watcher", "sweeper")]


@pytest.mark.parametrize("part", ["worker", "sftp", *_ALIKE])
def test_every_part_says_it_and_is_not_started_again(old: OldHome, part: str) -> None:
    before = digest(old.home)
    ended = subprocess.run(
        [sys.executable, "-m", f"broker.processes.{part}", *old.at],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == UNUSABLE
    assert f"run `satchel upgrade --home {old.home}`" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert digest(old.home) == before


def test_what_needs_no_ledger_works_on(old: OldHome, tmp_path: Path) -> None:
    receipt = next(old.home.glob("leas/01/receipts/*.delivered.json.asc"))
    content, key = tmp_path / "document.json", old.root / "keys" / "01.key"
    content.write_text("{}")
    exchange = str(old.home / "exchange.asc")
    satchel("receipt", "verify", str(receipt), "--cert", exchange)
    satchel("seal", str(content), "--key", str(key), "--to", exchange, "--out", str(tmp_path / "sealed.pgp"))
    satchel("codes", *old.at)
    assert form(old.home / "ledger.db") != REVISION


# the upgrade


def test_it_says_from_which_form_to_which_and_keeps_a_copy(old: OldHome) -> None:
    ledger, copy = old.home / "ledger.db", old.home / "ledger-0004.db"
    before = contents(ledger)
    said = satchel("upgrade", *old.at).stdout
    assert "from form 0004 to" in said
    assert str(copy) in said
    assert form(ledger) == REVISION
    assert contents(copy) == before
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert [path.name for path in old.home.glob("*ledger-*")] == [copy.name]
    after = contents(ledger)
    kept = before.keys() - {"student_blocks"}  # the index of the students is made again, for this program's model
    assert {name: len(after[name]) for name in kept} == {name: len(before[name]) for name in kept}
    assert {row[1] for row in after["student_blocks"]} == {row[1] for row in before["student_blocks"]}


def test_a_second_one_does_nothing(old: OldHome) -> None:
    first = json.loads(satchel("upgrade", "--json", *old.at).stdout)
    after = contents(old.home / "ledger.db")
    second = json.loads(satchel("upgrade", "--json", *old.at).stdout)
    assert first == {
        "home": str(old.home),
        "from": "0004",
        "to": REVISION,
        "changed": True,
        "copy": str(old.home / "ledger-0004.db"),
    }
    assert second == first | {"from": REVISION, "changed": False, "copy": None}
    assert contents(old.home / "ledger.db") == after
    assert "already" in satchel("upgrade", *old.at).stdout


def test_the_copy_takes_the_ledger_s_place_when_one_goes_back(old: OldHome) -> None:
    satchel("upgrade", *old.at)
    shutil.copy(old.home / "ledger-0004.db", old.home / "ledger.db")
    again = json.loads(satchel("upgrade", "--json", *old.at).stdout)
    assert again["copy"] == str(old.home / "ledger-0004-2.db")  # the first one is not written over
    assert contents(old.home / "ledger-0004-2.db") == contents(old.home / "ledger-0004.db")
    satchel("status", *old.at)


_KILLED = """
import os, signal
from alembic import op
import broker.cli.main

calls, real = [], op.{place}
def place(*args, **named):
    calls.append(1)
    if len(calls) == {number}:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*args, **named)
op.{place} = place
broker.cli.main.main()
"""
_EARLY_AND_LATE = [("add_column", 1), ("execute", 5)]
_BETWEEN = [pytest.param(*one, marks=pytest.mark.long) for one in (("create_table", 2), ("execute", 1))]


@pytest.mark.parametrize(("place", "number"), [*_EARLY_AND_LATE, *_BETWEEN])
def test_one_that_is_killed_leaves_the_ledger_as_it_was(old: OldHome, place: str, number: int) -> None:
    before = contents(old.home / "ledger.db")
    code = _KILLED.format(place=place, number=number)
    killed = subprocess.run(
        [sys.executable, "-c", code, "upgrade", *old.at], capture_output=True, timeout=60, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert contents(old.home / "ledger.db") == before
    assert "run `satchel upgrade" in satchel("status", *old.at, check=False).stderr
    satchel("upgrade", *old.at)
    assert form(old.home / "ledger.db") == REVISION
    satchel("status", *old.at)


def test_one_that_finds_no_room_for_the_copy_changes_nothing(old: OldHome) -> None:
    before = contents(old.home / "ledger.db")
    limit = f"ulimit -f {(old.home / 'ledger.db').stat().st_size // 2048}; exec "  # blocks of 1024 bytes, half of it
    ended = subprocess.run(
        ["bash", "-c", limit + '"$@"', "bash", *SATCHEL, "upgrade", *old.at],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, len(ended.stderr.splitlines())) == (1, 1), ended.stderr
    assert "copy" in ended.stderr
    assert contents(old.home / "ledger.db") == before
    assert [path.name for path in old.home.glob("*ledger-*")] == []


def test_it_is_refused_while_the_exchange_runs(tmp_path: Path) -> None:
    exchange = Exchange(tmp_path / "home", enabled=False, processes=1)
    try:
        exchange.up()
        with closing(sqlite3.connect(exchange.home / "ledger.db")) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '0004'")  # as if the program were a newer one
            connection.commit()
        ended = satchel("upgrade", *exchange.at, check=False)
        assert (ended.returncode, ended.stdout) == (1, "")
        assert is_that_sentence(ended, "stop `satchel up` first")
        assert form(exchange.home / "ledger.db") == "0004"
    finally:
        exchange.close()


def test_it_is_refused_while_a_part_is_alive_that_nobody_supervises(old: OldHome) -> None:
    (old.home / "run").mkdir(exist_ok=True)
    beat = {"part": "worker-0", "pid": os.getpid(), "ready": True, "at": 1e12}
    (old.home / "run" / "worker-0.json").write_text(json.dumps(beat))
    assert is_that_sentence(satchel("upgrade", *old.at, check=False), "stop `satchel up` first")
    (old.home / "run" / "worker-0.json").write_text(json.dumps(beat | {"at": 1.0}))  # died long ago
    satchel("upgrade", *old.at)
