"""The disclosure log, legal exceptions and retired keys, over SQLite and PostgreSQL: the same promises of both."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, Engine, delete, insert, update
from sqlalchemy.exc import DBAPIError

from broker.core.disclosure import Disclosure
from broker.core.model import LeaId, Party, PartyKind, Ssid
from broker.edge.ledger import tables
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.parties import directory, exceptions
from broker.edge.ledger.parties.exceptions import LegalException, LetIn
from broker.edge.pgp import keyring

NOW = 1_800_000_000.0
ONE, OTHER = Ssid("1000000019"), Ssid("1000000027")
LINE = Disclosure(NOW, ONE, "receive-record", "allowed", "6G", "", "01", "student-record", "enrolls", "", "018f-1")


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with writing(engine) as made:
        yield made


def register(connection: Connection, ssid: str, merged_into: str = "") -> None:
    row = dict.fromkeys(("first", "middle", "last", "suffix", "birth_date", "gender"), "")
    connection.execute(insert(tables.students), row | {"ssid": ssid, "added_at": NOW, "merged_into": merged_into})


def test_the_log_of_one_student_is_under_all_numbers_in_order(connection: Connection) -> None:
    register(connection, ONE)
    register(connection, OTHER, merged_into=ONE)
    lines = [LINE, replace(LINE, ssid=OTHER, at=NOW - 5), replace(LINE, ssid="1000000035"), replace(LINE, party="07")]
    for one in lines[:2]:
        disclosures.add(connection, [one])
    disclosures.add(connection, lines[2:])
    disclosures.add(connection, [])
    expected = [lines[0], lines[1], lines[3]]
    assert disclosures.about(connection, ONE) == disclosures.about(connection, OTHER) == expected
    assert disclosures.about(connection, "1000000035") == [lines[2]]
    assert list(disclosures.all_of(connection)) == lines


def test_the_whole_log_is_read_a_page_at_a_time(connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disclosures, "_PAGE", 3)
    for count in (3, 4):
        disclosures.add(connection, [replace(LINE, tracking=str(number)) for number in range(count)])
    assert [one.tracking for one in disclosures.all_of(connection)] == ["0", "1", "2", "0", "1", "2", "3"]


@pytest.mark.parametrize("change", [update(tables.disclosures).values(party="99"), delete(tables.disclosures)])
def test_no_line_is_ever_changed(engine: Engine, change: object) -> None:
    with writing(engine) as connection:
        disclosures.add(connection, [LINE])
    with pytest.raises(DBAPIError, match="append-only"), writing(engine) as connection:
        connection.execute(change)  # type: ignore[call-overload]
    with reading(engine) as connection:
        assert list(disclosures.all_of(connection)) == [LINE]


def test_an_exception_is_ended_once_and_never_deleted(engine: Engine) -> None:
    with writing(engine) as connection:
        made = exceptions.add(connection, "dodea.edu", "20 USC 1", "a reason", "J. Doe", NOW)
        other = exceptions.add(connection, "army.mil", "20 USC 2", "a reason", "J. Doe", NOW + 1)
        assert exceptions.standing(connection) == [made, other]
        exceptions.end(connection, made.id, "A. Roe", "over", NOW + 2)
        assert exceptions.standing(connection) == [other]
    ended = LegalException(made.id, "dodea.edu", "20 USC 1", "a reason", "J. Doe", NOW, NOW + 2, "A. Roe", "over")
    for change in (
        update(tables.exceptions).where(tables.exceptions.c.id == made.id).values(ended_at=None),
        update(tables.exceptions).where(tables.exceptions.c.id == other.id).values(law="another"),
        delete(tables.exceptions),
    ):
        with pytest.raises(DBAPIError), writing(engine) as connection:
            connection.execute(change)
    with reading(engine) as connection:
        assert exceptions.all_of(connection) == [ended, other]


def test_what_was_let_in_is_read_from_the_log(connection: Connection) -> None:
    join = Disclosure(
        NOW, "", "join", "allowed", "7X", what="certificate AB", ground="legal-exception", purpose="a.mil"
    )
    disclosures.add(
        connection,
        [
            LINE,
            join,
            join,
            replace(join, what="ssh-key SHA256:x"),
            replace(join, party="8X", outcome="refused", ground="federal"),
        ],
    )
    assert exceptions.let_in(connection) == [
        LetIn("7X", "certificate AB", "a.mil"),
        LetIn("7X", "ssh-key SHA256:x", "a.mil"),
    ]


def test_a_retired_certificate_is_used_no_more_until_it_is_entered_again(connection: Connection) -> None:
    now = datetime.fromtimestamp(NOW, UTC)
    made = keyring.public(keyring.generate("A <a@x.org>", "cv25519", now, None))
    info, lea = keyring.inspect(made, now), LeaId("01")
    for one in (lea, LeaId("02")):
        directory.add_party(connection, Party(one, "A", PartyKind.DISTRICT), NOW)
    directory.put_certificate(connection, lea, info, made.decode(), NOW)
    assert not directory.retire(connection, LeaId("02"), info.fingerprint, NOW)  # another party's
    assert directory.certificates_of(connection, lea) == [made]
    assert directory.retire(connection, lea, info.fingerprint, NOW)
    assert not directory.retire(connection, lea, info.fingerprint, NOW)
    assert directory.certificates_of(connection, lea) == []
    assert directory.certificates_of(connection, lea, with_retired=True) == [made]
    assert directory.owner_of(connection, info.fingerprint) == lea
    directory.put_certificate(connection, lea, info, made.decode(), NOW)
    assert directory.certificates_of(connection, lea) == [made]
