"""A table as an LEA's mapping reads it: under our names, with our codes, and with what it never has.

Owns this change. Promises: the table as it came stays beside it (`Row.written`), so that sentences and the table given
back are in the LEA's own words; the mapping goes before our own synonyms, and what it displaces is told; two columns
that it makes one are refused; a code that neither the mapping nor the exchange knows is never replaced, and is the
fault of its line; what is passed over is searched for social security numbers all the same.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from broker.core.errors import Refused
from broker.formats import no_ssn
from broker.formats.cells import is_secret
from broker.formats.mapping import known
from broker.formats.mapping.rules import Rules
from broker.formats.table import Row, Table, letters, place_of

FieldOf = Callable[[str], str]
"""Our name of the column that a cell of the header names, in one kind of table; '' for none."""
_MOST_PLACES = 20  # named in one sentence
UNKNOWN = "must be a code that your mapping or the exchange knows"


class _Names(NamedTuple):
    """The header under our names; `passed` are the places that are passed over, `displaced` those among them whose name
    we would know, with what the mapping calls by that name instead."""

    cells: tuple[str, ...]
    passed: tuple[int, ...] = ()
    displaced: tuple[tuple[int, str], ...] = ()


def names(header: Sequence[str], rules: Rules, fields: Sequence[FieldOf]) -> tuple[str, ...]:
    """The cells of a header under our names; '' for one that is passed over."""
    return _named(header, rules, fields).cells


def applied(
    found: Table, plain_text: bytes, rules: Rules, fields: Sequence[FieldOf], exit_codes: Collection[str]
) -> Table:
    """The table under our names and with our codes. `plain_text` is its text with a byte for each digit. Raises Refused
    `csv-form` where two columns are made one, and `has-ssn`."""
    header = found.header
    named = _named(header.cells, rules, fields)
    _check_doubled(header, named.cells, rules)
    aside = [_only(row, named.passed) for row in found.rows]
    no_ssn.check_rows(plain_text, aside, ())
    change = _Change(named.passed, tuple(_coded(named.cells, rules, fields)), frozenset(exit_codes))
    return replace(
        found,
        header=replace(header, cells=named.cells, written=header.cells),
        rows=tuple(map(change.row, found.rows)),
        told=(*found.told, *_told(named, rules)),
    )


def with_defaults(found: Table, rules: Rules, is_column: Callable[[str], object], fields: Sequence[FieldOf]) -> Table:
    """The table with the columns that it does not have and for which there is a default. `is_column` says which are
    columns of its kind of table."""
    header = found.header
    has = [one(cell) for one in fields for cell in header.cells if cell]
    new = {name: value for name, value in rules.defaults.items() if is_column(name) and name not in has}
    if {"exit_date", "event", "date"} & set(has):  # the table has days of its own: no entry is made of an exit
        new.pop("entry_date", None)
    if not new:
        return found
    width = len(header.cells)
    return replace(
        found,
        header=replace(header, cells=(*header.cells, *new), written=header.came),
        rows=tuple(_extended(row, width, tuple(new.values())) for row in found.rows),
    )


def told_as_faults(found: Table) -> Table:
    """The table for a reader that asks only whether a line as a whole can be read: the first unknown code is a fault of
    its line."""
    return replace(found, rows=tuple(map(_at_fault, found.rows)))


def _at_fault(row: Row) -> Row:
    if row.fault or not row.unfit:
        return row
    place, must = row.unfit[0]
    return replace(row, fault=f"column {letters(place + 1)} {must}")


def _named(header: Sequence[str], rules: Rules, fields: Sequence[FieldOf]) -> _Names:
    said = [None if is_secret(cell) else rules.named(cell) for cell in header]
    taken = _meanings(dict.fromkeys(name for name in said if name), fields)
    cells, passed, displaced = list(header), [], []
    for place, (cell, name) in enumerate(zip(header, said, strict=True)):
        if name is not None:
            cells[place] = name
        elif taken and not is_secret(cell) and (other := _same(cell, taken, fields)):
            cells[place] = ""
            displaced.append((place, other))
        if not cells[place] and cell:
            passed.append(place)
    return _Names(tuple(cells), tuple(passed), tuple(displaced))


def _meanings(some: Iterable[str], fields: Sequence[FieldOf]) -> Mapping[tuple[int, str], str]:
    """These names, by what each means in each kind of table."""
    return {(kind, found): one for one in some for kind, field in enumerate(fields) if (found := field(one))}


def _same(cell: str, meanings: Mapping[tuple[int, str], str], fields: Sequence[FieldOf]) -> str:
    """Which of the names is a column that the cell would name by itself; '' for none."""
    found = ((kind, field(cell)) for kind, field in enumerate(fields))
    return next((meanings[one] for one in found if one in meanings), "")


def _check_doubled(header: Row, cells: Sequence[str], rules: Rules) -> None:
    named = [name if rules.named(cell) is not None else "" for cell, name in zip(header.cells, cells, strict=True)]
    for name in dict.fromkeys(filter(None, named)):
        places = [place for place, one in enumerate(named, 1) if one == name]
        if len(places) > 1:
            hint = f"By your mapping several columns are {name}: let it name one of them, and ignore the others."
            raise Refused("csv-form", place_of(header, *places[:_MOST_PLACES]), hint)


class _Coded(NamedTuple):
    """A column with codes: its place, our name, its codes, and ours to which they lead."""

    place: int
    name: str
    codes: Mapping[str, str]
    ours: frozenset[str]


def _coded(cells: Sequence[str], rules: Rules, fields: Sequence[FieldOf]) -> Iterator[_Coded]:
    meanings = _meanings(rules.codes, fields)
    for place, cell in enumerate(cells):
        of = cell if cell in rules.codes else _same(cell, meanings, fields) if cell else ""
        if of:
            yield _Coded(place, of, rules.codes[of], frozenset(rules.codes[of].values()))


@dataclass(frozen=True, slots=True)
class _Change:
    """What becomes of each row."""

    passed: tuple[int, ...]
    coded: tuple[_Coded, ...]
    exit_codes: frozenset[str]

    def row(self, row: Row) -> Row:
        if row.fault or not row.cells:
            return row
        cells, unfit = list(row.cells), []
        for place in self.passed:
            if place < len(cells):
                cells[place] = ""
        for place, name, codes, ours in self.coded:
            cell = cells[place] if place < len(cells) else ""
            if cell in codes:
                cells[place] = codes[cell]
            elif cell and cell not in ours and not known.is_ours(name, cell, self.exit_codes):
                unfit.append((place, UNKNOWN))
        return replace(row, cells=tuple(cells), written=row.cells, unfit=tuple(unfit))


def _extended(row: Row, width: int, values: tuple[str, ...]) -> Row:
    if row.fault:
        return row
    if any(row.cells[width:]):
        return replace(row, fault=f"more cells are filled than the header has columns ({width})")
    cells = (*row.cells[:width], *[""] * (width - len(row.cells)), *values)
    return replace(row, cells=cells, written=row.came)


def _only(row: Row, places: Sequence[int]) -> Row:
    """The row with nothing but these cells."""
    return replace(row, cells=tuple(cell if place in places else "" for place, cell in enumerate(row.cells)))


def _told(named: _Names, rules: Rules) -> Iterator[str]:
    yield f"It was read with your mapping (mark {rules.mark})."
    for place, name in named.displaced:
        mapped = next(at for at, cell in enumerate(named.cells) if cell == name)
        other = f"column {letters(mapped + 1)} is {name}"
        yield f"Column {letters(place + 1)} was passed over, because by your mapping {other}."
