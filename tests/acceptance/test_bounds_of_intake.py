"""One LEA floods, or its folders hang: another one's honest drop is taken in, answered and delivered all the same.

Everything from outside. Limits are generous: what is measured elsewhere is the time, here only that nobody waits.
"""

import fcntl
import itertools
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.core.openpgp import frames
from tests.support.desk import Town, children, record, town
from tests.support.exchange import wait_until
from tests.support.hanging import hanging
from tests.support.tools import missing

PARTIES = {"01": ("district", "cv25519"), "02": ("district", "cv25519"), "6G": ("charter", "cv25519")}
SOON = 15.0  # seconds; on a busy machine


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Town]:
    with town(tmp_path, PARTIES, processes=1, answer_seconds=1.0, abandon_seconds=3.0, poll_seconds=0.3) as made:
        yield made
        assert made.bugs() == []


def enrolls(here: Town, lea: str, first: int) -> None:
    """An honest drop, and its answer, soon."""
    began = time.monotonic()
    (line,) = here[lea].enroll(*children(1, first))
    assert line["answer"] == "assigned", line
    assert time.monotonic() - began < SOON


def half(parts: int) -> bytes:
    """The first half of a sealed file that a program writes in parts of 512 bytes."""
    return frames.packet(frames.PKESK, b"\x03" * 90) + b"\xd2" + (b"\xe9" + b"\x5a" * 512) * parts


def reads(here: Town) -> int:
    """How often the watcher has read something."""
    pid = next(pid for name, pid in here.exchange.parts().items() if name.startswith("watcher"))
    try:
        fields = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    except PermissionError:  # it lets nobody of its user look
        missing("needs root: what another process reads is not shown")
    return int(fields["syscr"])


def is_still(here: Town) -> bool:
    """Whether the watcher reads nothing of a file now."""
    before = reads(here)
    time.sleep(0.3)
    return reads(here) - before < 1000


def test_half_files_that_are_renamed_again_and_again_are_read_once(here: Town) -> None:
    parts, renames = 20_000, 60
    outbox = here.exchange.folder("01", "outbox")
    names = [f"a{number}.pgp" for number in range(6)]
    for name in names:
        here["01"].drop(name, half(parts))
    wait_until(lambda: reads(here) > 6 * parts and is_still(here), "the half files were looked at")
    before = reads(here)
    for turn in range(renames):
        for number, name in enumerate(names):
            names[number] = f"{turn}-{number}.pgp"
            (outbox / name).rename(outbox / names[number])
            os.utime(outbox / names[number])
        time.sleep(0.02)
    enrolls(here, "02", 0)
    assert reads(here) - before < 6 * parts, "less than to read each of them once more"


def test_a_flood_of_files_and_bytes_leaves_room_for_others(here: Town) -> None:
    """Small ones and large ones, that are refused, and half ones that are waited for."""
    for number in range(1_000):
        here["01"].drop(f"junk-{number}.pgp", b"-----BEGIN PGP MESSAGE-----\n\n%d\n-----END PGP MESSAGE-----" % number)
    for number in range(4):
        here["01"].drop(f"large-{number}.pgp", b"no packet %d" % number + bytes(20 * 1024 * 1024) + b"\x01")
        here["01"].drop(f"half-{number}.pgp", half(20_000))
    enrolls(here, "02", 0)
    enrolls(here, "6G", 1)
    here["01"].refused("junk-999.pgp")


_LATER = [pytest.param(name, marks=pytest.mark.long) for name in ("outbox", "inbox", "receipts")]


@pytest.mark.parametrize("there", ["", *_LATER])
def test_a_folder_that_hangs_keeps_nobody_else_waiting(here: Town, there: str) -> None:
    """What is on its way to it waits for it, and goes on by itself; the operator sees who it is; parts end in order."""
    numbers = itertools.count()
    (student,) = here.all_moved(children(1, next(numbers)), "02", "01")
    with hanging(here.exchange.home / "leas" / "01" / there) as mount:
        here["02"].send("record.pgp", record("02", student))
        for _ in range(3):
            enrolls(here, "02", next(numbers))
        wait_until(lambda: "01" in here.exchange.status()["silent"], "status names the LEA")
        assert set(here.exchange.status()["silent"]) == {"01"}
        enrolls(here, "6G", next(numbers))
        mount.answers()
        here["02"].delivered("record.pgp", but=["HELD"])
        wait_until(lambda: not here.exchange.status()["silent"], "the LEA answers again")
        enrolls(here, "01", next(numbers))


@pytest.mark.long
def test_the_exchange_ends_and_begins_beside_a_folder_that_hangs(here: Town) -> None:
    with hanging(here.exchange.home / "leas" / "01"):
        wait_until(lambda: "01" in here.exchange.status()["silent"], "status names the LEA")
        time.sleep(4)  # its runner is abandoned by now
        assert here.exchange.down() == 0
        here.exchange.up()
        enrolls(here, "02", 0)
        assert here.exchange.down() == 0
    here.exchange.up()
    enrolls(here, "01", 1)


def test_pipes_and_leased_files_are_never_waited_for(here: Town) -> None:
    """A lease (fcntl(2), F_SETLEASE) makes who opens the file wait for its holder, who is told by a signal."""
    before = signal.signal(signal.SIGIO, signal.SIG_IGN)
    outbox = here.exchange.folder("01", "outbox")
    os.mkfifo(outbox / "pipe.pgp")
    leased = os.open(outbox / "leased.pgp", os.O_RDWR | os.O_CREAT)
    os.write(leased, b"no packet")
    fcntl.fcntl(leased, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    try:
        enrolls(here, "02", 0)
        enrolls(here, "02", 1)
        assert here["01"].refused("pipe.pgp")["code"] == "not-a-file"
    finally:
        os.close(leased)
        signal.signal(signal.SIGIO, before)
    assert here["01"].refused("leased.pgp")["code"] == "not-openpgp"
