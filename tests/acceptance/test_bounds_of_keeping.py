"""Junk does not fill the disk, and a disk that is nearly full is no disaster: everything from outside."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.core.openpgp import frames
from tests.support.desk import Town, children, record, town
from tests.support.exchange import satchel, wait_until
from tests.support.tools import require_root

PARTIES = {"01": ("district", "cv25519"), "02": ("district", "cv25519"), "6G": ("charter", "cv25519")}
# sealed, and for somebody else: what is not sealed at all is never kept
JUNK = frames.packet(frames.PKESK, b"\x03" + b"strange!" + b"\x12" + b"\x5a" * 90)
MOST_FILES, MOST_BYTES = 20, 64 * 1024
MIB = 1024 * 1024
NEVER = 1 << 60  # bytes: no disk has so many free


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Town]:
    with town(
        tmp_path, PARTIES, processes=1, refused_files=MOST_FILES, refused_bytes=MOST_BYTES, poll_seconds=0.3
    ) as made:
        yield made
        assert made.bugs() == []


def vault_bytes(here: Town) -> int:
    return sum(path.stat().st_size for path in (here.exchange.home / "vault").glob("[0-9a-f]*/*"))


def test_refused_junk_is_removed_and_told_of_and_nothing_else_is(here: Town) -> None:
    (student,) = here.all_moved(children(1), "02", "01", "6G")
    here["01"].send("kept.pgp", record("01", student))
    kept = here["01"].delivered("kept.pgp")
    before = vault_bytes(here)
    for number in range(120):
        here["01"].drop(f"junk-{number}.pgp", JUNK + frames.packet(frames.SEIPD, b"\x01%d" % number + b"\x5a" * 40_000))
    here["01"].refused("junk-119.pgp")
    here["02"].enroll(*children(1, 7))
    wait_until(lambda: vault_bytes(here) - before <= MOST_BYTES + 64 * 1024, "the junk is gone")
    refused = here.exchange.packets(state="REFUSED", lea="01")
    assert len(refused) == 120, "their rows stay"
    told = [one for one in here.exchange.receipts("01") if one["state"] == "REFUSED"]
    assert len(told) == 120
    gone = [one for one in here.exchange.packets(state="REFUSED", lea="01") if one["purged_at"]]
    assert len(gone) >= 100
    said = satchel("packet", gone[0]["tracking"], *here.exchange.at).stdout
    assert "purged" in said, said
    assert here["6G"].read(kept)[0]


def test_what_is_no_file_and_was_set_aside_is_removed_too(here: Town) -> None:
    outbox = here.exchange.folder("01", "outbox")
    for number in range(40):
        (outbox / f"folder-{number}").mkdir()
        (outbox / f"folder-{number}" / "inside").write_bytes(b"x" * 100)
    here["01"].refused("folder-39")
    quarantine = here.exchange.home / "quarantine"
    wait_until(lambda: len(list(quarantine.rglob("*"))) <= MOST_FILES, "quarantine is within its bound")


@pytest.mark.long
def test_a_disk_that_is_nearly_full_stops_intake_only_and_it_goes_on_by_itself(here: Town) -> None:
    (student,) = here.all_moved(children(1), "02", "01", "6G")
    assert not here.exchange.status()["disk"]["intake_waits"]
    here.exchange.down()
    here.exchange.configure(reserve_bytes=NEVER)
    here.exchange.up()
    here["01"].send("record.pgp", record("01", student))
    time.sleep(4)
    status = here.exchange.status()
    assert status["disk"]["intake_waits"]
    assert (here.exchange.folder("01", "outbox") / "record.pgp").exists(), "it stays where it is"
    told = satchel("status", *here.exchange.at)
    assert (told.returncode, "the disk is nearly full" in told.stdout) == (4, True)
    assert here.exchange.log.read_text().count("the disk's reserve is reached") == 1
    here.exchange.down()
    here.exchange.configure(reserve_bytes=1)
    here.exchange.up()
    here["01"].delivered("record.pgp")


def test_a_real_disk_that_fills_and_has_room_again(tmp_path: Path) -> None:
    """Uploads and intake wait, what was taken in before is worked and delivered, and nothing is lost."""
    require_root("mounts a file system")
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m", "small", str(small)], check=True)
    try:
        with town(small, PARTIES, processes=1, reserve_bytes=32 * MIB) as here:
            (one, other) = here.all_moved(children(2), "02", "01", "6G")
            here["01"].send("before.pgp", record("01", one))
            here["01"].delivered("before.pgp")
            filler = small / "filler"
            filler.write_bytes(bytes(shutil.disk_usage(small).free - 24 * MIB))
            wait_until(lambda: here.exchange.status()["disk"]["intake_waits"], "the reserve is reached")
            here["02"].send("after.pgp", record("02", other))
            time.sleep(3)
            assert (here.exchange.folder("02", "outbox") / "after.pgp").exists()
            assert shutil.disk_usage(small).free > 16 * MIB
            filler.unlink()
            here["02"].receipt("after.pgp", "DELIVERED")
            assert here.bugs() == []
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


@pytest.mark.long
def test_an_lea_with_its_share_waiting_waits_and_is_told_while_others_go_on(here: Town) -> None:
    """Records of a student whom nobody else has enrolled are held: more than a share of them cannot be."""
    here.exchange.down()
    here.exchange.configure(waiting_files=5)
    here.exchange.up()
    students = here.all_moved(children(12), "01")
    for number, student in enumerate(students):
        here["01"].send(f"record-{number}.pgp", record("01", student))
    notice = here.exchange.home / "leas" / "01" / "OUTBOX-WAITS.txt"
    wait_until(notice.exists, "the LEA is told")
    wait_until(lambda: "01" in here.exchange.status()["full"], "status names the LEA")
    here["02"].enroll(*children(1, 7))
    assert any(here.exchange.folder("01", "outbox").glob("record-*.pgp"))
    here["6G"].enroll(*students)
    for number in range(12):
        here["01"].delivered(f"record-{number}.pgp", but=["HELD"])
    wait_until(lambda: not notice.exists(), "the notice goes")
