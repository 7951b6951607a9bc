"""Pages of long lists: some rows, where the next page begins, and how many rows there are.

Owns the form of every list that a verb returns. Promises: a page never has more rows than asked for; a count is exact
up to 1,000 and is "over 1,000" beyond, so that no whole table is read to count it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

MOST_COUNTED = 1000
Row = TypeVar("Row")
Cursor = TypeVar("Cursor")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row, Cursor]):
    """`rows` of a list; `after` is the cursor for the next page, None at the end; `count` is how many rows fit the
    filters, at most 1,001."""

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
        """The count, in words."""
        return f"over {MOST_COUNTED:,}" if self.count > MOST_COUNTED else f"{self.count:,}"
