"""Packets that wait for their student, when two numbers of one student are merged and when that merge is undone.

Promises: a waiting packet is released only when the student is enrolled somewhere; an undelivered packet that the merge
moved never goes on to the place where the merge sent it.
"""

from collections.abc import Iterable
from itertools import islice

from broker.core.model import HeldFor, LeaId, State
from broker.core.routing import Travels, enrolled_at
from broker.core.stays import Today
from broker.edge.ledger.cases import transfers
from broker.edge.ledger.engine import Writing
from broker.edge.ledger.packets import moves, packets, views
from broker.edge.ledger.packets.rows import Move, PacketRow, Step
from broker.edge.ledger.packets.views import Held
from broker.edge.ledger.people import stays
from broker.edge.ledger.people.merge_rows import Stood

_ON_THE_WAY = (State.ADMITTED, State.ROUTED, State.HELD)
_GONE = (State.DELIVERED, State.COLLECTED)


def release(
    connection: Writing, ssid: str, at: float, today: Today, travels: Travels, most: int | None = None
) -> list[Stood]:
    """Release packets about this student that wait for an enrollment which is there now, or for the key of an LEA where
    the student no longer is: the `most` oldest, or all. Returns where they stood.

    `at` is seconds since the epoch.
    """
    account = stays.account(connection, ssid, today)

    def goes(held: Held) -> bool:
        waiting = transfers.awaiting(connection, ssid, held.origin) if len(account.holders) > 1 else ()
        goal = enrolled_at(
            account, LeaId(held.origin), LeaId(held.addressed_to) if held.addressed_to else None, waiting
        )
        if held.held_for == HeldFor.ENROLLMENT:
            return bool(goal)
        return _follows(held, travels) and goal != held.receiver

    kinds = [one for one in views.held_kinds(connection, ssid) if goes(one)]
    trackings = (one for kind in kinds for one in views.held_of(connection, ssid, kind, most))
    found = (packets.get(connection, tracking) for tracking in islice(trackings, most))
    planned = [
        Move(row, row._replace(state=State.ADMITTED, held_for=""), (Step(State.ADMITTED, row.held_for),))
        for row in found
        if row is not None
    ]
    done = moves.advance(connection, planned, at).moved
    return [(one.row.tracking, one.row.state, one.row.held_for, one.row.receiver) for one in done]


def undo_release(
    connection: Writing, stood: Iterable[Stood], at: float, travels: Travels
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Bring packets back to where they stood. Returns those that were brought back, and those that were delivered
    since."""
    planned: list[Move] = []
    gone = []
    for tracking, state, held_for, receiver in stood:
        row = packets.get(connection, tracking)
        if row is None or (row.state, row.held_for, row.receiver) == (state, held_for, receiver):
            continue
        if row.state in _GONE and state not in _GONE:
            gone.append(tracking)
        elif row.state in _ON_THE_WAY and _is_led(row, travels):
            planned.append(_back(row, is_held=(state, held_for) == (State.HELD, HeldFor.ENROLLMENT)))
    done = moves.advance(connection, [one for one in planned if one.steps], at).moved
    return tuple(one.row.tracking for one in done), tuple(gone)


def _follows(row: Held, travels: Travels) -> bool:
    """Whether this packet goes to where the student is now."""
    return row.type in travels.follow or (row.type in travels.kept and not row.addressed_to)


def _is_led(row: PacketRow, travels: Travels) -> bool:
    """Whether the enrollment decides where this packet goes, whatever its `to` says. A packet that is addressed goes
    there; a part of the record store (it has no document id) has a fixed receiver and is checked when it is
    delivered."""
    return row.type not in travels.addressed and not (row.type in travels.kept and not row.packet_id)


def _back(row: PacketRow, is_held: bool) -> Move:
    """Hold the packet for an enrollment again if it was held before; otherwise route it again."""
    held, admitted = Step(State.HELD, HeldFor.ENROLLMENT), Step(State.ADMITTED, HeldFor.ENROLLMENT)
    ways = {
        (State.ADMITTED, True): (held,),
        (State.ROUTED, True): (held,),
        (State.HELD, True): (admitted, held),
        (State.ADMITTED, False): (),
        (State.ROUTED, False): (held, admitted),
        (State.HELD, False): (admitted,),
    }
    new = row._replace(receiver="", state=State.ADMITTED, held_for="")
    if is_held:
        new = new._replace(state=State.HELD, held_for=HeldFor.ENROLLMENT)
    return Move(row, new, ways[row.state, is_held])
