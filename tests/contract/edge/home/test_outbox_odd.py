"""What lies in an outbox and is no file that can be taken: set aside unread."""

import os
import shutil
import stat
import tempfile
from pathlib import Path

import pytest

from broker.edge.home.folders import Home
from broker.edge.home.outbox import Outboxes
from broker.edge.vault import DirectoryVault
from tests.support.outbox_files import LEA, TRACKING, odd, one


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
