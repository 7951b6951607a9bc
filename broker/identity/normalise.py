"""Names in the form in which they are compared; the stored original is never altered.

Promises: the same name in upper case, with other accents, hyphens or spaces gives the same key (NFKC, then ASCII by
transliteration, then case folded); every function takes any text, and reads no more of it than `MOST_CHARACTERS`.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from anyascii import anyascii

MOST_CHARACTERS = 200  # of one field; the schema allows 100 to a part of a name
_CACHED = 65_536
_IN_WORDS = "'\u2018\u2019\u02bb\u02bc\u00b4`."  # apostrophes and the like: within a word, though no letters
_PARTICLES = frozenset(
    [
        "al",
        "bin",
        "binti",
        "da",
        "das",
        "de",
        "degli",
        "dei",
        "del",
        "della",
        "den",
        "der",
        "des",
        "di",
        "do",
        "dos",
        "du",
        "el",
        "ibn",
        "la",
        "las",
        "le",
        "les",
        "los",
        "of",
        "op",
        "ould",
        "ten",
        "ter",
        "tot",
        "van",
        "vande",
        "vanden",
        "vander",
        "vom",
        "von",
        "y",
        "zu",
        "zum",
        "zur",
    ]
)
_SUFFIXES = {
    **dict.fromkeys(("jr", "jnr", "junior"), "jr"),
    **dict.fromkeys(("sr", "snr", "senior"), "sr"),
    **dict.fromkeys(("ii", "2nd", "2"), "ii"),
    **dict.fromkeys(("iii", "3rd", "3"), "iii"),
    **dict.fromkeys(("iv", "4th", "4"), "iv"),
    **dict.fromkeys(("v", "5th", "5"), "v"),
}
_SUFFIXES_IN_NAMES = frozenset(_SUFFIXES) - {"2", "3", "4", "5", "v"}  # in a field of names those may be anything
_NO_NAMES = frozenset(
    ["fnu", "lnu", "nmn", "nln", "unknown", "unk", "noname", "nofirstname", "nomiddlename", "nolastname"]
)
# Müller is Muller to one clerk and Mueller to the next.
_TWO_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "ő": "oe", "ű": "ue"})
# One sound, several spellings, in the order in which they are replaced: names written out of other scripts.
_SOUNDS = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"ph", "f"), (r"(?:sch|tsch|tch|cz)", "ch"), (r"[dt]zh", "j"), (r"^wr", "r"), (r"^[kg]n", "n"), (r"kh", "k"),
        (r"gh", "g"), (r"th", "t"), (r"(?<!s)ch", "C"), (r"sh", "S"), (r"x", "ks"), (r"ck", "k"), (r"c(?=[eiy])", "s"),
        (r"[cq]", "k"), (r"z", "s"), (r"w", "v"), (r"(?<=.)h", ""), (r"(?<=.)[aeiouy]", ""), (r"^[aeiouy]+", "a"),
        (r"(.)\1+", r"\1"),
    )
)  # fmt: skip


@lru_cache(maxsize=_CACHED)
def key(name: str) -> str:
    """Letters and digits only, in ASCII, without accents or case."""
    plain = anyascii(unicodedata.normalize("NFKC", name[:MOST_CHARACTERS])).casefold()
    return "".join(letter for letter in plain if letter.isalnum())[:MOST_CHARACTERS]


@lru_cache(maxsize=_CACHED)
def words(name: str) -> tuple[str, ...]:
    """The key of each part of a name; blanks, hyphens and the like divide. What says that there is no name is none."""
    text = unicodedata.normalize("NFKC", name[:MOST_CHARACTERS])
    spread = "".join(letter if letter.isalnum() or letter in _IN_WORDS or _is_mark(letter) else " " for letter in text)
    found = tuple(part for part in map(key, spread.split()) if part)
    return () if "".join(found) in _NO_NAMES else found


def _is_mark(letter: str) -> bool:
    return unicodedata.combining(letter) != 0


@lru_cache(maxsize=_CACHED)
def spelt(name: str) -> str:
    """The key of a name with two letters written for each of ä, ö, ü, ø and å; '' where it has none of them."""
    text = unicodedata.normalize("NFKC", name[:MOST_CHARACTERS]).casefold()
    long = text.translate(_TWO_LETTERS)
    return "".join(words(long)) if long != text else ""


@lru_cache(maxsize=_CACHED)
def marked(name: str) -> str:
    """The letters of a name as they are written, accents and scripts kept; '' where they are all plain.

    A name without its accents is the same name, for many systems drop them; with others (Hà and Hạ) it may be another.
    """
    text = unicodedata.normalize("NFKC", name[:MOST_CHARACTERS]).casefold()
    letters = "".join(letter for letter in text if letter.isalpha() and unicodedata.category(letter) != "Lm")
    return "" if letters.isascii() else unicodedata.normalize("NFC", letters)


def core(name: Sequence[str]) -> tuple[str, ...]:
    """The words of a last name without its particles (de la, van, al …), unless it has nothing else."""
    return tuple(word for word in name if word not in _PARTICLES) or tuple(name)


def parted(name: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """The words of a name, and the suffix that someone wrote behind them ('' for none)."""
    if len(name) > 1 and name[-1] in _SUFFIXES_IN_NAMES:
        return tuple(name[:-1]), _SUFFIXES[name[-1]]
    return tuple(name), ""


def suffix(text: str) -> str:
    """jr, sr, ii, iii, iv or v, or the key of what else stands there."""
    written = key(text)
    return _SUFFIXES.get(written, written)


@lru_cache(maxsize=_CACHED)
def sound(name: str) -> str:
    """What is left of the key of a name when spellings of one sound are made one: Muhammad and Mohammed, Aleksandr and
    Alexander. Coarse: a reason to look at two names, and never to take them for the same."""
    for pattern, one in _SOUNDS:
        name = pattern.sub(one, name)
    return name
