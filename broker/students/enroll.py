"""enroll: the lines of an enrollment or SSID request are carried out, one student at a time.

Contract: called within a write transaction that holds `registry.lock`. `settle` looks the student up, and does what the
line asks, refuses the line, or leaves a question for a person; `settle_as` goes on where a person has decided. An SSID
in a line is a claim to be checked against name and birth date. No line ends another LEA's location (LAW: Retrieve keeps
the previous one), and only an LEA where the student is enrolled changes what is known of the student.
"""

from collections.abc import Iterable, Sequence

from broker.core.model import PacketType, Ssid
from broker.edge.ledger.cases.follow_ups import FollowUp
from broker.edge.ledger.engine import Writing
from broker.edge.ledger.packets import packets
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.people import registry
from broker.formats import returned
from broker.formats.returned import Back
from broker.formats.ssid import name
from broker.notices import answers
from broker.notices.answers import Answer, Outcome, SentLine
from broker.oversight import announced, claims
from broker.oversight.watch import Watch
from broker.packets import notify
from broker.packets.services import Services
from broker.students import dates, seek
from broker.students.line import EXIT, MAKES_NEW, Task, as_new
from broker.students.line_request import LineRequest
from broker.transfers import follow_up
from broker.transfers.follow_up import Pace

__all__ = ["LineRequest", "follow", "settle", "settle_as", "tell"]

_REPORTS = MAKES_NEW | {EXIT}


def settle(
    services: Services, connection: Writing, row: PacketRow, request: LineRequest, pace: Pace, watch: Watch
) -> Answer:
    """Carry out a line, or open a question of which `review.ask` tells. Raises Deferred as `pace` does."""
    task = Task(services, connection, row, request, pace, watch)
    return dates.answer(task) or seek.LOOK[request.request](task)


def settle_as(
    services: Services, connection: Writing, row: PacketRow, request: LineRequest, number: Ssid | None
) -> Answer:
    """Carry out a line as a person has decided: as that of this student or, with None, of a new one.

    Leaves the LEA a further notice about the line, and lets go what waited for the student.
    """
    registry.lock(connection)
    watch = Watch(services, connection, row)  # tells nothing here: who decided is told of by who calls
    task = Task(services, connection, row, request, Pace(services, connection), watch, is_late=True)
    answer = as_new(task) if number is None else seek.DO[request.request](task, number, Outcome.MATCHED)
    if answer.ssid:
        follow(services, connection, row, [(request, answer)])
    tell(services, connection, row, request.form, [(sent(request), answer)])
    return answer


def is_located(request: LineRequest, answer: Answer) -> bool:
    """Whether this line has opened a location, or found the very same one open."""
    return request.request in MAKES_NEW and answer.answer in (Outcome.ASSIGNED, Outcome.MATCHED)


def follow(services: Services, connection: Writing, row: PacketRow, done: Sequence[tuple[LineRequest, Answer]]) -> None:
    """What follows from lines that were carried out; called once for a packet, after its last."""
    at = services.clock().timestamp()
    follow_some(services, connection, [FollowUp(number, row.tracking, at) for number in reported(done)])
    claims.notice(services, connection, arrived(done))


def follow_some(services: Services, connection: Writing, moved: Sequence[FollowUp], at_once: int | None = None) -> int:
    """What follows of itself for students who have moved, each named once for a packet; as `follow_up.follow`."""
    followed = follow_up.follow(services, connection, moved, at_once)
    announced.tell(services, connection, [one.ssid for one in moved])
    return followed


def reported(done: Iterable[tuple[LineRequest, Answer]]) -> list[Ssid]:
    """The students of whom these lines have reported where they are, each once."""
    return list(dict.fromkeys(answer.ssid for request, answer in done if answer.ssid and request.request in _REPORTS))


def arrived(done: Iterable[tuple[LineRequest, Answer]]) -> list[Ssid]:
    """The students whom these lines have enrolled, each once."""
    return list(dict.fromkeys(answer.ssid for request, answer in done if answer.ssid and is_located(request, answer)))


def tell(
    services: Services, connection: Writing, row: PacketRow, form: str, lines: Sequence[tuple[SentLine, Answer]]
) -> None:
    """Leave the LEA a notice with the answers to these lines of its packet, in the `form` in which it asked."""
    made = answered(services, row, form, lines)
    services.vault.flush()
    packets.born(connection, [made], [])


def answered(
    services: Services,
    row: PacketRow,
    form: str,
    lines: Sequence[tuple[SentLine, Answer]],
    told: Sequence[str] = (),
) -> PacketRow:
    """The same notice, made and not left yet; the vault is to be flushed. `told` is said of the table as a whole."""
    if form:
        content = answers.table(form, name.stem_of(row.source_name), lines)
        return notify.made_of(services, row.origin, PacketType.SSID, content)
    return notify.made(services, row.origin, PacketType.SSID, answers.notice(row.packet_id, lines, told))


def given_back(services: Services, row: PacketRow, table: Back, lines: Iterable[Answer]) -> PacketRow:
    """The LEA's own table with these answers in it, made and not left yet."""
    content = returned.written(table, {one.line: answers.said(one) for one in lines})
    return notify.made_of(services, row.origin, PacketType.SSID, content)


def sent(request: LineRequest) -> SentLine:
    """By what the LEA knows the line again."""
    return SentLine(request.student.legal_name, request.student.local_id, request.school_year)
