"""What is known of students, in one look, over SQLite and PostgreSQL."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import Engine, event, insert

from broker.core.cases.following import Coming
from broker.core.model import LeaId, PacketType, Party, PartyKind, Ssid, State
from broker.core.transfer import TransferState
from broker.edge.ledger import tables
from broker.edge.ledger.cases import transfers
from broker.edge.ledger.cases.transfers import TransferRow
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.packets import moves, packets
from broker.edge.ledger.packets.rows import EnrollmentRow, Move, PacketRow, Step
from broker.edge.ledger.parties import directory
from broker.edge.ledger.people import flags, known, registry, stays
from broker.transfers.case_files import CaseFiles
from tests.support import rows

ANA, BEN, OLD, NOBODY = Ssid("1000000019"), Ssid("1000000027"), Ssid("1000000035"), "9999999999"  # OLD is ANA's too
A, B = LeaId("01"), LeaId("6G")
DAYS = {(ANA, A): "2026-08-17", (ANA, B): "2026-11-20", (BEN, A): "2026-08-17"}

WAY = (Step(State.ADMITTED), Step(State.ROUTED), Step(State.DELIVERED))


@pytest.fixture
def engine(engine: Engine) -> Engine:
    with writing(engine) as connection:
        for lea in (A, B):
            directory.add_party(connection, Party(lea, lea, PartyKind.DISTRICT), 0.0)
        person = {"first": "A", "middle": "", "last": "B", "suffix": "", "birth_date": "2012-03-04", "gender": ""}
        merged = {ANA: "", BEN: "", OLD: ANA}
        rows = [{"ssid": ssid, "added_at": 0.0, "merged_into": into} | person for ssid, into in merged.items()]
        connection.execute(insert(tables.students), rows)
        for (ssid, lea), day in DAYS.items():
            stays.enter(connection, EnrollmentRow(ssid, lea, "1", "7", day, "", "", "", "", reported_on=day), 1.0)
    return engine


def record(number: int, **more: object) -> PacketRow:
    return rows.packet(number, **{"type": PacketType.STUDENT_RECORD, "ssid": ANA, "identity": "match"} | more)


def test_a_student_is_known_by_every_number_as_each_question_says_it(engine: Engine) -> None:
    with writing(engine) as connection:
        flags.put(connection, OLD, "who", "why", 1.0)
    with reading(engine) as connection:
        found = known.of(connection, [OLD, BEN, NOBODY, ANA])
        assert list(found) == [OLD, BEN, NOBODY, ANA]
        for number, one in found.items():
            assert one.person == registry.standing(connection, number)
            assert list(one.numbers) == registry.numbers(connection, number)
            assert list(one.places) == registry.locations(connection, number)
            assert one.is_flagged == flags.is_flagged(connection, number)
            assert known.of_one(connection, number) == one
        assert [one.ssid for one in found.values()] == [ANA, BEN, NOBODY, ANA]
        assert [one.is_flagged for one in found.values()] == [True, False, False, True]
        assert found[OLD] == found[ANA]
        assert known.of(connection, []) == {}


def statements(engine: Engine, ssids: Sequence[str]) -> list[str]:
    """What is asked of the ledger to read these students' files."""
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        with reading(engine) as connection:
            CaseFiles(connection, ssids)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return said


def test_of_hundreds_it_takes_as_many_statements_as_of_one(engine: Engine) -> None:
    one = statements(engine, [ANA])
    assert len(one) == 6
    many = [BEN, ANA, *(f"{number:010}" for number in range(450))]
    assert len(statements(engine, many)) == len(one)
    assert len(statements(engine, [OLD])) == len(one) + 1  # under which number it stands
    assert len(statements(engine, [BEN])) == len(one) - 1  # at one LEA, and no case: no record is looked for
    assert statements(engine, []) == []


def test_a_file_has_the_cases_and_records_of_all_numbers_and_no_others(engine: Engine) -> None:
    case = TransferRow(ANA, A, B, "2026-11-20", 1.0, "", TransferState.REQUESTED)
    rows = [
        record(1, ssid=OLD, addressed_to=B),
        record(2),
        record(3, ssid=BEN),
        record(4, origin=B),
        record(5, origin=B, type=PacketType.BACKPACK),
        record(6),
    ]
    ways = [WAY[:2], WAY[:1], WAY[:1], WAY, WAY[:1], WAY[:2]]  # the fourth is delivered
    with writing(engine) as connection:
        first = transfers.add(connection, case)
        second = transfers.add(connection, replace(case, ssid=OLD, destination=A, source=B))
        packets.born(connection, rows, [])
        moved = [Move(row, row._replace(state=way[-1].after), way) for row, way in zip(rows, ways, strict=True)]
        assert len(moves.advance(connection, moved, 2.0).moved) == len(rows)
    with reading(engine) as connection:
        files = CaseFiles(connection, [ANA, BEN])
        ana, ben = files.take(ANA), files.take(BEN)
        assert ana.cases == (first, second)
        assert sorted((one.source, one.addressed_to) for one in ana.coming) == [(A, ""), (A, B)]
        assert (ben.cases, ben.coming) == ((), (Coming(A, ""),))
        assert files.student(OLD) is ana.student
        assert files.student(NOBODY).person is None


def test_who_takes_a_file_again_has_it_read_again(engine: Engine) -> None:
    with writing(engine) as connection:
        files = CaseFiles(connection, [ANA])
        assert files.take(ANA).cases == ()
        added = transfers.add(connection, TransferRow(ANA, A, B, "2026-11-20", 1.0, "", TransferState.REQUESTED))
        assert files.take(ANA).cases == (added,)
        assert files.take(OLD).cases == (added,)
