"""Names with weights: drawn by frequency, and read from a user's file.

Owns `Table` and the layouts of name files. Promises: a draw depends only on the given random numbers; a file is
bounded, and its faults are reported by line.
"""

import csv
from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping
from heapq import nlargest
from itertools import accumulate
from pathlib import Path
from random import Random

from broker.core.errors import OperatorError

MOST_BYTES = 32 * 1024 * 1024
MOST_CHARACTERS = 30  # of one name: a name part of a block takes 100, and errors can join several names
_MOST_ALIKE = 20_000  # names among which alike names are searched: the most frequent
_WEIGHTS = ("weight", "count", "frequency", "freq")
_SEXES = ("sex", "gender")


class Table:
    """Names, each with a weight above 0; immutable."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        """Raises ValueError where there is nothing to draw."""
        self.values = tuple(weights)
        self._ends = list(accumulate(weights.values()))
        if not self._ends or self._ends[-1] <= 0:
            raise ValueError("a table needs a name with a weight above 0")
        self._last = len(self._ends) - 1
        self._frequent = nlargest(_MOST_ALIKE, weights, key=weights.__getitem__)
        self._alike: dict[str, list[str]] = {}

    def draw(self, random: Random) -> str:
        """One random name, in proportion to its weight."""
        return self.values[bisect(self._ends, random.random() * self._ends[-1], 0, self._last)]

    def alike(self, name: str, random: Random) -> str | None:
        """Another name of this table that differs by one letter, inserted, left out or changed; None where there is
        none.

        All are equally likely, however rare.
        """
        if not self._alike:
            for value in self._frequent:
                for pattern in _patterns(value):
                    self._alike.setdefault(pattern, []).append(value)
        near = [value for pattern in _patterns(name) for value in self._alike.get(pattern, ()) if value != name]
        return near[int(random.random() * len(near))] if near else None


def _patterns(name: str) -> Iterator[str]:
    """Patterns that two names share if they are one letter apart: the name with one letter, or one gap between two,
    left open."""
    for at in range(len(name) + 1):
        yield f"{name[:at]}?{name[at:]}"
        if at < len(name):
            yield f"{name[:at]}?{name[at + 1 :]}"


def mixed(sources: Iterable[tuple[float, Mapping[str, float]]]) -> Table:
    """One table from several, each with its share of the whole."""
    weights: dict[str, float] = {}
    for share, source in sources:
        total = sum(source.values())
        for name, weight in source.items():
            weights[name] = weights.get(name, 0.0) + share * weight / total
    return Table(weights)


def read(path: Path) -> dict[str, dict[str, float]]:
    """A user's file of names: their weights by sex, `F`, `M`, and `` for both.

    Layouts: a header with `name` and one of `weight`, `count`, `frequency`, `freq` (other columns are ignored); no
    header and `name,weight`; `name,sex,count` as the US Social Security Administration publishes first names; `NAME
    freq cumulated rank` in columns of blanks as the US Census did in 1990. Separated by commas, tabs or semicolons. If
    all names are in capitals, only their first letters stay so. Raises OperatorError where it cannot be read.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise OperatorError(f"{path} is larger than {MOST_BYTES // 1024 // 1024} MB; leave out the rarest names.")
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise OperatorError(f"{path} is not UTF-8 text; export it as UTF-8.") from error
    except OSError as error:
        raise OperatorError(f"{path} cannot be read: {error.strerror}.") from error
    tables: dict[str, dict[str, float]] = {}
    for number, name, sex, weight in _rows(path, text.splitlines()):
        if not 0 < len(name) <= MOST_CHARACTERS or not name.isprintable():
            raise OperatorError(
                f"{path}, line {number}: a name must have 1 to {MOST_CHARACTERS} characters that can be printed."
            )
        table = tables.setdefault(sex, {})
        table[name] = table.get(name, 0.0) + weight
    if not any(weight for table in tables.values() for weight in table.values()):
        raise OperatorError(f"{path} holds no name with a weight above 0.")
    return tables


def _rows(path: Path, lines: list[str]) -> Iterator[tuple[int, str, str, float]]:
    """Line number, name, sex and weight of every line that is not empty."""
    first = next((line for line in lines if line.strip()), "")
    mark = next((mark for mark in "\t,;" if mark in first), "")
    try:
        rows = list(csv.reader(lines, delimiter=mark)) if mark else [line.split() for line in lines]
    except csv.Error as error:
        raise OperatorError(f"{path} cannot be read as a table of names: {error}.") from error
    full = [(number, row) for number, row in enumerate(rows, 1) if any(row)]
    if not full:
        return
    columns, is_header = _columns([cell.strip().casefold() for cell in full[0][1]])
    full = full[is_header:]
    capitals = all(row[columns[0]].isupper() for _, row in full if len(row) > columns[0])
    for number, row in full:
        yield number, *_row(f"{path}, line {number}", row, columns, capitals)


def _columns(row: list[str]) -> tuple[tuple[int, int | None, int], bool]:
    """The columns of name, sex and weight, and whether this row is a header."""
    weight = next((row.index(name) for name in _WEIGHTS if name in row), None)
    if "name" in row and weight is not None:
        sex = next((row.index(name) for name in _SEXES if name in row), None)
        return (row.index("name"), sex, weight), True
    if len(row) == 3 and row[1] in ("f", "m"):
        return (0, 1, 2), False
    return (0, None, 1), False


def _row(place: str, row: list[str], columns: tuple[int, int | None, int], capitals: bool) -> tuple[str, str, float]:
    name_at, sex_at, weight_at = columns
    if len(row) <= max(name_at, sex_at or 0, weight_at):
        raise OperatorError(f"{place}: there must be a name and a weight, such as `Maria,1250`.")
    name = row[name_at].strip()
    try:
        weight = float(row[weight_at])
    except ValueError as error:
        raise OperatorError(f"{place}: the weight must be a number.") from error
    if not 0 <= weight < 1e12:
        raise OperatorError(f"{place}: the weight must be a number from 0 to 1000000000000.")
    sex = row[sex_at].strip().upper()[:1] if sex_at is not None else ""
    return name.title() if capitals else name, sex if sex in ("F", "M") else "", weight
