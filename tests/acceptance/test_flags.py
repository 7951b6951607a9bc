"""A missing child: nothing is sent on, the state hears of every request, and the one who asks learns nothing."""

import json
from typing import Any

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from broker.cli import main
from broker.core.errors import NotDone, OperatorError
from broker.core.transfer import TransferState
from broker.edge.ledger.cases import transfers
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.people import flags
from broker.edge.ledger.tables import receipts
from broker.flags import missing
from broker.oversight import alerts as stage
from broker.stages import admit, route
from broker.stages.sweep.resumed import resume_unflagged
from tests.support import desk, documents
from tests.support.exchange import satchel
from tests.support.office import Office

A, B, STATE = "01", "6G", "UT"
STUDENTS = iter(desk.children(100, 200))
OPERATOR, WHY = "Kim of the state", "notice of the police"
WORDS = ("missing", "flag", "53A-11-502", "child")


@pytest.fixture(scope="module")
def building(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return Office(tmp_path_factory.mktemp("office"), A, B, STATE, kinds={STATE: "state"})


class Story:
    """One student at A, in an office whose inboxes are empty."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.student = next(STUDENTS)
        self.ssid = str(office.enroll(A, self.student, date="2026-08-17")[0]["ssid"])
        self.alerts_before = len(office.notices(STATE, "alert"))

    def move(self) -> None:
        """B enrolls the student."""
        self.office.enroll(B, self.student, date="2026-11-20")

    def flag(self) -> None:
        with writing(self.office.services.engine) as connection:
            missing.put(self.office.services, connection, self.ssid, OPERATOR, WHY)

    def lift(self) -> missing.FlagChange:
        with writing(self.office.services.engine) as connection:
            done = missing.lift(self.office.services, connection, self.ssid, OPERATOR, "she is home")
        self.office.work()
        return done

    def record(self) -> dict[str, Any]:
        return desk.record(A, self.student)

    def alerts(self) -> list[dict[str, Any]]:
        return self.office.notices(STATE, "alert")[self.alerts_before :]

    def case(self) -> TransferState:
        with reading(self.office.services.engine) as connection:
            return transfers.about(connection, self.ssid)[-1].state

    def log(self) -> list[tuple[str, str, str, str]]:
        with reading(self.office.services.engine) as connection:
            lines = disclosures.about(connection, self.ssid)
        return [(one.action, one.outcome, one.party, one.ground) for one in lines]


@pytest.fixture
def story(building: Office) -> Story:
    return Story(building)


def said_to(office: Office, lea: str, tracking: str) -> list[str]:
    with reading(office.services.engine) as connection:
        query = select(receipts.c.text).where(receipts.c.tracking == tracking, receipts.c.party == lea)
        return [row[0] for row in connection.execute(query)]


def test_a_record_that_comes_is_held_and_goes_on_when_the_flag_is_lifted(story: Story) -> None:
    story.move()
    story.flag()
    assert story.case() is TransferState.BLOCKED
    sent = story.office.send(A, story.record())
    assert (sent.state, sent.held_for, story.office.inbox(B, "student-record")) == ("HELD", "blocked", [])
    told = story.alerts()[-1]
    assert (told["what"], told["ssid"], told["by"]["lea"], told["tracking"]) == ("packet", story.ssid, A, sent.tracking)
    resume_unflagged(story.office.services)
    assert story.office.row(sent.tracking).state == "HELD"
    assert story.lift().resumed == (sent.tracking,)
    assert story.office.row(sent.tracking).state == "DELIVERED"
    assert story.office.row(sent.tracking).receiver == B
    assert story.case() is TransferState.ANSWERED


def test_who_enrolls_the_student_learns_only_that_the_record_is_held(story: Story) -> None:
    story.flag()
    before = len(story.office.notices(A, "record-request")), len(story.office.notices(B, "transfer"))
    story.move()
    (told,) = story.alerts()
    assert (told["what"], told["ssid"], told["by"]) == ("enrollment", story.ssid, {"lea": B, "name": f"LEA {B}"})
    assert told["means"]
    assert len(story.office.notices(A, "record-request")) == before[0]
    (notice,) = story.office.notices(B, "transfer")[before[1] :]
    assert notice["event"] == "held"
    shown = json.dumps(notice).lower()
    assert not [word for word in WORDS if word.lower() in shown]
    assert story.office.inbox(STATE, "alert")
    assert story.log()[-2:] == [
        ("request-record", "refused", B, "flagged"),
        ("receive-alert", "allowed", STATE, "missing-child"),
    ]


def test_receipts_of_a_held_packet_do_not_say_why(story: Story) -> None:
    story.move()
    story.flag()
    sent = story.office.send(A, story.record())
    said = "".join(said_to(story.office, A, sent.tracking)).lower()
    assert "the state holds the packet" in said
    assert not [word for word in WORDS if word.lower() in said]
    assert said_to(story.office, B, sent.tracking) == []


def test_what_was_routed_when_the_flag_came_is_not_delivered(story: Story) -> None:
    story.move()
    office = story.office
    tracking = office.drop(A, story.record())
    admit.run(office.services, [tracking])
    route.run(office.services, [tracking])
    assert office.row(tracking).state == "ROUTED"
    story.flag()
    office.work()
    assert (office.row(tracking).state, office.row(tracking).held_for) == ("HELD", "blocked")
    assert tracking not in office.inbox(B, "student-record")
    story.lift()
    assert office.row(tracking).state == "DELIVERED"


def test_a_flagged_record_can_be_taken_back_by_its_sender(story: Story) -> None:
    story.move()
    story.flag()
    sent = story.office.send(A, story.record())
    done = story.office.send(A, documents.recall(tracking=sent.tracking))
    assert (done.state, story.office.row(sent.tracking).code) == ("APPLIED", "recalled")
    story.lift()
    assert story.office.row(sent.tracking).state == "REFUSED"


def test_each_event_is_told_once(story: Story) -> None:
    story.flag()
    for _ in range(3):
        with writing(story.office.services.engine) as connection:
            stage.alert(story.office.services, connection, "request", story.ssid, B, "one")
    with writing(story.office.services.engine) as connection:
        stage.alert(story.office.services, connection, "request", story.ssid, B, "two")
        with pytest.raises(ValueError, match="gossip"):
            stage.alert(story.office.services, connection, "gossip", story.ssid, B, "two")
    assert [one["tracking"] for one in story.alerts()] == ["one", "two"]


def test_setting_and_lifting_are_logged_with_who_and_why(story: Story) -> None:
    story.flag()
    with pytest.raises(NotDone, match=r"^flagged$"):
        story.flag()
    story.lift()
    with pytest.raises(NotDone, match=r"^not-flagged$"):
        story.lift()
    with reading(story.office.services.engine) as connection:
        (flag,) = flags.about(connection, story.ssid)
        lines = [one for one in disclosures.about(connection, story.ssid) if one.action.endswith("flag")]
    assert (flag.set_by, flag.set_why, flag.lifted_by, flag.lifted_why) == (OPERATOR, WHY, OPERATOR, "she is home")
    assert [(one.action, one.actor, one.purpose, one.ground) for one in lines] == [
        ("set-flag", OPERATOR, WHY, "missing-child"),
        ("lift-flag", OPERATOR, "she is home", "missing-child"),
    ]


def test_the_sweeper_lets_go_what_a_worker_held_while_the_flag_was_lifted(story: Story) -> None:
    story.move()
    story.flag()
    sent = story.office.send(A, story.record())
    with writing(story.office.services.engine) as connection:  # a lift that did not see the packet
        (flag,) = flags.standing(connection, story.ssid)
        flags.lift(connection, flag, OPERATOR, WHY, 1.0)
    resume_unflagged(story.office.services)
    story.office.work()
    assert story.office.row(sent.tracking).state in ("DELIVERED", "ROUTED")


def run(story: Story, *words: str) -> str:
    """A command, in this process; what it prints."""
    arguments = [*words, *story.office.exchange.at]
    done = CliRunner().invoke(main.build(arguments), arguments)
    if done.exception is not None:
        raise done.exception
    return done.stdout


def test_the_commands(story: Story) -> None:
    decided = ("--who", OPERATOR, "--why", WHY)
    done = json.loads(run(story, "student", "flag", story.ssid, *decided, "--json"))
    assert done == {"ssid": story.ssid, "flagged": True, "withdrawn": [], "stopped": [], "taken": []}
    story.move()
    newest = json.loads(run(story, "alerts", "--json"))[0]
    assert (newest["kind"], newest["ssid"], newest["lea"]) == ("enrollment", story.ssid, B)
    assert newest["seen_at"] is None
    number = str(newest["id"])
    assert "1 marked as seen" in run(story, "alerts", "seen", number, "--who", OPERATOR)
    assert "0 marked as seen" in run(story, "alerts", "seen", number, "--who", "somebody else")
    after = json.loads(run(story, "alerts", "list", "--json"))
    assert {row["id"]: row["seen_by"] for row in after}[newest["id"]] == OPERATOR
    unseen = [row["seen_at"] is None for row in after]
    assert unseen == sorted(unseen, reverse=True)
    assert story.ssid in run(story, "alerts")
    assert "is lifted" in run(story, "student", "unflag", story.ssid, *decided)
    with pytest.raises(OperatorError, match="Say who"):
        run(story, "student", "flag", story.ssid, "--who", " ", "--why", WHY)


def _wants_the_log(student: dict[str, Any]) -> dict[str, Any]:
    return documents.record_request(**{"from": A, "student": student, "want": "disclosures"})


def test_the_flags_that_stand_are_listed_for_the_state_and_for_nobody_else(story: Story) -> None:
    said = "notice of the police of [bold] today"
    run(story, "student", "flag", story.ssid, "--who", OPERATOR, "--why", said)
    (mine,) = [row for row in json.loads(run(story, "student", "flags", "--json")) if row["ssid"] == story.ssid]
    assert (mine["set_by"], mine["set_why"]) == (OPERATOR, said)
    assert mine["set_at"] == pytest.approx(story.office.services.clock().timestamp(), abs=3600)
    (row,) = [line for line in run(story, "student", "flags", "--who", "Jo").splitlines() if story.ssid in line]
    assert (OPERATOR in row, said in row) == (True, True)
    run(story, "student", "unflag", story.ssid, "--who", OPERATOR, "--why", "she is home")
    assert story.ssid not in run(story, "student", "flags")
    told = story.log()[-4:]
    assert told[1:3] == [("receive-alert", "allowed", "", "missing-child")] * 2  # set, looked at twice, lifted
    story.office.send(A, _wants_the_log(story.student))
    shown = json.dumps(story.office.newest_notice(A, "disclosures")).lower()
    assert story.ssid in shown
    assert not [word for word in ("missing", "flag", "53a-11-502", "police") if word in shown]


def test_a_mistaken_number_is_one_sentence_and_exit_1(story: Story) -> None:
    decided = ["--who", OPERATOR, "--why", WHY, *story.office.exchange.at]
    nobody = satchel("student", "flag", "0000000000", *decided, check=False)
    assert (nobody.returncode, nobody.stderr) == (1, "No student has the SSID 0000000000; check the number.\n")
