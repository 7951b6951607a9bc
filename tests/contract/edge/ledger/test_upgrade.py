"""Bringing up a ledger over SQLite and PostgreSQL: all of it or nothing, once, and the same rows on both."""

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import op
from sqlalchemy import Engine, MetaData, create_engine, insert, inspect, select, text

from broker.edge.ledger import copies, migrate
from broker.edge.ledger.engine import REVISION, form, is_current, reading, writing
from tests.support import homes, ledgers
from tests.support.exchange import satchel
from tests.support.ledgers import brought_to

BEFORE_STAYS = "0004"


@pytest.fixture
def old(ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """A ledger of the form before one account of stays."""
    made = ledgers.blank(tmp_path, ledger_url)
    brought_to(made, BEFORE_STAYS, monkeypatch)
    yield made
    made.dispose()


def shape(engine: Engine) -> dict[str, list[str]]:
    """The columns of every table."""
    found = inspect(engine)
    return {name: [column["name"] for column in found.get_columns(name)] for name in found.get_table_names()}


def found_form(engine: Engine) -> str:
    with reading(engine) as connection:
        return form(connection)


def test_a_ledger_is_brought_up_once(old: Engine, ledger_url: str, tmp_path: Path) -> None:
    assert found_form(old) == BEFORE_STAYS
    first, second = migrate.upgrade(old), migrate.upgrade(old)
    assert (first.before, first.is_changed) == (BEFORE_STAYS, True)
    assert first.copy == (
        None if ledger_url else tmp_path / f"ledger-{BEFORE_STAYS}.db"
    )  # PostgreSQL has tools of its own
    assert second == migrate.Upgraded(REVISION)
    assert not second.is_changed
    assert is_current(old)


def test_a_ledger_without_tables_gets_them(ledger_url: str, tmp_path: Path) -> None:
    blank = ledgers.blank(tmp_path, ledger_url)
    assert migrate.upgrade(blank) == migrate.Upgraded("")  # there is nothing to copy
    assert is_current(blank)
    blank.dispose()


def test_a_later_ledger_is_left_as_it_is(old: Engine) -> None:
    with writing(old) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    before = shape(old)
    assert not migrate.upgrade(old).is_changed
    assert (shape(old), found_form(old)) == (before, "9999")


@pytest.mark.parametrize("place", ["add_column", "create_table", "create_index", "execute"])
def test_an_upgrade_that_fails_in_the_middle_changes_nothing(
    old: Engine, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, real, calls = shape(old), getattr(op, place), []

    def fails_at_the_second(*args: Any, **named: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise OSError("pulled the plug")
        return real(*args, **named)

    with monkeypatch.context() as broken:
        broken.setattr(op, place, fails_at_the_second)
        with pytest.raises(OSError, match="plug"):
            migrate.upgrade(old)
    assert (shape(old), found_form(old)) == (before, BEFORE_STAYS)
    assert migrate.upgrade(old).is_changed
    assert is_current(old)


def test_two_at_once_do_not_race(old: Engine, ledger_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one begins while the first is in the middle of it, waits, and finds nothing to do."""
    real, in_the_middle, go_on = migrate._run, threading.Event(), threading.Event()

    def slow(connection: Any) -> None:
        in_the_middle.set()
        go_on.wait(30)
        real(connection)

    monkeypatch.setattr(migrate, "_run", slow)
    done: dict[str, migrate.Upgraded] = {}
    other = ledgers.again(tmp_path, ledger_url)
    first = threading.Thread(target=lambda: done.update(first=migrate.upgrade(old)))
    second = threading.Thread(target=lambda: done.update(second=migrate.upgrade(other)))
    first.start()
    assert in_the_middle.wait(30)
    second.start()
    second.join(0.5)
    assert done == {}  # it waits
    go_on.set()
    first.join(30)
    second.join(30)
    assert done["first"].is_changed
    assert done["second"] == migrate.Upgraded(REVISION)
    other.dispose()


def test_a_copy_is_of_one_moment_and_replaces_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = ledgers.blank(tmp_path)
    brought_to(ledger, BEFORE_STAYS, monkeypatch)
    left = tmp_path / ".ledger.part"
    left.write_bytes(b"of one that was killed")
    with writing(ledger) as connection:
        connection.execute(text("INSERT INTO parties (id, name, kind, added_at) VALUES ('01', 'A', 'district', 1)"))
        first = copies.keep(tmp_path / "ledger.db", BEFORE_STAYS)  # what is not committed is not in it
    second = copies.keep(tmp_path / "ledger.db", BEFORE_STAYS)
    assert [path.name for path in (first, second)] == ["ledger-0004.db", "ledger-0004-2.db"]
    found = [_parties(path) for path in (first, second)]
    assert found == [[], ["01"]]
    assert not left.exists()
    ledger.dispose()


def _parties(path: Path) -> list[str]:
    engine = create_engine(f"sqlite:///{path}")
    with reading(engine) as connection:
        return list(connection.execute(text("SELECT id FROM parties")).scalars())


def test_the_tables_on_postgresql_are_made_by_upgrade_alone(postgres_url: str, tmp_path: Path) -> None:
    ledgers.blank(tmp_path, postgres_url).dispose()
    home = tmp_path / "home"
    satchel("init", str(home))
    settings = home / "satchel.toml"
    settings.write_text(re.sub(r"(?ms)^(\[ledger\].*?^url = )\S+", rf'\1"{postgres_url}"', settings.read_text()))
    at = ["--home", str(home)]
    refused = satchel("status", *at, check=False)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == f"The ledger of {home} has no tables yet: run `satchel upgrade --home {home}`.\n"
    said = json.loads(satchel("upgrade", "--json", *at).stdout)
    assert said == {"home": str(home), "from": None, "to": REVISION, "changed": True, "copy": None}
    assert "none yet" in satchel("status", *at).stdout


# rows of a home that an earlier program made


# Columns that a later form has no more; every other one keeps what it said.
GONE = {"follow_ups": {"arrived", "military"}}


def of(columns: set[str], some: list[Any]) -> list[Any]:
    """Only these columns of the rows, sorted."""
    return sorted(({name: one[name] for name in sorted(columns)} for one in some), key=repr)


def rows(engine: Engine) -> dict[str, list[Any]]:
    """Every row of every table, as mappings by name, sorted."""
    there, found = MetaData(), {}
    with reading(engine) as connection:
        there.reflect(connection)
        for table in there.sorted_tables:
            found[table.name] = [dict(row._mapping) for row in connection.execute(select(table))]
    return {name: sorted(one, key=repr) for name, one in found.items()}


@pytest.mark.parametrize("name", homes.ALL)
def test_the_rows_of_an_old_home_are_brought_up_alike_on_both(
    name: str, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lite = ledgers.again(homes.unpack(name, tmp_path / "old").home)
    great = ledgers.blank(tmp_path, postgres_url)
    brought_to(great, found_form(lite), monkeypatch)
    before, there = rows(lite), MetaData()
    with writing(great) as connection:
        there.reflect(connection)
        connection.execute(text("SET session_replication_role = replica"))  # as a restore does: no trigger, no key
        for table in there.sorted_tables:
            connection.execute(table.delete())
            if before[table.name]:
                connection.execute(insert(table), before[table.name])
        connection.execute(text("SET session_replication_role = DEFAULT"))
    assert rows(great) == before
    for engine in (lite, great):
        assert migrate.upgrade(engine).is_changed
    after = rows(great)
    assert after == rows(lite)
    for table, kept in before.items():
        if table != "alembic_version":
            columns = set(kept[0]) - GONE.get(table, set()) if kept else set()
            assert of(columns, after[table] if kept else []) == of(columns, kept), table
    for engine in (lite, great):
        engine.dispose()
