"""leftovers: bytes that nobody will work with again go, the oldest first.

Contract: what was refused, or was a duplicate, can be looked at for `refused_days`, as long as it is within the LEA's
share; then its bytes go from the vault, or from quarantine, and its row says `purged`. Rows, events and receipts stay,
and so do bytes that another packet came with which was not refused. Doing it again changes nothing.
"""

import os
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from broker.core.model import TrackingId
from broker.edge.folders import tracking_id
from broker.edge.ledger import keeping, packets
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.keeping import Leftover
from broker.stages.services import Services

_AT_ONCE = 500  # of one LEA in one round
_IN_A_TRANSACTION = 20
_DAY = 86_400.0
_DEEP = 10_000  # entries of a folder in quarantine that are counted


def purge(services: Services) -> int:
    """Remove what is over; returns how many packets it was."""
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
    """The question and the removal happen while nobody else can write, so that intake can trust what it stored."""
    with writing(services.engine) as connection:
        for sha256 in {one.sha256 for one in some} - keeping.needed(connection, [one.sha256 for one in some]):
            services.vault.remove(sha256)
        keeping.purge(connection, some, services.clock().timestamp())


class _Aside(NamedTuple):
    path: Path
    files: int
    size: int
    at: float


def clear_quarantine(services: Services) -> int:
    """Remove what was set aside and is over; returns how many things it was."""
    mine: dict[str, list[_Aside]] = {}
    with reading(services.engine) as connection:
        for one in _aside(services.home.quarantine):
            row = packets.get(connection, one.path.name)
            mine.setdefault(row.origin if row else "", []).append(one)
    removed = 0
    for things in mine.values():
        files, size = sum(one.files for one in things), sum(one.size for one in things)
        for one in sorted(things, key=lambda one: one.at):
            if not _is_over(services, files, size, one.at):
                break
            _remove(one.path)
            files, size, removed = files - one.files, size - one.size, removed + 1
    return removed


def _aside(folder: Path) -> Iterable[_Aside]:
    with os.scandir(folder) as entries:
        for entry in entries:
            with suppress(FileNotFoundError, ValueError):
                TrackingId(tracking_id(entry.name))
                found = entry.stat(follow_symlinks=False)
                files, size = _within(Path(entry.path)) if entry.is_dir(follow_symlinks=False) else (1, found.st_size)
                yield _Aside(Path(entry.path), files, size, found.st_ctime)


def _within(folder: Path) -> tuple[int, int]:
    """Files and bytes of a folder, as far as they are counted; no link is followed."""
    files = size = 1
    for place, folders, names in os.walk(folder):
        files += len(folders) + len(names)
        if files > _DEEP:
            break
        for name in names:
            with suppress(FileNotFoundError):
                size += (Path(place) / name).lstat().st_size
    return files, size


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)  # by descriptors, links not followed
    else:
        path.unlink(missing_ok=True)
