"""A student as the model sees one: normalised columns, for both executors.

Owns the columns. Promises: what is stored is never altered, only copied into the form in which it is compared; an
absent part is None, which speaks neither for nor against; nothing here is a social security number or made of one.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from nicknames import NickNamer

from broker.core.model import Name, Student
from broker.edge.settings.resources import folder
from broker.identity import normalise
from broker.identity.normalise import key, words

Features = Mapping[str, Any]  # column: str, list[str] or None

UNKNOWN_DAY = date.min  # the birth date of a student whose birth date nobody knows
# columns that hold lists; all others hold text
LISTS = (
    "first_words",
    "first_also",
    "middle_words",
    "last_words",
    "guardians",
    "guardian_firsts",
    "guardian_lasts",
)
COLUMNS = (
    "first",  # all its words, joined
    "first_spelt",  # written with ae, oe, ue for ä, ö, ü; only where that differs
    "first_words",
    "first_also",  # itself and the names that it may be short for
    "first_sound",
    "first_marked",  # as written, where that holds more than the plain letters a to z
    "first_legal",  # under an alias that is a first name only: the legal one
    "alias_of",  # under an alias that is another name: the legal first and last name
    "middle",
    "middle_words",
    "given",  # first and middle, joined: they may be parted in another place
    "last",
    "last_spelt",
    "last_words",  # without particles
    "last_sorted",
    "last_sound",
    "name_sorted",  # every word, in whatever field
    "suffix",
    "birth_date",
    "birth_swapped",  # with day and month swapped, where that is another date
    "birth_faulty",  # the birth date as it was written, where no calendar has such a day
    "gender",
    "birth_order",
    "guardians",
    "guardian_firsts",
    "guardian_lasts",  # other than the student's own
    "phone",
    "phone_local",
    "street",
    "city",
    "postal_code",
)
# What programs write for a birth date that they do not know.
_NO_DAYS = frozenset((UNKNOWN_DAY, date(1900, 1, 1), date(1901, 1, 1), date(9999, 9, 9), date.max))
_GENDERS = {"F": "F", "FEMALE": "F", "GIRL": "F", "M": "M", "MALE": "M", "BOY": "M"}
_CALLED = re.compile(r"[(\"\u201c\u201e]([^()\"\u201c-\u201e]+)[)\"\u201c\u201d]")
_CACHED = 65_536  # names, streets and the like, of which a roster has the same ones again and again
_NOT_DIGITS = re.compile(r"\D+")
_NO_DIGITS = {code: None for code in range(128) if not chr(code).isdigit()}
_STREET_WORDS = {
    "street": "st", "str": "st", "avenue": "ave", "av": "ave", "road": "rd", "drive": "dr", "drv": "dr", "lane": "ln",
    "court": "ct", "crt": "ct", "circle": "cir", "place": "pl", "boulevard": "blvd", "terrace": "ter", "trail": "trl",
    "parkway": "pkwy", "highway": "hwy", "square": "sq", "north": "n", "south": "s", "east": "e", "west": "w",
    "northeast": "ne", "northwest": "nw", "southeast": "se", "southwest": "sw", "apartment": "apt", "unit": "apt",
    "suite": "ste", "saint": "st", "mount": "mt",
}  # fmt: skip


@lru_cache(maxsize=1)
def _namer() -> NickNamer:
    return NickNamer()


@lru_cache(maxsize=1)
def _more() -> Mapping[str, Sequence[str]]:
    """Nicknames that the library does not have, by nickname: the names that it may be short for."""
    found: dict[str, set[str]] = {}
    for name, short in json.loads((folder("config") / "identity" / "nicknames.json").read_text("utf-8")).items():
        for one in short:
            found.setdefault(one, set()).add(name)
    return {short: sorted(names) for short, names in found.items()}


@lru_cache(maxsize=_CACHED)
def _also(first: str) -> tuple[str, ...]:
    """A first name, and behind it the names that it may be short for."""
    return (first, *sorted({*_namer().canonicals_of(first), *_more().get(first, ())} - {first}))


def of(student: Student, written: str = "") -> tuple[Features, ...]:
    """The features under the legal name, then under each alias; what an alias leaves open is as in the legal name.

    `written` is a birth date in the form of a date that no calendar has (2012-19-05), in the place of the student's: it
    is compared by its digits, as a slip of the pen, and never for more than a question.
    """
    guardians = [(key(one.first), key(one.last)) for one in student.guardians]
    lasts = {last for _, last in guardians if last}
    shared = _shared(student, guardians) | (_misborn(written) if written else {})
    legal, *others = _names(student)
    found: list[Features] = [_named(legal, legal, lasts, shared)]
    for name in others:
        one = _named(name, legal, lasts, shared)
        if one not in found:
            found.append(one)
    return tuple(found)


def _names(student: Student) -> Iterator[Name]:
    """The legal name and the aliases; `William (Bill)` is William, with the alias Bill."""
    legal = student.legal_name
    called = _CALLED.search(legal.first)
    if called is None:
        yield legal
    else:
        yield replace(legal, first=_CALLED.sub(" ", legal.first))
        yield replace(legal, first=called[1])
    yield from student.aliases


class _Part(NamedTuple):
    """What a first or last name makes by itself: its words, those joined, the suffix written behind it, and columns."""

    words: tuple[str, ...]
    whole: str
    suffix: str
    columns: Mapping[str, Any]


@lru_cache(maxsize=_CACHED)
def _first(text: str) -> _Part:
    found, suffix = normalise.parted(words(text))
    whole = "".join(found)
    columns = {
        "first": whole or None,
        "first_spelt": normalise.spelt(text) or None,
        "first_words": list(found) or None,
        "first_also": sorted({*_also(whole), *(_also(found[0])[1:] if len(found) > 1 else ())}) if whole else None,
        "first_sound": normalise.sound(whole) or None,
        "first_marked": normalise.marked(text) or None,
    }
    return _Part(found, whole, suffix, columns)


@lru_cache(maxsize=_CACHED)
def _last(text: str) -> _Part:
    found, suffix = normalise.parted(words(text))
    bare, whole = normalise.core(found), "".join(found)
    columns = {
        "last": whole or None,
        "last_spelt": normalise.spelt(text) or None,
        "last_words": list(bare) or None,
        "last_sorted": " ".join(sorted(bare)) or None,
        "last_sound": normalise.sound("".join(bare)) or None,
    }
    return _Part(found, whole, suffix, columns)


def _named(name: Name, legal: Name, guardian_lasts: set[str], shared: Mapping[str, Any]) -> Features:
    last_text = name.last or legal.last
    first, last = _first(name.first or legal.first), _last(last_text)
    middle = words(name.middle)
    if name is not legal and not middle and key(legal.middle) != first.whole:
        middle = words(legal.middle)
    joined, bare = "".join(middle), last.columns["last_words"] or ()
    written = (name.suffix and normalise.suffix(name.suffix)) or last.suffix or first.suffix
    suffix = written or (legal.suffix and normalise.suffix(legal.suffix))
    others = guardian_lasts.difference(last.words, (last.whole,))
    legal_first, legal_last = _first(legal.first).whole, _last(legal.last).whole
    is_legal = (first.whole, last.whole) == (legal_first, legal_last)
    return {
        **shared,
        **first.columns,
        **last.columns,
        "first_legal": None if name is legal else _legal(legal, first.whole, last_text),
        "alias_of": None if is_legal else f"{legal_first} {legal_last}".strip(),
        "middle": joined or None,
        "middle_words": list(middle) or None,
        "given": (first.whole + joined) or None,
        "name_sorted": " ".join(sorted({*first.words, *middle, *bare})) or None,
        "suffix": suffix or None,
        "guardian_lasts": sorted(others) or None,
    }


def _legal(legal: Name, first: str, last_text: str) -> str | None:
    """The legal first name, where the first name is another one and the last name is the legal one."""
    whole = _first(legal.first).whole
    return (whole or None) if whole != first and words(legal.last) == words(last_text) else None


def _shared(student: Student, guardians: Sequence[tuple[str, str]]) -> dict[str, Any]:
    home = student.address
    return {
        **_born(student.birth_date),
        "gender": _GENDERS.get(student.gender.upper()),
        "birth_order": str(student.birth_order) if student.birth_order else None,
        "guardians": sorted({f"{first} {last}" for first, last in guardians if first and last}) or None,
        "guardian_firsts": sorted({first for first, _ in guardians if first}) or None,
        **_phone(student.phone),
        "street": _street(home.street) or None,
        "city": key(home.city) or None,
        "postal_code": key(home.postal_code)[:5] or None,
    }


@lru_cache(maxsize=_CACHED)
def _born(born: date) -> dict[str, Any]:
    if born in _NO_DAYS:
        return {"birth_date": None, "birth_swapped": None, "birth_faulty": None}
    swapped = f"{born.year:04d}-{born.day:02d}-{born.month:02d}" if born.day <= 12 and born.day != born.month else None
    return {"birth_date": born.isoformat(), "birth_swapped": swapped, "birth_faulty": None}


def _misborn(written: str) -> dict[str, Any]:
    """Of a date that is none, such as 2012-19-05: with day and month swapped it may be one."""
    swapped = f"{written[:5]}{written[8:]}-{written[5:7]}"
    try:
        date.fromisoformat(swapped)
    except ValueError:
        swapped = ""
    return {"birth_date": written, "birth_swapped": swapped or None, "birth_faulty": written}


@lru_cache(maxsize=_CACHED)
def _phone(text: str) -> dict[str, Any]:
    """Ten digits, and the last seven of them: area codes change. A row of one digit is nobody's number."""
    digits = (text.translate(_NO_DIGITS) if text.isascii() else _NOT_DIGITS.sub("", text))[-10:]
    if len(digits) < 7 or len(set(digits[-7:])) == 1:
        return {"phone": None, "phone_local": None}
    return {"phone": digits if len(digits) == 10 else None, "phone_local": digits[-7:]}


@lru_cache(maxsize=_CACHED)
def _street(text: str) -> str:
    """A street in the post's abbreviations, its words parted by one blank."""
    return " ".join(_STREET_WORDS.get(word, word) for word in normalise.parts(text.replace("#", " apt ")))
