"""What a test believes of students, from what it has sent and done itself: the other side of a comparison.

Owns a second, plain account of where each student is, whom the state has flagged and which numbers are one student's.
Promises: it never looks at an exchange. Students are small numbers here; each begins under a number of its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass
class Spot:
    """A stay at an LEA; `exit` is '' while nobody has said that the student left."""

    number: int
    lea: str
    entry: str
    exit: str = ""

    @property
    def counts(self) -> bool:
        """A stay that ended on its first day was a mistake."""
        return not self.exit or self.exit > self.entry


@dataclass
class Belief:
    """`stands` names, for each number, the one that stands for it; `flagged` the numbers on which a flag was put."""

    spots: list[Spot] = field(default_factory=list)
    stands: dict[int, int] = field(default_factory=dict)
    flagged: set[int] = field(default_factory=set)
    _handed: dict[int, list[Spot]] = field(default_factory=dict)

    def is_known(self, child: int) -> bool:
        """Whether anybody has ever enrolled this student."""
        return child in self.stands

    def number(self, child: int) -> int:
        """The number that stands for this student."""
        return self.stands.get(child, child)

    def same(self, number: int) -> set[int]:
        """Every number of the student whom this one stands for."""
        kept = self.number(number)
        return {one for one in {*self.stands, kept} if self.number(one) == kept}

    def enter(self, child: int, lea: str, day: str) -> None:
        """An LEA has enrolled the student; the same once more changes nothing."""
        self.stands.setdefault(child, child)
        number = self.stands[child]
        if not any(one.lea == lea and one.entry == day and one.counts for one in self._of(number)):
            self.spots.append(Spot(number, lea, day))

    def leave(self, child: int, lea: str, day: str) -> None:
        """The student has left: the stay that began last and has not ended does so."""
        standing = [one for one in self._of(self.number(child)) if one.lea == lea and not one.exit]
        if self.is_known(child) and standing:
            # of one day there are two where numbers were merged: then the one told later
            max(reversed(standing), key=lambda one: one.entry).exit = day

    def _of(self, number: int) -> list[Spot]:
        return [one for one in self.spots if one.number == number]

    def stays(self, child: int) -> list[Spot]:
        """The student's stays that count, as they began; of one day in the order in which they were told."""
        mine = [one for one in self._of(self.number(child)) if one.counts]
        return sorted(mine, key=lambda one: one.entry)

    def was_at(self, child: int, lea: str) -> bool:
        """Whether the student is or was there."""
        return any(one.lea == lea for one in self.stays(child))

    def here(self, child: int, today: str) -> str:
        """Where the student is: where it came last and has not left; '' for nowhere."""
        standing = [one for one in self.stays(child) if not one.exit or one.exit > today]
        return standing[-1].lea if standing else ""

    def came_from(self, child: int, today: str) -> str:
        """The LEA before the one where the student is; '' for none, and for a stay that was only renewed."""
        stays, now_at = self.stays(child), self.here(child, today)
        if not now_at:
            return ""
        last = max(n for n, one in enumerate(stays) if one.lea == now_at and (not one.exit or one.exit > today))
        return stays[last - 1].lea if last and stays[last - 1].lea != now_at else ""

    def begun(self, child: int, today: str) -> str:
        """The day on which the stay began where the student is; a stay renewed is one stay."""
        stays, now_at = self.stays(child), self.here(child, today)
        last = max(n for n, one in enumerate(stays) if one.lea == now_at and (not one.exit or one.exit > today))
        while last and stays[last - 1].lea == now_at:
            last -= 1
        return stays[last].entry

    def is_flagged(self, child: int) -> bool:
        """Whether a flag stands on any number of the student."""
        return bool(self.flagged & self.same(child))

    def flag(self, child: int) -> None:
        """The state has flagged the student."""
        self.flagged.add(self.number(child))

    def unflag(self, child: int) -> None:
        """The state has lifted what flags there were."""
        self.flagged -= self.same(child)

    def merge(self, kept: int, other: int) -> None:
        """Two numbers are one student's: what was under `other` is under `kept` now."""
        self._handed[other] = self._of(other)
        self._rename(self._handed[other], kept)
        self.stands[other] = kept

    def unmerge(self, other: int) -> None:
        """They are not: `other` has again what it had. What came since stays where it came."""
        self._rename(self._handed.pop(other), other)
        self.stands[other] = other

    def _rename(self, spots: Iterable[Spot], number: int) -> None:
        for one in spots:
            one.number = number
