"""The forms into which a document is written: the one list of them.

Owns the list; a further form is one row. Promises: what is written holds the document alone, and is read back as it
(`lost` has what a table cannot carry); no spreadsheet program takes a cell for a formula.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from broker.core.files import formulas
from broker.edge import workbook_writer
from broker.formats import canonical, pesc
from broker.formats.converted import lost, tabular

_MARK = "\ufeff"  # by which spreadsheet programs know UTF-8
_SHEET = "Students"


class Target(NamedTuple):
    """A form. `ending` is that of its files; `packets` are the packet types that can be written so, none for all;
    `write` gives the file's content for a checked document and the two letters of the state (`pesc.to_pesc`), `told`
    what the form does not carry of the document, in sentences."""

    ending: str
    packets: frozenset[str]
    write: Callable[[Mapping[str, Any], str], bytes]
    told: Callable[[Mapping[str, Any]], Sequence[str]] = lambda _: ()


def as_csv(document: Mapping[str, Any], _: str = "") -> bytes:
    """The document as CSV (RFC 4180) in UTF-8, whose first line names the columns."""
    table = tabular.table_of(document)
    out = io.StringIO(newline="")
    csv.writer(out).writerows(map(formulas.safe, cells) for cells in (table.header, *table.rows))
    return (_MARK + out.getvalue()).encode()


def as_xlsx(document: Mapping[str, Any], _: str = "") -> bytes:
    """The document as an Excel workbook of one sheet, all of whose cells are text."""
    table = tabular.table_of(document)
    return workbook_writer.write([(_SHEET, table.header, table.rows)])


def as_json(document: Mapping[str, Any], _: str = "") -> bytes:
    """The canonical document."""
    return canonical.serialise(document) + b"\n"


def as_pesc(document: Mapping[str, Any], state: str) -> bytes:
    """PESC's High School Transcript. Raises Refused("pesc-unfit")."""
    return pesc.to_pesc(document, state=state)


_TABLES = frozenset(tabular.TABLES)

TARGETS: Mapping[str, Target] = MappingProxyType(
    {
        "json": Target(".json", frozenset(), as_json),
        "csv": Target(".csv", _TABLES, as_csv, lost.told),
        "xlsx": Target(".xlsx", _TABLES, as_xlsx, lost.told),
        "pesc": Target(".xml", frozenset({pesc.PACKET}), as_pesc),
    }
)
"""By the names that users give them."""
