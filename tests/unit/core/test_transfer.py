"""Which transfer cases there should be: the plan, by itself. Who is asked is held to a further account elsewhere."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.cases.asking import Cancel, Correct, Open, Plan, plan
from broker.core.model import LeaId
from broker.core.routing import enrolled_at
from broker.core.stays import Location
from broker.core.transfer import BORN, LIVE, MOVES, Case, Reason, TransferState, is_legal, stood
from tests.support.accounts import account

A, B, C = LeaId("01"), LeaId("02"), LeaId("03")
TODAY = "2026-11-23"


def at(lea: LeaId, entry: str, exit_date: str = "") -> Location:
    return Location(lea, entry, exit_date)


def case(source: LeaId, destination: LeaId, entered_on: str, state: str = "requested", reason: str = "") -> Case:
    return Case(1, source, destination, TransferState(state), reason, entered_on, None)


def planned(spots: Sequence[Location], cases: Sequence[Case] = (), asker: LeaId | None = None) -> Plan:
    return plan(account(spots, TODAY), cases, asker=asker)


def opened(spots: Sequence[Location], cases: Sequence[Case] = (), asker: LeaId | None = None) -> list[tuple[str, str]]:
    return [(one.source, one.destination) for one in planned(spots, cases, asker).opens]


def test_a_student_who_enrolls_elsewhere_opens_a_case_from_where_the_student_was() -> None:
    spots = [at(A, "2026-08-17"), at(B, "2026-11-20")]
    assert planned(spots, []) == Plan(opens=(Open(A, B, "2026-11-20", military=False),))


def test_whether_the_exit_was_reported_makes_no_difference() -> None:
    assert opened([at(A, "2026-08-17", "2026-11-01"), at(B, "2026-11-20")]) == [(A, B)]


def test_a_first_enrollment_opens_nothing() -> None:
    assert opened([at(A, "2026-08-17")]) == []


def test_a_stay_that_is_renewed_each_year_asks_nobody_twice() -> None:
    spots = [at(C, "2024-08-17", "2025-06-01"), at(A, "2025-08-17", "2026-06-01"), at(A, "2026-08-17")]
    assert opened(spots, [case(C, A, "2025-08-17", "closed")]) == []
    assert opened(spots, [case(C, A, "2025-08-17")]) == []


def test_two_entries_in_one_packet_are_one_arrival() -> None:
    """53A-11-504: an arrival is an LEA that did not have the student, at however many of its schools."""
    for more in (at(B, "2026-11-20"), at(B, "2026-11-21"), at(B, "2026-11-18", "2026-11-19")):
        assert opened([at(A, "2026-08-17"), *sorted([at(B, "2026-11-20"), more], key=lambda one: one.entry_date)]) == [
            (A, B)
        ]


def test_what_was_told_to_an_older_program_and_left_unasked_is_asked_on_request_only() -> None:
    old = [replace(at(A, "2026-08-17"), is_old=True), replace(at(B, "2026-11-20"), is_old=True)]
    assert opened(old) == []
    assert opened(old, asker=B) == [(A, B)]
    assert opened([*old, at(C, "2026-11-22")]) == [(A, C), (B, C)]  # A has told of no exit
    assert opened([replace(old[0], exit_date="2026-11-01"), old[1], at(C, "2026-11-22")]) == [(B, C)]


def test_every_lea_that_is_still_open_is_asked_and_the_one_left_last() -> None:
    spots = [at(A, "2026-08-20"), at(C, "2026-09-10", "2026-10-01"), at(B, "2026-11-20")]
    met = [case(A, C, "2026-09-10", "closed")]
    assert opened(spots, met) == [(A, B), (C, B)]
    assert opened([replace(spots[0], exit_date="2026-09-09"), *spots[1:]], met) == [(C, B)]
    assert opened([spots[0], replace(spots[1], exit_date=""), spots[2]], met) == [(A, B), (C, B)]


def test_a_dual_entry_asks_nobody_but_whoever_has_the_student_may() -> None:
    spots = [at(A, "2026-08-17"), replace(at(B, "2026-10-01"), dual=True)]
    assert opened(spots) == []
    assert opened(spots, asker=B) == [(A, B)]
    assert opened(spots, asker=A) == [(B, A)]
    assert opened(spots, [case(A, B, "2026-10-01", "closed")], asker=B) == []
    asked = replace(case(A, B, "2026-10-01"), by_request=True)
    assert planned(spots, [asked]) == Plan()
    assert planned(spots, [replace(asked, by_request=False)]).cancels  # asked when it had the student alone
    assert opened([*spots, at(C, "2026-11-20")]) == [(A, C), (B, C)]


def test_whether_a_dual_entry_asks_by_itself_is_the_state_s_to_say() -> None:
    spots = account([at(A, "2026-08-17"), replace(at(B, "2026-10-01"), dual=True)], TODAY)
    found = plan(spots, [], dual_asks=True)
    assert [(one.source, one.destination) for one in found.opens] == [(A, B)]
    assert plan(spots, [case(A, B, "2026-10-01")], dual_asks=True) == Plan()


def test_who_has_not_the_student_opens_nothing_by_asking() -> None:
    assert opened([at(A, "2026-08-17"), at(B, "2026-11-20")], [case(A, B, "2026-11-20")], asker=C) == []
    assert opened([at(A, "2026-08-17"), at(B, "2026-11-20")], [case(A, B, "2026-11-20")], asker=A) == []


def test_a_case_goes_by_the_first_day_and_the_family_that_are_known_now() -> None:
    """An earlier entry, or the word that a parent serves (53A-1-1001), can come later."""
    spots = [at(A, "2026-08-17"), at(B, "2026-11-01"), replace(at(B, "2026-11-20"), military=True)]
    assert planned(spots, [case(A, B, "2026-11-20")]) == Plan(corrects=(Correct(1, "2026-11-01", military=True),))
    assert opened(spots, [case(A, B, "2026-11-20", "closed")]) == []


@pytest.mark.parametrize(
    ("steps", "rejected", "expected"),
    [
        ([(1.0, "requested", "")], True, []),
        ([(1.0, "requested", ""), (2.0, "requested", "asked again")], True, []),
        ([(1.0, "requested", ""), (2.0, "blocked", "flag"), (5.0, "requested", "lifted")], True, [(2.0, 5.0)]),
        ([(1.0, "requested", ""), (2.0, "answered", ""), (5.0, "requested", "recalled")], True, []),
        (
            [(1.0, "requested", ""), (2.0, "answered", ""), (3.0, "closed", ""), (5.0, "requested", "rejected x")],
            True,
            [(2.0, 5.0)],
        ),
        ([(1.0, "requested", ""), (2.0, "answered", ""), (5.0, "requested", "rejected x")], False, []),
        ([(1.0, "requested", ""), (2.0, "refused", "x"), (5.0, "requested", "asked again")], True, []),
    ],
)
def test_when_a_clock_stands(
    steps: list[tuple[float, str, str]], rejected: bool, expected: list[tuple[float, float]]
) -> None:
    assert list(stood(steps, rejected=rejected)) == expected


def test_a_case_is_not_opened_twice() -> None:
    spots = [at(A, "2026-08-17"), at(B, "2026-11-20")]
    for state in ("requested", "blocked", "refused", "answered", "closed"):
        assert planned(spots, [case(A, B, "2026-11-20", state)]) == Plan()


def test_a_case_that_the_state_has_ended_stays_ended() -> None:
    spots = [at(A, "2026-08-17"), at(B, "2026-11-20")]
    assert opened(spots, [case(A, B, "2026-11-20", "cancelled", "by-state")]) == []


def test_a_second_move_while_the_first_is_open_sends_both_records_to_the_third_school() -> None:
    spots = [at(A, "2026-08-17"), at(B, "2026-11-10"), at(C, "2026-11-20")]
    found = planned(spots, [case(A, B, "2026-11-10")])
    assert found.cancels == (Cancel(1, Reason.MOVED_ON),)
    assert [(one.source, one.destination, one.follows) for one in found.opens] == [(A, C, 1), (B, C, None)]


def test_a_second_move_after_the_first_record_came_asks_the_second_school_only() -> None:
    spots = [at(A, "2026-08-17", "2026-11-09"), at(B, "2026-11-10"), at(C, "2026-11-20")]
    for state in ("answered", "closed"):
        assert opened(spots, [case(A, B, "2026-11-10", state)]) == [(B, C)]


def test_a_return_cancels_the_case_and_asks_the_school_between() -> None:
    spots = [at(A, "2026-08-17", "2026-11-09"), at(B, "2026-11-10"), at(A, "2026-11-20")]
    found = planned(spots, [case(A, B, "2026-11-10")])
    assert found.cancels == (Cancel(1, Reason.RETURNED),)
    assert found.opens == (Open(B, A, "2026-11-20", military=False),)


def test_an_enrollment_that_is_withdrawn_cancels_the_case() -> None:
    spots = [at(A, "2026-08-17"), at(B, "2026-11-20", "2026-11-20")]
    assert planned(spots, [case(A, B, "2026-11-20")]) == Plan(cancels=(Cancel(1, Reason.WITHDRAWN),))


def test_and_enrolled_again_it_opens_again() -> None:
    spots = [at(A, "2026-08-17"), at(B, "2026-11-20", "2026-11-20"), at(B, "2026-11-20")]
    assert opened(spots, [case(A, B, "2026-11-20", "cancelled", "withdrawn")]) == [(A, B)]


def test_a_wrong_match_undone_cancels_the_case() -> None:
    assert planned([at(A, "2026-08-17")], [case(A, B, "2026-11-20")]) == Plan(cancels=(Cancel(1, Reason.UNDONE),))


def test_a_merge_undone_cancels_the_case_whose_source_never_had_the_student() -> None:
    spots = [at(B, "2026-11-20")]
    assert planned(spots, [case(A, B, "2026-11-20")]) == Plan(cancels=(Cancel(1, Reason.UNDONE),))


def test_two_numbers_of_one_student_with_two_cases_keep_one_until_they_are_parted() -> None:
    spots = [at(A, "2026-08-17"), at(A, "2026-08-17"), at(B, "2026-11-20"), at(B, "2026-11-20")]
    first, second = case(A, B, "2026-11-20"), Case(2, A, B, TransferState.REQUESTED, "", "2026-11-20", None)
    assert planned(spots, [first, second]) == Plan(cancels=(Cancel(2, Reason.MERGED),))
    parted = [at(A, "2026-08-17"), at(B, "2026-11-20")]
    ended = Case(2, A, B, TransferState.CANCELLED, "merged", "2026-11-20", None)
    again = Open(A, B, "2026-11-20", military=False, follows=2, is_revived=True)
    assert planned(parted, [ended]) == Plan(opens=(again,))


def test_who_leaves_and_comes_to_a_third_school_later_is_asked_for_from_the_first_too() -> None:
    spots = [at(A, "2026-08-17", "2026-11-01"), at(B, "2026-11-02", "2026-11-12")]
    assert planned(spots, [case(A, B, "2026-11-02")]) == Plan(cancels=(Cancel(1, Reason.LEFT),))
    later = [*spots, at(C, "2026-11-22")]
    assert opened(later, [case(A, B, "2026-11-02", "cancelled", "left")]) == [(A, C), (B, C)]


def test_of_two_entries_on_one_day_the_later_reported_counts() -> None:
    assert account([at(A, "2026-11-20"), at(B, "2026-11-20")], TODAY).here == B


_DAYS = [f"2026-{month:02d}-{day:02d}" for month in (8, 9, 10, 11) for day in (1, 15, 22)]
_SPOTS = st.lists(
    st.builds(
        lambda lea, first, last: at(lea, first, max(first, last) if last else ""),
        st.sampled_from([A, B, C]),
        st.sampled_from(_DAYS),
        st.sampled_from(["", *_DAYS]),
    ),
    max_size=6,
).map(lambda spots: sorted(spots, key=lambda spot: spot.entry_date))
_CASES = st.lists(
    st.builds(
        lambda ends, day, state, reason: Case(
            0, ends[0], ends[1], state, reason if state is TransferState.CANCELLED else "", day, None
        ),
        st.permutations([A, B, C]),
        st.sampled_from(_DAYS),
        st.sampled_from(TransferState),
        st.sampled_from(Reason),
    ),
    max_size=4,
).map(lambda cases: [replace(one, id=n) for n, one in enumerate(cases, 1)])


@given(_SPOTS, _CASES, st.sampled_from([None, A, B, C]))
def test_the_plan_leaves_live_cases_only_where_the_student_is(
    spots: list[Location], cases: list[Case], asker: LeaId | None
) -> None:
    now, found = account(spots, TODAY), planned(spots, cases, asker)
    gone = {one.id for one in found.cancels}
    left = [one for one in cases if one.state in LIVE and one.id not in gone]
    assert {one.destination for one in left} <= now.holders
    assert {one.destination for one in found.opens} <= now.holders
    assert gone <= {one.id for one in cases if one.state in LIVE}
    ends = [(one.source, one.destination) for one in (*left, *found.opens)]
    assert len(set(ends)) == len(ends)
    assert all(source != destination and source in now.had for source, destination in ends)


@given(_SPOTS, _CASES)
def test_planned_again_nothing_is_left_to_do(spots: list[Location], cases: list[Case]) -> None:
    found = planned(spots, cases)
    ended = {one.id: {"state": TransferState.CANCELLED, "reason": one.reason} for one in found.cancels}
    known = {one.id: {"entered_on": one.entered_on, "military": one.military} for one in found.corrects}
    after = [replace(one, **ended.get(one.id, {}), **known.get(one.id, {})) for one in cases]
    after += [
        Case(100 + n, one.source, one.destination, TransferState.REQUESTED, "", one.entered_on, one.follows)
        for n, one in enumerate(found.opens)
    ]
    assert planned(spots, after) == Plan()


@given(_SPOTS, st.sampled_from([A, B, C]))
def test_a_record_goes_where_the_student_is_and_never_to_its_sender(spots: list[Location], sender: LeaId) -> None:
    now = account(spots, TODAY)
    goal = enrolled_at(now, sender)
    assert goal in (now.here, None)
    assert goal != sender


def test_every_state_has_its_moves_and_an_end() -> None:
    assert set(MOVES) == set(TransferState)
    assert BORN <= LIVE
    assert all(is_legal(state, TransferState.CANCELLED) for state in LIVE)
    assert not MOVES[TransferState.CANCELLED]
