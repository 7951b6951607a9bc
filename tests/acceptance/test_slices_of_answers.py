"""Many answers to questions are carried out in slices, all or none."""

from pathlib import Path
from typing import Any

import pytest

from broker.core.errors import Deferred
from broker.core.flow import Stage
from broker.core.review import By, Choice, Verb
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.people import reviews
from broker.stages import admit
from broker.stages.applied import review_answer as stages_replies
from broker.students import decide
from tests.support import desk, documents, transactions
from tests.support.office import Office
from tests.support.slices import MANY, ROWS_A_LINE, A, B, answer_of, left_of, office_of, stays_of


def misspelt(child: dict[str, Any]) -> dict[str, Any]:
    """So that it may be somebody else: of one surname and birth date, as twins are, a candidate is shown."""
    name = child["legal_name"]
    return child | {
        "legal_name": name | {"first": f"{name['first'][:-2]}o{name['first'][-1]}y"},
        "local_id": f"{child['local_id']}-",
    }


def in_doubt(office: Office, count: int) -> str:
    """B enrolls so many children of A whose first name it spells otherwise; its packet, which asks about each."""
    office.enroll(A, *MANY[:count])
    near = [misspelt(one) for one in MANY[:count]]
    tracking = office.drop(B, desk.enrollment(B, *near, date="2026-11-20"))
    office.work()
    assert [line["answer"] for line in answer_of(office, B)] == ["review"] * count
    return tracking


def replies(office: Office, tracking: str, count: int, **last: Any) -> str:
    """B's answers, dropped; `last` is what the last one says else."""
    reply = {"tracking": tracking, "decision": "same", "candidate": "A", "why": "the birth certificate"}
    said = [reply | {"line": line} for line in range(count)]
    said[-1] |= last
    return office.drop(B, documents.review_answer(**{"from": B, "answers": said}))


def open_of(office: Office) -> int:
    with reading(office.services.engine) as connection:
        return reviews.count_open(connection)[0]


def test_many_answers_are_carried_out_in_slices(tmp_path: Path) -> None:
    office = office_of(tmp_path, per=12)
    tracking = in_doubt(office, 10)
    answered = replies(office, tracking, 10)
    with transactions.counted(office.services.engine) as done:
        office.work(Stage.ADMIT)
    assert (office.row(answered).state, open_of(office), stays_of(office)) == ("APPLIED", 0, 20)
    assert max(one.written for one in done) <= 3 * 2 * ROWS_A_LINE
    assert len(office.notices(B, "ssid")) == 11
    assert left_of(office) == 0


def test_of_many_answers_all_are_carried_out_or_none(tmp_path: Path) -> None:
    office = office_of(tmp_path, per=12)
    tracking = in_doubt(office, 10)
    refused = replies(office, tracking, 10, candidate="Q")
    twice = replies(office, tracking, 10, line=0, candidate="B")
    office.work()
    assert [(office.row(one).state, office.row(one).code) for one in (refused, twice)] == [
        ("REFUSED", "unknown-candidate"),
        ("REFUSED", "already-decided"),
    ]
    assert (open_of(office), stays_of(office), left_of(office)) == (10, 10, 0)


def test_a_question_that_the_state_decides_between_two_slices_stays_decided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = office_of(tmp_path, per=12)
    tracking = in_doubt(office, 10)
    answered = replies(office, tracking, 10)
    real, seen = stages_replies.give_way, list[Any]()

    def between() -> None:
        real()
        if not seen:
            with writing(office.services.engine) as connection:
                none = Choice(Verb.NONE)
                seen.append(decide.decide(office.services, connection, tracking, 9, none, By("an officer", "a reason")))

    monkeypatch.setattr(stages_replies, "give_way", between)
    office.work()
    assert (seen, office.row(answered).state) == ([decide.Result.DONE], "APPLIED")
    assert (open_of(office), stays_of(office)) == (0, 19)
    with reading(office.services.engine) as connection:
        assert [one.verb for one in reviews.history(connection, tracking, 9)] == [Verb.NONE]


def test_a_line_is_not_decided_while_others_of_its_packet_are_carried_out(tmp_path: Path) -> None:
    office = office_of(tmp_path, turn=5)
    office.enroll(A, MANY[0])
    near = MANY[0] | {"birth_date": f"{int(MANY[0]['birth_date'][:4]) - 1}{MANY[0]['birth_date'][4:]}"}
    tracking = office.drop(B, desk.enrollment(B, near, *MANY[1:]))
    admit.run(office.services, [tracking])
    assert (office.row(tracking).state, open_of(office)) == ("RECEIVED", 1)
    decision = (tracking, 0, Choice(Verb.NONE), By("an officer", "a reason"))
    with writing(office.services.engine) as connection, pytest.raises(Deferred, match="carried out"):
        decide.decide(office.services, connection, *decision)
    office.work()
    assert office.row(tracking).state == "APPLIED"
    assert len(office.notices(B, "review")) == 1
    with writing(office.services.engine) as connection:
        assert decide.decide(office.services, connection, *decision) is decide.Result.DONE


def test_questions_about_one_child_come_to_an_end(tmp_path: Path) -> None:
    office = office_of(tmp_path, per=100)
    office.enroll(A, MANY[0])  # its own: how often it may guess at another LEA's is bounded by less
    near = [misspelt(MANY[0]) | {"local_id": str(n)} for n in range(25)]
    asked = office.send(A, desk.enrollment(A, *near))
    said = [(line["answer"], line["why"]) for line in office.newest_notice(A, "ssid")["students"]]
    assert said == [("review", "not-sure")] * 20 + [("refused", "too-many-questions")] * 5
    office.answer(A, asked.tracking, 0, "none")
    more = office.enroll(A, *near[:2])
    assert [line["why"] for line in more] == ["not-sure", "too-many-questions"]
