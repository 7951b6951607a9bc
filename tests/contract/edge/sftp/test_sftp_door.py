"""Strangers in front of the built-in SFTP server: however they keep places there, an LEA comes in every time."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import paramiko
import pytest

from broker.edge.settings.values import Sftp
from tests.support.ssh import House, Running, make_key, raw, running, wait_until

pytest_plugins = ("tests.support.ssh_fixtures",)
LOGINS = 16
ADDRESSES = [f"127.0.0.{number}" for number in range(2, 8)]
GREETING = b"SSH-2.0-OpenSSH_9.2p1\r\n"
# a KEXINIT whose algorithms are the server's own, and nothing behind it: the header of another packet, and no more
_NAMES = [b"curve25519-sha256", b"ssh-ed25519", *[b"aes256-ctr"] * 2, *[b"hmac-sha2-256-etm@openssh.com"] * 2]
_LISTS = b"".join(len(name).to_bytes(4, "big") + name for name in (*_NAMES, b"none", b"none", b"", b""))
_PAYLOAD = b"\x14" + bytes(16) + _LISTS + bytes(5)
_PADDING = 8 - (5 + len(_PAYLOAD)) % 8 + 8
KEXINIT = (1 + len(_PAYLOAD) + _PADDING).to_bytes(4, "big") + bytes([_PADDING]) + _PAYLOAD + bytes(_PADDING)


def from_address(address: str, port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=5, source_address=(address, 0))


def silent(_sock: socket.socket, _over: threading.Event) -> None:
    """It says nothing."""


def slow_greeting(sock: socket.socket, over: threading.Event) -> None:
    """A letter now and then."""
    for at in range(len(GREETING)):
        sock.sendall(GREETING[at : at + 1])
        if over.wait(0.3):
            return


def half_an_exchange(sock: socket.socket, _over: threading.Event) -> None:
    """It begins to agree on keys, and does not go on."""
    sock.sendall(GREETING + KEXINIT)


ATTACKS: list[Callable[[socket.socket, threading.Event], None]] = [silent, slow_greeting, half_an_exchange]


class Attack:
    """From each address as many connections as it gets, and new ones for those that are cut off."""

    def __init__(self, port: int, how: Callable[[socket.socket, threading.Event], None], addresses: list[str]) -> None:
        self._port, self._how, self._addresses = port, how, addresses
        self.over = threading.Event()
        self.begun = 0
        self._threads = [
            threading.Thread(target=self._hold, args=(address,), daemon=True)
            for address in addresses
            for _ in range(20)
        ]

    def _hold(self, address: str) -> None:
        while not self.over.is_set():
            with contextlib.suppress(OSError), from_address(address, self._port) as sock:
                self.begun += 1
                self._how(sock, self.over)
                sock.settimeout(0.2)
                while not self.over.is_set():
                    with contextlib.suppress(TimeoutError):
                        if not sock.recv(4096):
                            break
            self.over.wait(0.2)

    @contextlib.contextmanager
    def going_on(self) -> Iterator["Attack"]:
        for thread in self._threads:
            thread.start()
        wait_until(lambda: self.begun >= len(self._threads), 60)
        try:
            yield self
        finally:
            self.over.set()
            for thread in self._threads:
                thread.join(10)


def logins(served: Running) -> int:
    """How many of so many logins in a row, as fast as they go, an LEA gets to its folder."""
    done = 0
    for _ in range(LOGINS):
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException), served.client() as client:
            done += client.listdir("/outbox") == []
    return done


def test_as_many_at_once_as_one_office_opens(house: House) -> None:
    """Together, before any of them is in."""
    with running(house, Sftp(port=0, connections_per_lea=2 * LOGINS)) as served, ThreadPoolExecutor(LOGINS) as pool:
        together = threading.Barrier(LOGINS)

        def one(_: int) -> bool:
            together.wait(60)
            with served.client() as client:
                return client.listdir("/outbox") == []

        assert all(pool.map(one, range(LOGINS)))


@pytest.mark.parametrize("how", ATTACKS)
def test_who_waits_at_the_door_keeps_no_lea_out(
    house: House, how: Callable[[socket.socket, threading.Event], None]
) -> None:
    with (
        running(house, Sftp(port=0, waiting=48, waiting_per_address=8)) as served,
        Attack(served.port, how, ADDRESSES).going_on(),
    ):
        assert logins(served) == LOGINS


def test_a_hundred_addresses_with_one_connection_each(house: House) -> None:
    """As many as there are places: the oldest has had the time to log in, and makes room."""
    with running(house, Sftp(port=0, waiting=32)) as served, contextlib.ExitStack() as held:
        for number in range(32):
            held.enter_context(from_address(f"127.0.{number + 1}.1", served.port))
        wait_until(lambda: len(served.server._connections) == 32)
        time.sleep(1.1)
        assert logins(served) == LOGINS


def test_from_its_own_address_an_lea_comes_in_beside_the_silent(house: House) -> None:
    with running(house, Sftp(port=0, waiting_per_address=4)) as served, contextlib.ExitStack() as held:
        for _ in range(4):
            held.enter_context(from_address("127.0.0.1", served.port))
        wait_until(lambda: len(served.server._connections) == 4)
        time.sleep(1.1)
        assert logins(served) == LOGINS


def test_strange_keys_in_their_hundreds(house: House, served: Running) -> None:
    """Each is asked for in the ledger, and none of it keeps an LEA out."""
    make_key(house.home / "keys" / "stranger")
    stranger = paramiko.Ed25519Key.from_private_key_file(str(house.home / "keys" / "stranger"))
    over, tried = threading.Event(), list[str]()

    def attack(address: str) -> None:
        while not over.is_set():
            with (
                contextlib.suppress(OSError, EOFError, paramiko.SSHException),
                contextlib.closing(paramiko.Transport(from_address(address, served.port))) as transport,
            ):
                transport.start_client(timeout=30)
                for lea in ("01", "6G", "99") * 3:
                    tried.append(lea)
                    with contextlib.suppress(paramiko.AuthenticationException):
                        transport.auth_publickey(lea, stranger)
            over.wait(0.1)

    threads = [threading.Thread(target=attack, args=(address,), daemon=True) for address in ADDRESSES]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: len(tried) > 50, 60)
        assert logins(served) == LOGINS
    finally:
        over.set()
        for thread in threads:
            thread.join(30)


def test_who_does_not_agree_on_keys_is_cut_off_sooner_than_who_has_to_type(house: House) -> None:
    with running(house, Sftp(port=0, handshake_seconds=0.5, login_seconds=60)) as served:
        with from_address("127.0.0.2", served.port) as silent_one:
            assert silent_one.recv(100).startswith(b"SSH-2.0-")
            assert silent_one.recv(100) == b""
        with contextlib.closing(paramiko.Transport(("127.0.0.1", served.port))) as transport:
            transport.start_client()
            time.sleep(1.0)
            assert transport.is_active()
            transport.auth_publickey("01", paramiko.Ed25519Key.from_private_key_file(str(house.key("01"))))


def test_each_lea_has_a_place_of_its_own_however_many_others_have(house: House) -> None:
    with running(house, Sftp(port=0, connections=2)) as served, served.client("01"), served.client("01"):
        with pytest.raises(paramiko.ChannelException), served.client("01"):
            pass
        with served.client("6G") as other:
            assert other.listdir("/outbox") == []
            with pytest.raises(paramiko.ChannelException), served.client("6G"):
                pass


def test_refused_strangers_fill_no_log(house: House, caplog: pytest.LogCaptureFixture) -> None:
    with running(house, Sftp(port=0, connections_per_minute=1)) as served:
        for _ in range(50):
            with contextlib.suppress(OSError), from_address("127.0.0.9", served.port) as sock:
                sock.recv(1)
    assert caplog.text.count("verb=refused") == 1


def test_connections_that_are_cut_off_and_do_not_end_are_bounded(house: House) -> None:
    with running(house, Sftp(port=0, waiting=2, connections_per_minute=10_000)) as served:
        server = raw(served.server)
        for number in range(200):
            with contextlib.suppress(OSError), from_address(f"127.0.{number}.3", served.port) as sock:
                sock.recv(1)
            assert len(server._connections) <= 5
