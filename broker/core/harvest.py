"""Patterns of an LEA that harvests records: students taken in and not kept, and entries that are reported late.

Owns when a pattern is one, and when it is news. Promises: pure; only the state is told, and no LEA is refused anything
because of a pattern, for each sign of it has honest causes (a mistyped student, a school that reports a month at once).
Only what an LEA itself did within some days counts: nothing here depends on who the students are.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from broker.core.stays import Account, Location
from broker.core.transfer import Reason


class Pattern(StrEnum):
    """The events and patterns that the state is told of."""

    CONTEST = "contest"  # the previous LEA says that the student has not left it
    NOT_KEPT = "not-kept"  # too many students were taken in and not kept
    LATE_ENTRIES = "late-entries"  # too many entries came long after their day, or after the student had left
    ANNOUNCED = "announced"  # an entry far ahead, of a student whom another LEA has
    GUESSES = "guesses"  # too many vain questions about children whom the LEA never had
    SELF_DECIDED = "self-decided"  # the LEA itself decided that a child whom it sent is one of another LEA


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits at which a pattern counts: `lost_students` in number, `lost_percent` of all transfers-in. An entry is
    late when it is older than `backdated_days`; `backdated_per_day` late entries on one day are too many."""

    lost_students: int
    lost_percent: int
    backdated_days: int
    backdated_per_day: int


# A case that ended for one of these reasons was about a student who did not stay. A student who went on to a third LEA
# does not count here, and neither does a merge.
NOT_KEPT = frozenset({Reason.WITHDRAWN, Reason.UNDONE, Reason.RETURNED, Reason.LEFT, Reason.BY_STATE})


@dataclass(frozen=True, slots=True)
class Intake:
    """An LEA's transfers-in of the last days, in students: `all`, the ones `lost` in any way, and how many of the lost
    ones another LEA `contested`."""

    all: int
    lost: int
    contested: int


def too_many_lost(intake: Intake, limits: Limits) -> bool:
    """Whether so many students were not kept that the state should look.

    Contested students count whatever their share is: they are another LEA's signed word, and a large district must not
    hide them among its many honest transfers.
    """
    if intake.contested >= limits.lost_students:
        return True
    return intake.lost >= limits.lost_students and intake.lost * 100 >= limits.lost_percent * intake.all


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as `lea` reported it on the day `reported`; `others` are the student's stays at other LEAs on that
    day."""

    lea: str
    reported: date
    spot: Location
    others: Account


def is_late(entry: Entry, limits: Limits) -> bool:
    """Whether the entry came so late that it shows the LEA data of another LEA: it came long after its day, while
    another LEA has the student, or it came after the student had left again, where another LEA had the student before
    that exit. An entry that was taken back does not count."""
    if entry.spot.is_void:
        return False
    day = entry.reported.isoformat()
    if entry.spot.exit_date and entry.spot.exit_date < day:
        return any(spot.entry_date < entry.spot.exit_date for spot in entry.others.counting)
    oldest = entry.reported - timedelta(days=limits.backdated_days)
    return entry.spot.entry_date < oldest.isoformat() and any(
        spot.entry_date <= day and spot.lea in entry.others.holders for spot in entry.others.counting
    )


def late_entries(late: Iterable[tuple[str, date]], limits: Limits) -> dict[str, int]:
    """For each LEA, how many late entries came on days that had too many. `late` holds the LEA and the day of the
    report of each late entry."""
    found: Counter[str] = Counter()
    for (lea, _), count in Counter(late).items():
        if count >= limits.backdated_per_day:
            found[lea] += count
    return dict(found)


def news(found: int, told: int, least: int) -> bool:
    """Whether at least `least` more have come since the state was told of `told`, so that it is told again. The counted
    days move on, and `kept` counts down what was told."""
    return found >= least and found >= told + least


def kept(told: Mapping[str, int], found: Mapping[str, int]) -> dict[str, int]:
    """The counts to remember as told, now that older days are no longer counted."""
    return {key: min(count, found[key]) for key, count in told.items() if found.get(key)}
