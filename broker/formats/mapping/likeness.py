"""Which of our columns an unknown header may mean, by the likeness of names; a guess, for a person to judge.

Owns this guess. Promises: nothing applies it; no column of ours is guessed twice, and none that the table already has;
what holds dates is guessed to be a date, and nothing else is.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import SequenceMatcher

from broker.formats.cells import plain
from broker.formats.enrollment.columns import COLUMNS, DATES
from broker.formats.ssid.columns import COLUMNS as REQUESTED

_LEAST = 0.62  # of likeness, where 1 is the same
_OF_BEGINNING = 0.75  # how alike a name and its beginning are: Fam and family name
_LEAST_BEGINNING = 3  # letters
_MOST_LETTERS = 60
_NAMES: Mapping[str, tuple[str, ...]] = {
    field: tuple({plain(name) for name in (field, *one.names)}) for field, one in {**REQUESTED, **COLUMNS}.items()
}


def guesses(headers: Sequence[tuple[str, bool]], free: Collection[str]) -> list[str]:
    """For each of these headers, of which it is said whether dates stand below it, one of the `free` columns; '' for
    none."""
    found = [""] * len(headers)
    left = set(free)
    for _, place, field in sorted(_pairs(headers, free), reverse=True):
        if not found[place] and field in left:
            found[place] = field
            left.discard(field)
    return found


def _pairs(headers: Sequence[tuple[str, bool]], free: Collection[str]) -> Iterator[tuple[float, int, str]]:
    for place, (header, is_dated) in enumerate(headers):
        name = plain(header)[:_MOST_LETTERS]
        for field in free if name else ():
            if (field in DATES) is is_dated:
                alike = max((_alike(name, one) for one in _NAMES.get(field, ())), default=0.0)
                if alike >= _LEAST:
                    yield alike, place, field


def _alike(one: str, other: str) -> float:
    short, long = sorted((one, other), key=len)
    if len(short) >= _LEAST_BEGINNING and long.startswith(short):
        return max(_OF_BEGINNING, len(short) / len(long))
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    return matcher.ratio() if matcher.real_quick_ratio() >= _LEAST else 0.0
