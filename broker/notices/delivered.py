"""What was delivered to a party, and what it has said nothing of yet, as lines of its own table of acknowledgements.

Owns these lines. Promises: each is written into the columns that the table has; it holds a packet's tracking id, its
type, its sender and the day, and nothing of a student; what the table names already is not named again.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from typing import NamedTuple

from broker.core.model import PacketType
from broker.formats import returned
from broker.formats.answering.columns import DELIVERED, TRACKING
from broker.formats.cells import Unfit, plain
from broker.formats.returned import Back

_WHAT = {
    PacketType.STUDENT_RECORD: "a student's record",
    PacketType.RECORD_REQUEST: "a request for a record",
    PacketType.TRANSCRIPT: "a transcript",
    PacketType.BACKPACK: "a backpack",
}

_TOLD = frozenset({"what", "from"})


class Delivered(NamedTuple):
    """A packet: its type, and the name of its sender."""

    tracking: str
    type: str
    sender: str
    day: date


def added(back: Back, packets: Iterable[Delivered]) -> Back:
    """The table with these packets below its own lines, where it has a column that says what they are."""
    header = returned.header_of(back)
    fields = [DELIVERED.field_of(cell) or plain(cell) for cell in header]
    if not _TOLD & set(fields):  # without them it would be a list of ids
        return back
    known = {_tracking(cells[at]) for at in _places(fields) for _, cells in back.rows if at < len(cells)}
    last = max(number for number, _ in back.rows)
    fresh = [_cells(one, fields) for one in packets if one.tracking not in known]
    return replace(back, rows=(*back.rows, *((last + n, cells) for n, cells in enumerate(fresh, 1))))


def _places(fields: list[str]) -> list[int]:
    return [at for at, field in enumerate(fields) if field == TRACKING]


def _tracking(cell: str) -> str:
    try:
        return str(DELIVERED.columns[TRACKING].read(cell))
    except Unfit:
        return ""


def _cells(one: Delivered, fields: list[str]) -> tuple[str, ...]:
    what = _WHAT.get(PacketType(one.type), one.type)
    told = {TRACKING: one.tracking, "what": what, "from": one.sender, "delivered": one.day.isoformat()}
    return tuple(told.get(field, "") for field in fields)
