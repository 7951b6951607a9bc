"""Names in the form for comparison; the stored original is never altered.

Promises: the same name in upper case, or with other accents, hyphens or spaces, gives the same key (NFKC, then ASCII by
transliteration, then case folded); every function takes any text, and reads no more of it than `MOST_CHARACTERS`.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from anyascii import anyascii

MOST_CHARACTERS = 200  # of one field; the schema allows 100 for each part of a name
_CACHED = 65_536
_IN_WORDS = "'\u2018\u2019\u02bb\u02bc\u00b4`."  # apostrophes and similar signs: no letters, but part of a word
_ASCII = [chr(code) for code in range(128)]
_TO_KEY = {ord(one): one.lower() if one.isalnum() else None for one in _ASCII}
_TO_WORDS = _TO_KEY | {ord(one): " " for one in _ASCII if not one.isalnum() and one not in _IN_WORDS}
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
_SUFFIXES_IN_NAMES = frozenset(_SUFFIXES) - {"2", "3", "4", "5", "v"}  # within a name these may mean anything
_NO_NAMES = frozenset(
    ["fnu", "lnu", "nmn", "nln", "unknown", "unk", "noname", "nofirstname", "nomiddlename", "nolastname"]
)
# Müller is Muller to one clerk and Mueller to the next.
_TWO_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa", "ő": "oe", "ű": "ue"})
# Spellings of one sound, in the order in which they are replaced: for names transcribed from other scripts. The last
# part of each entry is what a name must hold; without it, the pattern is not tried.
_SOUNDS = tuple(
    (re.compile(pattern), sound, needs)
    for pattern, sound, needs in (
        (r"ph", "f", ("ph",)), (r"(?:sch|tsch|tch|cz)", "ch", ("ch", "cz")), (r"[dt]zh", "j", ("zh",)),
        (r"^wr", "r", ("wr",)), (r"^[kg]n", "n", ("kn", "gn")), (r"kh", "k", ("kh",)), (r"gh", "g", ("gh",)),
        (r"th", "t", ("th",)), (r"(?<!s)ch", "C", ("ch",)), (r"sh", "S", ("sh",)), (r"x", "ks", ("x",)),
        (r"ck", "k", ("ck",)), (r"c(?=[eiy])", "s", ("c",)), (r"[cq]", "k", ("c", "q")), (r"z", "s", ("z",)),
        (r"w", "v", ("w",)),
    )
)  # fmt: skip
_SOUNDING = frozenset("chqwxz")  # without one of these, only kn and gn at the beginning can match
_VOWELS = frozenset("aeiouy")
_SILENT = dict.fromkeys(map(ord, ("h", *_VOWELS)))  # after the first letter
_DOUBLE = re.compile(r"(.)\1+")


@lru_cache(maxsize=_CACHED)
def key(name: str) -> str:
    """Letters and digits only, in ASCII, without accents or case."""
    if name.isascii():  # most names are: the same result as below, but cheaper
        return name[:MOST_CHARACTERS].translate(_TO_KEY)
    plain = anyascii(unicodedata.normalize("NFKC", name[:MOST_CHARACTERS])).casefold()
    return "".join(letter for letter in plain if letter.isalnum())[:MOST_CHARACTERS]


@lru_cache(maxsize=_CACHED)
def words(name: str) -> tuple[str, ...]:
    """The key of each part of a name, divided at blanks, hyphens and similar signs; none for a text that says that
    there is no name."""
    return parts(name)


def parts(name: str) -> tuple[str, ...]:
    """The same as `words`, without a cache: for texts that few students share, such as streets."""
    if name.isascii():
        found = tuple(name[:MOST_CHARACTERS].translate(_TO_WORDS).split())
    else:
        text = unicodedata.normalize("NFKC", name[:MOST_CHARACTERS])
        spread = "".join(one if one.isalnum() or one in _IN_WORDS or _is_mark(one) else " " for one in text)
        found = tuple(part for part in map(key, spread.split()) if part)
    return () if "".join(found) in _NO_NAMES else found


def _is_mark(letter: str) -> bool:
    return unicodedata.combining(letter) != 0


def spelt(name: str) -> str:
    """The key of a name with two letters written for each of ä, ö, ü, ø and å; '' where it has none of them."""
    if name.isascii():
        return ""
    text = unicodedata.normalize("NFKC", name[:MOST_CHARACTERS]).casefold()
    long = text.translate(_TWO_LETTERS)
    return "".join(words(long)) if long != text else ""


def marked(name: str) -> str:
    """The letters of a name as written, with accents and scripts; '' where all are plain.

    A name without its accents is the same name, because many systems drop them; with other accents (Hà and Hạ) it may
    be another name.
    """
    if name.isascii():
        return ""
    text = unicodedata.normalize("NFKC", name[:MOST_CHARACTERS]).casefold()
    letters = "".join(letter for letter in text if letter.isalpha() and unicodedata.category(letter) != "Lm")
    return "" if letters.isascii() else unicodedata.normalize("NFC", letters)


def core(name: Sequence[str]) -> tuple[str, ...]:
    """The words of a last name without its particles (de la, van, al …); all words where it has only particles."""
    return tuple(word for word in name if word not in _PARTICLES) or tuple(name)


def parted(name: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """The words of a name, and the suffix written behind them ('' for none)."""
    if len(name) > 1 and name[-1] in _SUFFIXES_IN_NAMES:
        return tuple(name[:-1]), _SUFFIXES[name[-1]]
    return tuple(name), ""


def suffix(text: str) -> str:
    """The suffix as jr, sr, ii, iii, iv or v, or the key of any other text."""
    written = key(text)
    return _SUFFIXES.get(written, written)


def sound(name: str) -> str:
    """The key of a name with one spelling for each sound: Muhammad and Mohammed, Aleksandr and Alexander become equal.
    It is coarse: a reason to compare two names, and never enough to take them for the same."""
    if not _SOUNDING.isdisjoint(name) or name[:2] in ("kn", "gn"):
        for pattern, one, needs in _SOUNDS:
            if needs[0] in name or needs[-1] in name:
                name = pattern.sub(one, name)
    first = "a" if name[:1] in _VOWELS else name[:1]
    return _DOUBLE.sub(r"\1", first + name[1:].translate(_SILENT))
