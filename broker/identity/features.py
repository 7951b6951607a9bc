"""A student as the model sees one: normalised columns, for both executors.

Owns the columns. Promises: what is stored is never altered, only copied into the form in which it is compared; an
absent part is None, which speaks neither for nor against; nothing here is a social security number or made of one.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from nicknames import NickNamer

from broker.core.model import Name, Student
from broker.identity.normalise import key, words

Features = Mapping[str, Any]  # column: str, list[str] or None

# columns that hold lists; all others hold text
LISTS = ("first_also", "last_words", "name_words", "guardians")
COLUMNS = (
    "first",
    "first_also",
    "middle",
    "last",
    "last_words",
    "last_sorted",
    "name_words",
    "name_sorted",
    "suffix",
    "birth_date",
    "birth_swapped",
    "gender",
    "birth_order",
    "guardians",
    "phone",
    "phone_local",
    "street",
    "city",
    "postal_code",
)
_DIGITS = re.compile(r"\D+")


@lru_cache(maxsize=1)
def _namer() -> NickNamer:
    return NickNamer()


@lru_cache(maxsize=65_536)
def _also(first: str) -> tuple[str, ...]:
    """A first name and the names that it may be short for."""
    return tuple(sorted({first} | _namer().canonicals_of(first)))


def of(student: Student) -> tuple[Features, ...]:
    """The features under the legal name, then under each alias."""
    shared = _shared(student)
    return tuple(shared | _named(name) for name in (student.legal_name, *student.aliases))


def _named(name: Name) -> dict[str, Any]:
    first, last = words(name.first), words(name.last)
    every = sorted({*first, *words(name.middle), *last})
    whole = "".join(first)
    return {
        "first": whole or None,
        "first_also": list(_also(whole)) if whole else None,
        "middle": key(name.middle) or None,
        "last": "".join(last) or None,
        "last_words": list(last) or None,
        "last_sorted": " ".join(sorted(last)) or None,
        "name_words": every or None,
        "name_sorted": " ".join(every) or None,
        "suffix": key(name.suffix) or None,
    }


def _shared(student: Student) -> dict[str, Any]:
    born = student.birth_date
    swapped = f"{born.year:04d}-{born.day:02d}-{born.month:02d}" if born.day <= 12 and born.day != born.month else None
    phone = _DIGITS.sub("", student.phone)[-10:]
    return {
        "birth_date": born.isoformat(),
        "birth_swapped": swapped,
        "gender": student.gender.upper() or None,
        "birth_order": str(student.birth_order) if student.birth_order else None,
        "guardians": sorted({key(one.first) + " " + key(one.last) for one in student.guardians}) or None,
        "phone": phone if len(phone) == 10 else None,
        "phone_local": phone[-7:] if len(phone) >= 7 else None,
        "street": key(student.address.street) or None,
        "city": key(student.address.city) or None,
        "postal_code": key(student.address.postal_code)[:5] or None,
    }
