"""Rows in a ledger: packets born, claimed and admitted, and rows of which nothing is known but what is given."""

from typing import Any

from sqlalchemy import Engine, Table, Text, insert

from broker.core.model import LeaId, Sha256, Ssid, State, TrackingId
from broker.edge.ledger import tables
from broker.edge.ledger.engine import writing
from broker.edge.ledger.packets import packets
from broker.edge.ledger.packets.rows import Move, PacketRow, Receipt, Step
from broker.edge.ledger.people.registry import Person

NOW = 1_800_000_000.0


def packet(number: int = 1, state: State = State.RECEIVED, **more: object) -> PacketRow:
    row = PacketRow(
        tracking=TrackingId(f"018f-{number:04}"),
        origin=LeaId("01"),
        source_name=f"file{number}",
        source_mark=f"mark{number}",
        sha256=Sha256(f"{number:064}"),
        size=10,
        received_at=NOW,
        state=state,
    )
    return row._replace(**more)  # type: ignore[arg-type]


def give_birth(engine: Engine, *rows: PacketRow) -> None:
    with writing(engine) as connection:
        packets.born(connection, rows, [])


def claim(engine: Engine, *ids: str, token: str = "w:1", at: float = NOW) -> packets.Claimed:
    with writing(engine) as connection:
        return packets.claim(connection, State.RECEIVED, ids, token, at, at + 60)


def admitted(row: PacketRow) -> Move:
    paper = Receipt(row.tracking, row.receipts + 1, "admitted", "01", NOW, "signed")
    return Move(row, row._replace(state=State.ADMITTED, receipts=1), (Step(State.ADMITTED),), (paper,))


def person(ssid: Ssid) -> Person:
    return Person(ssid, "Ana", "", "Reyes", "", "2012-03-04", "F")


def filled(table: Table, **values: Any) -> dict[str, Any]:
    """A row in which nothing else is known."""
    needed = [
        column
        for column in table.columns
        if not (column.nullable or column.server_default or column.autoincrement is True)
    ]
    return {
        column.name: "" if isinstance(column.type, Text) else 0 for column in needed if column.name != "id"
    } | values


def student(engine: Engine, ssid: str, *memberships: tuple[str, ...], **more: str) -> None:
    """Memberships are (LEA, entry, exit or nothing)."""
    rows = [
        filled(tables.enrollments, ssid=ssid, lea=lea, school="1", entry_date=entry, exit_date="".join(left), **more)
        for lea, entry, *left in memberships
    ]
    with writing(engine) as connection:
        connection.execute(insert(tables.students), filled(tables.students, ssid=ssid))
        connection.execute(insert(tables.enrollments), rows)
