"""alerts: the state is told at once about a missing child (Utah 53A-11-502, -504), or about harvesting.

Contract: called within the transaction of the event. Each event is told once: it is kept as an alert, and left as a
sealed notice for every party of the state that has a key; an event about a student is also a line of the disclosure
log. The LEA concerned learns nothing here. All that one packet does to one child is one event, under the name of the
packet's sender; `watch` finds the children whom a packet concerns. A part that cannot seal a notice owes it (`owe`),
and the sweeper leaves it (`tell_owed`, in a transaction of its own). `broker.flags.missing` sets and lifts flags.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from broker.core.access import Action
from broker.core.disclosure import Disclosure
from broker.core.errors import Refused
from broker.core.grounds import Ground, Why
from broker.core.harvest import Pattern
from broker.core.model import PacketType, Party, PartyKind
from broker.edge.ledger import epoch
from broker.edge.ledger.again import committed
from broker.edge.ledger.cases.transfers import TransferRow
from broker.edge.ledger.engine import Reading, Writing, reading
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.packets import packets
from broker.edge.ledger.packets.rows import Move, PacketRow
from broker.edge.ledger.parties import directory
from broker.edge.ledger.people import flags, registry
from broker.notices import alert as alert_notice
from broker.notices import harvest
from broker.notices.alert import Kind
from broker.packets.notify import leave
from broker.packets.outcome import refuse
from broker.packets.services import Services

_OF_A_CHILD = tuple(Kind)
More = Mapping[str, Sequence[Any]]


def alert(
    services: Services,
    connection: Writing,
    kind: str,
    ssid: str,
    lea: str,
    tracking: str,
    *,
    is_news: bool = False,
    more: More | None = None,
) -> None:
    """Tell the state that `lea` has to do with a flagged student, by packet `tracking`, '' for none.

    `kind` is a word of `broker.notices.alert.Kind`; ValueError for another. While the flag stands, the state is told
    once about one packet and one student, unless it `is_news`: an event beside the packet's coming. `more` is as in the
    notice.
    """
    what, now = Kind(kind), services.clock()
    if tracking and not is_news and flags.is_told_of(connection, ssid, tracking, _OF_A_CHILD):
        return
    flags.alert(connection, what, ssid, lea, tracking, now.timestamp())
    _notice(services, connection, what, ssid, lea, tracking, now, more)


def _notice(
    services: Services,
    connection: Writing,
    what: Kind,
    ssid: str,
    lea: str,
    tracking: str,
    at: datetime,
    more: More | None = None,
) -> None:
    body = alert_notice.notice(what, ssid, *_named(connection, lea), tracking, services.time.told(at), more)
    told = _tell(services, connection, body)
    disclosures.add(connection, _lines(told, ssid, Action.RECEIVE_ALERT, Ground.MISSING_CHILD, at))


def owe(services: Services, connection: Writing, kind: Kind, ssid: str, lea: str, tracking: str) -> None:
    """The same as `alert`, for a part that cannot seal: the alert is kept now, and the sweeper leaves its notice."""
    if not flags.is_told_of(connection, ssid, tracking, _OF_A_CHILD):
        at = services.clock().timestamp()
        flags.owe(connection, flags.alert(connection, kind, ssid, lea, tracking, at))


def tell_owed(services: Services) -> int:
    """Leave the notices of alerts that are kept and not told yet. Returns the number of alerts."""
    with reading(services.engine) as connection:
        if not flags.is_any_owed(connection):
            return 0
    return committed(services.engine, partial(_tell_owed, services))


def _tell_owed(services: Services, connection: Writing) -> int:
    epoch.settle(connection)  # first, as in every transaction that makes packets
    owed = flags.take_owed(connection)
    for one in owed:
        at = datetime.fromtimestamp(one.at, UTC)
        _notice(services, connection, Kind(one.kind), one.ssid, one.lea, one.tracking, at)
    return len(owed)


def refused(
    services: Services, connection: Writing, action: Action, ssid: str, lea: str, what: str, tracking: str
) -> None:
    """Write the line of the disclosure log that says what an LEA did not get, or could not send, about a flagged
    student."""
    line = Disclosure(
        at=services.clock().timestamp(),
        ssid=ssid,
        action=action,
        outcome="refused",
        party=lea,
        what=what,
        ground=Why.FLAGGED,
        tracking=tracking,
    )
    disclosures.add(connection, [line])


def held(services: Services, connection: Writing, row: PacketRow) -> None:
    """Log and tell that a packet about a flagged student goes no further."""
    refused(services, connection, Action.SEND_RECORD, row.ssid, row.origin, row.type, row.tracking)
    alert(services, connection, Kind.PACKET, row.ssid, row.origin, row.tracking)


def blocked(services: Services, connection: Writing, case: TransferRow, cause: str, *, is_told: bool = False) -> None:
    """Log that a transfer case of a flagged student is blocked. `cause` is the packet that blocks it: the state is told
    of that packet and its sender when the packet comes. With '' the case has opened by itself, on its day: the state is
    told here, unless it was told when the enrollment came, or the caller tells it (`is_told`)."""
    tracking = case.cause or _entry_of(connection, case)
    row = packets.get(connection, tracking)
    asks = row.origin if row and row.origin else case.destination
    refused(services, connection, Action.REQUEST_RECORD, case.ssid, asks, PacketType.STUDENT_RECORD, tracking)
    if not cause and not is_told:
        alert(services, connection, Kind.ENROLLMENT, case.ssid, asks, tracking)


def _entry_of(connection: Reading, case: TransferRow) -> str:
    """The packet of the destination's last enrollment of the student; '' for none."""
    spots = registry.locations(connection, case.ssid)
    return next((spot.tracking for spot in reversed(spots) if spot.lea == case.destination), "")


def standing(services: Services, connection: Reading, row: PacketRow, work: Callable[[], None]) -> Move | None:
    """Carry out a packet about which the state was told. Where it is refused, its own changes are rolled back, the
    alert stays, and the refusal's move is returned; None where it is carried out."""
    try:
        with connection.begin_nested():
            work()
    except Refused as refusal:
        return refuse(services, row, refusal)
    return None


def contest(
    services: Services,
    connection: Writing,
    ssid: str,
    lea: str,
    by: str,
    *,
    cause: str,
    tracking: str,
    transfer: int | None,
) -> None:
    """Tell the state that the LEA `by` contests a transfer: it says that its student, whom `lea` has enrolled by the
    packet `cause`, has not left it. Told once for each enrollment; `tracking` is the contested packet, `transfer` the
    case, None for none."""
    now = services.clock()
    if flags.is_told(connection, Pattern.CONTEST, ssid, lea, cause):
        return
    flags.alert(connection, Pattern.CONTEST, ssid, lea, cause, now.timestamp())
    parties = _named(connection, lea), _named(connection, by)
    told = _tell(services, connection, harvest.contest(ssid, *parties, transfer, tracking, services.time.told(now)))
    disclosures.add(connection, _lines(told, ssid, Action.RECEIVE_WARNING, Ground.AUDIT, now, "warning"))


def announced(services: Services, connection: Writing, ssid: str, lea: str, day: str, tracking: str) -> None:
    """Tell the state that `lea` has reported, by packet `tracking`, an entry far ahead (on the ISO date `day`) for a
    student whom another LEA has."""
    now = services.clock()
    if flags.is_told(connection, Pattern.ANNOUNCED, ssid, lea, tracking):
        return
    flags.alert(connection, Pattern.ANNOUNCED, ssid, lea, tracking, now.timestamp())
    body = harvest.announced(ssid, _named(connection, lea), day, tracking, services.time.told(now))
    told = _tell(services, connection, body)
    disclosures.add(connection, _lines(told, ssid, Action.RECEIVE_WARNING, Ground.AUDIT, now, "warning"))


def self_decided(services: Services, connection: Writing, ssid: str, lea: str, question: tuple[str, int]) -> None:
    """Tell the state that `lea` has decided its own question (packet and line) for this student of another LEA."""
    now = services.clock()
    flags.alert(connection, Pattern.SELF_DECIDED, ssid, lea, question[0], now.timestamp())
    body = harvest.self_decided(ssid, _named(connection, lea), question, services.time.told(now))
    told = _tell(services, connection, body)
    disclosures.add(connection, _lines(told, ssid, Action.RECEIVE_WARNING, Ground.AUDIT, now, "warning"))


def pattern(
    services: Services,
    connection: Writing,
    kind: Pattern,
    lea: str,
    counts: dict[str, int],
    transfers: Sequence[int] = (),
) -> None:
    """Tell the state of a pattern of this LEA, with its counts. The caller makes sure of at most once a day."""
    now = services.clock()
    flags.alert(connection, kind, "", lea, "", now.timestamp())
    _tell(
        services,
        connection,
        harvest.pattern(kind, _named(connection, lea), counts, transfers, services.time.told(now)),
    )


def _named(connection: Reading, lea: str) -> tuple[str, str]:
    party = directory.party(connection, lea)
    return lea, party.name if party else ""


def _tell(services: Services, connection: Writing, body: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Leave the notices. Returns (party, tracking id) for each."""
    return [
        (party.id, leave(services, connection, party.id, PacketType.ALERT, body, is_to_be_read=True))
        for party in _state(connection)
    ]


def _lines(
    told: Sequence[tuple[str, str]], ssid: str, action: Action, ground: Ground, now: datetime, what: str = "alert"
) -> list[Disclosure]:
    """The lines of the disclosure log for these notices."""
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


def _state(connection: Reading) -> Sequence[Party]:
    """The parties of the state that have a key to seal for."""
    every = (one for one in directory.all_parties(connection) if one.kind is PartyKind.STATE)
    return [one for one in every if directory.certificates_of(connection, one.id)]
