"""Which bytes of a file have been written or sent, in any order.

Owns the arithmetic of byte ranges. Promises: time and memory are bounded by `MOST` separate ranges; bytes in order cost
nothing. Pure.
"""

from bisect import bisect_left

from broker.core.errors import BrokerError

MOST = 4096


class Scattered(BrokerError):
    """There are more separate ranges than can be kept."""


class Ranges:
    """A set of half-open byte ranges; starts with the bytes from 0 to `prefix`."""

    def __init__(self, prefix: int = 0) -> None:
        self._ranges: list[tuple[int, int]] = [(0, prefix)] if prefix else []

    def add(self, start: int, end: int) -> None:
        """Add the bytes from `start` up to `end`. Raises Scattered, and then is unchanged."""
        if end <= start:
            return
        kept = self._ranges
        first = bisect_left(kept, start, key=lambda known: known[1])
        last = first
        while last < len(kept) and kept[last][0] <= end:
            start, end = min(start, kept[last][0]), max(end, kept[last][1])
            last += 1
        if first == last and len(kept) >= MOST:
            raise Scattered("too many separate ranges")
        kept[first:last] = [(start, end)]

    def cut(self, size: int) -> None:
        """Remove everything from `size` on."""
        self._ranges = [(start, min(end, size)) for start, end in self._ranges if start < size]

    def prefix(self) -> int:
        """How many bytes there are from 0 on without a gap."""
        return self._ranges[0][1] if self._ranges and self._ranges[0][0] == 0 else 0

    def covers(self, size: int) -> bool:
        """Whether every byte below `size` is there."""
        return self.prefix() >= size
