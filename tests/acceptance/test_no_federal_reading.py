"""No federal access (Utah 53E-9-308, R277-484-6): nothing is delivered there, and every reading is in the log."""

import json
from datetime import UTC, datetime

import pytest

from broker.core.flow import Stage
from broker.edge.pgp import keyring
from tests.bench.load import Lea
from tests.support import desk
from tests.support.federal import State
from tests.support.office import Office

WHY = ("--who", "J. Doe", "--why", "the law asks for it")
LAW = ("--law", "10 USC 2164")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return Office(tmp_path_factory.mktemp("office"), "01", "6G")


@pytest.fixture
def theirs(office: Office) -> State:
    """The operator of that exchange."""
    return State(office.exchange.home.parent)


def test_no_address_leads_to_a_federal_name(office: Office) -> None:
    student = desk.child("Ana", "Reyes", "2012-03-04")
    ssid = office.enroll("01", student)[0]["ssid"]
    for name in ("army.mil", "ed.gov", "federal", "US", "exchange"):
        row = office.send("01", desk.record("01", student | {"ssid": ssid}, to=name))
        assert row.state == "REFUSED", name
        assert row.code in ("unknown-receiver", "schema")
        assert row.receiver == ""


def test_nothing_is_delivered_after_the_end_of_an_exception(office: Office, theirs: State) -> None:
    """Not even what was on its way; and nothing that the party signs is taken in."""
    theirs.ok("exception", "add", "dodea.edu", *LAW, *WHY)
    secret = keyring.generate("D <d@dodea.edu>", "cv25519", datetime.now(UTC), None)
    office.leas["07"] = Lea("07", "district", secret, keyring.public(secret))
    office.exchange.add("07", office.leas["07"].certificate, name="D")
    (line,) = office.enroll("07", desk.child("Bo", "Yazzie", "2011-05-06"))  # the answer comes to its inbox
    assert line["answer"] == "assigned"
    before = len(office.exchange.inbox("07"))
    assert before > 0
    own = desk.enrollment("07", desk.child("Cy", "Begay", "2010-07-08"))
    office.drop("07", own)
    office.work(Stage.ADMIT)  # and the answer to this one waits to be delivered
    theirs.ok("exception", "end", "dodea.edu", *WHY)
    office.work()
    assert len(office.exchange.inbox("07")) == before
    waiting = [one for one in office.exchange.packets(lea="07") if one["receiver"] == "07" and one["state"] == "HELD"]
    assert {one["held_for"] for one in waiting} == {"receiver-key"}
    late = office.send("07", desk.enrollment("07", desk.child("Di", "Nez", "2010-09-10")))
    assert (late.state, late.code) == ("REFUSED", "wrong-signer")


def test_reads_of_the_operator_are_in_the_students_log(office: Office, theirs: State) -> None:
    ssid = office.enroll("01", desk.child("Eli", "Whitehorse", "2012-03-05"))[0]["ssid"]
    assert "Whitehorse" in theirs.ok("student", "show", ssid, "--who", "J. Doe", "--why", "the LEA called")
    theirs.ok("student", "show", ssid)
    assert theirs.run("student", "show", ssid, "--why", "a\nb").code == 1
    assert theirs.run("student", "show", "9999999999").code == 1
    lines = json.loads(theirs.ok("disclosures", ssid, "--json"))
    first, second = (one for one in lines if one["action"] == "read-registry")
    assert (first["party"], first["ground"]) == (second["party"], second["ground"]) == ("", "state-duty")
    assert (first["actor"], first["purpose"]) == ("J. Doe", "the LEA called")
    assert second["actor"]
    story = theirs.ok("disclosures", ssid)
    assert "the state's operator (J. Doe) read the student's names, birth date and schools" in story
    assert story.splitlines()[-1].count("the list of who was given the student's records") == 1  # this very look
    assert "Whitehorse" not in story + json.dumps(lines)


def test_a_question_that_is_looked_at_is_in_the_log_of_its_candidates(office: Office, theirs: State) -> None:
    ssid = office.enroll("01", desk.child("Maria", "Lopez Reyes", "2012-03-04"))[0]["ssid"]
    (line,) = office.enroll("6G", desk.child("Mario", "Lopez Reyes", "2012-03-04"))
    assert line["answer"] == "review"
    (question,) = json.loads(theirs.ok("review", "list", "--json"))
    theirs.ok("review", "show", question["tracking"], "--who", "J. Doe")
    (read,) = (one for one in json.loads(theirs.ok("disclosures", ssid, "--json")) if one["action"] == "read-review")
    assert (read["actor"], read["tracking"], read["ground"]) == ("J. Doe", question["tracking"], "state-duty")
