"""The families of a synthetic state: a name, guardians, a home, and the birth dates of their children.

Owns what siblings share. Promises: twins and triplets are one birth: same date, same last name, same everything except
the first and middle names.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from broker.simulate import places
from broker.simulate.names import Names, Sex, Tables
from broker.simulate.rates import Rates
from broker.simulate.state import GRADES, Lea, State
from broker.simulate.tables import Table

_CHILDREN = Table({"1": 0.36, "2": 0.32, "3": 0.19, "4": 0.09, "5": 0.03, "6": 0.01})
_HYPHENATED = 0.25  # of people with two surnames
_MOTHER_KEEPS = 0.3  # of mothers: another last name than the children
_SAME_HOME = 0.3  # of related families
_FATHER_IS_SENIOR = 0.5  # of fathers whose son has the same name


@dataclass(frozen=True, slots=True, repr=False)
class Namesake:
    """A child of the previous family, after whom a child of this family is named."""

    sex: Sex
    first: str


@dataclass(frozen=True, slots=True, repr=False)
class Family:
    """`home` (0 to 1) is where in the LEA they live; `father` is the first name of a guardian whose son has the same
    name."""

    id: str
    tables: Tables
    lea: Lea
    home: float
    last: str
    guardians: tuple[dict[str, str], ...]
    address: dict[str, str]
    phone: str
    father: str = ""
    namesake: Namesake | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Birth:
    """One, two or three children. `grade` is 0 for kindergarten; `alike` says whether their first names are alike."""

    grade: int
    date: date
    children: int
    alike: bool
    last: str


class Families:
    """Makes families; the same random numbers make the same families."""

    def __init__(self, rates: Rates, state: State, names: Names, year: int) -> None:
        self._rates = rates
        self._state = state
        self._names = names
        self._year = year

    def family(self, random: Random, name: str) -> Family:
        """A new family that is not related to another."""
        tables = self._names.origin(random)
        lea = self._state.district(random)
        home = random.random()
        own, other = tables.last.draw(random), tables.last.draw(random)
        two = own != other and random.random() < tables.two_surnames
        mother = {"first": tables.girls.draw(random), "last": other if two or random.random() < _MOTHER_KEEPS else own}
        guardians, father = [mother], ""
        if random.random() >= self._rates.one_guardian:
            guardians.append({"first": tables.boys.draw(random), "last": own})
            if random.random() < self._rates.junior:
                father = guardians[1]["first"]
                guardians[1] |= {"suffix": "Sr"} if random.random() < _FATHER_IS_SENIOR else {}
        return Family(
            id=name,
            tables=tables,
            lea=lea,
            home=home,
            last=f"{own}{'-' if random.random() < _HYPHENATED else ' '}{other}" if two else own,
            guardians=tuple(guardians),
            address=places.address(random, lea.towns[int(home * len(lea.towns))]),
            phone=places.phone(random),
            father=father,
        )

    def relatives(self, random: Random, name: str, before: Family, namesake: Namesake) -> Family:
        """A family of the same name in the same LEA, perhaps in the same house."""
        tables, lea = before.tables, before.lea
        mother = {"first": tables.girls.draw(random), "last": before.last}
        father = {"first": tables.boys.draw(random), "last": before.last}
        same = random.random() < _SAME_HOME
        return Family(
            id=name,
            tables=tables,
            lea=lea,
            home=before.home,
            last=before.last,
            guardians=(mother, father),
            address=before.address if same else places.address(random, random.choice(lea.towns)),
            phone=before.phone if same else places.phone(random),
            namesake=namesake,
        )

    def births(self, random: Random, family: Family) -> Iterator[Birth]:
        """The births of the family's children of school age, oldest first, each in a different grade."""
        for grade in sorted(random.sample(range(GRADES), int(_CHILDREN.draw(random))), reverse=True):
            chance = random.random()
            several = (
                3 if chance < self._rates.triplets else 2 if chance < self._rates.triplets + self._rates.twins else 1
            )
            step = random.random() < self._rates.step_children
            yield Birth(
                grade=grade,
                date=self._birth_date(random, grade),
                children=several,
                alike=several > 1 and random.random() < self._rates.twins_alike,
                last=family.tables.last.draw(random) if step else family.last,
            )

    def _birth_date(self, random: Random, grade: int) -> date:
        """A child in kindergarten was five before 2 September; a few children are a year older than their grade."""
        older = random.random() < self._rates.older
        return date(self._year - 7 - grade - older, 9, 2) + timedelta(int(random.random() * 365))
