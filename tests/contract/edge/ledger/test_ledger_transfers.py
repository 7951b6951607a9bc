"""What the database refuses of transfers, flags, disclosures and their like; and a ledger from before them, brought up.

Over SQLite and PostgreSQL. The fixed columns are written out here once more: a column dropped from the guards by
mistake would otherwise go unnoticed.
"""

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, MetaData, Table, Text, insert, select, text
from sqlalchemy.exc import DBAPIError

from broker.core.flow import MOVES as PACKET_MOVES
from broker.core.model import State
from broker.core.transfer import BORN, MOVES, TransferState
from broker.edge.ledger import epoch, migrate, tables
from broker.edge.ledger.engine import is_current, reading, writing
from tests.support import ledgers
from tests.support.ledgers import brought_to

FIXED = {
    "transfers": {"id", "ssid", "source", "destination", "opened_at", "cause"},
    "flags": {"id", "ssid", "set_at", "set_by", "set_why"},
    "alerts": {"id", "at", "kind", "ssid", "lea", "tracking"},
    "backpacks": {"id", "lea", "tracking", "mode", "sha256", "size", "signer", "at"},
    "exceptions": {"id", "domain", "law", "why", "who", "at"},
}
APPEND_ONLY = ("transfer_events", "disclosures", "acknowledgements")
OTHER = {"ssid": "2", "source": "2", "destination": "2", "lea": "2", "state": "requested"}  # what there is besides


@pytest.fixture
def blank(ledger_url: str, tmp_path: Path) -> Iterator[Engine]:
    """A database without tables."""
    made = ledgers.blank(tmp_path, ledger_url)
    yield made
    made.dispose()


@pytest.fixture
def engine(engine: Engine) -> Engine:
    """A ledger with two students and two LEAs, both called 1 and 2."""
    with writing(engine) as connection:
        for name in ("1", "2"):
            connection.execute(insert(tables.students), row_of(tables.students, ssid=name, merged_into=""))
            connection.execute(insert(tables.parties), row_of(tables.parties, id=name))
    return engine


def row_of(table: Table, **values: Any) -> dict[str, Any]:
    """A row in which every needed text is '1' and every needed number 1, so that it refers to what is called so."""
    needed = [column for column in table.columns if not column.nullable]
    return {column.name: "1" if isinstance(column.type, Text) else 1 for column in needed} | values


def fill(connection: Connection, name: str, **values: Any) -> None:
    table = tables.metadata.tables[name]
    born = {"state": "requested"} if name == "transfers" else {}
    connection.execute(insert(table), row_of(table, **born | values))


def refuses(engine: Engine, statement: str, message: str) -> None:
    with pytest.raises(DBAPIError, match=message), writing(engine) as connection:
        connection.execute(text(statement))


def way_to(state: StrEnum, born: Iterable[Any], moves: Mapping[Any, Iterable[Any]]) -> list[StrEnum]:
    """The states by which it is come to, from one in which a row may be born."""
    ways = [[one] for one in sorted(born)]
    for way in ways:
        if way[-1] is state:
            return way
        ways += [[*way, after] for after in sorted(moves[way[-1]]) if after not in way]
    raise AssertionError(state)


@pytest.mark.parametrize("before", list(TransferState))
def test_a_transfer_moves_only_as_the_table_says(engine: Engine, before: TransferState) -> None:
    for number, after in enumerate(TransferState, 1):
        with writing(engine) as connection:
            first, *rest = way_to(before, BORN, MOVES)
            fill(connection, "transfers", id=number, state=first)
            for state in rest:
                connection.execute(text(f"UPDATE transfers SET state = '{state}' WHERE id = {number}"))  # noqa: S608
        statement = f"UPDATE transfers SET state = '{after}' WHERE id = {number}"  # noqa: S608
        if after is before or after in MOVES[before]:
            with writing(engine) as connection:
                connection.execute(text(statement))
        else:
            refuses(engine, statement, "illegal move of a transfer")


def test_no_transfer_is_born_further_on(engine: Engine) -> None:
    for state in set(TransferState) - BORN:
        with pytest.raises(DBAPIError, match="no transfer is born so"), writing(engine) as connection:
            fill(connection, "transfers", state=state)
    with writing(engine) as connection:
        for number, state in enumerate(sorted(BORN)):
            fill(connection, "transfers", id=number, state=state)


@pytest.mark.parametrize("table", APPEND_ONLY)
def test_what_was_told_stays_as_it_was_told(engine: Engine, table: str) -> None:
    with writing(engine) as connection:
        fill(connection, table)
    for column in tables.metadata.tables[table].columns:
        value = "'2'" if isinstance(column.type, Text) else "2"
        refuses(engine, f"UPDATE {table} SET {column.name} = {value}", f"{table} are append-only")  # noqa: S608
    refuses(engine, f"DELETE FROM {table}", f"{table} are append-only")  # noqa: S608


@pytest.mark.parametrize("table", FIXED)
def test_what_a_row_is_about_never_changes_and_where_it_stands_does(engine: Engine, table: str) -> None:
    with writing(engine) as connection:
        fill(connection, table)
    for column in tables.metadata.tables[table].columns:
        value = OTHER.get(column.name, "2") if isinstance(column.type, Text) else 2
        with writing(engine) as connection, connection.begin_nested() as savepoint:
            change = tables.metadata.tables[table].update().values({column.name: value})
            if column.name in FIXED[table]:
                with pytest.raises(DBAPIError, match=f"{table} keep what was written"):
                    connection.execute(change)
            else:
                assert connection.execute(change).rowcount == 1
            savepoint.rollback()
    refuses(engine, f"DELETE FROM {table}", f"{table} are never deleted")  # noqa: S608


@pytest.mark.parametrize(
    ("table", "end", "again", "message"),
    [
        ("flags", "lifted_at = 2, lifted_by = 'Jo'", "lifted_at = NULL", "lifted already"),
        ("flags", "lifted_at = 2, lifted_by = 'Jo'", "lifted_by = 'Kim'", "lifted already"),
        ("exceptions", "ended_at = 2, ended_by = 'Jo'", "ended_at = NULL", "ended already"),
        ("exceptions", "ended_at = 2, ended_by = 'Jo'", "ended_why = 'other'", "ended already"),
    ],
)
def test_what_was_ended_is_ended_once(engine: Engine, table: str, end: str, again: str, message: str) -> None:
    with writing(engine) as connection:
        fill(connection, table)
        connection.execute(text(f"UPDATE {table} SET {end}"))  # noqa: S608
    refuses(engine, f"UPDATE {table} SET {again}", message)  # noqa: S608


def test_an_alert_is_seen_and_a_part_of_the_store_ends(engine: Engine) -> None:
    with writing(engine) as connection:
        fill(connection, "alerts")
        fill(connection, "backpacks")
        connection.execute(text("UPDATE alerts SET seen_at = 2, seen_by = 'Jo'"))
        connection.execute(text("UPDATE backpacks SET ended_at = 2, ended_by = 'packet-2'"))
    with pytest.raises(DBAPIError), writing(engine) as connection:
        fill(connection, "backpacks", id=2)  # one packet brings one part


# a ledger from before transfers


def everything(engine: Engine, columns: dict[str, list[str]]) -> dict[str, list[Any]]:
    found = {}
    with reading(engine) as connection:
        for name, chosen in columns.items():
            table = Table(name, MetaData(), autoload_with=connection)
            rows = connection.execute(select(*(table.c[column] for column in chosen)))
            found[name] = sorted((tuple(row) for row in rows), key=repr)
    return found


def populate(engine: Engine) -> dict[str, list[str]]:
    """A row in every table, and packets in every state but born as the law is; the columns that there are."""
    then = MetaData()
    with writing(engine) as connection:
        then.reflect(connection)
        for table in then.sorted_tables:
            if table.name == "packets":
                for number, state in enumerate(State):
                    row = row_of(table, tracking=f"p{number}", state="RECEIVED")
                    connection.execute(insert(table), row)
                    for step in way_to(state, [State.RECEIVED], PACKET_MOVES)[1:]:
                        connection.execute(
                            text(f"UPDATE packets SET state = '{step}' WHERE tracking = 'p{number}'")  # noqa: S608
                        )
            elif table.name != "alembic_version":
                connection.execute(insert(table), row_of(table))
    return {
        name: [column.name for column in table.columns]
        for name, table in then.tables.items()
        if name != "alembic_version"
    }


def test_a_ledger_from_before_transfers_is_brought_up_with_all_its_rows(
    blank: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    brought_to(blank, "0002", monkeypatch, [State.COLLECTED])  # none could be taken back
    columns = populate(blank)
    assert "transfers" not in columns
    before = everything(blank, columns)
    assert all(before.values())
    assert not is_current(blank)
    migrate.migrate(blank)
    assert is_current(blank)
    assert everything(blank, columns) == before
    with reading(blank) as connection:
        assert set(connection.execute(text("SELECT replaces FROM packets")).scalars()) == {""}
        assert epoch.now(connection) == 1
        for name in tables.metadata.tables.keys() - columns.keys() - {"registry_epoch"}:
            assert connection.execute(text(f"SELECT count(*) FROM {name}")).scalar() == 0, name  # noqa: S608
    with writing(blank) as connection:
        epoch.advance(connection)
        assert epoch.settle(connection) == 2


def test_the_triggers_of_packets_are_made_anew(blank: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was delivered can be taken back afterwards; everything else stays refused, and nothing is checked twice."""
    brought_to(blank, "0002", monkeypatch, [State.COLLECTED])  # none could be taken back
    populate(blank)
    took_back = "UPDATE packets SET state = 'REFUSED' WHERE state = 'DELIVERED'"
    refuses(blank, took_back, "illegal move of a packet")
    rules = triggers(blank)
    migrate.migrate(blank)
    assert rules < triggers(blank)
    with writing(blank) as connection:
        assert connection.execute(text(took_back)).rowcount == 1
    for before, after in (("COLLECTED", "DELIVERED"), ("APPLIED", "REFUSED"), ("HELD", "DELIVERED")):
        refuses(blank, f"UPDATE packets SET state = '{after}' WHERE state = '{before}'", "illegal move")  # noqa: S608
    refuses(blank, "UPDATE packets SET sha256 = 'other'", "never changes its bytes")
    refuses(blank, "DELETE FROM packets", "never deleted")


def test_a_ledger_that_was_brought_up_has_the_triggers_of_a_new_one(
    blank: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    brought_to(blank, "0002", monkeypatch, [State.COLLECTED])  # none could be taken back
    populate(blank)
    migrate.migrate(blank)
    (tmp_path / "new").mkdir()
    if blank.dialect.name == "sqlite":
        new = ledgers.blank(tmp_path / "new")
        migrate.migrate(new)
        assert texts(new) == texts(blank)
        new.dispose()
    else:
        brought_up = texts(blank)
        new = ledgers.blank(tmp_path, blank.url.render_as_string(hide_password=False))
        migrate.migrate(new)
        assert texts(new) == brought_up
        new.dispose()


def triggers(engine: Engine) -> set[str]:
    return set(texts(engine))


def texts(engine: Engine) -> dict[str, str]:
    """Every trigger, with what it does."""
    asked = {
        "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT t.tgname, pg_get_triggerdef(t.oid) || p.prosrc FROM pg_trigger t"
        " JOIN pg_proc p ON p.oid = t.tgfoid WHERE NOT t.tgisinternal",
    }[engine.dialect.name]
    with reading(engine) as connection:
        return {row[0]: row[1] for row in connection.execute(text(asked))}
