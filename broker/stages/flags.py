"""flags: what concerns a child who is flagged as missing is told to the state at once (Utah 53A-11-502, -504).

Contract: called within the transaction in which it happens. Each event is told once: it is kept as an alert, left as a
sealed notice for every party of the state that has a key, and is a refused line of the disclosure log. The LEA that
asked learns nothing of it here. How a flag is set and lifted is in `missing`.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from broker.core.access import Action
from broker.core.grounds import Ground, Why
from broker.core.model import PacketType, Party, PartyKind
from broker.edge.ledger import directory, disclosures, flags
from broker.edge.ledger.disclosures import Disclosure
from broker.stages.notices import leave
from broker.stages.services import Services
from handlers import alert_notice
from handlers.alert_notice import Kind

_REFUSED = {
    Kind.ENROLLMENT: (Action.REQUEST_RECORD, "student-record"),
    Kind.REQUEST: (Action.REQUEST_RECORD, ""),
    Kind.PACKET: (Action.SEND_RECORD, ""),
}


def alert(services: Services, connection: Connection, kind: str, ssid: str, lea: str, tracking: str) -> None:
    """Tell the state that `lea` asked for (or sent) something of a flagged student, by packet `tracking`, '' for none.

    `kind` is a word of `handlers.alert_notice.Kind`; ValueError for another. The same again changes nothing.
    """
    what, now = Kind(kind), services.clock()
    if flags.is_told(connection, what, ssid, lea, tracking):
        return
    flags.alert(connection, what, ssid, lea, tracking, now.timestamp())
    action, thing = _REFUSED[what]
    refused = Disclosure(
        at=now.timestamp(),
        ssid=ssid,
        action=action,
        outcome="refused",
        party=lea,
        what=thing,
        ground=Why.FLAGGED,
        tracking=tracking,
    )
    disclosures.add(connection, [refused, *_tell(services, connection, what, ssid, lea, tracking, now)])


def _tell(
    services: Services, connection: Connection, kind: Kind, ssid: str, lea: str, tracking: str, now: datetime
) -> list[Disclosure]:
    """Leave the notices; their lines in the log."""
    asker = directory.party(connection, lea)
    at = now.isoformat(timespec="seconds")
    body = alert_notice.notice(kind, ssid, lea, asker.name if asker else "", tracking, at)
    told = []
    for party in _state(connection):
        notice = leave(services, connection, party.id, PacketType.ALERT, body, is_to_be_read=True)
        line = Disclosure(
            at=now.timestamp(),
            ssid=ssid,
            action=Action.RECEIVE_ALERT,
            outcome="allowed",
            party=party.id,
            what="alert",
            ground=Ground.MISSING_CHILD,
            tracking=notice,
        )
        told.append(line)
    return told


def _state(connection: Connection) -> Sequence[Party]:
    """Parties of the state that can be written to."""
    every = (one for one in directory.all_parties(connection) if one.kind is PartyKind.STATE)
    return [one for one in every if directory.certificates_of(connection, one.id)]
