"""A flag is set while something else happens to the child's record: a crash, a reader, a recall, a merge."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.core.model import LeaId
from broker.core.transfer import TransferState
from broker.edge.ledger.engine import reading
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.people import flags
from broker.flags import missing
from broker.oversight import alerts as told_of
from broker.stages import collect, withdraw
from broker.stages.sweep.collected import notice_collected
from broker.stages.sweep.deliveries import finish_deliveries
from broker.stages.sweep.resumed import resume_unflagged
from tests.support import documents, postgres
from tests.support.flag_withdrawn import CLASS, case_of, hidden, moved_on, newest_alert, part, told
from tests.support.flagged import BY, KINDS, LEAS, STATE, UNIVERSITY, A, B, C, Child
from tests.support.office import Office


@pytest.fixture(scope="module")
def building(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = Office(tmp_path_factory.mktemp("withdrawn"), *LEAS, STATE, UNIVERSITY, kinds=KINDS)
    yield made
    made.services.engine.dispose()


@pytest.fixture
def child(building: Office) -> Child:
    return moved_on(building)


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
