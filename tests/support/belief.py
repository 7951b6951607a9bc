"""What a test believes of students, from what it has sent and done itself: the other side of a comparison.

Owns whom the state has flagged, which numbers are one student's, and which LEA should be asking which for a record;
where each student is, it has from `tests.support.whereabouts`.
Promises: it never looks at an exchange. Students are small numbers here; each begins under a number of its own. Days
are ISO dates.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from tests.support.told import Report, Stay, tell_all
from tests.support.whereabouts import Account


@dataclass(eq=False)
class Spot:
    """A stay, and under which number it stands."""

    number: int
    stay: Stay


@dataclass(eq=False)
class Asking:
    """One LEA is to send another the student's record, for a stay that began on the day `since`; `state` is waiting,
    answered, closed or over; `is_requested` says that the other one has asked for it by itself."""

    number: int
    source: str
    destination: str
    since: str
    is_requested: bool = False
    state: str = "waiting"
    answer: str = ""  # the record's tracking id

    @property
    def ends(self) -> tuple[str, str]:
        """Who is asked, and who asks."""
        return (self.source, self.destination)


@dataclass
class Belief:
    """`stands` names, for each number, the one that stands for it; `flagged` the numbers on which a flag was put.
    `spots` are in the order in which they were reported."""

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

    def tell(self, child: int, reports: Iterable[Report], today: str) -> list[str]:
        """What an LEA has reported of the student; why each line is refused, '' for what is not."""
        lines = list(reports)
        stays = self.stays(child)
        known = len(stays)
        refused = tell_all(stays, lines, date.fromisoformat(today))
        if len(stays) > known:
            self.stands.setdefault(child, child)
        self.spots += [Spot(self.number(child), one) for one in stays[known:]]
        return refused

    def stays(self, child: int) -> list[Stay]:
        """The student's stays, those taken back too, in the order in which they were reported."""
        return [one.stay for one in self._of(self.number(child))]

    def _of(self, number: int) -> list[Spot]:
        return [one for one in self.spots if one.number == number]

    def account(self, child: int) -> Account:
        """What follows from the student's stays."""
        return Account(self.stays(child))

    def was_at(self, child: int, lea: str, today: str) -> bool:
        """Whether the student is or was there; whoever was only announced was not."""
        return any(one.lea == lea for one in self.account(child).counting(date.fromisoformat(today)))

    def is_to_come(self, child: int, lea: str, today: str) -> bool:
        """Whether the student was only announced there."""
        return lea in self.account(child).announced(date.fromisoformat(today))

    def is_at(self, child: int, lea: str, today: str) -> bool:
        """Whether the LEA has the student now, be it beside another LEA."""
        return lea in self.holders(child, today)

    def holders(self, child: int, today: str) -> set[str]:
        """The LEAs that have the student now."""
        return self.account(child).holders(date.fromisoformat(today))

    def here(self, child: int, today: str) -> str:
        """Where records follow to; '' for nowhere."""
        return self.account(child).here(date.fromisoformat(today))

    def came_from(self, child: int, today: str) -> str:
        """The LEA before the one where the student was last; '' for none."""
        runs = self.account(child).runs(date.fromisoformat(today))
        return runs[-2].lea if len(runs) > 1 else ""

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

    # what should be asked of whom

    def askings(self, child: int) -> list[Asking]:
        """All that was ever asked because this student moved, under whatever number; the oldest first."""
        numbers = self.same(child)
        return [one for one in self._askings if one.number in numbers]

    def settle(self, child: int, today: str) -> None:
        """Something was told of the student, or a day has come: what is asked for is what should be now.

        The LEA where the student is asks each of its sources once in a stay, and nobody else asks by itself. Who has
        asked by a request waits for as long as it has the student. Nobody is asked who turns out never to have had it.
        """
        here, day = self.here(child, today), date.fromisoformat(today)
        for one in self._waiting(child):
            if self._may_wait(child, one, day):
                one.since = str(self.account(child).since(day, one.destination))
            else:
                one.state = "over"
        if here:
            self._ask(child, here, day)

    def ask(self, child: int, lea: str, today: str) -> None:
        """An LEA that has the student asks for whatever it lacks."""
        day = date.fromisoformat(today)
        if self.is_at(child, lea, today):
            self._ask(child, lea, day, is_request=True)
            for one in self._waiting(child):
                one.is_requested |= one.destination == lea

    def _ask(self, child: int, lea: str, day: date, *, is_request: bool = False) -> None:
        since, number = str(self.account(child).since(day, lea)), self.number(child)
        done = {one.source for one in self.askings(child) if self._stands(child, one, lea, day)}
        for source in sorted(self._sources(child, lea if is_request else "", day) - done):
            self._askings.append(Asking(number, source, lea, since, is_request))

    def _sources(self, child: int, asker: str, day: date) -> set[str]:
        done = [one for one in self.askings(child) if one.state in ("answered", "closed")]
        answered = {(one.source, one.destination, date.fromisoformat(one.since)) for one in done}
        return self.account(child).sources(day, answered, asker)

    def _waiting(self, child: int) -> list[Asking]:
        return [one for one in self.askings(child) if one.state == "waiting"]

    def _stands(self, child: int, one: Asking, lea: str, day: date) -> bool:
        """Whether it is the one for this stay at the LEA, answered or not."""
        if one.destination != lea or one.state == "over":
            return False
        account, since = self.account(child), date.fromisoformat(one.since)
        return account.is_of_now(day, lea, since) if lea == account.here(day) else account.since(day, lea) == since

    def _may_wait(self, child: int, one: Asking, day: date) -> bool:
        """Whether it is still to be sent: for this stay, and once."""
        alike = [two for two in self.askings(child) if two.ends == one.ends and two.state != "over"]
        if any(two is not one and self._stands(child, two, one.destination, day) for two in alike[: alike.index(one)]):
            return False
        if one.is_requested:
            had = {stay.lea for stay in self.account(child).counting(day)}
            return one.source in had and one.destination in self.account(child).holders(day)
        return self._stands(child, one, self.account(child).here(day), day) and one.source in self._sources(
            child, "", day
        )

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

    def not_there(self, child: int, tracking: str, today: str) -> None:
        """A record was taken back uncollected, or is of no use to its receiver: it is waited for again, where it still
        is wanted."""
        for one in [one for one in self.askings(child) if one.answer == tracking]:
            one.state, one.answer = "waiting", ""
        self.settle(child, today)

    def replaced(self, tracking: str) -> None:
        """A later record is about to take the place of this one."""
        for one in self._askings:
            if one.answer == tracking:
                one.state, one.answer = "waiting", ""
