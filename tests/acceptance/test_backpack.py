"""The Student Record Store: what LEAs keep there, where it goes when a student moves, and who may ask for it."""

import copy
import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from broker.cli import main
from broker.core.disclosure import Disclosure
from broker.core.model import Sha256
from broker.edge.ledger.cases import backpacks
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.people import flags
from broker.flags import missing
from broker.identity import registrar
from broker.packets.batch import run
from broker.processes.worker import RUNS
from broker.stages.sweep.receipts import publish_receipts
from handlers.registry import TRAVELS
from tests.support import documents
from tests.support.desk import children
from tests.support.endings import said_of
from tests.support.exchange import said_by
from tests.support.office import Office

CLASS = iter(children(100, first=4_000))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = Office(tmp_path_factory.mktemp("backpack"), "01", "02", "6G", "00", kinds={"00": "state"})
    yield made
    made.services.engine.dispose()


def enrolled(office: Office, *leas: str) -> dict[str, Any]:
    """A student whom these LEAs enrolled one after the other, and the number."""
    student = copy.deepcopy(next(CLASS))
    for year, lea in enumerate(leas, 2027 - len(leas)):
        line = office.enroll(lea, student, date=f"{year}-08-17")[0]
    return student | {"ssid": line["ssid"]}


def backpack(office: Office, lea: str, student: Mapping[str, Any], hours_ago: float = 1, **more: Any) -> dict[str, Any]:
    created = office.services.clock() - timedelta(hours=hours_ago)
    given = {"from": lea, "student": dict(student), "created": created.isoformat(timespec="seconds")}
    return documents.backpack(**(given | more))


def request(lea: str, student: Mapping[str, Any], want: str, **more: Any) -> dict[str, Any]:
    return documents.record_request(**({"from": lea, "student": dict(student), "want": want} | more))


def held(office: Office, student: Mapping[str, Any]) -> list[str]:
    with reading(office.services.engine) as connection:
        return [one.tracking for one in backpacks.current(connection, student["ssid"])]


def log(office: Office, student: Mapping[str, Any]) -> list[Disclosure]:
    with reading(office.services.engine) as connection:
        return disclosures.about(connection, student["ssid"])


def told(office: Office, lea: str, row: PacketRow) -> list[str]:
    """The states that an LEA has receipts of, of this packet."""
    publish_receipts(office.services)
    folder = office.exchange.folder(lea, "receipts")
    return [said_by(path)["state"] for path in sorted(folder.glob(f"{row.tracking}.*"))]


def received(office: Office, lea: str) -> list[dict[str, Any]]:
    """The backpacks in an inbox, opened."""
    return [json.loads(office.opened(tracking)) for tracking in office.inbox(lea, "backpack")]


def command(office: Office, *words: str) -> Result:
    """Run a command of the operator's."""
    arguments = [*words, *office.exchange.at]
    return CliRunner().invoke(main.build(arguments), arguments)


@pytest.fixture(autouse=True)
def empty(office: Office) -> None:
    """What a test before has left is taken."""
    for lea in ("01", "02", "6G", "00"):
        office.collect(lea)


# what is kept


def test_it_is_kept_and_goes_to_nobody(office: Office) -> None:
    student = enrolled(office, "01")
    row = office.send("01", backpack(office, "01", student, school_year=2027))
    assert (row.state, row.receiver, row.ssid) == ("APPLIED", "", student["ssid"])
    assert told(office, "01", row) == ["RECEIVED", "ADMITTED", "APPLIED"]
    with reading(office.services.engine) as connection:
        (part,) = backpacks.versions(connection, student["ssid"])
    assert (part.lea, part.mode, part.version, part.school_year) == ("01", "replace", 1, 2027)
    assert (part.sha256, part.size, part.signer) == (row.sha256, row.size, row.signer)
    assert not office.inbox("6G", "backpack")
    assert office.opened(row.tracking)


def test_it_is_opened_once(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    student = enrolled(office, "01")
    trackings = [office.drop("01", backpack(office, "01", student, mode="add")) for _ in range(3)]
    reads: list[Sha256] = []
    read = office.services.vault.read

    def counted(content: Sha256) -> bytes:
        reads.append(content)
        return read(content)

    monkeypatch.setattr(office.services.vault, "read", counted)
    run(office.services, next(iter(RUNS.values())), trackings)
    assert held(office, student) == trackings
    assert len(reads) == 3
    office.work()
    assert len(reads) == 3


def test_the_same_twice(office: Office) -> None:
    student = enrolled(office, "01")
    document = backpack(office, "01", student)
    first = office.send("01", document)
    again = office.send("01", document)
    assert (again.state, again.duplicate_of) == ("DUPLICATE", first.tracking)
    other = office.send("01", document | {"mode": "add"})
    assert (other.state, other.code) == ("REFUSED", "replayed-id")
    assert held(office, student) == [first.tracking]


def test_replace_add_and_one_that_comes_late(office: Office) -> None:
    student = enrolled(office, "01")
    first = office.send("01", backpack(office, "01", student, 30))
    added = office.send("01", backpack(office, "01", student, 20, mode="add"))
    assert held(office, student) == [first.tracking, added.tracking]
    second = office.send("01", backpack(office, "01", student, 10))
    late = office.send("01", backpack(office, "01", student, 15))
    assert late.state == "APPLIED"
    assert held(office, student) == [second.tracking]
    ahead = office.send("01", backpack(office, "01", student, -48))
    after = office.send("01", backpack(office, "01", student, -0.1))
    assert held(office, student) == [after.tracking]
    assert ahead.state == "APPLIED"


def test_only_of_an_leas_own_students(office: Office) -> None:
    student = enrolled(office, "01")
    row = office.send("02", backpack(office, "02", student))
    assert (row.state, row.code) == ("REFUSED", "not-your-student")
    assert held(office, student) == []


def test_of_a_student_who_has_left(office: Office) -> None:
    student = enrolled(office, "01", "6G")
    row = office.send("01", backpack(office, "01", student))
    assert row.state == "APPLIED"
    assert held(office, student) == [row.tracking]


def test_in_doubt_it_waits_and_is_kept_once_decided(office: Office) -> None:
    student = enrolled(office, "01")
    misspelt = {key: value for key, value in student.items() if key not in ("ssid", "local_id")}
    misspelt["birth_date"] = "2001-01-01"
    row = office.send("01", backpack(office, "01", misspelt | {"ssid": student["ssid"]}, mode="add", school_year=2026))
    assert (row.state, row.held_for) == ("HELD", "review")
    assert held(office, student) == []
    assert office.answer("01", row.tracking, -1, "none").state == "APPLIED"
    assert office.row(row.tracking).state == "REFUSED"
    again = office.send("01", backpack(office, "01", misspelt | {"ssid": student["ssid"]}, mode="add"))
    assert again.held_for == "review"
    ended = command(office, "review", "decide", again.tracking, "--who", "Jo", "--why", "seen", "--same", "A")
    assert ended.exit_code == 0, ended.output
    office.work()
    assert office.row(again.tracking).state == "APPLIED"
    with reading(office.services.engine) as connection:
        assert [one.mode for one in backpacks.current(connection, student["ssid"])] == ["add"]


# a student moves


def test_it_follows_the_student_at_once_and_once(office: Office) -> None:
    student = enrolled(office, "01")
    document = backpack(office, "01", student)
    kept = office.send("01", document)
    office.enroll("6G", student, date="2026-11-20")
    (there,) = office.inbox("6G", "backpack")
    copied = office.row(there)
    assert (copied.origin, copied.state, copied.sha256) == ("01", "DELIVERED", kept.sha256)
    assert received(office, "6G") == [document]
    assert told(office, "01", copied) == ["DELIVERED"]
    assert office.row(kept.tracking).state == "APPLIED"
    lines = [one for one in log(office, student) if one.tracking == there]
    assert [(one.party, one.source, one.outcome, bool(one.ground)) for one in lines] == [("6G", "01", "allowed", True)]
    asked = office.send("6G", request("6G", student, "backpack"))
    assert asked.state == "APPLIED"
    assert office.inbox("6G", "backpack") == [there]
    office.collect("6G")
    assert office.send("6G", request("6G", student, "backpack")).state == "APPLIED"
    assert received(office, "6G") == [document]


def test_the_parts_of_every_lea_but_its_own(office: Office) -> None:
    student = enrolled(office, "01", "02", "6G")
    sent = {lea: backpack(office, lea, student) for lea in ("01", "02", "6G")}
    for lea, document in sent.items():
        assert office.send(lea, document).state == "APPLIED"
    assert office.send("6G", request("6G", student, "backpack")).state == "APPLIED"
    assert received(office, "6G") == [sent["01"], sent["02"]]
    office.collect("6G")
    assert office.send("6G", request("6G", student, "backpack", from_lea="02")).state == "APPLIED"
    assert received(office, "6G") == [sent["02"]]
    office.collect("6G")
    # an LEA that has lost its own
    assert office.send("6G", request("6G", student, "backpack", from_lea="6G")).state == "APPLIED"
    assert received(office, "6G") == [sent["6G"]]


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


# the operator


def test_the_operator_sees_versions_and_no_content(office: Office) -> None:
    student = enrolled(office, "01")
    first = office.send("01", backpack(office, "01", student))
    second = office.send("01", backpack(office, "01", student, 0))
    shown = json.loads(command(office, "backpack", "show", student["ssid"], "--json").output)
    assert [(one["tracking"], one["current"], one["ended_by"]) for one in shown] == [
        (first.tracking, False, second.tracking),
        (second.tracking, True, ""),
    ]
    listed = json.loads(command(office, "backpack", "list", "--lea", "01", "--limit", "1", "--json").output)
    assert [one["tracking"] for one in listed] == [second.tracking]
    text = command(office, "backpack", "show", student["ssid"]).output
    assert "1 of 2 are current" in text
    assert second.tracking in command(office, "backpack", "list").output
    assert student["legal_name"]["last"] not in text
    assert "holds nothing" in command(office, "backpack", "show", enrolled(office, "01")["ssid"]).output
    failed = command(office, "backpack", "show", "9999999999")
    assert failed.exit_code == 1
    assert "No student has the SSID" in said_of(failed.exception)


def test_so_many_parts_and_no_more(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backpacks, "MOST_PARTS", 2)
    student = enrolled(office, "01")
    for _ in range(2):
        assert office.send("01", backpack(office, "01", student, mode="add")).state == "APPLIED"
    refused = office.send("01", backpack(office, "01", student, mode="add"))
    assert (refused.state, refused.code) == ("REFUSED", "too-many-parts")
    assert office.send("01", backpack(office, "01", student, 0)).state == "APPLIED"
    assert office.send("01", backpack(office, "01", student, 0, mode="add")).state == "APPLIED"
