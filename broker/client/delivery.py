"""One file after the other is sealed and put into the outbox, so that a command killed at any moment goes on later.

Owns the order of the steps and of what is written down about them. Promises: that all of a file is on the server is
written down before it gets its name there, and only what is not written down so is ever sent again: nothing is sent
twice, and nothing is taken for sent that was not.
"""

import time
from dataclasses import replace
from pathlib import Path, PurePosixPath

from broker.client import outgoing
from broker.client.answers import SentPackets
from broker.client.journal import Entry, Journal, Step, digest
from broker.client.sealing import Sealer
from broker.core.errors import BrokerError
from broker.edge.home import durable
from broker.edge.settings.values import Limits
from broker.edge.sftp.client import transfer
from broker.edge.sftp.client.line import Account, ClientError, Line


class NoServer(BrokerError):
    """Nothing can be sent there; the message is one sentence for the person at the keyboard."""


class Delivery:
    """Sends to one account what it seals with `sealer`."""

    def __init__(self, account: Account, line: Line, journal: Journal, sealer: Sealer) -> None:
        self._line = line
        self._journal = journal
        self._sealer = sealer
        self._sent = SentPackets(account)
        self._is_begun = False

    def send(self, progress: transfer.Progress, entry: Entry, content: bytes) -> Entry:
        """Send the content of a file, sealed where `entry.form` is not '', and return its entry; one that was begun
        before goes on. Raises ClientError for this file, NoServer and Deferred for all, and OSError."""
        try:
            self._begin()
        except ClientError as error:  # it will not do so a thousand times, and a login is not tried so often
            raise NoServer(str(error)) from None
        path = self._journal.room / entry.name
        sealed = _left(path, entry.sealed)
        if sealed is None:
            sealed = self._sealer.seal(content) if entry.form else content
            durable.write_atomic(path, sealed, 0o600)
        entry = self._journal.put(replace(entry, sealed=digest(sealed), at=time.time()))
        whole = replace(entry, step=Step.WHOLE)
        (outcome,) = transfer.send(self._line, [path], progress, whole=lambda: _put(self._journal, whole))
        if outcome.error:
            raise ClientError(outcome.error)
        return self._end(whole, outcome.path)

    def finish(self) -> None:
        """End what an earlier run had sent whole and may not have named. Raises ClientError or Deferred."""
        for entry in self._journal.all():
            if entry.step is Step.WHOLE:
                self._begin()
                self._end(entry, transfer.finish(self._line, entry.name))
        under_way = {one.name for one in self._journal.all() if not one.is_sent}
        for path in self._journal.room.glob("*.of-*"):
            if path.name not in under_way:
                path.unlink(missing_ok=True)

    def _begin(self) -> None:
        """See once that the server's exchange can open what is sealed here."""
        if not self._is_begun:
            theirs = transfer.small(self._line, "/directory/exchange.asc", Limits().certificate_bytes)
            if theirs and not outgoing.share(theirs, self._sealer.recipients):
                raise ClientError(
                    "The exchange at this server has another key than the one that you seal to; fetch your directory"
                    " folder, and give the exchange.asc in it with --to."
                )
            self._is_begun = True

    def _end(self, entry: Entry, at: str) -> Entry:
        sent = self._journal.put(replace(entry, step=Step.SENT))
        path = self._journal.room / entry.name
        if path.exists():
            self._sent.add(path, PurePosixPath(at).name)
            path.unlink()
        return sent


def _put(journal: Journal, entry: Entry) -> None:
    journal.put(entry)


def _left(path: Path, sealed: str) -> bytes | None:
    """What an earlier run has sealed and not sent, where it is here as it was."""
    if not sealed or not path.exists():
        return None
    content = path.read_bytes()
    return content if digest(content) == sealed else None
