"""The command line as a public interface: exit codes, one sentence for every failure, and what it prints.

0 is success, 1 a failure, 2 wrong use; no traceback reaches a user (DESIGN section 9).
"""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.desk import Town, child, record, town
from tests.support.exchange import Exchange, satchel

Ended = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    parties = {"01": ("district", "cv25519"), "6G": ("charter", "cv25519")}
    with town(tmp_path_factory.mktemp("cli"), parties, enabled=True) as made:
        yield made
        assert made.bugs() == []


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that is not up."""
    return Exchange(tmp_path_factory.mktemp("still") / "home").home


def all_of(commands: dict[str, list[str]]) -> dict[str, Ended]:
    """Run these, two at a time."""
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(commands, pool.map(lambda words: satchel(*words, check=False), commands.values()), strict=True))


def is_one_sentence(text: str) -> bool:
    lines = text.splitlines()
    return len(lines) == 1 and lines[0].endswith((".", "]", "?")) and "should not" not in text


def test_wrong_use(still: Path) -> None:
    at, lea = ["--home", str(still)], ["--name", "A", "--cert", "none.asc"]
    ended = all_of(
        {
            "no such command": ["nonsense"],
            "no such option": ["status", "--nonsense", *at],
            "option missing": ["lea", "add", "01", *at],
            "no such state": ["packets", "--state", "LOST", *at],
            "no such kind": ["lea", "add", "01", "--kind", "federal", *lea, *at],
            "id that is a path": ["lea", "add", "../01", "--kind", "district", *lea, *at],
            "id of the exchange": ["lea", "add", "exchange", "--kind", "district", *lea, *at],
            "nothing to do": ["lea", "key", "01", *at],
            "no key to check with": ["receipt", "verify", "none.asc"],
        }
    )
    assert {name: one.returncode for name, one in ended.items()} == dict.fromkeys(ended, 2)
    assert [name for name, one in ended.items() if "Traceback" in one.stderr] == []
    assert [name for name, one in ended.items() if not one.stderr and "Usage" not in one.stdout] == []
    assert "federal" not in ended["no such kind"].stderr
    assert not (still / "leas" / "01").exists()


def test_failures_are_one_sentence(still: Path, tmp_path: Path) -> None:
    at, lea = ["--home", str(still)], ["--name", "A", "--kind", "district"]
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_bytes(b"")
    ended = all_of(
        {
            "init into a folder with files": ["init", str(tmp_path / "full")],
            "init below a file": ["init", str(tmp_path / "file" / "home")],
            "no such packet": ["packet", "01a2086c-9762-70d3-ad39-baa169a2d35c", *at],
            "no such key file": ["lea", "add", "01", *lea, "--cert", str(tmp_path / "none"), *at],
            "key file is a folder": ["lea", "add", "01", *lea, "--cert", str(tmp_path), *at],
            "no such lea": ["lea", "key", "01", "--cert", str(still / "exchange.asc"), *at],
            "no home": ["status"],
        }
    )
    assert {name: one.returncode for name, one in ended.items()} == dict.fromkeys(ended, 1)
    assert {name: one.stderr for name, one in ended.items() if not is_one_sentence(one.stderr)} == {}
    assert {name: one.stdout for name, one in ended.items() if one.stdout} == {}
    assert {path.name for path in (tmp_path / "full").iterdir()} == {"file"}
    assert not (still / "leas" / "01").exists()


def broken_homes(still: Path, folder: Path) -> dict[str, Path]:
    """Homes in which something is not as it should be."""
    made = {"none": folder / "none", "file": folder / "file"}
    made["file"].write_bytes(b"")
    for name in ("toml", "setting", "ledger", "no-ledger"):
        made[name] = shutil.copytree(still, folder / name)
        for beside in made[name].glob("ledger.db-*"):
            beside.unlink()
    settings = (still / "satchel.toml").read_text()
    (made["toml"] / "satchel.toml").write_text(settings + "\nbroken = [\n")
    (made["setting"] / "satchel.toml").write_text(settings.replace("port = ", "prot = "))
    (made["ledger"] / "ledger.db").write_bytes(os.urandom(8192))
    (made["no-ledger"] / "ledger.db").unlink()
    return made


def test_a_home_that_cannot_be_used(still: Path, tmp_path: Path) -> None:
    homes = broken_homes(still, tmp_path)
    commands = {f"status {name}": ["status", "--home", str(home)] for name, home in homes.items()}
    commands |= {f"up {name}": ["up", "--home", str(homes[name])] for name in ("toml", "no-ledger")}
    ended = all_of(commands)
    codes = dict.fromkeys(ended, 1) | {"status ledger": 4}  # it is a home, and its ledger needs somebody
    assert {name: one.returncode for name, one in ended.items()} == codes
    assert {name: one.stderr for name, one in ended.items() if not is_one_sentence(one.stderr)} == {}
    assert {name: one.stdout for name, one in ended.items() if one.stdout} == {}
    assert not (homes["no-ledger"] / "ledger.db").exists()  # an empty one would forget every student


def test_up_says_what_is_missing_and_ends(still: Path, tmp_path: Path) -> None:
    homes = {name: shutil.copytree(still, tmp_path / name) for name in ("bad-key", "no-digest", "port")}
    (homes["bad-key"] / "keys" / "exchange.key").write_bytes(b"garbage")
    (homes["no-digest"] / "keys" / "digest.key").unlink()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        path = homes["port"] / "satchel.toml"
        path.write_text(path.read_text().replace("port = 0", f"port = {taken.getsockname()[1]}"))
        ended = all_of({name: ["up", "--home", str(home)] for name, home in homes.items()})
    assert {name: (one.returncode, one.stdout) for name, one in ended.items()} == dict.fromkeys(homes, (1, ""))
    logged = {name: one.stderr.splitlines()[:-1] for name, one in ended.items()}
    assert all(isinstance(json.loads(line), dict) for lines in logged.values() for line in lines)
    last = {name: one.stderr.splitlines()[-1] for name, one in ended.items()}
    assert {name: line for name, line in last.items() if not is_one_sentence(line)} == {}
    assert "sftp.port" in last["port"]


def test_a_second_up_on_the_same_home(here: Town) -> None:
    before = here.exchange.parts()
    ended = satchel("up", *here.exchange.at, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert is_one_sentence(ended.stderr)
    assert "already" in ended.stderr
    assert here.exchange.parts() == before
    assert all(part["alive"] and part["ready"] for part in here.exchange.status()["parts"])


@pytest.fixture(scope="module")
def tracking(here: Town) -> str:
    """A packet that is held."""
    student = child("Ana", "Reyes", "2012-03-04")
    here["01"].enroll(student)
    here["01"].send("held.pgp", record("01", student))
    return str(here["01"].receipt("held.pgp", "HELD")["tracking"])


def test_status(here: Town, tracking: str) -> None:
    assert tracking
    status = here.exchange.status()
    assert status["states"] == {"APPLIED": 1, "DELIVERED": 1, "HELD": 1}
    assert (status["oldest_waiting_seconds"], status["queues"]) == (None, {"express": 0, "bulk": 0, "costly": 0})
    names = {part["part"] for part in status["parts"]}
    assert {"sweeper", "watcher", "sftp", "worker-0"} <= names
    text = satchel("status", *here.exchange.at).stdout
    assert "1 HELD" in text
    assert "nothing waits" in text
    assert "DEAD" not in text
    assert all(name in text for name in names)


def test_packets(here: Town, tracking: str) -> None:
    rows = here.exchange.packets()
    assert [row["received_at"] for row in rows] == sorted((row["received_at"] for row in rows), reverse=True)
    held = here.exchange.packets(state="held")
    assert [(row["tracking"], row["held_for"], row["origin"]) for row in held] == [(tracking, "enrollment", "01")]
    assert here.exchange.packets(lea="6G") == []
    assert len(json.loads(satchel("packets", "--json", "--limit", "1", *here.exchange.at).stdout)) == 1
    text = satchel("packets", *here.exchange.at).stdout
    assert [row["tracking"] for row in rows if row["tracking"] not in text] == []
    assert "enrollment" in text
    assert "Reyes" not in text + json.dumps(rows)


def test_packet(here: Town, tracking: str) -> None:
    whole = json.loads(satchel("packet", tracking, "--json", *here.exchange.at).stdout)
    assert [event["after"] for event in whole["events"]] == ["RECEIVED", "ADMITTED", "HELD"]
    assert [(paper["n"], paper["party"]) for paper in whole["receipts"]] == [(1, "01"), (2, "01"), (3, "01")]
    text = satchel("packet", tracking, *here.exchange.at).stdout
    assert tracking in text
    assert "now HELD" in text
    assert "HELD (enrollment)" in text
    assert "Reyes" not in text + json.dumps(whole)


def test_the_directory(here: Town) -> None:
    listed = json.loads(satchel("lea", "list", "--json", *here.exchange.at).stdout)
    assert [(party["id"], party["kind"]) for party in listed] == [("01", "district"), ("6G", "charter")]
    assert [key["fingerprint"] for party in listed for key in party["keys"]] == [
        here[lea].fingerprint for lea in ("01", "6G")
    ]
    text = satchel("lea", "list", *here.exchange.at).stdout
    assert all(here[lea].fingerprint in text for lea in ("01", "6G"))
    again = here.exchange.home.parent / "01.asc"
    more = ["--name", "A", "--kind", "district", "--cert", str(again)]
    ended = satchel("lea", "add", "01", *more, *here.exchange.at, check=False)
    assert (ended.returncode, is_one_sentence(ended.stderr)) == (1, True)


def test_the_home_by_the_environment(here: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SATCHEL_HOME", str(here.exchange.home))
    assert json.loads(satchel("status", "--json").stdout)["parts"]


def test_it_stops_cleanly(here: Town) -> None:
    """The last of this module: exit code 0, and nothing is left running."""
    pids = here.exchange.parts()
    assert len(pids) >= 5
    assert here.exchange.down() == 0
    assert [name for name, pid in pids.items() if Path(f"/proc/{pid}").exists()] == []
    status = here.exchange.status()
    assert (status["parts"], status["queues"]) == ([], None)
