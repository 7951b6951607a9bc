"""The stays of students in the ledger: what LEAs reported, and their corrections.

Owns the writing of `enrollments` and `enrollment_changes`. Promises: `broker.core.stays` decides what a report changes,
within the caller's write transaction; nothing is deleted, and a corrected fact stays in the history with the packet
that corrected it; code that must know where a child is gets the account of all its stays.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, insert, or_, select, update

from broker.core.model import Ssid
from broker.core.stays import Account, Location, Report, Today, Told, Unfit, tell
from broker.edge.ledger import epoch
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.packets.rows import EnrollmentRow
from broker.edge.ledger.people import registry
from broker.edge.ledger.people.registry import Source
from broker.edge.ledger.tables import enrollment_changes, enrollments
from broker.edge.settings.values import ToldLimits

# what an entry that is sent again corrects, where it has a value
_CORRECTED = ("local_id", "entry_code", "exit_code", "grade", "programme", "day_part")
_AT_ONCE = 500
_YEAR = 365 * 86_400.0
_MOST = ToldLimits()
_ROW = [enrollments.c[name] for name in EnrollmentRow.__dataclass_fields__]
LOCATION = tuple(enrollments.c[one.name] for one in fields(Location))  # the columns that `location` needs


@dataclass(frozen=True, slots=True)
class Change:
    """One correction of a stay: the column of `enrollments`, its value before and after, by which packet, when (seconds
    since the epoch); `enrollment` is the stay's number."""

    enrollment: int
    fact: str
    before: str
    after: str
    tracking: str
    at: float


def location(row: EnrollmentRow | Row[Any]) -> Location:
    """The stay as `broker.core.stays` uses it; a row needs only the columns in `LOCATION`."""
    return Location(
        lea=row.lea,
        entry_date=row.entry_date,
        exit_date=row.exit_date,
        school=row.school,
        dual=bool(row.dual),
        military=bool(row.military),
        reported_on=row.reported_on,
        is_old=bool(row.is_old),
    )


def account_of(rows: Iterable[EnrollmentRow], today: Today) -> Account:
    """The account of these stays of one student; they must come in the order of their first days and reports."""
    return Account([location(row) for row in rows], today)


def account(connection: Reading, ssid: str, today: Today) -> Account:
    """The account of the student for whom this number stands."""
    return account_of(registry.locations(connection, ssid), today)


def of_many(connection: Reading, ssids: Sequence[str]) -> dict[str, list[EnrollmentRow]]:
    """The stays of these students, at most some hundreds at once; each SSID must be the one that stands."""
    found: dict[str, list[EnrollmentRow]] = {}
    query = select(*_ROW).where(enrollments.c.ssid.in_(list(ssids)))
    for row in connection.execute(query.order_by(enrollments.c.entry_date, enrollments.c.id)):
        found.setdefault(row.ssid, []).append(EnrollmentRow(*row))
    return found


def announced(connection: Reading, ssids: Sequence[str], day: str) -> list[Ssid]:
    """Those of these students with a stay that begins after this ISO date; each SSID must be the one that stands."""
    found: list[Ssid] = []
    for start in range(0, len(ssids), _AT_ONCE):
        mine = enrollments.c.ssid.in_(list(ssids[start : start + _AT_ONCE]))
        query = select(enrollments.c.ssid).where(mine, enrollments.c.entry_date > day, counts(enrollments.c)).distinct()
        found += [Ssid(row[0]) for row in connection.execute(query.order_by(enrollments.c.ssid))]
    return found


def had_by(connection: Reading, lea: str, today: Today) -> Iterator[Ssid]:
    """The students that this LEA has."""
    after = ""
    while True:
        some = told_by(connection, lea, after, _AT_ONCE)
        for ssid, rows in of_many(connection, some).items():
            if lea in account_of(rows, today).holders:
                yield Ssid(ssid)
        if len(some) < _AT_ONCE:
            return
        after = some[-1]


def told_by(connection: Reading, lea: str, after: str, limit: int) -> list[Ssid]:
    """The next students after this number of whom this LEA has told a stay that counts, in the order of the numbers,
    whether the stay goes on or not."""
    mine = select(enrollments.c.ssid).where(enrollments.c.lea == lea, enrollments.c.ssid > after)
    query = mine.where(counts(enrollments.c)).distinct().order_by(enrollments.c.ssid).limit(limit)
    return [Ssid(row[0]) for row in connection.execute(query)]


def counts(columns: Any) -> ColumnElement[bool]:
    """Whether a row of `enrollments` (or an alias) is not void, as in `Location.is_void`."""
    return or_(columns.exit_date == "", columns.exit_date > columns.entry_date)


def ends_by(columns: Any, first: Any) -> ColumnElement[bool]:
    """Whether a row counts and had not ended before this day."""
    return or_(columns.exit_date == "", and_(columns.exit_date > columns.entry_date, columns.exit_date >= first))


def enter(
    connection: Writing,
    row: EnrollmentRow,
    at: float,
    exits: Sequence[str] = (),
    *,
    dual: bool | None = None,
    military: bool | None = None,
    most: ToldLimits = _MOST,
) -> Told:
    """Accept an entry; `row.reported_on` is today. Values that it leaves out ('' or None) stay as reported before.

    `exits` are days of exits in the same packet: if the stay ends on one of them, an entry without an exit does not
    open it again. `at` is seconds since the epoch; `most` bounds what one LEA may report about one student. Raises
    `core.stays.Unfit`, and KeyError for an unknown number.
    """
    row = replace(row, ssid=registry.number(connection, row.ssid))
    said = {name: int(value) for name, value in (("dual", dual), ("military", military)) if value is not None}
    places = _places(connection, row.ssid)
    key = (row.lea, row.school, row.entry_date)
    kept = next((one.exit_date for _, one in places if (one.lea, one.school, one.entry_date) == key), "")
    ended = kept if kept > row.entry_date and kept in exits else ""
    report = Report("entry", *key, row.exit_date or ended)
    told = tell([location(one) for _, one in places], report, row.reported_on)
    if told.stay is None:
        if sum(one.lea == row.lea for _, one in places) >= most.stays:
            raise Unfit("too-many-stays", "date")
        new = asdict(replace(row, exit_date=told.exit_date)) | said
        connection.execute(insert(enrollments), new)
        epoch.advance(connection)
        return told
    facts = {name: value for name in _CORRECTED if (value := getattr(row, name))} | said
    corrections = [(places[told.stay], facts), *_ends(places, told)]
    _correct_all(connection, corrections, Source(row.lea, row.tracking, at), most)
    return told


def leave(
    connection: Writing,
    ssid: str,
    school: str,
    day: str,
    code: str,
    source: Source,
    today: str,
    *,
    is_late: bool = False,
    most: ToldLimits = _MOST,
) -> Told:
    """Accept an exit that the source's LEA reports. `is_late` means that a person had to decide it after its packet
    came: then it does not end a stay that a later packet has entered for the same day. Raises `core.stays.Unfit`, and
    KeyError for an unknown number."""
    places = _places(connection, registry.number(connection, ssid))
    if is_late:
        places = [one for one in places if one[1].entry_date != day or one[1].tracking <= source.tracking]
    told = tell([location(one) for _, one in places], Report("exit", source.lea, school, day), today)
    coded = [(places[told.stay], {"exit_code": code})] if told.stay is not None and code else []
    _correct_all(connection, [*_ends(places, told), *coded], source, most)
    return told


def history(connection: Reading, ssid: str) -> list[Change]:
    """The corrections of the student's stays, oldest first."""
    mine = select(enrollments.c.id).where(enrollments.c.ssid == registry.number(connection, ssid))
    columns = [enrollment_changes.c[name] for name in Change.__dataclass_fields__]
    query = select(*columns).where(enrollment_changes.c.enrollment.in_(mine)).order_by(enrollment_changes.c.id)
    return [Change(*row) for row in connection.execute(query)]


_Places = list[tuple[int, EnrollmentRow]]
_Facts = Mapping[str, str | int]
_Correction = tuple[tuple[int, EnrollmentRow], _Facts]


def _places(connection: Reading, ssid: str) -> _Places:
    query = select(enrollments.c.id, *_ROW).where(enrollments.c.ssid == ssid)
    rows = connection.execute(query.order_by(enrollments.c.entry_date, enrollments.c.id))
    return [(row[0], EnrollmentRow(*row[1:])) for row in rows]


def _ends(places: _Places, told: Told) -> Iterator[_Correction]:
    for place, day in told.ends.items():
        yield places[place], {"exit_date": day} if day else {"exit_date": "", "exit_code": ""}


def _correct_all(connection: Writing, corrections: Iterable[_Correction], source: Source, most: ToldLimits) -> None:
    """Write all corrections or none. Raises Unfit where one of the stays has been corrected as often as allowed."""
    changed = [(place, facts) for place, facts in corrections if _differing(place[1], facts)]
    for (number, row), facts in changed:
        if _changes(connection, number, source.at) >= most.changes:
            raise Unfit("changed-too-often", next(iter(_differing(row, facts))))
    for place, facts in changed:
        _correct(connection, place, facts, source)


def _differing(row: EnrollmentRow, facts: _Facts) -> dict[str, str | int]:
    return {name: value for name, value in facts.items() if getattr(row, name) != value}


def _correct(connection: Writing, place: tuple[int, EnrollmentRow], facts: _Facts, source: Source) -> None:
    number, row = place
    changed = _differing(row, facts)
    connection.execute(update(enrollments).where(enrollments.c.id == number).values(changed))
    lines = [
        Change(number, name, str(getattr(row, name)), str(value), source.tracking, source.at)
        for name, value in changed.items()
    ]
    connection.execute(insert(enrollment_changes), [asdict(line) for line in lines])
    epoch.advance(connection)


def _changes(connection: Reading, number: int, at: float) -> int:
    """How often this stay was corrected in the past year."""
    mine = (enrollment_changes.c.enrollment == number) & (enrollment_changes.c.at > at - _YEAR)
    return int(connection.execute(select(func.count()).where(mine)).scalar_one())
