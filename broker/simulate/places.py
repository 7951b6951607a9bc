"""Where families live: towns, streets, telephone numbers.

Owns addresses. Promises: no telephone number is anybody's, because in the North American Numbering Plan an exchange
code never begins with 0 or 1; towns are invented, and only the form of their postal codes is right.
"""

from dataclasses import dataclass
from functools import cache
from random import Random

from broker.simulate import locales
from broker.simulate.tables import Table

_LOCALE = "en_US"
_AREA_CODES = ("801", "801", "385", "435")
_PHONE_FORMS = ("({}) {}-{}", "{}-{}-{}", "{}{}{}", "{}.{}.{}")
_STREET_SUFFIXES = ("Avenue", "Street", "Drive", "Lane", "Circle", "Court", "Road", "Way")
_NATURE = ("Aspen", "Canyon", "Cedar", "Cottonwood", "Eagle", "Granite", "Juniper", "Maple", "Oak", "Pine", "Ridge")
_GRID = 0.5  # share of addresses numbered from the town's centre, as in western towns ("1245 S 500 E")
_APARTMENT = 0.18


@dataclass(frozen=True, slots=True)
class Town:
    """A town and its postal code."""

    name: str
    postal_code: str


@cache
def _surnames() -> Table:
    return Table(locales.people(_LOCALE).last_names)


def town(random: Random, state: str = "84") -> Town:
    """A new town; `state` is the beginning of its postal codes."""
    name = _surnames().draw(random) + _one(random, locales.places(_LOCALE).city_suffixes)
    if random.random() < 0.3:
        name = f"{_one(random, locales.places(_LOCALE).city_prefixes)} {name}"
    return Town(name, f"{state}{int(random.random() * 1000):03d}")


def address(random: Random, where: Town) -> dict[str, str]:
    """A home in this town, as the `address` of a student's block."""
    number = 10 + int(random.random() * 9000)
    if random.random() < _GRID:
        south = f"{_one(random, 'NS')} {100 * (1 + int(random.random() * 90))} {_one(random, 'EW')}"
        street = f"{number} {south}"
    else:
        named = _surnames().draw(random) if random.random() < 0.6 else _one(random, _NATURE)
        street = f"{number} {named} {_one(random, _STREET_SUFFIXES)}"
    if random.random() < _APARTMENT:
        street += f" {_one(random, ('Apt ', '#', 'Unit '))}{1 + int(random.random() * 60)}"
    return {"street": street, "city": where.name, "state": "UT", "postal_code": where.postal_code}


def phone(random: Random) -> str:
    """A telephone number that nobody can have."""
    exchange, line = int(random.random() * 200), int(random.random() * 10_000)
    return _one(random, _PHONE_FORMS).format(_one(random, _AREA_CODES), f"{exchange:03d}", f"{line:04d}")


def _one(random: Random, of: "tuple[str, ...] | str") -> str:
    return of[int(random.random() * len(of))]
