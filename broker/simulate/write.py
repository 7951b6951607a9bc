"""A synthetic state as files.

Owns the layout of the folder. Promises: the same plan gives the same bytes (with one version of Faker); memory does not
grow with the number of students; the folder appears whole, or not at all.

    parties.csv           id, name, kind: every district and charter
    schools.csv           lea, school, name, first and last grade (KG, 1 to 12)
    students.jsonl        {person, family, twin_of, lea, school, student}: without errors, at the first LEA
    rosters/<lea>.jsonl   a `student.v1` block a line, as this LEA would send it
    truth.csv             who is meant by each line of the rosters, and the errors in it
    enrollments.jsonl     {person, lea, why, entry}: the year by date; `entry` is one of `enrollment.v1`
    pairs.jsonl           {a, b, same, relation, errors}: to judge a matcher by
"""

import csv
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import IO, Any

import orjson

from broker.core.errors import OperatorError
from broker.simulate import names, state
from broker.simulate.names import Names
from broker.simulate.pairs import Pairs
from broker.simulate.people import YEAR, Person, persons
from broker.simulate.rates import DEFAULT, Rates
from broker.simulate.records import Record, Records
from broker.simulate.state import State
from broker.simulate.years import Calendar, Event

PAIRS = 20_000
_PAIRS_A_STUDENT = 1.9  # a little less than are made, so that there are enough
_SPOOL_BYTES = 8 * 1024 * 1024
_TRUTH = ("lea", "line", "local_id", "person", "family", "twin_of", "errors")


@dataclass(frozen=True, slots=True)
class Plan:
    """What to make. `pairs` is the most that are made, spread over all families."""

    students: int
    seed: int
    districts: int = 41
    charters: int = 84
    year: int = YEAR
    rates: Rates = DEFAULT
    called: Names | None = None
    pairs: int = PAIRS


@dataclass(slots=True)
class Counts:
    """What was made. `twins` are students born with others; `movers` are students who changed schools or came late."""

    students: int = 0
    families: int = 0
    twins: int = 0
    movers: int = 0
    records: int = 0
    events: int = 0
    pairs: int = 0


def write(folder: Path, plan: Plan, step: Callable[[int], None] = lambda _: None) -> Counts:
    """Make the folder; `step` is called with how many more students are done.

    Raises OperatorError where the plan is impossible, the folder exists and is not empty, or it cannot be written.
    """
    among = state.make(plan.districts, plan.charters, plan.seed)
    people = persons(
        plan.students, plan.seed, plan.rates, among=among, called=plan.called or names.default(), year=plan.year
    )
    with _whole(folder) as part:
        _write_leas(part, among)
        return _Writer(part, plan, among).all(people, step)


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """A folder beside the final one; it gets its name when all is well, and is removed otherwise."""
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise OperatorError(f"{folder} is already there and not an empty folder; choose another name.")
        folder.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            yield part
            part.rename(folder)
        except BaseException:
            shutil.rmtree(part, ignore_errors=True)
            raise
    except OSError as error:
        raise OperatorError(f"{folder} cannot be written: {error.strerror}.") from error


def _write_leas(folder: Path, among: State) -> None:
    leas = sorted(among.leas.values(), key=lambda lea: (lea.kind != "district", lea.id))
    _write_csv(folder / "parties.csv", ("id", "name", "kind"), ((lea.id, lea.name, lea.kind.value) for lea in leas))
    schools = ((lea.id, one.code, one.name, one.low or "KG", one.high) for lea in leas for one in lea.schools)
    _write_csv(folder / "schools.csv", ("lea", "school", "name", "from_grade", "to_grade"), schools)


def _write_csv(path: Path, header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


class _Spool:
    """Many files that grow at once, none of which stays open; waiting data is bounded."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._waiting: dict[str, bytearray] = {}  # not orjson's lines themselves: they are larger than their text
        self._bytes = 0
        self.lines: dict[str, int] = {}

    def add(self, name: str, value: Any) -> int:
        """Append a line of JSON; returns the number of the line."""
        line = _line(value)
        self._waiting.setdefault(name, bytearray()).extend(line)
        self._bytes += len(line)
        if self._bytes > _SPOOL_BYTES:
            self.flush()
        self.lines[name] = self.lines.get(name, 0) + 1
        return self.lines[name]

    def flush(self) -> None:
        """Write all waiting data."""
        for name, lines in self._waiting.items():
            with (self._folder / name).open("ab") as file:
                file.write(lines)
        self._waiting.clear()
        self._bytes = 0

    def into(self, path: Path) -> None:
        """Join all files, in the order of their names, into one; the folder is removed."""
        self.flush()
        with path.open("wb") as whole:
            for part in sorted(self._folder.iterdir()):
                with part.open("rb") as file:
                    shutil.copyfileobj(file, whole, 1024 * 1024)
                part.unlink()
        self._folder.rmdir()


def _line(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)


class _Writer:
    """One run over all students."""

    def __init__(self, folder: Path, plan: Plan, among: State) -> None:
        self._folder = folder
        self._plan = plan
        self._counts = Counts()
        self._calendar = Calendar(among, plan.seed, plan.rates, plan.year)
        self._records = Records(among, plan.seed, plan.rates)
        share = min(1.0, plan.pairs / (_PAIRS_A_STUDENT * max(1, plan.students)))
        self._pairs = Pairs(plan.seed, plan.rates, share)
        self._rosters = _Spool(folder / "rosters")
        self._days = _Spool(folder / ".days")

    def all(self, people: Iterable[Person], step: Callable[[int], None]) -> Counts:
        with (
            (self._folder / "students.jsonl").open("wb") as students,
            (self._folder / "pairs.jsonl").open("wb") as pairs,
            (self._folder / "truth.csv").open("w", encoding="utf-8", newline="") as truth,
        ):
            rows = csv.writer(truth, lineterminator="\n")
            rows.writerow(_TRUTH)
            for _, group in groupby(people, key=lambda one: one.family):
                family = tuple(group)
                self._counts.families += 1
                for person in family:
                    students.write(_line(_student(person)))
                    rows.writerows(self._year(person, family))
                self._write_pairs(family, pairs)
                step(len(family))
        self._rosters.flush()
        self._days.into(self._folder / "enrollments.jsonl")
        return self._counts

    def _year(self, person: Person, family: tuple[Person, ...]) -> Iterator[tuple[object, ...]]:
        """Write a student's records and events; yields the rows of the truth about the records."""
        counts = self._counts
        counts.students += 1
        counts.twins += any(person.id == one.twin_of or person.twin_of == one.id for one in family)
        events = self._calendar.of(person)
        records = list(self._records.of(counts.students, person, events))
        self._write_events(events, {record.lea: record for record in records})
        for record in records:
            line = self._rosters.add(f"{record.lea}.jsonl", record.block)
            counts.records += 1
            local = record.block["local_id"]
            yield record.lea, line, local, person.id, person.family, person.twin_of or "", " ".join(record.errors)

    def _write_events(self, events: list[Event], records: dict[Any, Record]) -> None:
        self._counts.movers += any(event.why in ("arrival", "move", "late-exit") for event in events)
        for event in events:
            self._counts.events += 1
            entry = {
                "student": records[event.lea].block,
                "school": event.school,
                "event": event.event,
                "date": event.date.isoformat(),
            }
            if event.code:
                entry["code"] = event.code
            line = {"person": event.person, "lea": event.lea, "why": event.why, "entry": entry}
            self._days.add(event.date.isoformat(), line)

    def _write_pairs(self, family: tuple[Person, ...], file: IO[bytes]) -> None:
        for pair in self._pairs.of(family):
            if self._counts.pairs == self._plan.pairs:
                return
            self._counts.pairs += 1
            file.write(
                _line({"a": pair.a, "b": pair.b, "same": pair.same, "relation": pair.relation, "errors": pair.errors})
            )


def _student(person: Person) -> dict[str, Any]:
    return {
        "person": person.id,
        "family": person.family,
        "twin_of": person.twin_of,
        "lea": person.lea,
        "school": person.school,
        "student": person.block,
    }
