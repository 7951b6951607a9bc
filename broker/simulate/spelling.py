"""How names are misspelt, and which nicknames people have.

Owns typing errors, hearing errors and nicknames. Promises: the result always differs from the input.
"""

import re
from functools import cache, lru_cache
from random import Random

from nicknames import NickNamer

from broker.simulate.lists import SPANISH_NICKNAMES

_SHORTEST = 3  # letters that a name must have for one to be left out
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_VOWELS = "aeiou"
_BY_EAR = 0.3  # of misspellings; the others are typing errors
_NEXT_KEY = 0.6  # of wrong letters; the others may be any letter

# Spellings that sound alike: each may replace the other.
_SOUNDS = (
    *(
        ("ph", "f"),
        ("ch", "k"),
        ("ck", "k"),
        ("c", "k"),
        ("c", "s"),
        ("ie", "y"),
        ("ie", "ei"),
        ("ee", "ea"),
        ("y", "i"),
        ("z", "s"),
    ),
    *(("son", "sen"), ("ey", "y"), ("ai", "ay"), ("th", "t"), ("x", "cks"), ("j", "g"), ("an", "en"), ("er", "ar")),
    *(("ll", "l"), ("nn", "n"), ("tt", "t"), ("ss", "s"), ("rr", "r"), ("v", "b"), ("qu", "k"), ("ah", "a"), ("h", "")),
    *(("leigh", "lee"), ("lyn", "lynn"), ("ou", "u"), ("oo", "u"), ("w", "v"), ("tion", "shun"), ("ks", "x")),
)


def misspelt(name: str, random: Random) -> str:
    """The name with one mistake: one letter too many, too few, wrong or in the wrong place, or a spelling by sound.

    A name without letters is returned with a letter added.
    """
    heard = _by_ear(name, random) if random.random() < _BY_EAR else name
    return heard if heard != name else slip(name, random)


def slip(name: str, random: Random) -> str:
    """The name with one typing error."""
    places = [match.start() for match in re.finditer(r"[^\W\d_]", name)]
    if not places:
        return f"{name}x"
    at = places[int(random.random() * len(places))]
    kind = int(random.random() * 4)
    if kind == 0 and len(places) >= _SHORTEST:
        return name[:at] + name[at + 1 :]
    if kind == 1:
        return f"{name[: at + 1]}{_wrong(name[at], random).lower()}{name[at + 1 :]}"
    if kind == 2 and (swapped := _swapped(name, at)) != name:
        return swapped
    return f"{name[:at]}{_wrong(name[at], random)}{name[at + 1 :]}"


def _swapped(name: str, at: int) -> str:
    """Exchange the letter at this place and the next one; capitals stay where they are."""
    if not name[at + 1 : at + 2].isalpha():
        return name
    one, two = name[at], name[at + 1]
    first = two.upper() if one.isupper() else two
    second = one.lower() if two.islower() else one
    return name[:at] + first + second + name[at + 2 :]


def _wrong(letter: str, random: Random) -> str:
    """Another letter, mostly a neighbour on the keyboard; a capital for a capital."""
    small = letter.lower()
    row = next((row for row in _ROWS if small in row), "")
    near = [row[at] for at in (row.find(small) - 1, row.find(small) + 1) if row and 0 <= at < len(row)]
    if not near or random.random() >= _NEXT_KEY:
        near = [other for other in (_VOWELS if small in _VOWELS else "bcdfghjklmnprstvwz") if other != small]
    wrong = near[int(random.random() * len(near))]
    return wrong.upper() if letter.isupper() else wrong


def _by_ear(name: str, random: Random) -> str:
    """The name with one sound spelt in another way; unchanged where it has no sound of the table."""
    small = name.lower()
    found = [
        (at.start(), said, other)
        for pair in _SOUNDS
        for said, other in (pair, pair[::-1])
        if said
        for at in re.finditer(re.escape(said), small)
    ]
    if not found or len(small) != len(name):
        return name
    at, said, other = found[int(random.random() * len(found))]
    written = other.capitalize() if name[at].isupper() else other
    heard = name[:at] + written + name[at + len(said) :]
    return heard if len(heard.strip()) > 1 else name


@cache
def _library() -> NickNamer:
    return NickNamer()


@lru_cache(maxsize=20_000)
def _nicknames(name: str) -> tuple[str, ...]:
    """The nicknames in a fixed order: the library's sets have none."""
    english = sorted(short.capitalize() for short in _library().nicknames_of(name))
    return tuple(short for short in (*SPANISH_NICKNAMES.get(name, ()), *english) if short != name)


def nickname(name: str, random: Random) -> str | None:
    """A nickname for this first name; None where none is known."""
    known = _nicknames(name.split()[0]) if name.strip() else ()
    return known[int(random.random() * len(known))] if known else None
