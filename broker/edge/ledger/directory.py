"""The directory of parties: who is in the exchange, with which OpenPGP certificates and SSH keys.

Owns `parties`, `certificates`, `key_ids`, `ssh_keys`. Promises: one key never belongs to two parties.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select, update

from broker.core.errors import Refused
from broker.core.model import LeaId, Party, PartyKind
from broker.edge.keyring import KeyInfo
from broker.edge.ledger.tables import certificates, key_ids, parties, ssh_keys


def add_party(connection: Connection, party: Party, now: float) -> None:
    """Enter a party."""
    connection.execute(insert(parties), {"id": party.id, "name": party.name, "kind": party.kind, "added_at": now})


def party(connection: Connection, lea: str) -> Party | None:
    """One party, or None."""
    row = connection.execute(select(parties).where(parties.c.id == lea)).first()
    return Party(LeaId(row.id), row.name, PartyKind(row.kind)) if row else None


def all_parties(connection: Connection) -> list[Party]:
    """Every party, by id."""
    rows = connection.execute(select(parties).order_by(parties.c.id))
    return [Party(LeaId(row.id), row.name, PartyKind(row.kind)) for row in rows]


def owner_of(connection: Connection, key_id: str) -> str | None:
    """The party that owns a primary key or subkey, by key id (16 hex digits) or fingerprint; None for a stranger."""
    found = connection.execute(
        select(certificates.c.party)
        .join(key_ids, key_ids.c.fingerprint == certificates.c.fingerprint)
        .where(key_ids.c.key_id == key_id.upper()[-16:])
    )
    return found.scalar()


def put_certificate(connection: Connection, lea: LeaId, info: KeyInfo, armored: str, now: float) -> None:
    """Add a party's certificate, or replace it by a newer form of the same key. Raises Refused("key-taken")."""
    owners = {owner_of(connection, key_id) for key_id in info.all_key_ids} - {None, lea}
    if owners:
        raise Refused("key-taken")
    known = connection.execute(select(certificates).where(certificates.c.fingerprint == info.fingerprint)).first()
    if known:
        connection.execute(
            update(certificates).where(certificates.c.fingerprint == info.fingerprint).values(armored=armored)
        )
    else:
        connection.execute(
            insert(certificates),
            {"fingerprint": info.fingerprint, "party": lea, "armored": armored, "added_at": now, "retired_at": None},
        )
    connection.execute(delete(key_ids).where(key_ids.c.fingerprint == info.fingerprint))
    connection.execute(
        insert(key_ids),
        [{"key_id": key_id.upper()[-16:], "fingerprint": info.fingerprint} for key_id in info.all_key_ids],
    )


def certificates_of(connection: Connection, lea: str) -> list[bytes]:
    """A party's certificates that are not retired, newest first, armored."""
    rows = connection.execute(
        select(certificates.c.armored)
        .where(certificates.c.party == lea, certificates.c.retired_at.is_(None))
        .order_by(certificates.c.added_at.desc())
    )
    return [row.armored.encode() for row in rows]


def add_ssh_key(connection: Connection, lea: LeaId, line: str, now: float) -> None:
    """Let this SSH public key (one OpenSSH line) log in as the LEA; adding it twice changes nothing."""
    key = (ssh_keys.c.party == lea) & (ssh_keys.c.line == line)
    if connection.execute(select(ssh_keys).where(key)).first() is None:
        connection.execute(insert(ssh_keys), {"party": lea, "line": line, "added_at": now})


def remove_ssh_key(connection: Connection, lea: LeaId, line: str) -> bool:
    """Let this SSH key log in no more; False when it could not anyway."""
    key = (ssh_keys.c.party == lea) & (ssh_keys.c.line == line)
    return connection.execute(delete(ssh_keys).where(key)).rowcount > 0


def ssh_keys_of(connection: Connection, lea: str) -> Sequence[str]:
    """The SSH public keys that may log in as this LEA."""
    return [row.line for row in connection.execute(select(ssh_keys.c.line).where(ssh_keys.c.party == lea))]
