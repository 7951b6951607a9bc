"""Sending and fetching: whole or not there, over lines that break, past files that are already there."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest

from broker.edge.settings.values import Limits
from broker.edge.sftp.client.line import Line
from broker.edge.sftp.client.transfer import fetch, send
from tests.support.ssh import (
    PACKET,
    TRACKING,
    House,
    Running,
    account,
    breaking,
    deliver,
    hang_up,
    names,
    packet,
    raw,
    running,
)

pytest_plugins = ("tests.support.ssh_fixtures",)


@pytest.fixture
def line(served: Running) -> Iterator[Line]:
    with Line(account(served), pause=lambda _: None) as one:
        yield one


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
