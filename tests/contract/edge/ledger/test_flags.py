"""Flags, alerts, and what belongs together of one sender's packets, over SQLite and PostgreSQL."""

import pytest
from sqlalchemy import Connection, Engine, insert, select

from broker.core.model import LeaId, PacketType, Party, PartyKind, Sha256, Ssid, State, TrackingId
from broker.edge.ledger import epoch, tables
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.packets import corrections, moves, packets, views
from broker.edge.ledger.packets.rows import Move, PacketRow, Step
from broker.edge.ledger.parties import directory
from broker.edge.ledger.people import flags
from broker.stages import replace as replacing

ANA, BEN, OLD = Ssid("1000000019"), Ssid("1000000027"), Ssid("1000000035")  # OLD was merged into ANA's
TYPES = (PacketType.STUDENT_RECORD, PacketType.TRANSCRIPT)


@pytest.fixture
def engine(engine: Engine) -> Engine:
    with writing(engine) as connection:
        for lea in ("01", "6G"):
            directory.add_party(connection, Party(LeaId(lea), lea, PartyKind.DISTRICT), 0.0)
        person = {"first": "A", "middle": "", "last": "B", "suffix": "", "birth_date": "2012-03-04", "gender": ""}
        merged = {ANA: "", BEN: "", OLD: ANA}
        rows = [{"ssid": ssid, "added_at": 0.0, "merged_into": into} | person for ssid, into in merged.items()]
        connection.execute(insert(tables.students), rows)
    return engine


def packet(number: int, **more: object) -> PacketRow:
    row = PacketRow(
        tracking=TrackingId(f"018f0000-0000-7000-8000-{number:012}"),
        origin=LeaId("01"),
        source_name=f"{number}.pgp",
        source_mark="m",
        sha256=Sha256(f"{number:064}"),
        size=1,
        received_at=1.0,
        state=State.RECEIVED,
        type=PacketType.STUDENT_RECORD,
        ssid=ANA,
        identity="match",
    )
    return row._replace(**more)  # type: ignore[arg-type]


def enter(engine: Engine, *rows: PacketRow) -> None:
    with writing(engine) as connection:
        packets.born(connection, rows, [])


# flags


def test_a_flag_stands_for_all_numbers_of_the_student_until_it_is_lifted(engine: Engine) -> None:
    with writing(engine) as connection:
        before = epoch.now(connection)
        assert not flags.is_any(connection)
        flags.put(connection, OLD, "who", "why", 1.0)
        assert (flags.is_any(connection), epoch.now(connection) > before) == (True, True)
        assert [flags.is_flagged(connection, one) for one in (ANA, OLD, BEN, "9999999999")] == [
            True,
            True,
            False,
            False,
        ]
        (flag,) = flags.standing(connection, ANA)
        assert (flag.ssid, flag.set_by, flag.set_why) == (ANA, "who", "why")
        before = epoch.now(connection)
        flags.lift(connection, flag, "who else", "found", 2.0)
        assert epoch.now(connection) > before
    with reading(engine) as connection:
        assert not flags.is_flagged(connection, ANA)
        (flag,) = flags.about(connection, OLD)
        assert (flag.lifted_at, flag.lifted_by, flag.lifted_why) == (2.0, "who else", "found")
        assert not flags.is_any(connection)


def test_all_that_stand_are_listed_under_the_number_that_stands(engine: Engine) -> None:
    with writing(engine) as connection:
        for at, ssid in enumerate((BEN, ANA), 1):
            flags.put(connection, ssid, "who", f"why {ssid}", float(at))
        row = {"ssid": OLD, "set_at": 3.0, "set_by": "who", "set_why": "before the merge"}
        connection.execute(insert(tables.flags), row)
        found = flags.all_standing(connection)
        assert [(one.ssid, one.set_at) for one in found] == [(BEN, 1.0), (ANA, 2.0), (ANA, 3.0)]
        assert [one.ssid for one in flags.all_standing(connection, 1)] == [BEN]
        assert flags.count_standing(connection) == 3
        flags.lift(connection, found[0], "who", "found", 4.0)
        assert [one.ssid for one in flags.all_standing(connection)] == [ANA, ANA]
        assert flags.count_standing(connection) == 2


def test_every_number_of_a_flagged_student_is_found_at_once(engine: Engine) -> None:
    with writing(engine) as connection:
        assert flags.numbers(connection) == {}
        flags.put(connection, ANA, "who", "why", 1.0)
        assert flags.numbers(connection) == {ANA: ANA, OLD: ANA}
        row = {"ssid": OLD, "set_at": 2.0, "set_by": "who", "set_why": "before the merge"}
        connection.execute(insert(tables.flags), row)
        flags.put(connection, BEN, "who", "why", 3.0)
        assert flags.numbers(connection) == {ANA: ANA, OLD: ANA, BEN: BEN}
        (flag,) = flags.standing(connection, BEN)
        flags.lift(connection, flag, "who", "found", 4.0)
        assert flags.numbers(connection) == {ANA: ANA, OLD: ANA}


def test_what_was_told_of_a_packet_counts_while_the_flag_stands(engine: Engine) -> None:
    with writing(engine) as connection:
        flags.put(connection, ANA, "who", "why", 2.0)
        flags.alert(connection, "packet", ANA, "01", "before", 1.0)
        flags.alert(connection, "verify", OLD, "01", "since", 3.0)
        told = ("packet", "verify")
        assert [flags.is_told_of(connection, ANA, one, told) for one in ("before", "since", "never")] == [
            False,
            True,
            False,
        ]
        assert not flags.is_told_of(connection, ANA, "since", ["packet"])
        assert not flags.is_told_of(connection, BEN, "since", told)


def test_nobody_flags_a_number_that_nobody_has(engine: Engine) -> None:
    with pytest.raises(KeyError), writing(engine) as connection:
        flags.put(connection, "9999999999", "who", "why", 1.0)


def test_alerts_are_told_once_and_seen_once(engine: Engine) -> None:
    with writing(engine) as connection:
        assert not flags.is_told(connection, "packet", ANA, "01", "t")
        for at, tracking in enumerate("tu"):
            flags.alert(connection, "packet", ANA, "01", tracking, float(at))
        assert flags.is_told(connection, "packet", ANA, "01", "t")
        assert not flags.is_told(connection, "packet", BEN, "01", "t")
        assert not flags.is_told(connection, "request", ANA, "01", "t")
        newest, oldest = flags.alerts_of(connection)
        assert (newest.tracking, oldest.tracking) == ("u", "t")
        assert flags.seen(connection, [oldest.id, 999], "who", 5.0) == 1
        assert flags.seen(connection, [oldest.id], "another", 6.0) == 0
        assert [one.tracking for one in flags.alerts_of(connection, is_seen=False)] == ["u"]
        (seen,) = flags.alerts_of(connection, is_seen=True)
        assert (seen.tracking, seen.seen_by, seen.seen_at) == ("t", "who", 5.0)


# what belongs together


def test_versions_are_found_under_every_number_oldest_first(engine: Engine) -> None:
    enter(
        engine,
        packet(4),
        packet(1, ssid=OLD, addressed_to="6G"),
        packet(2, type=PacketType.TRANSCRIPT, receiver="U1", addressed_to="U2"),
        packet(3, type=PacketType.BACKPACK),
        packet(5, ssid=BEN),
        packet(6, state=State.REFUSED),
        packet(7, state=State.DUPLICATE),
    )
    with reading(engine) as connection:
        found = corrections.versions(connection, {ANA}, TYPES)
        assert corrections.kept_numbers(connection, {OLD, BEN, "9"}) == {OLD: ANA, BEN: BEN}
    assert [(one.tracking[-1], one.student, one.receiver) for one in found] == [
        ("1", ANA, "6G"),
        ("2", ANA, "U1"),
        ("4", ANA, ""),
    ]


def test_a_transcript_is_one_for_each_receiver_and_a_record_is_one_for_all(engine: Engine) -> None:
    transcripts = {
        number: packet(number, type=PacketType.TRANSCRIPT, receiver=to) for number, to in {1: "U1", 2: "U2"}.items()
    }
    enter(engine, transcripts[1], packet(3, receiver="6G"), packet(4, ssid=BEN, origin="6G"))
    records = [packet(5, receiver="7K", ssid=OLD), packet(6, ssid=BEN)]
    with writing(engine) as connection:
        found = replacing.followed(connection, [transcripts[2], *records, packet(7, type=PacketType.BACKPACK)])
        assert found == {records[0].tracking}
        again = packet(8, type=PacketType.TRANSCRIPT, receiver="U1")
        pair = [packet(9, ssid=BEN), packet(10, ssid=BEN)]  # both about to be delivered, neither there yet
        assert replacing.followed(connection, [again, *pair]) == {one.tracking for one in (again, *pair)}
        assert replacing.followed(connection, []) == frozenset()


def test_what_is_announced_is_found_until_it_is_undone(engine: Engine) -> None:
    row = packet(1)
    enter(engine, row._replace(type="", ssid="", identity=""))
    with writing(engine) as connection:
        assert corrections.versions(connection, {ANA}, TYPES) == []
        undone = connection.begin_nested()
        corrections.announce(connection, row._replace(receiver="6G"))
        (found,) = corrections.versions(connection, {ANA}, TYPES)
        assert (found.receiver, found.state) == ("6G", State.RECEIVED)
        undone.rollback()
    with reading(engine) as connection:
        assert corrections.versions(connection, {ANA}, TYPES) == []


def test_a_student_whom_another_worker_has_in_hand_is_not_waited_for(engine: Engine) -> None:
    if engine.dialect.name == "sqlite":
        with writing(engine) as connection:  # one writer: nobody else can have anybody in hand
            assert corrections.take_in_hand(connection, {ANA, BEN}) == {ANA, BEN}
        return
    with writing(engine) as one, writing(engine) as two:
        assert corrections.take_in_hand(one, {ANA}) == {ANA}
        assert corrections.take_in_hand(one, {ANA}) == {ANA}  # its own
        assert corrections.take_in_hand(two, {ANA, BEN}) == {BEN}
    with writing(engine) as connection:
        assert corrections.take_in_hand(connection, {ANA}) == {ANA}


def test_what_a_recall_can_name(engine: Engine) -> None:
    mine = packet(2, packet_id="d", ssid="", type="")
    enter(engine, mine)
    with writing(engine) as connection:
        row = {"origin": "01", "packet_id": "d", "tracking": mine.tracking, "digest": "x"}
        connection.execute(insert(tables.packet_ids), row)
        assert corrections.by_document(connection, "01", "d") == mine.tracking
        assert corrections.by_document(connection, "6G", "d") is None
        assert corrections.locked(connection, mine.tracking) == mine
        assert corrections.locked(connection, "nobody's") is None
        assert corrections.is_unopened_before(connection, "01", packet(3).tracking)
        assert not corrections.is_unopened_before(connection, "01", mine.tracking)
        assert not corrections.is_unopened_before(connection, "6G", packet(3).tracking)


def test_a_stored_version_is_taken_out_as_if_it_had_never_come(engine: Engine) -> None:
    said = packet(9, type=PacketType.RECALL, ssid="")
    enter(engine, said)
    with writing(engine) as connection:
        ends = {"v1": ("v2", 2.0), "v2": ("v3", 3.0), "v3": ("", None)}
        for version, (name, (by, at)) in enumerate(ends.items(), 1):
            row = {"ssid": ANA, "lea": "01", "tracking": name, "mode": "replace", "version": version, "sha256": "s"}
            more = {"size": 1, "signer": "f", "at": float(version), "ended_at": at, "ended_by": by}
            connection.execute(insert(tables.backpacks), row | more)
        assert [corrections.is_stored(connection, one) for one in ("v1", "v3", "v9")] == [True, True, False]
        corrections.unstore(connection, "v2", said.tracking, 9.0)
        assert _ends(connection) == {"v1": ("v3", 3.0), "v2": (said.tracking, 9.0), "v3": ("", None)}
        assert not corrections.is_stored(connection, "v2")
        corrections.unstore(connection, "v3", said.tracking, 9.0)
        assert _ends(connection)["v1"] == ("", None)


def test_what_is_out_and_what_was_taken_is_found_by_student(engine: Engine) -> None:
    out = [packet(1, state=State.ROUTED, receiver="6G"), packet(2, ssid=OLD, state=State.ROUTED, receiver="6G")]
    enter(engine, *out, packet(3, ssid=BEN, state=State.ROUTED), packet(4), packet(5, state=State.ROUTED, origin=""))
    kinds = [str(one) for one in TYPES]
    with writing(engine) as connection:
        assert views.about(connection, [ANA, OLD], kinds, [State.ROUTED]) == [one.tracking for one in out]
        assert views.about(connection, [ANA, OLD], [PacketType.BACKPACK], [State.ROUTED]) == []
        assert views.passed_on(connection, [ANA, OLD], kinds) == []
        assert not views.was_delivered(connection, out[0].tracking)
        for after in (State.DELIVERED, State.COLLECTED):
            row = packets.get(connection, out[0].tracking)
            assert row is not None
            moves.advance(connection, [Move(row, row._replace(state=after), (Step(after),))], 5.0)
        assert views.was_delivered(connection, out[0].tracking)
        (taken,) = views.passed_on(connection, [ANA, OLD], kinds)
        assert taken == (out[0].tracking, "student-record", "01", "6G", 5.0)


def _ends(connection: Connection) -> dict[str, tuple[str, float | None]]:
    columns = tables.backpacks.c
    rows = connection.execute(select(columns.tracking, columns.ended_by, columns.ended_at))
    return {row[0]: (row[1], row[2]) for row in rows}
