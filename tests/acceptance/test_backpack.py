"""The Student Record Store: what LEAs keep there, and where it goes when a student moves."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from broker.cli import main
from broker.core.model import Sha256
from broker.edge.ledger.cases import backpacks
from broker.edge.ledger.engine import reading
from broker.packets.batch import run
from broker.processes.worker import RUNS
from tests.support.backpacks import backpack, enrolled, log, received, request, told
from tests.support.endings import said_of
from tests.support.office import Office


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = Office(tmp_path_factory.mktemp("backpack"), "01", "02", "6G", "00", kinds={"00": "state"})
    yield made
    made.services.engine.dispose()


def held(office: Office, student: Mapping[str, Any]) -> list[str]:
    with reading(office.services.engine) as connection:
        return [one.tracking for one in backpacks.current(connection, student["ssid"])]


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
