"""What an LEA may see of a candidate: for each field, whether the sent value agrees with the known one.

Owns the rule for each field, over the same normalised columns that the model compares. Promises: answers are words of
`Sight`, never a value and never how two values differ; a field that either side lacks is `not known`. These answers are
for people to read: they decide no match.
"""

from collections.abc import Callable, Mapping

from rapidfuzz.distance import JaroWinkler

from broker.core.model import Student
from broker.core.review import Sight
from broker.identity import features
from broker.identity.features import Features

_ALIKE = 0.88  # Jaro-Winkler: one letter missing, added, changed or swapped, in a name of usual length
_RANKS = {Sight.DIFFERS: 0, Sight.UNKNOWN: 1, Sight.NEAR: 2, Sight.AGREES: 3}
_Near = Callable[[Features, Features], bool]


def see(sent: Student, known: Student) -> dict[str, Sight]:
    """What each field of `sent` says beside the known values of a candidate, in the order in which people read fields.

    Where several names are known, all fields come from the name that agrees best.
    """
    asked = features.of(sent)[0]
    return max((_fields(asked, one) for one in features.of(known)), key=_agreement)


def _agreement(seen: Mapping[str, Sight]) -> int:
    return sum(_RANKS[sight] for sight in seen.values())


def _fields(sent: Features, known: Features) -> dict[str, Sight]:
    return {name: _sight(sent, known, column, near) for name, column, near in _FIELDS}


def _sight(sent: Features, known: Features, column: str, near: _Near) -> Sight:
    if not sent[column] or not known[column]:
        return Sight.UNKNOWN
    if sent[column] == known[column]:
        return Sight.AGREES
    return Sight.NEAR if near(sent, known) else Sight.DIFFERS


def _never(_sent: Features, _known: Features) -> bool:
    return False


def _is_alike(column: str, *lists: str) -> _Near:
    """Whether two values are spelt alike, one begins with the other, or one of the `lists` columns has a word in
    common."""

    def near(sent: Features, known: Features) -> bool:
        left, right = sent[column], known[column]
        is_part = left.startswith(right) or right.startswith(left)
        return is_part or JaroWinkler.similarity(left, right) >= _ALIKE or _shares(sent, known, *lists)

    return near


def _shares(sent: Features, known: Features, *lists: str) -> bool:
    return any(not set(sent[one] or ()).isdisjoint(known[one] or ()) for one in lists)


def _has_changed_places(part: str, other: str, otherwise: _Near) -> _Near:
    def near(sent: Features, known: Features) -> bool:
        return (sent[part], sent[other]) == (known[other], known[part]) or otherwise(sent, known)

    return near


def _is_nearly_born(sent: Features, known: Features) -> bool:
    """Whether day and month are swapped, or exactly one of day, month and year differs."""
    left, right = sent["birth_date"], known["birth_date"]
    others = sum(one != other for one, other in zip(left.split("-"), right.split("-"), strict=True))
    return others == 1 or bool(sent["birth_swapped"] == right)


def _has_a_guardian(sent: Features, known: Features) -> bool:
    return _shares(sent, known, "guardians", "guardian_firsts")


def _lives_near(sent: Features, known: Features) -> bool:
    is_there = any(sent[one] and sent[one] == known[one] for one in ("city", "postal_code"))
    return is_there and JaroWinkler.similarity(sent["street"], known["street"]) >= _ALIKE


_FIRST = _is_alike("first", "first_words", "first_also")
_LAST = _is_alike("last", "last_words")
_FIELDS: tuple[tuple[str, str, _Near], ...] = (
    ("first_name", "first", _has_changed_places("first", "last", _FIRST)),
    ("middle_name", "middle", _is_alike("middle")),
    ("last_name", "last", _has_changed_places("last", "first", _LAST)),
    ("suffix", "suffix", _never),
    ("birth_date", "birth_date", _is_nearly_born),
    ("gender", "gender", _never),
    ("birth_order", "birth_order", _never),
    ("guardians", "guardians", _has_a_guardian),
    ("phone", "phone_local", _never),
    ("address", "street", _lives_near),
)
