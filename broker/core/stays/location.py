"""A stay at an LEA, as the LEA has reported it.

Owns what a stay is and when it counts for nothing. Promises: pure; it looks at one stay alone
(`broker.core.stays.account` looks at all of them).
"""

from dataclasses import dataclass

from broker.core.model import LeaId


@dataclass(frozen=True, slots=True)
class Location:
    """A span for which an LEA reported that it has the student. Days are ISO 8601.

    `exit_date` is the first day on which the student is there no more, '' while no exit is reported. `dual`: the
    student is enrolled beside another LEA (Utah R277-419-5). `military`: the child of a military family (Utah
    53A-1-1001, article IV). `reported_on` is the day on which the entry was first reported, '' for today. `is_old`: it
    was reported to an earlier program, which did not work out from stays which LEAs to ask; what that program left
    unasked is not asked for now.
    """

    lea: LeaId
    entry_date: str
    exit_date: str
    school: str = ""
    dual: bool = False
    military: bool = False
    reported_on: str = ""
    is_old: bool = False

    @property
    def is_void(self) -> bool:
        """Whether the stay was taken back: a stay that ends on its first day never counted."""
        return bool(self.exit_date) and self.exit_date <= self.entry_date

    def goes_on(self, day: str) -> bool:
        """Whether no exit by this day is reported. A stay that begins later goes on, too."""
        return not self.is_void and (not self.exit_date or self.exit_date > day)
