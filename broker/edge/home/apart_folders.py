"""Outboxes and inboxes whose LEAs may have mounts of their own; runners access those (`broker.edge.home.apart`).

Promises: the same as `Outboxes` and `Inboxes`, and that no call hangs with an LEA's mount: it raises Silent instead.
"""

import secrets
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path
from typing import cast

from broker.core.errors import Deferred
from broker.core.files.extent import Extent, Progress
from broker.core.model import LeaId, PacketType, TrackingId
from broker.edge.home.apart import Apart
from broker.edge.home.folders import Home, write_receipts
from broker.edge.home.inbox import Inboxes, InboxState, Marks
from broker.edge.home.outbox import Item, Odd, Outboxes, Taken
from broker.edge.home.published import Publisher
from broker.edge.home.readiness import Found
from broker.edge.settings.values import Limits
from broker.edge.vault import Vault

_ENTRIES = 256


class ApartOutboxes(Outboxes):
    """All outboxes of one home."""

    def __init__(self, home: Home, limits: Limits, apart: Apart) -> None:
        super().__init__(home, limits)
        self._apart = apart

    def scan_all(self, lea: LeaId) -> Generator[Item, None, None]:
        """See Outboxes."""
        if not self._apart.is_apart(lea):
            yield from super().scan_all(lea)
            return
        token, begins, more = secrets.token_hex(8), True, True
        try:
            while more:
                items, more = self._apart.ask(lea, "scan", token, begins, _ENTRIES)
                begins = False
                yield from cast("list[Item]", items)
        finally:
            if more:
                with suppress(Deferred):
                    self._apart.ask(lea, "end_scan")

    def extent(self, lea: LeaId, found: Found, progress: Progress, most: int) -> tuple[Extent, Progress]:
        """See Outboxes."""
        if not self._apart.is_apart(lea):
            return super().extent(lea, found, progress, most)
        return cast("tuple[Extent, Progress]", self._apart.ask(lea, "extent", found, progress, most))

    def take(self, lea: LeaId, found: Found, vault: Vault) -> Taken:
        """See Outboxes; what a runner has taken is durable."""
        if not self._apart.is_apart(lea):
            return super().take(lea, found, vault)
        return cast("Taken", self._apart.ask(lea, "take", found))

    def discard(self, lea: LeaId, items: Iterable[Taken | Found]) -> int:
        """See Outboxes."""
        if not self._apart.is_apart(lea):
            return super().discard(lea, items)
        return cast("int", self._apart.ask(lea, "discard", list(items)))

    def quarantine(self, lea: LeaId, item: Odd | Found, tracking: TrackingId) -> Path | None:
        """See Outboxes."""
        if not self._apart.is_apart(lea):
            return super().quarantine(lea, item, tracking)
        return cast("Path | None", self._apart.ask(lea, "quarantine", item, tracking))

    def tell(self, lea: LeaId, name: str, text: str) -> None:
        """See Outboxes."""
        if not self._apart.is_apart(lea):
            super().tell(lea, name, text)
            return
        self._apart.ask(lea, "tell", name, text)

    def tidy(self, lea: LeaId) -> int:
        """See Outboxes."""
        if not self._apart.is_apart(lea):
            return super().tidy(lea)
        return cast("int", self._apart.ask(lea, "tidy"))


class ApartInboxes(Inboxes):
    """All inboxes of one home. What a runner has done is durable; it has no ledger, so each errand brings the mark."""

    def __init__(self, home: Home, apart: Apart, marks: Marks | None = None) -> None:
        super().__init__(home, marks)
        self._apart = apart

    def _ask(self, lea: LeaId, errand: str, *args: object) -> object:
        mark = self._marks.now(lea) if self._marks else None
        return self._apart.ask(lea, errand, mark, *args)

    def stage_delivery(self, lea: LeaId, tracking: TrackingId, token: str, chunks: Iterable[bytes | memoryview]) -> int:
        """See Inboxes."""
        if not self._apart.is_apart(lea):
            return super().stage_delivery(lea, tracking, token, chunks)
        return cast("int", self._ask(lea, "stage", tracking, token, [bytes(chunk) for chunk in chunks]))

    def publish(self, lea: LeaId, tracking: TrackingId, token: str, packet_type: PacketType) -> bool:
        """See Inboxes."""
        if not self._apart.is_apart(lea):
            return super().publish(lea, tracking, token, packet_type)
        return cast("bool", self._ask(lea, "publish", (tracking, token, packet_type), {}))

    def withdraw(
        self, lea: LeaId, tracking: TrackingId, token: str, packet_type: PacketType, *, is_urgent: bool = False
    ) -> bool:
        """See Inboxes."""
        if not self._apart.is_apart(lea):
            return super().withdraw(lea, tracking, token, packet_type, is_urgent=is_urgent)
        urgent = {"is_urgent": is_urgent}
        return cast("bool", self._ask(lea, "withdraw", (tracking, token, packet_type), urgent))

    def drop_stage(self, lea: LeaId, tracking: TrackingId, token: str) -> None:
        """See Inboxes."""
        if not self._apart.is_apart(lea):
            super().drop_stage(lea, tracking, token)
            return
        self._ask(lea, "drop_stage", tracking, token)

    def inbox_state(self, lea: LeaId, tracking: TrackingId, token: str, packet_type: PacketType) -> InboxState:
        """See Inboxes."""
        if not self._apart.is_apart(lea):
            return super().inbox_state(lea, tracking, token, packet_type)
        return cast("InboxState", self._ask(lea, "inbox_state", tracking, token, packet_type))

    def staged(self, lea: LeaId) -> list[tuple[TrackingId, str]]:
        """See Inboxes."""
        if not self._apart.is_apart(lea):
            return super().staged(lea)
        return cast("list[tuple[TrackingId, str]]", self._ask(lea, "staged"))

    def present(self, lea: LeaId) -> set[TrackingId]:
        """See Inboxes."""
        if not self._apart.is_apart(lea):
            return super().present(lea)
        return cast("set[TrackingId]", self._ask(lea, "present"))

    def changed(self, lea: LeaId) -> int:
        """See Inboxes."""
        if not self._apart.is_apart(lea):
            return super().changed(lea)
        return cast("int", self._ask(lea, "changed"))


def write_all_receipts(home: Home, apart: Apart, receipts: Sequence[tuple[LeaId, str, str]]) -> list[LeaId]:
    """As `folders.write_receipts`, but runners write for LEAs with mounts of their own."""
    alone = {lea for lea in {receipt[0] for receipt in receipts} if apart.is_apart(lea)}
    missing = write_receipts(home, [receipt for receipt in receipts if receipt[0] not in alone])
    own = sorted(receipt for receipt in receipts if receipt[0] in alone)
    for lea, mine in groupby(own, key=lambda receipt: receipt[0]):
        try:
            is_written = apart.ask(lea, "receipts", [(name, text) for _, name, text in mine])
        except (Deferred, OSError):  # for example its own mount is full: the others still get their receipts
            is_written = False
        if not is_written:
            missing.append(lea)
    return missing


def publish_to_all(
    publisher: Publisher, apart: Apart, leas: Sequence[LeaId], files: Mapping[str, str | bytes]
) -> list[LeaId]:
    """As `Publisher.publish`, but runners write for LEAs with mounts of their own."""
    missing = publisher.publish([lea for lea in leas if not apart.is_apart(lea)], files)
    for lea in leas:
        if apart.is_apart(lea):
            try:
                apart.ask(lea, "directory", publisher.whole(files))
            except (Deferred, OSError):
                missing.append(lea)
    return missing


def renew_readme(home: Home, apart: Apart, lea: LeaId, text: str) -> None:
    """As `Home.renew_readme`. Raises Missing."""
    if apart.is_apart(lea):
        apart.ask(lea, "readme", text)
    else:
        home.renew_readme(lea, text)
