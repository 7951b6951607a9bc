"""planning: what becomes of a packet whose type ends at the exchange.

Contract: the handler names the module beside this one that applies its type (`applied_by`); its `planned` gives the
move, with the effect that carries the document out within the transaction that writes the move. An effect raises
Refused to undo everything of this packet, also where the key that signed it has ended since it was opened.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any

from broker.core.model import Document
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.packets.rows import Move, PacketRow
from broker.edge.settings.values import Settings
from broker.packets.round import RoundFacts
from broker.packets.services import Services
from broker.students import lines
from broker.students.lines import Line, Work
from broker.students.many.in_slices import InSlices
from handlers.registry import handler_of

# None: it was carried out; a move is what becomes of the packet instead
Apply = Callable[[Services, Writing, PacketRow, Document], Move | None]


def planned(services: Services, row: PacketRow, document: Document, done: Move) -> Move:
    """The move of a packet that ends here, with its effect; `row` knows the packet's type and document id, `done` is
    what becomes of the packet where nothing else is to be told of it."""
    applied: Any = import_module(f"broker.stages.applied.{handler_of(document.type).applied_by}")
    move: Move = applied.planned(services, row, document, done)
    return move


def lines_of(kind: str, body: Mapping[str, Any], settings: Settings) -> Sequence[Line]:
    """What the lines of a checked document of this type ask for; none where its type is not carried out by lines."""
    name = handler_of(kind).applied_by
    applied: Any = import_module(f"broker.stages.applied.{name}") if name else None
    found: Sequence[Line] = applied.lines_of(body, settings) if hasattr(applied, "lines_of") else ()
    return found


def as_a_whole(services: Services, row: PacketRow, document: Document, done: Move, apply: Apply, cost: int = 1) -> Move:
    """The move of a packet that is carried out in one go; `cost` is how many lines of an enrollment that is worth."""

    def effect(connection: Writing) -> Move:
        check_signer(services, connection, row)
        return apply(services, connection, row, document) or done

    return replace(done, effect=effect, lines=cost)


def by_lines(services: Services, work: Work, done: Move) -> Move:
    """The move of a packet that is carried out line by line, many of them in slices."""
    if len(work.lines) > services.settings.limits.lines_per_transaction:
        sliced = InSlices(services, work, done)
        return replace(done, slices=sliced, effect=sliced.end)

    def effect(connection: Writing) -> Move:
        check_signer(services, connection, work.row)
        lines.carry_out(services, connection, work)
        return done

    return replace(done, effect=effect, lines=len(work.lines))


def check_signer(services: Services, connection: Reading, row: PacketRow) -> None:
    """A key that was good when the packet was opened may have ended since, by an earlier packet of the same round, too.
    Raises Refused and Deferred as `RoundFacts.check_signer`."""
    RoundFacts(connection, services.clock(), services.today()).check_signer(row.origin, row.signer)
