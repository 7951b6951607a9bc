"""The tree that the built-in SFTP server shows, its rights, and what counts as collected."""

import logging
import os
import stat
import threading
from collections.abc import Callable

import paramiko
import pytest

from broker.edge.sftp.paths import HIDDEN
from tests.support.ssh import (
    PACKET,
    TRACKING,
    House,
    Running,
    deliver,
    hang_up,
    wait_until,
)

pytest_plugins = ("tests.support.ssh_fixtures",)
Client = paramiko.SFTPClient


def test_the_tree_is_four_folders_and_a_page(sftp: Client) -> None:
    assert sorted(sftp.listdir("/")) == ["README.txt", "directory", "inbox", "outbox", "receipts"]
    assert sftp.normalize("../..//outbox/./x") == "/outbox/x"
    with sftp.open("/README.txt") as page:
        assert page.read() == b"What to do.\n"
    for path in ("/etc/passwd", "../../../etc/passwd", "/outbox/../../6G/inbox", "/leas", "/outbox/a/b"):
        with pytest.raises(FileNotFoundError):
            sftp.stat(path)


def test_what_was_planted_is_not_there(house: House, sftp: Client) -> None:
    (house.inbox() / "link.pgp").symlink_to("/etc/passwd")
    (house.inbox() / "folder.pgp").mkdir()
    os.mkfifo(house.inbox() / "fifo.pgp")
    (house.outbox() / "link.pgp").symlink_to(house.inbox("6G"))
    (house.outbox() / (HIDDEN + "x.pgp")).symlink_to("/etc/passwd")
    (house.inbox() / ".being-written.tmp").write_text("half")
    assert sftp.listdir("/inbox") == sftp.listdir("/outbox") == []
    for path in ("link.pgp", "folder.pgp", "fifo.pgp", ".being-written.tmp", "folder.pgp/x"):
        for work in (sftp.stat, sftp.remove, lambda path: sftp.open(path, "rb")):
            with pytest.raises(FileNotFoundError):
                work(f"/inbox/{path}")
    for path in ("link.pgp", "x.pgp"):
        with pytest.raises(FileNotFoundError):
            sftp.open(f"/outbox/{path}", "rb")
    assert (house.inbox() / "link.pgp").is_symlink()


def test_an_upload_does_not_follow_a_planted_link(house: House, sftp: Client) -> None:
    victim = house.home / "victim"
    victim.write_text("precious")
    (house.outbox() / (HIDDEN + "x.pgp")).symlink_to(victim)
    (house.outbox() / "y.part").symlink_to(victim)
    for name in ("x.pgp", "y.part"):
        with sftp.open(f"/outbox/{name}", "wb") as out:
            out.write(b"new")
    assert victim.read_text() == "precious"
    assert (house.outbox() / "x.pgp").read_bytes() == b"new"


def test_folders_that_are_links_are_not_entered(house: House, sftp: Client) -> None:
    (house.root("01") / "directory").rmdir()
    (house.root("01") / "directory").symlink_to(house.inbox("6G"))
    (house.inbox("6G") / PACKET).write_text("x")
    with pytest.raises(OSError, match="cannot do this"):
        sftp.listdir("/directory")
    with pytest.raises(OSError, match="cannot do this"):
        sftp.open(f"/directory/{PACKET}", "rb")


def test_rights(house: House, sftp: Client) -> None:
    for folder in ("inbox", "receipts", "directory"):
        (house.root("01") / folder / PACKET).write_text("sealed")
    with sftp.open("/outbox/mine.pgp", "wb") as out:
        out.write(b"x")
    for path in (f"/inbox/{PACKET}", "/inbox/new.pgp", "/receipts/new", "/directory/new", "/README.txt", "/new"):
        for mode in ("wb", "ab", "r+b"):
            with pytest.raises((PermissionError, FileNotFoundError)):
                sftp.open(path, mode)
    forbidden: list[Callable[[], object]] = [
        lambda: sftp.mkdir("/outbox/x"),
        lambda: sftp.rmdir("/outbox"),
        lambda: sftp.symlink("/etc/passwd", "/outbox/x"),
        lambda: sftp.readlink("/outbox/mine.pgp"),
        lambda: sftp.remove(f"/directory/{PACKET}"),
        lambda: sftp.remove("/README.txt"),
        lambda: sftp.remove("/outbox"),
        lambda: sftp.rename(f"/inbox/{PACKET}", "/inbox/y"),
        lambda: sftp.rename("/outbox/mine.pgp", "/inbox/mine.pgp"),
        lambda: sftp.rename(f"/inbox/{PACKET}", "/outbox/mine2.pgp"),
        lambda: sftp.posix_rename("/outbox/mine.pgp", "/directory/x"),
        lambda: sftp.truncate(f"/inbox/{PACKET}", 0),
        lambda: sftp.chmod(f"/inbox/{PACKET}", 0o777),
        lambda: sftp.truncate("/outbox/mine.pgp", 0),
    ]
    for work in forbidden:
        with pytest.raises(PermissionError):
            work()
    sftp.remove(f"/receipts/{PACKET}")
    sftp.remove("/outbox/mine.pgp")
    assert (house.inbox() / PACKET).read_text() == "sealed"
    assert house.heard == []


def test_dates_and_rights_are_accepted_and_not_kept(house: House, sftp: Client) -> None:
    with sftp.open("/outbox/x.pgp", "wb") as out:
        out.write(b"x")
        out.chmod(0o777)
        out.utime((1, 1))
    sftp.chmod("/outbox/x.pgp", 0o777)
    sftp.utime("/outbox/x.pgp", (1, 1))
    known = (house.outbox() / "x.pgp").stat()
    assert stat.S_IMODE(known.st_mode) == 0o600
    assert known.st_mtime > 1e9


def test_odd_dates_and_missing_folders_hide_nothing(house: House, sftp: Client) -> None:
    for name, at in (("a.pgp", -5), ("b.pgp", 2**33)):
        (house.inbox() / name).touch()
        os.utime(house.inbox() / name, (at, at))
    assert sorted(sftp.listdir("/inbox")) == ["a.pgp", "b.pgp"]
    (house.root("01") / "receipts").rmdir()
    assert sorted(sftp.listdir("/")) == ["README.txt", "directory", "inbox", "outbox"]


def test_a_long_listing(house: House, sftp: Client) -> None:
    names = {f"{n:06d}.pgp" for n in range(1000)}
    for name in names:
        (house.inbox() / name).touch()
    assert set(sftp.listdir("/inbox")) == names
    assert {entry.filename for entry in sftp.listdir_iter("/inbox")} == names


def test_read_to_the_end_and_closed_is_collected(house: House, sftp: Client) -> None:
    content = deliver(house)
    with sftp.open(f"/inbox/{PACKET}", "rb") as file:
        file.prefetch()
        assert file.read() == content
        assert house.heard == []
    wait_until(lambda: house.heard == [("01", PACKET, "sftp-read")])


def test_half_read_is_not_collected(house: House, sftp: Client) -> None:
    deliver(house)
    with sftp.open(f"/inbox/{PACKET}", "rb") as file:
        file.read(299_999)
    sftp.stat("/inbox")
    assert house.heard == []


def test_a_broken_line_is_not_collected_and_its_resume_is(house: House, served: Running) -> None:
    content = deliver(house)
    with served.client() as client:
        file = client.open(f"/inbox/{PACKET}", "rb")
        assert file.read() == content
        hang_up(client)
    wait_until(lambda: not any(one.is_alive() for one in threading.enumerate() if one.name == "sftp-session"))
    assert house.heard == []
    with served.client() as client, client.open(f"/inbox/{PACKET}", "rb") as file:
        file.seek(200_000)
        assert file.read() == content[200_000:]
    wait_until(lambda: house.heard == [("01", PACKET, "sftp-read")])


def test_the_last_byte_is_noted_before_it_goes_out(house: House, served: Running) -> None:
    """It is not collected yet, but nobody can say any more that the receiver does not have it."""
    content = deliver(house)
    with served.client() as client:
        file = client.open(f"/inbox/{PACKET}", "rb")
        file.read(200_000)
        assert house.sent == []
        file.seek(200_000)
        assert file.read() == content[200_000:]
        assert house.sent == [("01", PACKET)]
        hang_up(client)
    with served.client() as client, client.open(f"/inbox/{PACKET}", "rb") as file:
        file.read()
    assert (house.sent, len(house.heard)) == ([("01", PACKET)], 1)


def test_what_cannot_be_noted_does_not_go_out(house: House, served: Running) -> None:
    content = deliver(house, 20_000)
    house.deaf = True
    with served.client() as client, pytest.raises(OSError, match="try again later"):
        client.open(f"/inbox/{PACKET}", "rb").read()
    house.deaf = False
    assert (house.sent, house.heard) == ([], [])
    with served.client() as client:
        with client.open(f"/inbox/{PACKET}", "rb"):
            pass
        client.stat("/inbox")
        assert (house.sent, house.heard) == ([], [])  # it was not sent to its last byte
        with client.open(f"/inbox/{PACKET}", "rb") as file:
            assert file.read() == content
    assert (house.sent, len(house.heard)) == ([("01", PACKET)], 1)


def test_segments_of_several_readers_count_together(house: House, sftp: Client) -> None:
    deliver(house)
    ends = [(200_000, 300_000), (0, 100_000), (100_000, 200_000)]
    files = [(sftp.open(f"/inbox/{PACKET}", "rb"), start, end) for start, end in ends]
    for file, start, end in files:
        assert house.heard == []
        file.seek(start)
        file.read(end - start)
        file.close()
    sftp.stat("/inbox")
    assert house.heard == [("01", PACKET, "sftp-read")]


def test_removed_is_collected(house: House, sftp: Client) -> None:
    deliver(house)
    sftp.remove(f"/inbox/{PACKET}")
    assert house.heard == [("01", PACKET, "sftp-removed")]
    with pytest.raises(FileNotFoundError):
        sftp.remove(f"/inbox/{PACKET}")
    assert len(house.heard) == 1


def test_what_cannot_be_noted_is_not_done(house: House, sftp: Client) -> None:
    deliver(house)
    house.deaf = True
    with pytest.raises(OSError, match="try again later"):
        sftp.remove(f"/inbox/{PACKET}")
    assert (house.inbox() / PACKET).exists()
    house.deaf = False
    sftp.remove(f"/inbox/{PACKET}")


def test_receipts_and_keys_are_not_collected(house: House, sftp: Client) -> None:
    (house.root("01") / "receipts" / f"{TRACKING}.1.RECEIVED.json.asc").write_text("r")
    with sftp.open(f"/receipts/{TRACKING}.1.RECEIVED.json.asc", "rb") as file:
        file.read()
    sftp.remove(f"/receipts/{TRACKING}.1.RECEIVED.json.asc")
    assert house.heard == []


def test_the_log_knows_no_outbox_name(house: House, served: Running, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    deliver(house)
    with served.client() as client:
        with client.open("/outbox/Ana Reyes.part", "wb") as out:
            out.write(b"x")
        client.rename("/outbox/Ana Reyes.part", "/outbox/Ana Reyes.pgp")
        client.remove("/outbox/Ana Reyes.pgp")
        client.open("/outbox/Ana Reyes 2.pgp", "wb").close()
        with client.open(f"/inbox/{PACKET}", "rb") as file:
            file.read()
        client.remove(f"/inbox/{PACKET}")
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("satchel")]
    assert not [line for line in lines if "Ana" in line or "Reyes" in line]
    assert f"lea=01 address=127.0.0.1 verb=remove folder=inbox tracking={TRACKING} bytes=0" in lines
    assert f"lea=01 address=127.0.0.1 verb=download folder=inbox tracking={TRACKING} bytes=300000" in lines
