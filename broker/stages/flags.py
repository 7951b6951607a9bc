"""flags: what the state must hear of is told at once: of a missing child (Utah 53A-11-502, -504), or of harvesting.

Contract: called within the transaction in which it happens. Each event is told once: it is kept as an alert, and left
as a sealed notice for every party of the state that has a key; what concerns a student is a line of the disclosure log.
The LEA that it is about learns nothing of it here. How a flag is set and lifted is in `missing`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from broker.core.access import Action
from broker.core.grounds import Ground, Why
from broker.core.harvest import Kind as Pattern
from broker.core.model import PacketType, Party, PartyKind
from broker.edge.ledger import directory, disclosures, flags
from broker.edge.ledger.disclosures import Disclosure
from broker.stages.notices import leave
from broker.stages.services import Services
from handlers import alert_notice, harvest_notice
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
    body = alert_notice.notice(what, ssid, *_named(connection, lea), tracking, _iso(now))
    told = _tell(services, connection, body)
    disclosures.add(connection, [refused, *_lines(told, ssid, Action.RECEIVE_ALERT, Ground.MISSING_CHILD, now)])


def contest(
    services: Services,
    connection: Connection,
    ssid: str,
    lea: str,
    by: str,
    *,
    cause: str,
    tracking: str,
    transfer: int | None,
) -> None:
    """Tell the state that the LEA `by` says that this student of its own, whom `lea` has enrolled by the packet
    `cause`, has not left it. Once for each such enrollment; `tracking` is the packet that is contested, `transfer` the
    case, None where there is none."""
    now = services.clock()
    if flags.is_told(connection, Pattern.CONTEST, ssid, lea, cause):
        return
    flags.alert(connection, Pattern.CONTEST, ssid, lea, cause, now.timestamp())
    parties = _named(connection, lea), _named(connection, by)
    told = _tell(services, connection, harvest_notice.contest(ssid, *parties, transfer, tracking, _iso(now)))
    disclosures.add(connection, _lines(told, ssid, Action.RECEIVE_WARNING, Ground.AUDIT, now, "warning"))


def announced(services: Services, connection: Connection, ssid: str, lea: str, day: str, tracking: str) -> None:
    """Tell the state that `lea` has reported an entry far ahead (on the ISO date `day`), by packet `tracking`, of a
    student whom another LEA has."""
    now = services.clock()
    if flags.is_told(connection, Pattern.ANNOUNCED, ssid, lea, tracking):
        return
    flags.alert(connection, Pattern.ANNOUNCED, ssid, lea, tracking, now.timestamp())
    body = harvest_notice.announced(ssid, _named(connection, lea), day, tracking, _iso(now))
    told = _tell(services, connection, body)
    disclosures.add(connection, _lines(told, ssid, Action.RECEIVE_WARNING, Ground.AUDIT, now, "warning"))


def pattern(
    services: Services,
    connection: Connection,
    kind: Pattern,
    lea: str,
    counts: dict[str, int],
    transfers: Sequence[int] = (),
) -> None:
    """Tell the state of a pattern of this LEA, by numbers; that it is told once a day at most is for the caller."""
    now = services.clock()
    flags.alert(connection, kind, "", lea, "", now.timestamp())
    _tell(services, connection, harvest_notice.pattern(kind, _named(connection, lea), counts, transfers, _iso(now)))


def _named(connection: Connection, lea: str) -> tuple[str, str]:
    party = directory.party(connection, lea)
    return lea, party.name if party else ""


def _iso(now: datetime) -> str:
    return now.isoformat(timespec="seconds")


def _tell(services: Services, connection: Connection, body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Leave the notices; who got which."""
    return [
        (party.id, leave(services, connection, party.id, PacketType.ALERT, body, is_to_be_read=True))
        for party in _state(connection)
    ]


def _lines(
    told: Sequence[tuple[str, str]], ssid: str, action: Action, ground: Ground, now: datetime, what: str = "alert"
) -> list[Disclosure]:
    """The notices' lines in the log."""
    return [
        Disclosure(
            at=now.timestamp(),
            ssid=ssid,
            action=action,
            outcome="allowed",
            party=party,
            what=what,
            ground=ground,
            tracking=notice,
        )
        for party, notice in told
    ]


def _state(connection: Connection) -> Sequence[Party]:
    """Parties of the state that can be written to."""
    every = (one for one in directory.all_parties(connection) if one.kind is PartyKind.STATE)
    return [one for one in every if directory.certificates_of(connection, one.id)]
