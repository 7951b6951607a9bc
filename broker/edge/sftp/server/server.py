"""The built-in SFTP server: an LEA's folders over SSH, for states that run no OpenSSH of their own.

Owns the listening socket and the bounds on connections. Promises: a client that does not log in, sends no requests, or
connects too often is cut off without effect on others; places before the login are counted by source (`door`), those
after it by LEA, and each LEA has one place of its own, whatever others do; `stop` ends everything, and unfinished
uploads are kept for a resume.
"""

import resource
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

import paramiko

from broker.edge.settings.values import Limits, SettingsError, Sftp
from broker.edge.sftp.hostkey import HostKey, ensure_host_key
from broker.edge.sftp.server.connection import Connection, State
from broker.edge.sftp.server.door import Arrivals, Door, Full, Told
from broker.edge.sftp.server.handles import Tallies
from broker.edge.sftp.server.outbox import Outbox
from broker.edge.sftp.server.session import LOG
from broker.edge.sftp.server.transport import key_exchanges
from broker.edge.sftp.server.tree import Host

__all__ = ["Host", "HostKey", "SftpServer", "State", "ensure_host_key"]

TICK = 0.25  # seconds between two looks at the deadlines


class SftpServer:
    """Serves the folders of the LEAs of `host`. `serve` starts it, `stop` ends it; call each once."""

    def __init__(
        self, settings: Sftp, host_key: Path, host: Host, limits: Limits | None = None, state: State | None = None
    ) -> None:
        self.settings = settings
        self.state = state or State()
        self.host = host
        self.host_key: HostKey = ensure_host_key(host_key)
        self._key = paramiko.Ed25519Key.from_private_key_file(str(host_key))
        self._limits = limits or Limits()
        self._lock = threading.Lock()
        self._connections: set[Connection] = set()
        self._shared: dict[str, tuple[Outbox, Tallies]] = {}
        self._arrivals = Arrivals(settings.connections_per_minute)
        self._door: Door[Connection] = Door(settings.waiting, settings.waiting_per_address)
        self._told = Told()
        self._stopping = threading.Event()
        self._listening: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def serve(self) -> int:
        """Listen and serve in threads; returns the port. Raises SettingsError when the address is not available."""
        _allow_files()
        if not key_exchanges(post_quantum_only=self.settings.post_quantum_only):
            raise SettingsError("This machine's OpenSSL knows no ML-KEM: set sftp.post_quantum_only = false.")
        family = socket.AF_INET6 if ":" in self.settings.address else socket.AF_INET
        try:
            listening = socket.create_server((self.settings.address, self.settings.port), family=family, backlog=128)
        except OSError as error:
            where = f"{self.settings.address} port {self.settings.port}"
            raise SettingsError(f"SFTP cannot listen on {where} (sftp.address, sftp.port): {error.strerror}.") from None
        listening.settimeout(TICK)
        self._listening = listening
        self._thread = threading.Thread(target=self._run, args=(listening,), name="sftp-accept", daemon=True)
        self._thread.start()
        return int(listening.getsockname()[1])

    def stop(self, seconds: float = 5.0) -> None:
        """Close every connection and wait for the threads, at most `seconds`."""
        until = time.monotonic() + seconds
        self._stopping.set()
        if self._listening is not None:
            with suppress(OSError):  # wakes the accept loop; where the system does not do that, the next tick does
                self._listening.shutdown(socket.SHUT_RDWR)
        if self._thread is not None:
            self._thread.join(seconds)
        if self._listening is not None:
            self._listening.close()
        for connection in self._connections:
            connection.cut()
        for connection in self._connections:
            connection.join(until)

    def admit(self, connection: Connection, lea: str) -> bool:
        """Count a connection for its LEA; False when the LEA has too many. An LEA's first connection always gets a
        place."""
        with self._lock:
            others = [one.lea for one in self._connections - {connection} if one.lea and one.transport.is_active()]
            own = others.count(lea)
            if own >= self.settings.connections_per_lea or (own and len(others) >= self.settings.connections):
                return False
            connection.lea = lea
        self._door.leave(connection)
        return True

    def shared(self, lea: str) -> tuple[Outbox, Tallies]:
        """What the sessions of an LEA share."""
        with self._lock:
            if lea not in self._shared:
                self._shared[lea] = (self._outbox(lea), Tallies())
            return self._shared[lea]

    def _outbox(self, lea: str) -> Outbox:
        return Outbox(self.host.root(lea), self.settings, self._limits, lambda: self.state.why_not(lea))

    def _run(self, listening: socket.socket) -> None:
        looked = 0.0
        while not self._stopping.is_set():
            self._accept(listening)
            now = time.monotonic()
            if now - looked >= TICK:
                looked = now
                self._sweep(now)

    def _accept(self, listening: socket.socket) -> None:
        try:
            sock, peer = listening.accept()
        except TimeoutError:
            return
        except OSError as error:
            if self._stopping.is_set():
                return
            # Out of descriptors, or a client that left the queue: neither may end the server.
            LOG.warning("verb=accept errno=%s", error.errno)
            self._stopping.wait(TICK)
            return
        address, now = str(peer[0]), time.monotonic()
        if not self._arrivals.is_welcome(address, now):
            self._refuse(sock, address, "often")
            return
        try:
            gone = self._make_room(address, now)
        except Full:
            self._refuse(sock, address, "full")
            return
        if gone is not None:
            gone.cut()
        self._arrivals.count(address, now)  # who was turned away does not count against its network
        self._take(sock, address)

    def _make_room(self, address: str, now: float) -> Connection | None:
        """As `Door.make_room`. Also raises Full where too many connections that were cut have not ended yet."""
        with self._lock:
            if sum(not one.lea for one in self._connections) >= 2 * self.settings.waiting:
                raise Full
        return self._door.make_room(address, now)

    def _refuse(self, sock: socket.socket, address: str, why: str) -> None:
        """Logged once a minute, because a stranger may connect as often as it likes."""
        count = self._told.count(address, why, time.monotonic())
        if count is not None:
            LOG.warning("address=%s verb=refused why=%s times=%d", address, why, count)
        sock.close()

    def _take(self, sock: socket.socket, address: str) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        try:
            with self._lock:  # so that it cannot leave the door before it enters
                connection = Connection(self, sock, address, self._key)
                self._connections.add(connection)
                self._door.enter(connection, address, connection.began)
        except RuntimeError:  # the system allows no more threads
            self._refuse(sock, address, "threads")

    def _sweep(self, now: float) -> None:
        with self._lock:
            over = [one for one in self._connections if one.is_over()]
            self._connections -= set(over)
            late = [one for one in self._connections if one.is_late(now)]
        for connection in over:
            self._door.leave(connection)
            connection.tell_end()
        for connection in late:
            LOG.info("lea=%s address=%s verb=late", connection.lea or "-", connection.address)
            connection.cut()


def _allow_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(hard, 65536) if hard != resource.RLIM_INFINITY else 65536
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
