"""An LEA says `new` of a student where a flagged child is a candidate: nothing is done until the state has decided, and
the LEA is told what it is always told."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from broker.core.transfer import TransferState
from broker.edge.ledger.cases import transfers
from broker.edge.ledger.engine import reading
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.people import registry
from tests.support import desk
from tests.support.flagged import BY, KINDS, LEAS, STATE, UNIVERSITY, A, B, C, Child
from tests.support.office import Office

CLASS = iter(desk.children(60, 7000))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = Office(tmp_path_factory.mktemp("answers"), *LEAS, STATE, UNIVERSITY, kinds=KINDS)
    yield made
    made.services.engine.dispose()


@pytest.fixture
def child(office: Office) -> Child:
    """At A, and flagged."""
    made = Child(office, next(CLASS), is_flagged=True)
    made.at(A)
    made.flag()
    return made


def asked(child: Child) -> PacketRow:
    """B enrolls one who may be the child, and says that it is a new student."""
    question = child.enrolls(B, student=child.alike())
    said = child.replies(B, question, "new")
    assert (said.state, said.code) == ("APPLIED", "")
    return question


def students(office: Office) -> int:
    with reading(office.services.engine) as connection:
        return registry.count(connection)


def listed(child: Child, question: PacketRow, *more: str) -> list[dict[str, Any]]:
    every = json.loads(child.command("review", "list", "--json", *more))
    return [one for one in every if one["tracking"] == question.tracking]


def answers(office: Office, question: PacketRow) -> list[str]:
    told = [one for one in office.notices(B, "ssid") if one["answers"] == question.packet_id]
    return [line["answer"] for one in told for line in one["students"]]


def test_nothing_is_done_and_the_question_waits_for_the_state(office: Office, child: Child) -> None:
    before = students(office)
    question = asked(child)
    assert students(office) == before
    assert answers(office, question) == ["review"]
    assert [one["answered"] for one in listed(child, question)] == ["new"]
    shown = child.command("review", "show", question.tracking)
    assert f"LEA {B} has answered: new, because: asked the family" in " ".join(shown.split())
    assert f"LEA {B} says: new" in child.command("review", "list")


def test_what_the_state_decides_is_carried_out_and_told(office: Office, child: Child) -> None:
    question = asked(child)
    child.command("review", "decide", question.tracking, "--new", *BY)
    assert answers(office, question) == ["review", "assigned"]
    assert child.answer(B)["ssid"] != child.ssid
    assert listed(child, question) == []
    assert child.replies(B, question, "new").state == "APPLIED"  # the same as was decided


def test_the_state_may_say_that_it_is_the_child(office: Office, child: Child) -> None:
    question = asked(child)
    child.command("review", "decide", question.tracking, "--same", "A", *BY)
    assert answers(office, question) == ["review", "matched"]
    with reading(office.services.engine) as connection:
        (case,) = transfers.about(connection, child.ssid)
    assert (case.source, case.destination, case.state) == (A, B, TransferState.BLOCKED)


def test_the_same_again_changes_nothing_and_another_answer_is_refused_as_ever(office: Office, child: Child) -> None:
    question = asked(child)
    before = students(office)
    assert child.replies(B, question, "new").state == "APPLIED"
    assert [(one.kind, one.lea) for one in child.told] == [("answer", B)]  # another packet
    for decision, more in (("same", {"candidate": "A"}), ("none", {})):
        refused = child.replies(B, question, decision, **more)
        assert (refused.state, refused.code) == ("REFUSED", "already-decided")
    assert students(office) == before
    assert len(listed(child, question)) == 1


def test_what_is_answered_is_not_asked_again_with_the_rest_of_the_packet(office: Office, child: Child) -> None:
    other = Child(office, next(CLASS), is_flagged=False)
    other.at(A)
    question = child.send(B, desk.enrollment(B, child.alike(), other.alike(), date="2026-11-20"))
    assert child.replies(B, question, "new").state == "APPLIED"
    # somebody turns up who fits the other line as well, so that B is asked again
    other.enrolls(C, "2026-11-20", student=other.alike() | {"local_id": "C-1"})
    asked_of_c = other.office.newest_notice(C, "review")["questions"][0]["tracking"]
    other.command("review", "decide", asked_of_c, "--new", *BY)
    assert child.replies(B, question, "same", line=1, candidate="A").state == "APPLIED"
    again = [one for one in office.notices(B, "review") if one["about"].get("id") == question.packet_id]
    assert [len(one["questions"]) for one in again] == [2, 1]


def test_when_the_flag_is_lifted_the_state_is_told_what_waits_for_it(office: Office, child: Child) -> None:
    question = asked(child)
    said = child.command("student", "unflag", child.ssid, *BY)
    assert f"{question.tracking} (student 1)" in said
    assert students(office)
    assert answers(office, question) == ["review"]  # it may be the very child that was found
    again = Child(office, next(CLASS), is_flagged=True)
    again.at(A)
    again.flag()
    assert "wait" not in again.command("student", "unflag", again.ssid, *BY)


def test_a_decision_that_is_taken_back_is_the_leas_again(office: Office, child: Child) -> None:
    question = asked(child)
    child.command("review", "decide", question.tracking, "--new", *BY)
    child.command("review", "undo", question.tracking, *BY)
    assert [one["answered"] for one in listed(child, question)] == [""]
    assert child.replies(B, question, "same", candidate="A").state == "APPLIED"
    assert answers(office, question)[-1] == "matched"
