"""A running SFTP server with LEAs in a temporary home, and what real clients need to reach it.

Keys are made for each use. `House` is the exchange as the server sees it; it remembers what was collected.
"""

import contextlib
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import paramiko
from cryptography.hazmat.primitives.asymmetric import rsa

from broker.core.errors import Deferred
from broker.edge.home.file_names import is_unfinished
from broker.edge.settings.rules import TheState
from broker.edge.settings.values import Limits, Sftp
from broker.edge.sftp.client.line import Account, Line
from broker.edge.sftp.hostkey import generate, public_line
from broker.edge.sftp.server.server import SftpServer, State

FOLDERS = ("outbox", "inbox", "receipts", "directory")
TRACKING = "018f6b5e-0000-7000-8000-000000000001"
PACKET = f"{TRACKING}.student-record.pgp"


def make_key(path: Path) -> str:
    """An Ed25519 key pair at `path` and `path`.pub; gives the public line."""
    path.touch(0o600)
    path.write_bytes(generate())
    line = public_line(path.read_bytes())
    path.with_name(path.name + ".pub").write_text(line + "\n")
    return line


def make_rsa(bits: int) -> paramiko.RSAKey:
    """An RSA key pair, weak or not."""
    return paramiko.RSAKey(key=rsa.generate_private_key(65537, bits))


def names(folder: Path) -> list[str]:
    """What is in a folder, sorted."""
    return sorted(path.name for path in folder.iterdir())


def raw(thing: object) -> Any:
    """For what the library's types do not show."""
    return thing


def hang_up(client: paramiko.SFTPClient) -> None:
    """Break the line as a power cut does: no file is closed, nothing is said."""
    raw(client).get_channel().get_transport().sock.close()


def make_lea(root: Path) -> Path:
    """The folders of one LEA."""
    for folder in FOLDERS:
        (root / folder).mkdir(parents=True)
    (root / "README.txt").write_text("What to do.\n")
    return root


class House:
    """LEAs `01` and `6G` in a folder; every LEA's private key is keys/<lea>."""

    time = TheState().time

    def __init__(self, home: Path) -> None:
        self.home = home
        self.lines: dict[str, list[str]] = {}
        self.heard: list[tuple[str, str, str]] = []
        self.sent: list[tuple[str, str]] = []
        self.deaf = False
        self._lock = threading.Lock()
        (home / "keys").mkdir(parents=True)
        for lea in ("01", "6G"):
            make_lea(home / "leas" / lea)
            self.lines[lea] = [make_key(home / "keys" / lea)]

    def authorized_keys(self, lea: str) -> Sequence[str]:
        return self.lines.get(lea, [])

    def root(self, lea: str) -> Path:
        return self.home / "leas" / lea

    def collected(self, lea: str, name: str, how: str) -> None:
        if self.deaf:
            raise Deferred("the ledger is busy")
        with self._lock:
            self.heard.append((lea, name, how))

    def read_whole(self, lea: str, name: str) -> None:
        if self.deaf:
            raise Deferred("the ledger is busy")
        with self._lock:
            self.sent.append((lea, name))

    def key(self, lea: str) -> Path:
        return self.home / "keys" / lea

    def outbox(self, lea: str = "01") -> Path:
        return self.root(lea) / "outbox"

    def inbox(self, lea: str = "01") -> Path:
        return self.root(lea) / "inbox"

    def visible(self, lea: str = "01") -> set[str]:
        """What intake would look at."""
        return {n for n in names(self.outbox(lea)) if not is_unfinished(n)}


def deliver(house: House, size: int = 300_000) -> bytes:
    """Put a sealed file into the inbox of LEA 01; gives its bytes."""
    content = os.urandom(size)
    (house.inbox() / PACKET).write_bytes(content)
    return content


class Running:
    """A server that runs, with the commands to reach it."""

    def __init__(self, house: House, server: SftpServer, port: int) -> None:
        self.house = house
        self.server = server
        self.port = port
        self.known_hosts = house.home / "known_hosts"
        self.known_hosts.write_text(f"[127.0.0.1]:{port} {server.host_key.line}\n")

    def options(self, lea: str, user: str = "") -> list[str]:
        """Options of OpenSSH's programs that leave nothing to this machine's own configuration."""
        settings = {
            "UserKnownHostsFile": str(self.known_hosts),
            "GlobalKnownHostsFile": "/dev/null",
            "IdentityFile": str(self.house.key(lea)),
            "IdentitiesOnly": "yes",
            "IdentityAgent": "none",
            "StrictHostKeyChecking": "yes",
            "BatchMode": "yes",
            "User": user or lea,
            "LogLevel": "ERROR",
        }
        return ["-F", "/dev/null", *[word for k, v in settings.items() for word in ("-o", f"{k}={v}")]]

    def sftp(self, commands: str, lea: str = "01", *more: str, user: str = "") -> "subprocess.CompletedProcess[str]":
        """Run sftp commands with an LEA's key; a line that starts with `-` may fail."""
        words = ["sftp", *self.options(lea, user), *more, "-P", str(self.port), "-b", "-", "127.0.0.1"]
        return subprocess.run(words, input=commands, capture_output=True, text=True, timeout=120, check=False)

    @contextlib.contextmanager
    def client(self, lea: str = "01") -> Iterator[paramiko.SFTPClient]:
        """A library client, for what the programs cannot do."""
        with contextlib.closing(self.transport(lea)) as transport:
            client = paramiko.SFTPClient.from_transport(transport)
            assert client is not None
            yield client

    def transport(self, lea: str = "01") -> paramiko.Transport:
        """A logged-in connection."""
        transport = paramiko.Transport(("127.0.0.1", self.port))
        transport.connect(username=lea, pkey=paramiko.Ed25519Key.from_private_key_file(str(self.house.key(lea))))
        return transport


@contextlib.contextmanager
def running(
    house: House, settings: Sftp | None = None, limits: Limits | None = None, state: State | None = None
) -> Iterator[Running]:
    """Start a server on a free port and stop it."""
    server = SftpServer(settings or Sftp(port=0), house.home / "keys" / "sftp_host", house, limits, state)
    port = server.serve()
    try:
        yield Running(house, server, port)
    finally:
        server.stop()


class Cutter:
    """A line that breaks: forwards to a port, and cuts each of the first connections after so many bytes."""

    def __init__(self, port: int, after: Sequence[int]) -> None:
        self._port = port
        self._after = list(after)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self.connections = 0
        threading.Thread(target=self._run, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                left = self._after.pop(0) if self._after else 1 << 60
                self.connections += 1
                far = socket.create_connection(("127.0.0.1", self._port))
                for source, target in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=(source, target, [left]), daemon=True).start()

    @staticmethod
    def _pump(source: socket.socket, target: socket.socket, left: list[int]) -> None:
        with contextlib.suppress(OSError):
            while left[0] > 0 and (content := source.recv(min(65536, left[0]))):
                target.sendall(content)
                left[0] -= len(content)
        for one in (source, target):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


def wait_until(check: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for what another thread or process does."""
    until = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.01)


def account(served: Running, port: int = 0, lea: str = "01", host_key: str = "") -> Account:
    """How Satchel's own client logs in, by the server's fingerprint."""
    pinned = host_key or served.server.host_key.fingerprint
    return Account("127.0.0.1", port or served.port, lea, served.house.key(lea), host_key=pinned)


@contextlib.contextmanager
def breaking(served: Running, *after: int) -> Iterator[tuple[Line, Cutter]]:
    """A line whose first connections end after so many bytes in one direction."""
    cutter = Cutter(served.port, after)
    with contextlib.closing(cutter), Line(account(served, cutter.port), pause=lambda _: None) as one:
        yield one, cutter


def packet(house: House, name: str = "record.pgp", size: int = 300_000) -> Path:
    """A file to send."""
    path = house.home / name
    path.write_bytes(os.urandom(size))
    return path
