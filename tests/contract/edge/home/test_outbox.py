"""Taking files in from real outboxes: which are complete."""

import os
import shutil
from pathlib import Path

import pytest

from broker.core.files.extent import Extent, Progress
from broker.edge.home.file_names import is_sender_s, is_unfinished
from broker.edge.home.outbox import Changed, Outboxes, Taken
from broker.edge.home.readiness import Found, Judge, Readiness, Ready
from broker.edge.vault import DirectoryVault, Vault
from tests.support.outbox_files import LEA, is_whole

SETTLE, BROKEN = 3.0, 900.0


def sealed(size: int) -> bytes:
    """A message of this test: a mark, its length, its body. It says itself where it ends, as OpenPGP does."""
    return b"SEAL" + size.to_bytes(4, "big") + os.urandom(size)


class Intake:
    """Looks at the outbox as the watcher does, with a clock that only the test moves."""

    def __init__(self, outboxes: Outboxes, vault: Vault) -> None:
        self.outboxes, self.vault = outboxes, vault
        self.readiness = Readiness(SETTLE, BROKEN)
        self.now = 1000.0
        self.taken: list[Taken] = []
        self.broken: list[str] = []

    def look(self, closed: str = "", after: float = 0.0) -> list[str]:
        """One scan; the names of what was taken."""
        self.now += after
        ready = []
        for found in self.outboxes.scan(LEA):
            assert isinstance(found, Found)
            try:
                answer = self.readiness.observe(LEA, found, self.now, found.name == closed, self.asks(found))
            except Changed:
                continue
            if isinstance(answer, Ready):
                ready.append(self.outboxes.take(LEA, found, self.vault))
                self.readiness.drop(LEA, found.name)
                self.broken += [found.name] * answer.broken
        self.readiness.drop_unseen(LEA, self.now)
        self.vault.flush()
        self.outboxes.discard(LEA, ready)
        self.taken += ready
        return [taken.name for taken in ready]

    def asks(self, found: Found) -> Judge:
        def judge(progress: Progress) -> tuple[Extent, Progress]:
            return (Extent.WHOLE if self.outboxes.is_complete(LEA, found, is_whole) else Extent.SHORT), progress

        return judge


@pytest.fixture
def intake(outboxes: Outboxes, vault: DirectoryVault) -> Intake:
    return Intake(outboxes, vault)


# complete or not


@pytest.mark.parametrize(
    ("name", "is_told"),
    [
        *((name, True) for name in ("x.pgp.part", "x.filepart", "x.tmp", "x~", ".students.pgp", ".x.ASC")),
        *((name, True) for name in (".satchel-upload.x.pgp", ".satchel-upload.x")),
        *((name, False) for name in (".DS_Store", "._x.pgp", ".x.pgp.Xa3f2", ".0123456789abcdef.taken", ".a\nb.pgp")),
    ],
)
def test_of_unfinished_files_those_that_a_sender_means_are_seen(name: str, is_told: bool) -> None:
    assert is_unfinished(name)
    assert is_sender_s(name) is is_told


@pytest.mark.parametrize("pause", [1.0, 5.0, 60.0])
def test_a_slow_writer_is_left_alone_however_long_it_stalls(box: Path, intake: Intake, pause: float) -> None:
    data = sealed(10_000)
    with (box / "slow.pgp").open("wb", buffering=0) as file:
        for start in range(0, len(data), 1001):
            file.write(data[start : start + 1001])
            for _ in range(4):
                if start + 1001 < len(data):
                    assert intake.look(after=pause / 4) == []
    intake.look()
    assert intake.look(after=SETTLE) == ["slow.pgp"]
    assert intake.vault.read(intake.taken[0].sha256) == data
    assert list(box.iterdir()) == []


def test_a_writer_that_opens_and_closes_for_each_part(box: Path, intake: Intake) -> None:
    data = sealed(5_000)
    path = box / "parts.pgp"
    for start in range(0, len(data), 700):
        with path.open("ab") as file:
            file.write(data[start : start + 700])
        last = start + 700 >= len(data)
        assert intake.look(closed="parts.pgp", after=10.0) == (["parts.pgp"] if last else [])
    assert intake.vault.read(intake.taken[0].sha256) == data


@pytest.mark.parametrize("suffix", [".part", ".PART", ".tmp", ".filepart", ".FilePart", ".crdownload", "~"])
def test_an_upload_under_another_name_is_seen_when_it_is_renamed(box: Path, intake: Intake, suffix: str) -> None:
    path = box / f"up.pgp{suffix}"
    path.write_bytes(sealed(100))
    assert list(intake.outboxes.scan(LEA)) == []
    assert intake.outboxes.look(LEA, path.name) is None
    path.rename(box / "up.pgp")
    assert intake.look(closed="up.pgp") == ["up.pgp"]


def test_dot_files_are_none_of_our_business(box: Path, outboxes: Outboxes) -> None:
    (box / ".up.pgp.Xy12").write_bytes(b"rsync")
    (box / ".cache").mkdir()
    assert list(outboxes.scan(LEA)) == []


def test_an_upload_that_broke_off_is_taken_after_its_time(box: Path, intake: Intake) -> None:
    data = sealed(5_000)[:3_000]
    (box / "broken.pgp").write_bytes(data)
    assert intake.look(closed="broken.pgp") == []
    assert intake.look(after=BROKEN - 1) == []
    assert intake.look(after=1.0) == ["broken.pgp"]
    assert intake.broken == ["broken.pgp"]
    assert intake.vault.read(intake.taken[0].sha256) == data


def test_an_upload_that_broke_off_and_is_resumed_is_one_packet(box: Path, intake: Intake) -> None:
    data = sealed(5_000)
    (box / "again.pgp").write_bytes(data[:3_000])
    assert intake.look(closed="again.pgp") == []
    assert intake.look(after=BROKEN - 1) == []
    with (box / "again.pgp").open("ab") as file:
        file.write(data[3_000:])
    intake.look()
    assert intake.look(after=SETTLE) == ["again.pgp"]
    assert intake.vault.read(intake.taken[0].sha256) == data
    assert intake.broken == []


def test_what_is_no_sealed_message_is_not_waited_for(box: Path, intake: Intake) -> None:
    (box / "roster.csv").write_text("ssid,name\n")
    assert intake.look(closed="roster.csv") == ["roster.csv"]


def test_many_files_at_once_are_each_taken_once(box: Path, intake: Intake) -> None:
    for number in range(5_000):
        (box / f"night-{number:05}.pgp").write_bytes(sealed(20) + str(number).encode())
    intake.readiness = Readiness(SETTLE, BROKEN, most=5_000)
    assert intake.look() == []
    intake.look(after=SETTLE)
    assert intake.look(after=SETTLE) == []
    assert len({taken.sha256 for taken in intake.taken}) == len(intake.taken) == 5_000
    assert set(intake.vault.names()) == {taken.sha256 for taken in intake.taken}
    assert list(box.iterdir()) == []
    assert intake.readiness.waiting(LEA) == 0


def test_more_files_than_are_remembered_go_in_waves(box: Path, intake: Intake) -> None:
    for number in range(50):
        (box / f"{number}.pgp").write_bytes(sealed(number))
    intake.readiness = Readiness(SETTLE, BROKEN, most=20)
    waves = [len(intake.look(after=SETTLE)) for _ in range(6)]
    assert sum(waves) == 50
    assert max(waves) <= 20


def test_a_scan_reads_only_as_far_as_it_is_asked(box: Path, outboxes: Outboxes) -> None:
    for number in range(100):
        (box / f"{number}.pgp").write_bytes(b"x")
    before = len(list(Path("/dev/fd").iterdir()))
    scan = outboxes.scan(LEA)
    for _ in range(10):
        next(scan)
    shutil.rmtree(box)  # what vanishes during a scan is only missing
    box.mkdir()
    assert isinstance(list(scan), list)
    abandoned = outboxes.scan(LEA)
    next(abandoned, None)
    del abandoned
    assert len(list(Path("/dev/fd").iterdir())) == before
