"""Children in a registry, and who is found for one."""

from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import Engine

from broker.core.model import LeaId, Name, Party, PartyKind, Ssid, Student
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.packets.rows import EnrollmentRow
from broker.edge.ledger.parties import directory
from broker.edge.ledger.people.registry import Source
from broker.identity import match, registrar
from broker.identity.answer import Answer
from broker.identity.match import Finding
from broker.identity.model import Model
from tests.support import accounts

SOURCE = Source(LeaId("01"), "packet-0", 1_800_000_000.0)
BORN = date(2012, 3, 4)
M, R, N = Answer.MATCH, Answer.REVIEW, Answer.NONE


def with_two_leas(engine: Engine) -> Engine:
    with writing(engine) as connection:
        for lea in ("01", "02"):
            directory.add_party(connection, Party(LeaId(lea), lea, PartyKind.DISTRICT), 0.0)
    return engine


def child(first: str, last: str = "Reyes", **more: Any) -> Student:
    return Student(Name(first, last), BORN, **more)


def enter(engine: Engine, model: Model, number: str, student: Student, lea: str = "", local_id: str = "") -> None:
    with writing(engine) as connection:
        registrar.register(connection, model, replace(student, ssid=None), lambda: Ssid(number), SOURCE)
        if lea:
            row = EnrollmentRow(Ssid(number), LeaId(lea), "1", local_id, "2026-08-17", "", "", "", "packet-0")
            accounts.enter(connection, row)


def find(engine: Engine, model: Model, student: Student, lea: str = "01") -> Finding:
    with reading(engine) as connection:
        return match.find(connection, model, student, lea)
