"""Pairs of blocks with the truth whether they are one student, to judge a matcher by.

Owns their kinds. Promises: pairs come one by one, with bounded memory; the first names of twins always differ, even
after a typo and without accents: otherwise no evidence would be left that tells twins apart.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations, groupby, islice
from random import Random
from typing import Literal

from broker.simulate.blocks import Block, copied
from broker.simulate.errors import NO_ERRORS, spoil
from broker.simulate.mistakes import without_accents
from broker.simulate.people import MOST, Person, persons
from broker.simulate.rates import DEFAULT, Rates
from broker.simulate.spelling import misspelt

Relation = Literal["same", "twin", "sibling", "namesake", "stranger"]

_REMEMBERED = 5000  # students among whom a namesake is searched
_TYPO = 0.5  # of pairs of twins: one of the two has a typo
_TYPO_IN_FIRST = 0.75  # of those typos; the others are in the last name
_TWINS = DEFAULT.changed({"twins": 1.0, "triplets": 0.0, "twins_alike": 0.5, "charter": 0.0})
_TWINS_KEPT = ("middle_missing", "middle_initial", "birth_order_missing", "suffix_missing", "alias_missing")


@dataclass(frozen=True, slots=True, repr=False)
class Pair:
    """`a` without errors, `b` with the `errors` named; `relation` is the truth. Repr hidden."""

    a: Block = field(repr=False)
    b: Block = field(repr=False)
    relation: Relation
    errors: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether both are one student."""
        return self.relation == "same"


class Pairs:
    """Makes pairs from families, one family after the other."""

    def __init__(self, seed: int, rates: Rates = DEFAULT, share: float = 1.0) -> None:
        """`share` (0 to 1) of the families are used, evenly spread."""
        self._random = Random(f"{seed}/pairs")
        self._rates = rates
        self._share = share
        self._due = 1.0
        self._named: OrderedDict[tuple[str, str], Person] = OrderedDict()
        self._before: Person | None = None

    def of(self, family: Sequence[Person]) -> Iterator[Pair]:
        """Each student with itself, with each sibling, with a namesake, and one student with a stranger."""
        due, self._due = self._due >= 1, self._due % 1 + self._share
        if not due:
            return
        for one in family:
            yield self._pair(one, one, "same")
            namesake = self._namesake(one)
            if namesake is not None and namesake.family != one.family:
                yield self._pair(namesake, one, "namesake")
        for one, other in combinations(family, 2):
            yield self._pair(one, other, "twin" if _born_of(one) == _born_of(other) else "sibling")
        if self._before is not None:
            yield self._pair(self._before, family[0], "stranger")
        self._before = family[0]

    def _namesake(self, one: Person) -> Person | None:
        """An earlier student with the same first and last name, if not too long ago; `one` is remembered for later
        calls."""
        name = one.block["legal_name"]["first"], one.block["legal_name"]["last"]
        before = self._named.pop(name, None)
        self._named[name] = one
        if len(self._named) > _REMEMBERED:
            self._named.popitem(last=False)
        return before

    def _pair(self, one: Person, other: Person, relation: Relation) -> Pair:
        spoilt, errors = spoil(other.block, self._random, self._rates)
        spoilt["local_id"] = f"{int(self._random.random() * 10_000_000):07d}"  # the other LEA's own number
        return Pair(copied(one.block), spoilt, relation, errors)


def pairs(people: Iterable[Person], seed: int, rates: Rates = DEFAULT, *, share: float = 1.0) -> Iterator[Pair]:
    """The pairs that `Pairs` makes from all families of `people`, which must come family by family."""
    maker = Pairs(seed, rates, share)
    for _, family in groupby(people, key=lambda one: one.family):
        yield from maker.of(tuple(family))


def twins(count: int, seed: int) -> Iterator[tuple[Block, Block]]:
    """`count` pairs of twins: two students with the same last name, birth date, address, guardians and telephone.

    In half of the pairs their first names are one letter apart (sometimes two), in the others they are any two names;
    middle names are there, missing or an initial; birth orders are mostly missing; in half of the pairs one of the two
    has a typo.
    """
    random = Random(f"{seed}/twins")
    return (_as_recorded(first, second, random) for first, second in islice(_born_together(seed), count))


def _born_together(seed: int) -> Iterator[tuple[Block, Block]]:
    """The first twins of each family."""
    for _, family in groupby(persons(MOST, seed, _TWINS), key=lambda one: one.family):
        first, second, *_ = family
        if _plain(first.block) != _plain(second.block):
            yield first.block, second.block


def _as_recorded(first: Block, second: Block, random: Random) -> tuple[Block, Block]:
    rates = NO_ERRORS.changed({name: getattr(DEFAULT, name) for name in _TWINS_KEPT})
    one, other = spoil(first, random, rates)[0], spoil(second, random, rates)[0]
    if random.random() < _TYPO:
        name = (one if random.random() < 0.5 else other)["legal_name"]
        part = "first" if random.random() < _TYPO_IN_FIRST else "last"
        right = name[part]
        name[part] = misspelt(right, random)
        while _plain(one) == _plain(other):
            name[part] = misspelt(right, random)
    return one, other


def _plain(block: Block) -> str:
    """The first name as the most careless system would keep it."""
    return "".join(letter for letter in without_accents(block["legal_name"]["first"]).casefold() if letter.isalpha())


def _born_of(person: Person) -> str:
    return person.twin_of or person.id
