"""The students of a synthetic state, family by family.

Owns the list of students. Promises: students come one by one, and only one family at a time is in memory; a long run
begins with the students of a short one with the same seed; every block is complete and free of errors: `spoil` makes
those.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from broker.core.errors import OperatorError
from broker.core.model import LeaId, Student
from broker.formats.documents import to_student
from broker.simulate import names, state
from broker.simulate.blocks import Block
from broker.simulate.families import Birth, Families, Family, Namesake
from broker.simulate.names import Names, Sex
from broker.simulate.rates import DEFAULT, Rates
from broker.simulate.spelling import nickname
from broker.simulate.state import State
from broker.simulate.tables import Table

YEAR = 2027  # the calendar year in which the school year ends
MOST = 9_999_990  # students: a local id has seven digits
_PRIME = 9_999_991
_SUFFIXES = Table({"Jr": 0.75, "II": 0.1, "III": 0.15})
_MIDDLE: dict[Sex, Table] = {
    "F": Table({"Marie": 3, "Ann": 3, "Grace": 2, "Rose": 2, "Lynn": 2, "Elizabeth": 2, "Mae": 1, "Kay": 1}),
    "M": Table({"James": 3, "Lee": 2, "Michael": 2, "William": 2, "Joseph": 2, "Thomas": 2, "Scott": 2, "Ray": 1}),
}
_USUAL_MIDDLE, _FAMILY_MIDDLE = 0.25, 0.1  # shares of middle names: from the lists above; a guardian's last name
_GIRLS = 0.488
_TWINS_SAME_SEX = 0.65
_TWO_LETTERS = 0.3  # share of alike names that are two letters apart, not one
_OTHER_GENDER = 0.002


@dataclass(frozen=True, slots=True, repr=False)
class Person:
    """A student and the truth about the student. Repr hidden, like `Student`'s.

    `id` is the truth and never in the block; `twin_of` is the id of the first-born of several. `grade` is 0 for
    kindergarten, up to 12; `home` (0 to 1) is where in the LEA the student lives, which decides the school.
    """

    id: str
    block: Block = field(repr=False)
    family: str
    twin_of: str | None
    lea: LeaId
    school: str
    local_id: str
    grade: int
    home: float

    @property
    def student(self) -> Student:
        """The block in the model's form."""
        return to_student(self.block)


def persons(
    count: int,
    seed: int,
    rates: Rates = DEFAULT,
    *,
    among: State | None = None,
    called: Names | None = None,
    year: int = YEAR,
) -> Iterator[Person]:
    """`count` students of the school year that ends in `year`.

    `among` is the state whose LEAs they attend, `called` the names that they have; without them, the defaults. Raises
    OperatorError for a count below 0 or above `MOST`.
    """
    if not 0 <= count <= MOST:
        raise OperatorError(f"The number of students must lie between 0 and {MOST}.")
    return _Register(seed, rates, among or state.make(seed=seed), called or names.default(), year).persons(count)


def local_id(number: int, lea: LeaId) -> str:
    """A student's number in an LEA's own system: seven digits, unique in the LEA, in no visible order."""
    start = sum(ord(letter) * 31**at for at, letter in enumerate(lea))
    return f"{(number * 7_368_787 + start * 104_729) % _PRIME:07d}"


class _Register:
    """One run: families, their children, and their schools."""

    def __init__(self, seed: int, rates: Rates, among: State, called: Names, year: int) -> None:
        self._random = Random(f"{seed}/people")
        self._rates = rates
        self._state = among
        self._families = Families(rates, among, called, year)

    def persons(self, count: int) -> Iterator[Person]:
        made = families = 0
        before: tuple[Family, Namesake] | None = None
        while made < count:
            families += 1
            family = self._family(f"f{families:07d}", before)
            children = self._children(family, made)
            first = children[0].block
            before = (family, Namesake("F" if first["gender"] == "F" else "M", first["legal_name"]["first"]))
            yield from children[: count - made]
            made += len(children)

    def _family(self, name: str, before: tuple[Family, Namesake] | None) -> Family:
        if before is not None and self._random.random() < self._rates.same_name_relatives:
            return self._families.relatives(self._random, name, *before)
        return self._families.family(self._random, name)

    def _children(self, family: Family, made: int) -> list[Person]:
        children: list[Person] = []
        used: set[str] = set()
        for birth in self._births(family):
            first_born: Person | None = None
            for order in range(1, birth.children + 1):
                sex, name = self._name(family, birth, used, first_born)
                used.add(name["first"])
                block = self._block(family, birth, sex, name, order)
                person = self._enrolled(family, birth, block, made + len(children) + 1, first_born)
                first_born = first_born or person
                children.append(person)
        return children

    def _births(self, family: Family) -> Iterator[Birth]:
        return self._families.births(self._random, family)

    def _name(self, family: Family, birth: Birth, used: set[str], twin: Person | None) -> tuple[Sex, dict[str, str]]:
        """Sex and legal name of the next child; never a sibling's first name, but perhaps one similar to a twin's."""
        random = self._random
        sex: Sex = "F" if random.random() < _GIRLS else "M"
        suffix = ""
        if not used and family.namesake is not None:
            sex, first, suffix = family.namesake.sex, family.namesake.first, _SUFFIXES.draw(random)
        elif family.father and family.father not in used and sex == "M":
            first, suffix = family.father, _SUFFIXES.draw(random)
        else:
            sex, first = self._first(family, birth, sex, used, twin)
        name = {"first": first, "last": birth.last}
        if random.random() < self._rates.middle_name:
            name["middle"] = self._middle(family, sex, first)
        if suffix:
            name["suffix"] = suffix
        return sex, name

    def _first(self, family: Family, birth: Birth, sex: Sex, used: set[str], twin: Person | None) -> tuple[Sex, str]:
        random = self._random
        if twin is not None:
            if random.random() < _TWINS_SAME_SEX and twin.block["gender"] != "X":
                sex = twin.block["gender"]
            near = self._alike(family.tables.first(sex), twin.block["legal_name"]["first"]) if birth.alike else None
            if near is not None and near not in used:
                return sex, near
        table = family.tables.first(sex)
        for _ in range(20):
            first = table.draw(random)
            if first not in used:
                return sex, first
        return sex, f"{first} {table.draw(random)}"

    def _alike(self, table: Table, first: str) -> str | None:
        """A name one letter away, sometimes two."""
        near = table.alike(first, self._random)
        if near is not None and self._random.random() < _TWO_LETTERS:
            return table.alike(near, self._random)
        return near

    def _middle(self, family: Family, sex: Sex, first: str) -> str:
        chance = self._random.random()
        if chance < _FAMILY_MIDDLE and family.guardians[0]["last"] not in family.last:
            return family.guardians[0]["last"]
        middle = (_MIDDLE[sex] if chance < _FAMILY_MIDDLE + _USUAL_MIDDLE else family.tables.first(sex)).draw(
            self._random
        )
        return middle if middle != first else _MIDDLE[sex].values[0]

    def _block(self, family: Family, birth: Birth, sex: Sex, name: dict[str, str], order: int) -> Block:
        random = self._random
        block: Block = {
            "legal_name": name,
            "birth_date": birth.date.isoformat(),
            "gender": "X" if random.random() < _OTHER_GENDER else sex,
            "guardians": [dict(one) for one in family.guardians],
            "phone": family.phone,
            "address": dict(family.address),
        }
        if birth.children > 1:
            block["birth_order"] = order
        if random.random() < self._rates.preferred_name:
            preferred = nickname(name["first"], random) or name.get("middle") or family.tables.first(sex).draw(random)
            if preferred != name["first"]:
                block["aliases"] = [{"first": preferred, "last": name["last"]}]
        return block

    def _enrolled(self, family: Family, birth: Birth, block: Block, number: int, first_born: Person | None) -> Person:
        lea = family.lea
        if first_born is not None:
            lea = self._state.leas[first_born.lea]
        elif self._random.random() < self._rates.charter:
            lea = self._state.charter(self._random, birth.grade) or lea
        block["local_id"] = local_id(number, lea.id)
        return Person(
            id=f"p{number:07d}",
            block=block,
            family=family.id,
            twin_of=first_born.id if first_born else None,
            lea=lea.id,
            school=lea.school(birth.grade, family.home),
            local_id=block["local_id"],
            grade=birth.grade,
            home=family.home,
        )
