"""enrollment: which students enter and leave an LEA's schools is carried out line by line (`broker.students.lines`).

Contract: as `planning`. The lines are settled in the order of their days and answered by one sealed `ssid` notice; what
is in doubt is asked in a `review` notice.
"""

from collections.abc import Sequence
from dataclasses import replace

from broker.core.model import Document, Student
from broker.edge.ledger.packets.rows import Move, PacketRow
from broker.packets.services import Services
from broker.stages.applied.planning import by_lines
from broker.students.line import EXIT
from broker.students.lines import Work
from broker.students.wish import Wish
from handlers import enrollment
from handlers.enrollment import Entry
from handlers.line_facts import named


def planned(services: Services, row: PacketRow, document: Document, done: Move) -> Move:
    """The move of a checked `enrollment.v1`. A student's exit may stand in the line before the entry."""
    wishes = _with_exits([_of_entry(line, entry) for line, entry in enumerate(enrollment.entries(document.body))])
    wishes.sort(key=lambda wish: wish.day)
    return by_lines(services, Work(row, wishes), done)


def _with_exits(wishes: Sequence[Wish]) -> list[Wish]:
    """Each entry with the exits that the packet tells of the same student at the same school: a system that exports
    every night sends both again and again, and the entry is not to open each time what the exit then ends."""
    exits: dict[tuple[Student, str], tuple[str, ...]] = {}
    for wish in wishes:
        if wish.request == EXIT:
            key = (wish.student, wish.school)
            exits[key] = (*exits.get(key, ()), wish.day)
    return [replace(wish, exits=exits.get((wish.student, wish.school), ())) for wish in wishes]


def _of_entry(line: int, entry: Entry) -> Wish:
    return Wish(
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
