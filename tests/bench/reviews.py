"""A year of a synthetic state's enrollments, each line sent twice: what is asked, how it ends, what is asked again.

Each question is decided by the truth, at once. The next night every LEA sends the same lines again, without its own
numbers: what is asked then was decided before, or needed no question.

`python -m tests.bench.reviews [STUDENTS]` prints one line of JSON and ends with 1 where a child was taken for another.
"""

import json
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

from broker.core.model import Ssid, TrackingId
from broker.core.review import By, Choice, Verb
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.people import reviews
from broker.edge.ledger.people.reviews import Review
from broker.students import decide
from tests.support import desk, year
from tests.support.year import Year

STUDENTS = 5000
_BY = By("The bench", "the truth of the simulation")


@dataclass
class Told:
    """What the exchange has said so far, beside the truth."""

    walked: Year
    numbers: dict[str, set[str]] = field(default_factory=dict)  # by person
    persons: dict[str, str] = field(default_factory=dict)  # by SSID: to whom it was given
    counts: Counter[str] = field(default_factory=Counter)

    def day(self, today: date, lines: list[dict[str, Any]]) -> None:
        """All LEAs send what happened on this day."""
        self.walked._set_clock(today)
        for lea, some in groupby(sorted(lines, key=lambda line: str(line["lea"])), key=lambda line: str(line["lea"])):
            own = list(some)
            self._send(lea, own, "")
            again = [one for one in own if one["entry"]["event"] == "entry"]
            if again:
                self._send(lea, [_without_number(one) for one in again], "_again")

    def _send(self, lea: str, lines: list[dict[str, Any]], night: str) -> None:
        office = self.walked.office
        document = desk.enrollment(lea) | {"id": str(self.walked._uuid()), "students": [one["entry"] for one in lines]}
        row = office.send(lea, document)
        for line, said in zip(lines, office.newest_notice(lea, "ssid")["students"], strict=True):
            self.counts[f"lines_{line['entry']['event']}{night}"] += 1
            if said["ssid"]:
                self._given(line["person"], said["answer"], said["ssid"])
            elif said["answer"] == "review":
                self._decide(row.tracking, said["line"], line, night)
            else:
                self.counts[f"refused{night}"] += 1

    def _given(self, person: str, answer: str, ssid: str) -> None:
        """A number of a person's own, the second number of one, or that of somebody else."""
        owner = self.persons.setdefault(ssid, person)
        self.counts["wrong_matches"] += owner != person
        known = self.numbers.setdefault(person, set())
        self.counts["second_ssids"] += answer == "assigned" and bool(known)
        known.add(ssid)

    def _decide(self, tracking: TrackingId, number: int, line: Mapping[str, Any], night: str) -> None:
        services = self.walked.office.services
        with reading(services.engine) as connection:
            found = next(one for one in reviews.lines(connection, tracking) if one.line == number)
        known = self.numbers.get(line["person"], set())
        places = [place for place, one in enumerate(found.candidates) if one.ssid in known]
        verb = Verb.SAME if places else Verb.NEW
        self.counts[f"reviews{night}"] += 1
        if not night:
            self._count(found, verb, places, line)
        choice = Choice(verb, Ssid(found.candidates[places[0]].ssid) if places else None)
        with writing(services.engine) as connection:
            decide.decide(services, connection, tracking, number, choice, _BY)
        self.walked.office.work()
        told = self.walked.office.newest_notice(line["lea"], "ssid")["students"][0]
        if told["ssid"]:
            self._given(line["person"], told["answer"], told["ssid"])

    def _count(self, found: Review, verb: Verb, places: list[int], line: Mapping[str, Any]) -> None:
        self.counts[str(verb)] += 1
        self.counts["first"] += places[:1] == [0]
        self.counts["one_candidate"] += len(found.candidates) == 1
        self.counts["missed"] += verb is Verb.NEW and line["person"] in self.numbers


def _without_number(line: dict[str, Any]) -> dict[str, Any]:
    """The line as a system sends it that does not export the LEA's own number."""
    entry = line["entry"]
    student = {name: part for name, part in entry["student"].items() if name != "local_id"}
    return line | {"entry": entry | {"student": student}}


def run(root: Path, students: int, districts: int = 12, charters: int = 18) -> dict[str, object]:
    """Walk the year. `same_share` and `new_share` are of all reviews, `first_share` of those that ended `same`;
    `reviews_again` are what was asked of the same lines the next night, `missed` the questions without the right one.
    """
    told = Told(year.make(root, students, districts, charters))
    for day in sorted(told.walked.days):
        told.day(date.fromisoformat(day), told.walked.days[day])
    counts = told.counts
    entries, asked, same = counts["lines_entry"], counts["reviews"], counts[str(Verb.SAME)]
    return {
        "measure": "reviews",
        "students": students,
        "entries": entries,
        "reviews_per_1000_entries": _share(1000 * asked, entries),
        "same_share": _share(same, asked),
        "new_share": _share(counts[str(Verb.NEW)], asked),
        "first_share": _share(counts["first"], same),
        "again_per_1000_entries": _share(1000 * counts["reviews_again"], counts["lines_entry_again"]),
        **{name: counts[name] for name in ("reviews", "reviews_again", "one_candidate", "missed")},
        **{name: counts[name] for name in ("second_ssids", "wrong_matches", "refused")},
    }


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        done = run(Path(folder), int(sys.argv[1]) if sys.argv[1:] else STUDENTS)
    sys.stdout.write(json.dumps(done) + "\n")
    sys.exit(bool(done["wrong_matches"]))
