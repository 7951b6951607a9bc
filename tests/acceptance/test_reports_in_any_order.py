"""However the same reports come, the exchange knows the same: one packet or many, any order, once or twice.

LEAs tell of two children, brothers or sisters, what true LEAs may tell of their stays (`tests.support.histories`). Told
on time in few packets, or cut and shuffled and in part told twice: the same stays, the same live cases with the same
due dates, the same alerts. All of it happens at one instant, so that due dates can be compared.

The stories are the same in every run; SATCHEL_ORDER_EXAMPLES tries so many new ones.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from broker.core.model import Ssid
from broker.core.transfer import LIVE
from broker.edge.ledger.cases import transfers
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.people import flags, registry
from broker.flags import missing
from tests.support import desk, documents
from tests.support.histories import Spells, cut
from tests.support.office import Office
from tests.support.scale import larger
from tests.support.told import Report

pytestmark = pytest.mark.slow

_FRESH = int(os.environ.get("SATCHEL_ORDER_EXAMPLES", "0"))
_NUMBERS = range(Random().randrange(10**9), 10**10)[:_FRESH] if _FRESH else range(larger(12, 24))
_LEAS, FIRST_LEA, STATE = ("A1", "B2", "C3"), "Z9", "UT"
_CHILDREN = iter(desk.children(4 * (_FRESH + 100), 3000))

Line = tuple[int, Report]
"""Which of the two children, and what is told of it."""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    made = Office(tmp_path_factory.mktemp("office"), *_LEAS, FIRST_LEA, STATE, kinds={STATE: "state"})
    now = _autumn(made.services.clock())
    made.services = replace(made.services, clock=lambda: now)
    return made


def _autumn(now: datetime) -> datetime:
    """The next 15 September: the last school year is over, this one has begun, and keys are good."""
    soon = now + timedelta(days=2)
    this_year = soon.replace(month=9, day=15, hour=18)
    return this_year if this_year > soon else this_year.replace(year=soon.year + 1)


@dataclass
class Family:
    """Two children whom an LEA had long ago, so that each has a number."""

    office: Office
    children: list[dict[str, Any]]

    def send(self, lea: str, lines: Iterable[Line]) -> None:
        """One packet; every line finds its child."""
        told = [_line(self.children[number], report) for number, report in lines]
        document = documents.enrollment(0, **{"from": lea, "students": told})
        row = self.office.send(lea, document)
        assert row.state == "APPLIED", (row.state, row.code)
        answers = self.office.newest_notice(lea, "ssid")["students"]
        assert {one["answer"] for one in answers} == {"matched"}, (answers, lines)

    def flag(self) -> None:
        """The first one is missing."""
        with writing(self.office.services.engine) as connection:
            missing.put(
                self.office.services, connection, self.children[0]["ssid"], "an officer", "notice of the police"
            )

    def seen(self) -> dict[str, Any]:
        """What the exchange knows of both, without numbers of packets and times."""
        looks = {"stays": _stays, "cases": _cases, "alerts": _alerts}
        with reading(self.office.services.engine) as connection:
            return {
                f"{what} of {number}": look(connection, child["ssid"])
                for number, child in enumerate(self.children)
                for what, look in looks.items()
            }


def _line(child: Mapping[str, Any], report: Report) -> dict[str, Any]:
    facts = {"dual": report.dual, "military": report.military}
    told = {"student": child, "school": report.school, "event": report.event, "date": report.day.isoformat()}
    return told | {"code": ""} | {name: value for name, value in facts.items() if value is not None}


def _stays(connection: Any, ssid: str) -> list[tuple[Any, ...]]:
    found = registry.locations(connection, Ssid(ssid))
    return sorted(
        (one.lea, one.school, one.entry_date, one.exit_date, bool(one.dual), bool(one.military))
        for one in found
        if one.entry_date != one.exit_date
    )


def _cases(connection: Any, ssid: str) -> list[tuple[Any, ...]]:
    live = [one for one in transfers.about(connection, ssid) if one.state in LIVE]
    return sorted((one.source, one.destination, str(one.state), one.entered_on, one.due_on, one.rule) for one in live)


def _alerts(connection: Any, ssid: str) -> set[str]:
    """Whom the state is told of because the child is missing; how often depends on the packets.

    That an announcement contradicts what is known is told when it comes: that depends on what is known then.
    """
    mine = [one for one in flags.alerts_of(connection, limit=100_000) if one.ssid == ssid]
    return {one.lea for one in mine if one.kind != "announced"}


def _family(office: Office) -> Family:
    one, other = next(_CHILDREN), next(_CHILDREN)
    name = other["legal_name"] | {"last": one["legal_name"]["last"]}
    sibling = other | {"legal_name": name}
    long_ago = (office.services.clock() - timedelta(days=900)).date()
    lines = office.enroll(FIRST_LEA, one, sibling, date=long_ago.isoformat())
    assert [line["answer"] for line in lines] == ["assigned"] * 2, lines
    children = [dict(child) | {"ssid": line["ssid"]} for child, line in zip((one, sibling), lines, strict=True)]
    office.enroll(FIRST_LEA, *children, event="exit", date=(long_ago + timedelta(days=60)).isoformat())
    return Family(office, children)


class Story:
    """Two children's stays, and the ways in which they may be told."""

    def __init__(self, number: int, office: Office) -> None:
        first = (office.services.clock() - timedelta(days=380)).date()
        self.random = Random(number)
        self.spells = [Spells(2 * number + n, first, _LEAS) for n in range(2)]
        self.is_flagged = self.random.random() < 0.3

    def on_time(self) -> Iterator[list[Line]]:
        """LEA by LEA, in the order of days, in as few packets as can be: a correction needs another one."""
        lines = [(number, one) for number, spells in enumerate(self.spells) for one in spells.in_order()]
        for lea in _LEAS:
            mine = [line for line in lines if line[1].lea == lea]
            yield from _join([[line] for line in mine], lambda: True)

    def crooked(self) -> Iterator[list[Line]]:
        """In any order, cut anyhow, some of it twice."""
        queues = [cut(spells.shuffled(self.random), self.random) for spells in self.spells]
        mixed: list[list[Line]] = []
        while any(queues):
            number = self.random.choice([n for n, queue in enumerate(queues) if queue])
            mixed.append([(number, one) for one in queues[number].pop(0)])
        for packet in _join(mixed, lambda: self.random.random() < 0.4):
            yield packet
            if self.random.random() < 0.3:
                yield packet


def _join(packets: Sequence[list[Line]], joins: Any) -> list[list[Line]]:
    """Neighbours of one LEA become one packet where that is wanted and each child's days still are in order."""
    made: list[list[Line]] = []
    for packet in packets:
        last = made[-1] if made else []
        days = [max((one.day for n, one in last if n == number), default=None) for number, _ in packet]
        in_order = all(day is None or day <= one.day for day, (_, one) in zip(days, packet, strict=True))
        if last and last[0][1].lea == packet[0][1].lea and in_order and joins():
            made[-1] = last + packet
        else:
            made.append(packet)
    return made


@pytest.mark.grows
@pytest.mark.parametrize("number", _NUMBERS)
def test_the_same_reports(number: int, office: Office) -> None:
    told = []
    for way in (Story.on_time, Story.crooked):
        family, story = _family(office), Story(number, office)
        if story.is_flagged:
            family.flag()
        for packet in way(story):
            family.send(packet[0][1].lea, packet)
        told.append((family.seen(), list(way(Story(number, office)))))
    (expected, _), (seen, packets) = told
    differ = {what: (seen[what], expected[what]) for what in seen if seen[what] != expected[what]}
    assert not differ, packets
