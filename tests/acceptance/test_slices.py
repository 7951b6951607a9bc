"""A packet of many lines is carried out in slices: nobody else waits longer than for one, and it ends as if it had been
one transaction."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from broker.core.errors import Deferred
from broker.core.flow import Stage
from broker.core.review import By, Choice, Verb
from broker.edge.ledger import tables
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.packets import slices
from broker.edge.ledger.people import flags, reviews
from broker.flags import missing
from broker.packets.batch import run
from broker.stages import admit
from broker.stages.applied import review_answer as stages_replies
from broker.students import decide, enroll, lines
from tests.support import desk, documents, ledgers, postgres, transactions
from tests.support.office import Office

A, B, C = "01", "6G", "7K"
MANY = desk.children(23)
_ROWS_A_LINE = 60  # written for a new child: a person, names, blocks, a stay; and the bookkeeping of the slice


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with postgres.server() as url:
        yield url


def office_of(root: Path, per: int = 5, turn: int = 1000, url: str = "", **limits: int) -> Office:
    if url:  # of the whole module
        ledgers.blank(root, url).dispose()
    made = Office(root, A, B, C, ledger_url=url)
    settings = made.services.settings
    bounds = {"lines_per_transaction": per, "lines_per_turn": turn, "transaction_ms": 1_000_000} | limits
    sliced = replace(settings.limits, **bounds)
    made.services = replace(made.services, settings=replace(settings, limits=sliced))
    return made


def answer_of(office: Office, lea: str = A) -> list[dict[str, Any]]:
    (notice,) = office.notices(lea, "ssid")
    lines_of: list[dict[str, Any]] = notice["students"]
    return lines_of


def left_of(office: Office) -> int:
    with reading(office.services.engine) as connection:
        found: int = connection.execute(select(func.count()).select_from(tables.packet_slices)).scalar_one()
    return found


def stays_of(office: Office) -> int:
    with reading(office.services.engine) as connection:
        found: int = connection.execute(select(func.count()).select_from(tables.enrollments)).scalar_one()
    return found


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
    assert max(one.written for one in done) <= 5 * _ROWS_A_LINE
    assert [line["answer"] for line in answer_of(office)] == ["assigned"] * len(MANY)
    assert [line["line"] for line in answer_of(office)] == list(range(len(MANY)))
    assert (left_of(office), stays_of(office)) == (0, len(MANY))


def test_small_packets_of_one_message_share_no_more_lines_than_one_transaction_may_have(tmp_path: Path) -> None:
    office = office_of(tmp_path)
    sent = [office.drop(A, desk.enrollment(A, *MANY[n : n + 4])) for n in range(0, 20, 4)]
    with transactions.counted(office.services.engine) as done:
        admit.run(office.services, sent)
    assert {office.row(one).state for one in sent} == {"APPLIED"}
    assert max(one.written for one in done) <= 5 * _ROWS_A_LINE
    assert stays_of(office) == 20


def test_a_slice_of_costly_lines_ends_behind_the_line_in_hand(tmp_path: Path) -> None:
    office = office_of(tmp_path, transaction_ms=0)
    tracking = office.drop(A, desk.enrollment(A, *MANY[:7]))
    with transactions.counted(office.services.engine) as done:
        office.work(Stage.ADMIT)
    assert office.row(tracking).state == "APPLIED"
    assert max(one.written for one in done) <= 2 * _ROWS_A_LINE
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
    real, seen = lines.give_way, list[str]()

    def between() -> None:
        real()
        if not seen:
            seen.append("")
            run(office.services, [admit.PLAN], [other])
            seen.append(str(office.row(tracking).state))

    monkeypatch.setattr(lines, "give_way", between)
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
    real, seen = lines.give_way, list[int]()

    def taken() -> None:
        real()
        if not seen:
            seen.append(stays_of(office))
            with writing(office.services.engine) as connection:
                mine = tables.packets.c.tracking == tracking
                connection.execute(tables.packets.update().where(mine).values(claim="other:1"))

    monkeypatch.setattr(lines, "give_way", taken)
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

    def fails(services: Any, connection: Any, row: Any, one: Any, *more: Any) -> Any:
        if one.line == 12:
            raise KeyError("a bug")
        return real(services, connection, row, one, *more)

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
    assert max(one.written for one in done) <= 3 * 2 * _ROWS_A_LINE
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
