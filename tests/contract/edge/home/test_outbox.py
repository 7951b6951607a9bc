"""Taking files in from real outboxes, with every trick a sender, a network or a crash can play."""

import errno
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import pytest

from broker.core.errors import Deferred, Refused
from broker.core.files.extent import Extent, Progress
from broker.core.model import LeaId, Sha256, TrackingId
from broker.edge.home import discard, durable
from broker.edge.home.file_names import is_sender_s, is_unfinished
from broker.edge.home.folders import OUTBOX, Home, Missing
from broker.edge.home.outbox import Changed, Odd, Outboxes, Taken
from broker.edge.home.readiness import Found, Judge, Readiness, Ready
from broker.edge.settings.values import Limits
from broker.edge.vault import DirectoryVault, Stored, Vault

LEA = LeaId("01")
TRACKING = TrackingId("018f0000-0000-7000-8000-000000000001")
SETTLE, BROKEN = 3.0, 900.0


def sealed(size: int) -> bytes:
    """A message of this test: a mark, its length, its body. It says itself where it ends, as OpenPGP does."""
    return b"SEAL" + size.to_bytes(4, "big") + os.urandom(size)


def is_whole(file: BinaryIO) -> bool:
    head = file.read(8)
    if not head.startswith(b"SEAL"[: len(head)]):
        return True  # nothing that waiting could mend
    return len(head) == 8 and file.seek(0, os.SEEK_END) >= 8 + int.from_bytes(head[4:], "big")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.create()
    made.create_lea(LEA)
    return made


@pytest.fixture
def box(home: Home) -> Path:
    return home.folder(LEA, OUTBOX)


@pytest.fixture
def outboxes(home: Home) -> Outboxes:
    return Outboxes(home, Limits())


@pytest.fixture
def vault(home: Home) -> Iterator[DirectoryVault]:
    made = DirectoryVault(home.vault)
    yield made
    made.close()


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


def one(outboxes: Outboxes) -> Found:
    (found,) = outboxes.scan(LEA)
    assert isinstance(found, Found)
    return found


def odd(outboxes: Outboxes) -> Odd:
    (found,) = outboxes.scan(LEA)
    assert isinstance(found, Odd)
    return found


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


# what is no file


def plant(box: Path, kind: str) -> None:
    path = box / "odd.pgp"
    if kind == "link":
        path.symlink_to("/etc/passwd")
    elif kind == "dangling":
        path.symlink_to("nowhere")
    elif kind == "folder":
        path.mkdir()
        (path / "inside.pgp").write_bytes(b"x")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        os.mknod(path, stat.S_IFSOCK | 0o600)


@pytest.mark.parametrize("kind", ["link", "dangling", "folder", "pipe", "socket"])
def test_what_is_no_file_is_set_aside_unread(
    box: Path, home: Home, outboxes: Outboxes, vault: DirectoryVault, kind: str
) -> None:
    plant(box, kind)
    before = os.lstat(box / "odd.pgp")
    item = odd(outboxes)
    assert item.kind == ("link" if kind == "dangling" else kind)
    assert item.code == "not-a-file"
    assert outboxes.look(LEA, "odd.pgp") == item
    place = outboxes.quarantine(LEA, item, TRACKING)
    assert place == home.quarantine / TRACKING
    after = os.lstat(place)
    assert (after.st_ino, after.st_mode) == (before.st_ino, before.st_mode)
    if kind == "folder":
        assert (place / "inside.pgp").read_bytes() == b"x"
    assert list(box.iterdir()) == []
    assert list(vault.names()) == []
    assert outboxes.quarantine(LEA, item, TRACKING) is None


def test_a_folder_that_grows_meanwhile_is_set_aside_all_the_same(box: Path, outboxes: Outboxes) -> None:
    (box / "folder").mkdir()
    item = odd(outboxes)
    (box / "folder" / "late.pgp").write_bytes(b"x")
    place = outboxes.quarantine(LEA, item, TRACKING)
    assert place is not None
    assert (place / "late.pgp").exists()


@pytest.mark.parametrize(
    "name",
    [b"two\nlines.pgp", b"\xff\xfe.pgp", b"n" * 230, "gpj.\u202eorder.pgp".encode(), b"tab\t.pgp", b"esc\x1b[2J.pgp"],
)
def test_names_that_cannot_be_used_are_set_aside_and_can_be_shown(box: Path, outboxes: Outboxes, name: bytes) -> None:
    with open(os.fsencode(box) + b"/" + name, "wb") as file:
        file.write(b"content")
    item = odd(outboxes)
    assert (item.kind, item.code) == ("name", "bad-file-name")
    assert item.shown.encode("utf-8").decode().isprintable()
    assert len(item.shown) <= 200
    place = outboxes.quarantine(LEA, item, TRACKING)
    assert place is not None
    assert place.read_bytes() == b"content"
    assert list(box.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["Schülerakte 01.pgp", "a b (2).pgp", "…", "e\u0301.pgp", "x" * 200, "-rf", "学生.pgp"]
)
def test_names_that_people_use_are_fine(box: Path, outboxes: Outboxes, vault: DirectoryVault, name: str) -> None:
    (box / name).write_bytes(b"x")
    taken = outboxes.take(LEA, one(outboxes), vault)
    assert taken.name == name
    assert outboxes.discard(LEA, [taken]) == 1


@pytest.mark.parametrize("path", ["../inbox/x", "/etc/passwd", "a/b"])
def test_a_hint_cannot_point_elsewhere(outboxes: Outboxes, path: str) -> None:
    with pytest.raises(ValueError, match="not a path"):
        outboxes.look(LEA, f"x/{path}")


def test_quarantine_on_another_disk_keeps_it_hidden_where_it_is(box: Path, home: Home, outboxes: Outboxes) -> None:
    places = (Path("/dev") / "shm", Path(tempfile.gettempdir()))
    other = next((one for one in places if one.is_dir() and one.stat().st_dev != box.stat().st_dev), None)
    if other is None:
        pytest.skip("no second file system here")
    place = Path(tempfile.mkdtemp(dir=other))
    try:
        home.quarantine.rmdir()
        home.quarantine.symlink_to(place)
        (box / "link").symlink_to("/etc/passwd")
        kept = outboxes.quarantine(LEA, odd(outboxes), TRACKING)
        assert kept == box / f".{TRACKING}.quarantine"
        assert kept.is_symlink()
        assert list(outboxes.scan(LEA)) == []
    finally:
        shutil.rmtree(place)


# the same file, or another


def swap_for_new_file(path: Path) -> None:
    path.with_name(".new").write_bytes(b"other")
    path.with_name(".new").rename(path)


def swap_for_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/passwd")


def swap_for_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def swap_for_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


@pytest.mark.parametrize(
    "change", [swap_for_new_file, swap_for_link, swap_for_pipe, swap_for_folder, grow, Path.unlink]
)
def test_a_file_that_was_replaced_is_not_taken_nor_removed(
    box: Path, outboxes: Outboxes, vault: DirectoryVault, change: Callable[[Path], None]
) -> None:
    path = box / "a.pgp"
    path.write_bytes(b"first")
    found = one(outboxes)
    change(path)
    for act in (
        lambda: outboxes.take(LEA, found, vault),
        lambda: outboxes.is_complete(LEA, found, is_whole),
    ):
        with pytest.raises(Changed):
            act()
    assert list(vault.names()) == []
    there = os.path.lexists(path)
    assert outboxes.discard(LEA, [found]) == 0
    assert outboxes.quarantine(LEA, found, TRACKING) is None
    assert os.path.lexists(path) is there


def test_a_file_written_to_while_it_is_copied_is_not_taken(box: Path, outboxes: Outboxes, home: Home) -> None:
    class Slow(DirectoryVault):
        def take(self, source: BinaryIO | int, limit: int) -> Stored:
            stored = super().take(source, limit)
            grow(box / "a.pgp")
            return stored

    (box / "a.pgp").write_bytes(b"first")
    slow = Slow(home.vault)
    with pytest.raises(Changed):
        outboxes.take(LEA, one(outboxes), slow)
    slow.close()


def test_hard_links_are_separate_drops_of_the_same_bytes(box: Path, outboxes: Outboxes, vault: DirectoryVault) -> None:
    """And a second name outside does not reach what was taken."""
    outside = box.parent / "inbox" / "kept"
    outside.write_bytes(b"content")
    os.link(outside, box / "a.pgp")
    first = outboxes.take(LEA, one(outboxes), vault)
    assert outboxes.discard(LEA, [first]) == 1
    os.link(outside, box / "b.pgp")
    second = outboxes.take(LEA, one(outboxes), vault)
    assert second.sha256 == first.sha256
    assert second.source_mark != first.source_mark
    outside.write_bytes(b"changed")
    assert vault.read(first.sha256) == b"content"


def test_a_second_drop_that_looks_like_the_first_has_another_mark(
    box: Path, outboxes: Outboxes, vault: DirectoryVault
) -> None:
    """Same name, same size, same preserved time and, where the file system reuses them, the same inode."""
    marks = set()
    for number in range(20):
        path = box / "export.pgp"
        path.write_bytes(b"%02d" % number)
        os.utime(path, (1_700_000_000, 1_700_000_000))
        taken = outboxes.take(LEA, one(outboxes), vault)
        marks.add(taken.source_mark)
        assert outboxes.discard(LEA, [taken]) == 1
        time.sleep(0.005)  # longer than the clock tick of a file system
    assert len(marks) == 20


def test_limits_refuse_and_the_file_stays(box: Path, home: Home, vault: DirectoryVault) -> None:
    outboxes = Outboxes(home, Limits(sealed_bytes=1024, file_name_chars=16))
    (box / "large.pgp").write_bytes(b"x" * 1025)
    found = one(outboxes)
    with pytest.raises(Refused) as large:
        outboxes.take(LEA, found, vault)
    assert large.value.code == "too-large"
    place = outboxes.quarantine(LEA, found, TRACKING)
    assert place is not None
    assert place.stat().st_size == 1025
    (box / "empty.pgp").touch()
    with pytest.raises(Refused) as empty:
        outboxes.take(LEA, one(outboxes), vault)
    assert empty.value.code == "empty-file"
    assert (box / "empty.pgp").exists()
    (box / "empty.pgp").rename(box / "seventeen-letters")
    assert odd(outboxes).code == "bad-file-name"


def test_a_file_that_may_not_be_read_is_deferred_and_stays(
    box: Path, outboxes: Outboxes, vault: DirectoryVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    (box / "a.pgp").write_bytes(b"content")
    found, real = one(outboxes), os.open

    def forbid(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if path == "a.pgp":
            raise PermissionError(errno.EACCES, "no")
        return real(path, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(os, "open", forbid)
    with pytest.raises(Deferred, match="may not read"):
        outboxes.take(LEA, found, vault)
    assert (box / "a.pgp").exists()


# crashes


def test_a_crash_between_commit_and_discard_is_recognised(box: Path, home: Home, vault: DirectoryVault) -> None:
    (box / "a.pgp").write_bytes(b"content")
    before = Outboxes(home, Limits())
    first = before.take(LEA, one(before), vault)
    vault.flush()
    after = Outboxes(home, Limits())
    again = after.take(LEA, one(after), vault)
    assert again == first
    assert after.discard(LEA, [again]) == 1
    assert after.discard(LEA, [again]) == 0
    assert list(vault.names()) == [first.sha256]


def test_a_crash_in_the_middle_of_a_discard_loses_nothing(
    box: Path, outboxes: Outboxes, vault: DirectoryVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    (box / "a.pgp").write_bytes(b"content")
    taken = outboxes.take(LEA, one(outboxes), vault)
    with monkeypatch.context() as crash:
        crash.setattr(os, "unlink", die)
        with pytest.raises(KeyboardInterrupt):
            outboxes.discard(LEA, [taken])
    assert list(outboxes.scan(LEA)) == []
    assert outboxes.tidy(LEA) == 1
    assert outboxes.take(LEA, one(outboxes), vault).sha256 == taken.sha256
    assert outboxes.tidy(LEA) == 0


@pytest.mark.parametrize("third", [False, True])
def test_a_new_drop_in_the_instant_of_a_discard_is_not_lost(
    box: Path, outboxes: Outboxes, vault: DirectoryVault, monkeypatch: pytest.MonkeyPatch, third: bool
) -> None:
    """The sender renames a new file over the old name between the look and the removal; then once more."""
    (box / "a.pgp").write_bytes(b"first")
    taken = outboxes.take(LEA, one(outboxes), vault)
    look, put_back = discard.mark, durable.rename_new

    def late(folder: int, name: str) -> str | None:
        mark = look(folder, name)
        swap_for_new_file(box / "a.pgp")
        return mark

    def later(source_folder: int, source: str, target_folder: int, target: str) -> None:
        (box / "a.pgp").write_bytes(b"third")
        monkeypatch.setattr(durable, "rename_new", put_back)
        put_back(source_folder, source, target_folder, target)

    monkeypatch.setattr(discard, "mark", late)
    if third:
        monkeypatch.setattr(durable, "rename_new", later)
    assert outboxes.discard(LEA, [taken]) == 0
    assert sorted(path.read_bytes() for path in box.iterdir()) == ([b"other", b"third"] if third else [b"other"])
    assert all(isinstance(found, Found) for found in outboxes.scan(LEA))


def test_a_link_in_place_of_the_outbox_is_not_followed(
    box: Path, outboxes: Outboxes, vault: DirectoryVault, tmp_path: Path
) -> None:
    (box / "a.pgp").write_bytes(b"content")
    found = one(outboxes)
    taken = Taken(found.name, found.source_mark, Sha256(sha256(b"content").hexdigest()), 7)
    box.rename(tmp_path / "aside")
    box.symlink_to(tmp_path / "aside")
    for act in (
        lambda: list(outboxes.scan(LEA)),
        lambda: outboxes.look(LEA, "a.pgp"),
        lambda: outboxes.take(LEA, found, vault),
        lambda: outboxes.discard(LEA, [taken]),
        lambda: outboxes.quarantine(LEA, found, TRACKING),
    ):
        with pytest.raises(Missing):
            act()
    assert (tmp_path / "aside/a.pgp").read_bytes() == b"content"
