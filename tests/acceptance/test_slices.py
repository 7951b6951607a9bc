"""A packet of many lines is carried out in slices: nobody else waits longer than for one, and it ends as if it had been
one transaction."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.core.flow import Stage
from broker.edge.ledger import tables
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.packets import slices
from broker.edge.ledger.people import flags
from broker.flags import missing
from broker.packets.batch import run
from broker.stages import admit
from broker.students import enroll
from broker.students.many import in_slices
from tests.support import desk, documents, postgres, transactions
from tests.support.slices import MANY, ROWS_A_LINE, A, B, answer_of, left_of, office_of, stays_of


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with postgres.server() as url:
        yield url


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_no_transaction_carries_out_more_than_its_lines(
    tmp_path: Path, database: str, request: pytest.FixtureRequest
) -> None:
    office = office_of(tmp_path, url=request.getfixturevalue("postgres_url") if database == "postgresql" else "")
    tracking = office.drop(A, desk.enrollment(A, *MANY))
    with transactions.counted(office.services.engine) as done:
        office.work(Stage.ADMIT)
    assert office.row(tracking).state == "APPLIED"
    assert sum(one.written for one in done) > len(MANY) * 10
    assert max(one.written for one in done) <= 5 * ROWS_A_LINE
    assert [line["answer"] for line in answer_of(office)] == ["assigned"] * len(MANY)
    assert [line["line"] for line in answer_of(office)] == list(range(len(MANY)))
    assert (left_of(office), stays_of(office)) == (0, len(MANY))


def test_small_packets_of_one_message_share_no_more_lines_than_one_transaction_may_have(tmp_path: Path) -> None:
    office = office_of(tmp_path)
    sent = [office.drop(A, desk.enrollment(A, *MANY[n : n + 4])) for n in range(0, 20, 4)]
    with transactions.counted(office.services.engine) as done:
        admit.run(office.services, sent)
    assert {office.row(one).state for one in sent} == {"APPLIED"}
    assert max(one.written for one in done) <= 5 * ROWS_A_LINE
    assert stays_of(office) == 20


def test_a_slice_of_costly_lines_ends_behind_the_line_in_hand(tmp_path: Path) -> None:
    office = office_of(tmp_path, transaction_ms=0)
    tracking = office.drop(A, desk.enrollment(A, *MANY[:7]))
    with transactions.counted(office.services.engine) as done:
        office.work(Stage.ADMIT)
    assert office.row(tracking).state == "APPLIED"
    assert max(one.written for one in done) <= 2 * ROWS_A_LINE
    assert stays_of(office) == 7


class Killed(BaseException):
    """Stands where `kill -9` stands: nothing catches it."""


def dies_at(call: int) -> Callable[..., Any]:
    """`slices.put`, until this call of it."""
    real, left = slices.put, iter(range(call))

    def put(*args: Any) -> None:
        if next(left, None) is None:
            raise Killed
        real(*args)

    return put


@pytest.mark.parametrize("call", [0, 1, 3])
def test_who_dies_between_or_in_slices_leaves_nothing_undone_and_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    office = office_of(tmp_path)
    tracking = office.drop(A, desk.enrollment(A, *MANY))
    with monkeypatch.context() as patched:
        patched.setattr(slices, "put", dies_at(call))
        with pytest.raises(Killed):
            office.work(Stage.ADMIT)
    assert (left_of(office), stays_of(office)) == (call, call * 5)
    assert office.notices(A, "ssid") == []
    office.ahead_of_leases()
    office.work()
    assert office.row(tracking).state == "APPLIED"
    assert {line["answer"] for line in answer_of(office)} == {"assigned"}
    assert (left_of(office), stays_of(office)) == (0, len(MANY))


@pytest.mark.parametrize("where", ["follow_some", "arrived", "answered"])
def test_who_dies_behind_the_last_line_is_followed_up_and_answered_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    office = office_of(tmp_path)
    office.enroll(B, *MANY, date="2026-08-10")
    tracking = office.drop(A, desk.enrollment(A, *MANY))

    def dies(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(enroll, where, dies)
        with pytest.raises(Killed):
            office.work(Stage.ADMIT)
    assert office.notices(A, "ssid") == []
    office.ahead_of_leases()
    office.work()
    assert office.row(tracking).state == "APPLIED"
    assert {line["answer"] for line in answer_of(office)} == {"matched"}
    assert len(office.notices(B, "record-request")) == len(MANY)
    assert left_of(office) == 0


def test_the_state_is_told_once_of_a_flagged_child_whose_line_was_before_the_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = office_of(tmp_path)
    ssid = office.enroll(B, MANY[2], date="2026-08-10")[0]["ssid"]
    with writing(office.services.engine) as connection:
        missing.put(office.services, connection, ssid, "an officer", "a reason")
    tracking = office.drop(A, desk.enrollment(A, *MANY, MANY[2], date="2026-11-20"))
    with monkeypatch.context() as patched:
        patched.setattr(slices, "put", dies_at(2))
        with pytest.raises(Killed):
            office.work(Stage.ADMIT)
    office.ahead_of_leases()
    office.work()
    assert office.row(tracking).state == "APPLIED"
    with reading(office.services.engine) as connection:
        told = [(one.kind, one.ssid, one.tracking) for one in flags.alerts_of(connection)]
    assert told == [("enrollment", ssid, tracking)]


def test_two_workers_carry_out_two_packets_about_the_same_children(tmp_path: Path, postgres_url: str) -> None:
    office = office_of(tmp_path, url=postgres_url)
    sent = [office.drop(lea, desk.enrollment(lea, *order, date="2026-11-20")) for lea, order in ORDERS.items()]
    workers = [replace(office.services, worker=f"worker-{n}") for n in range(2)]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda one: admit.run(one[0], [one[1]]), zip(workers, sent, strict=True)))
    office.work()
    assert [office.row(one).state for one in sent] == ["APPLIED", "APPLIED"]
    assert stays_of(office) == 2 * len(MANY)
    found = [Counter(line["answer"] for line in answer_of(office, lea)) for lea in ORDERS]
    assert found[0] + found[1] == {"assigned": len(MANY), "matched": len(MANY)}


ORDERS = {A: MANY, B: MANY[::-1]}


def test_another_leas_line_comes_in_between_two_slices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    office = office_of(tmp_path)
    tracking = office.drop(A, desk.enrollment(A, *MANY))
    other = office.drop(B, desk.enrollment(B, MANY[-1], date="2026-11-20"))
    real, seen = in_slices.give_way, list[str]()

    def between() -> None:
        real()
        if not seen:
            seen.append("")
            run(office.services, [admit.PLAN], [other])
            seen.append(str(office.row(tracking).state))

    monkeypatch.setattr(in_slices, "give_way", between)
    office.work()
    assert seen == ["", "RECEIVED"]
    assert (office.row(other).state, office.row(tracking).state) == ("APPLIED", "APPLIED")
    assert [line["answer"] for line in answer_of(office)].count("matched") == 1


def test_a_packet_has_its_turn_and_then_others_have_theirs(tmp_path: Path) -> None:
    office = office_of(tmp_path, turn=10)
    tracking = office.drop(A, desk.enrollment(A, *MANY))
    other = office.drop(B, desk.enrollment(B, desk.child("Bo", "Zander", "2012-03-04")))
    admit.run(office.services, [tracking, other])
    assert (office.row(tracking).state, office.row(other).state) == ("RECEIVED", "APPLIED")
    assert (stays_of(office), office.row(tracking).attempts, office.row(tracking).claim) == (11, 0, "")
    assert (Stage.ADMIT, tracking) in office.told.standing
    office.work()
    assert office.row(tracking).state == "APPLIED"
    assert stays_of(office) == len(MANY) + 1
    assert len(answer_of(office)) == len(MANY)


def test_the_same_document_again_is_a_duplicate_also_between_two_slices(tmp_path: Path) -> None:
    office = office_of(tmp_path, turn=10)
    document = desk.enrollment(A, *MANY)
    first, again = office.drop(A, document), office.drop(A, document)
    admit.run(office.services, [first])
    admit.run(office.services, [again])
    assert (office.row(first).state, office.row(again).state) == ("RECEIVED", "DUPLICATE")
    office.work()
    assert office.row(first).state == "APPLIED"
    assert len(answer_of(office)) == len(MANY)


def test_who_lost_the_packet_between_two_slices_does_nothing_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = office_of(tmp_path)
    tracking = office.drop(A, desk.enrollment(A, *MANY))
    real, seen = in_slices.give_way, list[int]()

    def taken() -> None:
        real()
        if not seen:
            seen.append(stays_of(office))
            with writing(office.services.engine) as connection:
                mine = tables.packets.c.tracking == tracking
                connection.execute(tables.packets.update().where(mine).values(claim="other:1"))

    monkeypatch.setattr(in_slices, "give_way", taken)
    admit.run(office.services, [tracking])
    assert (seen, stays_of(office)) == ([5], 5)
    assert (office.row(tracking).state, office.row(tracking).claim) == ("RECEIVED", "other:1")


def test_a_packet_that_is_being_carried_out_is_not_recalled(tmp_path: Path) -> None:
    office = office_of(tmp_path, turn=10)
    tracking = office.drop(A, desk.enrollment(A, *MANY))
    admit.run(office.services, [tracking])
    recall = office.drop(A, documents.recall(**{"from": A, "tracking": tracking}))
    admit.run(office.services, [recall])
    assert (office.row(tracking).state, office.row(recall).state) == ("RECEIVED", "RECEIVED")
    office.work()
    office.ahead_of_retries()
    office.work()
    assert (office.row(tracking).state, office.row(recall).code) == ("APPLIED", "carried-out")


def test_a_later_line_that_fails_three_times_leaves_the_earlier_ones_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = office_of(tmp_path)
    office.enroll(B, *MANY, date="2026-08-10")
    document = desk.enrollment(A, *MANY)
    tracking = office.drop(A, document)
    real = enroll.settle

    def fails(services: Any, connection: Any, row: Any, wish: Any, *more: Any) -> Any:
        if wish.line == 12:
            raise KeyError("a bug")
        return real(services, connection, row, wish, *more)

    with monkeypatch.context() as patched:
        patched.setattr(enroll, "settle", fails)
        for _ in range(5):
            office.work()
            office.ahead_of_retries()
    assert (office.row(tracking).state, office.row(tracking).code) == ("REFUSED", "poison")
    assert [(line["line"], line["answer"]) for line in answer_of(office)] == [(n, "matched") for n in range(10)]
    assert len(office.notices(B, "record-request")) == 10
    assert left_of(office) == 0
    again = office.send(A, document | {"created": "2026-11-23T10:00:01-07:00"})
    assert again.state == "APPLIED"
    assert len(office.notices(B, "record-request")) == len(MANY)
