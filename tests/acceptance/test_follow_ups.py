"""Many students move by one packet: their cases are worked in slices, and come out as if none had waited."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from broker.core.flow import Stage
from broker.edge.ledger.cases import follow_ups, transfers
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.people import flags
from broker.flags import missing
from broker.stages.sweep.follow_ups import follow_up_some
from broker.transfers import desk as transfer_desk
from tests.support import desk, postgres
from tests.support.exchange import satchel
from tests.support.office import Office
from tests.support.scale import larger

A, B, C = "01", "6G", "7K"
STAGES = (Stage.ADMIT, Stage.ROUTE, Stage.DELIVER)  # all, and not the sweeper's slices
CHILDREN = desk.children(3)
LAST = CHILDREN[-1]
ME = ("an officer", "a reason")


def office_of(root: Path, limit: int, url: str = "") -> Office:
    made = Office(root, A, B, C, ledger_url=url)
    settings = made.services.settings
    limits = replace(settings.limits, cases_per_transaction=limit)
    made.services = replace(made.services, settings=replace(settings, limits=limits))
    return made


def send(office: Office, lea: str, document: dict[str, Any]) -> str:
    """Send a document, and let nobody follow up who waits; its state then."""
    tracking = office.drop(lea, document)
    office.work(*STAGES)
    return str(office.row(tracking).state)


def waiting(office: Office) -> int:
    with reading(office.services.engine) as connection:
        return follow_ups.count(connection)


def numbers(office: Office) -> list[str]:
    """Those of the children, as A knows them."""
    return [str(line["ssid"]) for line in office.notices(A, "ssid")[0]["students"]]


def begin(office: Office) -> list[str]:
    """The children are at A, and move to B by one packet."""
    office.enroll(A, *CHILDREN, date="2026-08-17")
    assert send(office, B, desk.enrollment(B, *CHILDREN, date="2026-11-20")) == "APPLIED"
    return numbers(office)


def found(office: Office) -> dict[str, Any]:
    """What everybody has in the end, but for numbers and times."""
    office.work()
    known = numbers(office)
    name = {ssid: str(n) for n, ssid in enumerate(known)}
    with reading(office.services.engine) as connection:
        cases = [
            [(one.source, one.destination, str(one.state), one.reason, one.due_on) for one in rows]
            for rows in (transfers.about(connection, ssid) for ssid in known)
        ]
        alerts = sorted((one.kind, known.index(one.ssid), one.lea) for one in flags.alerts_of(connection))
    inboxes = {lea: (len(office.inbox(lea, "student-record")), len(office.inbox(lea, "backpack"))) for lea in (A, B, C)}
    told = {
        lea: sorted(
            (one["event"], name.get(case["ssid"], "another"))
            for one in office.notices(lea, "transfer")
            for case in one["transfers"]
        )
        for lea in (A, B, C)
    }
    asked = {
        lea: sorted(name.get(one["student"]["ssid"], "another") for one in office.notices(lea, "record-request"))
        for lea in (A, B)
    }
    return {"cases": cases, "alerts": alerts, "inboxes": inboxes, "told": told, "asked": asked}


def flag(office: Office) -> None:
    with writing(office.services.engine) as connection:
        missing.put(office.services, connection, numbers(office)[-1], *ME)


def unflag(office: Office) -> None:
    with writing(office.services.engine) as connection:
        missing.lift(office.services, connection, numbers(office)[-1], *ME)


def merge(office: Office) -> None:
    other = desk.child("Bo", "Zander", "2012-03-04", local_id="twin")
    send(office, C, desk.enrollment(C, other, date="2026-11-21"))
    number = office.newest_notice(C, "ssid")["students"][0]["ssid"]
    who = ("--who", "Jo", "--why", "the same child", "--sure")
    satchel("student", "merge", number, numbers(office)[-1], *who, *office.exchange.at)
    satchel("student", "unmerge", number, numbers(office)[-1], *who[:4], *office.exchange.at)


def overnight(office: Office) -> None:
    office.ahead += timedelta(days=3)


def sends(lea: str, document: dict[str, Any]) -> Callable[[Office], None]:
    return lambda office: _sent(office, lea, document)


def _sent(office: Office, lea: str, document: dict[str, Any]) -> None:
    send(office, lea, document)


MEANWHILE: dict[str, list[Callable[[Office], None]]] = {
    "nothing": [],
    "days": [overnight],
    "moves on": [sends(C, desk.enrollment(C, LAST, date="2026-11-22"))],
    "returns": [
        sends(A, desk.enrollment(A, LAST, event="exit", date="2026-11-20")),
        sends(A, desk.enrollment(A, LAST, date="2026-11-23")),
    ],
    "leaves": [sends(B, desk.enrollment(B, LAST, event="exit", date="2026-11-21"))],
    "withdrawn": [sends(B, desk.enrollment(B, LAST, event="exit", date="2026-11-20"))],
    "delivered": [sends(A, desk.record(A, LAST))],
    "flagged": [flag],
    "flagged and found": [flag, sends(A, desk.record(A, LAST)), unflag],
    "merged and parted": [merge],
}
# Whose record has come, or whom the state has flagged, before the turn of the student: nobody is asked for the record.
ASKED_LATER = {one: ["0", "1"] for one in ("delivered", "flagged", "flagged and found")}


# its own table has its contract on both databases
_THERE = [pytest.param(one, marks=pytest.mark.long) for one in ("merged and parted", "flagged and found")]


@pytest.mark.parametrize("meanwhile", ["leaves", *_THERE])
def test_on_postgresql_who_waits_ends_like_who_does_not(tmp_path: Path, meanwhile: str) -> None:
    urls = [postgres.made(f"{meanwhile} {limit}") for limit in (100, 1)]
    check_alike(tmp_path, meanwhile, *urls)


_WITHIN_OTHERS = ("nothing", "flagged")  # what "days" and "flagged and found" begin with


@pytest.mark.parametrize(
    "meanwhile", [pytest.param(one, marks=[pytest.mark.long] * (one in _WITHIN_OTHERS)) for one in MEANWHILE]
)
def test_who_waits_ends_like_who_does_not(tmp_path: Path, meanwhile: str) -> None:
    check_alike(tmp_path, meanwhile)


def check_alike(tmp_path: Path, meanwhile: str, *urls: str) -> None:
    ends = []
    for limit, url in zip((100, 1), urls or ("", ""), strict=True):
        office = office_of(tmp_path / str(limit), limit, url)
        begin(office)
        assert waiting(office) == (0 if limit == 100 else 2)
        for event in MEANWHILE[meanwhile]:
            event(office)
        ends.append(found(office))
        assert waiting(office) == 0
    if meanwhile in ASKED_LATER:
        assert [one.pop("asked") for one in ends] == [{A: ["0", "1", "2"], B: []}, {A: ASKED_LATER[meanwhile], B: []}]
        assert all(one.pop("told") for one in ends)
        for one in ends:  # nor is there a day on which the answer is due, while the state holds the case
            one["cases"] = [[case[:4] for case in cases] for cases in one["cases"]]
    assert ends[0] == ends[1]
    assert any(ends[0]["cases"])


def test_a_record_that_was_sent_ahead_is_let_go_with_its_student(tmp_path: Path) -> None:
    office = office_of(tmp_path, 1)
    office.enroll(A, *CHILDREN, date="2026-08-17")
    row = office.send(A, desk.record(A, LAST))
    assert row.state == "HELD"
    send(office, B, desk.enrollment(B, *CHILDREN, date="2026-11-20"))
    assert office.row(row.tracking).state == "HELD"
    got = found(office)
    assert office.row(row.tracking).state == "DELIVERED"
    assert got["cases"][-1][0][2:4] == ("answered", "")
    assert ("on-its-way", "2") in got["told"][B]
    assert got["asked"][A] == ["0", "1"]


def test_a_flagged_student_does_not_wait(tmp_path: Path) -> None:
    office = office_of(tmp_path, 1)
    office.enroll(A, *CHILDREN, date="2026-08-17")
    flag(office)
    send(office, B, desk.enrollment(B, *CHILDREN, date="2026-11-20"))
    with reading(office.services.engine) as connection:
        assert [one.kind for one in flags.alerts_of(connection)] == ["enrollment"]
    assert waiting(office) == 2
    assert [case[0][2] for case in found(office)["cases"]] == ["requested", "requested", "blocked"]


def test_a_case_begins_when_the_student_was_enrolled(tmp_path: Path) -> None:
    office = office_of(tmp_path, 1)
    known = begin(office)
    office.ahead += timedelta(days=3)
    office.work()
    with reading(office.services.engine) as connection:
        (first,), (last,) = transfers.about(connection, known[0]), transfers.about(connection, known[-1])
    assert (last.opened_at, last.requested_at, last.due_on) == (first.opened_at, first.requested_at, first.due_on)


@pytest.mark.grows
def test_hundreds_are_worked_by_slices_and_a_crash_between_or_in_them_loses_and_repeats_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = larger(20, 50)  # of a slice
    many = desk.children(5 * size + 10)
    office = office_of(tmp_path, size)
    office.enroll(A, *many, date="2026-08-17")
    send(office, B, desk.enrollment(B, *many, date="2026-11-20"))
    assert waiting(office) == 4 * size + 10
    assert follow_up_some(office.services) == size
    real, left = transfer_desk.reconcile, iter(range(size // 2))

    def dies(*args: Any, **more: Any) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt
        real(*args, **more)

    with monkeypatch.context() as patched:
        patched.setattr(transfer_desk, "reconcile", dies)
        with pytest.raises(KeyboardInterrupt):
            follow_up_some(office.services)
    assert waiting(office) == 3 * size + 10
    assert [follow_up_some(office.services) for _ in range(5)] == [size, size, size, 10, 0]
    with reading(office.services.engine) as connection:
        cases = transfers.listing(connection)
    assert (len(cases), len({case.ssid for case in cases})) == (len(many), len(many))
    letters = office.notices(B, "transfer")
    assert [len(one["transfers"]) for one in letters] == [size, size, size, size, size, 10]
    assert len(office.notices(A, "record-request")) == len(many)


def test_a_packet_of_too_many_who_wait_comes_back_later(tmp_path: Path) -> None:
    office = office_of(tmp_path, 1)
    known = begin(office)
    tracking = office.drop(C, desk.enrollment(C, *CHILDREN, date="2026-11-22"))
    office.work(*STAGES)
    assert (office.row(tracking).state, waiting(office)) == ("RECEIVED", 2)
    office.work()
    office.ahead_of_retries()
    office.work()
    assert office.row(tracking).state == "APPLIED"
    with reading(office.services.engine) as connection:
        ends = [[(one.source, one.destination) for one in transfers.about(connection, ssid)] for ssid in known]
    assert ends == [[(A, B), (A, C), (B, C)]] * 3


def test_a_bug_with_one_student_stops_nobody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    office = office_of(tmp_path, 1)
    begin(office)
    with reading(office.services.engine) as connection:
        unlucky = follow_ups.first(connection, 1)[0].ssid
    whole = transfer_desk.reconcile

    def reconcile(at: transfer_desk.Desk, number: str, **more: bool) -> None:
        if number == unlucky:
            raise KeyError(number)
        whole(at, number, **more)

    monkeypatch.setattr(transfer_desk, "reconcile", reconcile)
    assert [follow_up_some(office.services) for _ in range(4)] == [0, 1, 0, 0]
    assert waiting(office) == 1
    monkeypatch.setattr(transfer_desk, "reconcile", whole)
    assert follow_up_some(office.services) == 1
    with reading(office.services.engine) as connection:
        assert len(transfers.about(connection, unlucky)) == 1
