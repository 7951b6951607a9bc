"""needs: the problems of the exchange that need a person.

Contract: reads only; no student data; problems that mend themselves are left out. Each need has a code with facts; the
face has the words, and says where to see more.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from broker.core.days.state_time import told_in_utc
from broker.core.errors import Refused
from broker.edge.home.running import names
from broker.edge.ledger.engine import Reading
from broker.edge.ledger.packets import views
from broker.edge.ledger.parties import directory, removals
from broker.edge.ledger.people import flags
from broker.edge.pgp import keyring
from broker.edge.settings import passwords
from broker.offline import Offline


@dataclass(frozen=True, slots=True)
class Need:
    """One need: its code and its facts: counts, ids of LEAs and packets, days, paths."""

    code: str
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Disk:
    """The vault's disk, in bytes; with less free than the reserve, intake waits."""

    free_bytes: int
    reserve_bytes: int
    intake_waits: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """An LEA's packets in the vault that have not come to their end."""

    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A part of the exchange, as its heartbeat shows it."""

    part: str
    pid: int
    alive: bool
    ready: bool


@dataclass(frozen=True, slots=True)
class Numbers:
    """The state of the exchange. `queues` is None where Redis does not answer. `full` has the LEAs that must wait for
    their own earlier packets; `silent` has, by LEA, for how many seconds a folder has not answered. `reviews_since` is
    seconds since the epoch."""

    states: Mapping[str, int]
    queues: Mapping[str, int] | None
    oldest_waiting_seconds: float | None
    receipts_to_publish: int
    reviews_open: int
    reviews_since: float | None
    transfers_to_open: int
    inboxes_lost: tuple[str, ...]
    disk: Disk
    full: Mapping[str, Waiting]
    silent: Mapping[str, float]
    parts: tuple[Seen, ...]
    running: bool


def of(room: Offline, connection: Reading, numbers: Numbers) -> Iterator[Need]:
    """All needs, the disk first."""
    yield from _disk(room, numbers.disk)
    yield from _children(connection)
    yield from _waiting(room, connection)
    yield from _keys(room, connection)
    yield from _parts(room, numbers)
    yield from _leas(numbers)
    for sentence in passwords.shown_to_others(room.settings):
        yield Need("password", {"sentence": sentence, "settings": str(room.home.settings)})


def _disk(room: Offline, disk: Disk) -> Iterator[Need]:
    if disk.intake_waits:
        facts = {"free_bytes": disk.free_bytes, "reserve_bytes": disk.reserve_bytes, "vault": str(room.home.vault)}
        yield Need("disk", facts)


def _children(connection: Reading) -> Iterator[Need]:
    if unseen := flags.count_unseen(connection):
        yield Need("alerts", {"count": unseen})
    if answered := views.count_answered(connection):
        yield Need("answered", {"count": answered})


def _waiting(room: Offline, connection: Reading) -> Iterator[Need]:
    oldest, now = views.oldest(connection), room.clock().timestamp()
    if oldest is not None and now - oldest.received_at > room.settings.status.waiting_seconds:
        yield Need("late-packet", {"seconds": now - oldest.received_at, "tracking": oldest.tracking})


def _keys(room: Offline, connection: Reading) -> Iterator[Need]:
    now = room.clock()
    soon = now + timedelta(days=room.settings.status.key_days)
    yield from _own_key(room, now, soon)
    waited_for = set(views.receivers_waited_for(connection))
    for party in removals.present(connection):
        faults, ends = _of_party(connection, party.id, now)
        if not ends and (faults or party.id in waited_for):
            yield Need("no-valid-key", {"lea": party.id})
        elif ends and None not in ends and (last := max(filter(None, ends))) < soon:
            yield Need("key-ends", {"lea": party.id, "on": told_in_utc(last)[:10]})


def _own_key(room: Offline, now: datetime, soon: datetime) -> Iterator[Need]:
    path = room.home.certificate
    try:
        own = keyring.inspect(path.read_bytes(), now)
        ends, fault = own.expires, own.fault
    except Refused as refused:
        ends, fault = None, refused.code
    if fault:
        yield Need("own-key-unusable", {"fault": fault, "path": str(path)})
    elif ends and ends < soon:
        yield Need("own-key-ends", {"on": told_in_utc(ends)[:10], "path": str(path)})


def _of_party(connection: Reading, lea: str, now: datetime) -> tuple[list[str], list[datetime | None]]:
    """The faults of a party's keys, and when its valid keys end (None for never)."""
    faults, ends = [], []
    for certificate in directory.certificates_of(connection, lea):
        try:
            info = keyring.inspect(certificate, now)
        except Refused as refused:
            faults.append(refused.code)
            continue
        faults += [info.fault] if info.fault else []
        ends += [] if info.fault else [info.expires]
    return faults, ends


def _parts(room: Offline, numbers: Numbers) -> Iterator[Need]:
    if not numbers.running:
        return
    alive = {one.part for one in numbers.parts if one.alive and one.ready}
    missing = [name for name in names(room.settings) if name not in alive]
    if missing:
        yield Need("parts", {"names": ", ".join(missing)})
    if numbers.queues is None:
        yield Need("queue-elsewhere") if room.settings.redis.url else Need("queue", {"run": str(room.home.run)})


def _leas(numbers: Numbers) -> Iterator[Need]:
    yield from (Need("inbox-lost", {"lea": lea}) for lea in numbers.inboxes_lost)
    yield from (Need("silent", {"lea": lea}) for lea in numbers.silent)
    yield from (Need("full", {"lea": lea, "files": has.files}) for lea, has in numbers.full.items())
