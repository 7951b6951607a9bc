"""A receiver says something of a packet that lay in its inbox and that the state has taken out again: it may have
copied it. It is believed, by whatever name it calls the packet and wherever that is now; and what it said of an earlier
delivery is not taken for what it says of a later one."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from broker.core.flow import Stage
from broker.core.transfer import TransferState
from broker.edge.ledger.cases import transfer_views, transfers
from broker.edge.ledger.engine import reading
from broker.edge.ledger.packets import acknowledgements
from broker.edge.ledger.packets.rows import PacketRow
from broker.stages.sweep.deliveries import finish_deliveries
from handlers.registry import REPLACES_EARLIER
from tests.support import acknowledgments, desk, documents
from tests.support.flagged import KINDS, LEAS, STATE, UNIVERSITY, A, B, C, Child
from tests.support.office import Office

CLASS = iter(desk.children(40, 7300))


@pytest.fixture(scope="module")
def building(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = Office(
        tmp_path_factory.mktemp("said"), *LEAS, STATE, UNIVERSITY, "weber", kinds=KINDS | {"weber": "higher-ed"}
    )
    yield made
    made.services.engine.dispose()


@pytest.fixture
def child(building: Office) -> Child:
    """Was at A, and is at B; the inboxes are empty."""
    made = Child(building, next(CLASS), is_flagged=True)
    made.at(A)
    made.enrolls(B)
    for lea in LEAS:
        finish_deliveries(building.services, lea)
        building.collect(lea)
    return made


def functional(document: str, answer: str = "Accepted") -> bytes:
    """A university's program names a document by its own id."""
    return acknowledgments.functional(answer, f"<NoteMessage>{uuid.uuid4()}</NoteMessage>", document.replace("-", ""))


def said(child: Child, row: PacketRow) -> list[tuple[str, str, str]]:
    with reading(child.office.services.engine) as connection:
        return [(one.party, one.form, one.status) for one in acknowledgements.about(connection, row.tracking)]


def now(child: Child, row: PacketRow) -> tuple[str, str, str]:
    row = child.office.row(row.tracking)
    return (row.state, row.held_for, row.receiver)


def case_of(child: Child, asking: str = B) -> TransferState:
    """The newest case in which this LEA asks A."""
    with reading(child.office.services.engine) as connection:
        mine = [one for one in transfers.about(connection, child.ssid) if (one.source, one.destination) == (A, asking)]
    return mine[-1].state


def rejects(child: Child, lea: str, row: PacketRow, **more: Any) -> PacketRow:
    return child.acknowledges(lea, row.tracking, status="rejected", **({"code": "cannot-read"} | more))


def lift_only(child: Child) -> None:
    """The flag is lifted, and no worker has seen it yet."""
    work, child.office.work = child.office.work, lambda *_: None  # type: ignore[method-assign]
    try:
        child.lift()
    finally:
        child.office.work = work  # type: ignore[method-assign]


def admits(child: Child, lea: str, document: Any) -> PacketRow:
    """Sent while every worker is busy: it is admitted, and what stands before other stages stays there."""
    tracking = child.office.drop(lea, document)
    child.office.work(Stage.ADMIT)
    return child.office.row(tracking)


@pytest.mark.parametrize("answer", ["Accepted", "Rejected"])
def test_a_university_names_by_its_document_what_was_held_since(child: Child, answer: str) -> None:
    sent = child.sends_transcript()
    child.flag()
    assert now(child, sent) == ("HELD", "blocked", UNIVERSITY)
    row = child.send(UNIVERSITY, functional(sent.packet_id, answer))
    assert (row.state, row.code) == ("APPLIED", "")
    assert [(one.kind, one.lea) for one in child.told] == [("acknowledgement", UNIVERSITY)]
    assert said(child, sent) == [(UNIVERSITY, "pesc", {"Accepted": "received", "Rejected": "rejected"}[answer])]
    assert now(child, sent) == ("HELD", "blocked", UNIVERSITY)
    other = child.send("weber", functional(sent.packet_id, answer).replace(b"uofu", b"weber"))
    assert (other.code, child.told) == ("unknown-document", [])


def test_what_never_lay_in_an_inbox_is_named_by_nobody(child: Child) -> None:
    child.flag()
    sent = child.sends_transcript()
    assert sent.state == "HELD"
    assert child.send(UNIVERSITY, functional(sent.packet_id)).code == "unknown-document"
    assert child.acknowledges(UNIVERSITY, sent.tracking).code == "unknown-tracking"
    assert said(child, sent) == []


@pytest.mark.parametrize("name", ["tracking", "document"])
def test_it_may_be_on_its_way_again(child: Child, name: str) -> None:
    sent = child.sends_transcript()
    child.flag()
    lift_only(child)
    assert now(child, sent) == ("ADMITTED", "", "")
    by = {
        "tracking": documents.acknowledgement(**{"from": UNIVERSITY, "tracking": sent.tracking}),
        "document": functional(sent.packet_id),
    }
    row = admits(child, UNIVERSITY, by[name])
    assert (row.state, row.code) == ("APPLIED", "")
    assert now(child, sent) == ("ADMITTED", "", "")
    child.office.work()
    assert now(child, sent) == ("DELIVERED", "", UNIVERSITY)


def test_it_may_wait_for_an_enrollment(child: Child) -> None:
    sent = child.sends_record()
    child.flag()
    child.enrolls(B, child.today(), "exit")
    child.lift()
    assert now(child, sent)[:2] == ("HELD", "enrollment")
    assert rejects(child, B, sent).state == "APPLIED"
    assert said(child, sent) == [(B, "acknowledgement.v1", "rejected")]
    assert child.acknowledges(C, sent.tracking).code == "unknown-tracking"
    assert child.acknowledges(A, sent.tracking).code == "unknown-tracking"  # it wrote it, and never got it


def test_it_may_be_another_ones_by_now(child: Child) -> None:
    office = child.office
    sent = child.sends_record()
    child.flag()
    child.enrolls(C, child.today())
    child.lift()
    assert now(child, sent) == ("DELIVERED", "", C)
    assert rejects(child, B, sent).state == "APPLIED"
    assert now(child, sent) == ("DELIVERED", "", C)
    assert case_of(child, C) is TransferState.ANSWERED
    office.collect(C)
    assert (now(child, sent)[0], case_of(child, C)) == ("COLLECTED", TransferState.CLOSED)
    with reading(office.services.engine) as connection:
        at = office.row(sent.tracking).updated_at
        assert transfer_views.unacknowledged(connection, C, at, at + 1, REPLACES_EARLIER) == 1


@pytest.mark.parametrize("is_fetched", [False, True])
def test_what_was_said_of_an_earlier_delivery_is_said_anew_of_a_later_one(child: Child, is_fetched: bool) -> None:
    office = child.office
    sent = child.sends_record()
    child.flag()
    assert rejects(child, B, sent).state == "APPLIED"
    child.lift()
    assert now(child, sent) == ("DELIVERED", "", B)
    if is_fetched:
        office.collect(B)
    assert rejects(child, B, sent).state == "APPLIED"
    assert (now(child, sent)[0], case_of(child)) == ("COLLECTED", TransferState.REQUESTED)
    assert rejects(child, B, sent).state == "APPLIED"  # the same said twice of one delivery changes nothing
    assert said(child, sent) == [(B, "acknowledgement.v1", "rejected")] * 2


def test_the_sender_contests_a_later_delivery_as_it_did_an_earlier_one(child: Child) -> None:
    office = child.office
    sent = child.sends_record()
    child.flag()
    assert rejects(child, A, sent, code="still-enrolled").state == "APPLIED"
    child.lift()
    before = len(office.notices(STATE, "alert"))
    assert rejects(child, A, sent, code="still-enrolled").state == "APPLIED"
    alerts = office.notices(STATE, "alert")[before:]
    told = [(one["lea"]["lea"], one["contested_by"]["lea"]) for one in alerts if one["what"] == "contest"]
    assert told == [(B, A)]
