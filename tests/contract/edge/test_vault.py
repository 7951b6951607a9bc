"""What every vault must do; the tests run over each implementation."""

import errno
import io
import os
import stat
import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import pytest

from broker.core.errors import Deferred, Refused
from broker.core.model import Sha256
from broker.edge.home import durable, mounts
from broker.edge.vault import DirectoryVault, Vault, VaultDamaged, VaultMissing

ABSENT = Sha256("0" * 64)


@pytest.fixture(params=["directory", "directory without syncfs"])
def vault(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vault]:
    if request.param == "directory without syncfs":
        monkeypatch.setattr(mounts, "read", mounts.Mounts)
    made = DirectoryVault(tmp_path / "vault")
    yield made
    made.close()


def test_what_is_put_is_read(vault: Vault) -> None:
    stored = vault.put(b"sealed")
    vault.flush()
    assert stored.sha256 == sha256(b"sealed").hexdigest()
    assert stored.size == 6
    assert vault.has(stored.sha256)
    assert vault.read(stored.sha256) == b"sealed"
    assert vault.verify(stored.sha256) == 6
    with vault.open(stored.sha256) as reader:
        reader.seek(3)
        assert reader.read() == b"led"


def test_the_same_bytes_are_stored_once(vault: Vault) -> None:
    first, second = vault.put(b"sealed"), vault.take(io.BytesIO(b"sealed"), 100)
    vault.flush()
    assert first == second
    assert list(vault.names()) == [first.sha256]


@pytest.mark.parametrize("size", [1, 1024 * 1024, 3 * 1024 * 1024 + 17])
@pytest.mark.parametrize("by", ["descriptor", "file"])
def test_a_file_is_copied_to_its_end(vault: Vault, tmp_path: Path, size: int, by: str) -> None:
    data = os.urandom(size)
    (tmp_path / "in").write_bytes(data)
    with (tmp_path / "in").open("rb") as file:
        source: BinaryIO | int = file.fileno() if by == "descriptor" else file
        stored = vault.take(source, size)
    assert stored.size == size
    assert vault.read(stored.sha256) == data


def test_limits(vault: Vault) -> None:
    with pytest.raises(Refused) as large:
        vault.take(io.BytesIO(b"x" * 101), 100)
    assert large.value.code == "too-large"
    with pytest.raises(Refused) as empty:
        vault.take(io.BytesIO(b""), 100)
    assert empty.value.code == "empty-file"
    assert list(vault.names()) == []
    assert vault.tidy(0) == 0


def test_a_source_that_fails_leaves_nothing(vault: Vault) -> None:
    class Broken(io.BytesIO):
        def read(self, _: int | None = -1) -> bytes:
            raise OSError(errno.EIO, "mount is down")

    with pytest.raises(OSError, match="mount is down"):
        vault.take(Broken(), 100)
    assert list(vault.names()) == []
    assert vault.tidy(0) == 0


def test_whoever_holds_the_source_open_cannot_reach_the_copy(vault: Vault, tmp_path: Path) -> None:
    with (tmp_path / "in").open("w+b") as writer:
        writer.write(b"sealed")
        writer.flush()
        with (tmp_path / "in").open("rb") as file:
            stored = vault.take(file, 100)
        writer.write(b" and changed")
        writer.flush()
        assert vault.read(stored.sha256) == b"sealed"


def test_what_is_not_there(vault: Vault) -> None:
    assert not vault.has(ABSENT)
    for ask in (vault.read, vault.open, vault.verify):
        with pytest.raises(VaultMissing):
            ask(ABSENT)
    vault.remove(ABSENT)


def test_removed_bytes_are_gone_and_can_come_back(vault: Vault) -> None:
    stored = vault.put(b"sealed")
    vault.remove(stored.sha256)
    assert not vault.has(stored.sha256)
    assert list(vault.names()) == []
    assert vault.put(b"sealed") == stored


@pytest.mark.parametrize("name", ["", "../../ledger.db", "A" * 64, "0" * 63, "0" * 64 + "\n", "/" + "0" * 63])
def test_only_hashes_are_names(vault: Vault, name: str) -> None:
    for ask in (vault.read, vault.open, vault.has, vault.remove, vault.verify):
        with pytest.raises(ValueError, match="64 lower-case hex digits"):
            ask(Sha256(name))


def test_threads_share_a_vault(vault: Vault) -> None:
    def store(start: int) -> None:
        for number in range(start, start + 40):
            vault.put(str(number).encode())
            vault.flush()

    threads = [threading.Thread(target=store, args=(start,)) for start in (0, 20, 40, 60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {vault.read(name) for name in vault.names()} == {str(number).encode() for number in range(100)}


class TestDirectory:
    """What is particular to the directory."""

    @pytest.fixture
    def vault(self, tmp_path: Path) -> Iterator[DirectoryVault]:
        made = DirectoryVault(tmp_path / "vault")
        yield made
        made.close()

    def path(self, tmp_path: Path, name: str) -> Path:
        return tmp_path / "vault" / name[:2] / name

    def test_only_the_exchange_can_enter(self, vault: DirectoryVault, tmp_path: Path) -> None:
        old = os.umask(0)
        try:
            path = self.path(tmp_path, vault.put(b"sealed").sha256)
        finally:
            os.umask(old)
        assert stat.S_IMODE(path.stat().st_mode) == 0o400
        for folder in (path.parent, tmp_path / "vault", tmp_path / "vault/tmp"):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    def test_damage_is_noticed_and_mended_by_storing_again(self, vault: DirectoryVault, tmp_path: Path) -> None:
        """A power cut before the flush can leave the right name with wrong bytes."""
        stored = vault.put(b"sealed")
        path = self.path(tmp_path, stored.sha256)
        path.chmod(0o600)
        path.write_bytes(b"\0" * 6)
        with pytest.raises(VaultDamaged):
            vault.read(stored.sha256)
        with pytest.raises(VaultDamaged):
            vault.verify(stored.sha256)
        vault.put(b"sealed")
        assert vault.read(stored.sha256) == b"sealed"

    def test_leftovers_of_a_crash_are_tidied_but_not_the_work_of_others(
        self, vault: DirectoryVault, tmp_path: Path
    ) -> None:
        old, young = tmp_path / "vault/tmp/old", tmp_path / "vault/tmp/young"
        old.write_bytes(b"half")
        os.utime(old, (1_000_000, 1_000_000))
        young.write_bytes(b"half")
        assert vault.tidy() == 1
        assert young.exists()
        assert vault.tidy(0) == 1

    def test_a_full_disk_is_deferred(
        self, vault: DirectoryVault, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, "full")

        monkeypatch.setattr(durable, "write_all", full)
        with pytest.raises(Deferred, match="the disk of the vault is full"):
            vault.put(b"sealed")
        assert list((tmp_path / "vault/tmp").iterdir()) == []

    def test_without_syncfs_file_and_new_folders_are_flushed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(mounts, "read", mounts.Mounts)
        done = []
        real = os.fsync

        def fsync(fd: int) -> None:
            done.append(os.fstat(fd).st_ino)
            real(fd)

        monkeypatch.setattr(os, "fsync", fsync)
        vault = DirectoryVault(tmp_path / "other")
        path = tmp_path / "other"
        name = vault.put(b"sealed").sha256
        vault.flush()
        vault.close()
        below = [path, path / name[:2], path / name[:2] / name]
        assert {place.stat().st_ino for place in below} <= set(done)
