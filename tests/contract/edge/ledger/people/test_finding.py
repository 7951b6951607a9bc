"""Students and packets found by what somebody says of them, over SQLite and PostgreSQL."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import Engine, event

from broker.core.model import LeaId, Name, Party, PartyKind, Ssid, Student
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.packets import views
from broker.edge.ledger.packets.rows import EnrollmentRow
from broker.edge.ledger.packets.views import Wanted
from broker.edge.ledger.parties import directory
from broker.edge.ledger.people import finding, registry
from broker.edge.ledger.people.finding import Asked
from broker.edge.ledger.people.registry import Source
from broker.identity import models, registrar
from broker.identity.normalise import key
from tests.support import accounts

FIRST = Source(LeaId("01"), "packet-1", 1_800_000_000.0)
ANA = Student(Name("Ana", "Reyes-Ortiz", "Lucía"), date(2012, 3, 4))


@pytest.fixture
def engine(engine: Engine) -> Engine:
    model = models.load(None)
    with writing(engine) as connection:
        for lea in ("01", "6G"):
            directory.add_party(connection, Party(LeaId(lea), lea, PartyKind.DISTRICT), 1.0)
        registry.lock(connection)
        for number, student in enumerate([ANA, replace(ANA, legal_name=Name("Zoë", "Ångström"))], 1):
            registrar.register(connection, model, student, lambda at=number: Ssid(str(at)), FIRST)  # type: ignore[misc]
            row = EnrollmentRow(
                Ssid(str(number)), LeaId("01"), "704", f"l-{number}", "2026-08-17", "", "", "", "packet-1"
            )
            accounts.enter(connection, row)
    return engine


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        (Asked(["rey"]), ["1"]),
        (Asked(["LUCIA", "ortiz"]), ["1"]),
        (Asked(["angstrom", "zoe"]), ["2"]),
        (Asked(["_"]), []),
        (Asked(birth_date="2012-03-04"), ["1", "2"]),
        (Asked(["rey"], "2012-03-05"), []),
        (Asked(local_id="l-2"), ["2"]),
        (Asked(local_id="l-2", lea="6G"), []),
        (Asked(["rey"], "2012-03-04", "l-1", "01"), ["1"]),
    ],
)
def test_a_student_is_found(engine: Engine, asked: Asked, wanted: list[str]) -> None:
    with reading(engine) as connection:
        if asked.words == ["_"]:  # no letter of a name, and no wildcard
            assert finding.find(connection, replace(asked, words=["%_"]), lambda text: text, 10) == []
        else:
            assert [one.ssid for one in finding.find(connection, asked, key, 10)] == wanted
            assert len(finding.find(connection, asked, key, 1)) == min(1, len(wanted))


def test_a_search_asks_once_for_those_who_may_be_meant(engine: Engine) -> None:
    asked: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *call: asked.append(call[2]))
    with reading(engine) as connection:
        finding.find(connection, Asked(["nobody"]), key, 10)
    assert len([one for one in asked if "student_features" in one]) == 1


def test_packets_by_each_fact(engine: Engine) -> None:
    with reading(engine) as connection:
        for wanted in (
            Wanted(file="%"),
            Wanted(received=(0.0, 1e12)),
            Wanted(ssid="1"),
            Wanted(tracking="0%"),
            Wanted("HELD", "01"),
        ):
            assert views.listing(connection, wanted) == []
        assert views.oldest(connection) is None
        assert views.count_answered(connection) == 0
