"""What follows when a child has moved: every step, by itself."""

from dataclasses import replace

import pytest

from broker.core.cases.asking import Cancel, Correct, Open
from broker.core.cases.following import Begin, Block, Coming, Letter, Resume, Situation, Step, follows, is_coming
from broker.core.model import LeaId
from broker.core.stays import Location
from broker.core.transfer import Case, Reason, TransferState
from tests.support.accounts import account

A, B, C = LeaId("01"), LeaId("02"), LeaId("03")
TODAY = "2026-11-23"
HERE = (Location(A, "2026-08-17", ""), Location(B, "2026-11-20", ""))
NEW = Open(A, B, "2026-11-20", military=False)


def case(number: int, source: LeaId, destination: LeaId, entered_on: str, state: str = "requested") -> Case:
    return Case(number, source, destination, TransferState(state), "", entered_on, None)


def known(*cases: Case, places: tuple[Location, ...] = HERE, is_flagged: bool = False, **more: object) -> Situation:
    made = Situation(account(places, TODAY), cases, is_flagged)
    return replace(made, **more)  # type: ignore[arg-type]


def test_who_moves_is_asked_for_told_of_and_followed_by_the_record_store() -> None:
    (step,) = follows(known())
    assert step == Step(Begin(NEW, is_blocked=False), asks=True, letters=(Letter(B, "requested"),), forwards=True)


def test_of_a_flagged_child_the_state_is_told_and_nobody_is_asked_nor_sent_anything() -> None:
    (step,) = follows(known(is_flagged=True))
    assert step == Step(Begin(NEW, is_blocked=True), alerts=True, letters=(Letter(B, "held"),))


def test_a_flag_holds_what_lives_and_lifted_lets_it_go_on() -> None:
    live = case(7, A, B, "2026-11-20")
    assert follows(known(live, is_flagged=True)) == (Step(Block(7), alerts=True, letters=(Letter(B, "held"),)),)
    blocked = replace(live, state=TransferState.BLOCKED)
    assert follows(known(blocked, is_flagged=True)) == ()
    going = Step(Resume(7), asks=True, letters=(Letter(B, "resumed"),), forwards=True)
    assert follows(known(blocked)) == (going,)
    assert follows(known(live)) == ()


@pytest.mark.parametrize("state", ["answered", "closed"])
def test_a_flag_changes_nothing_of_a_case_that_has_its_record(state: str) -> None:
    assert follows(known(case(7, A, B, "2026-11-20", state), is_flagged=True)) == ()


def test_who_has_sent_its_record_already_is_not_asked_for_it() -> None:
    (step,) = follows(known(coming=[Coming(A, "")]))
    assert (step.asks, step.letters, step.forwards) == (False, (Letter(B, "on-its-way"),), True)
    (resumed,) = follows(known(case(7, A, B, "2026-11-20", "blocked"), coming=[Coming(A, B)]))
    assert (resumed.asks, resumed.letters) == (False, (Letter(B, "on-its-way"),))
    (other,) = follows(known(coming=[Coming(A, C), Coming(C, "")]))
    assert (other.asks, other.letters) == (True, (Letter(B, "requested"),))


def test_a_record_that_names_another_lea_is_not_coming() -> None:
    assert is_coming([Coming(A, "")], A, B)
    assert is_coming([Coming(A, C), Coming(A, B)], A, B)
    assert not is_coming([Coming(A, C)], A, B)
    assert not is_coming([], A, B)


def test_that_a_case_has_ended_hears_whoever_knew_of_it() -> None:
    old = case(7, A, B, "2026-11-20")
    there = (*HERE, Location(C, "2026-11-22", ""))
    first, *more = follows(known(replace(old, is_asked=True), places=there))
    told = (Letter(B, Reason.MOVED_ON), Letter(A, Reason.MOVED_ON))
    assert first == Step(Cancel(7, Reason.MOVED_ON), letters=told)
    assert [(one.change, one.asks) for one in more] == [
        (Begin(Open(A, C, "2026-11-22", military=False, follows=7), is_blocked=False), True),
        (Begin(Open(B, C, "2026-11-22", military=False), is_blocked=False), True),
    ]
    (unasked, *_) = follows(known(old, places=there))
    assert unasked.letters == (Letter(B, Reason.MOVED_ON),)


def test_what_ends_is_not_held_and_the_order_is_ends_corrections_holds_beginnings() -> None:
    there = (*HERE, Location(C, "2026-11-22", ""))
    cases = (case(7, A, B, "2026-11-20"), case(8, A, C, "2026-11-23"))
    steps = follows(known(*cases, places=there, is_flagged=True))
    assert [type(one.change) for one in steps] == [Cancel, Correct, Block, Begin]
    assert [one.alerts for one in steps] == [False, False, True, True]


def test_whoever_has_the_child_too_may_ask_by_a_request() -> None:
    places = (Location(A, "2026-08-17", ""), Location(B, "2026-10-01", "", dual=True))
    assert follows(known(places=places)) == ()
    for more in ({"asker": B}, {"dual_asks": True}):
        (step,) = follows(known(places=places, **more))
        assert (step.change, step.asks) == (Begin(Open(A, B, "2026-10-01", military=False), is_blocked=False), True)
