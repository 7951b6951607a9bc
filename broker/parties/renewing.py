"""renewing: changes a party's keys: a further key, a newer form or a revocation, SSH keys added or removed.

Contract: called in the one transaction that changes them, within `joining.guarded`. `keys` checks every key before
anything is written; a revocation of a key that is or was the party's is always accepted. Raises NotDone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from broker.core.errors import NotDone
from broker.core.model import LeaId, Party
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.parties import directory, removals
from broker.edge.pgp import keyring
from broker.edge.settings import federal_names
from broker.edge.sftp.hostkey import line_fingerprint
from broker.parties import entering, given, joining, keys
from broker.parties.given import Given
from broker.parties.keys import Taken
from broker.parties.pages import House


@dataclass(frozen=True, slots=True)
class News:
    """A change of a party's keys: an OpenPGP key or a revocation, SSH keys to add and to remove."""

    cert: Given | None = None
    ssh_keys: Sequence[Given] = ()
    gone_ssh_keys: Sequence[Given] = ()


@dataclass(frozen=True, slots=True)
class Changed:
    """What was accepted of an OpenPGP key, and the fingerprints of SSH keys."""

    key: Taken | None
    ssh_keys: tuple[str, ...]
    gone_ssh_keys: tuple[str, ...]


def change(house: House, connection: Writing, party: Party, news: News, who: str) -> Changed:
    """Carry out the change; `who` decides it."""
    if party.id in removals.standing(connection) and not _may_of_the_gone(house, connection, party.id, news):
        raise NotDone("party-removed-key", lea=party.id)
    added = [_add(house, connection, party.id, one) for one in news.ssh_keys]
    removed = [_remove(house, connection, party.id, one, who) for one in news.gone_ssh_keys]
    taken = _take(house, connection, party, news.cert) if news.cert else None
    return Changed(taken, tuple(added), tuple(removed))


def _may_of_the_gone(house: House, connection: Reading, lea: LeaId, news: News) -> bool:
    """From a party that has left, only the revocation of a key that it has or had is accepted."""
    if news.ssh_keys or news.cert is None:
        return False
    grown = keys.grown(directory.certificates_of(connection, lea, with_retired=True), given.certificate(news.cert))
    return grown is not None and keyring.inspect(grown, house.clock()).fault == "key-revoked"


def _add(house: House, connection: Writing, lea: LeaId, one: Given) -> str:
    line, text = given.ssh_key(one)
    names = federal_names.load(house.settings.home)
    joining.enter(house, connection, lea, [joining.ssh_key_of(names, line, text)])
    directory.add_ssh_key(connection, lea, line, house.clock().timestamp())
    return line_fingerprint(line)


def _remove(house: House, connection: Writing, lea: LeaId, one: Given, who: str) -> str:
    line, _ = given.ssh_key(one)
    if not directory.remove_ssh_key(connection, lea, line, house.clock().timestamp(), who):
        raise NotDone("no-ssh-key-of", file=one.name, lea=lea)
    return line_fingerprint(line)


def _take(house: House, connection: Writing, party: Party, cert: Given) -> Taken:
    """A revoked or expired form of a known key is accepted too: it takes effect at once, whatever names it has."""
    content, now = given.certificate(cert), house.clock()
    _check_owner(connection, party.id, cert.name, content)
    who = keys.others(connection, house)
    grown = keys.grown(directory.certificates_of(connection, party.id, with_retired=True), content)
    info = entering.judged(cert.name, lambda: keyring.inspect(grown, now) if grown else keyring.check(content, now))
    if info.fault is None:
        names = federal_names.load(house.settings.home)
        things = [joining.certificate_of(names, info.fingerprint, grown or content)]
        joining.enter(house, connection, party.id, [*things, joining.name_of(names, party.id, party.name)])
    taken = entering.judged(cert.name, lambda: keys.taken(house, connection, who, party.id, content, now))
    entering.put(connection, party.id, taken.info, taken.content, now.timestamp())
    return taken


def _check_owner(connection: Reading, lea: LeaId, name: str, content: bytes) -> None:
    """A bare revocation shows to whom its key belongs; giving it for another party is a mistake, and is reported."""
    if not keyring.is_bare(content):
        return
    for other in directory.all_parties(connection):
        known = directory.certificates_of(connection, other.id, with_retired=True)
        if other.id != lea and keys.grown(known, content):
            raise NotDone("revokes-other", file=name, other=other.id)
