"""Only `satchel upgrade` changes the form of a ledger; homes of earlier programs are brought up, and all goes on.

Every archive of `tests/support/homes` is a home that an earlier program made, with what that program said of it.
"""

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
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
from typer.models import ArgumentInfo
from typer.testing import CliRunner

from broker.cli import main
from broker.cli.catalog import COMMANDS
from broker.edge.ledger.engine import REVISION
from broker.edge.pgp import openpgp
from broker.processes.part import UNUSABLE
from tests.support import desk, homes
from tests.support.desk import as_bytes
from tests.support.exchange import SATCHEL, Exchange, satchel, wait_until
from tests.support.homes import OldHome
from tests.support.scale import larger

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


# homes of earlier programs: the oldest one goes through the forms of all later ones

_OLDEST, *_LATER = homes.ALL
_HOMES = [_OLDEST, *(pytest.param(name, marks=pytest.mark.long) for name in _LATER)]


@pytest.fixture(scope="module", params=_HOMES)
def upgraded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> OldHome:
    old = homes.unpack(request.param, tmp_path_factory.mktemp("homes") / request.param)
    satchel("upgrade", *old.at)
    return old


# What may be told otherwise, by the first words of the command; everywhere else a later program may say more, and must
# say what was said.
MAY_DIFFER: Mapping[str, set[str]] = {
    "disclosures": {"at", "sentence"},  # of the last line alone: when this very look was
    "status": {"oldest_waiting_seconds"},  # counted until now
    "review": {"waits_seconds"},  # counted until now
    "transfers report": {"day", "overdue", "most_school_days_late"},  # as of today
    "claims": {"day"},  # today
}


def aside(words: list[str]) -> set[str]:
    return MAY_DIFFER.get(" ".join(words[:2]), MAY_DIFFER.get(words[0], set()))


def differences(before: Any, after: Any, but: set[str], place: str = "") -> Iterator[str]:
    """Where `after` does not say what `before` said."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name, value in before.items():
            if name not in but:
                yield from differences(value, after.get(name, "nothing"), but, f"{place}/{name}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from differences(one, other, but, f"{place}/{number}")
    elif before != after:
        yield f"{place}: {before!r} was said, now {after!r}"


def said_now(words: list[str], old: OldHome) -> Any:
    ended = CliRunner().invoke(main.build(words), [*words, *old.at])
    good = (0, 3, 4) if words[0] == "status" else (0,)  # it is not up
    assert ended.exit_code in good, (words, ended.exception)
    return json.loads(ended.stdout)


def _asked_again(said: list[tuple[list[str], Any]]) -> Iterator[tuple[list[str], Any]]:
    """All that was asked, but of packets of one type that ended alike six; in `make long` each."""
    asked: Counter[tuple[str, ...]] = Counter()
    for words, says in said:
        if words[0] == "packet":
            kind = tuple(str(says.get(name)) for name in ("type", "state", "code", "held_for"))
            asked[kind] += 1
            if asked[kind] > larger(6, len(said)):
                continue
        yield words, says


@pytest.mark.grows
def test_the_commands_say_what_they_said(upgraded: OldHome, tmp_path: Path) -> None:
    copy = OldHome(tmp_path, upgraded.facts, upgraded.students, upgraded.said)  # looks leave lines in the ledger
    shutil.copytree(upgraded.home, copy.home, symlinks=True)
    found = {}
    for words, says in _asked_again(upgraded.said):
        now = said_now(words, copy)
        told = [*differences(says, now, aside(words))]
        if words[0] == "disclosures":  # the last line is this look; the others are as they were
            told = [*differences(says[:-1], now[:-1], set()), *differences(says[-1:], now[-1:], aside(words))]
        if told:
            found[" ".join(words)] = told
    assert found == {}


def _of_each_kind(papers: list[Path]) -> dict[str, list[Path]]:
    """Receipts by LEA and by what they say."""
    found: dict[str, list[Path]] = {}
    for one in papers:
        found.setdefault(f"{one.parts[-3]} {one.name.partition('.')[2]}", []).append(one)
    return found


@pytest.mark.grows
def test_every_receipt_is_still_good(upgraded: OldHome) -> None:
    every = sorted(upgraded.home.glob("leas/*/receipts/*.asc"))
    assert len(every) > 100
    papers = [one for of in _of_each_kind(every).values() for one in of[: larger(4, len(every))]]
    words = ["receipt", "verify"]
    program = main.build(words)
    with_cert = ["--cert", str(upgraded.home / "exchange.asc")]
    ended = {path.name: CliRunner().invoke(program, [*words, str(path), *with_cert]) for path in papers}
    assert {name: one.output for name, one in ended.items() if one.exit_code} == {}


@pytest.fixture(scope="module")
def running(upgraded: OldHome) -> Iterator[Exchange]:
    """The exchange, up on the upgraded home; what is said of it is asked for before, for it goes on at once."""
    exchange = Exchange.of(upgraded.home)
    try:
        exchange.up()
        yield exchange
        log = exchange.log.read_text().splitlines()
        assert [line for line in log if "bug" in line or "Traceback" in line or "failed" in line] == []
    finally:
        exchange.close()


def send(running: Exchange, old: OldHome, lea: str, name: str, document: Mapping[str, Any]) -> None:
    """Seal with the LEA's old key, and drop."""
    key = openpgp.load_secret(old.key(lea))
    running.drop(lea, name, openpgp.seal(as_bytes(document), key, [running.certificate]))


def student(old: OldHome, name: str, lea: str) -> dict[str, Any]:
    """As this LEA has called the student."""
    return dict(old.students[name]) | {"local_id": f"{lea}-{name}"}


def packet(running: Exchange, tracking: str) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(satchel("packet", tracking, "--json", *running.at).stdout)
    return whole


def is_delivered(running: Exchange, tracking: str, lea: str) -> bool:
    whole = packet(running, tracking)
    return (whole["state"], whole["receiver"]) == ("DELIVERED", lea)


def the_case(running: Exchange, ssid: str) -> str:
    cases = json.loads(satchel("transfers", "--state", "all", "--json", *running.at).stdout)["transfers"]
    return str(next(one["state"] for one in cases if one["ssid"] == ssid))


WHO = ("--who", "Jo Larsen", "--why", "after the upgrade")


def test_what_was_in_hand_is_carried_on(running: Exchange, upgraded: OldHome) -> None:
    assert running.wait_receipt("01", "outside.pgp", "DELIVERED")["state"] == "DELIVERED"  # it lay in the outbox
    wait_until(lambda: is_delivered(running, upgraded.facts["received"], "02"), "what was taken in is delivered")
    wait_until(lambda: running.status()["transfers_to_open"] == 0, "the large packet's transfers are opened")
    for name in ("large-1", "large-2"):
        assert the_case(running, upgraded.facts[name]) == "requested"


def test_a_record_of_a_student_who_moved_is_delivered_and_closes_its_case(running: Exchange, upgraded: OldHome) -> None:
    ssid = upgraded.facts["waited"]
    assert the_case(running, ssid) == "requested"
    send(running, upgraded, "01", "waited.pgp", desk.record("01", student(upgraded, "waited", "01")))
    tracking = running.wait_receipt("01", "waited.pgp", "DELIVERED")["tracking"]
    (path,) = [one for one in running.inbox("6G") if one.name.startswith(tracking)]
    assert the_case(running, ssid) == "answered"
    path.unlink()
    wait_until(lambda: the_case(running, ssid) == "closed", "the case is closed")


def test_what_was_held_goes_on_when_what_it_waits_for_comes(running: Exchange, upgraded: OldHome) -> None:
    facts, at = upgraded.facts, running.at
    held = {one["tracking"] for one in running.packets(state="held")}
    ways = ("enrollment", "blocked", "receiver-key", "review")
    assert {facts[f"held-{why}"] for why in ways} <= held
    arrival = desk.enrollment("7K", student(upgraded, "expected", "7K"), date="2026-11-30")
    send(running, upgraded, "7K", "expected.pgp", arrival)
    wait_until(lambda: is_delivered(running, facts["held-enrollment"], "7K"), "the student is enrolled")
    satchel("student", "unflag", facts["missing"], *WHO, *at)
    wait_until(lambda: is_delivered(running, facts["held-blocked"], "02"), "the flag is lifted")
    satchel("lea", "key", "9L", "--cert", str(upgraded.root / "keys" / "9L.asc"), *at)
    wait_until(lambda: is_delivered(running, facts["held-receiver-key"], "9L"), "there is a key")
    satchel("review", "decide", facts["held-review"], "--same", "A", *WHO, *at)
    wait_until(lambda: is_delivered(running, facts["held-review"], "02"), "it is decided")


def test_what_was_decided_can_be_taken_back(running: Exchange, upgraded: OldHome) -> None:
    facts, at = upgraded.facts, running.at
    satchel("student", "unmerge", facts["merged"], facts["kept"], *WHO, *at)
    satchel("review", "undo", facts["other-question"], *WHO, *at)
    satchel("exception", "end", "school.example.mil", *WHO, *at)


def test_what_was_not_collected_can_be_recalled(running: Exchange, upgraded: OldHome) -> None:
    tracking = upgraded.facts["delivered-record"]
    recall = {"packet": "recall.v1", "id": "6f1d9a52-3a1c-4c7e-9d53-0f2f5b7f6c11", "from": "01"}
    about = {"created": "2026-12-01T10:00:00-07:00", "tracking": tracking, "why": "wrong-content"}
    send(running, upgraded, "01", "recall.pgp", recall | about)
    assert running.wait_receipt("01", "recall.pgp", "APPLIED", "REFUSED")["state"] == "APPLIED"
    wait_until(lambda: packet(running, tracking)["code"] == "recalled", "it is taken back")
    assert the_case(running, upgraded.facts["answered"]) == "requested"


def test_it_stops_and_a_newer_upgrade_finds_nothing_to_do(running: Exchange) -> None:
    """The last of a home."""
    assert running.down() == 0
    assert json.loads(satchel("upgrade", "--json", *running.at).stdout)["changed"] is False
