"""The ledger over SQLite and PostgreSQL: its tables, its history, and claims of packets."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from broker.core.flow import BORN, MOVES
from broker.core.model import Ssid, State
from broker.edge.ledger import tables
from broker.edge.ledger.engine import is_current, reading, writing
from broker.edge.ledger.migrate import migrate
from broker.edge.ledger.packets import moves, packets, views
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.people import registry
from tests.support.rows import NOW, admitted, claim, give_birth, packet, person


def test_tables_are_what_the_migrations_made(engine: Engine) -> None:
    assert is_current(engine)
    found = inspect(engine)
    for name, table in tables.metadata.tables.items():
        columns = {column["name"]: column["nullable"] for column in found.get_columns(name)}
        assert columns == {column.name: bool(column.nullable) for column in table.columns}, name
        indexes = {str(index["name"]) for index in found.get_indexes(name)}
        assert {str(index.name) for index in table.indexes} <= indexes, name


def test_migrating_twice_changes_nothing(engine: Engine) -> None:
    give_birth(engine, packet())
    migrate(engine)
    with reading(engine) as connection:
        assert views.counts(connection) == {"RECEIVED": 1}


@pytest.mark.parametrize("after", list(State))
@pytest.mark.parametrize("before", sorted(BORN))
def test_the_database_refuses_every_move_that_the_table_does_not_have(
    engine: Engine, before: State, after: State
) -> None:
    give_birth(engine, packet(1, before))
    statement = text("UPDATE packets SET state = :after").bindparams(after=after)
    if after is before or after in MOVES[before]:
        with writing(engine) as connection:
            connection.execute(statement)
    else:
        with pytest.raises(DBAPIError, match="illegal move"), writing(engine) as connection:
            connection.execute(statement)


@pytest.mark.parametrize("state", sorted(set(State) - BORN))
def test_the_database_refuses_a_packet_born_in_another_state(engine: Engine, state: State) -> None:
    with pytest.raises(DBAPIError, match="no packet is born so"):
        give_birth(engine, packet(1, state))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET why = 'other'",
        "DELETE FROM events",
        "UPDATE receipts SET text = 'other'",
        "DELETE FROM receipts",
        "DELETE FROM packets",
        "UPDATE packets SET sha256 = 'other'",
        "UPDATE students SET ssid = '2'",
        "DELETE FROM students",
    ],
)
def test_history_can_not_be_changed(engine: Engine, statement: str) -> None:
    give_birth(engine, packet())
    row = claim(engine, "018f-0001").rows[0]
    with writing(engine) as connection:
        moves.advance(connection, [admitted(row)], NOW)
        registry.add(connection, lambda: Ssid("1"), person, NOW)
    with pytest.raises(DBAPIError), writing(engine) as connection:
        connection.execute(text(statement))


def test_a_packet_is_claimed_by_one_worker_only(engine: Engine) -> None:
    give_birth(engine, packet())
    assert len(claim(engine, "018f-0001", token="w:1").rows) == 1
    assert claim(engine, "018f-0001", token="v:1").rows == ()


def test_a_claim_that_ran_out_is_free_again(engine: Engine) -> None:
    give_birth(engine, packet())
    claim(engine, "018f-0001", token="w:1")
    assert claim(engine, "018f-0001", token="v:1", at=NOW + 61).rows[0].attempts == 2


def test_the_attempt_is_counted_before_the_work(engine: Engine) -> None:
    give_birth(engine, packet())
    claim(engine, "018f-0001")
    with reading(engine) as connection:
        found = packets.get(connection, "018f-0001")
    assert found is not None
    assert found.attempts == 1


def test_what_a_worker_died_on_is_worked_alone(engine: Engine) -> None:
    give_birth(engine, packet(1), packet(2))
    claim(engine, "018f-0001", token="w:1")
    with writing(engine) as connection:
        assert packets.release_worker(connection, "w") == 1
    both = claim(engine, "018f-0001", "018f-0002")
    assert ([row.tracking for row in both.rows], both.alone) == (["018f-0002"], ("018f-0001",))
    assert claim(engine, "018f-0001").rows[0].attempts == 2


def test_a_failure_of_the_whole_batch_is_not_counted(engine: Engine) -> None:
    give_birth(engine, packet(1))
    claim(engine, "018f-0001", token="w:1")
    with writing(engine) as connection:
        held = packets.claimed_by(connection, "w")
        packets.release(connection, [row._replace(attempts=row.attempts - 1) for row in held])
    assert claim(engine, "018f-0001").rows[0].attempts == 1


def test_an_error_does_not_tell_the_values(engine: Engine) -> None:
    with pytest.raises(DBAPIError) as error, writing(engine) as connection:
        registry.add(connection, lambda: Ssid("1"), lambda ssid: replace(person(ssid), first=None), NOW)  # type: ignore[arg-type]
    if engine.dialect.name == "sqlite":  # PostgreSQL names the failing row itself
        assert "Reyes" not in str(error.value.args) + str(error.value)
    assert "[SQL parameters hidden" in str(error.value)


def test_a_claim_that_is_prolonged_does_not_run_out(engine: Engine) -> None:
    give_birth(engine, packet(1), packet(2), packet(3))
    claim(engine, "018f-0001", "018f-0002", token="w:1")
    claim(engine, "018f-0003", token="w:2")
    with writing(engine) as connection:
        assert packets.prolong_all(connection, "w:1", NOW + 120) == 2
        assert packets.prolong_all(connection, "w:9", NOW + 120) == 0
    assert claim(engine, "018f-0001", token="v:1", at=NOW + 61).rows == ()
    assert len(claim(engine, "018f-0003", token="v:1", at=NOW + 61).rows) == 1
    assert len(claim(engine, "018f-0002", token="v:1", at=NOW + 121).rows) == 1


def test_a_claim_is_prolonged_without_waiting_for_its_own_workers_commit(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        return  # one writer at a time: who waits for the lock waits a moment, and nobody can take the claim meanwhile
    give_birth(engine, packet(1))
    claim(engine, "018f-0001", token="w:1")
    with writing(engine) as committing:
        committing.execute(text("SELECT 1 FROM packets FOR UPDATE"))
        with writing(engine) as connection:
            connection.execute(text("SET LOCAL lock_timeout = '2s'"))
            assert packets.prolong_all(connection, "w:1", NOW + 120) == 0


def costly(number: int, lea: str, **more: object) -> PacketRow:
    return packet(number, origin=lea, lane=2, **more)


def test_the_costly_lane_is_told_of_one_packet_of_each_lea(engine: Engine) -> None:
    rows = [costly(1, "01"), costly(2, "01"), costly(3, "02"), packet(4), costly(5, "03", due_at=NOW + 5)]
    give_birth(engine, *rows, costly(6, "04", state=State.ROUTED))

    def due(at: float = NOW) -> list[str]:
        with reading(engine) as connection:
            return [tracking for tracking, _, _ in packets.due_costly(connection, at, at - 100)]

    with reading(engine) as connection:
        assert packets.with_costly(connection) == {"01", "02", "03", "04"}
        assert packets.due(connection, State.RECEIVED, NOW, NOW, 10) == [("018f-0004", 0)]
    assert due() == ["018f-0001", "018f-0003", "018f-0006"]
    assert "018f-0005" in due(NOW + 5)
    with writing(engine) as connection:
        packets.enqueued(connection, ["018f-0001"], NOW)
    assert due() == ["018f-0003", "018f-0006"]  # a queue was told of another one of LEA 01
    claim(engine, "018f-0003", token="w:1")
    assert due() == ["018f-0006"]
    assert "018f-0001" in due(NOW + 101)  # the queue may have lost it


def test_a_packet_is_given_back_to_another_lane(engine: Engine) -> None:
    give_birth(engine, packet(1))
    row = claim(engine, "018f-0001").rows[0]
    with writing(engine) as connection:
        packets.release(connection, [row._replace(lane=2, attempts=0)])
        found = packets.get(connection, "018f-0001")
    assert found is not None
    assert (found.lane, found.attempts, found.claim) == (2, 0, "")


def test_a_packet_that_is_not_due_is_not_claimed(engine: Engine) -> None:
    give_birth(engine, packet(1, due_at=NOW + 10))
    assert claim(engine, "018f-0001").rows == ()
    assert len(claim(engine, "018f-0001", at=NOW + 11).rows) == 1
