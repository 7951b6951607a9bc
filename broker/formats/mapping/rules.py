"""What an LEA's `mapping.toml` says: its columns, its codes, how it writes dates, and what its tables never have.

Owns the shape. Promises: plain data, the same for the LEA's own check and for the exchange; names of columns are
compared without case, blanks and punctuation, codes letter by letter.
"""

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from broker.core.days.written import Order
from broker.formats.cells import plain

IGNORE = "ignore"  # stands for our column where one of the LEA's is to be passed over
_MARK = 8  # characters
_NONE: Mapping[str, str] = MappingProxyType({})
_NO_CODES: Mapping[str, Mapping[str, str]] = MappingProxyType({})


class Rules(NamedTuple):
    """A mapping. `columns` has the exchange's name of each of the LEA's columns, by its header as `cells.plain` writes
    it, '' for one that is passed over; `headers` the LEA's own header for each of ours. `codes` has, by column, the
    exchange's code for each of the LEA's; `defaults`, by column, what stands where a table has no such column. `order`
    is how dates are written that can be read in two ways, None where nothing is said. `is_whole`: all of a table is
    carried out or nothing. `mark` is a short name of this very mapping, '' where there is none."""

    columns: Mapping[str, str] = _NONE
    headers: Mapping[str, str] = _NONE
    codes: Mapping[str, Mapping[str, str]] = _NO_CODES
    defaults: Mapping[str, str] = _NONE
    order: Order | None = None
    is_whole: bool = False
    mark: str = ""

    def named(self, header: str) -> str | None:
        """Our name of the LEA's column with this header; '' for one that is passed over, None for one of which nothing
        is said."""
        return self.columns.get(plain(header))


NOTHING = Rules()


def mark_of(text: str) -> str:
    """The short name of a mapping with this text."""
    return hashlib.sha256(text.encode()).hexdigest()[:_MARK]
