"""A flagged child in each way in (Utah 53A-11-502): the state hears of it at once, once, and of who asked; nothing of
its record goes anywhere; and what LEAs are given is, but for ids and times, what they would be given for any other
child, except where docs/access.md says otherwise."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from broker.edge.ledger.cases import transfers
from broker.edge.ledger.engine import writing
from broker.edge.ledger.people import flags
from broker.oversight.alerts import blocked as told_by_itself
from broker.stages import admit
from broker.stages.sweep import day_change
from tests import access_page
from tests.support import desk, documents
from tests.support.flagged import KINDS, LEAS, MOVE, STATE, UNIVERSITY, A, B, Child, Given
from tests.support.office import Office
from tests.support.ways import Way, every

CLASS = iter(desk.children(400, 6000))
WAYS = every()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = Office(tmp_path_factory.mktemp("flagged"), *LEAS, STATE, UNIVERSITY, kinds=KINDS)
    yield made
    made.services.engine.dispose()


@dataclass(frozen=True)
class Ended:
    """What the story of one child came to: what the state was told at once and in all, and what LEAs were given."""

    at_once: list[tuple[str, str]]
    in_all: list[tuple[str, str]]
    given: Given
    passed_on: list[str]


def end_of(office: Office, one: Way, *, is_flagged: bool) -> Ended:
    """Tell the story of one child."""
    child = Child(office, next(CLASS), is_flagged=is_flagged)
    story = one.story(child)
    next(story)
    child.flag()
    child.mark()
    assert next(story, "the end") == "the end"
    told = [[(alert.kind, alert.lea) for alert in some] for some in (child.told, child.alerted())]
    return Ended(told[0], told[1], child.given(), child.passed_on())


def differences(flagged: Given, other: Given) -> set[str]:
    """What of docs/access.md is different here; the text itself where the page has nothing of the kind."""
    return {access_page.difference(*one) or str(one) for one in ((flagged - other) + (other - flagged))}


def test_there_are_thirty_ways_and_more() -> None:
    assert len({one.name for one in WAYS}) == len(WAYS) >= 30


@pytest.mark.parametrize("one", WAYS, ids=lambda one: one.name)
def test_the_state_is_told_at_once_and_an_lea_is_given_what_it_would_be_given_of_any_child(
    office: Office, one: Way
) -> None:
    flagged, other = (end_of(office, one, is_flagged=is_flagged) for is_flagged in (True, False))
    assert flagged.at_once == flagged.in_all == [(one.kind, one.by)]
    assert other.in_all == []
    assert flagged.passed_on == []
    assert differences(flagged.given, other.given) == one.differs


# not by a packet, and not by one child alone


@pytest.fixture
def child(office: Office) -> Child:
    """At A."""
    made = Child(office, next(CLASS), is_flagged=True)
    made.at(A)
    return made


def next_days(child: Child, days: int) -> None:
    """Some days go by, and the sweeper has its look at each."""
    services = child.office.services
    before = services.day()
    child.office.ahead += timedelta(days=days)
    for _ in day_change.turn(services, before, services.day()):
        pass
    child.office.work()


def test_what_comes_true_on_its_day_is_not_told_again(child: Child) -> None:
    child.flag()
    child.enrolls(B, child.today(3))
    child.enrolls(A, child.today(3), "exit")
    assert [(one.kind, one.lea) for one in child.alerts()] == [("enrollment", B), ("exit", A)]
    next_days(child, 4)
    assert [(one.kind, one.lea) for one in child.alerts()] == [("enrollment", B), ("exit", A)]


def test_what_was_told_before_the_flag_is_told_once_when_it_is_set_or_comes_true(child: Child) -> None:
    child.enrolls(B, child.today(3))
    child.enrolls(A, child.today(3), "exit")
    child.flag()
    next_days(child, 4)
    assert [one.lea for one in child.alerts()] == [B]


def test_a_case_that_comes_up_by_itself_names_who_enrolled_the_child(child: Child) -> None:
    child.enrolls(B)
    with writing(child.office.services.engine) as connection:
        (case,) = transfers.about(connection, child.ssid)
        by_itself = replace(case, cause="")
        flags.put(connection, child.ssid, "Kim", "the police", child.office.services.clock().timestamp())
        for _ in range(2):
            told_by_itself(child.office.services, connection, by_itself, "")
        told_by_itself(child.office.services, connection, by_itself, "", is_told=True)
        told_by_itself(child.office.services, connection, case, case.cause)
    (alert,) = child.alerts()
    assert (alert.kind, alert.lea, alert.tracking) == ("enrollment", B, case.cause)


def test_a_packet_with_many_lines_about_one_child_is_told_once_in_the_most_telling_way(child: Child) -> None:
    child.flag()
    ask = {"school": "704", "date": MOVE}
    kinds = ("verify", "update", "new", "verify")
    lines = [ask | {"student": child.with_number(), "request": kind} for kind in kinds]
    child.send(B, documents.ssid_request(*lines, **{"from": B}))
    assert [(one.kind, one.lea) for one in child.told] == [("enrollment", B)]


def test_a_packet_about_two_flagged_children_is_told_of_both(office: Office, child: Child) -> None:
    other = Child(office, next(CLASS), is_flagged=True)
    other.at(A)
    for one in (child, other):
        one.flag()
    child.send(B, desk.enrollment(B, child.student, next(CLASS), other.near(), date=MOVE))
    assert [(one.kind, one.lea) for one in child.told] == [("enrollment", B)]
    assert [(one.kind, one.lea) for one in other.alerts()] == [("candidate", B)]


def test_of_one_packet_the_state_hears_again_only_under_another_flag(child: Child) -> None:
    child.flag()
    sent = child.sends_record()
    child.lift()
    assert child.office.row(sent.tracking).held_for == "enrollment"
    child.flag()
    child.enrolls(B)
    assert child.office.row(sent.tracking).held_for == "blocked"
    told = [(one.kind, one.tracking) for one in child.alerts()]
    assert told.count(("packet", sent.tracking)) == 2
    assert len(told) == 3


def statements(office: Office, document: dict[str, Any]) -> int:
    """How many statements it takes to admit a document."""
    tracking, seen = office.drop(A, document), []
    engine = office.services.engine

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        admit.run(office.services, [tracking])
    finally:
        event.remove(engine, "before_cursor_execute", note)
    office.work()
    assert office.row(tracking).state == "APPLIED"
    return len(seen)


def test_many_lines_cost_no_more_where_somebody_else_is_flagged(tmp_path: Path) -> None:
    quiet = Office(tmp_path, A, B, STATE, kinds=KINDS)
    classes = [[next(CLASS) for _ in range(40)] for _ in range(3)]
    counts = [statements(quiet, desk.enrollment(A, *classes[0]))]
    missing_child = Child(quiet, next(CLASS), is_flagged=True)
    missing_child.at(A)
    missing_child.flag()
    counts += [statements(quiet, desk.enrollment(A, *some)) for some in classes[1:]]
    assert counts[1] == counts[2] <= counts[0] + 3
    quiet.services.engine.dispose()
