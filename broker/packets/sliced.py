"""sliced: what all packets have in common whose work is cut into transactions of their own before their move.

Contract: every transaction begins with the lock on the registry where it changes students, in the one order of all
writers, and then `is_held`, which compares the claim, locks the packet and makes the lease longer; so two workers never
carry out the same packet at once, and a long one outlives no lease. The document's id is
the packet's before anything is carried out.
"""

from abc import ABC, abstractmethod

from broker.edge.ledger.engine import Writing, writing
from broker.edge.ledger.packets import moves, packets, slices
from broker.edge.ledger.packets.rows import Move, PacketRow
from broker.edge.ledger.packets.slices import Slice
from broker.packets.services import Services


class Sliced(ABC):
    """One packet. `row` knows its type and document id, `move` is what becomes of it then."""

    def __init__(self, services: Services, row: PacketRow, move: Move) -> None:
        self.services = services
        self.row = row
        self.move = move
        self.notices: list[PacketRow] = []  # made, and left with the move
        self._is_repeated = False

    def __call__(self) -> bool:
        """Go on for one turn; whether nothing is left but `end`. False, too, where somebody else has the packet."""
        parts = self._begun()
        if parts is None:
            return False
        return self._is_repeated or self.go_on(parts)

    @abstractmethod
    def go_on(self, parts: list[Slice]) -> bool:
        """Go on behind these parts."""

    def end(self, connection: Writing) -> Move:
        """In the transaction of the move: what was made is left, and what was kept is forgotten."""
        packets.born(connection, self.notices, [])
        slices.purge(connection, self.row.tracking)
        return self.move

    def is_held(self, connection: Writing) -> bool:
        """Whether this worker has the packet still; for one more lease then."""
        until = self.services.clock().timestamp() + self.services.settings.workers.lease_seconds
        return packets.prolong(connection, self.move.row, until)

    def _begun(self) -> list[Slice] | None:
        """What is done so far; None where somebody else has the packet. Where the document's id is another packet's,
        the move finds that too, and nothing is to be done."""
        with writing(self.services.engine) as connection:
            if not self.is_held(connection):
                return None
            self._is_repeated = not moves.keep_id(connection, self.move)
            return slices.of(connection, self.row.tracking)
