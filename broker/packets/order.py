"""Which moves of a round are written in it, and which packets wait for the next one.

Owns this. Promises: pure; a table that an LEA sends again after another one of its type waits until that one has been
worked, because only then are its rows news.
"""

from collections.abc import Sequence

from broker.core.files import table_ids
from broker.edge.ledger.packets.rows import Move, PacketRow


def in_turn(planned: Sequence[Move], returned: Sequence[PacketRow]) -> tuple[list[Move], list[PacketRow]]:
    """The moves to be written now, and the packets that wait, which are `returned` and more."""
    now, waiting = list[Move](), list(returned)
    has_turn = table_ids.in_turn([(one.row.origin, one.document[0] if one.document else "") for one in planned])
    for one, is_now in zip(planned, has_turn, strict=True):
        if is_now:
            now.append(one)
        else:
            waiting.append(one.row._replace(attempts=0))
    return now, waiting
