"""The disclosure log (34 CFR 99.32): what was asked for in vain, what went to the parent, corrections; and no flag."""

import copy
import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from broker.core.disclosure import Disclosure
from broker.core.flow import Stage
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.packets.rows import PacketRow
from broker.flags import missing
from tests.support import desk, documents
from tests.support.office import Office

A, B, C, STATE = "01", "6G", "02", "UT"
STUDENTS = iter(desk.children(100, 800))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = Office(tmp_path_factory.mktemp("log"), A, B, C, STATE, kinds={STATE: "state"})
    yield made
    made.services.engine.dispose()


def enrolled(office: Office, *leas: str) -> dict[str, Any]:
    """A student whom these LEAs enrolled one after the other, each reporting the exit; and the number."""
    student = copy.deepcopy(next(STUDENTS))
    for month, lea in enumerate(leas, 8):
        ssid = office.enroll(lea, student, date=f"2026-{month:02}-17")[0]["ssid"]
        if lea != leas[-1]:
            office.enroll(lea, student, event="exit", date=f"2026-{month + 1:02}-16")
    return student | {"ssid": ssid}


def ask(office: Office, lea: str, student: Mapping[str, Any], want: str) -> PacketRow:
    return office.send(lea, documents.record_request(**{"from": lea, "student": dict(student), "want": want}))


def store(office: Office, lea: str, student: Mapping[str, Any]) -> PacketRow:
    created = office.services.clock() - timedelta(days=80)
    sent = {"from": lea, "student": dict(student), "created": created.isoformat(timespec="seconds")}
    return office.send(lea, documents.backpack(**sent))


def log(office: Office, student: Mapping[str, Any]) -> list[Disclosure]:
    with reading(office.services.engine) as connection:
        return disclosures.about(connection, student["ssid"])


def of(office: Office, student: Mapping[str, Any], row: PacketRow) -> list[tuple[str, str, str, str, str]]:
    """The lines of a packet: action, outcome, who, what, ground."""
    lines = [one for one in log(office, student) if one.tracking == row.tracking]
    return [(one.action, one.outcome, one.party, one.what, one.ground) for one in lines]


def told(office: Office, lea: str, student: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The list as the LEA reads it."""
    assert ask(office, lea, student, "disclosures").state == "APPLIED"
    lines: list[dict[str, Any]] = office.newest_notice(lea, "disclosures")["disclosures"]
    return lines


# what was asked for in vain


@pytest.mark.parametrize(
    ("want", "what", "code"),
    [("backpack", "backpack", "nothing-held"), ("record", "student-record", "nobody-to-ask")],
)
def test_what_was_asked_for_in_vain_is_logged_as_refused(office: Office, want: str, what: str, code: str) -> None:
    student = enrolled(office, A)
    row = ask(office, A, student, want)
    assert (row.state, row.code) == ("REFUSED", code)
    assert of(office, student, row) == [("request-record", "refused", A, what, code)]


def test_what_a_school_asks_for_that_the_student_has_left_is_logged_as_refused(office: Office) -> None:
    student = enrolled(office, A)
    office.enroll(B, student, date="2026-11-20")  # A has reported no exit
    row = ask(office, A, student, "record")
    assert (row.state, row.code) == ("REFUSED", "not-there-now")
    ((action, outcome, party, what, ground),) = of(office, student, row)
    assert (action, outcome, party, what) == ("request-record", "refused", A, "student-record")
    assert ground in ("not-there-now", "not-there")


def test_what_is_answered_is_logged_as_allowed(office: Office) -> None:
    student = enrolled(office, A, B)
    store(office, A, student)
    row = ask(office, B, student, "backpack")
    assert row.state == "APPLIED"
    assert of(office, student, row) == [("request-record", "allowed", B, "backpack", "teaches")]


# a copy for the parent


def test_what_goes_to_the_parent_goes_on_the_parents_ground(office: Office) -> None:
    student = enrolled(office, A, B)
    store(office, A, student)
    store(office, B, student)
    office.collect(B)
    assert ask(office, B, student, "parent-copy").state == "APPLIED"
    lines = [
        one for one in log(office, student) if one.what == "backpack" and one.tracking in office.inbox(B, "backpack")
    ]
    assert sorted((one.source, one.action, one.ground) for one in lines) == [
        (A, "export-for-parent", "parent-inspection"),
        (B, "export-for-parent", "parent-inspection"),
    ]


def test_so_it_does_where_the_student_has_left(office: Office) -> None:
    student = enrolled(office, A, B)
    store(office, A, student)
    office.collect(A)
    assert ask(office, A, student, "parent-copy").state == "APPLIED"
    lines = [one for one in log(office, student) if one.tracking in office.inbox(A, "backpack")]
    assert [(one.action, one.ground) for one in lines] == [("export-for-parent", "parent-inspection")]


def test_so_it_does_where_it_was_held_meanwhile(office: Office) -> None:
    student = enrolled(office, A, B)
    store(office, A, student)
    office.collect(B)
    office.drop(B, documents.record_request(**{"from": B, "student": student, "want": "parent-copy"}))
    office.work(Stage.ADMIT)
    put(office, student)
    office.work()
    assert not office.inbox(B, "backpack")
    lift(office, student)
    lines = [one for one in log(office, student) if one.tracking in office.inbox(B, "backpack")]
    stopped, given = [(one.action, one.outcome, one.ground) for one in lines]
    assert stopped == ("send-record", "refused", "flagged")
    assert given == ("export-for-parent", "allowed", "parent-inspection")


@pytest.mark.parametrize(("lea", "action", "ground"), [(B, "read-backpack", "teaches"), (A, "read-own-time", "taught")])
def test_what_a_school_asks_for_itself_goes_on_its_own_ground(
    office: Office, lea: str, action: str, ground: str
) -> None:
    student = enrolled(office, C, A, B)
    store(office, C, student)
    for one in (A, B):
        office.collect(one)
    ask(office, lea, student, "backpack")
    lines = [one for one in log(office, student) if one.tracking in office.inbox(lea, "backpack")]
    assert [(one.action, one.ground) for one in lines] == [(action, ground)]


# corrections


def test_a_correction_after_it_was_collected_has_its_line(office: Office) -> None:
    student = enrolled(office, A, B)
    first = office.send(A, desk.record(A, student))
    office.collect(B)
    second = office.send(A, desk.record(A, student))
    assert second.replaces == first.tracking
    third = office.send(A, desk.record(A, student))  # in the place of one that nobody had collected
    lines = [one for one in log(office, student) if one.action == "correct-record"]
    assert [(one.outcome, one.party, one.source, one.ground) for one in lines] == [("allowed", A, A, "own-record")] * 3
    assert [one.tracking for one in lines] == [first.tracking, second.tracking, first.tracking]
    assert [one.replaces for one in (second, third)] == [first.tracking] * 2


def test_the_first_record_corrects_nothing(office: Office) -> None:
    student = enrolled(office, A, B)
    office.send(A, desk.record(A, student))
    assert not [one for one in log(office, student) if one.action == "correct-record"]


# what LEAs and parents read of it


def put(office: Office, student: Mapping[str, Any]) -> None:
    with writing(office.services.engine) as connection:
        missing.put(office.services, connection, student["ssid"], "Jo", "notice of the police")


def lift(office: Office, student: Mapping[str, Any]) -> None:
    with writing(office.services.engine) as connection:
        missing.lift(office.services, connection, student["ssid"], "Jo", "found")
    office.work()


def happens(office: Office, *, is_flagged: bool) -> list[dict[str, Any]]:
    """A student is asked for in every way, while flagged or not; what B reads of these packets then, but for ids and
    times. That B itself could not be given the record when it enrolled a flagged child is told beside that."""
    student = enrolled(office, A, B)
    if is_flagged:
        put(office, student)
    vague = {"legal_name": student["legal_name"], "birth_date": "2001-01-01", "ssid": student["ssid"]}
    for want in ("record", "backpack"):
        ask(office, C, student, want)  # a stranger
        ask(office, C, vague, want)  # nobody knows whom it means
        ask(office, A, student, want)  # the school of before
    ask(office, B, student, "record")
    office.send(C, desk.record(C, student))  # who never had the student
    if is_flagged:
        lift(office, student)
    office.send(A, desk.record(A, student))
    lines = [one for one in told(office, B, student) if office.row(one["tracking"]).type != "enrollment"]
    mine = {student["ssid"]: "SSID"}
    return [{name: mine.get(value, value) for name, value in one.items() if name not in _OWN} for one in lines]


_OWN = ("at", "tracking")


def test_what_was_asked_for_meanwhile_reads_as_of_a_student_who_was_never_flagged(office: Office) -> None:
    def by_text(lines: list[dict[str, Any]]) -> list[str]:
        return sorted(json.dumps(one) for one in lines)

    flagged, other = happens(office, is_flagged=True), happens(office, is_flagged=False)
    assert by_text(flagged) == by_text(other)
    assert {one["outcome"] for one in other} == {"allowed", "refused"}


def test_every_refusal_reads_alike(office: Office) -> None:
    lines = [one for one in happens(office, is_flagged=True) if one["outcome"] == "refused"]
    assert len(lines) > 3
    assert {one["ground"] for one in lines} == {""}
    assert not [one for one in lines if "because" in one["sentence"]]


def test_what_was_refused_for_a_flag_reads_like_any_other_refusal(office: Office) -> None:
    flagged, other = enrolled(office, A), enrolled(office, A)
    put(office, flagged)
    office.enroll(B, flagged, date="2026-11-20")
    lift(office, flagged)
    ask(office, B, other, "record")  # refused, for it never had the student
    office.enroll(B, other, date="2026-11-20")
    lines = []
    for student in (flagged, other):
        refused = [one for one in told(office, B, student) if one["outcome"] == "refused"]
        lines += [{name: value for name, value in one.items() if name not in ("ssid", *_OWN)} for one in refused]
    assert len(lines) == 2
    assert lines[0] == lines[1]
    assert "asked for the school record and did not get it." in lines[0]["sentence"]
