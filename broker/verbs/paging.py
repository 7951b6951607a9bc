"""Pages of long lists: some rows, where the next page begins, and how many rows there are.

Owns the form of every list that a verb gives. Promises: a page never holds more than was asked for; a count is exact to
1,000 and says "over 1,000" beyond, so that nobody reads a whole table to count it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

MOST_COUNTED = 1000
Row = TypeVar("Row")
Cursor = TypeVar("Cursor")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row, Cursor]):
    """`rows` of a list; `after` is the cursor that the next page is asked for with, None at the end; `count` all rows
    that fit the filters, at most 1,001."""

    rows: tuple[Row, ...]
    after: Cursor | None
    count: int

    @classmethod
    def of(cls, found: Sequence[Row], size: int, count: int, cursor: Callable[[Row], Cursor]) -> "Page[Row, Cursor]":
        """A page of what was found when one row more than `size` was asked for."""
        rows = tuple(found[:size])
        return cls(rows, cursor(rows[-1]) if len(found) > size else None, min(count, MOST_COUNTED + 1))

    @property
    def told_count(self) -> str:
        """How many there are, in words."""
        return f"over {MOST_COUNTED:,}" if self.count > MOST_COUNTED else f"{self.count:,}"
