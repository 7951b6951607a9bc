"""enrollment: which students enter and leave an LEA's schools is carried out line by line (`broker.students.lines`).

Contract: as `planning`. The lines are settled in the order of their days and answered by one sealed `ssid` notice; what
is in doubt is asked in a `review` notice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from broker.core.model import Document, Student
from broker.edge.ledger.packets.rows import Move, PacketRow
from broker.edge.settings.values import Settings
from broker.packets.services import Services
from broker.stages.applied.planning import by_lines
from broker.students.line import EXIT
from broker.students.line_request import LineRequest
from broker.students.lines import Work
from handlers import enrollment
from handlers.enrollment import Entry
from handlers.line_facts import named


def planned(services: Services, row: PacketRow, document: Document, done: Move) -> Move:
    """The move of a checked `enrollment.v1`. A student's exit may stand in the line before the entry."""
    requests = _with_exits(lines_of(document.body, services.settings))
    requests.sort(key=lambda one: one.day)
    return by_lines(services, Work(row, requests), done)


def lines_of(body: Mapping[str, Any], settings: Settings) -> list[LineRequest]:  # noqa: ARG001  as all that have lines
    """What the lines of a checked document ask for, in their order."""
    return [_of_entry(line, entry) for line, entry in enumerate(enrollment.entries(body))]


def _with_exits(requests: Sequence[LineRequest]) -> list[LineRequest]:
    """Each entry with the exits that the packet tells of the same student at the same school: a system that exports
    every night sends both again and again, and the entry is not to open each time what the exit then ends."""
    exits: dict[tuple[Student, str], tuple[str, ...]] = {}
    for one in requests:
        if one.request == EXIT:
            key = (one.student, one.school)
            exits[key] = (*exits.get(key, ()), one.day)
    return [replace(one, exits=exits.get((one.student, one.school), ())) for one in requests]


def _of_entry(line: int, entry: Entry) -> LineRequest:
    return LineRequest(
        line=line,
        student=entry.student,
        request=entry.event,
        school=entry.school,
        day=entry.date.isoformat(),
        code=entry.code,
        grade=entry.grade,
        programme=entry.programme,
        school_year=str(entry.school_year or ""),
        **named(entry.facts),
    )
