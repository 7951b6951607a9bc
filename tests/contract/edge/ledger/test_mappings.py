"""The mappings of LEAs in the ledger, over SQLite and PostgreSQL: what held when, and that nothing of it changes."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, update
from sqlalchemy.exc import DBAPIError

from broker.core.model import LeaId, Party, PartyKind, Sha256, State, TrackingId
from broker.edge.ledger import tables
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.parties import directory, mappings
from broker.edge.ledger.parties.mappings import MappingRow
from broker.edge.settings.values import Settings
from broker.packets.round import RoundFacts

ONE, TWO = LeaId("01"), LeaId("02")
NOW = datetime.now(UTC)
TODAY = Settings(home=Path()).today(NOW.date())


@pytest.fixture
def engine(engine: Engine) -> Engine:
    with writing(engine) as connection:
        for lea, name in ((ONE, "Canyon"), (TWO, "Mesa")):
            directory.add_party(connection, Party(lea, name, PartyKind.DISTRICT), 1.0)
        mappings.put(connection, ONE, 10.0, "first")
        mappings.put(connection, ONE, 20.0, "second")
        mappings.put(connection, ONE, 30.0, "")
    return engine


def packet(lea: LeaId, received_at: float) -> PacketRow:
    return PacketRow(TrackingId("t"), lea, "f", "", Sha256("0"), 1, received_at, State.RECEIVED)


def test_the_newest_and_what_held_at_a_moment(engine: Engine) -> None:
    with reading(engine) as connection:
        assert mappings.newest(connection, ONE) == MappingRow(30.0, "")
        assert mappings.newest(connection, TWO) is None
        held = [mappings.at(connection, ONE, moment) for moment in (9.0, 10.0, 19.9, 25.0, 99.0)]
    assert [one.text if one else None for one in held] == [None, "first", "first", "second", ""]


def test_a_packet_is_read_by_the_mapping_of_its_moment_however_often(engine: Engine) -> None:
    moments = (5.0, 15.0, 25.0, 35.0)
    with reading(engine) as connection:
        facts = RoundFacts(connection, NOW, TODAY)
        assert [facts.mapping(packet(ONE, at)) for at in moments] == ["", "first", "second", ""]
        assert [facts.mapping(packet(TWO, at)) for at in moments] == [""] * 4
    with writing(engine) as connection:
        mappings.put(connection, ONE, 40.0, "third")
    with reading(engine) as connection:
        again = RoundFacts(connection, NOW, TODAY)
        assert [again.mapping(packet(ONE, at)) for at in (*moments, 45.0)] == ["", "first", "second", "", "third"]


def test_what_held_is_never_changed_nor_deleted(engine: Engine) -> None:
    for change in (update(tables.mappings).values(text="x"), delete(tables.mappings)):
        with pytest.raises(DBAPIError, match="append-only"), writing(engine) as connection:
            connection.execute(change)
