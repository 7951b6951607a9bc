"""What LEAs tell of their students' stays: at once, late, ahead, wrong, corrected, taken back, or never."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from broker.core.flow import Stage
from broker.packets import batch
from broker.processes.worker import RUNS
from tests.support.story.account import CHILDREN, ENROLL, LEAS, SCHOOLS, Sent
from tests.support.story.checks import Checks
from tests.support.told import Report, Stay

children = st.integers(0, len(CHILDREN) - 1)
leas, schools = st.sampled_from(LEAS), st.sampled_from(SCHOOLS)
ago = st.sampled_from((0, 0, 0, -1, -2, -30))  # days from today
ahead = st.sampled_from((0, 0, -1, -2, 1, 2, 4))
to_come = st.sampled_from((1, 2, 4, 30, 60, 200, 401))
often, rarely = st.sampled_from((True, True, False)), st.sampled_from((False, False, True))
duals = st.sampled_from((None, None, None, True, False))


class Enrollments(Checks):
    """What LEAs tell. Where a student moves in silence, nobody tells an exit."""

    @initialize(first=st.tuples(leas, leas, leas))
    def begin(self, first: tuple[str, str, str]) -> None:
        for child, lea in enumerate(first):
            self.enroll(child, lea, self.entry(lea, SCHOOLS[0], -90))
        self.world.rest(self.look)

    def day(self, days: int) -> date:
        """So many days from today."""
        return date.fromisoformat(self.world.day(days))

    def entry(self, lea: str, school: str, days: int, dual: bool | None = None) -> Report:
        """The student comes, so many days from today."""
        return Report("entry", lea, school, self.day(days), dual=dual)

    def enroll(self, child: int, lea: str, *reports: Report) -> str:
        """One packet about the student; its tracking id, '' where the LEA has no key to sign it with."""
        return self.drop(Sent(ENROLL, lea, self.key(lea), child, reports=reports)) if self.can_send(lea) else ""

    def admit(self, tracking: str, is_worked: bool) -> None:
        """It is worked at once, or waits."""
        if tracking and is_worked:
            batch.run(self.world.services, RUNS[Stage.ADMIT], [tracking])
            self.look()

    @rule(child=children, lea=leas, school=schools, days=ago, dual=duals, is_worked=often)
    def enter(self, child: int, lea: str, school: str, days: int, dual: bool | None, is_worked: bool) -> None:
        self.admit(self.enroll(child, lea, self.entry(lea, school, days, dual)), is_worked)

    @rule(child=children, lea=leas, days=to_come, is_worked=often)
    def announce(self, child: int, lea: str, days: int, is_worked: bool) -> None:
        self.admit(self.enroll(child, lea, self.entry(lea, SCHOOLS[0], days)), is_worked)

    @rule(child=children, lea=leas, is_one_school=st.booleans(), is_worked=often)
    def enter_more_than_once(self, child: int, lea: str, is_one_school: bool, is_worked: bool) -> None:
        """In one packet: two schools on one day; or entry, exit and entry."""
        first, second = SCHOOLS[0], SCHOOLS[0] if is_one_school else SCHOOLS[1]
        came, left, came_again = (Report(event, lea, first, self.day(days)) for event, days in _CAME_AND_WENT)
        lines = (came, left, came_again) if is_one_school else (came_again, replace(came_again, school=second))
        self.admit(self.enroll(child, lea, *lines), is_worked)

    @rule(child=children, days=ahead, is_withdrawn=rarely, is_worked=often)
    def leave(self, child: int, days: int, is_withdrawn: bool, is_worked: bool) -> None:
        """Where the student is said to be; on the very day of the entry it never was there."""
        stay = self._last_stay(child, self.belief.here(child, self.world.today))
        if stay is not None:
            day = stay.entry if is_withdrawn else self.day(days)
            self.admit(self.enroll(child, stay.lea, Report("exit", stay.lea, stay.school, day)), is_worked)

    @rule(child=children, lea=leas, school=schools, days=ago)
    def leave_anywhere(self, child: int, lea: str, school: str, days: int) -> None:
        self.enroll(child, lea, Report("exit", lea, school, self.day(days)))

    @rule(child=children, which=st.integers(0, 9), days=ahead, is_worked=often)
    def leave_a_stay(self, child: int, which: int, days: int, is_worked: bool) -> None:
        """Any stay ends, or has ended on another day than was told."""
        stays = self.belief.stays(child)
        if stays:
            stay = stays[-1 - which % len(stays)]
            day = max(stay.entry + timedelta(days=1), self.day(days))
            self.admit(self.enroll(child, stay.lea, Report("exit", stay.lea, stay.school, day)), is_worked)

    @rule(child=children, which=st.integers(0, 9), dual=duals, is_worked=often)
    def enter_again(self, child: int, which: int, dual: bool | None, is_worked: bool) -> None:
        """The same entry once more: told twice, or an exit was wrong, or it was taken back, or is dual."""
        stays = self.belief.stays(child)
        if stays:
            stay = stays[-1 - which % len(stays)]
            again = Report("entry", stay.lea, stay.school, stay.entry, dual=dual)
            self.admit(self.enroll(child, stay.lea, again), is_worked)

    def _last_stay(self, child: int, lea: str) -> Stay | None:
        mine = [one for one in self.belief.stays(child) if one.lea == lea and not one.is_void]
        return max(mine, key=lambda one: one.entry, default=None)


_CAME_AND_WENT = (("entry", -9), ("exit", -4), ("entry", -1))
