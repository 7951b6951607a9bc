"""ssid-request: numbers are given and what is known is corrected, line by line (`broker.students.lines`).

Contract: as `planning`. Lines that cannot be read are answered too, and keep none of the others back.
"""

from collections.abc import Mapping
from typing import Any

from broker.core.model import Document
from broker.edge.ledger.packets.rows import Move, PacketRow
from broker.edge.settings.values import Settings
from broker.formats.ssid.lines import SHEET, Unread
from broker.notices.answers import Answer, Outcome
from broker.packets.services import Services
from broker.stages.applied.planning import by_lines
from broker.students.line_request import LineRequest
from broker.students.lines import Line, Work, unread
from handlers import ssid_request
from handlers.line_facts import named
from handlers.ssid_request import Request


def planned(services: Services, row: PacketRow, document: Document, done: Move) -> Move:
    """The move of a checked `ssid-request.v1`, from whichever form it was read."""
    body = document.body
    numbers = [one.ssid for one in body[SHEET].unread] if SHEET in body else []
    is_whole = SHEET in body and body[SHEET].is_whole
    work = Work(row, lines_of(body, services.settings), ssid_request.form_of(body), numbers, is_whole=is_whole)
    return by_lines(services, work, done)


def lines_of(body: Mapping[str, Any], settings: Settings) -> list[Line]:
    """What the lines of a checked document ask for, and what those that cannot be carried out are answered."""
    requests = ssid_request.requests(body, settings.time)
    return [unread(one) if isinstance(one, Unread) else _of_request(settings, one) for one in requests]


def _of_request(settings: Settings, request: Request) -> Line:
    line = LineRequest(
        line=request.line,
        student=request.student,
        request=request.kind,
        school=request.school,
        day=request.entry.isoformat(),
        code=request.code,
        exit_day=request.exit.isoformat() if request.exit else "",
        exit_code=request.exit_code,
        grade=request.grade,
        programme=request.programme,
        school_year=str(request.school_year or settings.claims.calendar.containing(request.entry)),
        form=request.form,
        **named(request.facts),
    )
    lacking = ssid_request.lack(request)
    if lacking:
        return line, Answer(line.line, Outcome.REFUSED, None, "missing", lacking)
    if request.exit and request.exit < request.entry:
        must = "exit_date must not be before entry_date."
        return line, Answer(line.line, Outcome.REFUSED, None, "unreadable", "exit_date", must)
    return line
