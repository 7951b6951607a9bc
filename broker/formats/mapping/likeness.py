"""Which of our columns an unknown header may mean, by the likeness of names; a guess, for a person to judge.

Owns this guess. Promises: nothing applies it; no column of ours is guessed twice, and none that the table already has;
what holds dates is guessed to be a date, and nothing else is; cells that a column could not have speak against it.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from types import MappingProxyType
from typing import NamedTuple

from broker.core.days.membership import Programme
from broker.formats.cells import Unfit, plain
from broker.formats.enrollment.columns import COLUMNS, DATES
from broker.formats.ssid.columns import COLUMNS as REQUESTED

_LEAST = 0.62  # of likeness, where 1 is the same
_OF_BEGINNING = 0.75  # how alike a name and its beginning are: Fam and family name
_LEAST_BEGINNING = 3  # letters
_MOST_LETTERS = 60
_CODES = frozenset({"event", "gender", "request_type"})
_PROGRAMMES = frozenset(Programme)
# names that may mean something else, too, and so are no more than a guess
_MORE: Mapping[str, tuple[str, ...]] = MappingProxyType({"birth_date": ("born",), "grade": ("level", "lvl", "class")})
_NAMES: Mapping[str, tuple[str, ...]] = {
    field: tuple({plain(name) for name in (field, *one.names, *_MORE.get(field, ()))})
    for field, one in {**REQUESTED, **COLUMNS}.items()
}


class Asked(NamedTuple):
    """An unknown header, whether dates stand below it, and some of the cells there that are filled."""

    header: str
    is_dated: bool
    cells: Sequence[str]


def guesses(headers: Sequence[Asked], free: Collection[str]) -> list[str]:
    """For each of these headers one of the `free` columns; '' for none."""
    found = [""] * len(headers)
    left = set(free)
    for _, place, field in sorted(_pairs(headers, free), reverse=True):
        if not found[place] and field in left:
            found[place] = field
            left.discard(field)
    return found


def _pairs(headers: Sequence[Asked], free: Collection[str]) -> Iterator[tuple[float, int, str]]:
    for place, one in enumerate(headers):
        name = plain(one.header)[:_MOST_LETTERS]
        for field in free if name else ():
            if (field in DATES) is one.is_dated and (one.is_dated or _fits(field, one.cells)):
                alike = max((_alike(name, other) for other in _NAMES.get(field, ())), default=0.0)
                if alike >= _LEAST:
                    yield alike, place, field


def _fits(field: str, cells: Sequence[str]) -> bool:
    """Whether half of the cells at least could be of this column; codes may be the LEA's own."""
    if field in _CODES:
        return True
    return 2 * sum(_is_readable(field, cell) for cell in cells) >= len(cells)


def _is_readable(field: str, cell: str) -> bool:
    try:
        found = (COLUMNS.get(field) or REQUESTED[field]).read(cell)
    except Unfit:
        return False
    return field != "programme" or found in _PROGRAMMES


def _alike(one: str, other: str) -> float:
    short, long = sorted((one, other), key=len)
    if len(short) >= _LEAST_BEGINNING and long.startswith(short):
        return max(_OF_BEGINNING, len(short) / len(long))
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.ratio() if matcher.real_quick_ratio() >= _LEAST else 0.0
