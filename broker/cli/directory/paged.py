"""A list that a verb returns page by page, as one list.

Promises: asks for the next page only after all rows of the last one were taken.
"""

from collections.abc import Callable, Iterator
from typing import TypeVar

from broker.verbs.paging import Page

Row = TypeVar("Row")
Cursor = TypeVar("Cursor")


def every(first: Cursor, ask: Callable[[Cursor], Page[Row, Cursor]]) -> Iterator[Row]:
    """All rows of the pages that `ask` returns for a cursor, beginning with the cursor `first`."""
    after: Cursor | None = first
    while after is not None:
        page = ask(after)
        yield from page.rows
        after = page.after
