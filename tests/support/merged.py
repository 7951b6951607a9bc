"""Two numbers in a ledger, with packets under both, merged and parted."""

from datetime import date

from sqlalchemy import Connection, Engine, text

from broker.core.model import LeaId, Name, Party, PartyKind, Sha256, Ssid, State, Student, TrackingId
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.packets import packets
from broker.edge.ledger.packets.rows import EnrollmentRow, PacketRow
from broker.edge.ledger.parties import directory
from broker.edge.ledger.people.merges import Outcome
from broker.edge.ledger.people.registry import Source
from broker.identity import registrar
from broker.identity.model import Model
from handlers.registry import TRAVELS
from tests.support import accounts

NOW, TODAY = 1_800_000_000.0, "2026-11-23"
SOURCE = Source(LeaId("01"), "packet-0", NOW)
KEPT, OTHER = Ssid("1000"), Ssid("2000")
ANA = Student(Name("Ana", "Reyes"), date(2012, 3, 4), gender="F", phone="801-555-0133")
MARIA = Student(Name("Maria", "Johnson"), date(2011, 7, 9), gender="F", phone="801-555-0177")


def two_students(engine: Engine, model: Model) -> Engine:
    """Ana is enrolled at 01 until she left, Maria at 6G; each has records on every way."""
    with writing(engine) as connection:
        for lea in ("01", "02", "6G"):
            directory.add_party(connection, Party(LeaId(lea), lea, PartyKind.DISTRICT), NOW)
        for student, number in ((ANA, KEPT), (MARIA, OTHER)):
            registrar.register(connection, model, student, lambda n=number: n, SOURCE)
        accounts.enter(connection, place(KEPT, "01", "2025-08-17", "2026-06-01"))
        accounts.enter(connection, place(OTHER, "6G", "2026-08-17"))
    return engine


def place(number: str, lea: str, entry: str, left: str = "") -> EnrollmentRow:
    return EnrollmentRow(Ssid(number), LeaId(lea), "704", "77", entry, left, "", "", "packet-0")


def packet(engine: Engine, name: str, number: str, state: State, **more: str) -> None:
    row = PacketRow(
        TrackingId(name), LeaId("01"), name, name, Sha256(f"{name:0>64}"), 1, NOW, State.RECEIVED,
        type="student-record", ssid=number, identity="match" if number else "review",
    )  # fmt: skip
    ways = {
        State.ADMITTED: (),
        State.HELD: (State.HELD,),
        State.ROUTED: (State.ROUTED,),
        State.DELIVERED: (State.ROUTED, State.DELIVERED),
    }
    with writing(engine) as connection:
        packets.born(connection, [row], [])
        go(engine, name, State.ADMITTED, *ways[state], connection=connection, **more)


def go(engine: Engine, name: str, *states: State, connection: Connection | None = None, **more: str) -> None:
    """Move a packet as the stages would."""
    sets = "".join(f", {column} = '{value}'" for column, value in more.items())

    def write(to: Connection) -> None:
        for state in states:
            to.execute(text(f"UPDATE packets SET state = '{state}'{sets} WHERE tracking = '{name}'"))  # noqa: S608

    if connection is not None:
        write(connection)
    else:
        with writing(engine) as own:
            write(own)


def merge(engine: Engine, model: Model, kept: str = KEPT, other: str = OTHER) -> Outcome:
    with writing(engine) as connection:
        return registrar.merge(
            connection, model, kept, other, "Jo", "one child, seen both", NOW + 1, accounts.today(TODAY), TRAVELS
        )


def unmerge(engine: Engine, model: Model, kept: str = KEPT, other: str = OTHER) -> Outcome:
    with writing(engine) as connection:
        return registrar.unmerge(connection, model, kept, other, "Jo", "two after all", NOW + 2, TRAVELS)


def state(engine: Engine, name: str) -> tuple[str, str, str, str]:
    with reading(engine) as connection:
        row = packets.get(connection, name)
    assert row is not None
    return row.ssid, row.state, row.held_for, row.receiver
