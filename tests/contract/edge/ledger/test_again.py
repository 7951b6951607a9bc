"""Two units of work that wait for each other: one is done again, and both are committed."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from broker.edge.ledger.again import committed
from broker.edge.ledger.engine import connect, reading, writing
from broker.edge.settings.values import Ledger, Settings

TRIES = 5


@pytest.fixture
def engine(postgres_url: str, tmp_path: Path) -> Iterator[Engine]:
    made = connect(Settings(home=tmp_path, ledger=Ledger(url=postgres_url, conflict_tries=TRIES)))
    with writing(made) as connection:
        connection.execute(text("DROP TABLE IF EXISTS things"))
        connection.execute(text("CREATE TABLE things (id INT PRIMARY KEY, n INT NOT NULL)"))
        connection.execute(text("INSERT INTO things VALUES (1, 0), (2, 0)"))
    yield made
    made.dispose()


def add(connection: Connection, number: int) -> None:
    connection.execute(text("UPDATE things SET n = n + 1 WHERE id = :id"), {"id": number})


def numbers(engine: Engine) -> list[int]:
    with reading(engine) as connection:
        return [row[0] for row in connection.execute(text("SELECT n FROM things ORDER BY id"))]


def test_of_two_that_wait_for_each_other_both_are_done_once(engine: Engine) -> None:
    both, begun = threading.Barrier(2), list[int]()

    def unit(first: int, second: int, connection: Connection) -> None:
        add(connection, first)
        begun.append(first)
        if len(begun) <= 2:
            both.wait(20)  # each has what the other one wants
        add(connection, second)

    threads = [
        threading.Thread(target=committed, args=(engine, lambda connection, ends=ends: unit(*ends, connection)))
        for ends in ((1, 2), (2, 1))
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert (numbers(engine), len(begun)) == ([2, 2], 3)


def test_what_cannot_be_put_in_a_row_is_done_again(engine: Engine) -> None:
    tried: list[int] = []

    def unit(connection: Connection) -> None:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"))
        before = connection.execute(text("SELECT n FROM things WHERE id = 1")).scalar_one()
        tried.append(before)
        if len(tried) == 1:
            with writing(engine) as other:
                add(other, 1)
        connection.execute(text("UPDATE things SET n = :n WHERE id = 1"), {"n": before + 1})

    committed(engine, unit)
    assert (tried, numbers(engine)) == ([0, 1], [2, 0])


def test_it_is_tried_so_often_and_no_more_and_a_bug_is_raised_at_once(engine: Engine) -> None:
    tried: list[str] = []

    def never(connection: Connection) -> None:
        tried.append("conflict")
        connection.execute(text("DO $$ BEGIN RAISE EXCEPTION SQLSTATE '40001'; END $$"))

    with pytest.raises(OperationalError):
        committed(engine, never)
    assert len(tried) == TRIES

    def bug(_connection: Connection) -> None:
        tried.append("bug")
        raise KeyError("text")

    with pytest.raises(KeyError):
        committed(engine, bug)
    assert tried.count("bug") == 1


def test_a_busy_file_is_tried_again(tmp_path: Path) -> None:
    """Somebody else's program holds the file, and knows nothing of whose turn it is."""
    made = connect(Settings(home=tmp_path, ledger=Ledger(busy_seconds=0.1, conflict_tries=50)))
    other = connect(Settings(home=tmp_path, ledger=Ledger(busy_seconds=0.1)))
    with writing(made) as connection:
        connection.execute(text("CREATE TABLE things (id INT PRIMARY KEY, n INT NOT NULL)"))
        connection.execute(text("INSERT INTO things VALUES (1, 0), (2, 0)"))
    with other.connect() as holder:  # as `sqlite3 ledger.db` would
        holder.begin()
        threading.Timer(1.0, holder.rollback).start()
        committed(made, lambda connection: add(connection, 1))
    assert numbers(made) == [1, 0]
    made.dispose()
    other.dispose()
