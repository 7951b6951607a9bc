"""inboxes: decisions about an LEA's folder that only the operator can make.

Contract: what is absent from an inbox counts as collected only where the operator says that this is the LEA's inbox; or
it is delivered there again, the same packet under the same tracking id. The line in the log of acts is written in the
same transaction.
"""

from collections.abc import Collection

from broker.core.access import Action
from broker.core.actor import Actor
from broker.core.errors import NotDone
from broker.core.model import LeaId
from broker.edge.home.folders import Missing
from broker.edge.ledger.engine import Writing, writing
from broker.edge.ledger.parties import directory, removals
from broker.offline import Offline
from broker.parties import marks
from broker.verbs.acting import NotThere, note, verb


@verb(Action.RUN_EXCHANGE)
def mark_inbox(room: Offline, lea: str, *, actor: Actor, is_again: bool = False) -> Collection[str]:
    """Accept the present folder as the LEA's inbox. Returns what is absent from it: that counts as collected, or is
    delivered again with `is_again`. Raises NotThere `no-party`, NotDone `no-inbox` and `no-key`."""
    with writing(room.engine) as connection:  # never repeated: a second run would find what the first one put there
        if directory.party(connection, lea) is None or lea in removals.standing(connection):
            raise NotThere("no-party", lea=lea)
        try:
            absent = marks.absent(connection, room.home, LeaId(lea))
            if is_again:
                _put_again(room, connection, LeaId(lea), absent)
            marks.give(connection, room.home, LeaId(lea), room.clock().timestamp())
        except Missing:
            raise NotDone("no-inbox", folder=str(room.home.leas / lea)) from None
        told = {"absent": sorted(absent), "again": is_again}
        note(connection, room, "mark_inbox", actor=actor, subject=lea, told=told)
    return absent


def _put_again(room: Offline, connection: Writing, lea: LeaId, absent: Collection[str]) -> None:
    from broker import wiring  # imported here, so that the other verbs need not wait for the OpenPGP parts
    from broker.packets import deliver_again

    parts = wiring.build(room.settings.home, "inbox")
    deliver_again.put(parts, connection, lea, sorted(absent))
