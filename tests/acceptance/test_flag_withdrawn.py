"""A flag is set while the child's record lies in an inbox: what nobody has taken is taken out again and held, what was
taken the state is told of, and all goes on, once, when the flag is lifted."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from broker.core.model import LeaId, PacketType
from broker.core.transfer import TransferState
from broker.edge.ledger.cases import transfers
from broker.edge.ledger.cases.transfers import TransferRow
from broker.edge.ledger.engine import reading
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.people import flags
from broker.edge.ledger.tables import packets, receipts
from broker.flags import missing
from broker.oversight import alerts as told_of
from broker.stages import admit, collect, deliver, route, withdraw
from broker.stages.sweep.collected import notice_collected
from broker.stages.sweep.deliveries import finish_deliveries
from broker.stages.sweep.resumed import resume_unflagged
from tests.support import desk, documents, postgres
from tests.support.flagged import BY, KINDS, LEAS, MOVE, STATE, UNIVERSITY, A, B, C, Child
from tests.support.office import Office

CLASS = iter(desk.children(100, 7100))
WORDS = ("missing", "flag", "53a-11-502", "child", "police")


@pytest.fixture(scope="module")
def building(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = Office(tmp_path_factory.mktemp("withdrawn"), *LEAS, STATE, UNIVERSITY, kinds=KINDS)
    yield made
    made.services.engine.dispose()


@pytest.fixture
def child(building: Office) -> Child:
    """Was at A, which has stored a backpack, and is at B; the inboxes are empty."""
    made = Child(building, next(CLASS), is_flagged=True)
    made.at(A)
    made.stores(A)
    for lea in LEAS:
        empty(building, lea)
    made.enrolls(B)
    made.mark()
    return made


def empty(office: Office, lea: str) -> None:
    finish_deliveries(office.services, LeaId(lea))
    office.collect(lea)


def part(child: Child) -> PacketRow:
    """The part of the record store that lies at B, or is held on its way there."""
    (found,) = [one for one in rows(child) if one.type == "backpack" and one.receiver == B]
    return found


def rows(child: Child) -> list[PacketRow]:
    with reading(child.office.services.engine) as connection:
        query = select(packets.c.tracking).where(packets.c.ssid == child.ssid).order_by(packets.c.tracking)
        found = [row[0] for row in connection.execute(query)]
    return [child.office.row(one) for one in found]


def case_of(child: Child) -> TransferRow:
    with reading(child.office.services.engine) as connection:
        return transfers.about(connection, child.ssid)[-1]


def hidden(office: Office, lea: str = B) -> list[str]:
    return office.hidden(lea)


def told(child: Child, tracking: str) -> list[tuple[str, dict[str, Any]]]:
    with reading(child.office.services.engine) as connection:
        query = select(receipts.c.party, receipts.c.text).where(receipts.c.tracking == tracking)
        found = connection.execute(query.order_by(receipts.c.n)).all()
    return [(row.party, json.loads(row.text)) for row in found]


def newest_alert(child: Child) -> dict[str, Any]:
    return child.office.newest_notice(STATE, "alert")


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


def test_a_crash_between_the_hiding_and_the_commit_shows_it_again(
    child: Child, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = child.office
    sent, copy = child.sends_record(), part(child)

    def dies(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(withdraw, "statements", dies)
        with pytest.raises(KeyboardInterrupt):
            child.flag()
    assert (office.inbox(B, "backpack"), len(hidden(office))) == ([], 1)
    assert office.row(copy.tracking).state == "DELIVERED"
    assert notice_collected(office.services, LeaId(B)) == []
    assert finish_deliveries(office.services, LeaId(B)) == 0
    assert (office.inbox(B, "backpack"), hidden(office)) == ([copy.tracking], [])
    with reading(office.services.engine) as connection:
        assert not flags.is_flagged(connection, child.ssid)
    assert child.flag() is not None
    assert (office.row(sent.tracking).state, office.inbox(B, "student-record")) == ("HELD", [])
    child.lift()
    assert office.inbox(B, "student-record") == [sent.tracking]


def test_a_crash_between_the_commit_and_the_removal_leaves_nothing(child: Child) -> None:
    office = child.office
    sent = child.sends_record()
    child.flag()
    assert hidden(office)
    assert notice_collected(office.services, LeaId(B)) == []
    child.lift()  # before the sweeper has removed what was taken back
    assert finish_deliveries(office.services, LeaId(B)) == 0
    assert (office.inbox(B, "student-record"), hidden(office)) == ([sent.tracking], [])


def test_the_sweeper_takes_back_what_the_flag_did_not_reach(child: Child, tmp_path: Path) -> None:
    """The LEA's folder was not there when the flag was set."""
    office = child.office
    sent = child.sends_record()
    folder = office.exchange.folder(B, "inbox")
    folder.rename(tmp_path / "inbox")
    child.flag()
    assert case_of(child).state is TransferState.ANSWERED
    assert office.row(sent.tracking).state == "DELIVERED"
    (tmp_path / "inbox").rename(folder)
    missing.hold_what_came_late(office.services)
    assert (office.row(sent.tracking).state, office.inbox(B, "student-record")) == ("HELD", [])
    assert case_of(child).state is TransferState.BLOCKED
    assert [one["tracking"] for one in newest_alert(child)["withdrawn"]].count(sent.tracking) == 1
    alerts = len(child.alerts())
    missing.hold_what_came_late(office.services)
    assert len(child.alerts()) == alerts
    child.lift()
    assert office.inbox(B, "student-record") == [sent.tracking]


def test_who_had_it_open_while_it_was_taken_back_is_told_to_the_state(child: Child) -> None:
    office = child.office
    sent = child.sends_record()
    child.flag()
    alerts = len(child.alerts())
    for _ in range(2):
        collect.run(replace(office.services, secret=None), B, [sent.tracking], collect.READ)
    (alert,) = child.alerts()[alerts:]
    assert (alert.kind, alert.lea, alert.tracking) == ("taken", B, sent.tracking)
    assert office.row(sent.tracking).state == "HELD"
    assert [told_of.tell_owed(office.services) for _ in range(2)] == [1, 0]  # the part that serves files cannot seal
    said = newest_alert(child)
    assert (said["what"], said["by"]["lea"], said["tracking"]) == ("taken", B, sent.tracking)
    with reading(office.services.engine) as connection:
        last = disclosures.about(connection, child.ssid)[-1]
    assert (last.action, last.party, last.at) == ("receive-alert", STATE, alert.at)
    child.lift()
    assert office.inbox(B, "student-record") == [sent.tracking]


def test_a_receiver_that_says_it_has_it_is_believed(child: Child) -> None:
    """It has copied the file, and not removed it."""
    office = child.office
    sent = child.sends_record()
    child.flag()
    assert child.acknowledges(B, sent.tracking).state == "APPLIED"
    assert [(one.kind, one.lea) for one in child.told] == [("acknowledgement", B)]
    assert office.row(sent.tracking).state == "HELD"
    assert child.acknowledges(C, sent.tracking).code == "unknown-tracking"


def test_its_sender_can_take_back_what_is_held_and_the_receiver_hears_of_it(child: Child) -> None:
    sent = child.sends_record()
    child.flag()
    assert child.send(A, documents.recall(tracking=sent.tracking)).state == "APPLIED"
    ended = told(child, sent.tracking)[-2:]
    assert [(party, said["code"]) for party, said in ended] == [(A, "recalled"), (B, "recalled")]
    child.lift()
    assert child.office.row(sent.tracking).state == "REFUSED"
    assert case_of(child).state is TransferState.REQUESTED


def test_a_merge_with_a_flagged_number_takes_back_what_lies_under_the_other(child: Child) -> None:
    office = child.office
    child.is_flagged = False
    sent = child.sends_record()
    name = child.student["legal_name"] | {"first": "Xanthe", "last": "Quimby"}  # near to none of the class
    twin = Child(office, child.student | {"legal_name": name, "local_id": "twin"}, is_flagged=True)
    twin.at(C)
    twin.flag()
    twin.command("student", "merge", twin.ssid, child.ssid, "--sure", *BY)
    assert (office.row(sent.tracking).state, office.inbox(B, "student-record")) == ("HELD", [])
    assert [one.kind for one in twin.told] == ["decision"]
    twin.command("student", "unmerge", twin.ssid, child.ssid, *BY)
    resume_unflagged(office.services)
    office.work()
    assert office.inbox(B, "student-record") == [sent.tracking]


def test_the_same_holds_with_several_writers(tmp_path: Path) -> None:
    with postgres.server() as url:
        office = Office(tmp_path, *LEAS, STATE, UNIVERSITY, kinds=KINDS, ledger_url=url)
        child = Child(office, next(CLASS), is_flagged=True)
        child.at(A)
        child.stores(A)
        child.enrolls(B)
        sent = child.sends_record()
        child.flag()
        assert (office.row(sent.tracking).state, office.inbox(B, "backpack")) == ("HELD", [])
        child.lift()
        assert office.inbox(B, "student-record") == [sent.tracking]
        assert len(office.inbox(B, "backpack")) == 1
        office.services.engine.dispose()


def test_what_was_read_to_its_last_byte_counts_as_taken(child: Child) -> None:
    """The receiver's line broke before its program had closed the file."""
    office = child.office
    sent = child.sends_record()
    collect.read_whole(office.services, B, sent.tracking)
    done = child.flag()
    assert done is not None
    assert sent.tracking not in {one.tracking for one in done.held.withdrawn}
    assert (sent.tracking, B) in {(one.tracking, one.lea) for one in done.held.taken}
    assert sent.tracking in {one["tracking"] for one in newest_alert(child)["taken"]}
    assert office.row(sent.tracking).state == "DELIVERED"
    assert office.inbox(B, "student-record") == [sent.tracking]
    alerts = len(child.alerts())
    missing.hold_what_came_late(office.services)
    assert len(child.alerts()) == alerts
    office.collect(B)
    assert office.row(sent.tracking).state == "COLLECTED"
    child.lift()
    assert office.inbox(B, "student-record") == []
