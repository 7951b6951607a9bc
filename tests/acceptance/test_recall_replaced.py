"""A sender sends a better packet, or takes back a part of the record store; and several writers do so at once."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from broker.core.errors import Refused
from broker.core.model import LeaId
from broker.core.transfer import TransferState
from broker.edge.ledger.cases import backpacks
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.packets import corrections
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.tables import packets
from broker.identity import registrar
from broker.stages import withdraw
from broker.stages.sweep.deliveries import finish_deliveries
from handlers.registry import TRAVELS
from tests.support import desk, documents, postgres
from tests.support.recalled import (
    STUDENTS,
    A,
    B,
    C,
    Desk,
    case_of,
    hidden,
    recall,
    records_in,
    told,
    with_another_student,
)


@pytest.fixture(scope="module")
def building(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(tmp_path_factory.mktemp("office"), A, B, C)


@pytest.fixture
def office(building: Desk) -> Desk:
    return with_another_student(building)


# a later one


def test_a_later_record_takes_the_place_of_one_that_is_not_collected(office: Desk) -> None:
    first = office.send(A, office.record())
    second = office.send(A, office.record())
    assert (office.row(first.tracking).code, second.state) == ("replaced", "DELIVERED")
    assert second.replaces == first.tracking
    assert records_in(office) == [second.tracking]
    ended = told(office, first.tracking)[-2:]
    assert [(party, said["code"]) for party, said in ended] == [(A, "replaced"), (B, "replaced")]
    assert all(second.tracking in said["means"] for _, said in ended)
    delivered = [said for _, said in told(office, second.tracking) if said["state"] == "DELIVERED"]
    assert [said["replaces"] for said in delivered] == [first.tracking] * 2
    assert all("replaces the earlier packet" in said["means"] for said in delivered)
    assert case_of(office, second) is TransferState.ANSWERED
    finish_deliveries(office.services, LeaId(B))
    assert hidden(office) == []


def test_of_one_that_is_collected_the_later_one_says_so(office: Desk) -> None:
    first = office.send(A, office.record())
    office.collect(B)
    second = office.send(A, office.record())
    third = office.send(A, office.record())
    assert office.row(first.tracking).state == "COLLECTED"
    assert office.row(second.tracking).code == "replaced"
    # what the receiver has is what is replaced
    assert (second.replaces, third.replaces) == (first.tracking, first.tracking)
    office.collect(B)
    assert told(office, third.tracking)[-1][1]["replaces"] == first.tracking


def test_an_older_one_that_is_worked_later_goes_to_nobody(office: Desk) -> None:
    older, newer = office.drop(A, office.record()), office.drop(A, office.record())
    office.round(newer)
    assert office.row(newer).state == "DELIVERED"
    office.work()
    assert (office.row(older).state, office.row(older).code) == ("REFUSED", "replaced")
    assert (records_in(office), office.row(newer).replaces) == ([newer], "")
    assert [party for party, said in told(office, older) if said["state"] == "REFUSED"] == [A]


def test_two_versions_in_one_round_end_as_one(office: Desk) -> None:
    pair = [office.drop(A, office.record()), office.drop(A, office.record())]
    office.round(*pair)
    office.ahead_of_retries()
    office.work()
    older, newer = sorted(pair)
    assert (office.row(older).code, office.row(newer).replaces) == ("replaced", older)
    assert records_in(office) == [newer]


def test_what_waits_is_replaced_as_well_and_another_senders_is_not(office: Desk) -> None:
    waiting = office.send(A, office.record(to=C))
    assert (waiting.state, waiting.held_for) == ("HELD", "enrollment")
    sent = office.send(A, office.record())
    assert office.row(waiting.tracking).code == "replaced"
    office.enroll(C, office.student, date="2026-11-22")
    of_b = office.send(B, desk.record(B, office.student))
    assert (of_b.state, of_b.receiver, of_b.replaces) == ("DELIVERED", C, "")
    assert office.row(sent.tracking).state == "DELIVERED"


def test_a_record_under_a_merged_number_is_replaced_too(office: Desk) -> None:
    twin = next(STUDENTS)
    office.enroll(A, twin, date="2026-08-17")
    kept = office.enroll(B, office.student, date="2026-11-20")[0]["ssid"]
    other = office.enroll(B, twin, date="2026-11-20")[0]["ssid"]
    first = office.send(A, desk.record(A, twin))
    with writing(office.services.engine) as connection:
        now = office.services.clock()
        day = now.date().isoformat()
        registrar.merge(connection, office.services.model, kept, other, "x", "y", now.timestamp(), day, TRAVELS)
    second = office.send(A, office.record())
    assert (second.state, second.replaces) == ("DELIVERED", first.tracking)
    assert office.row(first.tracking).code == "replaced"


# the record store


def backpack(office: Desk, hours_ago: float, **more: Any) -> PacketRow:
    created = (office.services.clock() - timedelta(hours=hours_ago)).isoformat(timespec="seconds")
    row = office.send(A, documents.backpack(**{"from": A, "student": office.student, "created": created} | more))
    assert row.state == "APPLIED", row.code
    return row


def held(office: Desk, row: PacketRow) -> list[str]:
    with reading(office.services.engine) as connection:
        return [one.tracking for one in backpacks.current(connection, row.ssid)]


def test_a_backpack_taken_back_makes_the_one_before_it_count_again(office: Desk) -> None:
    first, second = backpack(office, 3), backpack(office, 2)
    assert held(office, first) == [second.tracking]
    assert recall(office, tracking=second.tracking, why="wrong-student").state == "APPLIED"
    assert held(office, first) == [first.tracking]
    assert office.row(second.tracking).state == "APPLIED"  # that it was stored stays true
    with reading(office.services.engine) as connection:
        logged = [one for one in disclosures.about(connection, first.ssid) if one.action == "recall"]
    # the part that was sent after the student comes back with it
    (copy,) = [one for one in sent_to(office, B) if office.row(one).code == "recalled"]
    assert sorted((one.tracking, one.what, one.purpose) for one in logged) == [
        (tracking, "backpack", "wrong-student") for tracking in sorted((second.tracking, copy))
    ]
    # once; and what comes afterwards goes by what counts
    assert recall(office, tracking=second.tracking).code == "unknown-tracking"
    third = backpack(office, 1)
    assert held(office, first) == [third.tracking]
    with reading(office.services.engine) as connection:
        ends = {one.tracking: one.ended_by for one in backpacks.versions(connection, first.ssid)}
    assert (ends[first.tracking], ends[third.tracking]) == (third.tracking, "")


def test_a_backpack_in_the_middle_taken_back_changes_nothing_of_what_counts(office: Desk) -> None:
    rows = [backpack(office, hours) for hours in (3, 2, 1)]
    recall(office, tracking=rows[1].tracking)
    assert held(office, rows[0]) == [rows[2].tracking]
    recall(office, tracking=rows[2].tracking)
    assert held(office, rows[0]) == [rows[0].tracking]  # and not the one taken back before
    recall(office, tracking=rows[0].tracking)
    assert held(office, rows[0]) == []


def test_a_part_that_was_forwarded_comes_back_with_it_and_one_collected_does_not(office: Desk) -> None:
    stored = backpack(office, 2)
    office.enroll(C, office.student, date="2026-11-22")
    (copy,) = office.inbox(C, "backpack")
    assert recall(office, tracking=copy).state == "APPLIED"  # by whichever of its numbers
    assert (office.inbox(C, "backpack"), office.row(copy).code) == ([], "recalled")
    assert held(office, stored) == []

    again = backpack(office, 1)
    request = documents.record_request(**{"from": C, "student": office.student})
    assert office.send(C, request).state == "APPLIED"
    office.collect(C)
    (copy,) = [one for one in sent_to(office, C) if office.row(one).state == "COLLECTED" and one > again.tracking]
    assert recall(office, tracking=copy).code == "collected-already"
    assert held(office, stored) == [again.tracking]
    assert recall(office, tracking=again.tracking).state == "APPLIED"
    assert (held(office, stored), office.row(copy).state) == ([], "COLLECTED")


def sent_to(office: Desk, lea: str) -> list[str]:
    with reading(office.services.engine) as connection:
        query = select(packets.c.tracking).where(packets.c.receiver == lea, packets.c.type == "backpack")
        return [row[0] for row in connection.execute(query.order_by(packets.c.tracking))]


# over PostgreSQL


@pytest.fixture(scope="module")
def branch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with postgres.server() as url:
        made = Desk(tmp_path_factory.mktemp("postgresql"), A, B, ledger_url=url)
        made.student = next(STUDENTS)
        made.enroll(A, made.student, date="2026-08-17")
        made.enroll(B, made.student, date="2026-11-20")
        yield made
        made.services.engine.dispose()


def test_with_several_writers_the_same_holds(branch: Desk) -> None:
    first = branch.send(A, branch.record())
    second = branch.send(A, branch.record())
    assert (branch.row(first.tracking).code, second.replaces) == ("replaced", first.tracking)
    assert recall(branch, tracking=second.tracking).state == "APPLIED"
    assert (branch.row(second.tracking).code, records_in(branch)) == ("recalled", [])
    finish_deliveries(branch.services, LeaId(B))
    assert hidden(branch) == []


def test_two_writers_do_not_deliver_two_versions_at_once_nor_wait_for_each_other(branch: Desk) -> None:
    ssid = branch.enroll(B, branch.student, date="2026-11-20")[0]["ssid"]
    tracking = branch.drop(A, branch.record())
    with writing(branch.services.engine) as other:
        assert corrections.take_in_hand(other, {ssid}) == {ssid}
        branch.round(tracking)
        assert branch.row(tracking).state in ("RECEIVED", "ADMITTED", "ROUTED")
        assert hidden(branch) == []
    branch.ahead_of_retries()
    branch.work()
    assert branch.row(tracking).state == "DELIVERED"


def test_what_is_being_taken_back_is_not_shown_again_before_that_is_decided(branch: Desk) -> None:
    sent = branch.send(A, branch.record())
    token = sent.token
    done = threading.Event()

    def sweeps() -> None:
        finish_deliveries(branch.services, LeaId(B))
        done.set()

    with writing(branch.services.engine) as connection:
        row = corrections.locked(connection, sent.tracking)
        assert row is not None
        taker = row._replace(claim="another")
        assert withdraw.refuse(branch.services, connection, row, Refused("recalled"), taker)
        sweeper = threading.Thread(target=sweeps)
        sweeper.start()
        assert not done.wait(0.3)
        assert f".{sent.tracking}.{token}-back.tmp" in hidden(branch)
    sweeper.join(30)
    assert (done.is_set(), hidden(branch), branch.row(sent.tracking).state) == (True, [], "REFUSED")
    assert sent.tracking not in records_in(branch)
