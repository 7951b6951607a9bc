"""A sender takes back what is on its way, waits, or is being worked; and crashes meanwhile."""

from typing import Any

import pytest

from broker.core.flow import Stage
from broker.core.model import LeaId, PacketType
from broker.edge.home.inbox import InboxState
from broker.edge.ledger.engine import reading
from broker.edge.ledger.people import reviews
from broker.stages import admit, route, withdraw
from broker.stages.sweep.collected import notice_collected
from broker.stages.sweep.deliveries import finish_deliveries
from tests.support import desk, documents
from tests.support.recalled import STUDENTS, A, B, C, Desk, hidden, recall, records_in, told, with_another_student

RUNS = {Stage.ADMIT: admit.run, Stage.ROUTE: route.run}


@pytest.fixture(scope="module")
def building(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    return Desk(tmp_path_factory.mktemp("office"), A, B, C)


@pytest.fixture
def office(building: Desk) -> Desk:
    return with_another_student(building)


@pytest.mark.parametrize("stage", [(), (Stage.ADMIT,), (Stage.ADMIT, Stage.ROUTE)])
def test_what_is_on_the_way_goes_to_nobody(office: Desk, stage: tuple[Stage, ...]) -> None:
    """Wherever the queues have it: the recall overtakes it."""
    tracking = office.drop(A, office.record())
    for one in stage:
        RUNS[one](office.services, [tracking])
    asked = office.drop(A, documents.recall(tracking=tracking))
    office.round(asked)
    assert office.row(asked).state == "APPLIED"
    assert (office.row(tracking).state, office.row(tracking).code) == ("REFUSED", "recalled")
    office.work()
    assert (office.row(tracking).state, records_in(office)) == ("REFUSED", [])
    assert {party for party, _ in told(office, tracking)} == {A}


def test_what_waits_for_an_enrollment_is_taken_back(office: Desk) -> None:
    office.enroll(B, office.student, event="exit", date="2026-11-21")
    sent = office.send(A, office.record())
    assert (sent.state, sent.held_for) == ("HELD", "enrollment")
    assert recall(office, tracking=sent.tracking).state == "APPLIED"
    office.enroll(C, office.student, date="2026-11-22")
    assert office.row(sent.tracking).state == "REFUSED"
    assert records_in(office, C) == []


def test_what_waits_for_a_decision_is_taken_back_with_the_question(office: Desk) -> None:
    known = next(STUDENTS)
    office.enroll(A, known, date="2025-08-18")
    year = int(known["birth_date"][:4]) - 1
    sent = office.send(A, desk.record(A, known | {"birth_date": f"{year}{known['birth_date'][4:]}"}))
    assert (sent.state, sent.held_for) == ("HELD", "review")
    assert recall(office, tracking=sent.tracking).state == "APPLIED"
    assert office.row(sent.tracking).code == "recalled"
    with reading(office.services.engine) as connection:
        assert not [one for one in reviews.listing(connection) if one["tracking"] == sent.tracking]
    assert office.answer(A, sent.tracking, -1, "new").code == "already-decided"


def test_recall_and_packet_in_one_round_settle_in_the_next(office: Desk) -> None:
    document = office.record()
    tracking = office.drop(A, document)
    asked = office.drop(A, documents.recall(document=document["id"]))
    office.round(tracking, asked)
    assert office.row(asked).state == "RECEIVED"
    office.ahead_of_retries()
    office.work()
    assert (office.row(asked).state, office.row(tracking).code) == ("APPLIED", "recalled")
    assert records_in(office) == []


def test_a_recall_by_document_waits_for_what_is_still_to_be_opened(office: Desk) -> None:
    document = office.record()
    tracking = office.drop(A, document)
    asked = office.drop(A, documents.recall(document=document["id"]))
    office.round(asked)
    assert office.row(asked).state == "RECEIVED"
    office.ahead_of_retries()
    office.work()
    assert (office.row(asked).state, office.row(tracking).code) == ("APPLIED", "recalled")


def test_a_worker_that_has_the_packet_in_hand_loses_it_and_drops_its_work(
    office: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracking = office.drop(A, office.record())
    asked = office.drop(A, documents.recall(tracking=tracking))
    flush = office.services.inboxes.flush

    def overtaken() -> None:
        monkeypatch.setattr(office.services.inboxes, "flush", flush)
        assert hidden(office)  # staged, and not committed
        office.round(asked)

    monkeypatch.setattr(office.services.inboxes, "flush", overtaken)
    office.round(tracking)
    office.work()
    assert (office.row(tracking).state, office.row(asked).state) == ("REFUSED", "APPLIED")
    assert (records_in(office), hidden(office)) == ([], [])


def test_a_crash_between_the_commit_and_the_removal_leaves_nothing(office: Desk) -> None:
    sent = office.send(A, office.record())
    recall(office, tracking=sent.tracking)
    assert len(hidden(office)) == 1
    assert notice_collected(office.services, LeaId(B)) == []
    assert finish_deliveries(office.services, LeaId(B)) == 0
    assert (hidden(office), records_in(office)) == ([], [])


def test_a_crash_between_the_hiding_and_the_commit_shows_it_again(
    office: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = office.send(A, office.record())
    asked = office.drop(A, documents.recall(tracking=sent.tracking))

    def dies(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(withdraw, "statements", dies)
        with pytest.raises(KeyboardInterrupt):
            office.round(asked)
    assert (records_in(office), len(hidden(office))) == ([], 1)
    assert office.row(sent.tracking).state == "DELIVERED"
    # it does not look collected, and cannot be acknowledged meanwhile
    assert notice_collected(office.services, LeaId(B)) == []
    assert finish_deliveries(office.services, LeaId(B)) == 0
    assert (records_in(office), hidden(office)) == ([sent.tracking], [])
    office.collect(B)
    assert office.row(sent.tracking).state == "COLLECTED"


def test_a_slow_publisher_cannot_bring_back_what_was_taken_back(office: Desk) -> None:
    sent = office.send(A, office.record())
    token = sent.token
    recall(office, tracking=sent.tracking)
    assert not office.services.inboxes.publish(LeaId(B), sent.tracking, token, PacketType.STUDENT_RECORD)
    assert records_in(office) == []


def test_a_recall_waits_until_the_packet_is_in_view(office: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(office.services.inboxes, "publish", lambda *_: True)
    sent = office.send(A, office.record())
    token = sent.token
    assert office.services.inboxes.inbox_state(LeaId(B), sent.tracking, token, PacketType.STUDENT_RECORD) is (
        InboxState.STAGED
    )
    monkeypatch.undo()
    asked = office.drop(A, documents.recall(tracking=sent.tracking))
    office.round(asked)
    assert office.row(asked).state == "RECEIVED"
    finish_deliveries(office.services, LeaId(B))
    office.ahead_of_retries()
    office.work()
    assert (office.row(asked).state, records_in(office)) == ("APPLIED", [])
