"""A document that was received as tables: one for each part, for a spreadsheet or another program.

Owns how nested values become rows. Promises: pure; every value of the document is in exactly one cell, as it was sent
(days as 2012-03-04, `true` and `false`, numbers without an exponent); lists of texts have one line for each; a list of
objects is a table of its own; where such a list lies in a table, that one counts its rows, and each row of the list
names the row that it is part of. The courses of a transcript stand with their session, as on its page.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from broker.formats.parent.attached import Attached
from broker.formats.parent.values import number
from broker.formats.readable import transcript

DOCUMENT = "document"
ROW, OF = "row", "row of "


@dataclass(slots=True, repr=False)
class Sheet:
    """One table. `columns` are the paths of the properties, with dots between; rows are as wide as the columns. Repr
    hidden."""

    name: str
    columns: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list, repr=False)


def sheets(document: Mapping[str, Any], files: Sequence[Attached] = ()) -> list[Sheet]:
    """The tables of a document: first one row with all that stands once, then a table for each list of objects.

    `files` are the document's attachments; a cell has the path of the file in place of its content.
    """
    found: dict[str, list[dict[str, str]]] = {}
    _put(found, DOCUMENT, {}, _lifted(_without_content(document, iter(files)) if files else document))
    return [_sheet(name, rows, found) for name, rows in found.items()]


def _lifted(document: Mapping[str, Any]) -> Mapping[str, Any]:
    parts = transcript.parts_of(document)
    if parts is None:
        return document
    return {key: value for key, value in document.items() if key not in transcript.CARRIED} | parts


def _without_content(document: Mapping[str, Any], files: Iterator[Attached]) -> Mapping[str, Any]:
    record = document["record"]
    kept = [{**one, "content": next(files).path} for one in record["attachments"]]
    return {**document, "record": {**record, "attachments": kept}}


def _put(
    found: dict[str, list[dict[str, str]]], name: str, within: Mapping[str, str], value: Mapping[str, Any]
) -> None:
    """A row of the table `name`, and the rows of the tables of its lists."""
    rows = found.setdefault(name, [])
    counted = {} if name == DOCUMENT else {ROW: str(len(rows) + 1)}
    row = {**counted, **within}
    rows.append(row)
    for path, one in _flat("", value):
        short = path.removeprefix("record.")
        if not _is_rows(one):
            row[short if short not in row else path] = _cell(one)
            continue
        inner = short if name == DOCUMENT else f"{name}.{path}"
        part_of = {f"{OF}{name}": counted[ROW]} if counted else {}
        for each in one:
            _put(found, inner, part_of, each)


def _flat(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """The values of an object with their paths; objects within are opened, lists of objects are not."""
    if not isinstance(value, dict) or not value:
        yield path, value
        return
    for key, inner in value.items():
        yield from _flat(f"{path}.{key}" if path else key, inner)


def _is_rows(value: Any) -> bool:
    return (
        isinstance(value, list)
        and any(isinstance(one, dict) for one in value)
        and all(isinstance(one, dict) for one in value)
    )


def _cell(value: Any) -> str:
    if value is None or value in ({}, []):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, list):
        return "\n".join(map(_cell, value))
    return value if isinstance(value, str) else "; ".join(f"{key}: {_cell(one)}" for key, one in value.items())


def _sheet(name: str, rows: Sequence[Mapping[str, str]], every: Mapping[str, Sequence[Mapping[str, str]]]) -> Sheet:
    is_named = any(f"{OF}{name}" in found[0] for found in every.values())
    columns = [path for path in dict.fromkeys(path for row in rows for path in row) if path != ROW or is_named]
    return Sheet(name, columns, [[row.get(path, "") for path in columns] for row in rows])
