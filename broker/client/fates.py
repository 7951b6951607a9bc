"""What became of the files that were sent: receipts are read where they lie, and are left there for `satchel fetch`.

Promises: a receipt counts only with a good signature by the exchange's key; none is read twice in one run; those of
packets that still move are read only when nobody waits any more.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from broker.client import answers
from broker.client.journal import Entry, Journal, answered
from broker.core.errors import Refused
from broker.edge.sftp.client import transfer
from broker.edge.sftp.client.line import Line
from broker.terminal.common import warn

_NAME = re.compile(r"([0-9a-f-]{36})\.([0-9]{1,9})\.([a-z]{1,20})\.json\.asc")
_MOVING = frozenset({"received", "admitted"})
_SKEW_SECONDS = timedelta(days=1).total_seconds()  # the server's clock may differ from this one
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.5, 10.0


class _Receipt(NamedTuple):
    tracking: str
    n: int
    state: str
    file: str


class Fates:
    """Asks what became of a journal's entries; `exchange` is the exchange's public key, `here` a folder in which
    `satchel fetch` may have put receipts already."""

    def __init__(self, line: Line, journal: Journal, exchange: Sequence[bytes], here: Path | None) -> None:
        self._line = line
        self._journal = journal
        self._exchange = exchange
        self._here = here
        self._read: dict[str, int] = {}  # by tracking id, the highest receipt that was read
        self._others: set[str] = set()  # packets that are not in the journal

    def wait(self, seconds: float, moved: Callable[[], None]) -> None:
        """Ask until everything sent is at its end or held, for at most so many seconds; `moved` is called whenever
        something came. Raises ClientError or Deferred."""
        until, pause = time.monotonic() + seconds, _FIRST_PAUSE_SECONDS
        if not self._asked():
            return
        self._take(self._fetched())
        self._look(moved, is_last=False)
        while any(one.is_waiting for one in self._journal.all()) and (left := until - time.monotonic()) > 0:
            time.sleep(min(pause, left))
            pause = min(pause * 1.5, _LONGEST_PAUSE_SECONDS)
            self._look(moved, is_last=False)
        self._look(moved, is_last=True)

    def _asked(self) -> dict[str, Entry]:
        """The entries that are asked about, by the digest of what was sent."""
        return {one.sealed: one for one in self._journal.all() if one.is_sent and not one.is_over}

    def _look(self, moved: Callable[[], None], *, is_last: bool) -> None:
        asked = self._asked()
        if not asked:
            return
        since = min(one.at for one in asked.values()) - _SKEW_SECONDS
        there = transfer.listed(self._line, "/receipts")
        for one in _newest(each.filename for each in there if (each.st_mtime or since) >= since):
            if self._is_news(one) and (is_last or one.state not in _MOVING):
                self._take([transfer.small(self._line, f"/receipts/{one.file}", answers.MOST_BYTES)])
                self._read[one.tracking] = one.n
                moved()

    def _is_news(self, one: _Receipt) -> bool:
        return one.tracking not in self._others and one.n > self._read.get(one.tracking, 0)

    def _fetched(self) -> Iterator[bytes]:
        """The receipts that were fetched since the first of the entries was sent."""
        since = min((one.at for one in self._asked().values()), default=0.0) - _SKEW_SECONDS
        for path in self._here.glob("*.asc") if self._here else ():
            if _NAME.fullmatch(path.name) and path.stat().st_mtime >= since:
                yield path.read_bytes()[: answers.MOST_BYTES]

    def _take(self, receipts: Iterator[bytes] | list[bytes]) -> None:
        asked = self._asked()
        for signed in receipts:
            said = self._said(signed)
            entry = asked.get(str(said.get("packet", {}).get("sha256")))
            if entry is None:
                self._others |= {str(said.get("tracking"))} - {"None"}
            elif said["n"] > entry.said.get("n", 0):
                asked[entry.sealed] = self._journal.put(answered(entry, said))

    def _said(self, signed: bytes) -> dict[str, Any]:
        try:
            return answers.said_in(signed, self._exchange)
        except (ValueError, Refused):
            warn("A receipt is passed over, for it is not signed with the exchange's key; tell the state.")
            return {}


def _newest(names: Iterator[str]) -> list[_Receipt]:
    """The newest receipt of each packet."""
    found: dict[str, _Receipt] = {}
    for parts in filter(None, map(_NAME.fullmatch, names)):
        one = _Receipt(parts[1], int(parts[2]), parts[3], parts[0])
        if one.n > found.get(one.tracking, one).n or one.tracking not in found:
            found[one.tracking] = one
    return list(found.values())
