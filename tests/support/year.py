"""A school year of a synthetic state, walked through in simulated time: LEAs report, families move, records follow.

Promises: generated students only; everything but the clock and the processes is real: keys, seals, ledger, stages,
inboxes. The LEAs' own habits (how long each takes to answer) are drawn here, so that what became overdue can be counted
without asking the exchange.
"""

import json
import random
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

from broker.core.transfer import TransferState
from broker.edge.ledger.cases import school_days, transfers
from broker.edge.ledger.cases.school_days import Kind, SchoolDay
from broker.edge.ledger.cases.transfers import TransferRow
from broker.edge.ledger.engine import reading, writing
from broker.oversight import overdue
from broker.simulate import state, write
from tests.support import desk
from tests.support.office import Office

NUMBER = 2028  # the school year by the year in which it ends
# Public holidays of Utah in school time of 2027-28, on the days on which they are observed, from a wall calendar.
HOLIDAYS = frozenset(
    date.fromisoformat(day)
    for day in (
        "2027-09-06",
        "2027-10-11",
        "2027-11-11",
        "2027-11-25",
        "2027-12-24",
        "2027-12-31",
        "2028-01-17",
        "2028-02-21",
        "2028-05-29",
    )
)
_OPENS, _CLOSES = date(2027, 8, 15), date(2028, 6, 5)
_DAY = timedelta(days=1)


@dataclass
class Known:
    """One request as its source's secretary sees it; days as she would write them down."""

    row: TransferRow
    asked_on: date
    answers_on: date | None  # None: never
    answered_on: date | None = None
    ended_on: date | None = None


@dataclass
class Year:
    """The state, its LEAs, and what happened so far."""

    office: Office
    days: Mapping[str, list[dict[str, Any]]]
    breaks: Mapping[str, frozenset[date]]
    random: random.Random
    known: dict[int, Known] = field(default_factory=dict)
    blocks: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)  # (LEA, SSID): as the LEA knows them

    def is_school_day(self, lea: str, day: date) -> bool:
        """By the plain rules, a day at a time."""
        is_weekday = day.weekday() < 5 and _OPENS <= day <= _CLOSES
        return is_weekday and day not in HOLIDAYS and day not in self.breaks.get(lea, ())

    def late(self, today: date) -> dict[int, int]:
        """How many school days each unanswered request is late by, counted on the fingers."""
        found = {}
        for number, one in self.known.items():
            if one.answered_on or one.ended_on:
                continue
            passed = [day for day in _between(one.asked_on + _DAY, today) if self.is_school_day(one.row.source, day)]
            if len(passed) >= 30 and today > passed[29]:
                found[number] = len(passed) - 30
        return found

    def walk(self, each_day: Callable[["Year", date], None]) -> None:
        """From the first day of the reports to the end of school."""
        first = min(date.fromisoformat(day) for day in self.days)
        for today in _between(first, _CLOSES):
            self._set_clock(today)
            self._enroll(today)
            self._notice(today)
            self._answer(today)
            for lea in self.office.leas:
                self.office.collect(lea)
            self._notice(today)
            for _ in overdue.write(self.office.services, today):
                pass
            each_day(self, today)

    def _set_clock(self, today: date) -> None:
        noon = datetime(today.year, today.month, today.day, 20, tzinfo=UTC)
        self.office.ahead = noon - datetime.now(UTC)

    def _enroll(self, today: date) -> None:
        lines = sorted(self.days.get(today.isoformat(), ()), key=lambda line: str(line["lea"]))
        for lea, some in groupby(lines, key=lambda line: str(line["lea"])):
            entries = [line["entry"] for line in some]
            document = desk.enrollment(lea) | {"id": str(self._uuid()), "students": entries}
            row = self.office.send(lea, document)
            assert row.state == "APPLIED", row.code
            for entry, line in zip(entries, self.office.newest_notice(lea, "ssid")["students"], strict=True):
                if line["ssid"]:
                    self.blocks[lea, line["ssid"]] = entry["student"] | {"ssid": line["ssid"]}

    def _uuid(self) -> uuid.UUID:
        return uuid.UUID(int=self.random.getrandbits(128), version=4)

    def _notice(self, today: date) -> None:
        """The secretaries open their mail: new requests, and cases that have ended otherwise."""
        with reading(self.office.services.engine) as connection:
            rows = transfers.listing(connection, TransferState)
        for row in rows:
            if row.id not in self.known and row.requested_at is not None:
                self.known[row.id] = Known(row, today, self._habit(row.source, today))
            known = self.known.get(row.id)
            if known and not known.ended_on and row.state is TransferState.CANCELLED:
                known.ended_on = today

    def _habit(self, lea: str, today: date) -> date | None:
        """On which day this request will be answered."""
        dice = self.random.random()
        if dice < 0.05:
            return None
        days = self.random.randint(1, 25) if dice < 0.85 else self.random.randint(31, 60)
        day = today
        while days:
            day += _DAY
            days -= self.is_school_day(lea, day)
            if day > _CLOSES:
                return None
        return day

    def _answer(self, today: date) -> None:
        for one in self.known.values():
            if one.answers_on == today and not one.answered_on and not one.ended_on:
                student = self.blocks[one.row.source, one.row.ssid]
                row = self.office.send(one.row.source, desk.record(one.row.source, student))
                if row.state == "DELIVERED":
                    one.answered_on = today


def _between(first: date, last: date) -> Iterator[date]:
    for day in range(first.toordinal(), last.toordinal() + 1):
        yield date.fromordinal(day)


def make(root: Path, students: int, districts: int, charters: int, seed: int = 4) -> Year:
    """The state before its first day of school."""
    folder = root / "state"
    write.write(
        folder, write.Plan(students=students, seed=seed, districts=districts, charters=charters, year=NUMBER, pairs=0)
    )
    among = state.make(districts, charters, seed)
    kinds = {str(lea.id): lea.kind.value for lea in among.leas.values()}
    office = Office(root, *kinds, kinds=kinds)
    days: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with (folder / "enrollments.jsonl").open("rb") as lines:
        for text in lines:
            line = json.loads(text)
            days[line["entry"]["date"]].append(line)
    dice = random.Random(seed)
    breaks = {lea: _breaks(dice) for lea in kinds}
    with writing(office.services.engine) as connection:
        closed = [SchoolDay(lea, day.isoformat(), Kind.CLOSED, "a break") for lea in breaks for day in breaks[lea]]
        school_days.put(connection, closed)
    return Year(office, days, breaks, dice)


def _breaks(dice: random.Random) -> frozenset[date]:
    """Autumn, winter and spring: each LEA its own days."""
    spans = ((date(2027, 10, 12), 4), (date(2027, 12, 20), 12), (date(2028, 3, 20), 10))
    return frozenset(
        first + timedelta(days=shift + number)
        for first, longest in spans
        for shift, length in [(dice.randint(0, 7), dice.randint(2, longest))]
        for number in range(length)
    )
