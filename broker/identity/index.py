"""The index of students: what is kept so that the model finds a student again, and under which keys it searches.

Owns the form of a block: the number of a blocking rule and the key, as a signed 64-bit number made of two BLAKE2b
digests (RFC 7693). Rules that search differently but keep the same key share the number of the first of them: such a
rule costs a search, and no space.
Promises: the same student and model give the same blocks in every process; two different keys with the same number cost
one more comparison and no wrong answer.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from hashlib import blake2b
from types import MappingProxyType
from typing import Any

from broker.core.model import Name, Student
from broker.edge.ledger.people.blocks import EVERYWHERE, MOST_VARIANTS, Indexed, Scope
from broker.edge.ledger.people.evidence import MOST_NAMES
from broker.edge.ledger.people.taught import Spelling
from broker.identity import features
from broker.identity.features import Features
from broker.identity.model import Model

_FORM = 2  # version of the kept form: raise it when `features` gives other columns for the same student
_MOST_ASKED = 128
_MOST_TELLERS = 3  # LEAs that are kept for one alias


def indexed(
    model: Model,
    student: Student,
    tellers: Mapping[Name, Collection[str]] = MappingProxyType({}),
    spellings: Sequence[Spelling] = (),
) -> Indexed:
    """What the index keeps of a student: each alias with the LEAs that reported it, where they are known; and each
    spelling that a decision taught, as if it were the legal name."""
    if not (spellings or (tellers and student.aliases)):
        variants = variants_of(student)
        return Indexed(variants, kept(model, variants))
    found = [(one, EVERYWHERE) for one in variants_of(replace(student, aliases=()))]
    for spelt in spellings:
        written = replace(student, legal_name=spelt.name, birth_date=spelt.born, aliases=())
        found.append((features.of(written)[0], Scope(only_at=spelt.lea)))
    for alias in student.aliases[: MOST_NAMES - 1]:
        one = features.of(replace(student, aliases=(alias,)))[-1]
        found += [(one, Scope(told_by=lea)) for lea in sorted(tellers.get(alias, ("",)))[:_MOST_TELLERS]]
    fresh = [one for place, one in enumerate(found) if not _is_there(one, found[:place])][:MOST_VARIANTS]
    return Indexed(
        tuple(one for one, _ in fresh), kept(model, [one for one, _ in fresh]), tuple(scope for _, scope in fresh)
    )


def _is_there(one: tuple[Features, Scope], before: Sequence[tuple[Features, Scope]]) -> bool:
    return any(columns == one[0] and scope in (EVERYWHERE, one[1]) for columns, scope in before)


def variants_of(student: Student, written: str = "") -> tuple[Features, ...]:
    """The student's columns under the legal name and some aliases; each form once. `written` as in `features.of`."""
    every = features.of(student, written)
    if len(every) == 1:
        return every
    found: list[Features] = []
    for one in every[:MOST_NAMES]:
        if one not in found:
            found.append(one)
    return tuple(found)


def kept(model: Model, variants: Sequence[Mapping[str, Any]]) -> frozenset[int]:
    """The blocks in which a student is found."""
    places = dict(zip(model.places, model.blocks, strict=True))
    keys = ((place, block.kept(one)) for place, block in places.items() for one in variants)
    return frozenset(_number(place, key) for place, key in keys if key)


def asked(model: Model, variants: Sequence[Mapping[str, Any]]) -> list[int]:
    """The blocks to search: those of the legal name first."""
    rules = tuple(zip(model.places, model.blocks, strict=True))
    keys = ((place, block.asked(one)) for one in variants for place, block in rules)
    return list(dict.fromkeys(_number(place, key) for place, key in keys if key))[:_MOST_ASKED]


def _number(rule: int, key: Sequence[Any]) -> int:
    """The number of a block. The first value of the key, mostly a birth date, makes the upper half: so all blocks that
    a search for one student reads lie near each other on the disk."""
    rest = "\x1f".join((str(rule), *map(str, key[1:])))
    return int.from_bytes(_upper(str(key[0])) + _half(rest), "big", signed=True)


def _half(text: str) -> bytes:
    return blake2b(text.encode(), digest_size=4).digest()


_upper = lru_cache(maxsize=8192)(_half)


def mark_of(model: Model) -> str:
    """A digest of everything that the index depends on: when it changes, the index must be made again."""
    told = [str(_FORM), *features.COLUMNS, *(block.rule for block in model.blocks)]
    return blake2b("\x1f".join(told).encode(), digest_size=16).hexdigest()
