"""Parties and their keys in the ledger, over SQLite and PostgreSQL: whose a key is, how it ends, and what is kept."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, Engine, delete, update
from sqlalchemy.exc import DBAPIError

from broker.core.errors import Refused
from broker.core.model import LeaId, Party, PartyKind
from broker.core.openpgp import armor, frames, signatures
from broker.edge.ledger import epoch, tables
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.parties import directory, directory_changes, removals, suspensions
from broker.edge.pgp import keyring, openpgp, validity
from tests.support import craft

NOW = datetime.now(UTC)
AT = NOW.timestamp()
ONE, TWO = LeaId("01"), LeaId("02")
LINE = "ssh-ed25519 AAAA"


@pytest.fixture
def engine(engine: Engine) -> Engine:
    with writing(engine) as connection:
        for lea, name in ((ONE, "Canyon"), (TWO, "Mesa")):
            directory.add_party(connection, Party(lea, name, PartyKind.DISTRICT), AT)
    return engine


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with writing(engine) as made:
        yield made


def key(name: str) -> bytes:
    return keyring.generate(name, "cv25519", NOW, None)


def put(connection: Connection, lea: LeaId, certificate: bytes) -> str:
    info = keyring.inspect(certificate, datetime.now(UTC))
    text = certificate.decode() if certificate.startswith(b"-----") else armored(certificate)
    directory.put_certificate(connection, lea, info, text, AT)
    return info.fingerprint


def armored(certificate: bytes) -> str:
    return armor.enarmor("PUBLIC KEY BLOCK", certificate)


def subkey_of(secret: bytes) -> bytes:
    packets = craft.packets(validity.binary(keyring.public(secret)))
    return next(body for tag, body in packets if tag == frames.PUBLIC_SUBKEY)


def test_a_bound_key_claims_nothing_and_its_owner_is_found(connection: Connection) -> None:
    canyon, mesa = key("Canyon"), key("Mesa")
    own = craft.packets(validity.binary(keyring.public(mesa)))
    primary = craft.packets(validity.binary(keyring.public(canyon)))[0][1]
    mark = openpgp.load_secret(canyon).fingerprint
    grabbed = craft.joined([*own, *craft.binding(mesa, primary, signatures.SIGN)])
    put(connection, TWO, grabbed)
    assert directory.owner_of(connection, mark) == TWO  # as long as nobody has shown to hold it
    assert directory.foreign(connection, TWO, [mark]) == frozenset()
    put(connection, ONE, keyring.public(canyon))
    assert directory.owner_of(connection, mark) == directory.owner_of(connection, mark[-16:]) == ONE
    assert directory.foreign(connection, TWO, [mark]) == {mark}
    with pytest.raises(Refused, match="key-taken"):
        put(connection, TWO, keyring.public(canyon))


def test_what_another_binds_later_takes_nothing(connection: Connection) -> None:
    canyon, mesa = key("Canyon"), key("Mesa")
    put(connection, ONE, keyring.public(canyon))
    own = craft.packets(validity.binary(keyring.public(mesa)))
    put(connection, TWO, craft.joined([*own, *craft.binding(mesa, subkey_of(canyon), 0x0C)]))
    revoked = keyring.merge(keyring.public(canyon), keyring.revocation(canyon, datetime.now(UTC)))
    put(connection, ONE, revoked)
    assert directory.certificates_of(connection, ONE) == [revoked]


def test_an_ended_key_is_neither_used_nor_shown_and_says_who_ended_it(connection: Connection) -> None:
    mark = put(connection, ONE, keyring.public(key("Canyon")))
    before = epoch.now(connection)
    assert directory.end(connection, mark, AT + 1, "Jo", "lost") == ONE
    assert epoch.now(connection) > before  # what is on its way is asked again
    assert directory.end(connection, mark, AT + 2, "Jo", "lost") is None
    assert directory.certificates_of(connection, ONE) == []
    assert len(directory.ended_certificates(connection, ONE)) == 1
    assert removals.published(connection) == {}
    assert directory_changes.reasons(connection, directory_changes.END) == {mark: ("Jo", "lost")}
    assert directory.end(connection, "A" * 40, AT, "Jo", "x") is None


def test_an_ssh_key_that_ended_is_known_still_and_may_come_back(connection: Connection) -> None:
    directory.add_ssh_key(connection, ONE, LINE, AT)
    assert directory.remove_ssh_key(connection, ONE, LINE, AT + 1, "Jo", "lost")
    assert not directory.remove_ssh_key(connection, ONE, LINE, AT + 2)
    assert directory.ssh_keys_of(connection, ONE) == []
    assert [row.ended_at for row in directory.every_ssh_key(connection, ONE)] == [AT + 1]
    directory.add_ssh_key(connection, ONE, LINE, AT + 3)
    assert directory.ssh_keys_of(connection, ONE) == [LINE]
    removals.remove(connection, ONE, "Jo", "closed", AT + 4)
    assert directory.ssh_keys_of(connection, ONE) == []


def test_a_suspended_party_has_no_login_and_its_packets_are_due_at_once_when_it_is_resumed(
    connection: Connection,
) -> None:
    directory.add_ssh_key(connection, ONE, LINE, AT)
    before = epoch.now(connection)
    assert suspensions.suspend(connection, ONE, AT, "Jo", "stolen")
    assert not suspensions.suspend(connection, ONE, AT, "Jo", "stolen")
    assert epoch.now(connection) > before
    assert directory.ssh_keys_of(connection, ONE) == []
    assert suspensions.standing(connection) == {"01": AT}
    assert suspensions.resume(connection, ONE, AT, "Jo", "")
    assert not suspensions.resume(connection, ONE, AT, "Jo", "")
    assert directory.ssh_keys_of(connection, ONE) == [LINE]


def test_a_former_name_is_known_while_a_key_is_shown_with_it(connection: Connection) -> None:
    mark = put(connection, ONE, keyring.public(key("Canyon")))
    directory.show(connection, mark, "shown", "Canyon <c@c.example>")
    directory.rename(connection, ONE, "Canyon Schools", AT, "Jo", "by the board")
    names = {one.id: one.names for one in directory.known(connection)}
    assert names["01"] == ("Canyon Schools", "Canyon")
    directory.retire(connection, ONE, mark, AT)
    assert {one.id: one.names for one in directory.known(connection)}["01"] == ("Canyon Schools",)


def test_every_change_is_a_line_that_stays(engine: Engine) -> None:
    with writing(engine) as connection:
        last = directory_changes.last(connection)
        certificate = keyring.public(key("Canyon"))
        put(connection, ONE, certificate)
        assert directory_changes.last(connection) == last + 1
        put(connection, ONE, certificate)  # nothing new
        assert directory_changes.last(connection) == last + 1
    for change in (update(tables.directory_changes).values(why="x"), delete(tables.directory_changes)):
        with pytest.raises(DBAPIError), writing(engine) as connection:
            connection.execute(change)
    with reading(engine) as connection:
        assert directory_changes.last(connection) == last + 1


def test_what_could_not_be_read_again_is_not_kept(connection: Connection) -> None:
    """A binary key as large as may be is larger in armour."""
    packets = craft.packets(validity.binary(keyring.public(key("Canyon"))))
    large = craft.joined([*packets[:3], (frames.ATTRIBUTE, bytes(900_000)), *packets[3:]])
    info = keyring.inspect(large, datetime.now(UTC))
    with pytest.raises(Refused, match="key-unreadable"):
        directory.put_certificate(connection, ONE, info, armor.enarmor("PUBLIC KEY BLOCK", large), AT)
    assert directory.every_certificate(connection, ONE) == []
