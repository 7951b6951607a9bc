"""The LEAs of a synthetic state and their schools.

Owns their number, their sizes and their grades. Promises: the same counts and seed give the same state; sizes differ as
widely as those of real districts; every LEA has a school for every grade that it teaches.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from broker.core.errors import OperatorError
from broker.core.model import LeaId, PartyKind
from broker.simulate.places import Town, town
from broker.simulate.tables import Table

MOST_LEAS = 20_000
GRADES = 13  # kindergarten is 0
_SCHOOLS = 1000  # district schools in the whole state, distributed by size
_LEVELS = ((0, 6, 0.6), (7, 9, 0.22), (10, 12, 0.18))  # first grade, last grade, share of a district's schools
_CHARTER_SPANS = ((0, 6), (0, 8), (0, 9), (0, 12), (7, 12), (9, 12))
_SPREAD = 1.1  # of the logarithm of districts' sizes: the largest has hundreds of times the smallest's students
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
_CHARTERS = ("Academy", "Charter School", "Preparatory Academy", "School for the Arts", "Montessori", "STEM School")


@dataclass(frozen=True, slots=True)
class School:
    """A school: its LEA's own code for it, its name, its first and last grade (kindergarten is 0)."""

    code: str
    name: str
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Lea:
    """A district or charter. `size` is its share of all districts' or all charters' students."""

    id: LeaId
    name: str
    kind: PartyKind
    size: float
    towns: tuple[Town, ...]
    schools: tuple[School, ...]
    _by_grade: tuple[tuple[str, ...], ...] = field(repr=False)

    def school(self, grade: int, home: float) -> str:
        """The school of a child in this grade; children of one `home` (0 to 1) go to the same school. '' for none."""
        fitting = self._by_grade[grade]
        return fitting[int(home * len(fitting))] if fitting else ""

    def other_school(self, grade: int, than: str, home: float) -> str:
        """Another school of this LEA for this grade; '' for none."""
        fitting = [code for code in self._by_grade[grade] if code != than]
        return fitting[int(home * len(fitting))] if fitting else ""


class State:
    """All LEAs."""

    def __init__(self, districts: Sequence[Lea], charters: Sequence[Lea]) -> None:
        self.districts = tuple(districts)
        self.charters = tuple(charters)
        self.leas = {lea.id: lea for lea in (*districts, *charters)}
        self._districts = Table({lea.id: lea.size for lea in districts})
        self._charters = [
            Table({lea.id: lea.size for lea in charters if lea.school(grade, 0)} or {"": 1.0})
            for grade in range(GRADES)
        ]

    def district(self, random: Random) -> Lea:
        """A random district, in proportion to its size."""
        return self.leas[LeaId(self._districts.draw(random))]

    def charter(self, random: Random, grade: int) -> Lea | None:
        """A random charter that teaches this grade; None where there is none."""
        return self.leas.get(LeaId(self._charters[grade].draw(random)))


def make(districts: int = 41, charters: int = 84, seed: int = 1) -> State:
    """A state with so many LEAs. Raises OperatorError for less than one district, or for too many LEAs."""
    if districts < 1 or charters < 0 or districts + charters > MOST_LEAS:
        raise OperatorError(f"There must be at least one district, and at most {MOST_LEAS} districts and charters.")
    random = Random(f"{seed}/state")
    sizes = [random.lognormvariate(0, _SPREAD) for _ in range(districts)]
    taken: set[str] = set()
    made = [
        _district(random, LeaId(f"{n:0{max(2, len(str(districts)))}d}"), size / sum(sizes), taken)
        for n, size in enumerate(sizes, 1)
    ]
    schools = [_charter(random, LeaId(_charter_id(n, charters)), random.choice(made), taken) for n in range(charters)]
    return State(made, schools)


def _district(random: Random, lea: LeaId, share: float, taken: set[str]) -> Lea:
    towns = tuple(_new_town(random, taken) for _ in range(1 + min(11, int(share * 60))))
    schools: list[School] = []
    for low, high, part in _LEVELS:
        kind = "Elementary" if low == 0 else "Junior High" if low == 7 else "High School"
        count = max(1, round(_SCHOOLS * share * part))
        schools += [
            School(f"{low // 3 + 1}{n:03d}", f"{random.choice(towns).name} {kind} {n + 1}", low, high)
            for n in range(count)
        ]
    name = f"{towns[0].name} School District"
    return Lea(lea, name, PartyKind.DISTRICT, share, towns, tuple(schools), _by_grade(schools))


def _charter(random: Random, lea: LeaId, near: Lea, taken: set[str]) -> Lea:
    low, high = random.choice(_CHARTER_SPANS)
    name = f"{_new_town(random, taken).name} {random.choice(_CHARTERS)}"
    schools = (School("100", name, low, high),)
    return Lea(lea, name, PartyKind.CHARTER, random.lognormvariate(0, 0.6), near.towns, schools, _by_grade(schools))


def _by_grade(schools: Sequence[School]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(one.code for one in schools if one.low <= grade <= one.high) for grade in range(GRADES))


def _new_town(random: Random, taken: set[str]) -> Town:
    while (made := town(random)).name in taken:
        pass
    taken.add(made.name)
    return made


def _charter_id(n: int, charters: int) -> str:
    """A digit and a letter, such as 6G, while there are enough of these."""
    if charters > 9 * len(_LETTERS):
        return f"C{n + 1:0{len(str(charters))}d}"
    return f"{(n // len(_LETTERS) + 4) % 9 + 1}{_LETTERS[n % len(_LETTERS)]}"
