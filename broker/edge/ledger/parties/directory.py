"""The directory of parties: who is in the exchange, with which OpenPGP certificates and SSH keys.

Owns `parties`, `certificates`, `key_ids`, `ssh_keys`. Promises: keys that a party has proved to hold (its primary key,
and the signing subkeys that confirm it) never belong to two parties; a key that is only bound to its own claims
nothing; every change of a party or a key is a line of `directory_changes`, written in the same transaction.
"""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, func, insert, or_, select, update

from broker.core.errors import Refused
from broker.core.model import LeaId, Party, PartyKind
from broker.core.parties.naming import Known, begins_with
from broker.edge.ledger import epoch
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.parties import directory_changes as changes
from broker.edge.ledger.tables import certificates, key_ids, parties, ssh_keys
from broker.edge.pgp import minimal
from broker.edge.pgp.keyring import KeyInfo


def add_party(connection: Writing, party: Party, now: float) -> None:
    """Enter a party."""
    connection.execute(insert(parties), {"id": party.id, "name": party.name, "kind": party.kind, "added_at": now})
    changes.note(connection, now, party.id, "add", party.name)


def party(connection: Reading, lea: str) -> Party | None:
    """One party, or None."""
    row = connection.execute(select(parties).where(parties.c.id == lea)).first()
    return _party(row) if row else None


def all_parties(connection: Reading) -> list[Party]:
    """Every party, by id."""
    rows = connection.execute(select(parties).order_by(parties.c.id))
    return [_party(row) for row in rows]


def page(connection: Reading, after: str, size: int) -> list[Party]:
    """At most `size` parties after the id `after`, by id."""
    query = select(parties).where(parties.c.id > after).order_by(parties.c.id).limit(size)
    return [_party(row) for row in connection.execute(query)]


def count(connection: Reading, most: int) -> int:
    """How many parties there are, counted up to `most`."""
    query = select(func.count()).select_from(select(parties.c.id).limit(most).subquery())
    return int(connection.execute(query).scalar_one())


def _party(row: Row[Any]) -> Party:
    return Party(LeaId(row.id), row.name, PartyKind(row.kind), row.suspended_at is not None)


def in_directory() -> ColumnElement[bool]:
    """Which certificates are published: those in use, and those that a party had when it left, so that its signatures
    can still be checked; none that the state has ended."""
    when_it_left = (certificates.c.party == parties.c.id) & (certificates.c.retired_at == parties.c.removed_at)
    its_last = select(certificates.c.fingerprint).select_from(certificates.join(parties, when_it_left))
    shown = or_(certificates.c.retired_at.is_(None), certificates.c.fingerprint.in_(its_last.scalar_subquery()))
    return shown & certificates.c.ended_at.is_(None)


def known(connection: Reading) -> list[Known]:
    """Every party by id, with its name and those former names that its published certificates still show; this includes
    parties that have left, because their keys are still published."""
    former = changes.former_names(connection)
    shown: dict[str, list[str]] = {}
    in_it = select(certificates.c.party, certificates.c.user_id).where(in_directory())
    for row in connection.execute(in_it.where(certificates.c.party.in_(list(former)))) if former else ():
        shown.setdefault(row.party, []).append(row.user_id)
    return [
        Known(
            one.id,
            one.name,
            tuple(
                name
                for name in former.get(one.id, ())
                if name != one.name and any(begins_with(text, name) for text in shown.get(one.id, ()))
            ),
        )
        for one in all_parties(connection)
    ]


def rename(connection: Writing, lea: LeaId, name: str, now: float, who: str = "", why: str = "") -> None:
    """Give a party another name; no other party may take its former name."""
    before = connection.execute(select(parties.c.name).where(parties.c.id == lea)).scalar_one()
    connection.execute(update(parties).where(parties.c.id == lea).values(name=name))
    connection.execute(update(certificates).where(certificates.c.party == lea).values(shown=None))
    changes.note(connection, now, lea, changes.RENAME, before, who, why)


def owner_of(connection: Reading, key_id: str) -> str | None:
    """The party that has proved to own a primary key or subkey, by key id (16 hex digits) or fingerprint; where none
    has, a party that has bound it; None for an unknown key."""
    rows = _naming(connection, [key_id])
    proved = (row.party for row in rows if any(one.endswith(key_id.upper()) for one in _proved(row.armored)))
    return next(proved, rows[0].party if rows else None)


def _naming(connection: Reading, keys: Collection[str]) -> Sequence[Row[Any, Any, Any]]:
    """The certificates that contain one of these keys, by id or fingerprint, oldest first."""
    ids = {one.upper()[-16:] for one in keys}
    return connection.execute(
        select(certificates.c.fingerprint, certificates.c.party, certificates.c.armored)
        .where(certificates.c.fingerprint.in_(select(key_ids.c.fingerprint).where(key_ids.c.key_id.in_(ids))))
        .order_by(certificates.c.added_at, certificates.c.fingerprint)
    ).all()


def _proved(armored: str) -> frozenset[str]:
    try:
        return frozenset(minimal.proved(armored.encode()))
    except Refused:  # accepted by an earlier program, and unusable
        return frozenset()


def foreign(connection: Reading, lea: str, keys: Collection[str]) -> frozenset[str]:
    """Which of these keys another party has proved to own."""
    theirs = [_proved(row.armored) for row in _naming(connection, keys) if row.party != lea]
    return frozenset(keys).intersection(frozenset().union(*theirs))


def put_certificate(connection: Writing, lea: LeaId, info: KeyInfo, armored: str, now: float, who: str = "") -> None:
    """Add a party's certificate, or replace it by a newer form of the same key; a retired one is in use again. A
    revocation of a known key is always accepted. Raises Refused `key-taken`, `key-unreadable`."""
    epoch.advance(connection)  # so that packets on their way meet a revocation
    minimal.proved(armored.encode())  # a certificate that could not be read again would block every later one
    known = connection.execute(select(certificates).where(certificates.c.fingerprint == info.fingerprint)).first()
    is_revoked = info.fault == "key-revoked"
    if (known and known.party != lea) or (not (known and is_revoked) and foreign(connection, lea, info.proved)):
        raise Refused("key-taken")
    if known and known.armored == armored and known.retired_at is None:
        return
    if known:
        # also a revoked one: nobody can use it, and everybody must see the revocation
        values = {"armored": armored, "shown": None, "retired_at": None, "ended_at": None}
        connection.execute(update(certificates).where(certificates.c.fingerprint == info.fingerprint).values(values))
    else:
        row = {"fingerprint": info.fingerprint, "party": lea, "armored": armored, "added_at": now, "retired_at": None}
        connection.execute(insert(certificates), row)
    connection.execute(delete(key_ids).where(key_ids.c.fingerprint == info.fingerprint))
    connection.execute(
        insert(key_ids),
        [{"key_id": key_id.upper()[-16:], "fingerprint": info.fingerprint} for key_id in info.all_key_ids],
    )
    _hide_unproved(connection, lea, info.proved)
    changes.note(connection, now, lea, "renew" if known else "key", info.fingerprint, who)


def _hide_unproved(connection: Writing, lea: LeaId, keys: Collection[str]) -> None:
    """Publish the other certificates again: a key that another party only bound is not shown once its owner is here."""
    others = [row.fingerprint for row in _naming(connection, keys) if row.party != lea]
    connection.execute(update(certificates).where(certificates.c.fingerprint.in_(others)).values(shown=None))


def show(connection: Writing, fingerprint: str, shown: str, user_id: str) -> None:
    """Store the published form of a certificate, and the user id in it, '' for none."""
    values = {"shown": shown, "user_id": user_id}
    connection.execute(update(certificates).where(certificates.c.fingerprint == fingerprint).values(values))


def certificates_of(connection: Reading, lea: str, with_retired: bool = False) -> list[bytes]:
    """A party's certificates, newest first, armored; retired ones only with `with_retired`."""
    query = select(certificates.c.armored).where(certificates.c.party == lea)
    if not with_retired:
        query = query.where(certificates.c.retired_at.is_(None))
    return [row.armored.encode() for row in connection.execute(query.order_by(certificates.c.added_at.desc()))]


def ended_certificates(connection: Reading, lea: str) -> list[bytes]:
    """A party's certificates that the state has ended, armored."""
    query = select(certificates.c.armored).where(certificates.c.party == lea, certificates.c.ended_at.is_not(None))
    return [row.armored.encode() for row in connection.execute(query)]


def retire(connection: Writing, lea: str, fingerprint: str, at: float) -> bool:
    """Stop using a party's certificate: nothing is encrypted to it, and nothing that it signs is accepted. False when
    it was not in use. It stays known as this party's."""
    mine = (certificates.c.party == lea) & (certificates.c.fingerprint == fingerprint)
    standing = mine & certificates.c.retired_at.is_(None)
    epoch.advance(connection)
    is_done = connection.execute(update(certificates).where(standing).values(retired_at=at)).rowcount > 0
    if is_done:
        changes.note(connection, at, lea, "retire", fingerprint)
    return is_done


def end(connection: Writing, fingerprint: str, at: float, who: str, why: str) -> str | None:
    """End a certificate by the state's decision: as `retire`, and its earlier signatures are no longer accepted, not
    even on waiting packets. Returns its owner; None where no party has it in use."""
    mine = certificates.c.fingerprint == fingerprint
    owner = connection.execute(select(certificates.c.party).where(mine, certificates.c.ended_at.is_(None))).scalar()
    if owner is None:
        return None
    epoch.advance(connection)
    connection.execute(update(certificates).where(mine, certificates.c.retired_at.is_(None)).values(retired_at=at))
    connection.execute(update(certificates).where(mine).values(ended_at=at))
    changes.note(connection, at, str(owner), changes.END, fingerprint, who, why)
    return str(owner)


def add_ssh_key(connection: Writing, lea: LeaId, line: str, now: float) -> None:
    """Let this SSH public key (one OpenSSH line) log in as the LEA; adding it again changes nothing."""
    key = (ssh_keys.c.party == lea) & (ssh_keys.c.line == line)
    found = connection.execute(select(ssh_keys).where(key)).first()
    if found is None:
        connection.execute(insert(ssh_keys), {"party": lea, "line": line, "added_at": now})
    elif found.ended_at is not None:
        connection.execute(update(ssh_keys).where(key).values(added_at=now, ended_at=None))
    else:
        return
    changes.note(connection, now, lea, "ssh-key", line)


def remove_ssh_key(connection: Writing, lea: LeaId, line: str, at: float = 0.0, who: str = "", why: str = "") -> bool:
    """Stop letting this SSH key log in; False when it could not log in anyway. It stays known as this party's."""
    key = (ssh_keys.c.party == lea) & (ssh_keys.c.line == line) & ssh_keys.c.ended_at.is_(None)
    is_done = connection.execute(update(ssh_keys).where(key).values(ended_at=at)).rowcount > 0
    if is_done:
        changes.note(connection, at, lea, changes.END, line, who, why)
    return is_done


def ssh_keys_of(connection: Reading, lea: str) -> Sequence[str]:
    """The SSH public keys that may log in as this LEA; none while it is suspended."""
    standing = ssh_keys.c.ended_at.is_(None) & parties.c.suspended_at.is_(None)
    query = select(ssh_keys.c.line).join(parties, parties.c.id == ssh_keys.c.party)
    return [row.line for row in connection.execute(query.where(ssh_keys.c.party == lea, standing))]


def every_certificate(connection: Reading, lea: str = "") -> Sequence[Row[Any]]:
    """The rows of all certificates that any party, or this party, ever had, by party, newest first."""
    query = select(certificates).order_by(
        certificates.c.party, certificates.c.added_at.desc(), certificates.c.fingerprint
    )
    return connection.execute(query.where(certificates.c.party == lea) if lea else query).all()


def every_ssh_key(connection: Reading, lea: str = "") -> Sequence[Row[Any]]:
    """The rows of all SSH keys that any party, or this party, ever had, by party, newest first."""
    query = select(ssh_keys).order_by(ssh_keys.c.party, ssh_keys.c.added_at.desc(), ssh_keys.c.line)
    return connection.execute(query.where(ssh_keys.c.party == lea) if lea else query).all()


def with_part(connection: Reading, fingerprint: str) -> str | None:
    """The fingerprint of the certificate that has this subkey; None for none."""
    return next((row.fingerprint for row in _naming(connection, [fingerprint])), None)
