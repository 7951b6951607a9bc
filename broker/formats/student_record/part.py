"""A part of a record as a table: its columns, and by what it is known.

Owns the shape. Promises: plain data; names are compared without case, blanks and punctuation.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from broker.formats.cells import Column, plain

Values = Mapping[str, object]


@dataclass(frozen=True)
class Part:
    """One part. `title` names its sheet in a template, `sheets` are other names of such a sheet; `columns` are by
    field. A table without the name of a sheet is this part where one of each group of fields in `known_by`, each
    another one, has a column. `place_of` says where in the record a line goes, by the fields of its table and its
    values. `needed` are fields that each line has; `single`: all lines together are one object. `dates` are the fields
    that are days. `says` is what the sheet is for, in a sentence."""

    title: str
    sheets: tuple[str, ...]
    columns: Mapping[str, Column]
    needed: tuple[str, ...]
    known_by: tuple[tuple[str, ...], ...]
    place_of: Callable[[Values], str]
    dates: frozenset[str] = frozenset()
    single: bool = False
    says: str = ""

    @cached_property
    def fields(self) -> Mapping[str, str]:
        """The field for each name of a column."""
        return {plain(name): field for field, one in self.columns.items() for name in (field, *one.names)}

    @cached_property
    def names(self) -> frozenset[str]:
        """The names of a sheet with this part."""
        return frozenset(map(plain, (self.title, *self.sheets)))

    def is_told_by(self, header: Sequence[str]) -> bool:
        """Whether a header, without the name of a sheet, is this part's."""
        found = {self.fields.get(plain(cell), "") for cell in header}
        telling = found.intersection({name for group in self.known_by for name in group})
        is_told = all(found.intersection(group) for group in self.known_by)
        return bool(self.known_by) and is_told and len(telling) >= len(self.known_by)

    def known_in(self, header: Sequence[str]) -> int:
        """How many of these cells are names of its columns."""
        return sum(plain(cell) in self.fields for cell in header)


def always(place: str) -> Callable[[Values], str]:
    """The place of a part whose lines all go to one."""
    return lambda _: place
