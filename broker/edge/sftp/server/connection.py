"""The connections of the SFTP server: their time limits and their threads.

Owns one client's threads and clocks. Promises: a connection has at most one transport thread and `SESSIONS` session
threads, whatever its client does; `cut` ends it at once.
"""

import socket
import struct
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Protocol

import paramiko

from broker.edge.settings.values import Sftp
from broker.edge.sftp.server.handles import Tallies
from broker.edge.sftp.server.outbox import Outbox
from broker.edge.sftp.server.session import LOG, Pace, Session, tell_bug
from broker.edge.sftp.server.transport import NAME_CHARS, SESSIONS, Gate, Transport
from broker.edge.sftp.server.tree import Host, Tree

MOMENT = 0.5  # seconds
# what Paramiko raises for a client that leaves or sends garbage; ValueError and the like come out of its own parsers
_CLIENTS = (paramiko.SSHException, EOFError, OSError, ValueError, struct.error)


class State:
    """What the exchange accepts from an LEA at present; many threads ask it, at every request."""

    def why_not(self, lea: str) -> str:
        """Why nothing more is accepted from this LEA now, as a sentence for it; empty where it is accepted."""
        del lea
        return ""

    def check(self, lea: str) -> None:
        """Raises Deferred where the LEA's folders do not answer, so that they must not be touched."""


class Server(Protocol):
    """The server, as a connection uses it."""

    settings: Sftp
    state: State
    host: Host

    def admit(self, connection: "Connection", lea: str) -> bool:
        """Count the connection for its LEA; False when the LEA has too many."""

    def shared(self, lea: str) -> tuple[Outbox, Tallies]:
        """What the sessions of an LEA share."""


class Connection:
    """One client: its transport and its sessions."""

    def __init__(self, server: Server, sock: socket.socket, address: str, key: paramiko.PKey) -> None:
        self._server = server
        self._sock = sock
        self.address = address
        self.lea = ""
        self.began = self.active = time.monotonic()
        self._over = threading.Event()
        self._pace = Pace(server.settings.bytes_per_second, self._over)
        self._sessions: list[threading.Thread] = []
        self.transport = Transport(sock, key, post_quantum_only=server.settings.post_quantum_only)
        self.transport.start_server(threading.Event(), Gate(self, server.settings.login_attempts))

    def keys(self, lea: str) -> Sequence[str]:
        """The LEA's keys."""
        return self._server.host.authorized_keys(lea)

    def admit(self) -> bool:
        """Called when a logged-in client wants a channel; waits a moment for an older connection that is just
        closing."""
        lea = self.transport.get_username() or ""
        for _ in range(10):
            if self._server.admit(self, lea):
                return True
            self._over.wait(MOMENT / 10)
        LOG.warning("lea=%s address=%s verb=refused why=connections", lea, self.address)
        return False

    def begin(self, channel: paramiko.Channel) -> bool:
        """Start an SFTP session."""
        self._sessions = [thread for thread in self._sessions if thread.is_alive()]
        if len(self._sessions) >= SESSIONS or self._over.is_set():
            return False
        thread = threading.Thread(target=self._serve, args=(channel,), name="sftp-session", daemon=True)
        self._sessions.append(thread)
        self.alive()
        thread.start()
        return True

    def _serve(self, channel: paramiko.Channel) -> None:
        who = f"lea={self.lea} address={self.address}"
        host, settings = self._server.host, self._server.settings
        LOG.info("%s verb=begin", who)
        try:
            tree = Tree(self.lea, host.root(self.lea), *self._server.shared(self.lea), host)
            with suppress(paramiko.SSHException):  # the connection hangs in a key exchange: it has ended
                check = partial(self._server.state.check, self.lea)
                Session(channel, tree, who, settings.handles, self._pace, self.alive, check).run()
        except Exception as bug:  # noqa: BLE001  a bug ends this session, never the server
            tell_bug(who, bug)
        finally:
            with suppress(EOFError, OSError, paramiko.SSHException):  # the connection is gone, so nothing can be sent
                channel.send_exit_status(0)  # scp needs one
                channel.close()
            LOG.info("%s verb=end", who)

    def alive(self) -> None:
        """Note that the client has asked for something."""
        self.active = time.monotonic()

    def is_late(self, now: float) -> bool:
        """Whether the client has exceeded its time."""
        settings = self._server.settings
        if self._sessions:
            return now - self.active > settings.idle_seconds
        is_slow = not self.transport.initial_kex_done and now - self.began > settings.handshake_seconds
        return is_slow or now - self.began > settings.login_seconds

    def is_over(self) -> bool:
        """Whether none of its threads runs any more."""
        return not self.transport.is_alive() and not any(thread.is_alive() for thread in self._sessions)

    def tell_end(self) -> None:
        """Log a client that left without logging in, or a bug in what the transport asked of our code, which Paramiko
        keeps to itself. The client's own text stays out of the log."""
        error = self.transport.get_exception()
        if error is not None and not isinstance(error, _CLIENTS):
            tell_bug(f"lea={self.lea or '-'} address={self.address}", error)
        if not self.lea:
            why = type(error).__name__ if error else "gone"
            # a stranger's user name is kept out of the text, where it could look like other facts
            tried = {"user": self._tried()[:NAME_CHARS]} if self._tried() else {}
            LOG.info("address=%s verb=no-login why=%s", self.address, why, extra=tried)

    def _tried(self) -> str:
        """The user name that the client tried; '' where it did not get that far."""
        handler = self.transport.auth_handler
        return str(handler.get_username() or "") if handler is not None else ""

    def cut(self) -> None:
        """End it; returns at once."""
        self._over.set()
        try:
            self._sock.shutdown(socket.SHUT_RDWR)
        except OSError as error:
            LOG.debug("address=%s verb=cut errno=%s", self.address, error.errno)
        self.transport.close()

    def join(self, until: float) -> None:
        """Wait for its threads."""
        for thread in [self.transport, *self._sessions]:
            thread.join(max(0.0, until - time.monotonic()))
