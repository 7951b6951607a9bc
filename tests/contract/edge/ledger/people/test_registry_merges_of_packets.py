"""What a merge and its end do with packets that wait or are on their way, over SQLite and PostgreSQL."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from broker.core.model import HeldFor, LeaId, Name, State
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.packets import views
from broker.edge.ledger.people import registry
from broker.edge.ledger.people.registry import Source
from broker.identity import models, registrar
from broker.identity.model import Model
from tests.support import accounts
from tests.support.merged import ANA, KEPT, MARIA, NOW, OTHER, go, merge, packet, place, state, two_students, unmerge


@pytest.fixture(scope="module")
def model() -> Model:
    return models.load(None)


@pytest.fixture
def engine(engine: Engine, model: Model) -> Engine:
    return two_students(engine, model)


def test_a_record_that_went_on_because_of_the_merge_is_held_again(engine: Engine, model: Model) -> None:
    for name in ("still", "routed", "waiting", "gone"):
        packet(engine, name, KEPT, State.HELD, held_for="enrollment")
    merge(engine, model)
    go(engine, "routed", State.ROUTED, receiver="6G")
    go(engine, "waiting", State.HELD, receiver="6G", held_for="receiver-key")
    go(engine, "gone", State.ROUTED, State.DELIVERED, receiver="6G")
    done = unmerge(engine, model)
    for name in ("still", "routed", "waiting"):
        assert state(engine, name) == (KEPT, "HELD", "enrollment", "")
    assert (sorted(done.returned), done.delivered) == (["routed", "still", "waiting"], ("gone",))


def test_a_record_that_names_its_receiver_is_held_again_too(engine: Engine, model: Model) -> None:
    """For it is not the name but the enrollment that let it go on."""
    names = ("still", "routed", "waiting")
    for name in names:
        packet(engine, name, KEPT, State.HELD, held_for="enrollment", addressed_to="6G")
    assert sorted(merge(engine, model).released) == sorted(names)
    go(engine, "routed", State.ROUTED, receiver="6G")
    go(engine, "waiting", State.HELD, receiver="6G", held_for="receiver-key")
    done = unmerge(engine, model)
    assert [state(engine, name) for name in names] == [(KEPT, "HELD", "enrollment", "")] * 3
    assert (sorted(done.returned), done.delivered) == (sorted(names), ())


def test_a_record_of_the_merged_one_is_routed_anew(engine: Engine, model: Model) -> None:
    """It was admitted before; the merge sent it to where the other one is enrolled."""
    packet(engine, "mine", OTHER, State.ADMITTED)
    packet(engine, "named", OTHER, State.ADMITTED, addressed_to="02")
    merge(engine, model)
    go(engine, "mine", State.ROUTED, receiver="02")
    go(engine, "named", State.ROUTED, receiver="02")
    assert unmerge(engine, model).returned == ("mine", "named")
    assert state(engine, "mine") == (OTHER, "ADMITTED", "", "")
    assert state(engine, "named") == (OTHER, "ADMITTED", "", "")


@pytest.mark.parametrize("kind", ["transcript", "backpack"])
def test_what_has_but_one_receiver_keeps_it(engine: Engine, model: Model, kind: str) -> None:
    """A transcript goes where the student wants it; a part of the store is looked at when it is delivered."""
    packet(engine, "sent", OTHER, State.HELD, held_for="blocked", receiver="02", addressed_to="02", type=kind)
    merge(engine, model)
    go(engine, "sent", State.ADMITTED, State.ROUTED, held_for="")
    assert unmerge(engine, model).returned == ()
    assert state(engine, "sent") == (OTHER, "ROUTED", "", "02")


def test_nothing_goes_on_that_waits_for_something_else(engine: Engine, model: Model) -> None:
    with writing(engine) as connection:
        accounts.leave(connection, OTHER, "6G", "704", "2026-10-01", "")
    packet(engine, "held", KEPT, State.HELD, held_for="enrollment")
    packet(engine, "blocked", KEPT, State.HELD, held_for="blocked")
    assert merge(engine, model).released == ()


def test_what_came_since_stays_with_the_kept_one(engine: Engine, model: Model) -> None:
    merge(engine, model)
    packet(engine, "new", KEPT, State.HELD, held_for="enrollment")
    later = Source(LeaId("02"), "packet-9", NOW + 1.5)
    with writing(engine) as connection:
        accounts.enter(connection, place(KEPT, "02", "2026-11-01"))
        registrar.amend(
            connection, model, KEPT, replace(ANA, legal_name=Name("Ana", "Reyes-Lee"), phone="801-555-0100"), later
        )
    unmerge(engine, model)
    with reading(engine) as connection:
        assert [spot.lea for spot in registry.locations(connection, KEPT)] == ["01", "02"]
        ana, maria = registrar.known(connection, KEPT), registrar.known(connection, OTHER)
    assert ana is not None
    assert (ana.legal_name.last, ana.phone) == ("Reyes-Lee", "801-555-0100")
    assert maria == replace(MARIA, ssid=OTHER)  # her own phone and legal name have not ended with Ana's
    assert state(engine, "new")[0] == KEPT


def test_a_worker_that_had_the_packet_in_hand_does_not_lose_it(engine: Engine, model: Model) -> None:
    """It writes the number of before over the merge; the packet is found and let go none the less."""
    packet(engine, "late", OTHER, State.ADMITTED)
    merge(engine, model)
    go(engine, "late", State.HELD, held_for="enrollment", ssid=OTHER)
    with reading(engine) as connection:
        assert views.held(connection, HeldFor.ENROLLMENT, ssid=KEPT) == ["late"]
        assert [spot.lea for spot in registry.locations(connection, OTHER)] == ["01", "6G"]
