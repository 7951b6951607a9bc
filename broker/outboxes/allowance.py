"""allowance: how much of one LEA's outbox may be taken in now.

Contract: intake never touches the disk's reserve, and one LEA never has more unfinished packets in the vault than its
share; further files stay in the outbox, where they are safe, and are taken in when there is room. Receipts, the ledger
and deliveries go on meanwhile. The operator is told once when the reserve is reached; the LEA is told by a file beside
its README.txt, because `receipts` holds only signed statements.
"""

import threading
import time
from collections.abc import Sequence

from broker.core.errors import Deferred
from broker.core.model import LeaId
from broker.edge.home.disk_room import Room
from broker.edge.home.readiness import Found
from broker.edge.ledger.engine import reading
from broker.edge.ledger.packets import keeping
from broker.outboxes.notice import OutboxNotice
from broker.packets.services import Services

_LOOK_SECONDS = 5.0  # between two reads of the ledger; files taken meanwhile are added
_MOMENT = 1.0  # the count must be this fresh before an LEA counts as full
_TEXT = """{files} of your files, with {bytes} bytes, have not come to their end: the exchange is working on them, or
holds them for what their receipts name. It takes no more from your outbox until they are fewer. Nothing is lost: what
is in outbox stays there, and the exchange takes it later, by itself. If that takes long, look at the receipts that say
HELD, or call the state's exchange operator.
"""


class Shares:
    """How much each LEA has waiting; threads may share it. Reading the ledger takes at most a twentieth of the time,
    however much waits; files taken since are added."""

    def __init__(self, services: Services) -> None:
        self._services = services
        of = services.settings.intake
        self._most = of.waiting_files, of.waiting_bytes
        self._lock = threading.Lock()
        self._looked, self._cost = float("-inf"), 0.0
        self._waiting: dict[str, tuple[int, int]] = {}

    def is_full(self, lea: str, patience: float = _LOOK_SECONDS) -> bool:
        """Whether the LEA has used up its share, by counts that are at most `patience` seconds old."""
        files, size = self.of(lea, patience)
        return files >= self._most[0] or size >= self._most[1]

    def of(self, lea: str, patience: float = _LOOK_SECONDS) -> tuple[int, int]:
        """The LEA's waiting files and bytes."""
        with self._lock:
            begun = time.monotonic()
            if begun - self._looked > max(patience, 20 * self._cost):
                with reading(self._services.engine) as connection:
                    self._waiting = keeping.waiting(connection)
                self._looked = time.monotonic()
                self._cost = self._looked - begun
            return self._waiting.get(lea, (0, 0))

    def add(self, lea: str, size: int) -> None:
        """Count one more file."""
        with self._lock:
            files, before = self._waiting.get(lea, (0, 0))
            self._waiting[lea] = files + 1, before + size


class Allowance:
    """The allowance of all LEAs; threads may share it."""

    def __init__(self, services: Services, notice: OutboxNotice) -> None:
        self._services = services
        self._notice = notice
        self._room = Room(services.home.vault, services.settings.intake.reserve_bytes)
        self._shares = Shares(services)
        self._most = services.settings.limits.sealed_bytes
        self._is_told = False
        self._told: set[LeaId] = set()

    def is_open(self, lea: LeaId) -> bool:
        """Whether files of this LEA may be taken in now. Tells the operator and the LEA when that changes."""
        is_room = self._room.spare() > 0
        if is_room is self._is_told:
            self._is_told = not is_room
            say = "there is room again: intake goes on" if is_room else "the disk's reserve is reached: intake waits"
            self._services.log.warning(say, reserve_bytes=self._services.settings.intake.reserve_bytes)
        is_full = self._shares.is_full(lea) and self._shares.is_full(lea, _MOMENT)
        if is_full is not (lea in self._told):
            self._tell(lea, is_full)
        return is_room and not is_full

    def choose(self, lea: LeaId, ready: Sequence[Found]) -> list[Found]:
        """The files that may be taken in now; they are counted at once. A file that is too large is refused unread, so
        it needs no room."""
        chosen = []
        for one in ready:
            size = one.size if one.size <= self._most else 0
            if size < self._room.spare() and not self._shares.is_full(lea):
                self._room.take(size)
                self._shares.add(lea, size)
                chosen.append(one)
        return chosen

    def _tell(self, lea: LeaId, is_full: bool) -> None:
        files, size = self._shares.of(lea)
        self._services.log.warning("an LEA has its share of what may wait", lea=lea, full=is_full, files=files)
        try:
            self._notice.say_full(lea, _TEXT.format(files=files, bytes=size) if is_full else "")
        except Deferred:
            return  # the LEA is told when its folder is there again
        (self._told.add if is_full else self._told.discard)(lea)
