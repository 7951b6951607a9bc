"""Sending and fetching: over lines that break, to servers that are not known, past files that are already there."""

import contextlib
import os
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest

from broker.core.errors import Deferred
from broker.edge import sftp_transfer
from broker.edge.settings import Limits
from broker.edge.sftp_client import Account, ClientError, Line
from broker.edge.sftp_hostkey import generate, public_line
from broker.edge.sftp_transfer import fetch, send
from tests.support.ssh import PACKET, TRACKING, Cutter, House, Running, deliver, hang_up, make_key, names, raw, running

pytest_plugins = ("tests.support.ssh_fixtures",)


def account(served: Running, port: int = 0, lea: str = "01", host_key: str = "") -> Account:
    pinned = host_key or served.server.host_key.fingerprint
    return Account("127.0.0.1", port or served.port, lea, served.house.key(lea), host_key=pinned)


@pytest.fixture
def line(served: Running) -> Iterator[Line]:
    with Line(account(served), pause=lambda _: None) as one:
        yield one


@contextlib.contextmanager
def breaking(served: Running, *after: int) -> Iterator[tuple[Line, Cutter]]:
    """A line whose first connections end after so many bytes in one direction."""
    cutter = Cutter(served.port, after)
    with contextlib.closing(cutter), Line(account(served, cutter.port), pause=lambda _: None) as one:
        yield one, cutter


def packet(house: House, name: str = "record.pgp", size: int = 300_000) -> Path:
    path = house.home / name
    path.write_bytes(os.urandom(size))
    return path


# --- sending


def test_a_file_arrives_whole_under_its_name(house: House, line: Line) -> None:
    source, seen = packet(house, size=5_000_000), []
    [outcome] = send(line, [source], lambda *step: seen.append(step))
    assert (outcome.path, outcome.size, outcome.error) == ("/outbox/record.pgp", 5_000_000, "")
    assert (house.outbox() / "record.pgp").read_bytes() == source.read_bytes()
    assert names(house.outbox()) == ["record.pgp"]
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)
    assert seen[0] == ("record.pgp", 0, 5_000_000)
    assert seen[-1] == ("record.pgp", 5_000_000, 5_000_000)


def test_a_broken_line_is_built_again_and_goes_on(house: House, served: Running) -> None:
    source, begun = packet(house, size=12_000_000), []
    with breaking(served, 5_000_000, 4_000_000) as (line, cutter):
        [outcome] = send(line, [source], lambda _, done, __: begun.append(done))
    assert outcome.error == ""
    assert cutter.connections == 3
    assert (house.outbox() / "record.pgp").read_bytes() == source.read_bytes()
    assert begun.count(0) == 1  # it never went back to its start


def test_what_is_there_and_differs_is_sent_anew(house: House, line: Line) -> None:
    source = packet(house)
    (house.outbox() / "record.pgp.part").write_bytes(b"x" * 100_000)
    assert send(line, [source])[0].error == ""
    assert (house.outbox() / "record.pgp").read_bytes() == source.read_bytes()


@pytest.mark.parametrize("there", [1, 65_536, 65_537, 299_999, 300_000, 300_001])
def test_what_is_there_and_fits_is_kept(house: House, line: Line, there: int) -> None:
    source, begun = packet(house), []
    content = source.read_bytes()
    (house.outbox() / "record.pgp.part").write_bytes((content + b"more")[:there])
    send(line, [source], lambda _, done, __: begun.append(done))
    assert (house.outbox() / "record.pgp").read_bytes() == content
    assert begun[0] == (there if there <= 300_000 else 0)


def test_no_other_file_loses_its_place(house: House, line: Line) -> None:
    (house.outbox() / "record.pgp").write_bytes(b"not taken yet")
    outcomes = send(line, [packet(house), packet(house)])
    assert [one.path for one in outcomes] == ["/outbox/record-2.pgp", "/outbox/record-3.pgp"]
    assert (house.outbox() / "record.pgp").read_bytes() == b"not taken yet"


def test_a_lost_answer_to_the_rename_is_no_failure(house: House, line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    rename = paramiko.SFTPClient.rename
    lost: list[str] = []

    def loses(self: paramiko.SFTPClient, old: str, new: str) -> None:
        rename(self, old, new)
        if not lost:
            lost.append(new)
            hang_up(self)
            raise EOFError

    monkeypatch.setattr(paramiko.SFTPClient, "rename", loses)
    [outcome] = send(line, [packet(house)])
    assert (outcome.path, outcome.error) == ("/outbox/record.pgp", "")
    assert names(house.outbox()) == ["record.pgp"]


def test_a_refusal_is_told_and_the_rest_is_sent(house: House) -> None:
    with running(house, limits=Limits(sealed_bytes=200_000)) as served, Line(account(served)) as line:
        big, hidden, small = packet(house), packet(house, ".x.pgp"), packet(house, "small.pgp", 1000)
        outcomes = send(line, [big, hidden, house.home / "missing.pgp", small])
    assert "larger than this exchange accepts" in outcomes[0].error
    assert "rename it" in outcomes[1].error
    assert "No such file" in outcomes[2].error
    assert outcomes[3].error == ""
    assert names(house.outbox()) == ["small.pgp"]


def test_a_file_that_changes_is_not_sent(house: House, line: Line) -> None:
    source = packet(house)
    [outcome] = send(line, [source], lambda _, done, size: source.touch() if done == size else None)
    assert "changed while it was being sent" in outcome.error
    assert house.visible() == set()


# --- fetching


def test_everything_is_fetched_and_removed(house: House, line: Line, tmp_path: Path) -> None:
    content = deliver(house)
    (house.root("01") / "receipts" / f"{TRACKING}.1.RECEIVED.json.asc").write_text("receipt")
    (house.root("01") / "directory" / "6G.asc").write_text("key")
    outcomes = fetch(line, tmp_path / "in", remove=True)
    assert [(one.name, one.error) for one in outcomes] == [
        ("6G.asc", ""),
        (PACKET, ""),
        (f"{TRACKING}.1.RECEIVED.json.asc", ""),
    ]
    got = tmp_path / "in" / "inbox" / PACKET
    assert got.read_bytes() == content
    assert stat.S_IMODE(got.stat().st_mode) == 0o600
    assert names(got.parent) == [PACKET]
    assert names(house.inbox()) == names(house.root("01") / "receipts") == []
    assert names(house.root("01") / "directory") == ["6G.asc"]
    assert [how for _, _, how in house.heard] == ["sftp-read", "sftp-removed"]


def test_keep_leaves_everything(house: House, line: Line, tmp_path: Path) -> None:
    content = deliver(house)
    for _ in range(2):
        assert [one.error for one in fetch(line, tmp_path)] == [""]
    assert names(house.inbox()) == [PACKET]
    assert (tmp_path / "inbox" / PACKET).read_bytes() == content
    assert house.heard == [("01", PACKET, "sftp-read")]


def test_a_broken_fetch_goes_on(house: House, served: Running, tmp_path: Path) -> None:
    content, begun = deliver(house, 12_000_000), []
    with breaking(served, 5_000_000, 4_000_000) as (line, cutter):
        [outcome] = fetch(line, tmp_path, lambda _, done, __: begun.append(done), remove=True)
    assert outcome.error == ""
    assert cutter.connections == 3
    assert (tmp_path / "inbox" / PACKET).read_bytes() == content
    assert begun.count(0) == 1
    assert {how for _, _, how in house.heard} == {"sftp-read", "sftp-removed"}


def test_what_is_here_and_differs_is_not_overwritten(house: House, line: Line, tmp_path: Path) -> None:
    deliver(house)
    mine = tmp_path / "inbox" / PACKET
    mine.parent.mkdir()
    for content in (b"mine", os.urandom(300_000)):
        mine.write_bytes(content)
        [outcome] = fetch(line, tmp_path, remove=True)
        assert "already there and differs" in outcome.error
        assert mine.read_bytes() == content
    assert names(house.inbox()) == [PACKET]


def test_keys_follow_the_server(house: House, line: Line, tmp_path: Path) -> None:
    for content in ("old", "renewed"):
        (house.root("01") / "directory" / "6G.asc").write_text(content)
        assert [one.name for one in fetch(line, tmp_path)] == ["6G.asc"]
        assert (tmp_path / "directory" / "6G.asc").read_text() == content
        assert fetch(line, tmp_path) == []
        os.utime(house.root("01") / "directory" / "6G.asc", (1, 1))


def test_a_part_that_does_not_fit_is_fetched_anew(house: House, line: Line, tmp_path: Path) -> None:
    content = deliver(house)
    part = tmp_path / "inbox" / f"{PACKET}.part"
    part.parent.mkdir()
    part.write_bytes(b"x" * 100_000)
    assert fetch(line, tmp_path)[0].error == ""
    assert (tmp_path / "inbox" / PACKET).read_bytes() == content
    assert not part.exists()


def test_a_planted_part_is_not_followed(house: House, line: Line, tmp_path: Path) -> None:
    deliver(house)
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / f"{PACKET}.part").symlink_to(victim)
    with pytest.raises(OSError, match="symbolic links"):
        fetch(line, tmp_path)
    assert victim.read_text() == "precious"


def test_a_server_cannot_name_files_elsewhere(line: Line, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lists(_self: object, _path: str) -> list[paramiko.SFTPAttributes]:
        found = []
        for name in ("../evil", "/etc/evil", "..", "a\nb", ".bashrc"):
            found.append(paramiko.SFTPAttributes())
            raw(found[-1]).filename = name
        return found

    monkeypatch.setattr(paramiko.SFTPClient, "listdir_attr", lists)
    assert fetch(line, tmp_path / "in") == []
    assert sorted(path.name for path in (tmp_path / "in").rglob("*")) == ["directory", "inbox", "receipts"]


# --- the line


def refusal(one: Account, tmp_path: Path) -> str:
    with pytest.raises(ClientError) as refused, Line(one) as line:
        fetch(line, tmp_path)
    return str(refused.value)


def test_an_unknown_host_key_is_refused(served: Running, tmp_path: Path) -> None:
    shown = served.server.host_key.fingerprint
    empty = tmp_path / "known_hosts"
    empty.touch()
    key = served.house.key("01")
    for one in (
        account(served, host_key="SHA256:" + "A" * 43),
        Account("127.0.0.1", served.port, "01", key, known_hosts=empty),
    ):
        told = refusal(one, tmp_path)
        assert shown in told
        assert "ask the exchange's operator" in told
    assert "--known-hosts" in refusal(Account("127.0.0.1", served.port, "01", key), tmp_path)
    assert "known hosts file" in refusal(
        Account("127.0.0.1", served.port, "01", key, known_hosts=tmp_path / "none"), tmp_path
    )


def test_a_changed_host_key_is_refused(served: Running, tmp_path: Path) -> None:
    other = make_key(tmp_path / "other")
    known = tmp_path / "known_hosts"
    known.write_text(f"[127.0.0.1]:{served.port} {other}\n")
    told = refusal(Account("127.0.0.1", served.port, "01", served.house.key("01"), known_hosts=known), tmp_path)
    assert "someone may be in between" in told


def test_known_hosts_are_enough(house: House, served: Running, tmp_path: Path) -> None:
    one = Account("127.0.0.1", served.port, "01", house.key("01"), known_hosts=served.known_hosts)
    with Line(one) as line:
        assert fetch(line, tmp_path) == []


def test_a_login_that_is_refused(house: House, served: Running, tmp_path: Path) -> None:
    pinned = served.server.host_key.fingerprint
    told = refusal(Account("127.0.0.1", served.port, "01", house.key("6G"), host_key=pinned), tmp_path)
    assert "does not let 01 in" in told
    (tmp_path / "nonsense").write_text("x")
    (tmp_path / "locked").write_bytes(generate("secret"))
    for name, says in (("none", "No such file"), ("nonsense", "no private SSH key"), ("locked", "--passphrase-file")):
        one = Account("127.0.0.1", served.port, "01", tmp_path / name, host_key=pinned)
        assert says in refusal(one, tmp_path)


def test_a_locked_key_with_its_passphrase(house: House, served: Running, tmp_path: Path) -> None:
    private = generate("secret")
    (tmp_path / "locked").write_bytes(private)
    house.lines["01"] = [public_line(private, "secret")]
    pinned = served.server.host_key.fingerprint
    one = Account("127.0.0.1", served.port, "01", tmp_path / "locked", host_key=pinned, passphrase="secret")
    assert "secret" not in repr(one)
    with Line(one) as line:
        assert fetch(line, tmp_path / "in") == []


def test_tries_are_bounded_and_pauses_grow(served: Running, tmp_path: Path) -> None:
    pauses: list[float] = []
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    line = Line(account(served, port), retries=4, pause=pauses.append)
    with pytest.raises(Deferred, match="Nothing answers at"):
        fetch(line, tmp_path)
    assert pauses == [0.5, 1.0, 2.0, 4.0]


def test_a_line_that_brings_nothing_is_given_up(house: House, served: Running) -> None:
    source = packet(house, size=3_000_000)
    with breaking(served, *[100_000] * 50) as (line, cutter), pytest.raises(Deferred):
        send(line, [source])
    assert cutter.connections <= 8
    assert house.visible() == set()


def test_progress_counts_for_the_tries(house: House, served: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sftp_transfer, "WINDOW", 100_000)
    source = packet(house, size=3_000_000)
    with breaking(served, *[400_000] * 20) as (line, cutter):
        assert send(line, [source])[0].error == ""
    assert cutter.connections > 7
    assert (house.outbox() / "record.pgp").read_bytes() == source.read_bytes()


def test_nothing_is_left_running(served: Running, tmp_path: Path) -> None:
    with Line(account(served)) as line:
        fetch(line, tmp_path)
    left = [one for one in threading.enumerate() if isinstance(one, paramiko.Transport) and not one.server_mode]
    for one in left:
        one.join(5)
    assert not any(one.is_alive() for one in left)
