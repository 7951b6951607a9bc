"""A flag is set while the child's record lies in an inbox: what nobody has taken is taken out again and held, what was
taken the state is told of, and all goes on, once, when the flag is lifted."""

import json
from collections.abc import Iterator

import pytest

from broker.core.model import LeaId, PacketType
from broker.core.transfer import TransferState
from broker.edge.ledger.engine import reading
from broker.edge.ledger.log import disclosures
from broker.stages import admit, deliver, route
from broker.stages.sweep.deliveries import finish_deliveries
from tests.support import desk
from tests.support.flag_withdrawn import CLASS, case_of, empty, hidden, moved_on, newest_alert, part, told
from tests.support.flagged import BY, KINDS, LEAS, MOVE, STATE, UNIVERSITY, A, B, C, Child
from tests.support.office import Office

WORDS = ("missing", "flag", "53a-11-502", "child", "police")


@pytest.fixture(scope="module")
def building(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = Office(tmp_path_factory.mktemp("withdrawn"), *LEAS, STATE, UNIVERSITY, kinds=KINDS)
    yield made
    made.services.engine.dispose()


@pytest.fixture
def child(building: Office) -> Child:
    return moved_on(building)


def test_what_nobody_has_taken_is_taken_out_and_held(child: Child) -> None:
    office = child.office
    sent, copy = child.sends_record(), part(child)
    before = case_of(child)
    assert before.state is TransferState.ANSWERED
    assert {office.row(one).state for one in (sent.tracking, copy.tracking)} == {"DELIVERED"}
    alerts = len(child.alerts())
    done = child.flag()
    for tracking in (sent.tracking, copy.tracking):
        row = office.row(tracking)
        assert (row.state, row.held_for) == ("HELD", "blocked")
    assert (office.inbox(B, "student-record"), office.inbox(B, "backpack")) == ([], [])
    now = case_of(child)
    assert (now.state, now.answer, now.answered_at) == (TransferState.BLOCKED, "", None)
    assert (now.requested_at, now.due_on, now.request) == (before.requested_at, before.due_on, before.request)
    assert done is not None
    assert {one.tracking for one in done.held.withdrawn} == {sent.tracking, copy.tracking}
    (alert,) = child.alerts()[alerts:]
    assert (alert.kind, alert.lea) == ("flag", B)
    said = newest_alert(child)
    assert {(one["tracking"], one["type"], one["lea"], one["from"]) for one in said["withdrawn"]} == {
        (sent.tracking, "student-record", B, A),
        (copy.tracking, "backpack", B, A),
    }
    assert [(one["lea"], one["entered_on"]) for one in said["asked"]] == [(B, MOVE)]
    assert "taken" not in said
    finish_deliveries(office.services, LeaId(B))
    assert hidden(office) == []
    child.lift()


def test_receipts_say_what_happened_and_not_why(child: Child) -> None:
    sent = child.sends_record()
    child.flag()
    ended = told(child, sent.tracking)[-2:]
    assert [(party, said["state"], said["held_for"]) for party, said in ended] == [
        (A, "HELD", "blocked"),
        (B, "HELD", "blocked"),
    ]
    assert all("taken out of the receiver's inbox" in said["means"] for _, said in ended)
    shown = json.dumps([said for _, said in told(child, sent.tracking)]).lower()
    assert not [word for word in WORDS if word in shown]
    with reading(child.office.services.engine) as connection:
        line = [one for one in disclosures.about(connection, child.ssid) if one.tracking == sent.tracking][-1]
    assert (line.action, line.outcome, line.party, line.ground) == ("send-record", "refused", A, "flagged")
    child.lift()


def test_all_goes_on_once_when_the_flag_is_lifted(child: Child) -> None:
    office = child.office
    sent, copy = child.sends_record(), part(child)
    due_on = case_of(child).due_on
    child.flag()
    child.lift()
    assert office.inbox(B, "student-record") == [sent.tracking]
    assert office.inbox(B, "backpack") == [copy.tracking]
    assert (office.row(sent.tracking).state, office.row(sent.tracking).receiver) == ("DELIVERED", B)
    assert (case_of(child).state, case_of(child).due_on) == (TransferState.ANSWERED, due_on)
    for party in (A, B):
        assert [one["state"] for who, one in told(child, sent.tracking) if who == party][-1] == "DELIVERED"
    assert finish_deliveries(office.services, LeaId(B)) == 0
    assert hidden(office) == []
    office.collect(B)
    assert case_of(child).state is TransferState.CLOSED


def test_what_was_held_goes_to_where_the_child_is_then(child: Child) -> None:
    office = child.office
    sent = child.sends_record()
    child.flag()
    child.enrolls(B, "2026-11-22", "exit")
    child.enrolls(C, "2026-11-23")
    assert office.inbox(C, "student-record") == []
    child.lift()
    assert (office.row(sent.tracking).state, office.row(sent.tracking).receiver) == ("DELIVERED", C)
    assert (office.inbox(B, "student-record"), office.inbox(C, "student-record")) == ([], [sent.tracking])
    assert len(office.inbox(C, "backpack")) == 1


def test_what_was_taken_before_stays_so_and_the_state_is_told(child: Child) -> None:
    office = child.office
    sent, copy = child.sends_record(), part(child)
    office.collect(B)
    assert case_of(child).state is TransferState.CLOSED
    done = child.flag()
    assert done is not None
    assert {(one.tracking, one.lea) for one in done.held.taken} == {(sent.tracking, B), (copy.tracking, B)}
    said = newest_alert(child)
    assert {(one["tracking"], one["lea"], one["type"]) for one in said["taken"]} == {
        (sent.tracking, B, "student-record"),
        (copy.tracking, B, "backpack"),
    }
    assert all(one["since"] for one in said["taken"])
    name = child.student["legal_name"]
    assert name["last"] not in json.dumps(said)
    assert case_of(child).state is TransferState.CLOSED
    child.lift()
    assert office.inbox(B, "student-record") == []


def test_the_command_says_what_was_taken_back_and_what_lea_has_what(child: Child) -> None:
    sent = child.sends_record()
    empty(child.office, B)
    copy = child.sends_record()
    shown = child.command("student", "flag", child.ssid, *BY)
    assert f"Taken out of the inbox of {B} again, not read: {copy.tracking} (student-record of {A})" in shown
    assert f"{B} has {sent.tracking} (student-record of {A}) since 20" in shown
    as_json = json.loads(child.command("student", "unflag", child.ssid, *BY, "--json"))
    assert as_json["resumed"] == [copy.tracking]
    as_json = json.loads(child.command("student", "flag", child.ssid, *BY, "--json"))
    assert [one["tracking"] for one in as_json["withdrawn"]] == [copy.tracking]
    assert sent.tracking in [one["tracking"] for one in as_json["taken"]]


def test_who_was_quicker_has_it(child: Child) -> None:
    """The receiver has taken the file, and the sweeper has not looked yet."""
    office = child.office
    sent = child.sends_record()
    for path in office.exchange.inbox(B):
        path.unlink()
    done = child.flag()
    assert done is not None
    assert done.held.withdrawn == ()
    assert sent.tracking in {one.tracking for one in done.held.taken}
    assert office.row(sent.tracking).state == "COLLECTED"
    assert case_of(child).state is TransferState.CLOSED


def test_what_is_still_to_appear_never_appears(child: Child, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ledger says DELIVERED, and the file is still hidden: a worker is about to show it, or has died."""
    office = child.office
    with monkeypatch.context() as patched:
        patched.setattr(office.services.inboxes, "publish", lambda *_: True)
        sent = child.sends_record()
    token = sent.token
    child.flag()
    assert office.row(sent.tracking).state == "HELD"
    assert not office.services.inboxes.publish(LeaId(B), sent.tracking, token, PacketType.STUDENT_RECORD)
    finish_deliveries(office.services, LeaId(B))
    assert (office.inbox(B, "student-record"), hidden(office)) == ([], [])
    child.lift()
    assert office.inbox(B, "student-record") == [sent.tracking]


def test_a_transcript_is_taken_back_from_a_university(child: Child) -> None:
    office = child.office
    sent = child.sends_transcript()
    assert office.row(sent.tracking).state == "DELIVERED"
    child.flag()
    assert (office.row(sent.tracking).state, office.inbox(UNIVERSITY, "transcript")) == ("HELD", [])
    child.lift()
    assert office.inbox(UNIVERSITY, "transcript") == [sent.tracking]


def test_what_was_routed_is_held_at_once(child: Child) -> None:
    office = child.office
    tracking = office.drop(A, desk.record(A, child.student))
    admit.run(office.services, [tracking])
    route.run(office.services, [tracking])
    assert office.row(tracking).state == "ROUTED"
    done = child.flag()
    assert office.row(tracking).state == "HELD"
    assert done is not None
    assert tracking in {one.tracking for one in done.held.stopped}
    assert [(party, said["state"]) for party, said in told(child, tracking)][-1] == (A, "HELD")
    deliver.run(office.services, [tracking])
    assert tracking not in office.inbox(B, "student-record")
    child.lift()
    assert office.row(tracking).state == "DELIVERED"


def test_another_childs_record_stays_where_it_is(child: Child) -> None:
    office = child.office
    other = Child(office, next(CLASS), is_flagged=False)
    other.at(A)
    other.enrolls(B)
    theirs, mine = other.sends_record(), child.sends_record()
    child.flag()
    assert office.inbox(B, "student-record") == [theirs.tracking]
    child.lift()
    assert office.row(mine.tracking).state == "DELIVERED"
