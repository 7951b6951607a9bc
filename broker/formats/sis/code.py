"""The codes of an export: one table for each, from the words of the standard to those of the packet.

Owns how a word is compared. Promises: case, blanks and punctuation do not count, nor does the address in front of a
descriptor (`uri://ed-fi.org/SexDescriptor#Female`); a word that no table has is never replaced by another.
"""

from collections.abc import Mapping
from typing import NamedTuple

from broker.formats.cells import Unfit, plain


class Table(NamedTuple):
    """One table. `must` says what the word must be; `own` are the packet's own codes, which are read as they are; with
    `form`, whatever has the form of a short code is one."""

    rows: Mapping[str, str]
    must: str
    own: frozenset[str] = frozenset()
    is_open: bool = False


_LONGEST = 8  # letters and digits of a code


def table(rows: Mapping[str, str], must: str, own: str = "", *, is_open: bool = False) -> Table:
    """A table of these rows; the words are compared as `plain` makes them."""
    return Table({plain(word): code for word, code in rows.items()}, must, frozenset(own.split()), is_open)


def read(said: str, codes: Table) -> str:
    """The packet's code for a word; '' where the table says that the packet has none for it. Raises Unfit."""
    word = said.rpartition("#")[2] if "#" in said else said.rpartition("/")[2] if "://" in said else said
    if plain(word) in codes.rows:
        return codes.rows[plain(word)]
    if word.upper() in codes.own:
        return word.upper()
    if codes.is_open and word.isascii() and word.isalnum() and len(word) <= _LONGEST:
        return word
    raise Unfit(codes.must)
