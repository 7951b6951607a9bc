"""What a test believes of students, from what it has sent and done itself: the other side of a comparison.

Owns a second, plain account of where each student is, whom the state has flagged, which numbers are one student's, and
which LEA should be asking which for a record.
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


_DEBTS = frozenset({"moved-on", "left"})
_MAY_COME_AGAIN = _DEBTS | {"returned", "merged"}


@dataclass(eq=False)
class Asking:
    """One LEA is to send another the student's record, for a stay that began on the day `since`; `state` is waiting,
    answered, closed or over."""

    number: int
    source: str
    destination: str
    since: str
    state: str = "waiting"
    why: str = ""  # it is over
    answer: str = ""  # the record's tracking id
    is_passed_on: bool = False

    def stands(self, begun: str) -> bool:
        """Whether it is the one for a stay that began on this day."""
        return self.state == "waiting" or (self.state != "over" and self.since == begun)


@dataclass
class Belief:
    """`stands` names, for each number, the one that stands for it; `flagged` the numbers on which a flag was put."""

    spots: list[Spot] = field(default_factory=list)
    stands: dict[int, int] = field(default_factory=dict)
    flagged: set[int] = field(default_factory=set)
    _askings: list[Asking] = field(default_factory=list)
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

    def is_at(self, child: int, lea: str, today: str) -> bool:
        """Whether the student is enrolled there now, be it beside another LEA."""
        return any(one.lea == lea and (not one.exit or one.exit > today) for one in self.stays(child))

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

    def left_between(self, after: str, today: str) -> set[int]:
        """Students with a stay that ended after the one day, by the other."""
        return {one.number for one in self.spots if after < one.exit <= today}

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

    # what should be asked of whom

    def askings(self, child: int) -> list[Asking]:
        """All that was ever asked because this student moved, under whatever number; the oldest first."""
        numbers = self.same(child)
        return [one for one in self._askings if one.number in numbers]

    def settle(self, child: int, today: str, *, arrived: bool) -> None:
        """Something was told of the student, or a day has come: what is asked for is what should be now.

        The LEA where the student is asks the one that it came from (`arrived`: an LEA has just said so). What other
        LEAs waited for when the student went on comes along as a debt. Where a move turns out not to have been, what
        was waited for before it is waited for again. Nobody asks itself, nor twice, nor one that never had the student.
        """
        here, mine = self.here(child, today), self.askings(child)
        ended = [one for one in mine if one.state == "waiting" and self._end(child, one, here)]
        if not here:
            return
        begun = self.begun(child, today)
        ended += self._drop_doubles(child, begun)
        debts = [one for one in (mine if arrived else ended) if one.why in _DEBTS and not one.is_passed_on]
        again = [one for one in mine if one.why in _MAY_COME_AGAIN and (one.destination, one.since) == (here, begun)]
        stands = {one.source for one in mine if one.destination == here and one.stands(begun)}
        wanted: dict[str, Asking | None] = {
            one.source: one
            for one in sorted(debts + again, key=mine.index)
            if one.source not in stands | {here} and self.was_at(child, one.source)
        }
        origin = self.came_from(child, today) if arrived else ""
        if origin and origin not in stands:
            wanted.setdefault(origin, None)
        for source, earlier in wanted.items():
            if earlier is not None:
                earlier.is_passed_on = True
            self._askings.append(Asking(self.number(child), source, here, begun))

    def _end(self, child: int, one: Asking, here: str) -> bool:
        """Whether nobody is to send this any more; then it is over, and says why."""
        if one.destination == here and self.was_at(child, one.source):
            return False
        there = [spot for spot in self._of(self.number(child)) if spot.lea == one.destination]
        if not there or not self.was_at(child, one.source):
            why = "undone"
        elif not any(spot.counts for spot in there if spot.entry >= one.since):
            why = "withdrawn"
        else:
            why = "left" if not here else "returned" if here == one.source else "moved-on"
        one.state, one.why = "over", why
        return True

    def _drop_doubles(self, child: int, begun: str) -> list[Asking]:
        """Two numbers that became one student's may both have asked the same LEA; the asking of this stay is kept."""
        kept: dict[str, Asking] = {}
        live = [one for one in self.askings(child) if one.state == "waiting"]
        for one in sorted(live, key=lambda one: one.since != begun):
            if kept.setdefault(one.source, one) is not one:
                one.state, one.why = "over", "merged"
        return [one for one in live if one.state == "over"]

    def delivered(self, child: int, sender: str, receiver: str, tracking: str) -> None:
        """A record lies in an inbox: whoever waited for it waits no more."""
        live = [one for one in self.askings(child) if one.state == "waiting"]
        ends = [one for one in live if (one.source, one.destination) == (sender, receiver)]
        own = [one for one in ends if one.number == child] + ends
        if own:
            own[0].state, own[0].answer = "answered", tracking

    def collected(self, tracking: str) -> None:
        """The receiver has this record."""
        for one in self._askings:
            if one.answer == tracking and one.state == "answered":
                one.state = "closed"

    def not_there(self, child: int, tracking: str, today: str, *, is_rejected: bool = False) -> None:
        """A record was taken back uncollected, or is of no use to its receiver: it is waited for again, unless the
        student came the same way once more since."""
        for one in [one for one in self.askings(child) if one.answer == tracking]:
            if not self._has_come_again(child, one):
                one.state, one.answer = "waiting", ""
                self.settle(child, today, arrived=False)
            elif not is_rejected:
                one.state, one.answer, one.why = "over", "", "moved-on"

    def _has_come_again(self, child: int, one: Asking) -> bool:
        later = self.askings(child)[self.askings(child).index(one) + 1 :]
        return any(
            (two.source, two.destination) == (one.source, one.destination) for two in later if two.state != "over"
        )

    def replaced(self, tracking: str) -> None:
        """A later record is about to take the place of this one."""
        for one in self._askings:
            if one.answer == tracking:
                one.state, one.answer = "waiting", ""
