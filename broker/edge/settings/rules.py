"""The settings for decisions about students: identity, calendars, deadlines, and how long data is kept.

Owns these limits, with their reasons. Promises: this module reads neither a file nor the environment.
"""

import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, fields

from broker.core.days.deadlines import Clock
from broker.core.days.plausible import Bounds
from broker.core.days.school_year import Calendar
from broker.core.days.state_time import StateTime
from broker.core.days.written import Order
from broker.edge.settings.setting import setting


@dataclass(frozen=True, slots=True)
class TheState:
    """Where the exchange is."""

    zone: str = setting(
        "America/Denver",
        "IANA time zone",
        "the state's time zone, which decides the day and the hour, whatever the machine's own zone is",
    )

    @property
    def time(self) -> StateTime:
        """Days and hours in the state's zone."""
        return StateTime(zoneinfo.ZoneInfo(self.zone))


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a student is, and numbers of students."""

    ssid_digits: int = setting(10, "digits", "length of an SSID, including its check digit", 6)
    state: str = setting("UT", "two letters", "the state whose student ids are SSIDs, as PESC transcripts name it")
    birth_date_must_agree: bool = setting(
        False,
        "true | false",
        "whether a match needs the same birth date; if not, a slip is forgiven where all names, gender"
        " and two of home, telephone and guardian agree",
    )


@dataclass(frozen=True, slots=True)
class Claims:
    """The report of overlapping memberships, and the school year that it uses."""

    report_hour: int = setting(2, "hour of the day", "when the nightly report is due; 24: never")
    report_days: int = setting(60, "days", "how long a nightly report is kept", 1)
    year_begins: str = setting("07-01", "month-day", "first day of a school year")
    opens: str = setting("08-15", "month-day", "first day of instruction of schools that are not year-round")
    closes: str = setting("06-05", "month-day", "their last day of instruction, on which open memberships end")

    def __post_init__(self) -> None:
        """Raises ValueError for days that no calendar has."""
        Calendar.of(self.year_begins, self.opens, self.closes)

    @property
    def calendar(self) -> Calendar:
        """When school years begin, and when schools open and close."""
        return Calendar.of(self.year_begins, self.opens, self.closes)


@dataclass(frozen=True, slots=True)
class Transfers:
    """The deadlines when a student moves, and the calendar that they use."""

    request_days: int = setting(14, "days", "from enrolling to asking the previous school (Utah 53A-11-504)", 1)
    answer_school_days: int = setting(30, "school days", "from the request to the record (Utah 53A-11-504)", 1)
    military_days: int = setting(
        10, "days", "the same for the child of a military family (Utah 53A-1-1001, art. IV)", 1
    )
    digest_hour: int = setting(6, "hour of the day", "when LEAs are told what is overdue; 24: never")
    holidays: str = setting(
        "US-UT", "ISO 3166-2 code", "where the public holidays are days without school; empty: none"
    )
    year_round: str = setting(
        "", "LEA ids, with commas", "the LEAs that teach in summer too, not only from opens to closes"
    )
    codes: str = setting("utah", "name", "the list of exit codes; see `satchel codes`")
    clock_stands: bool = setting(
        True,
        "true | false",
        "whether the clock for the answer stops while the receiver has a record that it later rejects",
    )
    ahead_days: int = setting(0, "days", "how long before its day an entry counts although another LEA has the student")
    unrenewed_goes_on: bool = setting(
        True,
        "true | false",
        "whether a stay without an exit goes on into the next school year although nobody renewed it",
    )
    dual_asks: bool = setting(
        False,
        "true | false",
        "whether a dual enrollment asks the other LEAs by itself; if not, its LEA must ask for the record",
    )

    @property
    def lengths(self) -> Mapping[Clock, int]:
        """How long each clock runs (`broker.core.days.deadlines.due`)."""
        return {
            Clock.REQUEST: self.request_days,
            Clock.ANSWER: self.answer_school_days,
            Clock.MILITARY: self.military_days,
        }

    @property
    def year_round_leas(self) -> frozenset[str]:
        """Ids of the LEAs that teach all year round."""
        return frozenset(filter(None, (one.strip() for one in self.year_round.split(","))))


@dataclass(frozen=True, slots=True)
class Transcripts:
    """Transcripts to higher education."""

    request_days: int = setting(
        400,
        "days",
        "how long after the student's request a transcript may go: a school year, and the summer after it",
        1,
    )


@dataclass(frozen=True, slots=True)
class Harvest:
    """What an LEA may ask for in a day, and what causes an alert to the state (`broker.core.harvest`)."""

    requests_per_student: int = setting(3, "requests", "most of one LEA about one student on one day", 1)
    requests_per_day: int = setting(2000, "requests", "most of one LEA on one day, about all students", 1)
    rosters_per_day: int = setting(6, "requests", "most of one LEA on one day for the list of its own students", 1)
    pattern_hour: int = setting(3, "hour of the day", "when the exchange looks for patterns; 24: never")
    days: int = setting(30, "days", "how far back the exchange looks for patterns", 1)
    lost_students: int = setting(
        5, "students", "from so many students taken in and not kept, or contested, the state is told", 1
    )
    lost_percent: int = setting(20, "percent", "and from this share of an LEA's transfers-in that were not kept", 1)
    backdated_days: int = setting(30, "days", "an entry reported later than this after its day counts as backdated", 1)
    announced_days: int = setting(
        30, "days", "the state is told of an entry further ahead, where another LEA has the student", 1
    )
    backdated_per_day: int = setting(
        20, "entries", "from so many backdated entries of one LEA on one day, the state is told", 1
    )
    guesses_per_child: int = setting(5, "guesses", "most of one LEA at one child that it never had, on one day", 1)
    guesses_per_day: int = setting(300, "guesses", "most of one LEA at children that it never had, on one day", 1)
    guesses_told: int = setting(50, "guesses", "from so many of one LEA within `days` days, the state is told", 1)


@dataclass(frozen=True, slots=True)
class Dates:
    """Which dates of a student are impossible and which are queried: by what schools do, because no law bounds them."""

    least_age: int = setting(2, "years", "age of the youngest student; a younger one cannot be")
    most_age: int = setting(100, "years", "age of the oldest student; more is a century mistyped, 1914 for 2014", 30)
    school_age_from: int = setting(
        3, "years", "the LEA is asked about a younger student: preschool begins with 3 (IDEA)", 1
    )
    school_age_to: int = setting(
        22, "years", "the LEA is asked about an older student: special education ends with 22 (IDEA)", 18
    )
    grade_younger: int = setting(1, "years", "how much younger than usual in a grade, before the LEA is asked")
    grade_older: int = setting(3, "years", "how much older than usual in a grade, before the LEA is asked")
    entry_back_years: int = setting(
        9,
        "years",
        "the LEA is asked about an entry or exit longer ago: kindergarten to grade 8 at one school take this",
        1,
    )
    school_years_back: int = setting(
        3, "school years", "so far back, late corrections are usual; the LEA is asked about an older school year"
    )
    school_years_ahead: int = setting(1, "school years", "how far after the current school year; a later one cannot be")
    file_days: int = setting(
        300, "days", "how old the date in a CSV's name may be; more is a year mistyped, or a file of last year", 1
    )
    day_first: bool = setting(
        False,
        "true | false",
        "whether 3/4/2012 is in April, where neither its table nor its LEA's mapping says so; if not, it is in March",
    )
    created_ahead_days: int = setting(
        31, "days", "how far in the future a document's date may be: clocks are wrong by less", 1
    )

    @property
    def order(self) -> Order:
        """What comes first in a date that can be read in two ways."""
        return Order.DAY if self.day_first else Order.MONTH

    @property
    def bounds(self) -> Bounds:
        """The bounds for a student's dates."""
        return Bounds(**{one.name: getattr(self, one.name) for one in fields(Bounds)})


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long data that is no longer needed is kept."""

    undo_days: float = setting(
        14.0,
        "days",
        "how long what was sent of a student is kept after the decision, so that it can be undone",
        0.00001,
    )
    forget_hour: int = setting(
        1, "hour of every day", "when data that are no longer needed are deleted, and SQLite's log is emptied"
    )
