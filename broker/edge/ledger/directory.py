"""The directory of parties: who is in the exchange, with which OpenPGP certificates and SSH keys.

Owns `parties`, `certificates`, `key_ids`, `ssh_keys`. Promises: one key never belongs to two parties.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select, update

from broker.core.errors import Refused
from broker.core.model import LeaId, Party, PartyKind
from broker.edge.keyring import KeyInfo
from broker.edge.ledger import epoch
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
    """Add a party's certificate, or replace it by a newer form of the same key; one that was retired is in use again.
    Raises Refused("key-taken")."""
    epoch.advance(connection)  # a revocation is seen by packets that are on their way
    owners = {owner_of(connection, key_id) for key_id in info.all_key_ids} - {None, lea}
    if owners:
        raise Refused("key-taken")
    known = connection.execute(select(certificates).where(certificates.c.fingerprint == info.fingerprint)).first()
    if known:
        connection.execute(
            update(certificates)
            .where(certificates.c.fingerprint == info.fingerprint)
            .values(armored=armored, retired_at=None)
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


def certificates_of(connection: Connection, lea: str, with_retired: bool = False) -> list[bytes]:
    """A party's certificates, those that are retired only where asked for, newest first, armored."""
    query = select(certificates.c.armored).where(certificates.c.party == lea)
    if not with_retired:
        query = query.where(certificates.c.retired_at.is_(None))
    return [row.armored.encode() for row in connection.execute(query.order_by(certificates.c.added_at.desc()))]


def retire(connection: Connection, lea: str, fingerprint: str, at: float) -> bool:
    """Use a party's certificate no more: nothing is encrypted to it, and nothing that it signs is taken in; False when
    it was not in use anyway. It stays known as this party's."""
    mine = (certificates.c.party == lea) & (certificates.c.fingerprint == fingerprint)
    standing = mine & certificates.c.retired_at.is_(None)
    epoch.advance(connection)
    return connection.execute(update(certificates).where(standing).values(retired_at=at)).rowcount > 0


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
