"""What LEAs already have on their machines, against the built-in SFTP server: OpenSSH's sftp and scp, lftp, rclone."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from broker.edge.settings.values import Sftp
from tests.support.ssh import PACKET, House, Running, names, running, wait_until
from tests.support.ssh_fixtures import Intake
from tests.support.tools import require_tool

pytest_plugins = ("tests.support.ssh_fixtures",)
MIB = 1024 * 1024
Ended = subprocess.CompletedProcess[str]


def document(house: House, name: str = "record.pgp", size: int = 300_000) -> Path:
    path = house.home / name
    path.write_bytes(os.urandom(size))
    return path


def lftp(served: Running, commands: str, lea: str = "01") -> Ended:
    program = " ".join(["ssh", "-a", "-x", *served.options(lea)])
    script = "set cmd:fail-exit yes; set net:max-retries 3; set net:reconnect-interval-base 1;\n"
    script += f'set sftp:connect-program "{program}"; open -u {lea}, sftp://127.0.0.1:{served.port};\n{commands}\n'
    environment = {**os.environ, "LFTP_HOME": str(served.house.home)}
    words = [require_tool("lftp"), "--norc", "-c", script]
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120, check=False)


def rclone(served: Running, *words: str, lea: str = "01") -> Ended:
    config = served.house.home / "rclone.conf"
    config.write_text(
        f"[x]\ntype = sftp\nhost = 127.0.0.1\nport = {served.port}\nuser = {lea}\n"
        f"key_file = {served.house.key(lea)}\nknown_hosts_file = {served.known_hosts}\n"
    )
    command = [require_tool("rclone"), "--config", str(config), "--retries", "1", "--low-level-retries", "3", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def ok(ended: Ended) -> Ended:
    assert ended.returncode == 0, ended.stderr + ended.stdout
    return ended


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
