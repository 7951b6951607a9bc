"""Parties that have left the exchange, and may come back.

Owns `removed_at`, `removed_by` and `removed_why` of `parties`. Promises: a party is never deleted, because what it did
and wrote stays true; from the moment of its removal none of its keys is in use and no login is open to it. Who removed
it last, and why, stays known after it returns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, or_, select, update

from broker.core.model import LeaId, Party, State
from broker.core.stays import Today
from broker.core.transfer import LIVE
from broker.edge.ledger import epoch
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.parties import directory, directory_changes
from broker.edge.ledger.people import stays
from broker.edge.ledger.tables import certificates, packets, parties, ssh_keys, transfers

_ON_THE_WAY = (State.RECEIVED, State.ADMITTED, State.HELD, State.ROUTED)
_NOT_TAKEN = (State.ADMITTED, State.HELD, State.ROUTED, State.DELIVERED)


@dataclass(frozen=True, slots=True)
class Removal:
    """When a party left (seconds since the epoch), who removed it, and why."""

    at: float
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class Left:
    """What is still open with a party: `students` that it has (`core.stays`), live `transfers` at either end, packets
    on their way from it, and packets for it that it has not collected."""

    students: int
    transfers: int
    packets_from_it: int
    packets_to_it: int


def remove(connection: Writing, lea: LeaId, by: str, why: str, at: float) -> None:
    """Remove a party. Its keys are retired at the same moment, by which `published` recognises them."""
    connection.execute(update(parties).where(parties.c.id == lea).values(removed_at=at, removed_by=by, removed_why=why))
    standing = (certificates.c.party == lea) & certificates.c.retired_at.is_(None)
    connection.execute(update(certificates).where(standing).values(retired_at=at))
    logins = (ssh_keys.c.party == lea) & ssh_keys.c.ended_at.is_(None)
    connection.execute(update(ssh_keys).where(logins).values(ended_at=at))
    epoch.advance(connection)
    directory_changes.note(connection, at, lea, "remove", "", by, why)


def restore(connection: Writing, party: Party, at: float) -> None:
    """Make it a party again, under this name and not suspended; its keys must be entered again."""
    known = directory.party(connection, party.id)
    if known and known.name != party.name:
        directory.rename(connection, party.id, party.name, at)
    values = {"removed_at": None, "suspended_at": None}
    connection.execute(update(parties).where(parties.c.id == party.id).values(values))
    epoch.advance(connection)
    directory_changes.note(connection, at, party.id, "add", party.name)


def standing(connection: Reading) -> dict[str, Removal]:
    """Every party that has left, by id."""
    columns = (parties.c.id, parties.c.removed_at, parties.c.removed_by, parties.c.removed_why)
    rows = connection.execute(select(*columns).where(parties.c.removed_at.is_not(None)))
    return {row[0]: Removal(*row[1:]) for row in rows}


def present(connection: Reading) -> Sequence[Party]:
    """Every party that has not left, by id."""
    gone = standing(connection)
    return [one for one in directory.all_parties(connection) if one.id not in gone]


def published(connection: Reading) -> dict[str, list[Row[Any]]]:
    """The rows of the published certificates, by party, newest first."""
    order = (certificates.c.added_at.desc(), certificates.c.fingerprint)
    found: dict[str, list[Row[Any]]] = {}
    for row in connection.execute(select(certificates).where(directory.in_directory()).order_by(*order)):
        found.setdefault(row.party, []).append(row)
    return found


def left(connection: Reading, lea: LeaId, today: Today) -> Left:
    """What is still open with a party."""
    cases = transfers.c.state.in_(sorted(LIVE)) & or_(transfers.c.source == lea, transfers.c.destination == lea)
    sent = (packets.c.origin == lea) & packets.c.state.in_(_ON_THE_WAY)
    to_it = (packets.c.receiver == lea) & packets.c.state.in_(_NOT_TAKEN)
    counted = [
        connection.execute(select(func.count()).select_from(table).where(wanted)).scalar_one()
        for table, wanted in ((transfers, cases), (packets, sent), (packets, to_it))
    ]
    return Left(sum(1 for _ in stays.had_by(connection, lea, today)), *counted)
