"""Uploads to the built-in SFTP server: never seen half, resumed, bounded."""

import time

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
from tests.support.uploads import Client, contents, put

pytest_plugins = ("tests.support.ssh_fixtures",)


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
