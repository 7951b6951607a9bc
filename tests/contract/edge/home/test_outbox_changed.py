"""Taking files in from real outboxes while somebody changes them, and across crashes."""

import errno
import os
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import pytest

from broker.core.errors import Deferred, Refused
from broker.core.model import Sha256
from broker.edge.home import discard, durable
from broker.edge.home.folders import Home, Missing
from broker.edge.home.outbox import Changed, Outboxes, Taken
from broker.edge.home.readiness import Found
from broker.edge.settings.values import Limits
from broker.edge.vault import DirectoryVault, Stored
from tests.support.outbox_files import LEA, TRACKING, is_whole, odd, one


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
