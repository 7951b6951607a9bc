"""enrollment: which students enter and leave an LEA's schools is carried out line by line (`broker.students.lines`).

Contract: as `planning`. The lines are settled in the order of their days and answered by one sealed `ssid` notice; what
is in doubt is asked in a `review` notice. Lines of a table that cannot be read are answered too, and keep none of the
others back; the table itself is given back with what became of each line.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from broker.core.model import Document, Student
from broker.edge.ledger.packets.rows import Move, PacketRow
from broker.edge.settings.values import Settings
from broker.formats.ssid.lines import SHEET
from broker.packets.services import Services
from broker.stages.applied.planning import by_lines
from broker.students.line import EXIT
from broker.students.line_request import LineRequest
from broker.students.lines import Line, Work, unread
from handlers import enrollment
from handlers.enrollment import Entry
from handlers.line_facts import named


def planned(services: Services, row: PacketRow, document: Document, done: Move) -> Move:
    """The move of a checked `enrollment.v1`. A student's exit may stand in the line before the entry."""
    body = document.body
    requests = _with_exits(_requests(body))
    requests.sort(key=lambda one: one.day)
    faulty = enrollment.unread(body)
    lines: list[Line] = [*requests, *map(unread, faulty)]
    named_too, back = [one.ssid for one in faulty], enrollment.back(body)
    return by_lines(services, Work(row, lines, "", named_too, back, SHEET in body and body[SHEET].is_whole), done)


def lines_of(body: Mapping[str, Any], settings: Settings) -> list[Line]:  # noqa: ARG001  as all that have lines
    """What the lines of a checked document ask for, in their order, and what those that cannot be read are answered."""
    return [*_requests(body), *map(unread, enrollment.unread(body))]


def _requests(body: Mapping[str, Any]) -> list[LineRequest]:
    return [_of_line(entries) for entries in _by_line(enrollment.entries(body))]


def _by_line(entries: Iterable[Entry]) -> list[list[Entry]]:
    return [list(some) for _, some in groupby(entries, key=lambda one: one.line)]


def _with_exits(requests: Sequence[LineRequest]) -> list[LineRequest]:
    """Each entry with the exits that the packet tells of the same student at the same school: a system that exports
    every night sends both again and again, and the entry is not to open each time what the exit then ends."""
    exits: dict[tuple[Student, str], tuple[str, ...]] = {}
    for one in requests:
        if one.request == EXIT:
            key = (one.student, one.school)
            exits[key] = (*exits.get(key, ()), one.day)
    return [replace(one, exits=exits.get((one.student, one.school), ())) for one in requests]


def _of_line(entries: Sequence[Entry]) -> LineRequest:
    """One line; where it tells of the entry and of the exit, the exit ends what the entry opens."""
    first, last = entries[0], entries[-1]
    request = _of_entry(first)
    return request if last is first else replace(request, exit_day=last.date.isoformat(), exit_code=last.code)


def _of_entry(entry: Entry) -> LineRequest:
    return LineRequest(
        line=entry.line,
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
