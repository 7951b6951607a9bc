"""A simulated state's year of enrollments: second numbers made, wrong matches, and how often a person is asked.

`python -m tests.bench.identity_year [STUDENTS]` prints one line of JSON. LEAs send their entries and exits day by day,
with the errors that records have, sealed and through every stage. A question is decided by the state at once, and by
the truth: it is the right student where that one is among the candidates, else a new one. A second number is one that
is given to a child who has one; a wrong match gives a child another child's number. Lines of exits count too.
"""

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

from sqlalchemy import select

from broker.core.model import Ssid
from broker.core.review import By, Choice, Verb
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.people import reviews
from broker.edge.ledger.people.reviews import Review
from broker.edge.ledger.tables import students
from broker.students import decide
from broker.students.decide import Result
from tests.support import desk, year
from tests.support.year import Year

STUDENTS = 5000
_BY = By("the state", "the birth certificate")
_TRIES = 3  # a decision is asked for again where the registry has changed since


@dataclass
class Walk:
    """The year so far. `owners` says whose each number is, `held` which numbers each child has."""

    state: Year
    owners: dict[Ssid, str] = field(default_factory=dict)
    held: dict[str, set[Ssid]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def day(self, today: str, lines: Sequence[Mapping[str, Any]]) -> None:
        """All LEAs send what happened on this day; every question is decided before the next LEA's turn."""
        office = self.state.office
        office.ahead = datetime.fromisoformat(f"{today}T20:00:00").replace(tzinfo=UTC) - datetime.now(UTC)
        for lea, some in groupby(sorted(lines, key=lambda line: str(line["lea"])), key=lambda line: str(line["lea"])):
            own = list(some)
            row = office.send(lea, desk.enrollment(lea) | {"students": [line["entry"] for line in own]})
            if row.state != "APPLIED":
                raise RuntimeError(f"the enrollment was {row.state}: {row.code}")
            persons = [str(line["person"]) for line in own]
            for person, said in zip(persons, office.newest_notice(lea, "ssid")["students"], strict=True):
                self._said(person, said)
            self._decide(row, persons)
            office.collect(lea)

    def _said(self, person: str, said: Mapping[str, Any]) -> None:
        self.counts["lines"] += 1
        self.counts[said["answer"]] += 1
        if said["answer"] in ("assigned", "matched"):
            self._given(person, said["ssid"])

    def _given(self, person: str, ssid: Ssid) -> None:
        owner = self.owners.setdefault(ssid, person)
        if owner != person:
            self.counts["wrong_matches"] += 1
            return
        held = self.held.setdefault(person, set())
        self.counts["second_numbers"] += bool(held) and ssid not in held
        held.add(ssid)

    def _decide(self, row: PacketRow, persons: Sequence[str]) -> None:
        with reading(self.state.office.services.engine) as connection:
            waiting = [one for one in reviews.lines(connection, row.tracking) if one.closed_at is None]
        for one in waiting:
            person = persons[one.line]
            right = [place for place, other in enumerate(one.candidates) if self.owners.get(other.ssid) == person]
            self.counts["right_first"] += right[:1] == [0]
            self.counts["ended_same" if right else "ended_new"] += 1
            self.counts["right_not_shown"] += not right and person in self.held
            self._settle(one, person, one.candidates[right[0]].ssid if right else None)

    def _settle(self, asked: Review, person: str, right: Ssid | None) -> None:
        """What a person of the state would decide, who knows the truth."""
        services = self.state.office.services
        choice = Choice(Verb.SAME, right) if right else Choice(Verb.NEW)
        before = self._numbers()
        for _ in range(_TRIES):
            with writing(services.engine) as connection:
                done = decide.decide(services, connection, asked.tracking, asked.line, choice, _BY)
            if done is not Result.ASKED_AGAIN:
                break
        else:
            raise RuntimeError("the question was put again and again")
        self.state.office.work()
        for ssid in self._numbers() - before:
            self._given(person, ssid)

    def _numbers(self) -> set[Ssid]:
        with reading(self.state.office.services.engine) as connection:
            return {Ssid(row[0]) for row in connection.execute(select(students.c.ssid))}


def measure(count: int = STUDENTS, districts: int = 12, charters: int = 18) -> dict[str, Any]:
    """Walk the year."""
    with tempfile.TemporaryDirectory() as folder:
        walk = Walk(year.make(Path(folder), count, districts, charters))
        for today, lines in sorted(walk.state.days.items()):
            walk.day(today, lines)
    return {"measure": "identity_year", "students": count} | figures(walk.counts)


def figures(counts: Counter[str]) -> dict[str, Any]:
    """The counts, and what they are of the lines and of the questions."""
    names = ("lines", "assigned", "matched", "review", "refused", "second_numbers", "wrong_matches")
    asked = max(1, counts["review"])
    return {name: counts[name] for name in names} | {
        "reviews_per_1000_lines": round(1000 * counts["review"] / max(1, counts["lines"]), 2),
        "reviews_ended_same": counts["ended_same"],
        "reviews_ended_new": counts["ended_new"],
        "right_one_not_shown": counts["right_not_shown"],
        "right_one_first_percent": round(100 * counts["right_first"] / max(1, counts["ended_same"]), 1),
        "ended_new_percent": round(100 * counts["ended_new"] / asked, 1),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(int(sys.argv[1]) if sys.argv[1:] else STUDENTS)) + "\n")
