"""What can go wrong with one child's record, one way at a time: the kinds by which the identity is measured.

Owns how each is made, and what else the two records have in common. Promises: simulated families only; the same random
numbers make the same records; a change that was made is a change that a comparison sees.
"""

from collections.abc import Callable
from datetime import date
from random import Random

from broker.simulate import mistakes, places
from broker.simulate.blocks import Block, copied
from broker.simulate.errors import NO_ERRORS, spoil
from broker.simulate.names import default
from broker.simulate.rates import DEFAULT
from broker.simulate.spelling import misspelt

# The change is made to the second block, which is a copy of the first; the first is changed only to make room for it.
Change = Callable[[Block, Block, Random], bool]

FIRST_SURNAME_KEPT = 0.7  # of records with half a surname; in the others it is the second
DAY_AS_MONTH = 0.5  # of impossible dates: 2014-19-05; in the others a digit is wrong, or two are exchanged
_AGES = range(2008, 2024)  # years in which a child at school may be born, as somebody mistypes them

# In records that have everything, what befalls the fields that the kind is not about, at the simulated state's rates.
_EVERYDAY = (
    *("middle_missing", "middle_initial", "suffix_missing", "gender_missing", "birth_order_missing"),
    *("guardians_missing", "guardian_dropped", "guardian_typo", "phone_changed", "phone_missing"),
    *("address_changed", "address_missing", "accents_dropped", "upper_case"),
)
EVERYDAY = NO_ERRORS.changed({name: getattr(DEFAULT, name) for name in _EVERYDAY})


# what the two records have in common beside name and birth date


def everything(block: Block, random: Random) -> Block:
    """All that a school asks for, with the errors of every day."""
    return spoil(block, random, EVERYDAY)[0]


def one_thing(block: Block, random: Random) -> Block:
    """One of address, telephone and guardians; no middle name."""
    return only(block, ("address", "phone", "guardians")[int(random.random() * 3)])


def names_only(block: Block, _random: Random) -> Block:
    """Names, birth date and gender, and nothing else."""
    return only(block, "", has_middle=True)


def elsewhere(block: Block, random: Random) -> Block:
    """Another address and telephone in another town, no guardians, no middle name."""
    made = only(block, "")
    return made | {"address": places.address(random, places.town(random)), "phone": places.phone(random)}


def only(block: Block, kept: str, *, has_middle: bool = False) -> Block:
    """Names, birth date, gender and this part of the block."""
    made = copied(
        {part: block[part] for part in ("legal_name", "birth_date", "gender", "aliases", kept) if part in block}
    )
    if not has_middle:
        made["legal_name"].pop("middle", None)
    return made


# names


def usual(_a: Block, b: Block, random: Random) -> bool:
    """Whatever befalls the records of the simulated state, at its rates."""
    b |= spoil(b, random)[0]
    return True


def half_surname(_a: Block, b: Block, random: Random) -> bool:
    """One of two surnames."""
    two = mistakes.surnames(b["legal_name"]["last"])
    if two is not None:
        b["legal_name"]["last"] = two[0] if random.random() < FIRST_SURNAME_KEPT else two[1]
    return two is not None


def exchanged(_a: Block, b: Block, _random: Random) -> bool:
    """First and last name, each in the other's place."""
    name = b["legal_name"]
    name["first"], name["last"] = name["last"], name["first"]
    return letters(name["first"]) != letters(name["last"])


def exchanged_with_typo(part: str) -> Change:
    """First and last name exchanged, and a typo in what was `part` of the name."""

    def change(a: Block, b: Block, random: Random) -> bool:
        return typo(part)(a, b, random) and exchanged(a, b, random)

    return change


def typo(part: str) -> Change:
    """A typo in this part of the name, such that the letters are others."""

    def change(_a: Block, b: Block, random: Random) -> bool:
        old = b["legal_name"][part]
        b["legal_name"][part] = misspelt(old, random)
        return letters(old) != letters(b["legal_name"][part])

    return change


def alias_only(a: Block, b: Block, random: Random) -> bool:
    """Called by a name that is an alias in the one record, and unlike the legal one; the other has nothing but it."""
    called = default().origin(random).first("F" if a["gender"] == "F" else "M").draw(random)
    a["aliases"] = [{"first": called, "last": a["legal_name"]["last"]}]
    b["legal_name"]["first"] = called
    b.pop("aliases", None)
    return letters(called)[:2] != letters(a["legal_name"]["first"])[:2]


def letters(name: str) -> str:
    """As the most careless system keeps a name."""
    return "".join(letter for letter in mistakes.without_accents(name).casefold() if letter.isalpha())


# the birth date


def digit(_a: Block, b: Block, random: Random) -> bool:
    """One digit is another."""
    return mistakes.birth_digit(b, random)


def day_and_month(_a: Block, b: Block, random: Random) -> bool:
    """Day and month, each in the other's place."""
    return mistakes.day_month(b, random)


def two_digits(_a: Block, b: Block, random: Random) -> bool:
    """Two digits beside each other are exchanged, and it is a date still."""
    found = [one for one in _transposed(b["birth_date"]) if _is_date(one) and int(one[:4]) in _AGES]
    if found:
        b["birth_date"] = found[int(random.random() * len(found))]
    return bool(found)


def new_year(a: Block, b: Block, random: Random) -> bool:
    """Born in January, and written with the year before; or in December, with the year after."""
    year, _, day = a["birth_date"].split("-")
    month, slip = ("01", -1) if random.random() < 0.5 else ("12", 1)
    a["birth_date"] = f"{year}-{month}-{day}"
    b["birth_date"] = f"{int(year) + slip}-{month}-{day}"
    return True


def impossible(_a: Block, b: Block, random: Random) -> bool:
    """No date as it is written: day and month exchanged where the day is no month, a wrong digit, two exchanged."""
    year, month, day = b["birth_date"].split("-")
    if random.random() < DAY_AS_MONTH:
        written = [f"{year}-{day}-{month}"]
    else:
        old = b["birth_date"]
        written = [f"{old[:at]}{one}{old[at + 1 :]}" for at in (5, 6, 8, 9) for one in "0123456789"]
        written += _transposed(old)
    found = [one for one in written if not _is_date(one)]
    if found:
        b["birth_date"] = found[int(random.random() * len(found))]
    return bool(found)


def _transposed(day: str) -> list[str]:
    every = (f"{day[:at]}{day[at + 1]}{day[at]}{day[at + 2 :]}" for at in (2, 5, 8))
    return [one for one in every if one != day]


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
