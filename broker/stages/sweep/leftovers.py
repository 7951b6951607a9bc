"""leftovers: purges bytes that will not be worked with again, the oldest first.

Contract: the bytes of a refused packet or a duplicate are kept for `refused_days`, as long as they are within the LEA's
share; then they are removed from the vault, or from quarantine, and the row says `purged`. Rows, events and receipts
stay, and so do bytes that belong to another packet, too, which was not refused. Repeating it changes nothing.
"""

from collections.abc import Iterable, Sequence

from broker.edge.home.quarantine import Quarantine, Thing
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.packets import keeping, packets
from broker.edge.ledger.packets.keeping import Leftover
from broker.packets.services import Services

_AT_ONCE = 500  # packets of one LEA in one round
_IN_A_TRANSACTION = 20
_DAY = 86_400.0
_REMOVED = 1_000  # files and folders of one LEA in quarantine, in one round


def purge(services: Services) -> int:
    """Purge the bytes of packets that are over age or share; returns the number of packets."""
    with reading(services.engine) as connection:
        over = [one for one in keeping.kept(connection) if _is_over(services, one.files, one.bytes, one.oldest)]
        chosen = [one for of in over for one in _over(services, of, keeping.oldest(connection, of.origin, _AT_ONCE))]
    for start in range(0, len(chosen), _IN_A_TRANSACTION):
        _purge(services, chosen[start : start + _IN_A_TRANSACTION])
    return len(chosen)


def _is_over(services: Services, files: int, size: int, oldest: float) -> bool:
    of = services.settings.intake
    is_old = oldest < services.clock().timestamp() - of.refused_days * _DAY
    return is_old or files > of.refused_files or size > of.refused_bytes


def _over(services: Services, of: keeping.Kept, some: Sequence[Leftover]) -> Iterable[Leftover]:
    files, size = of.files, of.bytes
    for one in some:
        if not _is_over(services, files, size, one.updated_at):
            return
        files, size = files - 1, size - one.size
        yield one


def _purge(services: Services, some: Sequence[Leftover]) -> None:
    """Purge these packets. The check and the removal happen while nobody else can write, so intake can trust what it
    stored."""
    with writing(services.engine) as connection:
        for sha256 in {one.sha256 for one in some} - keeping.needed(connection, [one.sha256 for one in some]):
            services.vault.remove(sha256)
        keeping.purge(connection, some, services.clock().timestamp())


class SetAside:
    """Purges quarantine: things set aside that are over age or share; a folder with very many files takes several
    rounds."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._quarantine = Quarantine(services.home.quarantine)
        self._origins: dict[str, str] = {}  # the LEAs of the things in quarantine, by tracking id

    def clear(self) -> int:
        """Remove some of these things. Returns how many files and folders it removed."""
        things = self._quarantine.things()
        self._look_up({one.tracking for one in things})
        mine: dict[str, list[Thing]] = {}
        for one in things:
            mine.setdefault(self._origins[one.tracking], []).append(one)
        return sum(map(self._clear_some, mine.values()))

    def _clear_some(self, mine: Sequence[Thing]) -> int:
        left = _REMOVED
        for one in self._over(mine):
            if left > 0:
                left -= self._quarantine.remove(one, left)
        return _REMOVED - left

    def _look_up(self, trackings: set[str]) -> None:
        self._origins = {one: origin for one, origin in self._origins.items() if one in trackings}
        with reading(self._services.engine) as connection:
            for one in trackings - self._origins.keys():
                row = packets.get(connection, one)
                self._origins[one] = row.origin if row else ""

    def _over(self, mine: Sequence[Thing]) -> Iterable[Thing]:
        files, size = sum(one.files for one in mine), sum(one.size for one in mine)
        for one in sorted(mine, key=lambda one: one.at):
            if not _is_over(self._services, files, size, one.at):
                return
            files, size = files - one.files, size - one.size
            yield one
