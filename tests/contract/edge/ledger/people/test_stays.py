"""Stays in the ledger, over SQLite and PostgreSQL: what is entered, corrected, kept of it, and taken back."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from broker.core.model import LeaId, Party, PartyKind, Ssid
from broker.core.stays import Unfit
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.packets.rows import EnrollmentRow
from broker.edge.ledger.parties import directory
from broker.edge.ledger.people import changes, registry, stays
from broker.edge.ledger.people.registry import Person, Source
from tests.support.accounts import today

A, B = LeaId("01"), LeaId("6G")
ANA, BO = Ssid("1000000019"), Ssid("1000000027")
DAY = "2026-11-23"
SOURCE = Source(A, "packet-2", 2.0)
PLACE = EnrollmentRow(ANA, A, "704", "77", "2026-08-17", "", "11", "", "packet-1", "08", "regular", reported_on=DAY)


@pytest.fixture
def engine(engine: Engine) -> Engine:
    with writing(engine) as connection:
        for lea in (A, B):
            directory.add_party(connection, Party(lea, lea, PartyKind.DISTRICT), 0.0)
        people = [Person(ssid, "Ana", "", "Reyes", "", "2012-03-04", "F") for ssid in (ANA, BO)]
        registry.add_many(connection, people, 0.0)
    return engine


def test_an_entry_is_kept_once_and_what_it_says_anew_is_a_correction(engine: Engine) -> None:
    with writing(engine) as connection:
        for _ in range(2):
            stays.enter(connection, PLACE, 1.0)
        assert registry.locations(connection, ANA) == [PLACE]
        assert stays.history(connection, ANA) == []
        stays.enter(connection, replace(PLACE, grade="09", programme="", tracking="packet-2"), 2.0, military=True)
        assert registry.locations(connection, ANA) == [replace(PLACE, grade="09", military=1)]
        known = [(one.fact, one.before, one.after, one.tracking, one.at) for one in stays.history(connection, ANA)]
    assert known == [("grade", "08", "09", "packet-2", 2.0), ("military", "0", "1", "packet-2", 2.0)]


def test_an_exit_is_kept_with_its_code_and_opened_again(engine: Engine) -> None:
    with writing(engine) as connection:
        stays.enter(connection, PLACE, 1.0)
        stays.leave(connection, ANA, "704", "2026-11-20", "TO", SOURCE, DAY)
        assert registry.locations(connection, ANA) == [replace(PLACE, exit_date="2026-11-20", exit_code="TO")]
        stays.leave(connection, ANA, "704", "2026-11-20", "TS", SOURCE, DAY)
        stays.enter(connection, PLACE, 3.0, ["2026-11-20"])  # the same packet says the exit again
        assert registry.locations(connection, ANA) == [replace(PLACE, exit_date="2026-11-20", exit_code="TS")]
        stays.enter(connection, PLACE, 3.0)
        assert registry.locations(connection, ANA) == [PLACE]
        with pytest.raises(Unfit, match="exit-before-entry"):
            stays.leave(connection, ANA, "704", "2026-08-16", "", SOURCE, DAY)
        with pytest.raises(KeyError):
            stays.leave(connection, "404", "704", "2026-11-20", "", SOURCE, DAY)


def test_a_correction_by_a_decision_is_taken_back_whole(engine: Engine) -> None:
    with writing(engine) as connection:
        stays.enter(connection, PLACE, 1.0)
        before = changes.snapshot(connection, ANA)
        stays.enter(connection, replace(PLACE, grade="09", exit_date="2026-11-20"), 2.0, dual=True)
        done = changes.between(ANA, before, changes.snapshot(connection, ANA))
        changes.undo(connection, done)
        assert registry.locations(connection, ANA) == [PLACE]


def test_what_an_older_program_kept_of_a_decision_is_taken_back_still(engine: Engine) -> None:
    with writing(engine) as connection:
        stays.enter(connection, PLACE, 1.0)
        (number,) = changes.snapshot(connection, ANA).places
        stays.leave(connection, ANA, "704", "2026-11-20", "TO", SOURCE, DAY)
        old = changes.Changes(ANA, places_ended=[[number, ["", ""], ["2026-11-20", "TO"]]])
        changes.undo(connection, old)
        assert registry.locations(connection, ANA) == [PLACE]


def test_whom_an_lea_has(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stays, "_AT_ONCE", 1)
    with writing(engine) as connection:
        for ssid in (ANA, BO):
            stays.enter(connection, replace(PLACE, ssid=ssid), 1.0)
        stays.enter(connection, replace(PLACE, ssid=BO, lea=B, entry_date="2026-10-01"), 1.0)
    with reading(engine) as connection:
        assert list(stays.had_by(connection, A, today(DAY))) == [ANA]
        assert list(stays.had_by(connection, B, today(DAY))) == [BO]
        assert stays.account(connection, BO, today(DAY)).here == B
