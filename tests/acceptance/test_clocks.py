"""Who is asked for a record, and by when: the law to the letter (Utah 53A-11-504, 53A-1-1001, R277-419-5 and -6)."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from itertools import permutations
from typing import Any

import pytest

from broker.core.days.deadlines import Calendar, Clock, goes_on
from broker.edge import calendars
from broker.edge.ledger.engine import reading
from broker.oversight import transfer_ranking
from tests.support import documents
from tests.support.child import A, B, C, D, Story, day

Line = Mapping[str, Any]


# an arrival is an LEA that had not the student, however its reports are cut into packets


def two_schools(her: Story) -> list[Line]:
    return [her.line(B, day("11-20"), school="401"), her.line(B, day("11-20"), school="402")]


def one_after_the_other(her: Story) -> list[Line]:
    return [her.line(B, day("11-18"), school="401"), her.line(B, day("11-20"), school="402")]


def entry_exit_and_entry(her: Story) -> list[Line]:
    exit_ = her.line(B, day("11-19"), "exit")
    return [her.line(B, day("11-10")), exit_, her.line(B, day("11-20"))]


def last_year_too(her: Story) -> list[Line]:
    return [
        her.line(B, day("08-17", -1)),
        her.line(B, day("06-05"), "exit"),
        her.line(B, day("11-20")),
    ]


@pytest.mark.parametrize("stays", [two_schools, one_after_the_other, entry_exit_and_entry])
def test_several_stays_of_an_lea_are_one_arrival(her: Story, stays: Callable[[Story], list[Line]]) -> None:
    her.enter(A, day("08-17"))
    her.backpack_of(A)
    her.tell(B, *stays(her))
    assert her.live() == [(A, B)]
    assert her.office.newest_notice(A, "record-request")["student"]["ssid"] == her.ssid
    assert her.delivered("backpack", B)
    assert her.ask(B).state == "APPLIED"


@pytest.mark.parametrize("stays", [two_schools, one_after_the_other, entry_exit_and_entry])
def test_in_whatever_order_the_lines_stand(her: Story, stays: Callable[[Story], list[Line]]) -> None:
    her.enter(A, day("08-17"))
    lines = list(permutations(stays(her)))[-1]
    her.tell(B, *lines)
    (case,) = her.cases()
    assert (case.source, case.destination, case.state, case.entered_on) == (A, B, "requested", min(map(_entry, lines)))


def _entry(line: Line) -> str:
    return str(line["date"]) if line["event"] == "entry" else "9999"


def test_and_in_whatever_order_the_packets_come(her: Story) -> None:
    for line in [*entry_exit_and_entry(her)[::-1][:1], *entry_exit_and_entry(her)[:2]]:
        her.tell(B, line)
    her.enter(A, day("08-17"))  # told last of all
    (case,) = her.cases()
    assert (case.source, case.destination, case.state, case.entered_on) == (A, B, "requested", day("11-10"))


def test_a_rollover_that_comes_with_the_years_before_is_one_arrival(her: Story) -> None:
    her.enter(A, day("08-17", -2))
    her.tell(B, *last_year_too(her))
    assert her.live() == [(A, B)]


def test_two_lines_of_a_csv(her: Story) -> None:
    her.enter(A, day("08-17"))
    name = her.student["legal_name"]
    row = ["Retrieve", name["last"], name["first"], her.student["birth_date"], day("11-20")]
    header = "Request Type,Last Name,First Name,Birth Date,Entry Date,School"
    text = "\n".join([header, *(",".join([*row, school]) for school in ("401", "402"))]) + "\n"
    her.office.drop(B, text.encode(), name=f"REQ_{B}_{day('11-20').replace('-', '')}_1.csv.pgp")
    her.office.work()
    assert her.live() == [(A, B)]


# every LEA that is still open is asked, and the one left last


def open_and_left(her: Story) -> None:
    her.enter(A, day("08-20"))
    her.enter(C, day("09-10"))
    her.record_of(A)
    her.office.collect(C)
    her.leave(C, day("10-01"))


def test_every_lea_that_is_still_open_is_asked(her: Story) -> None:
    open_and_left(her)
    her.enter(B, day("11-20"))
    assert sorted(her.live()) == [(A, B), (C, B)]
    told = her.office.newest_notice(B, "transfer")
    assert {one["other"]["lea"] for one in told["transfers"]} == {A, C}


def test_also_where_two_are_open(her: Story) -> None:
    her.enter(A, day("08-20"))
    her.enter(C, day("09-10"))
    her.record_of(A)
    her.office.collect(C)
    her.enter(B, day("11-20"))
    assert sorted(her.live()) == [(A, B), (C, B)]


# the clock begins with the first request, and never again


def due(his: Story) -> str:
    return his.cases()[-1].due_on


def moved(his: Story) -> str:
    """The student is at B; until when A is in time."""
    his.enter(A, day("08-17"))
    his.enter(B, day("11-20"))
    return due(his)


def test_a_reminder_moves_no_deadline(his: Story) -> None:
    first = moved(his)
    before = his.cases()[-1]
    his.go_to("12-14")
    assert his.ask(B).state == "APPLIED"
    (case,) = his.cases()
    assert (case.due_on, case.requested_at, case.rule) == (first, before.requested_at, "answer")
    assert len(his.office.notices(A, "record-request")) == 2
    assert his.office.newest_notice(A, "record-request")["due_on"] == first


def test_an_answer_long_overdue_stays_so_after_a_reminder(his: Story) -> None:
    first = moved(his)
    his.go_to("03-20", 1)
    his.ask(B)
    assert due(his) == first < day("03-20", 1)


def test_a_rejected_record_stops_the_clock_while_it_lay_there_and_no_longer(his: Story) -> None:
    first = moved(his)
    his.go_to("12-01")
    row = his.record_of(A)
    assert row.receiver == B
    his.go_to("12-15")
    said = {"from": B, "tracking": row.tracking, "status": "rejected", "code": "cannot-read"}
    his.office.send(B, documents.acknowledgement(**said))
    (case,) = his.cases()
    assert case.state == "requested"
    assert datetime.fromtimestamp(case.requested_at or 0, UTC).date().isoformat() == day("11-22")
    services = his.office.services
    with reading(services.engine) as connection:
        calendar = calendars.calendar_of(connection, services.settings, A, on(day("11-22")), on(first))
    left = calendar.passed(on(day("12-01")), on(first))
    assert case.due_on == calendar.add(on(day("12-15")), left).isoformat() > first


def on(text: str) -> date:
    return date.fromisoformat(text)


def test_a_recall_stops_no_clock(his: Story) -> None:
    first = moved(his)
    row = his.record_of(A)
    his.go_to("12-15")
    his.office.send(A, documents.recall(**{"from": A, "tracking": row.tracking}))
    (case,) = his.cases()
    assert (case.state, case.due_on) == ("requested", first)


@pytest.mark.parametrize("mistaken", [C, A])
def test_a_case_that_is_open_again_has_the_deadline_of_before(his: Story, mistaken: str) -> None:
    """A third LEA entered the student by mistake, or the old one did, and takes it back."""
    first = moved(his)
    his.go_to("12-14")
    his.enter(mistaken, day("12-10"))
    assert (A, B) not in his.live()
    his.leave(mistaken, day("12-10"))
    assert his.live() == [(A, B)]
    assert due(his) == first
    case = his.cases()[-1]
    assert datetime.fromtimestamp(case.opened_at, UTC).date().isoformat() == day("11-22")


def test_and_does_not_count_as_told_late(his: Story) -> None:
    """B told of the student two days after the first: what others tell later is not its delay."""
    moved(his)
    his.go_to("01-20", 1)
    his.enter(C, day("01-10", 1))
    his.leave(C, day("01-10", 1))
    his.enter(D, day("09-01"))  # told months late, and D's record is asked for
    late = [
        (row.source, row.destination)
        for row in his.cases()
        if transfer_ranking.asked(row, his.office.services.time).reported_on != on(day("11-22"))
    ]
    assert (D, B) in his.live()
    assert not [ends for ends in late if ends[1] == B]


# a military child (53A-1-1001, art. IV)


def test_that_a_child_is_of_a_military_family_can_be_told_later(her: Story) -> None:
    her.enter(A, day("08-17"))
    her.enter(B, day("11-20"))
    assert due(her) > day("12-02", 0)
    her.enter(B, day("11-20"), military=True)
    (case,) = her.cases()
    assert (case.due_on, case.rule) == (day("12-02"), "military")  # ten days from the request


@pytest.mark.parametrize("kind", ["new", "retrieve"])
def test_and_in_an_ssid_request(her: Story, kind: str) -> None:
    her.enter(A, day("08-17"))
    her.request(B, kind, date=day("11-20"), military=True)
    assert (due(her), her.cases()[-1].rule) == (day("12-02"), "military")


def test_a_military_case_that_is_open_again_stays_one(his: Story) -> None:
    his.enter(A, day("08-17"))
    his.enter(B, day("11-20"), military=True)
    his.enter(C, day("11-21"))
    his.leave(C, day("11-21"))
    assert his.live() == [(A, B)]
    assert (due(his), his.cases()[-1].rule) == (day("12-02"), "military")


# a grade is that of its entry's school year (R277-419-5(2))


def test_last_year_s_kindergarten_is_not_this_year_s(her: Story) -> None:
    her.enter(A, day("08-17", -1), grade="KG", confirmed=["birth_date"])  # whatever her age
    her.enter(A, day("08-17"), grade="01", confirmed=["birth_date"])
    her.enter(B, day("11-20"), grade="01", confirmed=["birth_date"])
    told = [one for lea in (A, B) for one in her.office.notices(lea, "claims")]
    assert her.ssid not in str(told)


# the arithmetic of a clock that stood


@pytest.mark.parametrize(
    ("clock", "due_on", "since", "until", "expected"),
    [
        (Clock.MILITARY, "2026-12-10", "2026-12-01", "2026-12-05", "2026-12-14"),
        (Clock.ANSWER, "2026-12-10", "2026-12-01", "2026-12-05", "2026-12-15"),  # seven school days were left
        (Clock.ANSWER, "2026-12-01", "2026-12-01", "2026-12-04", "2026-12-04"),
        (Clock.ANSWER, "2026-11-30", "2026-12-03", "2026-12-10", "2026-12-07"),  # three late, and three late still
    ],
)
def test_a_clock_goes_on_from_where_it_stood(clock: Clock, due_on: str, since: str, until: str, expected: str) -> None:
    weekdays = [date.fromordinal(one) for one in range(on("2026-07-01").toordinal(), on("2027-06-30").toordinal())]
    calendar = Calendar.of(on("2026-07-01"), on("2027-06-30"), [one for one in weekdays if one.weekday() < 5])
    assert goes_on(clock, on(due_on), (on(since), on(until)), calendar) == on(expected)
