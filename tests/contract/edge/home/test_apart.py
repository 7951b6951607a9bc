"""Folders with mounts of their own, worked by runners: real processes, of which one hangs (a stopped process answers no
more than one in an uninterruptible wait); who is a mount is said by a table of the test's own. The kernel's own hangs:
tests/acceptance/test_bounds_of_intake.py."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.core.errors import Refused
from broker.core.files.extent import Extent, Progress
from broker.core.model import LeaId, PacketType, TrackingId
from broker.edge.home import mounts
from broker.edge.home.apart import Apart, Silent, silent
from broker.edge.home.apart_folders import ApartInboxes, ApartOutboxes, write_all_receipts
from broker.edge.home.folders import INBOX, OUTBOX, RECEIPTS, Home, Missing
from broker.edge.home.inbox import InboxState
from broker.edge.home.outbox import Changed, Odd
from broker.edge.home.readiness import Found
from broker.edge.settings.values import Limits
from broker.edge.vault import DirectoryVault
from tests.support.exchange import wait_until

LEA, OTHER = LeaId("01"), LeaId("02")
TRACKING = TrackingId("018f0000-0000-7000-8000-000000000001")
LIMITS = Limits(sealed_bytes=100_000)
ABANDON = 1.0


class House:
    """A home where the LEA 01 has a mount of its own, and 02 has none."""

    def __init__(self, root: Path, table: Path) -> None:
        self.home, self.table = Home(root / "home"), table
        self.home.create()
        for lea in (LEA, OTHER):
            self.home.create_lea(lea)
        self.mounted("41")
        self.apart = Apart(self.home, LIMITS, 0.7, ABANDON, "watcher")
        self.outboxes = ApartOutboxes(self.home, LIMITS, self.apart)
        self.inboxes = ApartInboxes(self.home, self.apart)
        self.box = self.home.folder(LEA, OUTBOX)

    def mounted(self, number: str) -> None:
        point = str(self.home.leas / "01").replace(" ", "\\040")
        lines = ["27 1 254:0 / / rw - ext4 /dev/vda rw", f"{number} 27 0:41 / {point} rw - nfs4 server:/ rw", ""]
        self.table.write_text("\n".join(lines))

    def runners(self) -> list[int]:
        """The processes that work for this LEA alone."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(stat.read_text().rpartition(")")[2].split()[1])
                command = stat.with_name("cmdline").read_bytes()
                above = Path(f"/proc/{parent}/cmdline").read_bytes()
            except OSError:
                continue
            own = (b"broker.edge.home.errands", str(self.home.root).encode())
            if all(word in command and word in above for word in own):
                found.append(int(stat.parent.name))
        return sorted(found)

    def one(self) -> Found:
        (found,) = self.outboxes.scan(LEA)
        assert isinstance(found, Found)
        return found


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    table = tmp_path / "mountinfo"
    monkeypatch.setattr(mounts, "_TABLE", table)
    made = House(tmp_path, table)
    yield made
    for pid in made.runners():
        os.kill(pid, signal.SIGCONT)
    made.apart.close()


def test_only_who_has_a_mount_has_a_runner(house: House) -> None:
    assert house.apart.is_apart(LEA)
    assert not house.apart.is_apart(OTHER)
    (house.home.folder(OTHER, OUTBOX) / "a.pgp").write_bytes(b"x")
    assert len(list(house.outboxes.scan(OTHER))) == 1
    assert house.runners() == []
    assert list(house.outboxes.scan(LEA)) == []
    assert len(house.runners()) == 1


def test_a_runner_does_what_the_folders_do(house: House) -> None:
    for number in range(600):
        (house.box / f"{number}.pgp").write_bytes(b"\x85" + b"x" * number)
    assert len(list(house.outboxes.scan(LEA))) == 600
    for path in house.box.iterdir():
        path.unlink()
    (house.box / "a.pgp").write_bytes(b"no packet")
    found = house.one()
    assert house.outboxes.extent(LEA, found, Progress(), 10)[0] is Extent.FOREIGN
    vault = DirectoryVault(house.home.vault)
    taken = house.outboxes.take(LEA, found, vault)
    assert vault.read(taken.sha256) == b"no packet"
    assert house.outboxes.discard(LEA, [taken]) == 1
    (house.box / "folder").mkdir()
    (odd,) = house.outboxes.scan(LEA)
    assert isinstance(odd, Odd)
    assert house.outboxes.quarantine(LEA, odd, TRACKING) == house.home.quarantine / TRACKING
    assert house.inboxes.stage_delivery(LEA, TRACKING, "t", [b"sealed", memoryview(b"!")]) == 7
    assert house.inboxes.staged(LEA) == [(TRACKING, "t")]
    assert house.inboxes.publish(LEA, TRACKING, "t", PacketType.TRANSCRIPT)
    assert house.inboxes.present(LEA) == {TRACKING}
    assert house.inboxes.inbox_state(LEA, TRACKING, "t", PacketType.TRANSCRIPT) is InboxState.PRESENT
    assert house.inboxes.withdraw(LEA, TRACKING, "t", PacketType.TRANSCRIPT)
    papers = [(lea, f"{number}.json.asc", "text") for lea in (LEA, OTHER) for number in range(50)]
    assert write_all_receipts(house.home, house.apart, papers) == []
    assert len(list(house.home.folder(LEA, RECEIPTS).iterdir())) == 50
    vault.close()


def test_a_runner_raises_what_the_folders_raise(house: House) -> None:
    vault = DirectoryVault(house.home.vault)
    (house.box / "a.pgp").write_bytes(b"x" * 100_001)
    with pytest.raises(Refused) as refused:
        house.outboxes.take(LEA, house.one(), vault)
    assert refused.value.code == "too-large"
    (house.box / "a.pgp").write_bytes(b"x")
    found = house.one()
    (house.box / "a.pgp").write_bytes(b"xy")
    with pytest.raises(Changed):
        house.outboxes.take(LEA, found, vault)
    with pytest.raises(RuntimeError, match="ValueError"):
        house.inboxes.publish(LEA, TrackingId("../x"), "t", PacketType.TRANSCRIPT)
    house.home.folder(LEA, INBOX).rmdir()
    with pytest.raises(Missing):
        house.inboxes.present(LEA)
    vault.close()


def test_who_hangs_is_waited_for_once_and_told_of_and_answers_again(house: House) -> None:
    list(house.outboxes.scan(LEA))
    (runner,) = house.runners()
    os.kill(runner, signal.SIGSTOP)
    with pytest.raises(Silent):
        house.inboxes.present(LEA)
    assert list(silent(house.home)) == ["01"]
    began = time.monotonic()
    for _ in range(500):
        with pytest.raises(Silent):
            house.inboxes.present(LEA)
    assert time.monotonic() - began < 100 * 0.7, "nobody waits a second time"
    other = Apart(house.home, LIMITS, 0.7, ABANDON, "worker-0")
    with pytest.raises(Silent):
        other.ask(LEA, "present")
    assert house.runners() == [runner], "the other parts do not even try"
    os.kill(runner, signal.SIGCONT)
    wait_until(lambda: answers(house), "it answers")
    assert silent(house.home) == {}
    assert house.runners() == [runner]


def answers(house: House) -> bool:
    try:
        house.inboxes.present(LEA)
    except Silent:
        return False
    return True


def test_who_hangs_for_long_is_killed_and_another_one_is_tried_after_a_pause(house: House) -> None:
    list(house.outboxes.scan(LEA))
    (runner,) = house.runners()
    os.kill(runner, signal.SIGSTOP)
    wait_until(lambda: not answers(house) and runner not in house.runners(), "it is killed")
    assert not answers(house), "not at once"
    assert wait_until(lambda: answers(house), "another one answers")
    assert len(house.runners()) == 1


def test_another_mount_is_tried_at_once(house: House) -> None:
    list(house.outboxes.scan(LEA))
    (runner,) = house.runners()
    os.kill(runner, signal.SIGSTOP)
    assert not answers(house)
    house.mounted("42")
    house.apart._table._read()  # a file of the test's tells nobody that it has changed
    assert answers(house)


def test_runners_end_with_who_asked(house: House) -> None:
    list(house.outboxes.scan(LEA))
    assert len(house.runners()) == 1
    house.apart.close()
    wait_until(lambda: not house.runners(), "the runner has ended")


def test_a_runner_that_was_killed_is_followed_by_another_one(house: House) -> None:
    list(house.outboxes.scan(LEA))
    os.kill(house.runners()[0], signal.SIGKILL)
    with pytest.raises(Missing):
        house.inboxes.present(LEA)
    assert house.inboxes.present(LEA) == set()
