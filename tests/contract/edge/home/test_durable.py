"""Flushes and renames on a real file system."""

import errno
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.core.errors import Deferred
from broker.edge.home import durable, mounts


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[int]:
    fd = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    yield fd
    os.close(fd)


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The inodes that were flushed one by one."""
    done: list[int] = []
    real = os.fsync

    def fsync(fd: int) -> None:
        done.append(os.fstat(fd).st_ino)
        real(fd)

    monkeypatch.setattr(os, "fsync", fsync)
    return done


def descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def test_an_atomic_write_replaces_whole_and_keeps_its_mode(tmp_path: Path, synced: list[int]) -> None:
    path = tmp_path / "exchange.asc"
    old = os.umask(0o077)
    try:
        durable.write_atomic(path, b"old")
        inode = path.stat().st_ino
        durable.write_atomic(path, b"new", 0o640)
    finally:
        os.umask(old)
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert path.stat().st_ino in synced
    assert tmp_path.stat().st_ino in synced
    assert path.stat().st_ino != inode
    assert [entry.name for entry in tmp_path.iterdir()] == ["exchange.asc"]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "key"
    durable.write_atomic(path, b"old")

    def fail(_: int) -> None:
        raise OSError(errno.EIO, "medium")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="medium"):
        durable.write_atomic(path, b"new")
    assert path.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_link_in_the_way_is_replaced_and_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    (tmp_path / "receipt").symlink_to(victim)
    durable.write_atomic(tmp_path / "receipt", b"text")
    assert victim.read_bytes() == b"mine"
    assert not (tmp_path / "receipt").is_symlink()


def test_write_all_goes_on_after_a_short_write() -> None:
    read, write = os.pipe()
    os.set_blocking(read, True)
    data = os.urandom(300_000)  # more than a pipe holds
    got = bytearray()

    def drain() -> None:
        while block := os.read(read, 4096):
            got.extend(block)

    reader = threading.Thread(target=drain)
    reader.start()
    durable.write_all(write, data)
    os.close(write)
    reader.join()
    os.close(read)
    assert bytes(got) == data


@pytest.mark.parametrize("one_step", [True, False])
def test_rename_new_never_overwrites(
    tmp_path: Path, folder: int, one_step: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not one_step:
        monkeypatch.setattr(durable, "_RENAME_NOREPLACE", 1 << 30)  # an unknown flag: EINVAL, as NFS answers
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").write_text("b")
    (tmp_path / "dangling").symlink_to("nowhere")
    for taken in ("b", "dangling"):
        with pytest.raises(FileExistsError):
            durable.rename_new(folder, "a", folder, taken)
    with pytest.raises(FileNotFoundError):
        durable.rename_new(folder, "missing", folder, "b")
    durable.rename_new(folder, "a", folder, "c")
    assert (tmp_path / "c").read_text() == "a"
    assert (tmp_path / "b").read_text() == "b"


def test_a_batch_flushes_a_local_file_system_at_once(folder: int, synced: list[int]) -> None:
    if mounts.read().type_of(os.fstat(folder).st_dev) not in mounts.FLUSHED_WHOLE:
        pytest.skip("the temporary folder is on a file system that is not flushed whole")
    before = descriptors()
    batch = durable.Batch()
    with batch.writing(folder) as whole:
        assert whole
    batch.flush()
    assert synced == []
    assert descriptors() == before


def test_elsewhere_a_batch_flushes_each_folder_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, synced: list[int]
) -> None:
    monkeypatch.setattr(mounts, "read", mounts.Mounts)
    monkeypatch.setattr(durable, "_MOST_FOLDERS", 4)
    before = descriptors()
    batch = durable.Batch()
    inodes = set()
    for number in range(10):
        place = tmp_path / str(number)
        place.mkdir()
        inodes.add(place.stat().st_ino)
        fd = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
        for _ in range(3):
            with batch.writing(fd) as whole:
                assert not whole
        os.close(fd)
        assert descriptors() <= before + 4
    batch.flush()
    assert sorted(synced) == sorted(inodes)
    assert descriptors() == before
    batch.flush()
    assert len(synced) == 10


def test_after_a_failed_flush_nothing_is_called_durable(folder: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mounts, "read", mounts.Mounts)
    batch = durable.Batch()
    with batch.writing(folder):
        pass

    def fail(_: int) -> None:
        raise OSError(errno.EIO, "medium")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="medium"):
            batch.flush()
    with pytest.raises(OSError, match="medium"):
        batch.flush()


def test_a_flush_by_another_thread_does_not_hide_a_write(
    folder: int, monkeypatch: pytest.MonkeyPatch, synced: list[int]
) -> None:
    monkeypatch.setattr(mounts, "read", mounts.Mounts)
    batch = durable.Batch()
    with batch.writing(folder):
        batch.flush()
    batch.flush()
    assert len(synced) == 2


def test_a_full_disk_is_deferred_and_another_failure_is_not() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    with pytest.raises(Deferred, match="the disk of the vault is full"), durable.room("the vault"):
        os.write(full, b"x")
    os.close(full)
    with pytest.raises(PermissionError), durable.room("the vault"):
        raise PermissionError(errno.EPERM, "no")
