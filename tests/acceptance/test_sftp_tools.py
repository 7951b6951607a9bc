"""What LEAs already have on their machines, against the built-in SFTP server: OpenSSH's sftp and scp, lftp, rclone."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from broker.edge.settings.values import Sftp
from tests.support.sftp_tools import document, lftp, ok
from tests.support.ssh import PACKET, House, Running, names, running, wait_until
from tests.support.ssh_fixtures import Intake
from tests.support.tools import require_tool

pytest_plugins = ("tests.support.ssh_fixtures",)
MIB = 1024 * 1024


# --- OpenSSH


def test_sftp_puts_lists_gets_and_removes(house: House, served: Running) -> None:
    require_tool("sftp")
    source = document(house)
    (house.inbox() / PACKET).write_bytes(source.read_bytes())
    listing = ok(
        served.sftp(
            f"put {source} outbox/\nput -p {source} outbox/second.part\nrename outbox/second.part outbox/second.pgp\n"
            f"ls -l outbox\nls -l inbox\nget inbox/{PACKET} {house.home}/got\nget README.txt {house.home}/page\n"
            f"rm inbox/{PACKET}\nls inbox\n"
        )
    ).stdout
    assert house.visible() == {"record.pgp", "second.pgp"}
    for got in (house.outbox() / "record.pgp", house.outbox() / "second.pgp", house.home / "got"):
        assert got.read_bytes() == source.read_bytes()
    assert "300000" in listing
    assert (house.home / "page").read_text() == "What to do.\n"
    assert [how for _, _, how in house.heard] == ["sftp-read", "sftp-removed"]


@pytest.mark.parametrize(
    "command",
    [
        "ls ../6G",
        "get ../../../../etc/passwd {home}/stolen",
        "get /etc/passwd {home}/stolen",
        "ls /leas/6G/inbox",
        "cd /outbox/../../6G",
        "symlink /etc/passwd outbox/link",
        "ln -s /etc outbox/link",
        "ln outbox/mine.pgp outbox/link",
        "mkdir outbox/folder",
        "put {home}/mine inbox/new.pgp",
        "put {home}/mine inbox/{packet}",
        "put {home}/mine receipts/new",
        "put {home}/mine directory/01.asc",
        "put {home}/mine README.txt",
        "rename inbox/{packet} outbox/{packet}",
        "rename outbox/mine.pgp inbox/mine.pgp",
        "rm directory/6G.asc",
        "rm README.txt",
        "rmdir inbox",
        "chmod 777 inbox/{packet}",
    ],
)
def test_sftp_is_refused(house: House, served: Running, command: str) -> None:
    require_tool("sftp")
    (house.inbox() / PACKET).write_bytes(b"sealed")
    (house.root("01") / "directory" / "6G.asc").write_bytes(b"key")
    (house.outbox() / "mine.pgp").write_bytes(b"x")
    (house.home / "mine").write_bytes(b"x")
    assert served.sftp(command.format(home=house.home, packet=PACKET) + "\n").returncode != 0
    assert not (house.home / "stolen").exists()
    assert names(house.inbox()) == [PACKET]
    assert (house.inbox() / PACKET).read_bytes() == b"sealed"
    assert names(house.outbox()) == ["mine.pgp"]
    assert house.heard == []


def test_another_leas_key_opens_nothing_here(served: Running) -> None:
    require_tool("sftp")
    refused = served.sftp("ls\n", "6G", user="01")
    assert refused.returncode != 0
    assert "Permission denied (publickey)" in refused.stderr
    assert served.sftp("ls\n", "6G").returncode == 0


def test_scp(house: House, served: Running, intake: Intake) -> None:
    require_tool("scp")
    source = document(house)
    (house.inbox() / PACKET).write_bytes(source.read_bytes())
    scp = ["scp", "-s", "-p", *served.options("01"), "-P", str(served.port)]
    for words in (
        [str(source), "127.0.0.1:/outbox/"],
        [str(source), "127.0.0.1:outbox/second.pgp"],
        [f"127.0.0.1:/inbox/{PACKET}", f"{house.home}/got"],
    ):
        ok(subprocess.run([*scp, *words], capture_output=True, text=True, timeout=60, check=False))
    wait_until(lambda: len(intake.taken) == 2)
    assert set(intake.taken.values()) == {source.read_bytes()} == {(house.home / "got").read_bytes()}
    assert [how for _, _, how in house.heard] == ["sftp-read"]
    for words in ([str(source), "127.0.0.1:/inbox/"], [str(source), "127.0.0.1:/outbox/folder/x.pgp"]):
        assert subprocess.run([*scp, *words], capture_output=True, timeout=60, check=False).returncode != 0
    legacy = ["scp", "-O", *served.options("01"), "-P", str(served.port), str(source), "127.0.0.1:/outbox/"]
    assert subprocess.run(legacy, capture_output=True, timeout=60, check=False).returncode != 0


def test_sixty_megabytes_each_way(house: House, served: Running) -> None:
    require_tool("sftp")
    source = document(house, size=60 * MIB)
    ok(served.sftp(f"put {source} outbox/big.pgp\n"))
    (house.outbox() / "big.pgp").rename(house.inbox() / PACKET)
    ok(served.sftp(f"get inbox/{PACKET} {house.home}/got\n", "01", "-o", "RekeyLimit=16M"))
    assert (house.home / "got").read_bytes() == source.read_bytes()
    assert [how for _, _, how in house.heard] == ["sftp-read"]


def start(served: Running, command: str) -> "subprocess.Popen[bytes]":
    """An sftp program that is at work on one command."""
    words = ["sftp", *served.options("01"), "-P", str(served.port), "-b", "-", "127.0.0.1"]
    program = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, start_new_session=True)
    assert program.stdin is not None
    program.stdin.write(command.encode() + b"\n")
    program.stdin.close()
    return program


def killed_half_way(house: House, source: Path) -> int:
    """Upload slowly, kill the client with all its children, and give the size of what is there then."""
    with running(house, Sftp(port=0, bytes_per_second=4 * MIB)) as slow:
        program = start(slow, f"put {source} outbox/")
        with slow.client() as client:
            wait_until(lambda: _size(client.stat, "/outbox/record.pgp") > MIB)
            assert house.visible() == set()
            os.killpg(program.pid, signal.SIGKILL)
            program.wait()
            wait_until(lambda: sum(one.name == "sftp-session" for one in threading.enumerate()) == 1)
            assert house.visible() == set()
            return _size(client.stat, "/outbox/record.pgp")


def _size(stat: Callable[[str], object], path: str) -> int:
    try:
        return int(getattr(stat(path), "st_size", 0))
    except FileNotFoundError:
        return 0


@pytest.mark.parametrize("program", ["sftp", "lftp", "again"])
def test_a_killed_upload_is_not_seen_and_goes_on(house: House, program: str) -> None:
    require_tool("sftp")
    source = document(house, size=4 * MIB)
    there = killed_half_way(house, source)
    assert MIB < there < 4 * MIB
    with running(house) as served:
        if program == "sftp":
            ok(served.sftp(f"reput {source} outbox/record.pgp\n"))
        elif program == "lftp":
            ok(lftp(served, f"put -c {source} -o outbox/record.pgp"))
        else:
            ok(served.sftp(f"put {source} outbox/record.pgp\n"))
    assert names(house.outbox()) == ["record.pgp"]
    assert (house.outbox() / "record.pgp").read_bytes() == source.read_bytes()


def test_a_killed_download_is_not_collected_and_goes_on(house: House) -> None:
    require_tool("sftp")
    source = document(house, size=4 * MIB)
    (house.inbox() / PACKET).write_bytes(source.read_bytes())
    got = house.home / "got"
    with running(house, Sftp(port=0, bytes_per_second=4 * MIB)) as slow:
        program = start(slow, f"get inbox/{PACKET} {got}")
        wait_until(lambda: got.exists() and got.stat().st_size > 200_000)
        os.killpg(program.pid, signal.SIGKILL)
        program.wait()
    assert house.heard == []
    with running(house) as served:
        ok(served.sftp(f"reget inbox/{PACKET} {got}\n"))
    assert got.read_bytes() == source.read_bytes()
