"""How the dates of a table of SSID requests are written: with the month or with the day first.

Owns which columns have them. Promises: pure; the file as a whole decides, and one that shows both orders is refused.
"""

from collections.abc import Sequence

from broker.core.days import written
from broker.core.days.written import Order
from broker.core.errors import Refused
from broker.formats.ssid import header
from broker.formats.table import Row, Table, place_of

DATES = frozenset({"birth_date", "entry_date", "exit_date"})


def decided_by(own: Table) -> written.Decided:
    """What the dates of a part of a table show of their order. Raises Refused `ssn-column`, `unknown-column` or
    `csv-form` for its columns."""
    return _decided(own.rows, header.fields_of(own.header))


def order_of(rows: Sequence[Row], fields: Sequence[str], unless: Order) -> Order:
    """How the dates of a table are written; `unless` is for one that does not show it. Raises Refused
    `dates-contradict`."""
    decided = _decided(rows, fields, unless)
    if decided.is_contradiction:
        both = f"{decided.month} has the month before the day, {decided.day} the day before the month."
        raise Refused("dates-contradict", decided.day, both)
    return decided.order


def _decided(rows: Sequence[Row], fields: Sequence[str], unless: Order = Order.MONTH) -> written.Decided:
    dated = [place for place, name in enumerate(fields) if name in DATES]
    said = ((place_of(row, at + 1), row.cells[at]) for row in rows for at in dated if at < len(row.cells))
    return written.decide(said, unless)
