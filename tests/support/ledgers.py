"""Empty ledgers for tests, over SQLite and PostgreSQL."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, select, text

from broker.edge.ledger import tables
from broker.edge.ledger.engine import connect, reading, writing
from broker.edge.settings import Ledger, Settings

Dump = Mapping[str, list[tuple[Any, ...]]]


def blank(home: Path, url: str = "") -> Engine:
    """An engine on a database without tables: that of `url`, emptied, or a SQLite file in `home`."""
    made = again(home, url)
    if url:
        with writing(made) as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    return made


def again(home: Path, url: str = "") -> Engine:
    """A further engine on the same database, as another process would have."""
    return connect(Settings(home=home, ledger=Ledger(url=url)))


def dump(engine: Engine, but: Mapping[str, tuple[str, ...]]) -> Dump:
    """Every row of every table, sorted; `but` names columns to leave out, or with none the whole table."""
    found = {}
    with reading(engine) as connection:
        for name, table in tables.metadata.tables.items():
            left_out = but.get(name)
            if left_out != ():
                columns = [column for column in table.columns if column.name not in (left_out or ())]
                found[name] = sorted((tuple(row) for row in connection.execute(select(*columns))), key=repr)
    return found
