"""Pairs of records by kind: one child in two ways of writing, and two children who are much alike.

Owns the table of kinds. Promises: pairs come one by one, as many as are wanted, each of families of their own within a
kind; generated students only; the same seed makes the same pairs.

Each kind comes with the measures of data that it names (`DATA`), all in equal numbers; in `corrupted` stand the rates
within a kind. Kinds with a `number` are about an LEA's own numbers: the child who is known and the one who is told of
have the same one, at the same LEA.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby, islice, pairwise
from random import Random
from zlib import crc32

from broker.simulate.blocks import Block, copied
from broker.simulate.mistakes import surnames
from broker.simulate.names import default
from broker.simulate.people import MOST, Person, persons
from broker.simulate.rates import DEFAULT, Rates
from tests.bench import corrupted
from tests.bench.corrupted import Change, letters

Source = Callable[[int, Random], Iterator[tuple[Block, Block]]]  # of a seed
DATA: dict[str, Callable[[Block, Random], Block]] = {
    "everything": corrupted.everything,
    "one thing": corrupted.one_thing,
    "names": corrupted.names_only,
    "elsewhere": corrupted.elsewhere,
}
_ALIASES = 16  # of an invention: as many as a block may have
_TWINS = DEFAULT.changed({"twins": 1.0, "triplets": 0.0, "twins_alike": 0.0})
_ALIKE = _TWINS.changed({"twins_alike": 1.0})
_TRIPLETS = DEFAULT.changed({"twins": 0.0, "triplets": 1.0})
_SINGLES = DEFAULT.changed({"twins": 0.0, "triplets": 0.0})


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of pair; `data` are the measures of data in which it comes, `number` the LEA's own number by place."""

    name: str
    same: bool
    source: Source
    data: Sequence[str]
    number: Callable[[int], str] | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Pair:
    """Two records: `a` is in the registry, `b` is asked about; `number` is the LEA's own for both. Repr hidden."""

    a: Block = field(repr=False)
    b: Block = field(repr=False)
    number: str = ""


def pairs(kind: Kind, data: str, count: int, seed: int) -> Iterator[Pair]:
    """The first `count` pairs of a kind with this much data."""
    own = crc32(f"{seed}/{kind.name}/{data}".encode())
    random = Random(own)
    known, number = DATA[data], kind.number or (lambda _place: "")
    for place, (a, b) in enumerate(islice(kind.source(own, random), count)):
        yield Pair(a, known(b, random), number(place))


def families(seed: int, rates: Rates = DEFAULT) -> Iterator[list[Person]]:
    """Families without end, nearly."""
    for _, family in groupby(persons(MOST, seed, rates), key=lambda one: one.family):
        yield list(family)


# one child


def _of(change: Change) -> Source:
    def source(seed: int, random: Random) -> Iterator[tuple[Block, Block]]:
        for family in families(seed, _SINGLES):
            a, b = copied(family[0].block), copied(family[0].block)
            if change(a, b, random):
                yield a, b

    return source


# two children


def together(rates: Rates) -> Source:
    """Two who were born together; their first names differ even without accents."""

    def source(seed: int, _random: Random) -> Iterator[tuple[Block, Block]]:
        for family in families(seed, rates):
            first, *_, second = (one.block for one in family if family[0].id in (one.id, one.twin_of))
            if letters(first["legal_name"]["first"]) != letters(second["legal_name"]["first"]):
                yield copied(first), copied(second)

    return source


def siblings(seed: int, _random: Random) -> Iterator[tuple[Block, Block]]:
    """Two children of a family, born in two years."""
    for family in families(seed, _SINGLES):
        if len(family) > 1:
            yield copied(family[0].block), copied(family[1].block)


def _like_siblings(seed: int, random: Random) -> Iterator[tuple[Block, Block]]:
    """Siblings whose first names are much alike (as those of `together`), born on one day of two years."""
    for a, b in together(_ALIKE)(seed, random):
        year, month, day = b["birth_date"].split("-")
        b["birth_date"] = f"{int(year) + random.choice((1, 2))}-{month}-{min(int(day), 28):02d}"
        b.pop("birth_order", None)
        a.pop("birth_order", None)
        yield a, b


def namesakes(seed: int, _random: Random) -> Iterator[tuple[Block, Block]]:
    """Two strangers of one first and last name and gender, born on one day; homes and guardians are their own."""
    return ((copied(a), _called_as(a, b)) for a, b in _strangers(seed))


def _strangers(seed: int) -> Iterator[tuple[Block, Block]]:
    for one, other in pairwise(families(seed, _SINGLES.changed({"same_name_relatives": 0.0, "junior": 0.0}))):
        a, b = one[0].block, other[0].block
        if not {guardian["first"] for guardian in a["guardians"]} & {guardian["first"] for guardian in b["guardians"]}:
            yield a, b


def _called_as(a: Block, b: Block) -> Block:
    """The record `b` with name, birth date and gender of `a`; a guardian who had the child's last name has it still."""
    made, old = copied(b), b["legal_name"]["last"]
    made["legal_name"] |= {part: a["legal_name"][part] for part in ("first", "last")}
    made |= {part: a[part] for part in ("birth_date", "gender")}
    made.pop("aliases", None)
    for guardian in made["guardians"]:
        if guardian["last"] == old:
            guardian["last"] = a["legal_name"]["last"]
    return made


def _half_named(seed: int, random: Random) -> Iterator[tuple[Block, Block]]:
    """Namesakes of whom one has two surnames, and the other only one of them."""
    for a, b in namesakes(seed, random):
        if surnames(a["legal_name"]["last"]) and corrupted.half_surname(a, b, random):
            for guardian in b["guardians"]:
                if guardian["last"] == a["legal_name"]["last"]:
                    guardian["last"] = b["legal_name"]["last"]
            yield a, b


def _half_named_in_one_house(seed: int, random: Random) -> Iterator[tuple[Block, Block]]:
    """The same, and they live in one house, or have one telephone."""
    for a, b in _half_named(seed, random):
        part = random.choice(("address", "phone"))
        yield a, b | {part: a[part]}


def _exchanged_namesakes(seed: int, random: Random) -> Iterator[tuple[Block, Block]]:
    """Thomas James and James Thomas, born on one day."""
    return ((a, b) for a, b in namesakes(seed, random) if corrupted.exchanged(a, b, random))


def _cousins(seed: int, random: Random) -> Iterator[tuple[Block, Block]]:
    """Of one first and last name in one house, with their own guardians and middle names; birth dates that a mistake
    would make of each other (`digit` or `day_and_month`), or a year apart. Half of the younger ones have a suffix."""
    for a, b in namesakes(seed, random):
        b |= {"address": dict(a["address"]), "phone": a["phone"]}
        change = random.choice((corrupted.digit, corrupted.day_and_month, _a_year))
        if random.random() < 0.5:
            b["legal_name"]["suffix"] = "Jr"
        if change(a, b, random):
            yield a, b


def _a_year(_a: Block, b: Block, random: Random) -> bool:
    old = date.fromisoformat(b["birth_date"])
    b["birth_date"] = old.replace(year=old.year + random.choice((-1, 1)), day=min(old.day, 28)).isoformat()
    return True


def _inventions(seed: int, random: Random) -> Iterator[tuple[Block, Block]]:
    """Somebody who is not there, of whom an insider says sixteen aliases: one of them is a child's name, and the birth
    date is that child's."""
    for a, b in _strangers(seed):
        others = [{"first": one, "last": a["legal_name"]["last"]} for one in _firsts(random)]
        real = {part: a["legal_name"][part] for part in ("first", "last")}
        aliases = [*others, real]
        random.shuffle(aliases)
        made = {"legal_name": dict(b["legal_name"]), "birth_date": a["birth_date"], "gender": a["gender"]}
        home = {"guardians": b["guardians"], "phone": b["phone"], "address": b["address"]}
        yield copied(a), made | home | {"aliases": aliases}


def _firsts(random: Random) -> list[str]:
    tables = default().origin(random)
    return [(tables.girls if number % 2 else tables.boys).draw(random) for number in range(_ALIASES - 1)]


def _alias_of_twin(seed: int, random: Random) -> Iterator[tuple[Block, Block]]:
    """Twins, of whom one is called by the other's first name, says a record."""
    for a, b in together(_TWINS)(seed, random):
        yield a, b | {"aliases": [{part: a["legal_name"][part] for part in ("first", "last")}]}


_ALL = tuple(DATA)
_TWO = ("everything", "names")
_SAME: dict[str, Change] = {
    "usual errors": corrupted.usual,
    "half a surname": corrupted.half_surname,
    "names exchanged": corrupted.exchanged,
    "names exchanged, typo in first": corrupted.exchanged_with_typo("first"),
    "names exchanged, typo in last": corrupted.exchanged_with_typo("last"),
    "typo in first name": corrupted.typo("first"),
    "typo in last name": corrupted.typo("last"),
    "birth date: a digit": corrupted.digit,
    "birth date: day and month": corrupted.day_and_month,
    "birth date: two digits exchanged": corrupted.two_digits,
    "birth date: New Year": corrupted.new_year,
    "birth date: impossible": corrupted.impossible,
    "alias only": corrupted.alias_only,
}
_OTHERS: dict[str, tuple[Source, Sequence[str]]] = {
    "twins": (together(_TWINS), _TWO),
    "twins of like names": (together(_ALIKE), _TWO),
    "triplets": (together(_TRIPLETS), _TWO),
    "siblings": (siblings, _TWO),
    "siblings of like names": (_like_siblings, _TWO),
    "namesakes on one day": (namesakes, _TWO),
    "half a surname, strangers": (_half_named, (*_TWO, "elsewhere")),
    "half a surname, one house": (_half_named_in_one_house, ("everything",)),
    "names exchanged, strangers": (_exchanged_namesakes, _TWO),
    "cousins in one house": (_cousins, _TWO),
    "an invention's alias": (_inventions, _TWO),
    "a twin's name as alias": (_alias_of_twin, _TWO),
}
# what programs and people write where there is no number, and what a spreadsheet makes of one
PLACEHOLDERS = ("0", "N/A", "7.71E+05", "999999", "None", "#N/A", "1.2E+05", "-", "000000", "NULL")


def _placeholder(place: int) -> str:
    return PLACEHOLDERS[place % len(PLACEHOLDERS)]


NUMBER_OF_TWO = "twins of like names, number of two"
_NUMBERED = (
    Kind(
        "a number of one's own, typo in first name", True, _of(corrupted.typo("first")), _TWO, lambda at: f"77{at:05d}"
    ),
    Kind("no number, typo in first name", True, _of(corrupted.typo("first")), _TWO, _placeholder),
    Kind("twins of like names, no number", False, together(_ALIKE), _TWO, _placeholder),
    Kind(NUMBER_OF_TWO, False, together(_ALIKE), _TWO, lambda at: f"88{at // 2:05d}"),
    Kind("siblings of like names, no number", False, _like_siblings, _TWO, _placeholder),
)


KINDS = (
    *(Kind(name, True, _of(change), _ALL) for name, change in _SAME.items()),
    *(Kind(name, False, source, data) for name, (source, data) in _OTHERS.items()),
    *_NUMBERED,
)
