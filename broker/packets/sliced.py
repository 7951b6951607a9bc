"""sliced: the base of packets whose work is cut into several transactions before their move.

Contract: every transaction begins with the lock on the registry where it changes students, in the one order of all
writers, and then `is_held`, which compares the claim, locks the packet and prolongs the lease. So two workers never
carry out the same packet at once, and a long packet does not outlive its lease. The packet takes its document's id
before anything is carried out.
"""

from abc import ABC, abstractmethod

from broker.edge.ledger.engine import Writing, writing
from broker.edge.ledger.packets import moves, packets, slices
from broker.edge.ledger.packets.rows import Move, PacketRow
from broker.edge.ledger.packets.slices import Slice
from broker.packets.services import Services


class Sliced(ABC):
    """One packet. `row` has its type and document id; `move` is its move at the end."""

    def __init__(self, services: Services, row: PacketRow, move: Move) -> None:
        self.services = services
        self.row = row
        self.move = move
        self.notices: list[PacketRow] = []  # made already; they are left together with the move
        self._is_repeated = False

    def __call__(self) -> bool:
        """Work for one turn. Returns whether only `end` is left; also False where another worker has the packet."""
        parts = self._begun()
        if parts is None:
            return False
        return self._is_repeated or self.go_on(parts)

    @abstractmethod
    def go_on(self, parts: list[Slice]) -> bool:
        """Work for one turn after these finished parts. Returns whether only `end` is left."""

    def end(self, connection: Writing) -> Move:
        """Leave the notices and delete the kept slices, in the transaction of the move. Returns the move."""
        packets.born(connection, self.notices, [])
        slices.purge(connection, self.row.tracking)
        return self.move

    def is_held(self, connection: Writing) -> bool:
        """Whether this worker still has the packet; prolongs its lease then."""
        until = self.services.clock().timestamp() + self.services.settings.workers.lease_seconds
        return packets.prolong(connection, self.move.row, until)

    def _begun(self) -> list[Slice] | None:
        """The finished parts; None where another worker has the packet. Where another packet has the document's id,
        nothing is left to do here: the move finds that, too."""
        with writing(self.services.engine) as connection:
            if not self.is_held(connection):
                return None
            self._is_repeated = not moves.keep_id(connection, self.move)
            return slices.of(connection, self.row.tracking)
