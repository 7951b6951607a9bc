"""Patterns of an LEA that harvests records: students taken in and not kept, and entries that are reported late.

Owns when a pattern is one, and when it is news. Promises: pure; the state alone is told, and nobody is refused anything
because of a pattern, for each sign of it has honest causes (a mistyped student, a school that reports a month at once).
What counts is an LEA's own doing within some days: nothing here depends on who the students are.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from broker.core.stays import Account, Location
from broker.core.transfer import Reason


class Pattern(StrEnum):
    """What the state is told of."""

    CONTEST = "contest"  # the previous LEA says that the student has not left it
    NOT_KEPT = "not-kept"  # too many students were taken in and not kept
    LATE_ENTRIES = "late-entries"  # too many entries came long after their day, or after the student had left
    ANNOUNCED = "announced"  # an entry far ahead, of a student whom another LEA has
    GUESSES = "guesses"  # too many questions in vain about children whom it never had
    SELF_DECIDED = "self-decided"  # it has decided itself that a child whom it sent is one of another LEA


@dataclass(frozen=True, slots=True)
class Limits:
    """From when on a pattern is one: `lost_students` in number, `lost_percent` of all transfers-in; an entry is late
    when it is older than `backdated_days`, and `backdated_per_day` such are too many."""

    lost_students: int
    lost_percent: int
    backdated_days: int
    backdated_per_day: int


# A case that ended so was of no student who stayed. Neither who went on to a third LEA nor what was merged is meant.
NOT_KEPT = frozenset({Reason.WITHDRAWN, Reason.UNDONE, Reason.RETURNED, Reason.LEFT, Reason.BY_STATE})


@dataclass(frozen=True, slots=True)
class Intake:
    """An LEA's transfers-in of the last days, in students: `all` of them, those `lost` in any way, and of these those
    that another LEA `contested`."""

    all: int
    lost: int
    contested: int


def too_many_lost(intake: Intake, limits: Limits) -> bool:
    """Whether so many were not kept that the state should look.

    What is contested counts whatever its share, for it is another LEA's signed word, and a large district must not hide
    it among its many honest transfers.
    """
    if intake.contested >= limits.lost_students:
        return True
    return intake.lost >= limits.lost_students and intake.lost * 100 >= limits.lost_percent * intake.all


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as `lea` reported it on the day `reported`; `others` are the student's stays at other LEAs, as they are
    on that day."""

    lea: str
    reported: date
    spot: Location
    others: Account


def is_late(entry: Entry, limits: Limits) -> bool:
    """Whether the entry came so late that it gives sight of what the LEA had no part in: long after its day while
    another LEA has the student, or only after the student had left again and another LEA had come before that. One that
    was taken back is no entry."""
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
    """Of late entries, by LEA and the day of their report, how many there are of each LEA on days that had too many."""
    found: Counter[str] = Counter()
    for (lea, _), count in Counter(late).items():
        if count >= limits.backdated_per_day:
            found[lea] += count
    return dict(found)


def news(found: int, told: int, least: int) -> bool:
    """Whether so much has come since the state was told of `told` that it is to be told again. The days in sight move
    on: what was told is counted down with them (`kept`)."""
    return found >= least and found >= told + least


def kept(told: Mapping[str, int], found: Mapping[str, int]) -> dict[str, int]:
    """What is remembered as told once the old has gone out of sight."""
    return {key: min(count, found[key]) for key, count in told.items() if found.get(key)}
