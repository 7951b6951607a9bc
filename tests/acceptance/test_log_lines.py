"""The log of a whole exchange: each line of each part is a JSON object, and what goes on is said once."""

import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paramiko
import pytest

from broker.edge.queue.embedded_redis import binary
from broker.edge.sftp.hostkey import generate
from tests.support.desk import Town, child, children, record, town
from tests.support.exchange import wait_until
from tests.support.scale import larger
from tests.support.tools import require_root

PARTIES = {"01": ("district", "cv25519"), "6G": ("charter", "cv25519")}
FIRST, LAST, BORN, SSN = "Zebulon", "Quackenbush", "2012-03-04", "529-12-3456"
USER = 'x verb=begin lea=01 "\n{"event": "forged"}'


def lines(log: Path, since: int = 0) -> list[dict[str, Any]]:
    """The log from that byte on; each line must be an object with what every line has."""
    with log.open("rb") as file:
        file.seek(since)
        told = [json.loads(line) for line in file.read().decode().splitlines()]
    assert [line for line in told if not {"time", "level", "part", "event"} <= line.keys()] == []
    return told


def kinds(told: list[dict[str, Any]]) -> Mapping[tuple[str, ...], int]:
    """How often each part has said the same."""
    names = ("part", "event", "logger", "what", "kind", "why", "lea", "address", "user", "died")
    return Counter(tuple(str(line.get(name, "")) for name in names) for line in told if line["level"] != "info")


@contextmanager
def redis(folder: Path) -> Iterator["Redis"]:
    made = Redis(folder)
    made.start()
    try:
        yield made
    finally:
        made.kill()


class Redis:
    """A server of the operator's own."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = int(free.getsockname()[1])
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        words = [binary(), "--port", str(self.port), "--save", "", "--dir", str(self.folder)]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
        wait_until(lambda: _is_open(self.port), "Redis answers")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


def _is_open(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


def knock(port: int, user: str) -> None:
    """Try to log in with a key that nobody knows."""
    with socket.create_connection(("127.0.0.1", port)) as line:
        transport = paramiko.Transport(line)
        try:
            transport.connect(username=user, pkey=_key())
        except paramiko.SSHException:
            return
        finally:
            transport.close()
    raise AssertionError("it let a stranger in")


def _key() -> paramiko.PKey:
    return paramiko.Ed25519Key.from_private_key(io.StringIO(generate().decode()))


@pytest.mark.grows
def test_redis_away_bad_logins_and_parts_that_die(tmp_path: Path) -> None:
    student = child(FIRST, LAST, BORN)
    with redis(tmp_path) as server, town(tmp_path, PARTIES, enabled=True, login_attempts=3) as here:
        here.exchange.down()
        _use(here, f"redis://127.0.0.1:{server.port}/0")
        here.exchange.up()
        here["01"].enroll(student)
        port = int((here.exchange.home / "run" / "sftp.port").read_text())
        since = here.exchange.log.stat().st_size
        server.kill()
        for user in ("01", "root", USER):
            knock(port, user)
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.sendall(b"GET / HTTP/1.0\r\n\r\n")
        time.sleep(larger(6, 12))  # whatever is tried again and again would have been told again and again
        for name, pid in here.exchange.parts().items():
            if name.startswith(("worker", "sftp")):
                os.kill(pid, signal.SIGKILL)
        time.sleep(larger(4, 8))
        server.start()
        here["01"].send("record.pgp", record("01", student))
        here["01"].receipt("record.pgp", "HELD", "DELIVERED")
        here["01"].send("bad.pgp", b"SSN " + SSN.encode())
        here["01"].receipt("bad.pgp", "REFUSED")
        log = here.exchange.log
        wait_until(lambda: [one["event"] for one in lines(log, since)].count("no-login") >= 4, "the logins are told")
        assert here.exchange.down() == 0
    told = lines(log)
    text = log.read_text()
    assert [word for word in (FIRST, LAST, BORN, SSN) if word in text] == []
    tried = [(one.get("user"), one["address"], one["part"]) for one in told if one["event"] == "no-login"]
    assert {(user, "127.0.0.1", "sftp-0") for user in ("01", "root", USER[:64])} <= {*tried}
    assert not any(one["event"] == "forged" for one in told)
    died = {(one["part"], one["died"]) for one in told if "died" in one}
    assert died >= {("supervisor", "sftp"), ("supervisor", "worker-0")}
    often = {kind: count for kind, count in kinds(lines(log, since)).items() if count > 2}
    assert often == {}  # twice where a part that died began anew without what it knew
    assert len(told) < 80


def _use(here: Town, url: str) -> None:
    path = here.exchange.home / "satchel.toml"
    text = path.read_text()
    place = text.index('url = ""', text.index("[redis]"))
    path.write_text(text[:place] + f'url = "{url}"' + text[place + len('url = ""') :])


@pytest.mark.long
def test_a_disk_that_is_full_to_its_last_byte(tmp_path: Path) -> None:
    """It was 410 kB of traceback a minute; the log itself lies elsewhere here."""
    require_root("mounts a file system")
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m", "small", str(small)], check=True)
    try:
        with town(small, PARTIES, enabled=True, reserve_bytes=0) as here:
            here.exchange.down()
            here.exchange.log = tmp_path / "log"
            here.exchange.up()
            (student,) = here.all_moved(children(1), "01", "6G")
            sealed = here["01"].seal(record("01", student))
            since = here.exchange.log.stat().st_size
            filler = small / "filler"
            _fill(filler)
            time.sleep(20)
            status = here.exchange.status()
            assert (status["code"], "the disk is nearly full" in status["needs"][0]["what"]) == (4, True)
            told = lines(here.exchange.log, since)
            assert told, "the operator is told"
            assert {kind: count for kind, count in kinds(told).items() if count > 1} == {}
            assert len(told) < 60
            filler.unlink()
            here["01"].drop("record.pgp", sealed)
            here["01"].delivered("record.pgp")
            assert here.bugs() == []
            here.exchange.down()
            lines(here.exchange.log)
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


@pytest.mark.long
def test_a_log_on_the_full_disk_ends_no_part(tmp_path: Path) -> None:
    require_root("mounts a file system")
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "small", str(small)], check=True)
    try:
        with town(tmp_path / "town", PARTIES, enabled=True) as here:
            here.exchange.down()
            here.exchange.log = small / "log"
            here.exchange.up()
            before = {name.rpartition("-")[0] for name in here.exchange.parts()}
            pids = set(here.exchange.parts().values())
            _fill(small / "filler")
            port = int((here.exchange.home / "run" / "sftp.port").read_text())
            for _ in range(3):
                knock(port, "root")
            here["01"].enroll(*children(1))
            (small / "filler").unlink()
            knock(port, "later")
            wait_until(lambda: "later" in here.exchange.log.read_text(), "it goes on")
            assert {name.rpartition("-")[0] for name in here.exchange.parts()} == before
            assert set(here.exchange.parts().values()) == pids
            here.exchange.down()
            told = lines(here.exchange.log)
            assert sum(one.get("lost", 0) for one in told) >= 3
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


def _fill(filler: Path) -> None:
    free = shutil.disk_usage(filler.parent).free
    with filler.open("wb", buffering=0) as file:
        for size in (65536, 4096):
            try:
                for _ in range(free // size + 1):
                    file.write(bytes(size))
            except OSError:
                continue


@pytest.mark.parametrize("part", ["worker", "watcher", "sweeper", "sftp"])
def test_a_part_that_cannot_run_says_so_in_a_line(part: str, tmp_path: Path) -> None:
    words = [sys.executable, "-m", f"broker.processes.{part}", "--home", str(tmp_path)]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    (line,) = [json.loads(one) for one in ended.stderr.splitlines()]
    assert (line["part"], line["event"], line["level"]) == (part, "the part cannot run", "critical")
    assert "is not a Satchel home" in line["why"]
