"""The account of what is understood of a table: its shapes, and how they come back from JSON.

Owns no reading. Promises: plain data, which goes through JSON unchanged.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True, repr=False)
class Code:
    """A code that neither the mapping nor the exchange knows: in how many lines it stands, and what it may mean, ''
    where nothing can be guessed. Repr hidden."""

    code: str
    lines: int
    guess: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Seen:
    """One column. `field` is what it is read as, '' for nothing; `how` is a word of `HOW`; `guess` may be what an
    unknown one is. Repr hidden."""

    letter: str
    header: str
    field: str
    how: str
    cells: tuple[str, ...]
    guess: str = ""
    codes: tuple[Code, ...] = ()
    more_codes: int = 0


HOW: Mapping[str, str] = MappingProxyType(
    {
        "name": "by its name",
        "mapping": "by the mapping",
        "ignored": "ignored",
        "displaced": "not used: see the mapping",
        "secret": "SSN: take it out",
        "unknown": "not known",
    }
)


@dataclass(frozen=True, slots=True, repr=False)
class Understood:
    """A table. `document` is what it is, in words, or what it is nearest to where columns are `missing`; `where` is the
    place of its header, `lines` how many are below it. `dates` says in a sentence how dates are read. Repr hidden."""

    document: str
    where: str
    lines: int
    missing: tuple[str, ...]
    columns: tuple[Seen, ...]
    dates: str
    defaults: tuple[str, ...]


def from_json(said: Mapping[str, Any]) -> Understood:
    """The account that was written as JSON. Raises KeyError or TypeError for another form."""
    columns = tuple(
        Seen(**one | {"cells": tuple(one["cells"]), "codes": tuple(Code(**code) for code in one["codes"])})
        for one in said["columns"]
    )
    more = {name: tuple(said[name]) for name in ("missing", "defaults")}
    return Understood(**{**said, **more, "columns": columns})
