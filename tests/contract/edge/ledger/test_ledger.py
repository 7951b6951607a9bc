"""The ledger over SQLite and PostgreSQL: the same promises of both."""

import contextlib
import threading
from dataclasses import replace

import pytest
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from broker.core.errors import Refused
from broker.core.flow import BORN, MOVES
from broker.core.model import LeaId, Party, PartyKind, Sha256, Ssid, State, TrackingId
from broker.edge.ledger import tables
from broker.edge.ledger.engine import is_current, reading, writing
from broker.edge.ledger.migrate import migrate
from broker.edge.ledger.packets import history, keeping, moves, packets, views
from broker.edge.ledger.packets.rows import Move, PacketRow, Receipt, Step
from broker.edge.ledger.parties import directory
from broker.edge.ledger.people import registry
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


def test_tables_are_what_the_migrations_made(engine: Engine) -> None:
    assert is_current(engine)
    found = inspect(engine)
    for name, table in tables.metadata.tables.items():
        columns = {column["name"]: column["nullable"] for column in found.get_columns(name)}
        assert columns == {column.name: bool(column.nullable) for column in table.columns}, name
        indexes = {str(index["name"]) for index in found.get_indexes(name)}
        assert {str(index.name) for index in table.indexes} <= indexes, name


def test_migrating_twice_changes_nothing(engine: Engine) -> None:
    give_birth(engine, packet())
    migrate(engine)
    with reading(engine) as connection:
        assert views.counts(connection) == {"RECEIVED": 1}


@pytest.mark.parametrize("after", list(State))
@pytest.mark.parametrize("before", sorted(BORN))
def test_the_database_refuses_every_move_that_the_table_does_not_have(
    engine: Engine, before: State, after: State
) -> None:
    give_birth(engine, packet(1, before))
    statement = text("UPDATE packets SET state = :after").bindparams(after=after)
    if after is before or after in MOVES[before]:
        with writing(engine) as connection:
            connection.execute(statement)
    else:
        with pytest.raises(DBAPIError, match="illegal move"), writing(engine) as connection:
            connection.execute(statement)


@pytest.mark.parametrize("state", sorted(set(State) - BORN))
def test_the_database_refuses_a_packet_born_in_another_state(engine: Engine, state: State) -> None:
    with pytest.raises(DBAPIError, match="no packet is born so"):
        give_birth(engine, packet(1, state))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE events SET why = 'other'",
        "DELETE FROM events",
        "UPDATE receipts SET text = 'other'",
        "DELETE FROM receipts",
        "DELETE FROM packets",
        "UPDATE packets SET sha256 = 'other'",
        "UPDATE students SET ssid = '2'",
        "DELETE FROM students",
    ],
)
def test_history_can_not_be_changed(engine: Engine, statement: str) -> None:
    give_birth(engine, packet())
    row = claim(engine, "018f-0001").rows[0]
    with writing(engine) as connection:
        moves.advance(connection, [admitted(row)], NOW)
        registry.add(connection, lambda: Ssid("1"), person, NOW)
    with pytest.raises(DBAPIError), writing(engine) as connection:
        connection.execute(text(statement))


def person(ssid: Ssid) -> Person:
    return Person(ssid, "Ana", "", "Reyes", "", "2012-03-04", "F")


def test_a_packet_is_claimed_by_one_worker_only(engine: Engine) -> None:
    give_birth(engine, packet())
    assert len(claim(engine, "018f-0001", token="w:1").rows) == 1
    assert claim(engine, "018f-0001", token="v:1").rows == ()


def test_a_claim_that_ran_out_is_free_again(engine: Engine) -> None:
    give_birth(engine, packet())
    claim(engine, "018f-0001", token="w:1")
    assert claim(engine, "018f-0001", token="v:1", at=NOW + 61).rows[0].attempts == 2


def test_the_attempt_is_counted_before_the_work(engine: Engine) -> None:
    give_birth(engine, packet())
    claim(engine, "018f-0001")
    with reading(engine) as connection:
        found = packets.get(connection, "018f-0001")
    assert found is not None
    assert found.attempts == 1


def test_what_a_worker_died_on_is_worked_alone(engine: Engine) -> None:
    give_birth(engine, packet(1), packet(2))
    claim(engine, "018f-0001", token="w:1")
    with writing(engine) as connection:
        assert packets.release_worker(connection, "w") == 1
    both = claim(engine, "018f-0001", "018f-0002")
    assert ([row.tracking for row in both.rows], both.alone) == (["018f-0002"], ("018f-0001",))
    assert claim(engine, "018f-0001").rows[0].attempts == 2


def test_a_failure_of_the_whole_batch_is_not_counted(engine: Engine) -> None:
    give_birth(engine, packet(1))
    claim(engine, "018f-0001", token="w:1")
    with writing(engine) as connection:
        held = packets.claimed_by(connection, "w")
        packets.release(connection, [row._replace(attempts=row.attempts - 1) for row in held])
    assert claim(engine, "018f-0001").rows[0].attempts == 1


def test_an_error_does_not_tell_the_values(engine: Engine) -> None:
    with pytest.raises(DBAPIError) as error, writing(engine) as connection:
        registry.add(connection, lambda: Ssid("1"), lambda ssid: replace(person(ssid), first=None), NOW)  # type: ignore[arg-type]
    if engine.dialect.name == "sqlite":  # PostgreSQL names the failing row itself
        assert "Reyes" not in str(error.value.args) + str(error.value)
    assert "[SQL parameters hidden" in str(error.value)


def test_a_claim_that_is_prolonged_does_not_run_out(engine: Engine) -> None:
    give_birth(engine, packet(1), packet(2), packet(3))
    claim(engine, "018f-0001", "018f-0002", token="w:1")
    claim(engine, "018f-0003", token="w:2")
    with writing(engine) as connection:
        assert packets.prolong_all(connection, "w:1", NOW + 120) == 2
        assert packets.prolong_all(connection, "w:9", NOW + 120) == 0
    assert claim(engine, "018f-0001", token="v:1", at=NOW + 61).rows == ()
    assert len(claim(engine, "018f-0003", token="v:1", at=NOW + 61).rows) == 1
    assert len(claim(engine, "018f-0002", token="v:1", at=NOW + 121).rows) == 1


def test_a_claim_is_prolonged_without_waiting_for_its_own_workers_commit(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        return  # one writer at a time: who waits for the lock waits a moment, and nobody can take the claim meanwhile
    give_birth(engine, packet(1))
    claim(engine, "018f-0001", token="w:1")
    with writing(engine) as committing:
        committing.execute(text("SELECT 1 FROM packets FOR UPDATE"))
        with writing(engine) as connection:
            connection.execute(text("SET LOCAL lock_timeout = '2s'"))
            assert packets.prolong_all(connection, "w:1", NOW + 120) == 0


def costly(number: int, lea: str, **more: object) -> PacketRow:
    return packet(number, origin=lea, lane=2, **more)


def test_the_costly_lane_is_told_of_one_packet_of_each_lea(engine: Engine) -> None:
    rows = [costly(1, "01"), costly(2, "01"), costly(3, "02"), packet(4), costly(5, "03", due_at=NOW + 5)]
    give_birth(engine, *rows, costly(6, "04", state=State.ROUTED))

    def due(at: float = NOW) -> list[str]:
        with reading(engine) as connection:
            return [tracking for tracking, _, _ in packets.due_costly(connection, at, at - 100)]

    with reading(engine) as connection:
        assert packets.with_costly(connection) == {"01", "02", "03", "04"}
        assert packets.due(connection, State.RECEIVED, NOW, NOW, 10) == [("018f-0004", 0)]
    assert due() == ["018f-0001", "018f-0003", "018f-0006"]
    assert "018f-0005" in due(NOW + 5)
    with writing(engine) as connection:
        packets.enqueued(connection, ["018f-0001"], NOW)
    assert due() == ["018f-0003", "018f-0006"]  # a queue was told of another one of LEA 01
    claim(engine, "018f-0003", token="w:1")
    assert due() == ["018f-0006"]
    assert "018f-0001" in due(NOW + 101)  # the queue may have lost it


def test_a_packet_is_given_back_to_another_lane(engine: Engine) -> None:
    give_birth(engine, packet(1))
    row = claim(engine, "018f-0001").rows[0]
    with writing(engine) as connection:
        packets.release(connection, [row._replace(lane=2, attempts=0)])
        found = packets.get(connection, "018f-0001")
    assert found is not None
    assert (found.lane, found.attempts, found.claim) == (2, 0, "")


def test_a_packet_that_is_not_due_is_not_claimed(engine: Engine) -> None:
    give_birth(engine, packet(1, due_at=NOW + 10))
    assert claim(engine, "018f-0001").rows == ()
    assert len(claim(engine, "018f-0001", at=NOW + 11).rows) == 1


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
