"""Uploads to the built-in SFTP server: never seen half, resumed, bounded."""

import time

import paramiko
import pytest

from broker.core.errors import Deferred
from broker.edge.settings.values import Limits, Sftp
from broker.edge.sftp.paths import HIDDEN
from broker.edge.sftp.server import memory, quota
from broker.edge.sftp.server.server import State
from tests.support.ssh import (
    House,
    Running,
    hang_up,
    names,
    running,
    wait_until,
)

pytest_plugins = ("tests.support.ssh_fixtures",)
Client = paramiko.SFTPClient


def contents(house: House) -> dict[str, bytes]:
    """What intake would take, by name."""
    return {name: (house.outbox() / name).read_bytes() for name in house.visible()}


def put(client: Client, name: str, content: bytes) -> None:
    """Upload in one go; returns when the server has answered the close with OK."""
    with client.open(f"/outbox/{name}", "wb") as out:
        out.write(content)


def test_nobody_sees_an_upload_half(house: House, sftp: Client) -> None:
    with sftp.open("/outbox/x.pgp", "wb") as out:
        out.write(b"a" * 100_000)
        assert house.visible() == set()
        assert sftp.stat("/outbox/x.pgp").st_size == 100_000
        assert [(e.filename, e.st_size) for e in sftp.listdir_attr("/outbox")] == [("x.pgp", 100_000)]
    assert house.visible() == {"x.pgp"}
    assert names(house.outbox()) == ["x.pgp"]


def test_a_broken_upload_waits_for_its_rest(house: House, served: Running) -> None:
    with served.client() as client:
        out = client.open("/outbox/x.pgp", "wb")
        out.write(b"a" * 50_000)
        hang_up(client)
    wait_until(lambda: names(house.outbox()) == [HIDDEN + "x.pgp"])
    with served.client() as client:
        assert client.stat("/outbox/x.pgp").st_size == 50_000
        assert house.visible() == set()
        with client.open("/outbox/x.pgp", "r+b") as out:
            out.seek(50_000)
            out.write(b"b" * 10)
    assert (house.outbox() / "x.pgp").read_bytes() == b"a" * 50_000 + b"b" * 10


def test_a_fresh_upload_begins_anew(house: House, served: Running) -> None:
    (house.outbox() / (HIDDEN + "x.pgp")).write_bytes(b"old" * 1000)
    with served.client() as client, client.open("/outbox/x.pgp", "wb") as out:
        out.write(b"new")
    assert (house.outbox() / "x.pgp").read_bytes() == b"new"
    assert house.visible() == {"x.pgp"}


def test_appending_goes_to_the_end(house: House, served: Running) -> None:
    (house.outbox() / (HIDDEN + "x.pgp")).write_bytes(b"begin-")
    with served.client() as client, client.open("/outbox/x.pgp", "ab") as out:
        out.write(b"end")
    assert (house.outbox() / "x.pgp").read_bytes() == b"begin-end"


def test_a_complete_file_is_not_continued(house: House, sftp: Client) -> None:
    (house.outbox() / "x.pgp").write_bytes(b"whole")
    with pytest.raises(OSError, match="already complete"):
        sftp.open("/outbox/x.pgp", "r+b")
    with sftp.open("/outbox/x.pgp", "wb") as out:
        out.write(b"other")
        assert (house.outbox() / "x.pgp").read_bytes() == b"whole"
    assert contents(house) == {"x.pgp": b"whole", "x.again2.pgp": b"other"}
    with pytest.raises(OSError, match="already there"):
        sftp.open("/outbox/x.pgp", "wbx")


@pytest.mark.parametrize("name", ["x.pgp.part", "x.pgp.filepart", ".x.pgp", "x.pgp.tmp", "x.pgp.1a2b.partial"])
def test_a_temporary_name_is_seen_after_its_rename(house: House, sftp: Client, name: str) -> None:
    with sftp.open(f"/outbox/{name}", "wb") as out:
        out.write(b"x")
    assert house.visible() == set()
    assert sftp.listdir("/outbox") == [name]
    sftp.rename(f"/outbox/{name}", "/outbox/x.pgp")
    assert names(house.outbox()) == ["x.pgp"]


def test_renames(house: House, sftp: Client) -> None:
    (house.outbox() / "old.pgp").write_bytes(b"old")
    (house.outbox() / "new.part").write_bytes(b"new")
    (house.outbox() / (HIDDEN + "broken.pgp")).write_bytes(b"half")
    with pytest.raises(OSError, match="already there"):
        sftp.rename("/outbox/new.part", "/outbox/old.pgp")
    with pytest.raises(OSError, match="not finished"):
        sftp.rename("/outbox/broken.pgp", "/outbox/whole.pgp")
    with sftp.open("/outbox/busy.part", "wb") as out:
        out.write(b"x")
        with pytest.raises(OSError, match="not finished"):
            sftp.rename("/outbox/busy.part", "/outbox/busy.pgp")
    with pytest.raises(FileNotFoundError):
        sftp.rename("/outbox/nothing.part", "/outbox/x.pgp")
    sftp.posix_rename("/outbox/new.part", "/outbox/old.pgp")
    assert contents(house) == {"old.pgp": b"old", "old.again2.pgp": b"new"}


def test_who_opens_last_has_the_name(house: House, served: Running) -> None:
    with served.client() as dead, served.client() as alive:
        first = dead.open("/outbox/x.pgp", "wb")
        first.write(b"a" * 1000)
        with alive.open("/outbox/x.pgp", "r+b") as second:
            second.seek(1000)
            second.write(b"b")
            with pytest.raises(OSError, match="taken this upload over"):
                first.write(b"c")
        assert (house.outbox() / "x.pgp").read_bytes() == b"a" * 1000 + b"b"
        first.close()
        assert house.visible() == {"x.pgp"}


def test_a_file_with_gaps_is_not_published(house: House, sftp: Client) -> None:
    out = sftp.open("/outbox/x.pgp", "wb")
    out.write(b"a" * 100)
    out.seek(5000)
    out.write(b"b")
    out.close()
    assert house.visible() == set()
    assert sftp.stat("/outbox/x.pgp").st_size == 100


def test_parts_may_come_in_any_order(house: House, sftp: Client) -> None:
    with sftp.open("/outbox/x.pgp", "wb") as out:
        for at in (3, 0, 6):
            out.seek(at)
            out.write(b"abc")
    assert (house.outbox() / "x.pgp").read_bytes() == b"abcabcabc"


def test_an_upload_can_be_shortened(house: House, sftp: Client) -> None:
    with sftp.open("/outbox/x.pgp", "wb") as out:
        out.write(b"abcdef")
        out.truncate(3)
        with pytest.raises(OSError, match="longer"):
            out.truncate(10)
    assert (house.outbox() / "x.pgp").read_bytes() == b"abc"
    (house.outbox() / (HIDDEN + "y.pgp")).write_bytes(b"abcdef")
    sftp.truncate("/outbox/y.pgp", 2)
    assert sftp.stat("/outbox/y.pgp").st_size == 2


def test_a_file_that_is_too_large_says_so_and_leaves_nothing(house: House) -> None:
    with running(house, limits=Limits(sealed_bytes=10_000)) as served, served.client() as client:
        out = client.open("/outbox/x.pgp", "wb")
        out.write(b"a" * 10_000)
        with pytest.raises(OSError, match="larger than this exchange accepts"):
            out.write(b"a")
        out.close()
        assert names(house.outbox()) == []
        out = client.open("/outbox/y.pgp", "wb")
        out.seek(1 << 60)
        with pytest.raises(OSError, match="No file is that long"):
            out.write(b"a")


def test_a_taken_file_is_remembered_for_a_last_look(house: House, sftp: Client) -> None:
    with sftp.open("/outbox/x.pgp", "wb") as out:
        out.write(b"abc")
    (house.outbox() / "x.pgp").unlink()
    assert sftp.stat("/outbox/x.pgp").st_size == 3
    sftp.utime("/outbox/x.pgp", (1, 1))
    assert sftp.listdir("/outbox") == []
    with pytest.raises(FileNotFoundError):
        sftp.remove("/outbox/x.pgp")
    with pytest.raises(FileNotFoundError):
        sftp.stat("/outbox/y.pgp")


def test_the_memory_of_taken_files_ends(house: House, sftp: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "TAKEN_SECONDS", -1.0)
    sftp.open("/outbox/x.pgp", "wb").close()
    (house.outbox() / "x.pgp").unlink()
    with pytest.raises(FileNotFoundError):
        sftp.stat("/outbox/x.pgp")


def test_so_many_files_and_bytes(house: House) -> None:
    with running(house, Sftp(port=0, outbox_files=3, outbox_bytes=10_000)) as served, served.client() as client:
        for name in "abc":
            client.open(f"/outbox/{name}.pgp", "wb").close()
        with pytest.raises(OSError, match="outbox is full"):
            client.open("/outbox/d.pgp", "wb")
        (house.outbox() / "a.pgp").unlink()  # taken in by the exchange
        time.sleep(quota.HASTE_SECONDS)
        out = client.open("/outbox/d.pgp", "wb")
        out.write(b"x" * 9_000)
        with pytest.raises(OSError, match="outbox is full"):
            out.write(b"x" * 2_000)


def test_unfinished_files_that_are_renamed_are_unfinished_still(house: House) -> None:
    with running(house, Sftp(port=0, partials_per_lea=3)) as served, served.client() as client:
        for number in range(3):
            client.open(f"/outbox/{number}.part", "wb").close()
            client.rename(f"/outbox/{number}.part", f"/outbox/{number}.tmp")
        with pytest.raises(OSError, match="Too many unfinished uploads"):
            client.open("/outbox/3.part", "wb")
        client.rename("/outbox/0.tmp", "/outbox/0.pgp")
        client.open("/outbox/3.part", "wb").close()


class Hindered(State):
    """What the exchange says of an LEA, as the test wants it."""

    sentence = ""
    is_silent = False

    def why_not(self, lea: str) -> str:
        assert lea == "01"
        return self.sentence

    def check(self, lea: str) -> None:
        if self.is_silent:
            raise Deferred(f"the folder of LEA {lea} does not answer")


def test_what_the_exchange_takes_no_more_of_is_told_in_its_answer(house: House) -> None:
    state = Hindered()
    (house.outbox() / "there.pgp").write_bytes(b"whole")
    with running(house, Sftp(port=0), state=state) as served, served.client() as client:
        put(client, "before.pgp", b"x")
        out = client.open("/outbox/half.pgp", "wb")
        state.sentence = "The exchange's disk is nearly full."
        with pytest.raises(OSError, match="disk is nearly full"):
            out.write(b"x" * 10)
        with pytest.raises(OSError, match="disk is nearly full"):
            client.open("/outbox/new.pgp", "wb")
        assert client.open("/outbox/there.pgp").read() == b"whole"
        state.sentence = ""
        put(client, "after.pgp", b"y")
    assert {"before.pgp", "after.pgp"} <= house.visible()


def test_a_folder_that_does_not_answer_is_not_touched(house: House) -> None:
    state = Hindered()
    with running(house, Sftp(port=0), state=state) as served, served.client() as client:
        state.is_silent = True
        for ask in (
            lambda: client.listdir("/outbox"),
            lambda: client.stat("/inbox"),
            lambda: client.open("/outbox/a", "w"),
        ):
            with pytest.raises(OSError, match="try again later"):
                ask()
        state.is_silent = False
        put(client, "a.pgp", b"x")


def test_abandoned_uploads_give_way(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(3):
        (house.outbox() / f"{HIDDEN}{n}.pgp").write_bytes(b"half")
    with running(house, Sftp(port=0, partials_per_lea=3)) as served, served.client() as client:
        with pytest.raises(OSError, match="unfinished"):
            client.open("/outbox/new.pgp", "wb")
        monkeypatch.setattr(quota, "ABANDONED_SECONDS", 0.0)
        client.open("/outbox/new.pgp", "wb").close()
    assert names(house.outbox()) == [f"{HIDDEN}1.pgp", f"{HIDDEN}2.pgp", "new.pgp"]


# --- a finished file is never replaced


def over(way: str, client: Client, content: bytes) -> None:
    """Bring this content to the name x.pgp as one of the programs does."""
    if way == "truncate":
        put(client, "x.pgp", content)
        return
    put(client, ".x.pgp.part", content)
    client.posix_rename("/outbox/.x.pgp.part", "/outbox/x.pgp")


@pytest.mark.parametrize("second", ["truncate", "posix-rename"])
@pytest.mark.parametrize("first", ["truncate", "posix-rename"])
def test_what_was_answered_ok_is_there(house: House, served: Running, first: str, second: str) -> None:
    with served.client() as client:
        over(first, client, b"first")
        over(second, client, b"second")
        assert client.stat("/outbox/x.pgp").st_size == len(b"second")  # the client compares it with what it has sent
    with served.client() as client:
        over(second, client, b"the third")
    assert contents(house) == {"x.pgp": b"first", "x.again2.pgp": b"second", "x.again3.pgp": b"the third"}


def test_two_sessions_that_finish_the_same_name_are_two_packets(house: House, served: Running) -> None:
    with served.client() as one, served.client() as other:
        put(one, "x.part", b"one")
        put(other, "y.part", b"other")
        one.posix_rename("/outbox/x.part", "/outbox/x.pgp")
        other.posix_rename("/outbox/y.part", "/outbox/x.pgp")
    assert set(contents(house).values()) == {b"one", b"other"}


def test_a_rename_onto_a_temporary_name_replaces_nothing(house: House, sftp: Client) -> None:
    put(sftp, "x.part", b"one")
    put(sftp, "y.part", b"other")
    with pytest.raises(OSError, match="already there"):
        sftp.posix_rename("/outbox/y.part", "/outbox/x.part")
    assert {(house.outbox() / name).read_bytes() for name in names(house.outbox())} == {b"one", b"other"}


def test_a_finished_file_that_is_renamed_replaces_nothing(house: House, sftp: Client) -> None:
    put(sftp, "x.pgp", b"one")
    put(sftp, "y.pgp", b"other")
    sftp.posix_rename("/outbox/y.pgp", "/outbox/x.pgp")
    assert set(contents(house).values()) == {b"one", b"other"}


def test_a_program_that_disowns_its_upload_removes_that_one(house: House, sftp: Client) -> None:
    put(sftp, "x.pgp", b"first")
    put(sftp, "x.pgp", b"second")
    with sftp.open("/outbox/x.pgp", "rb") as back:
        assert back.read() == b"second"
    sftp.remove("/outbox/x.pgp")
    assert contents(house) == {"x.pgp": b"first"}


@pytest.mark.parametrize("temporary", ["x.pgp.filepart", ".in.x.pgp", "x.pgp.part", "x.pgp.7f3a.partial"])
def test_no_room_is_made_for_what_would_take_its_place(house: House, sftp: Client, temporary: str) -> None:
    """lftp and WinSCP upload, remove the old file, and rename: that is replacing it, too."""
    put(sftp, "x.pgp", b"first")
    put(sftp, temporary, b"second")
    with pytest.raises(OSError, match="another name"):
        sftp.remove("/outbox/x.pgp")
    with pytest.raises(OSError, match="another name"):
        sftp.rename(f"/outbox/{temporary}", "/outbox/x.pgp")
    assert sorted((house.outbox() / name).read_bytes() for name in names(house.outbox())) == [b"first", b"second"]
    sftp.rename(f"/outbox/{temporary}", "/outbox/y.pgp")
    sftp.remove("/outbox/x.pgp")  # it is the LEA's own, until it is taken
    assert contents(house) == {"y.pgp": b"second"}


def test_what_intake_has_taken_is_not_mistaken_for_what_still_stands(house: House, sftp: Client) -> None:
    put(sftp, "x.pgp", b"first")
    put(sftp, "x.pgp", b"second")
    (house.outbox() / "x.again2.pgp").unlink()
    assert sftp.stat("/outbox/x.pgp").st_size == len(b"second")
    with pytest.raises(FileNotFoundError):
        sftp.remove("/outbox/x.pgp")
    assert contents(house) == {"x.pgp": b"first"}


@pytest.mark.parametrize(
    "name", ["a" * 200, "a" * 196 + ".pgp", "é" * 110 + ".pgp", "no ending", "REQ_01_20261123_1.csv.pgp"]
)
def test_the_second_name_is_one_that_intake_takes(house: House, sftp: Client, name: str) -> None:
    for content in (b"first", b"second"):
        put(sftp, name, content)
    assert set(contents(house).values()) == {b"first", b"second"}
    assert all(len(one) <= Limits().file_name_chars for one in contents(house))
    assert name in contents(house)
