"""All names in the index, for work on the whole registry.

Promises: reads only, page by page, so that neither database blocks a reader, nor a reader the database; a student under
a merged number comes under the number that stands.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import func, literal, select, tuple_

from broker.edge.ledger.engine import Reading
from broker.edge.ledger.people.blocks import counts_at
from broker.edge.ledger.tables import student_features, students

_PAGE = 5_000  # names read at once


def names(connection: Reading) -> Iterator[tuple[str, Any]]:
    """Each name that counts everywhere, in the order of SSIDs: the SSID and the columns, as JSON."""
    columns = student_features.c
    page = select(columns.ssid, columns.variant, columns.data).order_by(columns.ssid, columns.variant).limit(_PAGE)
    page = page.where(counts_at(columns, literal("")))
    ssid, variant = "", -1
    while rows := connection.execute(page.where(tuple_(columns.ssid, columns.variant) > tuple_(ssid, variant))).all():
        yield from ((row.ssid, row.data) for row in rows)
        ssid, variant = rows[-1].ssid, rows[-1].variant


def count(connection: Reading) -> int:
    """How many names there are."""
    return int(connection.execute(select(func.count()).select_from(student_features)).scalar() or 0)


def merged(connection: Reading) -> Mapping[str, str]:
    """Merged numbers, each with the number that stands for it."""
    rows = connection.execute(select(students.c.ssid, students.c.merged_into).where(students.c.merged_into != ""))
    return {row.ssid: row.merged_into for row in rows}
