"""What needs a person: the list at the end of `satchel status`.

Owns the conditions, each with the sentence that says what it is and the command that shows more. Promises: no student
data; what mends itself is not here.
"""

import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection

from broker.cli.directory.keys_text import last_day
from broker.core.errors import Refused
from broker.edge.ledger.engine import reading
from broker.edge.ledger.packets import views
from broker.edge.ledger.parties import directory, removals
from broker.edge.ledger.people import flags
from broker.edge.pgp import keyring
from broker.edge.settings import passwords
from broker.offline import Offline
from broker.processes.supervisor import names


class Need(NamedTuple):
    """One thing: what it is, as a part of a sentence, and the command that shows it."""

    what: str
    see: str


def of(services: Offline, whole: Mapping[str, Any]) -> list[Need]:
    """All there is; `whole` are the numbers of `satchel status`."""
    with reading(services.engine) as connection:
        found = [*_children(connection), *_waiting(services, connection), *_keys(services, connection)]
    return [*_disks(services, whole), *found, *_parts(services, whole), *_leas(whole), *_passwords(services)]


def _children(connection: Connection) -> Iterator[Need]:
    unseen = len(flags.alerts_of(connection, is_seen=False, limit=10_000))
    if unseen:
        what = f"{_counted(unseen, 'alert')} that nobody has seen (missing children, harvesting)"
        yield Need(what, "satchel alerts")
    answered = views.count_answered(connection)
    if answered:
        yield Need(f"{_counted(answered, 'question')} that only the state may decide", "satchel review list")


def _waiting(services: Offline, connection: Connection) -> Iterator[Need]:
    late = services.settings.status.waiting_seconds
    oldest = views.oldest(connection)
    if oldest is not None and time.time() - oldest.received_at > late:
        minutes = (time.time() - oldest.received_at) / 60
        yield Need(f"a packet has waited for {minutes:,.0f} minutes", f"satchel packet {oldest.tracking}")


def _keys(services: Offline, connection: Connection) -> Iterator[Need]:
    now = services.clock()
    soon = now + timedelta(days=services.settings.status.key_days)
    yield from _own_key(services, now, soon)
    waited_for = set(views.receivers_waited_for(connection))
    for party in removals.present(connection):
        faults, ends = _of_party(connection, party.id, now)
        if not ends and (faults or party.id in waited_for):
            yield Need(f"LEA {party.id} has no valid key", "satchel lea list")
        elif ends and None not in ends and max(filter(None, ends)) < soon:
            yield Need(f"the key of LEA {party.id} {_ends(max(filter(None, ends)), None)}", "satchel lea list")


def _own_key(services: Offline, now: datetime, soon: datetime) -> Iterator[Need]:
    path = services.home.certificate
    try:
        own = keyring.inspect(path.read_bytes(), now)
        ends, fault = own.expires, own.fault
    except Refused as refused:
        ends, fault = None, refused.code
    if fault or (ends and ends < soon):
        yield Need(f"the exchange's own key {_ends(ends, fault)}", f"gpg --show-keys {path}")


def _of_party(connection: Connection, lea: str, now: datetime) -> tuple[list[str], list[datetime | None]]:
    """What is wrong with its keys, and when those that are valid end; None for never."""
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


def _ends(expires: datetime | None, fault: str | None) -> str:
    return f"cannot be used ({fault})" if fault else f"ends on {last_day(expires) if expires else ''}"


def _parts(services: Offline, whole: Mapping[str, Any]) -> Iterator[Need]:
    if not whole["running"]:
        return
    alive = {part["part"] for part in whole["parts"] if part["alive"] and part["ready"]}
    missing = [name for name in names(services.settings) if name not in alive]
    if missing:
        yield Need(f"not working: {', '.join(missing)}", "the last lines of the log of satchel up")
    if whole["queues"] is None:
        where = services.settings.redis.url and "redis.url in satchel.toml"
        yield Need("Redis does not answer", where or f"tail {services.home.run}/redis.log")


def _disks(services: Offline, whole: Mapping[str, Any]) -> Iterator[Need]:
    disk = whole["disk"]
    if disk["intake_waits"]:
        free, reserve = (f"{disk[name] / 1024**2:,.0f} MiB" for name in ("free_bytes", "reserve_bytes"))
        yield Need(
            f"the disk is nearly full ({free} free, {reserve} are the reserve), and nothing is taken in",
            f"df -h {services.home.vault}",
        )


def _leas(whole: Mapping[str, Any]) -> Iterator[Need]:
    for lea in whole["inboxes_lost"]:
        yield Need(
            f"the inbox of LEA {lea} is not there, or not the known one; nothing is put there or counts as collected",
            f"satchel lea inbox {lea} (or mount it)",
        )
    for lea in whole["silent"]:
        yield Need(f"the folder of LEA {lea} does not answer; see that its mount is up", "mount")
    for lea, has in whole["full"].items():
        yield Need(
            f"{has['files']} files of LEA {lea} have not ended; its outbox waits until that is less",
            f"satchel packets --lea {lea}",
        )


def _passwords(services: Offline) -> Iterator[Need]:
    for sentence in passwords.shown_to_others(services.settings):
        yield Need(sentence.removesuffix("."), f"ls -l {services.home.settings}")


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}{'s' * (count != 1)}"
