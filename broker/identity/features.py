"""A student as the model sees one: normalised columns, for both executors.

Owns the columns. Promises: stored data is never altered, only copied into the form for comparison; a missing part is
None, which speaks neither for nor against; no column is a social security number or made of one.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from broker.core.model import Name, Student
from broker.identity import nickname, normalise
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
    "first_spelt",  # with ae, oe, ue for ä, ö, ü; only where that differs
    "first_words",
    "first_also",  # the name itself and the names that it may be short for
    "first_sound",
    "first_marked",  # as written, where it has letters other than plain a to z
    "first_legal",  # for an alias that changes only the first name: the legal first name
    "alias_of",  # for an alias that changes the first or the last name: the legal first and last name
    "middle",
    "middle_words",
    "given",  # first and middle, joined: another record may divide them elsewhere
    "last",
    "last_spelt",
    "last_words",  # without particles
    "last_sorted",
    "last_sound",
    "name_sorted",  # every word of all name fields
    "suffix",
    "birth_date",
    "birth_swapped",  # with day and month swapped, where that is another date
    "birth_faulty",  # the birth date as written, where no calendar has that day
    "gender",
    "birth_order",
    "guardians",
    "guardian_firsts",
    "guardian_lasts",  # without the student's own last name
    "phone",
    "phone_local",
    "street",
    "city",
    "postal_code",
)
# Programs write these for an unknown birth date.
_NO_DAYS = frozenset((UNKNOWN_DAY, date(1900, 1, 1), date(1901, 1, 1), date(9999, 9, 9), date.max))
_GENDERS = {"F": "F", "FEMALE": "F", "GIRL": "F", "M": "M", "MALE": "M", "BOY": "M"}
_CALLED = re.compile(r"[(\"\u201c\u201e]([^()\"\u201c-\u201e]+)[)\"\u201c\u201d]")
_CACHED = 65_536  # names and birth dates: a roster has the same ones again and again
_OF_FAMILIES = 4096  # streets and telephones: equal ones stand near each other in a roster, if at all
_NOT_DIGITS = re.compile(r"\D+")
_NO_DIGITS = {code: None for code in range(128) if not chr(code).isdigit()}
_STREET_WORDS = {
    "street": "st", "str": "st", "avenue": "ave", "av": "ave", "road": "rd", "drive": "dr", "drv": "dr", "lane": "ln",
    "court": "ct", "crt": "ct", "circle": "cir", "place": "pl", "boulevard": "blvd", "terrace": "ter", "trail": "trl",
    "parkway": "pkwy", "highway": "hwy", "square": "sq", "north": "n", "south": "s", "east": "e", "west": "w",
    "northeast": "ne", "northwest": "nw", "southeast": "se", "southwest": "sw", "apartment": "apt", "unit": "apt",
    "suite": "ste", "saint": "st", "mount": "mt",
}  # fmt: skip


def of(student: Student, written: str = "") -> tuple[Features, ...]:
    """The features under the legal name, then under each alias; parts that an alias lacks come from the legal name.

    `written` is a birth date that has the form of a date but is in no calendar (2012-19-05); it takes the place of the
    student's. It is compared by its digits, as a slip of the pen, and leads to no more than a question.
    """
    shared = _shared(student, _misborn(written) if written else _born(student.birth_date))
    legal, others = student.legal_name, student.aliases
    first, last = _first(legal.first), _last(legal.last)
    if first.called is not None:  # `William (Bill)` is William, with the alias Bill
        legal, called = replace(legal, first=first.called[0]), replace(legal, first=first.called[1])
        first, others = _first(legal.first), (called, *others)
    suffix = (legal.suffix and normalise.suffix(legal.suffix)) or last.suffix or first.suffix
    one = _columns(shared, first, last, _middle(legal.middle), suffix, None, None)
    if not others:  # most students have no alias
        return (one,)
    found = [one]
    for name in others:
        one = _under(name, legal, (first, last), shared)
        if one not in found:
            found.append(one)
    return tuple(found)


class _First(NamedTuple):
    """The parts of a first name: its words, the suffix written behind it, the name without and within its brackets
    (`called`), and its columns."""

    words: tuple[str, ...]
    suffix: str
    called: tuple[str, str] | None
    first: str | None
    first_spelt: str | None
    first_words: list[str] | None
    first_also: list[str] | None
    first_sound: str | None
    first_marked: str | None


class _Last(NamedTuple):
    """The parts of a last name."""

    words: tuple[str, ...]
    suffix: str
    last: str | None
    last_spelt: str | None
    last_words: list[str] | None
    last_sorted: str | None
    last_sound: str | None


class _Middle(NamedTuple):
    """The parts of a middle name."""

    words: tuple[str, ...]
    middle: str | None
    middle_words: list[str] | None


_Text: TypeAlias = str | None
_Texts: TypeAlias = list[str] | None
_Born = tuple[_Text, _Text, _Text]  # the date, the date with day and month swapped, and the text where it is no date
# The columns that are the same under every name, in the order in which `_columns` reads them; the last names of
# guardians come first. A plain tuple, because a named one takes half a microsecond more.
_Shared = tuple[_Texts, _Born, _Text, _Text, _Texts, _Texts, tuple[_Text, _Text], _Text, _Text, _Text]


@lru_cache(maxsize=_CACHED)
def _first(text: str) -> _First:
    found, suffix = normalise.parted(normalise.parts(text))
    whole = "".join(found)
    also = sorted({*nickname.also(whole), *(nickname.also(found[0])[1:] if len(found) > 1 else ())}) if whole else None
    sound, marked, spelt = normalise.sound(whole), normalise.marked(text), normalise.spelt(text)
    other = None if text.isalpha() else _CALLED.search(text)
    called = (_CALLED.sub(" ", text), other[1]) if other else None
    return _First(
        found, suffix, called, whole or None, spelt or None, list(found) or None, also, sound or None, marked or None
    )


@lru_cache(maxsize=_CACHED)
def _last(text: str) -> _Last:
    found, suffix = normalise.parted(normalise.parts(text))
    bare, whole = normalise.core(found), "".join(found)
    spelt, sound = normalise.spelt(text), normalise.sound("".join(bare))
    in_order = " ".join(sorted(bare))
    return _Last(found, suffix, whole or None, spelt or None, list(bare) or None, in_order or None, sound or None)


@lru_cache(maxsize=_CACHED)
def _middle(text: str) -> _Middle:
    found = normalise.parts(text)
    return _Middle(found, "".join(found) or None, list(found) or None)


def _under(name: Name, legal: Name, parts: tuple[_First, _Last], shared: _Shared) -> Features:
    """The columns under an alias; `parts` are those of the legal name."""
    legal_first, legal_last = parts
    first, last, middle = _first(name.first or legal.first), _last(name.last or legal.last), _middle(name.middle)
    if not middle.words and key(legal.middle) != (first.first or ""):
        middle = _middle(legal.middle)
    written = (name.suffix and normalise.suffix(name.suffix)) or last.suffix or first.suffix
    suffix = written or (legal.suffix and normalise.suffix(legal.suffix))
    is_new = first.first != legal_first.first
    is_alias = is_new or last.last != legal_last.last
    of_one_family = is_new and words(legal.last) == words(name.last or legal.last)
    alias_of = f"{legal_first.first or ''} {legal_last.last or ''}".strip() if is_alias else None
    return _columns(shared, first, last, middle, suffix, legal_first.first if of_one_family else None, alias_of)


def _columns(
    shared: _Shared, first: _First, last: _Last, middle: _Middle, suffix: str, legal: str | None, alias_of: str | None
) -> Features:
    """All columns in one literal: building them from parts takes three times as long."""
    lasts, (born, swapped, faulty), gender, order, guardians, firsts, (phone, local), street, city, postal = shared
    first_words, _, _, whole, spelt, words_of_first, also, first_sound, marked = first
    last_words, _, last_whole, last_spelt, bare, in_order, last_sound = last
    middle_words, joined, words_of_middle = middle
    others = [one for one in lasts if one != last_whole and one not in last_words] if lasts else None
    return {
        "birth_date": born,
        "birth_swapped": swapped,
        "birth_faulty": faulty,
        "gender": gender,
        "birth_order": order,
        "guardians": guardians,
        "guardian_firsts": firsts,
        "phone": phone,
        "phone_local": local,
        "street": street,
        "city": city,
        "postal_code": postal,
        "first": whole,
        "first_spelt": spelt,
        "first_words": words_of_first,
        "first_also": also,
        "first_sound": first_sound,
        "first_marked": marked,
        "last": last_whole,
        "last_spelt": last_spelt,
        "last_words": bare,
        "last_sorted": in_order,
        "last_sound": last_sound,
        "first_legal": legal,
        "alias_of": alias_of,
        "middle": joined,
        "middle_words": words_of_middle,
        "given": whole + joined if whole and joined else whole or joined,
        "name_sorted": " ".join(sorted({*first_words, *middle_words, *(bare or ())})) or None,
        "suffix": suffix or None,
        "guardian_lasts": others or None,
    }


def _shared(student: Student, born: _Born) -> _Shared:
    home, order = student.address, student.birth_order
    guardians: list[str] = []
    firsts: list[str] = []
    lasts: list[str] = []
    for one in student.guardians:
        first, last = key(one.first), key(one.last)
        if last:
            lasts.append(last)
        if first:
            firsts.append(first)
            if last:
                guardians.append(f"{first} {last}")
    return (
        _once(lasts), born, _GENDERS.get(student.gender.upper()), str(order) if order else None, _once(guardians),
        _once(firsts), _phone(student.phone), _street(home.street) or None, key(home.city) or None,
        key(home.postal_code)[:5] or None,
    )  # fmt: skip


def _once(names: list[str]) -> _Texts:
    """Each name once, sorted; None for no names. Most children have two guardians, so two names take a short way."""
    if len(names) == 2:
        one, other = names
        return names if one < other else [other, one] if other < one else [one]
    return (sorted(set(names)) if len(names) > 2 else names) or None


@lru_cache(maxsize=_CACHED)
def _born(born: date) -> _Born:
    if born in _NO_DAYS:
        return None, None, None
    swapped = f"{born.year:04d}-{born.day:02d}-{born.month:02d}" if born.day <= 12 and born.day != born.month else None
    return born.isoformat(), swapped, None


def _misborn(written: str) -> _Born:
    """The columns of an impossible date, such as 2012-19-05: with day and month swapped it may be possible."""
    swapped = f"{written[:5]}{written[8:]}-{written[5:7]}"
    try:
        date.fromisoformat(swapped)
    except ValueError:
        swapped = ""
    return written, swapped or None, written


@lru_cache(maxsize=_OF_FAMILIES)
def _phone(text: str) -> tuple[str | None, str | None]:
    """The ten digits, and the last seven of them, because area codes change. One repeated digit is no number."""
    digits = (text.translate(_NO_DIGITS) if text.isascii() else _NOT_DIGITS.sub("", text))[-10:]
    local = digits[-7:]
    if len(local) < 7 or local == local[0] * 7:
        return None, None
    return digits if len(digits) == 10 else None, local


@lru_cache(maxsize=_OF_FAMILIES)
def _street(text: str) -> str:
    """A street in the post's abbreviations, with single blanks between its words."""
    found = normalise.parts(text.replace("#", " apt "))
    return " ".join([_STREET_WORDS.get(word, word) for word in found])
