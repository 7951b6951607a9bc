"""Two numbers made one and parted again, over SQLite and PostgreSQL: nothing is lost, nothing is left."""

import json
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from broker.core.disclosure import Disclosure
from broker.core.errors import NotDone
from broker.core.model import LeaId, Name, Ssid, State, Student, TrackingId
from broker.core.transfer import TransferState
from broker.edge.ledger import epoch
from broker.edge.ledger.cases import backpacks, transfers
from broker.edge.ledger.cases.backpacks import Part
from broker.edge.ledger.cases.transfers import TransferRow
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.people import flags, registry, reviews
from broker.edge.ledger.people.reviews import Review, Weighed
from broker.identity import match, models, registrar
from broker.identity.answer import Answer
from broker.identity.model import Model
from tests.support import accounts, ledgers
from tests.support.ledgers import Dump
from tests.support.merged import (
    ANA,
    KEPT,
    MARIA,
    NOW,
    OTHER,
    SOURCE,
    merge,
    packet,
    place,
    state,
    two_students,
    unmerge,
)

# The log of what was done stays, and when a packet was last touched; the epoch counts changes, also one taken back.
LOGGED = {"merges": (), "events": (), "packets": ("updated_at", "enqueued_at"), "registry_epoch": ()}


@pytest.fixture(scope="module")
def model() -> Model:
    return models.load(None)


@pytest.fixture
def engine(engine: Engine, model: Model) -> Engine:
    return two_students(engine, model)


def everything(engine: Engine) -> Dump:
    return ledgers.dump(engine, LOGGED)


def test_the_kept_number_stands_for_both(engine: Engine, model: Model) -> None:
    merge(engine, model)
    with reading(engine) as connection:
        known = registrar.known(connection, OTHER)
        assert known is not None
        assert (known.ssid, known.legal_name, known.aliases) == (KEPT, ANA.legal_name, (MARIA.legal_name,))
        assert [spot.lea for spot in registry.locations(connection, OTHER)] == ["01", "6G"]
        for student, number in ((ANA, None), (MARIA, None), (MARIA, OTHER)):
            finding = match.find(connection, model, replace(student, ssid=number), "02")
            assert {one.ssid for one in finding.candidates} == {KEPT}
    with writing(engine) as connection:
        accounts.enter(connection, place(OTHER, "02", "2026-09-01"))
        assert registry.locations(connection, KEPT)[-1].ssid == KEPT
        accounts.leave(connection, OTHER, "02", "704", "2026-10-01", "")


def test_merged_and_parted_everything_is_as_it_was(engine: Engine, model: Model) -> None:
    """Records that are held, on their way, delivered; questions that name the student; names and evidence."""
    packet(engine, "held", KEPT, State.HELD, held_for="enrollment")
    packet(engine, "other-held", OTHER, State.HELD, held_for="receiver-key", receiver="6G")
    packet(engine, "other-routed", OTHER, State.ROUTED, receiver="6G")
    packet(engine, "other-delivered", OTHER, State.DELIVERED, receiver="6G")
    packet(engine, "asked", "", State.HELD, held_for="review")
    with writing(engine) as connection:
        candidates = (Weighed(OTHER, 3.5), Weighed(KEPT, 2.5))
        reviews.enter(connection, Review(TrackingId("asked"), -1, LeaId("01"), {}, candidates, NOW))
        registrar.learn(connection, model, OTHER, replace(MARIA, legal_name=Name("Mary", "Johnson")), SOURCE)
    before = everything(engine)
    done = merge(engine, model)
    assert (done.names, done.evidence, done.locations, done.packets) == (2, 1, 1, 3)
    assert (done.released, done.questions) == (("held",), (("asked", -1),))
    assert state(engine, "held") == (KEPT, "ADMITTED", "", "")
    assert [state(engine, f"other-{name}")[0] for name in ("held", "routed", "delivered")] == [KEPT] * 3
    with reading(engine) as connection:
        asked = reviews.get(connection, "asked", -1)
    assert asked is not None
    assert asked.candidates == (Weighed(KEPT, 3.5), Weighed(KEPT, 2.5))  # each keeps its place, and so its letter
    undone = unmerge(engine, model)
    assert (undone.returned, undone.delivered) == (("held",), ())
    assert everything(engine) == before


def test_transfers_flags_and_the_record_store_go_by_all_numbers_and_stay_where_they_are(
    engine: Engine, model: Model
) -> None:
    """A merge moves none of them: who asks about either number is told of both, until it is taken back."""
    case = TransferRow(OTHER, "01", "6G", "2026-08-17", NOW, "packet-0", TransferState.REQUESTED)
    part = Part(OTHER, "01", "packet-0", backpacks.REPLACE, 2027, "0" * 64, 10, "KEY", NOW)
    with writing(engine) as connection:
        transfers.add(connection, case)
        backpacks.store(connection, [part], NOW)
        flags.put(connection, OTHER, "Jo", "reported missing", NOW)
        disclosures.add(connection, [Disclosure(NOW, OTHER, "receive-record", "allowed", "6G")])
    before = everything(engine)
    assert told_of(engine, KEPT) == [0, 0, 0, 0]
    merge(engine, model)
    assert told_of(engine, KEPT) == told_of(engine, OTHER) == [1, 1, 1, 1]
    unmerge(engine, model)
    assert (told_of(engine, KEPT), told_of(engine, OTHER)) == ([0, 0, 0, 0], [1, 1, 1, 1])
    assert everything(engine) == before


def told_of(engine: Engine, number: str) -> list[int]:
    """How many transfers, parts, flags and disclosures are found under a number."""
    with reading(engine) as connection:
        return [
            len(transfers.about(connection, number)),
            len(backpacks.current(connection, number)),
            int(flags.is_flagged(connection, number)),
            len(disclosures.about(connection, number)),
        ]


def test_a_worker_that_looked_before_sees_that_there_was_a_merge(engine: Engine, model: Model) -> None:
    """And when it was taken back, for packets could go elsewhere in between."""
    seen = [epoch_of(engine)]
    merge(engine, model)
    seen.append(epoch_of(engine))
    unmerge(engine, model)
    seen.append(epoch_of(engine))
    assert seen == sorted(set(seen))


def epoch_of(engine: Engine) -> int:
    with reading(engine) as connection:
        return epoch.now(connection)


def test_what_is_done_is_logged_with_who_and_why(engine: Engine, model: Model) -> None:
    merge(engine, model)
    unmerge(engine, model)
    merge(engine, model)
    with reading(engine) as connection:
        first, second = registrar.merged(connection, OTHER)
    assert (first.kept, first.merged, first.who, first.why, first.at) == (
        KEPT,
        OTHER,
        "Jo",
        "one child, seen both",
        NOW + 1,
    )
    assert (first.undone_by, first.undone_why, first.undone_at) == ("Jo", "two after all", NOW + 2)
    assert second.undone_at is None
    for statement in ("DELETE FROM merges", "UPDATE merges SET why = ''", "UPDATE merges SET undone_at = NULL"):
        with pytest.raises(DBAPIError), writing(engine) as connection:
            connection.execute(text(statement))


def test_three_numbers_of_one_student(engine: Engine, model: Model) -> None:
    third = Student(Name("Zoe", "Walker"), date(2010, 1, 2))
    with writing(engine) as connection:
        registrar.register(connection, model, third, lambda: Ssid("3000"), SOURCE)
    before = everything(engine)
    merge(engine, model, OTHER, "3000")
    between = everything(engine)
    merge(engine, model, KEPT, OTHER)
    with reading(engine) as connection:
        for number in (KEPT, OTHER, "3000"):
            person = registry.standing(connection, number)
            assert person is not None
            assert person.ssid == KEPT
    with pytest.raises(NotDone, match="merged-since"):
        unmerge(engine, model, OTHER, "3000")
    unmerge(engine, model, KEPT, OTHER)
    assert everything(engine) == between
    unmerge(engine, model, OTHER, "3000")
    assert everything(engine) == before


@pytest.mark.parametrize(
    ("kept", "other", "code"),
    [
        (KEPT, KEPT, "same-number"),
        (KEPT, "404", "no-student"),
        ("404", OTHER, "no-student"),
    ],
)
def test_what_cannot_be_merged(engine: Engine, model: Model, kept: str, other: str, code: str) -> None:
    with pytest.raises(NotDone, match=code):
        merge(engine, model, kept, other)


def test_what_is_merged_is_not_merged_again_nor_parted_twice(engine: Engine, model: Model) -> None:
    merge(engine, model)
    with pytest.raises(NotDone, match="merged-already"):
        merge(engine, model)
    unmerge(engine, model)
    with pytest.raises(NotDone, match="not-merged"):
        unmerge(engine, model)


def test_two_numbers_that_match_are_a_review_until_they_are_merged(engine: Engine, model: Model) -> None:
    with writing(engine) as connection:
        registrar.register(connection, model, ANA, lambda: Ssid("3000"), SOURCE)
        doubt = match.find(connection, model, ANA, "02")
    merge(engine, model, KEPT, "3000")
    with reading(engine) as connection:
        certain = match.find(connection, model, ANA, "02")
    assert (doubt.answer, {one.ssid for one in doubt.candidates}) == (Answer.REVIEW, {KEPT, "3000"})
    assert (certain.answer, certain.ssid) == (Answer.MATCH, KEPT)


def test_the_log_of_a_merge_holds_numbers_only(engine: Engine, model: Model) -> None:
    merge(engine, model)
    with reading(engine) as connection:
        moved = json.loads(connection.execute(text("SELECT moved FROM merges")).scalar_one())
    assert "Johnson" not in json.dumps(moved)
    assert moved["enrollments"]
