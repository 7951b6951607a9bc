"""The line under the transfers: which servers it trusts, how it logs in, and when it gives up."""

import contextlib
import socket
import threading
from pathlib import Path

import paramiko
import pytest

from broker.core.errors import Deferred
from broker.edge.sftp.client import transfer
from broker.edge.sftp.client.line import Account, ClientError, Line
from broker.edge.sftp.client.transfer import fetch, send
from broker.edge.sftp.hostkey import generate, public_line
from tests.support.ssh import Cutter, House, Running, account, breaking, make_key, packet

pytest_plugins = ("tests.support.ssh_fixtures",)


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


def test_where_nothing_listens_is_told_at_once(served: Running, tmp_path: Path) -> None:
    pauses: list[float] = []
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    line = Line(account(served, port), retries=4, pause=pauses.append)
    with pytest.raises(Deferred, match="Nothing answers at"):
        fetch(line, tmp_path)
    assert pauses == []


@pytest.mark.parametrize(("after", "expected"), [([0] * 9, [0.5, 1.0]), ([8_000, *[0] * 9], [0.5, 1.0, 2.0, 4.0])])
def test_tries_are_bounded_and_pauses_grow(
    house: House, served: Running, after: list[int], expected: list[float]
) -> None:
    """Fewer where the server hung up before anybody was logged in."""
    pauses: list[float] = []
    with contextlib.closing(Cutter(served.port, after)) as cutter:
        line = Line(account(served, cutter.port), retries=4, pause=pauses.append)
        with line, pytest.raises(Deferred, match=r"breaks off|Nothing answers"):
            send(line, [packet(house, size=3_000_000)])
    assert pauses == expected


def test_a_line_that_brings_nothing_is_given_up(house: House, served: Running) -> None:
    source = packet(house, size=3_000_000)
    with breaking(served, *[100_000] * 50) as (line, cutter), pytest.raises(Deferred):
        send(line, [source])
    assert cutter.connections <= 8
    assert house.visible() == set()


def test_progress_counts_for_the_tries(house: House, served: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "WINDOW", 100_000)
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
