"""harvest: once a day the state is told of LEAs that seem to harvest records (`broker.core.harvest`).

Contract: reads the ledger, and changes it only by leaving alerts and deleting old counts of guesses. The state is told
of each LEA at most once for each rule and day, and again only when enough has come since to make a pattern. The counts
are in `reports/` of the home, without students; when the file is there, the day is done. The work is done in slices,
because the sweeper has other duties.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from broker.core.harvest import Intake, Limits, Pattern, is_late, kept, late_entries, news, too_many_lost
from broker.core.model import LeaId
from broker.edge.home import reports
from broker.edge.ledger.again import committed
from broker.edge.ledger.cases import harvest
from broker.edge.ledger.engine import Writing, reading, writing
from broker.edge.ledger.people import guesses
from broker.oversight import alerts, nightly
from broker.oversight.nightly import folder
from broker.packets.services import Services
from handlers.acknowledgement import STILL_ENROLLED

_SECONDS = 86_400.0
_MEMORY = ".harvest.json"


class Nightly(nightly.Nightly):
    """The check of each day."""

    def __init__(self, services: Services) -> None:
        super().__init__(services, services.settings.harvest.pattern_hour, names, write)


def names(day: date) -> tuple[str]:
    """The name of a day's file."""
    return (f"harvest-{day}.json",)


@dataclass(slots=True)
class _Found:
    """One pattern of one LEA: `weight` is compared with the weight that was told before; `least` makes a pattern."""

    kind: Pattern
    lea: str
    weight: int
    least: int
    counts: dict[str, int]
    transfers: list[int] = field(default_factory=list)

    @property
    def key(self) -> LeaId:
        return LeaId(f"{self.lea}/{self.kind}")


def write(services: Services, day: date) -> Iterator[None]:
    """Look for patterns and tell the state, a slice at a time. Raises Deferred."""
    with reports.making(folder(services), names(day), "-harvest") as draft:
        found: list[_Found] = []
        yield from _not_kept(services, found)
        yield from _late(services, found)
        yield from _guessed(services, found)
        yield from _tell(services, found)
        lines = [{"lea": one.lea, "what": one.kind, **one.counts} for one in found]
        draft.files[names(day)[0]].write(json.dumps({"day": day.isoformat(), "patterns": lines}, indent=1) + "\n")
        draft.publish()
    reports.purge(folder(services), "harvest", day - timedelta(days=services.settings.claims.report_days))


def _limits(services: Services) -> Limits:
    of = services.settings.harvest
    return Limits(of.lost_students, of.lost_percent, of.backdated_days, of.backdated_per_day)


def _since(services: Services) -> float:
    return services.clock().timestamp() - services.settings.harvest.days * _SECONDS


def _not_kept(services: Services, found: list[_Found]) -> Iterator[None]:
    settings, since, after = services.settings.harvest, _since(services), 0
    lost: dict[str, dict[str, bool]] = {}  # by LEA and student: whether the transfer is contested
    cases: dict[str, list[int]] = {}
    while True:
        with reading(services.engine) as connection:
            some = harvest.lost(connection, since, settings.days, STILL_ENROLLED, after)
        for one in some:
            students = lost.setdefault(one.lea, {})
            students[one.ssid] = students.get(one.ssid, False) or one.is_contested
            cases.setdefault(one.lea, []).append(one.transfer)
        yield
        if not some:
            break
        after = some[-1].transfer
    with reading(services.engine) as connection:
        came = harvest.intakes(connection, since)
    for lea, students in sorted(lost.items()):
        intake = Intake(came.get(lea, 0), len(students), sum(students.values()))
        if too_many_lost(intake, _limits(services)):
            counts = {"days": settings.days, "came": intake.all, "not_kept": intake.lost, "contested": intake.contested}
            least = settings.lost_students
            found.append(_Found(Pattern.NOT_KEPT, lea, intake.lost, least, counts, cases[lea][::-1]))


def _late(services: Services, found: list[_Found]) -> Iterator[None]:
    settings, limits, since, after = services.settings.harvest, _limits(services), _since(services), 0
    late: list[tuple[str, date]] = []
    while True:
        with reading(services.engine) as connection:
            some, following = harvest.entries(connection, services.settings, since, after)
        late += [(one.lea, one.reported) for one in some if is_late(one, limits)]
        yield
        if following is None:
            break
        after = following
    for lea, count in sorted(late_entries(late, limits).items()):
        counts = {"days": settings.days, "late_entries": count, "limit_of_a_day": settings.backdated_per_day}
        found.append(_Found(Pattern.LATE_ENTRIES, lea, count, settings.backdated_per_day, counts))


def _guessed(services: Services, found: list[_Found]) -> Iterator[None]:
    """Find vain questions. Counts older than the counted days are deleted here, too."""
    settings = services.settings.harvest
    first = (services.day() - timedelta(days=settings.days)).isoformat()
    with writing(services.engine) as connection:
        guesses.purge(connection, first)
        some = guesses.since(connection, first)
    for one in some:
        if one.guesses >= settings.guesses_told:
            counts = {"days": settings.days, "guesses": one.guesses, "children": one.children}
            found.append(_Found(Pattern.GUESSES, one.lea, one.guesses, settings.guesses_told, counts))
    yield


def _tell(services: Services, found: list[_Found]) -> Iterator[None]:
    """Leave the alerts that are news, one in each slice. A told weight is remembered only afterwards: after a crash in
    between, the day of the last alert shows that it was told."""
    memory = folder(services) / _MEMORY
    told = kept({key: int(count) for key, count in reports.remembered(memory).items()}, _weights(found))
    for one in found:
        if news(one.weight, told.get(one.key, 0), one.least):
            _tell_one(services, one)
            told[one.key] = one.weight
            _remember(services, told)
            yield
    _remember(services, told)


def _weights(found: list[_Found]) -> dict[str, int]:
    return {one.key: one.weight for one in found}


def _remember(services: Services, told: dict[str, int]) -> None:
    reports.remember(folder(services) / _MEMORY, {LeaId(key): str(count) for key, count in told.items()})


def _tell_one(services: Services, one: _Found) -> None:
    def once(connection: Writing) -> None:
        last = harvest.last_alert(connection, one.kind, one.lea)
        if last is None or services.time.day(last) != services.day():
            alerts.pattern(services, connection, one.kind, one.lea, one.counts, one.transfers)

    committed(services.engine, once)
