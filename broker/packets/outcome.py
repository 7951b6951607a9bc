"""The outcome of working a packet: a move, a refusal, a pause, or a counted attempt.

Promises: a `Refused` is told to the sender, a `Deferred` delays, a bug counts an attempt and is logged by place and
kind, never by its text; a failure of the world delays and is never counted.
"""

import traceback
from collections.abc import Sequence

from broker.core.errors import Deferred, PutAside, Refused
from broker.core.flow import Stage
from broker.core.model import State
from broker.edge.ledger.blame import Cause, cause_of
from broker.edge.ledger.packets.rows import Move, PacketRow, Step
from broker.packets.receipts import refusal, statements
from broker.packets.services import Services
from broker.packets.troubles import kind_of


def failed(
    services: Services, stage: Stage, row: PacketRow, error: Exception, moves: list[Move], returned: list[PacketRow]
) -> None:
    """Handle an error in the work on a packet: refuse it for good, try it later, or count the attempt for a bug. Adds
    to `moves` or to `returned`."""
    if isinstance(error, Refused):
        moves.append(refuse(services, row, error))
    elif isinstance(error, PutAside):
        returned.append(row._replace(lane=error.lane, attempts=0, due_at=0.0))
        services.log.info("put aside", tracking=row.tracking, stage=stage, lane=error.lane, why=error.why)
    elif isinstance(error, Deferred):
        returned.append(_later(services, row, deferrals=row.deferrals + 1, attempts=0))
        services.log.info("deferred", tracking=row.tracking, stage=stage, why=error.why)
    elif cause_of(error) is Cause.BUG:
        _report(services, stage, row, error)
        returned.append(_later(services, row, deferrals=row.deferrals, attempts=row.attempts))
    else:
        services.troubles.meet(services.log, "work", error, tracking=row.tracking, stage=stage)
        services.log.info("deferred", tracking=row.tracking, stage=stage, why=kind_of(error))
        returned.append(unblamed(services, row))


def unblamed(services: Services, row: PacketRow) -> PacketRow:
    """The packet as it was before this attempt, to be tried later: the packet did not cause the failure."""
    return _later(services, row, deferrals=row.deferrals + 1, attempts=max(row.attempts - 1, 0))


def _report(services: Services, stage: Stage, row: PacketRow, bug: Exception) -> None:
    """Log where the bug happened, never the exception's text: that may quote the packet."""
    places = [f"{frame.name}:{frame.lineno}" for frame in traceback.extract_tb(bug.__traceback__)]
    services.log.error(
        "bug", tracking=row.tracking, stage=stage, kind=type(bug).__name__, places=places, attempt=row.attempts
    )


def _later(services: Services, row: PacketRow, deferrals: int, attempts: int) -> PacketRow:
    workers = services.settings.workers
    pause = min(workers.retry_first_seconds * 2 ** min(deferrals + attempts, 30), workers.retry_most_seconds)
    due = services.clock().timestamp() + pause
    return row._replace(deferrals=deferrals, attempts=attempts, due_at=due)


def refuse(services: Services, row: PacketRow, refused: Refused) -> Move:
    """The move to REFUSED with the sender's receipt."""
    new = row._replace(state=State.REFUSED, code=refused.code, held_for="")
    return Move(row, new, (Step(State.REFUSED, refused.code),), refusal(services, row, refused))


def move(
    services: Services, row: PacketRow, new: PacketRow, steps: Sequence[Step], told: Sequence[tuple[str, State]]
) -> Move:
    """A move to `new`, with a receipt for each (party, state) in `told`."""
    return Move(row, new, tuple(steps), statements(services, new, told))


def repeated(services: Services, planned: Move, first: str, digest: str) -> Move:
    """The move of a packet whose document id was used before: DUPLICATE when the same document was sealed again,
    REFUSED when it is another document."""
    row = planned.row
    if planned.document is None or planned.document[1] != digest:
        return refuse(services, row, Refused("replayed-id", "/id"))
    same = planned.new._replace(state=State.DUPLICATE, duplicate_of=first)
    return move(services, row, same, [Step(State.DUPLICATE)], [(row.origin, State.DUPLICATE)])
