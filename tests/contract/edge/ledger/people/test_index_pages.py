"""What a look-up reads of a SQLite ledger: few pages, however many students there are."""

from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest
from sqlalchemy import text

from broker.edge.ledger import migrate
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.people import blocks
from broker.edge.ledger.people.blocks import Indexed
from tests.support import ledgers
from tests.support.ledgers import brought_to

_PAGE = 4096
_INNER = (0x02, 0x05)  # the first byte of a page that leads to others, of an index and of a table
STUDENTS = [(f"{number * 7_368_787 % 999_999_937:010}", number) for number in range(3000)]


def indexed(number: int) -> Indexed:
    """About as long as those of a real student."""
    columns = {"first": f"first{number}", "street": f"{number} elm st", "filling": "x" * 600}
    return Indexed((columns, columns | {"first": "alias"}), frozenset({number, -number - 1}))


def test_the_pages_that_only_lead_to_others_are_few(tmp_path: Path) -> None:
    engine = ledgers.ready(tmp_path)
    with writing(engine) as connection:
        blocks.add(connection, [(ssid, indexed(number)) for ssid, number in STUDENTS])
    engine.dispose()  # which brings all of it into the one file
    content = (tmp_path / "ledger.db").read_bytes()
    pages = Counter(content[at] in _INNER for at in range(0, len(content), _PAGE))
    assert pages[False] > 1000
    assert pages[True] < pages[False] / 20


def test_what_was_indexed_before_is_there_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = ledgers.blank(tmp_path)
    brought_to(engine, import_module("broker.edge.ledger.migrations.versions.0010_features").down_revision, monkeypatch)
    with writing(engine) as connection:
        blocks.add(connection, [(ssid, indexed(number)) for ssid, number in STUDENTS[:50]])
    migrate.upgrade(engine)
    with reading(engine) as connection:
        for ssid, number in STUDENTS[:50]:
            assert blocks.variants(connection, ssid) == indexed(number).variants
        hits = blocks.candidates(connection, [7, -8])
        left = connection.execute(text("SELECT name FROM sqlite_master WHERE name LIKE '%until_0010'")).all()
    assert [one.ssid for one in hits] == [STUDENTS[7][0]]
    assert left == []
    engine.dispose()
