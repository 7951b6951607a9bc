"""marks: an LEA's inbox has a mark, so that no other folder in its place is mistaken for it.

Contract: called within a write transaction, for the operator. What is absent from an inbox counts as collected; but
where nothing of what was delivered is there, the folder may be a bare mount point, and only the operator can tell.
"""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from broker.core.model import LeaId, TrackingId
from broker.edge.home.apart import Apart, Silent
from broker.edge.home.apart_folders import ApartInboxes
from broker.edge.home.folders import Home, Missing
from broker.edge.home.inbox import Inboxes
from broker.edge.ledger import homes
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.packets import views

_BYTES = 16


def give(connection: Writing, home: Home, lea: LeaId, at: float) -> None:
    """Make the present folder the LEA's inbox, and no other. Raises Missing without one."""
    new = secrets.token_hex(_BYTES)
    home.mark_inbox(lea, new)
    homes.put_mark(connection, lea, new, at)


def give_missing(connection: Writing, home: Home, at: float) -> Sequence[LeaId]:
    """Mark the inboxes that have no mark in the ledger; returns the LEAs whose inbox is missing or in doubt."""
    return [lea for lea in homes.unmarked(connection) if not _give_sure(connection, home, lea, at)]


def _give_sure(connection: Writing, home: Home, lea: LeaId, at: float) -> bool:
    try:
        wanted, there = _laid(connection, home, lea)
        if wanted and not wanted & there:
            return False
        give(connection, home, lea, at)
    except Missing:
        return False
    return True


def absent(connection: Reading, home: Home, lea: LeaId) -> Collection[str]:
    """Packets that were delivered into this inbox, do not count as collected, and are not in the present folder. Raises
    Missing without one."""
    wanted, there = _laid(connection, home, lea)
    return wanted - there


def take_from_lacking(connection: Writing, home: Home) -> Sequence[LeaId]:
    """Remove the mark of every inbox that lacks packets or is missing; returns their LEAs."""
    lacking = [lea for lea in homes.present(connection) if _is_lacking(connection, home, lea)]
    for lea in lacking:
        homes.drop_mark(connection, lea)
    return lacking


def lost(connection: Reading, home: Home, apart: Apart) -> Sequence[LeaId]:
    """The LEAs whose inbox is missing or has not its mark; an inbox that does not answer is not listed."""
    inboxes = ApartInboxes(home, apart, _Of(homes.marks(connection)))
    return [lea for lea in homes.present(connection) if not _stands(inboxes, lea)]


@dataclass(frozen=True, slots=True)
class _Of:
    """The marks as one look has read them."""

    marks: Mapping[str, str]

    def known(self, lea: str) -> str:
        """See broker.edge.home.inbox.Marks."""
        return self.marks.get(lea, "")

    def now(self, lea: str) -> str:
        """See broker.edge.home.inbox.Marks."""
        return self.known(lea)


def _stands(inboxes: Inboxes, lea: LeaId) -> bool:
    try:
        inboxes.changed(lea)
    except Silent:
        return True
    except Missing:
        return False
    return True


def _is_lacking(connection: Reading, home: Home, lea: LeaId) -> bool:
    try:
        return bool(absent(connection, home, lea))
    except Missing:
        return True


def _laid(connection: Reading, home: Home, lea: LeaId) -> tuple[set[TrackingId], set[TrackingId]]:
    wanted = {tracking for tracking, _, _ in views.uncollected(connection, lea)}
    return wanted, set(Inboxes(home).present(lea))
