"""The collection of CSVs that others are judged by: our rows are those that are written beside each of them."""

import json
from pathlib import Path
from typing import Any

import pytest

from broker.formats import table
from tests.support.tools import CORPORA, corpora

FILES = sorted(path.stem for path in (CORPORA / "hostile/csv/csvs").glob("*.csv")) or ["missing"]

# What is different by design: a cell is one line of text without blanks around it, for a name or a title has no others.
ONE_LINE = {
    "newlines": ("Once upon \na time", "Once upon a time"),
    "newlines_crlf": ("Once upon \r\na time", "Once upon a time"),
    "quotes_and_newlines": ('ha \n"ha" \nha', 'ha "ha" ha'),
}
# What is wrong in the collection itself: the JSON was written from another number than the CSV has.
ANOTHER_NUMBER = {"location_coordinates": ("1234567890", "2095257564")}
OTHERS = ONE_LINE | ANOTHER_NUMBER


def expected(name: str) -> list[dict[str, Any]]:
    """The rows as they are written beside the file; in one case without the list around them."""
    told = json.loads(corpora("hostile", "csv", "json", f"{name}.json").read_text("utf-8"))
    return told if isinstance(told, list) else [told]


def rows(path: Path) -> list[dict[str, str]]:
    found = table.read(path.read_bytes(), 100)
    assert [row.fault for row in found.rows if row.fault] == []
    return [dict(zip(found.header.cells, row.cells, strict=True)) for row in found.rows]


@pytest.mark.parametrize("name", FILES)
def test_the_rows_are_those_that_are_written_beside_it(name: str) -> None:
    before, after = OTHERS.get(name, ("", ""))
    told = [{key: after if value == before else value for key, value in row.items()} for row in expected(name)]
    assert rows(corpora("hostile", "csv", "csvs", f"{name}.csv")) == told
    assert (told != expected(name)) is (name in OTHERS)


def test_all_that_is_listed_is_there() -> None:
    corpora("hostile", "csv")
    assert OTHERS.keys() < set(FILES)
    assert len(FILES) >= 12
