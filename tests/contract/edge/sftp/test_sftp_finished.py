"""A finished upload to the built-in SFTP server is never replaced."""

import pytest

from broker.edge.settings.values import Limits
from tests.support.ssh import (
    House,
    Running,
    names,
)
from tests.support.uploads import Client, contents, put

pytest_plugins = ("tests.support.ssh_fixtures",)


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
