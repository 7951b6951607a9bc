"""The door of the SFTP server: how often a source may connect, and who may wait there for a login.

Owns the places before the login, by source: an IPv4 address, or an IPv6 /64, which is what one client has. Promises:
holding a place, for however long, never alone decides who else may come in; while all places are taken, a newcomer gets
the place of the source that has most, or of a client that has waited for longer than a login takes; what is kept about
strangers is bounded.
"""

import threading
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Generic, TypeVar

ADDRESSES = 10_000  # so many sources' arrivals are remembered
LOGIN_SECONDS = 1.0  # seconds that a login takes; a client that has waited longer makes room first
BURST = 24  # connections that one office's programs may open at once
SHORT = 2.0  # seconds; ssh-audit finds 20 in each too many
_MINUTE = 60.0

_Guest = TypeVar("_Guest")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a connection comes from: the client's own network, and the larger one that one customer may own (IPv4 /24,
    IPv6 /48)."""

    own: str
    around: str


@lru_cache(maxsize=1024)
def source_of(address: str) -> Source:
    """The source of a client's IP address. Raises ValueError for an invalid address."""
    known = ip_address(address.partition("%")[0])
    if isinstance(known, IPv6Address) and known.ipv4_mapped:
        known = known.ipv4_mapped
    own, around = (64, 48) if isinstance(known, IPv6Address) else (32, 24)
    return Source(*(str(ip_network((known, bits), strict=False)) for bits in (own, around)))


class Arrivals:
    """How often each source connects: at most `most` times in a minute, and a fifth of that within SHORT seconds (or
    BURST)."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._at_once = max(BURST, most // 5)
        self._times: dict[str, deque[float]] = {}

    def is_welcome(self, address: str, now: float) -> bool:
        """Whether one more connection is allowed; False when there were too many."""
        times: Sequence[float] = self._times.get(source_of(address).own, ())
        is_often = len(times) >= self._most and times[0] > now - _MINUTE
        return not is_often and (len(times) < self._at_once or times[-self._at_once] <= now - SHORT)

    def count(self, address: str, now: float) -> None:
        """Count a connection that was not turned away."""
        self._drop_old(now)
        self._times.setdefault(source_of(address).own, deque(maxlen=self._most)).append(now)

    def _drop_old(self, now: float) -> None:
        if len(self._times) >= ADDRESSES:
            self._times = {key: times for key, times in self._times.items() if times and times[-1] > now - _MINUTE}
        if len(self._times) >= ADDRESSES:
            self._times.clear()


class Full(Exception):
    """There is no place for one more, and no client must make room for it."""


@dataclass(frozen=True, slots=True)
class _Place:
    source: Source
    since: float


class Door(Generic[_Guest]):
    """The places of clients that have not logged in yet. For many threads; times are monotonic seconds."""

    def __init__(self, places: int, of_one_source: int) -> None:
        self._most = places
        self._of_one = of_one_source
        self._lock = threading.Lock()
        self._places: dict[_Guest, _Place] = {}

    def enter(self, guest: _Guest, address: str, now: float) -> None:
        """Give this client a place; there must be room."""
        with self._lock:
            self._places[guest] = _Place(source_of(address), now)

    def leave(self, guest: _Guest) -> None:
        """Free the place of a client that has logged in or left."""
        with self._lock:
            self._places.pop(guest, None)

    def make_room(self, address: str, now: float) -> _Guest | None:
        """Make room for one more from this address: returns the client that loses its place, None where a place is
        free.

        Raises Full."""
        source = source_of(address)
        with self._lock:
            own = [guest for guest, place in self._places.items() if place.source.own == source.own]
            if len(own) >= self._of_one:
                return self._let_go(self._oldest(own), now)
            if len(self._places) < self._most:
                return None
            owns = Counter(place.source.own for place in self._places.values())
            arounds = Counter(place.source.around for place in self._places.values())
            guest = self._of_the_greediest(owns, arounds)
            theirs = self._places[guest].source
            # one more than the newcomer's own would be: otherwise two sources would push each other out again and again
            has_more = owns[theirs.own] > owns[source.own] + 1 or arounds[theirs.around] > arounds[source.around] + 1
            return self._let_go(guest, None if has_more else now)

    def _oldest(self, guests: list[_Guest]) -> _Guest:
        return min(guests, key=lambda guest: self._places[guest].since)

    def _of_the_greediest(self, owns: Counter[str], arounds: Counter[str]) -> _Guest:
        """The oldest client of the source that has most, in the network that has most."""

        def greed(guest: _Guest) -> tuple[int, int, float]:
            place = self._places[guest]
            return arounds[place.source.around], owns[place.source.own], -place.since

        return max(self._places, key=greed)

    def _let_go(self, guest: _Guest, now: float | None) -> _Guest:
        """Take the client's place; with `now`, only if it has had the time to log in."""
        if now is not None and now - self._places[guest].since < LOGIN_SECONDS:
            raise Full
        del self._places[guest]
        return guest


class Told:
    """Messages about each source, at most one a minute for each kind."""

    def __init__(self) -> None:
        self._since: dict[tuple[str, str], tuple[float, int]] = {}

    def count(self, address: str, what: str, now: float) -> int | None:
        """How often this has happened since the last message, if a new message is due; otherwise None."""
        if len(self._since) >= ADDRESSES:
            self._since = {key: told for key, told in self._since.items() if told[0] > now - _MINUTE}
        if len(self._since) >= ADDRESSES:
            self._since.clear()
        key = (source_of(address).own, what)
        since, count = self._since.get(key, (-_MINUTE, 0))
        if since > now - _MINUTE:
            self._since[key] = (since, count + 1)
            return None
        self._since[key] = (now, 0)
        return count + 1
