"""However many questions of an LEA are open, what it sends next costs what it cost before, and so does its answer."""

import itertools
from pathlib import Path
from typing import Any

import pytest

from broker.core.flow import Stage
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.people import reviews
from broker.students import decide
from tests.support import desk, transactions
from tests.support.office import Office
from tests.support.transactions import Transaction

A = "6G"
FEW, MANY = 40, 160
NUMBER = "990117"  # an LEA's own number, that it gives to everybody


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path, A)


def enrolled(office: Office, count: int, born: str = "") -> list[dict[str, Any]]:
    """Children of the LEA's own, each with the SSID; all of one birthday where it is given."""
    known = [one | ({"birth_date": born} if born else {}) for one in desk.children(count)]
    answers = office.enroll(A, *known, date="2025-08-18")
    return [one | {"ssid": line["ssid"]} for one, line in zip(known, answers, strict=True)]


def asked(office: Office, known: list[dict[str, Any]], count: int) -> None:
    """Send so many lines that may be about these children, a letter apart, or not."""
    before = waiting(office)
    doubtful = []
    for number in range(count):
        sent = {name: part for name, part in known[number % len(known)].items() if name != "ssid"}
        name = sent["legal_name"] | {"first": sent["legal_name"]["first"] + "x"}
        doubtful.append(sent | {"legal_name": name, "local_id": NUMBER})
    answers = office.enroll(A, *doubtful)
    assert {line["answer"] for line in answers} == {"review"}
    assert waiting(office) == before + count


def waiting(office: Office) -> int:
    with reading(office.services.engine) as connection:
        return reviews.count_open(connection)[0]


def costliest(office: Office, *students: dict[str, Any], school: str = "704") -> Transaction:
    """Send these lines; the transaction that did most."""
    document = desk.enrollment(A, *students, date="2026-09-01")
    for line in document["students"]:
        line["school"] = school
    tracking = office.drop(A, document)
    with transactions.counted(office.services.engine) as done:
        office.work(Stage.ADMIT)
    assert office.row(tracking).state == "APPLIED"
    return Transaction(max(one.statements for one in done), 0, max(one.steps for one in done))


def test_a_line_reads_no_question_that_it_has_nothing_to_do_with(office: Office) -> None:
    known = enrolled(office, 12)
    costs = []
    for more, own in ((FEW, 10), (MANY - FEW, 11)):
        asked(office, known[:8], more)
        costs.append(costliest(office, known[own]))
    assert costs[1].statements <= costs[0].statements
    assert costs[1].steps <= costs[0].steps * 1.5


def test_lines_of_one_number_are_not_each_held_against_each_question(office: Office) -> None:
    known = enrolled(office, 40)
    costliest(office, *(one | {"local_id": NUMBER} for one in known[30:]))  # there are others of the number before
    costs = []
    for more, own in ((FEW, known[10:20]), (MANY - FEW, known[20:30])):
        asked(office, known[:8], more)
        costs.append(costliest(office, *(one | {"local_id": NUMBER} for one in own)))
    assert costs[1].statements <= costs[0].statements
    assert costs[1].steps <= costs[0].steps * 1.5
    assert costs[1].statements < 10 * 60


def test_a_line_settles_no_more_than_a_student_may_have_and_the_next_ones_go_on(office: Office) -> None:
    known = enrolled(office, 9, born="2013-05-05")
    asked(office, known[:8], MANY)
    most = office.services.settings.told.questions
    left = [MANY]
    while left[-1] and len(left) < 20:
        costliest(office, known[0] | {"local_id": NUMBER})
        left.append(waiting(office))
    assert left[-1] == 0
    assert max(before - after for before, after in itertools.pairwise(left)) <= 2 * most


def test_a_question_that_is_put_again_brings_none_of_its_packets_others_with_it(office: Office) -> None:
    known = enrolled(office, 8)
    asked(office, known, FEW)
    tracking = office.newest_notice(A, "review")["questions"][0]["tracking"]
    with transactions.counted(office.services.engine) as done, writing(office.services.engine) as connection:
        decide.ask_again(office.services, connection, tracking, [3])
    again = office.newest_notice(A, "review")["questions"]
    assert [one["line"] for one in again] == [3]
    assert max(one.statements for one in done) < FEW
