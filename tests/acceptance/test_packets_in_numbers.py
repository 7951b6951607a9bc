"""However many records of one child an LEA has sent: what is done at once, when the child moves or the next one comes,
does not grow with them."""

from pathlib import Path
from typing import Any

import pytest

from broker.core.flow import Stage
from tests.support import desk, documents, transactions
from tests.support.office import Office
from tests.support.scale import larger

A, B = "6G", "01"
FEW, MANY = larger(55, 70), larger(90, 140)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path, A, B)


def enrolled(office: Office) -> dict[str, Any]:
    (known,) = desk.children(1)
    return known | {"ssid": office.enroll(A, known, date="2025-08-18")[0]["ssid"]}


def test_a_record_sent_every_night_costs_what_the_third_one_cost(office: Office) -> None:
    known = enrolled(office)
    office.enroll(B, known, date="2026-08-17")
    costs = []
    for _ in range(12):
        with transactions.counted(office.services.engine) as done:
            row = office.send(A, desk.record(A, known))
        assert row.state == "DELIVERED"
        costs.append(max(one.statements for one in done))
        office.collect(B)
    assert office.row(row.tracking).replaces
    assert max(costs[3:]) <= costs[2]


@pytest.mark.grows
def test_what_waited_for_a_child_goes_on_in_slices(tmp_path: Path) -> None:
    costs = []
    for many in (FEW, MANY):
        office = Office(tmp_path / str(many), A, B)
        known = enrolled(office)
        office.enroll(A, known, event="exit", date="2026-06-05")
        sent = [office.drop(A, desk.record(A, known)) for _ in range(many)]
        office.work()
        assert {office.row(one).held_for for one in sent} == {"enrollment"}
        with transactions.counted(office.services.engine) as done:
            office.drop(B, desk.enrollment(B, known | {"local_id": "Z"}))
            office.work(Stage.ADMIT)
        costs.append((max(one.statements for one in done), max(one.written for one in done)))
        office.work()
        office.ahead_of_retries()
        office.work()
        assert [office.row(one).state for one in sent] == [*["REFUSED"] * (many - 1), "DELIVERED"]
        office.services.engine.dispose()
    assert costs[1] <= costs[0]


def test_a_backpack_that_comes_late_reads_no_earlier_version(office: Office) -> None:
    known = enrolled(office)

    def sent() -> int:
        with transactions.counted(office.services.engine) as done:
            row = office.send(A, documents.backpack(**{"from": A, "student": known}))
        assert row.state == "APPLIED"
        return max(one.steps for one in done)

    sent()
    office.enroll(B, known | {"local_id": "Z"}, date="2026-08-17")
    costs = [sent() for _ in range(60)]
    assert max(costs[50:]) <= max(costs[5:15]) * 1.3
