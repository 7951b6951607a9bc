"""The Student Record Store: who may ask for what, also about a missing child."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.people import flags
from broker.flags import missing
from broker.identity import registrar
from handlers.registry import TRAVELS
from tests.support import documents
from tests.support.backpacks import CLASS, backpack, enrolled, log, received, request, told
from tests.support.office import Office


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = Office(tmp_path_factory.mktemp("backpack"), "01", "02", "6G", "00", kinds={"00": "state"})
    yield made
    made.services.engine.dispose()


@pytest.fixture(autouse=True)
def empty(office: Office) -> None:
    """What a test before has left is taken."""
    for lea in ("01", "02", "6G", "00"):
        office.collect(lea)


# who may ask


def test_an_earlier_lea_may_have_what_was_of_its_time(office: Office) -> None:
    student = enrolled(office, "01")
    earlier = backpack(office, "01", student, 24 * 40)
    later = backpack(office, "01", student, 1)
    assert office.send("01", earlier).state == office.send("01", later).state == "APPLIED"
    office.enroll("02", student, date="2026-09-01")
    last = (office.services.day() - timedelta(days=20)).isoformat()
    office.enroll("02", student, event="exit", date=last)
    office.collect("02")
    assert office.send("02", request("02", student, "backpack")).state == "APPLIED"
    assert received(office, "02") == [earlier]
    refused = office.send("02", request("02", student, "record"))
    assert (refused.state, refused.code) == ("REFUSED", "not-there-now")


def test_who_never_had_the_student_learns_nothing(office: Office) -> None:
    student = enrolled(office, "01")
    office.send("01", backpack(office, "01", student))
    nobody = next(CLASS)
    for want in ("record", "backpack", "parent-copy", "disclosures"):
        about_one = office.send("02", request("02", student, want))
        about_none = office.send("02", request("02", nobody, want))
        assert (about_one.state, about_one.code, about_one.ssid) == ("REFUSED", "not-your-student", "")
        assert (about_none.state, about_none.code, about_none.ssid) == ("REFUSED", "not-your-student", "")
    assert not office.inbox("02", "backpack")
    lines = [one for one in log(office, student) if one.party == "02"]
    assert [(one.outcome, bool(one.ground)) for one in lines] == [("refused", True)] * 4
    # a refused request has not used up its id
    document = request("02", student, "backpack")
    assert office.send("02", document).code == "not-your-student"
    office.enroll("02", student, date="2026-11-20")
    assert office.send("02", document).state == "APPLIED"


def test_of_its_own_students_an_lea_is_told_to_give_the_number(office: Office) -> None:
    student = enrolled(office, "01")
    unlike = {"legal_name": student["legal_name"], "birth_date": "2001-01-01", "ssid": student["ssid"]}
    mine = office.send("01", request("01", unlike, "disclosures"))
    assert (mine.state, mine.code) == ("REFUSED", "name-the-ssid")
    assert office.send("02", request("02", unlike, "disclosures")).code == "not-your-student"


def test_nothing_is_held(office: Office) -> None:
    row = office.send("01", request("01", enrolled(office, "01"), "backpack"))
    assert (row.state, row.code) == ("REFUSED", "nothing-held")


def test_the_record_is_asked_for_once_more(office: Office) -> None:
    student = enrolled(office, "01", "6G")
    before = len(office.notices("01", "record-request"))
    assert office.send("6G", request("6G", student, "record")).state == "APPLIED"
    asked = office.notices("01", "record-request")
    assert len(asked) == before + 1
    assert asked[-1]["student"]["ssid"] == student["ssid"]
    alone = office.send("02", request("02", enrolled(office, "02"), "record"))
    assert (alone.state, alone.code) == ("REFUSED", "nobody-to-ask")


def test_a_copy_for_the_parent(office: Office) -> None:
    student = enrolled(office, "01", "6G")
    sent = {lea: backpack(office, lea, student) for lea in ("01", "6G")}
    for lea, document in sent.items():
        office.send(lea, document)
    row = office.send("6G", request("6G", student, "parent-copy"))
    assert row.state == "APPLIED"
    assert received(office, "6G") == [sent["01"], sent["6G"]]
    said = office.newest_notice("6G", "disclosures")
    assert said["about"]["id"] == row.packet_id
    assert all(one["sentence"] and one["ground"] for one in said["disclosures"])
    assert said["disclosures"][-1]["tracking"] == row.tracking
    assert said["numbers"] == [student["ssid"]]
    whose = {"ssid": student["ssid"], "birth_date": student["birth_date"]}
    assert said["student"] == whose | {"legal_name": {"middle": "", "suffix": ""} | student["legal_name"]}


def test_the_log_names_every_number_of_the_student(office: Office) -> None:
    kept, other = enrolled(office, "01"), enrolled(office, "02")
    at = office.services.clock()
    with writing(office.services.engine) as connection:
        pair = kept["ssid"], other["ssid"]
        registrar.merge(
            connection, office.services.model, *pair, "Jo", "one child", at.timestamp(), at.date().isoformat(), TRAVELS
        )
    assert office.send("02", request("02", kept, "disclosures")).state == "APPLIED"
    said = office.newest_notice("02", "disclosures")
    assert said["student"]["ssid"] == said["ssid"] == kept["ssid"]
    assert said["numbers"] == [kept["ssid"], other["ssid"]]


def test_an_earlier_lea_is_not_told_the_name_of_now(office: Office) -> None:
    student = enrolled(office, "01", "02")
    changed = student | {"legal_name": student["legal_name"] | {"middle": "Newname"}}
    office.enroll("01", student, event="exit", date="2026-09-01")
    update = documents.ssid_request({"request": "update", "student": changed}, **{"from": "02"})
    assert office.send("02", update).state == "APPLIED"
    for lea, middle in (("01", ""), ("02", "Newname")):
        assert office.send(lea, request(lea, student, "disclosures")).state == "APPLIED"
        said = office.newest_notice(lea, "disclosures")
        assert said["student"]["legal_name"].get("middle", "") == middle


def test_the_log_for_an_earlier_lea_is_about_its_own_records(office: Office) -> None:
    student = enrolled(office, "01", "02")
    for lea in ("01", "02"):
        office.send(lea, backpack(office, lea, student))
    office.enroll("01", student, event="exit", date="2026-09-01")
    office.enroll("6G", student, date="2026-11-20")
    assert office.send("01", request("01", student, "disclosures")).state == "APPLIED"
    theirs = office.newest_notice("01", "disclosures")
    assert {one["source"] for one in theirs["disclosures"]} == {"01"}
    assert office.send("6G", request("6G", student, "disclosures")).state == "APPLIED"
    every = office.newest_notice("6G", "disclosures")
    assert {"01", "02"} <= {one["source"] for one in every["disclosures"]}


# a missing child


def flag(office: Office, student: Mapping[str, Any], *, is_set: bool) -> None:
    with writing(office.services.engine) as connection:
        change = missing.put if is_set else missing.lift
        change(office.services, connection, student["ssid"], "Jo Operator", "the police say so")
    office.work()


def alerts(office: Office, student: Mapping[str, Any]) -> list[str]:
    with reading(office.services.engine) as connection:
        return [f"{one.kind} {one.lea}" for one in flags.alerts_of(connection) if one.ssid == student["ssid"]]


def test_a_request_about_a_flagged_student_is_held_and_told(office: Office) -> None:
    student = enrolled(office, "01", "6G")
    first = office.send("01", backpack(office, "01", student))
    flag(office, student, is_set=True)
    row = office.send("6G", request("6G", student, "backpack"))
    assert (row.state, row.held_for, row.code) == ("HELD", "blocked", "")
    assert told(office, "6G", row) == ["RECEIVED", "ADMITTED", "HELD"]
    assert "request 6G" in alerts(office, student)
    assert not office.inbox("6G", "backpack")
    assert office.inbox("00", "alert")
    # what is sent of the child is kept, for that tells nobody
    second = office.send("01", backpack(office, "01", student))
    assert (second.state, office.inbox("6G", "backpack")) == ("APPLIED", [])
    flag(office, student, is_set=False)
    assert office.row(row.tracking).state == "APPLIED"
    # each that came after the student had moved follows it; what was asked for is one of them, and not there twice
    there = [office.row(one).sha256 for one in office.inbox("6G", "backpack")]
    assert sorted(there) == sorted([first.sha256, second.sha256])


def test_a_stranger_and_a_vague_request_are_told_of_too(office: Office) -> None:
    student = enrolled(office, "01")
    flag(office, student, is_set=True)
    assert office.send("02", request("02", student, "record")).code == "not-your-student"
    unlike = {"legal_name": student["legal_name"], "birth_date": "2001-01-01", "ssid": student["ssid"]}
    assert office.send("6G", request("6G", unlike, "record")).code == "not-your-student"
    assert sorted(alerts(office, student)) == ["request 02", "request 6G"]
    flag(office, student, is_set=False)
