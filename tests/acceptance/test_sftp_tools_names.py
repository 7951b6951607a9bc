"""The same name twice, and what lftp and rclone do, against the built-in SFTP server."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.sftp_tools import Ended, document, lftp, ok
from tests.support.ssh import PACKET, House, Running, names, wait_until
from tests.support.ssh_fixtures import Intake
from tests.support.tools import require_tool

pytest_plugins = ("tests.support.ssh_fixtures",)


def rclone(served: Running, *words: str, lea: str = "01") -> Ended:
    config = served.house.home / "rclone.conf"
    config.write_text(
        f"[x]\ntype = sftp\nhost = 127.0.0.1\nport = {served.port}\nuser = {lea}\n"
        f"key_file = {served.house.key(lea)}\nknown_hosts_file = {served.known_hosts}\n"
    )
    command = [require_tool("rclone"), "--config", str(config), "--retries", "1", "--low-level-retries", "3", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


# --- the same name twice, while nothing is taken in


def twice(house: House) -> list[bytes]:
    """What intake would take."""
    return [(house.outbox() / name).read_bytes() for name in sorted(house.visible())]


@pytest.mark.parametrize("program", ["sftp", "sftp renames", "scp", "lftp", "rclone"])
def test_the_same_name_twice_is_two_packets(house: House, served: Running, program: str) -> None:
    require_tool("sftp")
    sent = []
    for size in (30_000, 20_000):
        source = document(house, "x.pgp", size)
        sent.append(source.read_bytes())
        _sends(served, program, source)
    assert sorted(twice(house), key=len, reverse=True) == sent


def test_lftp_is_told_that_a_finished_file_is_not_replaced(house: House, served: Running) -> None:
    """With a temporary file it removes the old one, and renames: it is refused, and both contents are there."""
    command = f"set xfer:use-temp-file yes; put -O outbox {document(house, 'x.pgp', 30_000)}"
    ok(lftp(served, command))
    document(house, "x.pgp", 20_000)
    refused = lftp(served, command)
    assert refused.returncode != 0
    assert "choose another name" in refused.stderr
    assert sorted((house.outbox() / name).stat().st_size for name in names(house.outbox())) == [20_000, 30_000]


def _sends(served: Running, program: str, source: Path) -> None:
    if program == "sftp":
        ok(served.sftp(f"put {source} outbox/\n"))
    elif program == "sftp renames":
        ok(served.sftp(f"put {source} outbox/x.part\nrename outbox/x.part outbox/x.pgp\n"))
    elif program == "scp":
        words = ["scp", "-s", *served.options("01"), "-P", str(served.port), str(source), "127.0.0.1:/outbox/"]
        assert subprocess.run(words, capture_output=True, timeout=60, check=False).returncode == 0
    elif program == "lftp":
        ok(lftp(served, f"put -O outbox {source}"))
    else:
        ok(rclone(served, "copyto", str(source), "x:outbox/x.pgp"))


# --- lftp


def test_lftp(house: House, served: Running) -> None:
    source = document(house)
    (house.inbox() / PACKET).write_bytes(source.read_bytes())
    (house.home / "in").mkdir()
    ok(lftp(served, f"put {source} -o outbox/a.pgp; put {source} -o outbox/b.part; mv outbox/b.part outbox/b.pgp"))
    ok(lftp(served, f"set xfer:use-temp-file yes; put -O outbox {source}"))
    assert house.visible() == {"a.pgp", "b.pgp", "record.pgp"}
    assert all((house.outbox() / name).read_bytes() == source.read_bytes() for name in house.visible())
    ok(lftp(served, f"cls -1 inbox; pget -n 3 inbox/{PACKET} -o {house.home}/got; rm inbox/{PACKET}"))
    assert (house.home / "got").read_bytes() == source.read_bytes()
    assert [how for _, _, how in house.heard] == ["sftp-read", "sftp-removed"]
    stolen = f"-o {house.home}/stolen"
    for command in (
        f"get /etc/passwd {stolen}",
        f"get ../6G/README.txt {stolen}",
        f"put {source} -o inbox/x.pgp",
        "mkdir outbox/folder",
    ):
        assert lftp(served, command).returncode != 0


def test_lftp_mirrors(house: House, served: Running, intake: Intake) -> None:
    folder = house.home / "night"
    folder.mkdir()
    for n in range(30):
        (folder / f"{n}.pgp").write_bytes(os.urandom(20_000))
    ok(lftp(served, f"mirror -R --parallel=4 {folder} /outbox"))
    wait_until(lambda: len(intake.taken) == 30)
    assert all(intake.taken[path.name] == path.read_bytes() for path in folder.iterdir())
    (house.inbox() / PACKET).write_bytes(b"sealed")
    ok(lftp(served, f"mirror --Remove-source-files /inbox {house.home}/in"))
    assert names(house.inbox()) == []
    assert house.heard[-1][2] == "sftp-removed"


# --- rclone


def test_rclone(house: House, served: Running, intake: Intake) -> None:
    folder = house.home / "night"
    folder.mkdir()
    for n in range(20):
        (folder / f"{n}.pgp").write_bytes(os.urandom(200_000))
    ok(rclone(served, "copy", str(folder), "x:outbox"))
    ok(rclone(served, "copyto", str(folder / "0.pgp"), "x:/outbox/one more.pgp"))
    wait_until(lambda: len(intake.taken) == 21)
    assert all(intake.taken[path.name] == path.read_bytes() for path in folder.iterdir())
    (house.inbox() / PACKET).write_bytes(b"sealed" * 50_000)
    assert PACKET in ok(rclone(served, "ls", "x:inbox")).stdout
    ok(rclone(served, "move", "x:inbox", str(house.home / "in")))
    assert (house.home / "in" / PACKET).read_bytes() == b"sealed" * 50_000
    assert names(house.inbox()) == []
    assert [how for _, _, how in house.heard] == ["sftp-read", "sftp-removed"]
    for words in (
        ("copy", str(folder), "x:inbox"),
        ("cat", "x:../6G/README.txt"),
        ("copyto", "x:../../etc/passwd", str(house.home / "stolen")),
        ("mkdir", "x:outbox/folder"),
    ):
        assert rclone(served, *words).returncode != 0
    assert not (house.home / "stolen").exists()
    assert names(house.inbox()) == []
