"""The bounds of the built-in SFTP server, and clients that send garbage, flood or stall."""

import contextlib
import socket
import struct
import threading
import time

import paramiko
import pytest
from paramiko.common import MSG_CHANNEL_DATA, MSG_EXT_INFO, MSG_USERAUTH_INFO_RESPONSE
from paramiko.packet import Packetizer

from broker.edge.settings.values import SettingsError, Sftp
from broker.edge.sftp.paths import HIDDEN
from broker.edge.sftp.server.server import SftpServer
from broker.edge.sftp.server.transport import Packets
from tests.support.ssh import (
    PACKET,
    House,
    Running,
    deliver,
    names,
    raw,
    running,
    wait_until,
)

pytest_plugins = ("tests.support.ssh_fixtures",)
Client = paramiko.SFTPClient


def connects(served: Running) -> bool:
    """Whether the server answers with its greeting."""
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as sock:
        try:
            return sock.recv(8) == b"SSH-2.0-"
        except ConnectionResetError:
            return False


def test_connections_in_all(house: House) -> None:
    with running(house, Sftp(port=0, connections=2)) as served:
        with served.client("01"), served.client("6G"), pytest.raises(paramiko.ChannelException), served.client("01"):
            pass
        with served.client("01"), served.client("01") as both:
            assert both.listdir("/outbox") == []


def test_connections_of_one_lea(house: House) -> None:
    with running(house, Sftp(port=0, connections_per_lea=2)) as served:
        with served.client("01"), served.client("01"):
            with pytest.raises(paramiko.ChannelException), served.client("01"):
                pass
            with served.client("6G") as other:
                assert other.listdir("/outbox") == []
        with served.client("01") as again:
            assert again.listdir("/outbox") == []


def test_connections_of_one_address_in_a_minute(house: House) -> None:
    with running(house, Sftp(port=0, connections_per_minute=3)) as served:
        assert [connects(served) for _ in range(4)] == [True, True, True, False]


def test_open_files_of_one_connection(house: House) -> None:
    deliver(house)
    with running(house, Sftp(port=0, handles=3)) as served, served.client() as client:
        files = [client.open(f"/inbox/{PACKET}", "rb") for _ in range(3)]
        for work in (lambda: client.open(f"/inbox/{PACKET}", "rb"), lambda: client.listdir("/inbox")):
            with pytest.raises(OSError, match="Too many files"):
                work()
        files[0].close()
        assert client.listdir("/inbox") == [PACKET]


def test_open_folders_and_sessions_of_one_connection(served: Running) -> None:
    with contextlib.closing(served.transport()) as transport:
        first, second = (Client.from_transport(transport) for _ in range(2))
        with pytest.raises(paramiko.SSHException):
            Client.from_transport(transport)
        assert first is not None
        assert second is not None
        for _ in range(4):
            raw(first)._request(11, b"/inbox")
        with pytest.raises(OSError, match="Too many folders"):
            first.listdir("/inbox")
        second.close()
        wait_until(lambda: sum(one.name == "sftp-session" for one in threading.enumerate()) == 1)
        assert Client.from_transport(transport) is not None


def test_time_to_log_in(house: House) -> None:
    with running(house, Sftp(port=0, login_seconds=0.6)) as served:
        with socket.create_connection(("127.0.0.1", served.port), timeout=5) as silent:
            assert silent.recv(100).startswith(b"SSH-2.0-")
            assert silent.recv(100) == b""
        with contextlib.closing(served.transport()) as logged_in:
            wait_until(lambda: not logged_in.is_active(), 5)


def test_idle_time(house: House) -> None:
    with running(house, Sftp(port=0, idle_seconds=0.6)) as served, served.client() as client:
        for _ in range(5):
            time.sleep(0.2)
            client.stat("/inbox")
        channel = client.get_channel()
        assert channel is not None
        for n in range(20):  # the beginning of a message, and never its end
            if channel.closed:
                break
            with contextlib.suppress(OSError):
                channel.send(b"\0\0\1\0"[n % 4 : n % 4 + 1])
            time.sleep(0.1)
        wait_until(lambda: channel.closed, 2)


def test_bytes_per_second(house: House) -> None:
    content = deliver(house, 150_000)
    with running(house, Sftp(port=0, bytes_per_second=300_000)) as served, served.client() as client:
        begun = time.monotonic()
        with client.open(f"/inbox/{PACKET}", "rb") as file:
            assert file.read() == content
        with client.open("/outbox/x.pgp", "wb") as out:
            out.write(content)
        assert time.monotonic() - begun > 0.9


def test_stop_is_soon_and_clean(house: House) -> None:
    before = threading.active_count()
    with running(house, Sftp(port=0, bytes_per_second=1000)) as served:
        transport = served.transport()
        client = Client.from_transport(transport)
        assert client is not None
        out = client.open("/outbox/x.pgp", "wb")
        out.set_pipelined(True)
        out.write(b"a" * 32_000)
        wait_until(lambda: (house.outbox() / (HIDDEN + "x.pgp")).stat().st_size == 32_000)
        begun = time.monotonic()
        served.server.stop()
        assert time.monotonic() - begun < 3
        assert not connects_at_all(served.port)
    transport.close()
    wait_until(lambda: threading.active_count() <= before)
    assert names(house.outbox()) == [HIDDEN + "x.pgp"]


def connects_at_all(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def test_an_address_that_is_taken(house: House, served: Running) -> None:
    with pytest.raises(SettingsError, match=r"sftp\.port"):
        SftpServer(Sftp(port=served.port), house.home / "keys" / "sftp_host", house).serve()


@pytest.mark.parametrize(
    "garbage",
    [
        b"",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 200,
        b"x" * 100_000,
        b"SSH-2.0-x\r\n" + b"\xff" * 100_000,
        b"SSH-2.0-x\r\n" + struct.pack(">IB", 0x7FFFFFFF, 10) + b"\x14" * 100_000,
        b"SSH-2.0-x\r\n" + struct.pack(">IB", 12, 10) + b"\x14" * 100_000,
        b"\xff\xfe\r\n",
    ],
)
def test_garbage_before_the_login(served: Running, garbage: bytes) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as sock, contextlib.suppress(OSError):
        sock.sendall(garbage)
        sock.shutdown(socket.SHUT_WR)
        while sock.recv(65536):
            pass
    with served.client() as client:
        assert client.listdir("/inbox") == []


@pytest.mark.parametrize("begun", [b"x" * 300, b"SSH-2.0-x\r\n" + struct.pack(">IB", 0x7FFFFFFC, 10) + bytes(100)])
def test_who_announces_too_much_is_cut_off_at_once(served: Running, begun: bytes) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=5) as sock, contextlib.suppress(ConnectionError):
        sock.sendall(begun)
        while sock.recv(65536):
            pass


def message(kind: int, *fields: int | bytes) -> paramiko.Message:
    built = paramiko.Message()
    built.add_byte(bytes([kind]))
    for field in fields:
        built.add_int(field) if isinstance(field, int) else built.add_bytes(field)
    return built


def test_counts_before_the_login_do_not_keep_the_server_busy(house: House, served: Running) -> None:
    with contextlib.closing(paramiko.Transport(("127.0.0.1", served.port))) as transport:
        transport.start_client()
        transport.auth_timeout = 5
        raw(transport)._send_message(message(MSG_EXT_INFO, 0xFFFFFFFF))
        transport.auth_publickey("01", paramiko.Ed25519Key.from_private_key_file(str(house.key("01"))))
    with contextlib.closing(paramiko.Transport(("127.0.0.1", served.port))) as transport:
        transport.start_client()
        raw(transport)._send_message(message(MSG_USERAUTH_INFO_RESPONSE, 0xFFFFFFFF))
        wait_until(lambda: not transport.is_active(), 5)


def test_another_key_exchange_before_the_login_ends_it(served: Running) -> None:
    with contextlib.closing(paramiko.Transport(("127.0.0.1", served.port))) as transport:
        transport.start_client()
        with pytest.raises((paramiko.SSHException, EOFError)):
            transport.renegotiate_keys()
        wait_until(lambda: not transport.is_active(), 5)


@pytest.mark.parametrize("side", ["client", "server"])
def test_keys_are_exchanged_anew_during_a_transfer(
    house: House, served: Running, side: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    packets = Packetizer if side == "client" else Packets
    monkeypatch.setattr(packets, "REKEY_BYTES", 1_000_000)
    content = deliver(house, 8_000_000)
    with served.client() as client:
        with client.open(f"/inbox/{PACKET}", "rb") as file:
            file.prefetch()
            assert file.read() == content
        with client.open("/outbox/x.pgp", "wb") as out:
            out.set_pipelined(True)
            out.write(content)
    assert (house.outbox() / "x.pgp").read_bytes() == content


def test_a_window_that_is_ignored_ends_the_connection(served: Running) -> None:
    with contextlib.closing(served.transport()) as transport:
        channel = transport.open_session()  # nobody reads it before it has a subsystem
        content = bytes(30_000)
        with contextlib.suppress(OSError, EOFError):
            for _ in range(200):
                raw(transport)._send_message(message(MSG_CHANNEL_DATA, channel.remote_chanid, len(content), content))
        wait_until(lambda: not transport.is_active())


@pytest.mark.parametrize(
    "content",
    [
        b"\0\0\0\0",
        b"\xff\xff\xff\xff",
        b"\0\0\0\5\1\0\0\0\2",
        b"\0\0\0\5\2\0\0\0\3",
        b"\0\0\0\5\1\0\0\0\3" + b"\0\0\0\7\3\0\0\0\1\0\0",
        b"\0\0\0\5\1\0\0\0\3" + b"\0\0\0\x1d\x09\0\0\0\1\0\0\0\7/outbox\x80\0\0\0\xff\xff\xff\xff\0\0\0\0\0\0",
        b"\0\0\0\5\1\0\0\0\3" + b"\0\0\0\x09\3\0\0\0\1\xff\xff\xff\xff",
    ],
)
def test_garbage_in_the_session_ends_it(served: Running, content: bytes) -> None:
    with contextlib.closing(served.transport()) as transport:
        channel = transport.open_session()
        channel.settimeout(5)
        channel.invoke_subsystem("sftp")
        channel.sendall(content)
        while channel.recv(65536):
            pass
    with served.client() as client:
        assert client.listdir("/inbox") == []


def test_requests_without_sense_are_answered(sftp: Client) -> None:
    for kind, fields in (
        (99, ()),
        (200, (b"x",)),
        (4, (b"x",)),
        (5, (b"x", 0, 0, 1)),
        (12, (b"x",)),
        (6, (b"x", 0, 0, b"")),
    ):
        with pytest.raises(OSError, match=r"not open|does not do"):
            raw(sftp)._request(kind, *fields)
    assert sftp.listdir("/inbox") == []


def test_who_does_not_read_does_not_hurt_others(house: House) -> None:
    deliver(house, 8_000_000)
    with running(house, Sftp(port=0, idle_seconds=1.0)) as served, contextlib.closing(served.transport()) as stalled:
        channel = stalled.open_session(window_size=32_768)
        channel.invoke_subsystem("sftp")
        path = f"/inbox/{PACKET}".encode()
        channel.sendall(b"\0\0\0\5\1\0\0\0\3")
        opened = struct.pack(">BII", 3, 1, len(path)) + path + struct.pack(">II", 1, 0)
        channel.sendall(struct.pack(">I", len(opened)) + opened)
        asked = struct.pack(">BIIcQI", 5, 2, 1, b"1", 0, 200_000)
        channel.sendall((struct.pack(">I", len(asked)) + asked) * 20)
        with served.client("6G") as other, other.open("/outbox/x.pgp", "wb") as out:
            out.write(b"x" * 1_000_000)
        wait_until(lambda: not stalled.is_active(), 5)
    assert house.heard == []
