"""Packets move in the ledger, over SQLite and PostgreSQL: state, event and receipt together, each once."""

import contextlib
import threading
from dataclasses import replace

import pytest
from sqlalchemy import Connection, Engine, text

from broker.core.errors import Refused
from broker.core.files import table_ids
from broker.core.model import LeaId, Party, PartyKind, Ssid, State, TrackingId
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.packets import history, keeping, moves, packets, views
from broker.edge.ledger.packets.rows import Move, Receipt
from broker.edge.ledger.parties import directory
from broker.edge.ledger.people import registry
from tests.support.rows import NOW, admitted, claim, give_birth, packet, person


def test_a_move_writes_state_event_and_receipt_together(engine: Engine) -> None:
    give_birth(engine, packet())
    row = claim(engine, "018f-0001").rows[0]
    with writing(engine) as connection:
        assert len(moves.advance(connection, [admitted(row)], NOW).moved) == 1
    with reading(engine) as connection:
        found = views.history(connection, "018f-0001")
        pending = history.pending(connection, 10)
    assert found is not None
    assert [event["after"] for event in found["events"]] == ["RECEIVED", "ADMITTED"]
    assert [paper.text for paper in pending] == ["signed"]


def test_a_move_under_a_lost_claim_writes_nothing(engine: Engine) -> None:
    give_birth(engine, packet())
    late = claim(engine, "018f-0001", token="w:1").rows[0]
    claim(engine, "018f-0001", token="v:1", at=NOW + 61)
    with writing(engine) as connection:
        assert moves.advance(connection, [admitted(late)], NOW).moved == ()
    with reading(engine) as connection:
        assert views.counts(connection) == {"RECEIVED": 1}
        assert history.pending(connection, 10) == []


def test_an_effect_that_fails_undoes_only_its_own_packet(engine: Engine) -> None:
    give_birth(engine, packet(1), packet(2))
    first, second = claim(engine, "018f-0001", "018f-0002").rows

    def failing(connection: Connection) -> Move:
        registry.add(connection, lambda: Ssid("1"), person, NOW)
        raise Refused("replayed-id")

    with writing(engine) as connection:
        done = moves.advance(connection, [replace(admitted(first), effect=failing), admitted(second)], NOW)
    assert [move.row.tracking for move in done.moved] == ["018f-0002"]
    assert [row.tracking for row, _ in done.failed] == ["018f-0001"]
    with reading(engine) as connection:
        assert registry.person(connection, "1") is None


def test_a_receipt_is_pending_until_its_file_is_durable(engine: Engine) -> None:
    paper = Receipt(TrackingId("018f-0001"), 1, "received", "01", NOW, "signed")
    with writing(engine) as connection:
        packets.born(connection, [packet()], [paper])
    with writing(engine) as connection:
        assert history.pending(connection, 10) == [paper]
        history.published(connection, [paper])
        assert history.pending(connection, 10) == []


def test_an_id_belongs_to_the_packet_that_brought_it_first(engine: Engine) -> None:
    give_birth(engine, packet(1), packet(2), packet(3, origin=LeaId("02")))
    rows = claim(engine, "018f-0001", "018f-0002", "018f-0003").rows
    planned = [replace(admitted(row), document=("id", f"digest{number}")) for number, row in enumerate(rows)]
    with writing(engine) as connection:
        done = moves.advance(connection, planned, NOW)
    assert [move.row.tracking for move in done.moved] == ["018f-0001", "018f-0003"]
    assert [(move.row.tracking, *first) for move, *first in done.repeated] == [("018f-0002", "018f-0001", "digest0")]


def test_of_an_leas_tables_of_one_type_only_the_newest_is_known(engine: Engine) -> None:
    a, b, asked = table_ids.made("enrollment", "a" * 64), table_ids.made("enrollment", "b" * 64), "id of another kind"
    request = table_ids.made("ssid-request", "a" * 64)
    sent = [asked, request, a, a, b, b, a, request, asked]
    for number, document in enumerate(sent, 1):
        give_birth(engine, packet(number))
        row = claim(engine, f"018f-{number:04}").rows[0]
        with writing(engine) as connection:
            done = moves.advance(connection, [replace(admitted(row), document=(document, document))], NOW)
        assert bool(done.repeated) == (number in (4, 6, 8, 9)), (number, done)
    give_birth(engine, packet(10, origin=LeaId("02")))
    other = claim(engine, "018f-0010").rows[0]
    with writing(engine) as connection:
        assert moves.advance(connection, [replace(admitted(other), document=(a, a))], NOW).moved


@pytest.mark.parametrize("ledger_url", ["postgresql"], indirect=True)  # SQLite has one writer at a time
@pytest.mark.parametrize("is_kept", [True, False])
def test_of_two_workers_with_one_document_the_later_one_has_a_repeat_and_goes_on(engine: Engine, is_kept: bool) -> None:
    rows = [packet(1), packet(2), packet(3)]
    give_birth(engine, *rows)
    first, second, other = (
        replace(admitted(row), document=(document, f"digest of {row.tracking}"))
        for row, document in zip(rows, ("one", "one", "two"), strict=True)
    )
    found: list[moves.Advanced] = []

    def later() -> None:
        with writing(engine) as connection:
            found.append(moves.advance(connection, [second, other], NOW))

    thread = threading.Thread(target=later)
    with reading(engine) as looking, contextlib.suppress(InterruptedError), writing(engine) as connection:
        assert moves.advance(connection, [first], NOW).moved == (first,)
        thread.start()
        while not looking.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar():
            assert thread.is_alive()
        if not is_kept:
            raise InterruptedError  # the first worker's transaction comes to nothing
    thread.join(20)
    if is_kept:
        assert found == [moves.Advanced((other,), (), ((second, first.row.tracking, "digest of 018f-0001"),))]
    else:
        assert found == [moves.Advanced((second, other), (), ())]


def test_a_document_whose_effect_failed_has_not_used_up_its_id(engine: Engine) -> None:
    give_birth(engine, packet(1), packet(2))

    def failing(_connection: Connection) -> Move:
        raise Refused("unknown-tracking")

    for tracking, effect in (("018f-0001", failing), ("018f-0002", None)):
        row = claim(engine, tracking).rows[0]
        with writing(engine) as connection:
            move = replace(admitted(row), document=("id", tracking), effect=effect)
            done = moves.advance(connection, [move], NOW)
    assert [move.row.tracking for move in done.moved] == ["018f-0002"]


def test_standing_packets_are_found_until_a_queue_was_told(engine: Engine) -> None:
    give_birth(engine, packet(1), packet(2, lane=1))
    with writing(engine) as connection:
        found = packets.due(connection, State.RECEIVED, NOW, NOW - 30, 10)
        assert found == [("018f-0001", 0), ("018f-0002", 1)]
        packets.enqueued(connection, ["018f-0001"], NOW)
        assert packets.due(connection, State.RECEIVED, NOW, NOW - 30, 10) == [("018f-0002", 1)]
        assert len(packets.due(connection, State.RECEIVED, NOW + 31, NOW + 1, 10)) == 2
        packets.mark_unqueued(connection)
        assert len(packets.due(connection, State.RECEIVED, NOW, NOW - 30, 10)) == 2


def test_a_refused_packet_does_not_make_the_next_drop_a_duplicate(engine: Engine) -> None:
    give_birth(engine, packet(1, State.REFUSED), packet(2))
    with reading(engine) as connection:
        assert packets.firsts(connection, "01", [f"{1:064}", f"{2:064}"]).keys() == {f"{2:064}"}


def test_many_writers_give_every_student_another_number(engine: Engine) -> None:
    numbers = iter([str(number // 2) for number in range(200)])  # every number is drawn twice
    draw = threading.Lock()

    def next_number() -> Ssid:
        with draw:
            return Ssid(next(numbers))

    def work() -> None:
        for _ in range(10):
            with writing(engine) as connection:
                registry.lock(connection)
                registry.add(connection, next_number, person, NOW)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading(engine) as connection:
        assert connection.execute(text("SELECT count(*) FROM students")).scalar() == 40


def test_a_party_is_what_was_entered(engine: Engine) -> None:
    with writing(engine) as connection:
        directory.add_party(connection, Party(LeaId("01"), "Canyon", PartyKind.DISTRICT), NOW)
        directory.add_ssh_key(connection, LeaId("01"), "ssh-ed25519 AAAA", NOW)
        directory.add_ssh_key(connection, LeaId("01"), "ssh-ed25519 AAAA", NOW)
    with reading(engine) as connection:
        assert directory.party(connection, "01") == Party(LeaId("01"), "Canyon", PartyKind.DISTRICT)
        assert directory.party(connection, "02") is None
        assert directory.ssh_keys_of(connection, "01") == ["ssh-ed25519 AAAA"]
    with writing(engine) as connection:
        assert directory.remove_ssh_key(connection, LeaId("01"), "ssh-ed25519 AAAA")
        assert not directory.remove_ssh_key(connection, LeaId("01"), "ssh-ed25519 AAAA")
        assert directory.ssh_keys_of(connection, "01") == []


def test_what_is_kept_of_refused_packets_is_counted_until_it_is_purged(engine: Engine) -> None:
    """And bytes that any LEA's packet came with which was not refused are needed still."""
    digests = [f"{number:064x}" for number in range(4)]
    rows = [
        packet(1, State.REFUSED, sha256=digests[0], size=100, updated_at=10.0),
        packet(2, State.DUPLICATE, sha256=digests[1], size=50, updated_at=20.0),
        packet(3, State.REFUSED, sha256="", size=0, updated_at=5.0),  # set aside, and never in the vault
        packet(4, State.RECEIVED, sha256=digests[1], size=50, updated_at=30.0),
    ]
    with writing(engine) as connection:
        directory.add_party(connection, Party(LeaId("01"), "One", PartyKind.DISTRICT), NOW)
    give_birth(engine, *rows)
    with reading(engine) as connection:
        assert keeping.kept(connection) == [keeping.Kept(rows[0].origin, 2, 150, 10.0)]
        assert keeping.waiting(connection) == {rows[3].origin: (1, 50)}
        found = keeping.oldest(connection, rows[0].origin, 10)
        assert [one.tracking for one in found] == [rows[0].tracking, rows[1].tracking]
        assert keeping.needed(connection, [one.sha256 for one in found]) == {digests[1]}
    with writing(engine) as connection:
        keeping.purge(connection, found[:1], 99.0)
    with reading(engine) as connection:
        assert keeping.kept(connection) == [keeping.Kept(rows[0].origin, 1, 50, 20.0)]
        told = views.history(connection, rows[0].tracking)
    assert told is not None
    assert told["purged_at"] == 99.0
    assert [step["why"] for step in told["events"]][-1] == "purged"
