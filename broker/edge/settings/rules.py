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
from broker.edge.settings.setting import setting


@dataclass(frozen=True, slots=True)
class TheState:
    """Where the exchange is."""

    zone: str = setting(
        "America/Denver", "IANA time zone", "by which it is today and an hour of the day, whatever the machine's own is"
    )

    @property
    def time(self) -> StateTime:
        """Days and hours in the state's zone."""
        return StateTime(zoneinfo.ZoneInfo(self.zone))


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a student is, and numbers of students."""

    ssid_digits: int = setting(10, "digits", "of an SSID, the check digit among them", 6)
    state: str = setting("UT", "two letters", "whose student ids are SSIDs, as transcripts in PESC's form name it")
    birth_date_must_agree: bool = setting(
        False,
        "true | false",
        "for a match; else a slip is forgiven where all names, gender and two of home, telephone and guardian agree",
    )


@dataclass(frozen=True, slots=True)
class Claims:
    """The report of overlapping memberships, and the school year that it uses."""

    report_hour: int = setting(2, "hour of the day", "when the nightly report is due; 24: never")
    report_days: int = setting(60, "days", "a nightly report is kept", 1)
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
    military_days: int = setting(10, "days", "the same for a military family's child (Utah 53A-1-1001, art. IV)", 1)
    digest_hour: int = setting(6, "hour of the day", "when LEAs are told what is overdue; 24: never")
    holidays: str = setting("US-UT", "ISO 3166-2 code", "where public holidays are free of school; empty: none")
    year_round: str = setting("", "LEA ids, with commas", "that teach in summer too, not only opens to closes")
    codes: str = setting("utah", "name", "of the list of exit codes; see `satchel codes`")
    clock_stands: bool = setting(
        True, "true | false", "the answer's clock stands while a record lies with its receiver that rejects it later"
    )
    ahead_days: int = setting(0, "days", "before its day an entry counts although another LEA has the student")
    unrenewed_goes_on: bool = setting(
        True, "true | false", "a stay without an exit that nobody renewed goes on into the next school year"
    )
    dual_asks: bool = setting(
        False, "true | false", "an LEA with a dual enrollment has the others asked by itself, not on its request only"
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
        400, "days", "after the student asked for it, a transcript may go: a school year, and the summer after it", 1
    )


@dataclass(frozen=True, slots=True)
class Harvest:
    """What an LEA may ask for in a day, and what causes an alert to the state (`broker.core.harvest`)."""

    requests_per_student: int = setting(3, "requests", "of one LEA about one student on one day", 1)
    requests_per_day: int = setting(2000, "requests", "of one LEA on one day, about all students", 1)
    pattern_hour: int = setting(3, "hour of the day", "when patterns are looked for; 24: never")
    days: int = setting(30, "days", "back that patterns are looked for", 1)
    lost_students: int = setting(5, "students", "taken in and not kept, or contested, before the state is told", 1)
    lost_percent: int = setting(20, "percent", "of an LEA's transfers-in that were not kept, before that", 1)
    backdated_days: int = setting(30, "days", "before its report, an entry older than this counts as backdated", 1)
    announced_days: int = setting(
        30, "days", "an entry further ahead, of a student whom another LEA has, is told to the state", 1
    )
    backdated_per_day: int = setting(20, "entries", "late in this way, of one LEA on one day, before that", 1)
    guesses_per_child: int = setting(5, "guesses", "of one LEA at one child that it never had, on one day", 1)
    guesses_per_day: int = setting(300, "guesses", "of one LEA at children that it never had, on one day", 1)
    guesses_told: int = setting(50, "guesses", "of one LEA within `days` days, before the state is told", 1)


@dataclass(frozen=True, slots=True)
class Dates:
    """Which dates of a student are impossible and which are queried: by what schools do, because no law bounds them."""

    least_age: int = setting(2, "years", "old is the youngest student; a younger one cannot be")
    most_age: int = setting(100, "years", "old is the oldest; more is a century mistyped, 1914 for 2014", 30)
    school_age_from: int = setting(3, "years", "a younger student is asked back: preschool begins with 3 (IDEA)", 1)
    school_age_to: int = setting(22, "years", "an older one is asked back: special education ends with 22 (IDEA)", 18)
    grade_younger: int = setting(1, "years", "younger than usual in a grade, before it is asked back")
    grade_older: int = setting(3, "years", "older than usual in a grade, before it is asked back")
    entry_back_years: int = setting(
        9, "years", "an entry or exit so long ago is asked back: kindergarten to grade 8 at one school", 1
    )
    school_years_back: int = setting(
        3, "school years", "before the current one are corrected late; an older one is asked back"
    )
    school_years_ahead: int = setting(1, "school years", "behind the current one, a later one cannot be")
    file_days: int = setting(
        300, "days", "old may the date in a CSV's name be; more is a year mistyped, or a file of last year", 1
    )
    created_ahead_days: int = setting(31, "days", "a document may be from the future: clocks are wrong by less", 1)

    @property
    def bounds(self) -> Bounds:
        """The bounds for a student's dates."""
        return Bounds(**{one.name: getattr(self, one.name) for one in fields(Bounds)})


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long data that is no longer needed is kept."""

    undo_days: float = setting(
        14.0, "days", "a decided question keeps what was sent of the student, so that it can be taken back", 0.00001
    )
    forget_hour: int = setting(1, "hour of every day", "when it goes, and SQLite's log is emptied")
