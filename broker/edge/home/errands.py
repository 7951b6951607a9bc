"""The runners: each is a process that works in one LEA's folders, so that only it hangs (`broker.edge.home.apart`).

Owns the list of errands. A server without threads forks a runner for each socket that it gets; a runner does one errand
after another until its socket is closed. Promises: a runner sends signs of progress during long work; it ends with its
caller, unless it hangs; it holds nothing for which another process waits.
"""

import os
import signal
import socket
import sys
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, BinaryIO

from broker.core.errors import Deferred, Refused
from broker.core.model import LeaId, TrackingId
from broker.edge import log
from broker.edge.home import apart, published
from broker.edge.home.folders import INBOX, OUTBOX, RECEIPTS, Home, Missing, write_receipts
from broker.edge.home.inbox import Inboxes
from broker.edge.home.outbox import Changed, Item, Outboxes, Taken
from broker.edge.home.readiness import Found
from broker.edge.settings.values import Limits
from broker.edge.vault import DirectoryVault

_BLOCK = 64 * 1024  # bytes read or written between two signs of progress
_OUTBOX = frozenset({"tidy", "extent", "discard", "quarantine", "tell"})
_INBOX = frozenset({"drop_stage", "inbox_state", "staged", "present", "changed"})
_INBOX_FLUSHED = frozenset({"publish", "withdraw"})


class _Told:
    """The mark of the inbox that an errand is about, which the caller has from the ledger."""

    mark = ""

    def known(self, _lea: str) -> str:
        """See Marks."""
        return self.mark

    def now(self, _lea: str) -> str:
        """See Marks."""
        return self.mark


class _Slow:
    """A file that sends signs of progress while it is read."""

    def __init__(self, fd: int, tick: Callable[[], None]) -> None:
        self._fd, self._tick = fd, tick

    def read(self, count: int) -> bytes:
        self._tick()
        return os.read(self._fd, min(count, _BLOCK))


class _Vault(DirectoryVault):
    """The vault, for files that are read slowly."""

    tick: Callable[[], None]

    def take(self, source: BinaryIO | int, limit: int) -> Any:
        return super().take(_Slow(source, self.tick) if isinstance(source, int) else source, limit)  # type: ignore[arg-type]


class Runner:
    """The errands that one runner can do, one method for each. All are about one LEA."""

    def __init__(self, home: Home, limits: Limits, tick: Callable[[], None]) -> None:
        self._home, self._tick = home, tick
        self._outboxes = Outboxes(home, limits)
        self._told = _Told()
        self._marked, self._bare = Inboxes(home, self._told), Inboxes(home)
        self._scan: tuple[str, Generator[Item, None, None]] | None = None

    def run(self, errand: str, lea: LeaId, args: tuple[Any, ...]) -> Any:
        """Run an errand. Raises what the folders raise."""
        if errand in _OUTBOX:
            return getattr(self._outboxes, errand)(lea, *args)
        if errand in _INBOX:
            return getattr(self._inboxes(args[0]), errand)(lea, *args[1:])
        if errand in _INBOX_FLUSHED:
            inboxes = self._inboxes(args[0])
            done = getattr(inboxes, errand)(lea, *args[1], **args[2])
            inboxes.flush()
            return done
        return getattr(self, f"do_{errand}")(lea, *args)

    def _inboxes(self, mark: str | None) -> Inboxes:
        """The inboxes that are accepted only with this mark; with None, without a check."""
        self._told.mark = mark or ""
        return self._bare if mark is None else self._marked

    def do_scan(self, lea: LeaId, token: str, begins: bool, count: int) -> tuple[list[Item], bool]:
        """The next entries of an outbox, and whether more may follow."""
        if begins:
            self.do_end_scan(lea)
            self._scan = token, self._outboxes.scan_all(lea)
        if self._scan is None or self._scan[0] != token:
            raise Missing("the look was begun by another runner")
        found = list(islice(self._scan[1], count))
        return found, len(found) == count

    def do_end_scan(self, _lea: LeaId) -> None:
        """End the scan."""
        if self._scan is not None:
            self._scan[1].close()
            self._scan = None

    def do_take(self, lea: LeaId, found: Found) -> Taken:
        """Take a file into the vault, durably."""
        with closing(_Vault(self._home.vault)) as vault:
            vault.tick = self._tick
            taken = self._outboxes.take(lea, found, vault)
            vault.flush()
            return taken

    def do_stage(self, lea: LeaId, mark: str | None, tracking: TrackingId, token: str, chunks: Sequence[bytes]) -> int:
        """Stage a delivery in the inbox, hidden and durable."""
        inboxes = self._inboxes(mark)
        size = inboxes.stage_delivery(lea, tracking, token, self._in_blocks(chunks))
        self._tick()
        inboxes.flush()
        return size

    def _in_blocks(self, chunks: Sequence[bytes]) -> Iterable[memoryview]:
        for chunk in chunks:
            whole = memoryview(chunk)
            for at in range(0, len(whole), _BLOCK):
                self._tick()
                yield whole[at : at + _BLOCK]

    def do_receipts(self, lea: LeaId, receipts: Sequence[tuple[str, str]]) -> bool:
        """Write receipts (name, text); False where their folder is missing."""
        for start in range(0, len(receipts), 20):
            self._tick()
            if write_receipts(self._home, [(lea, name, text) for name, text in receipts[start : start + 20]]):
                return False
        return True

    def do_directory(self, lea: LeaId, files: Sequence[tuple[str, str | bytes]]) -> None:
        """Write copies of the public keys and tables."""
        published.copy_into(self._home, lea, files, self._tick)

    def do_readme(self, lea: LeaId, text: str) -> None:
        """Write README.txt, if its text differs."""
        self._home.renew_readme(lea, text)

    def do_probe(self, lea: LeaId) -> None:
        """Check that every folder can be listed."""
        for folder in (OUTBOX, INBOX, RECEIPTS):
            self._tick()
            with self._home.enter(lea, folder) as fd, os.scandir(fd) as entries:
                next(entries, None)


def answer(work: Callable[[], Any]) -> tuple[int, Any]:
    """Run the work and describe its result. Messages of bugs stay here: they may contain anything."""
    try:
        return apart.DONE, work()
    except Refused as refused:
        return apart.REFUSED, (refused.code, refused.pointer, refused.hint)
    except (Changed, Missing) as later:
        return apart.DEFERRED, (type(later).__name__, later.why)
    except Deferred as later:
        return apart.DEFERRED, (Deferred.__name__, later.why)
    except OSError as error:
        return apart.BROKEN, (error.errno, error.strerror)
    except Exception as bug:  # noqa: BLE001  sent to the caller, and raised there
        return apart.BUG, type(bug).__name__


def _serve(connection: Connection, home: Home, limits: Limits) -> None:
    runner = Runner(home, limits, lambda: connection.send((apart.TICK, None)))
    while True:
        errand, lea, args = connection.recv()
        connection.send(answer(lambda: runner.run(errand, lea, args)))  # noqa: B023  done before the next one


def _fork(control: socket.socket, given: int, home: Home, limits: Limits) -> None:
    child = os.fork()
    if child == 0:
        control.close()
        try:
            _serve(Connection(given), home, limits)
        except (EOFError, OSError):
            os._exit(0)  # the caller is gone
        finally:  # a bug ends the connection, and the caller notices that
            os._exit(1)
    pidfd = os.pidfd_open(child)
    socket.send_fds(control, [b"."], [pidfd])
    os.close(pidfd)
    os.close(given)


def main(fd: str, home: str, sealed_bytes: str, file_name_chars: str) -> None:
    """Entry point of the server: it runs until its starter closes the socket."""
    log.begin("errands")
    log.watch_over()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # no code waits for the exit status of a runner
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    limits = Limits(sealed_bytes=int(sealed_bytes), file_name_chars=int(file_name_chars))
    with socket.socket(fileno=int(fd)) as control:
        while True:
            _, given, _, _ = socket.recv_fds(control, 16, 1)
            if not given:
                return
            _fork(control, given[0], Home(Path(home)), limits)


if __name__ == "__main__":
    main(*sys.argv[1:])
