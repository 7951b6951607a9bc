"""A flagged child in each way in (Utah 53A-11-502): the state hears of it at once, once, and of who asked; nothing of
its record goes anywhere; and what LEAs are given is, but for ids and times, what they would be given for any other
child, except where docs/access.md says otherwise."""

from collections.abc import Callable, Iterator
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
from tests.support.flagged import AUTUMN, BY, KINDS, LEAS, MOVE, STATE, UNIVERSITY, A, B, C, Child, Given
from tests.support.office import Office
from tests.support.tools import ROOT

CLASS = iter(desk.children(400, 6000))
HEADER = "Request Type,School Year,LEA,School,Local Student Number,Last Name,First Name,Birth Date,SSID"
Story = Callable[[Child], Iterator[None]]


@dataclass(frozen=True)
class Way:
    """One way in. The story is told up to its `yield`, where the flag is set, and then to its end; `by` is the LEA that
    asks in it, `kind` what the state is told; `differs` names what of docs/access.md an LEA is given otherwise."""

    name: str
    by: str
    kind: str
    differs: frozenset[str]
    story: Story


WAYS: list[Way] = []


def way(by: str, kind: str, *differs: str) -> Callable[[Story], Story]:
    """The story below is a way in."""

    def enter(story: Story) -> Story:
        WAYS.append(Way(story.__name__.strip("_"), by, kind, frozenset(differs), story))
        return story

    return enter


HELD = ("told-held", "not-asked")


# an enrollment packet


@way(B, "enrollment", *HELD)
def _entry(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.enrolls(B)


@way(B, "enrollment", *HELD, "no-backpack")
def _entry_where_the_record_store_has_something(child: Child) -> Iterator[None]:
    child.at(A)
    child.stores(A)
    yield
    child.enrolls(B)


@way(B, "enrollment", *HELD)
def _entry_and_more_lines_of_one_packet(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    document = desk.enrollment(B, *[child.student] * 3, date=MOVE)
    document["students"][0] |= {"event": "exit", "date": "2026-11-19"}
    child.send(B, document)


@way(B, "candidate")
def _entry_with_a_birth_date_that_is_one_digit_off(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.enrolls(B, student=child.near())
    assert child.answer(B)["answer"] == "review"


@way(B, "candidate")
def _entry_that_names_the_number_and_another_child(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    other = {"first": "Wholly", "middle": "", "last": "Different", "suffix": ""}
    child.enrolls(B, student=child.with_number(legal_name=other, birth_date="2004-02-03"))
    assert child.answer(B)["answer"] == "review"


@way(B, "candidate")
def _entry_of_a_day_too_far_ahead(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.enrolls(B, child.today(500), student=child.with_number())
    assert child.answer(B)["answer"] == "refused"


@way(A, "enrollment")
def _entry_that_renews_the_stay(child: Child) -> Iterator[None]:
    child.at(A, "2025-08-18")
    yield
    child.enrolls(A, AUTUMN)


@way(A, "enrollment")
def _entry_at_a_second_school_of_the_same_lea(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.enrolls(A, MOVE, school="705")


@way(A, "enrollment")
def _entry_sent_once_more(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.enrolls(A, AUTUMN)


@way(B, "enrollment", "not-asked", "told-held")
def _entry_that_is_dated_before_the_stay_of_now(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.enrolls(B, "2026-03-02", **{"code": ""})


@way(B, "enrollment", *HELD)
def _entry_ahead_where_nobody_has_the_child(child: Child) -> Iterator[None]:
    child.at(A)
    child.enrolls(A, MOVE, "exit")
    yield
    child.enrolls(B, child.today(40))


if "dual" in (ROOT / "schemas" / "enrollment.v1.schema.json").read_text():

    @way(B, "enrollment")
    def _dual_entry(child: Child) -> Iterator[None]:
        child.at(A)
        yield
        child.enrolls(B, dual=True)


@way(B, "enrollment", *HELD)
def _entry_that_is_claimed_twice(child: Child) -> Iterator[None]:
    child.at(A, grade="KG", confirmed=["birth_date"])
    yield
    child.enrolls(B, AUTUMN, grade="KG", confirmed=["birth_date"])


@way(A, "exit")
def _exit(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.enrolls(A, MOVE, "exit")


@way(A, "exit")
def _exit_to_another_state(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.enrolls(A, MOVE, "exit", code="TO")


@way(A, "exit")
def _exit_ahead(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.enrolls(A, child.today(20), "exit")


@way(C, "exit")
def _exit_by_a_stranger(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.enrolls(C, MOVE, "exit")
    assert child.answer(C)["answer"] == "refused"


@way(C, "candidate")
def _exit_of_one_who_may_be_the_child(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.enrolls(C, MOVE, "exit", student=child.near())


# SSID requests


@way(B, "enrollment", *HELD)
def _new(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.asks_for_number(B, "new")
    assert child.answer(B)["why"] == "known-already"


@way(B, "candidate")
def _new_beside_a_candidate(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.asks_for_number(B, "new", student=child.near())
    assert child.answer(B)["answer"] == "review"


@way(B, "candidate")
def _new_with_a_birth_date_that_differs(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.asks_for_number(B, "new", student=child.near() | {"ssid": child.ssid})
    assert child.answer(B)["why"] == "not-borne-out"


@way(B, "enrollment", *HELD)
def _retrieve(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.asks_for_number(B, "retrieve", student=child.with_number())


@way(B, "candidate")
def _retrieve_with_a_birth_date_that_differs(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.asks_for_number(B, "retrieve", student=child.near() | {"ssid": child.ssid})
    assert child.answer(B)["answer"] == "refused"


@way(B, "candidate")
def _retrieve_that_lacks_the_school(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    line = {"student": child.with_number(), "request": "retrieve", "date": MOVE}
    child.send(B, documents.ssid_request(line, **{"from": B}))
    assert child.answer(B)["why"] == "missing"


@way(A, "update")
def _update(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.asks_for_number(A, "update", student=child.with_number(phone="801 555 0142"))
    assert child.answer(A)["answer"] == "updated"


@way(C, "update")
def _update_by_a_stranger(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.asks_for_number(C, "update", student=child.with_number(phone="801 555 0142"))
    assert child.answer(C)["why"] == "not-your-student"


@way(A, "verify")
def _verify(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.asks_for_number(A, "verify", student=child.with_number())
    assert child.answer(A)["answer"] == "verified"


@way(C, "verify")
def _verify_by_a_stranger(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.asks_for_number(C, "verify", student=child.with_number())


@way(C, "verify")
def _verify_with_another_name(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    other = {"first": "Wholly", "middle": "", "last": "Different", "suffix": ""}
    child.asks_for_number(C, "verify", student=child.with_number(legal_name=other))
    assert child.answer(C)["why"] == "not-verified"


def _csv(child: Child, lea: str, kind: str, born: str = "", ssid: str = "", school: str = "704") -> None:
    student = child.student
    name, born = student["legal_name"], born or student["birth_date"]
    cells = [kind, "2027", "", school, student["local_id"], name["last"], name["first"], born, ssid]
    content = f"{HEADER}\n{','.join(cells)}\n".encode()
    child.send(lea, content, f"REQ_{lea}_20261123_{next(COUNTER)}.csv")


COUNTER = iter(range(1, 1000))


@way(B, "enrollment", *HELD)
def _new_as_csv(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    _csv(child, B, "New")


@way(C, "verify")
def _verify_as_csv(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    _csv(child, C, "Verify", ssid=child.ssid)


@way(C, "candidate")
def _csv_line_that_cannot_be_read(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    _csv(child, C, "Retrieve", born="the fifth of May", ssid=child.ssid)


# packets about the child


@way(A, "packet", "held-by-state", "no-record")
def _record(child: Child) -> Iterator[None]:
    child.at(A)
    child.enrolls(B)
    yield
    child.sends_record()


@way(A, "packet", "held-by-state")
def _record_that_nobody_waits_for(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.sends_record()


@way(C, "packet")
def _record_by_a_stranger(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    assert child.sends_record(C).code == "not-your-student"


@way(A, "candidate")
def _record_of_one_who_may_be_the_child(child: Child) -> Iterator[None]:
    child.at(A)
    child.enrolls(B)
    yield
    assert child.sends_record(student=child.near() | {"local_id": "another"}).held_for == "review"


@way(A, "packet")
def _backpack(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    assert child.stores(A).state == "APPLIED"


@way(C, "packet")
def _backpack_by_a_stranger(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    assert child.stores(C).state == "REFUSED"


@way(A, "packet", "held-by-state", "no-record")
def _transcript(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.sends_transcript()


# record requests


def _asking(by: str, want: str, *differs: str) -> None:
    """Whoever may ask, and who may not."""

    def story(child: Child) -> Iterator[None]:
        child.at(A)
        child.stores(A)
        child.enrolls(B)
        child.office.collect(B)
        yield
        child.asks(by, want)

    who = {A: "the_lea_before", B: "the_lea_of_now", C: "a_stranger"}[by]
    story.__name__ = f"request_of_{want.replace('-', '_')}_by_{who}"
    way(by, "request", *differs)(story)


_asking(B, "record", "held-by-state", "not-asked", "told-held")
_asking(B, "backpack", "held-by-state", "no-backpack")
_asking(B, "parent-copy", "held-by-state", "no-backpack", "no-disclosures")
_asking(B, "disclosures", "held-by-state", "no-disclosures")
_asking(A, "record")  # it has the child no more, and is refused alike
_asking(A, "backpack", "held-by-state")
_asking(A, "disclosures", "held-by-state", "no-disclosures")
for _want in ("record", "backpack", "parent-copy", "disclosures"):
    _asking(C, _want)


@way(C, "request")
def _request_about_one_who_may_be_the_child(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.send(C, documents.record_request(**{"from": C, "student": child.near(), "want": "record"}))


# what is said of packets


@way(A, "acknowledgement", "told-held")
def _still_enrolled(child: Child) -> Iterator[None]:
    child.at(A)
    child.enrolls(B)
    asked = child.office.inbox(A, "record-request")[-1]
    yield
    said = child.acknowledges(A, asked, status="rejected", code="still-enrolled")
    assert said.state == "APPLIED"


@way(B, "acknowledgement")
def _received(child: Child) -> Iterator[None]:
    child.at(A)
    child.enrolls(B)
    sent = child.sends_record()
    child.office.collect(B)
    yield
    assert child.acknowledges(B, sent.tracking).state == "APPLIED"


@way(A, "recall", "held-by-state", *HELD)
def _recall(child: Child) -> Iterator[None]:
    child.at(A)
    child.enrolls(B)
    sent = child.sends_record()
    yield
    assert child.send(A, documents.recall(tracking=sent.tracking)).state == "APPLIED"


@way(A, "recall")
def _recall_of_what_is_collected(child: Child) -> Iterator[None]:
    child.at(A)
    child.enrolls(B)
    sent = child.sends_record()
    child.office.collect(B)
    yield
    assert child.send(A, documents.recall(tracking=sent.tracking)).code == "collected-already"


# answers to questions


def _answering(decision: str, *differs: str) -> None:
    def story(child: Child) -> Iterator[None]:
        child.at(A)
        asked = child.enrolls(B, student=child.alike())
        yield
        more = {"candidate": "A"} if decision == "same" else {}
        assert child.replies(B, asked, decision, **more).state == "APPLIED"

    story.__name__ = f"review_answer_{decision}"
    way(B, "answer", *differs)(story)


_answering("same", *HELD)
_answering("new", "no-number")
_answering("none")


@way(A, "answer", "held-by-state")
def _review_answer_new_of_a_packets_own_student(child: Child) -> Iterator[None]:
    child.at(A)
    child.enrolls(B)
    asked = child.sends_record(student=child.near() | {"local_id": "another"})
    yield
    assert child.replies(A, asked, "new", line=-1).state == "APPLIED"


@way(B, "answer")
def _review_answer_where_nobody_is_shown(child: Child) -> Iterator[None]:
    child.at(A)
    asked = child.enrolls(B, student=child.near())
    yield
    assert child.replies(B, asked, "confirm").state == "APPLIED"


@way(B, "answer")
def _review_answer_new_where_nobody_is_shown(child: Child) -> Iterator[None]:
    child.at(A)
    asked = child.enrolls(B, student=child.near())
    yield
    assert child.replies(B, asked, "new").state == "APPLIED"


@way(B, "answer")
def _review_answer_that_is_refused(child: Child) -> Iterator[None]:
    child.at(A)
    asked = child.enrolls(B, student=child.near())
    yield
    assert child.replies(B, asked, "same", candidate="Q").code == "unknown-candidate"


# what the state's operator does


def _deciding(decision: str, *differs: str) -> None:
    def story(child: Child) -> Iterator[None]:
        child.at(A)
        asked = child.enrolls(B, student=child.alike())
        yield
        how = ["--same", "A"] if decision == "same" else [f"--{decision}"]
        child.command("review", "decide", asked.tracking, *how, *BY)

    story.__name__ = f"decision_{decision}"
    way(B, "decision", *differs)(story)


_deciding("same", *HELD)
_deciding("new")
_deciding("none")


@way(B, "decision")
def _decision_taken_back(child: Child) -> Iterator[None]:
    child.at(A)
    asked = child.enrolls(B, student=child.alike())
    child.command("review", "decide", asked.tracking, "--same", "A", *BY)
    yield
    child.command("review", "undo", asked.tracking, *BY)


def _second_number(child: Child) -> str:
    asked = child.enrolls(B, student=child.alike())
    child.replies(B, asked, "new")
    return str(child.answer(B)["ssid"])


@way(B, "decision", *HELD)
def _merge(child: Child) -> Iterator[None]:
    child.at(A)
    other = _second_number(child)
    yield
    child.command("student", "merge", child.ssid, other, "--sure", *BY)


@way(B, "decision")
def _unmerge(child: Child) -> Iterator[None]:
    child.at(A)
    other = _second_number(child)
    child.command("student", "merge", child.ssid, other, "--sure", *BY)
    yield
    child.command("student", "unmerge", child.ssid, other, *BY)


# the table


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
