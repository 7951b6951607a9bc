"""Two numbers made one and parted again, over SQLite and PostgreSQL: nothing is lost, and everything comes back."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from broker.core.disclosure import Disclosure
from broker.core.errors import NotDone
from broker.core.model import HeldFor, LeaId, Name, Party, PartyKind, Sha256, Ssid, State, Student, TrackingId
from broker.core.transfer import TransferState
from broker.edge.ledger import epoch
from broker.edge.ledger.cases import backpacks, transfers
from broker.edge.ledger.cases.backpacks import Part
from broker.edge.ledger.cases.transfers import TransferRow
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.packets import packets, views
from broker.edge.ledger.packets.rows import EnrollmentRow, PacketRow
from broker.edge.ledger.parties import directory
from broker.edge.ledger.people import flags, registry, reviews
from broker.edge.ledger.people.merges import Outcome
from broker.edge.ledger.people.registry import Source
from broker.edge.ledger.people.reviews import Review, Weighed
from broker.identity import match, models, registrar
from broker.identity.answer import Answer
from broker.identity.model import Model
from handlers.registry import TRAVELS
from tests.support import accounts, ledgers, postgres
from tests.support.ledgers import Dump

NOW, TODAY = 1_800_000_000.0, "2026-11-23"
SOURCE = Source(LeaId("01"), "packet-0", NOW)
KEPT, OTHER = Ssid("1000"), Ssid("2000")
ANA = Student(Name("Ana", "Reyes"), date(2012, 3, 4), gender="F", phone="801-555-0133")
MARIA = Student(Name("Maria", "Johnson"), date(2011, 7, 9), gender="F", phone="801-555-0177")
# The log of what was done stays, and when a packet was last touched; the epoch counts changes, also one taken back.
LOGGED = {"merges": (), "events": (), "packets": ("updated_at", "enqueued_at"), "registry_epoch": ()}


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with postgres.server() as url:
        yield url


@pytest.fixture(scope="module")
def model() -> Model:
    return models.load(None)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path, model: Model) -> Iterator[Engine]:
    """Ana is enrolled at 01 until she left, Maria at 6G; each has records on every way."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    made = ledgers.ready(tmp_path, url)
    with writing(made) as connection:
        for lea in ("01", "02", "6G"):
            directory.add_party(connection, Party(LeaId(lea), lea, PartyKind.DISTRICT), NOW)
        for student, number in ((ANA, KEPT), (MARIA, OTHER)):
            registrar.register(connection, model, student, lambda n=number: n, SOURCE)
        accounts.enter(connection, place(KEPT, "01", "2025-08-17", "2026-06-01"))
        accounts.enter(connection, place(OTHER, "6G", "2026-08-17"))
    yield made
    made.dispose()


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


def everything(engine: Engine) -> Dump:
    return ledgers.dump(engine, LOGGED)


def state(engine: Engine, name: str) -> tuple[str, str, str, str]:
    with reading(engine) as connection:
        row = packets.get(connection, name)
    assert row is not None
    return row.ssid, row.state, row.held_for, row.receiver


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
