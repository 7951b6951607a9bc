"""Which transfer cases there should be: the plan, by itself."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from broker.core.model import LeaId
from broker.core.routing import Location, enrolled_at, here
from broker.core.transfer import BORN, LIVE, MOVES, Cancel, Case, Open, Reason, TransferState, is_legal, plan

A, B, C = LeaId("01"), LeaId("02"), LeaId("03")
TODAY = "2026-11-23"


def at(lea: LeaId, entry: str, exit_date: str = "") -> Location:
    return Location(lea, entry, exit_date)


def case(source: LeaId, destination: LeaId, entered_on: str, state: str = "requested", reason: str = "") -> Case:
    return Case(1, source, destination, TransferState(state), reason, entered_on, None)


def opened(spots: Sequence[Location], cases: Sequence[Case] = (), *, arrived: bool = True) -> list[tuple[str, str]]:
    return [(one.source, one.destination) for one in plan(spots, cases, TODAY, arrived=arrived)[1]]


def test_a_student_who_enrolls_elsewhere_opens_a_case_from_where_the_student_was() -> None:
    spots = [at(A, "2026-08-17"), at(B, "2026-11-20")]
    assert plan(spots, [], TODAY, arrived=True) == ((), (Open(A, B, "2026-11-20"),))


def test_whether_the_exit_was_reported_makes_no_difference() -> None:
    assert opened([at(A, "2026-08-17", "2026-11-01"), at(B, "2026-11-20")]) == [(A, B)]


def test_a_first_enrollment_opens_nothing() -> None:
    assert opened([at(A, "2026-08-17")]) == []


def test_a_stay_that_is_renewed_each_year_opens_nothing() -> None:
    spots = [at(C, "2024-08-17", "2025-06-01"), at(A, "2025-08-17", "2026-06-01"), at(A, "2026-08-17")]
    assert opened(spots) == []


def test_what_was_before_is_asked_for_only_on_arrival() -> None:
    assert opened([at(A, "2026-08-17"), at(B, "2026-11-20")], arrived=False) == []


def test_a_case_is_not_opened_twice() -> None:
    spots = [at(A, "2026-08-17"), at(B, "2026-11-20")]
    for state in ("requested", "blocked", "refused", "answered", "closed"):
        assert plan(spots, [case(A, B, "2026-11-20", state)], TODAY, arrived=True) == ((), ())


def test_a_case_that_the_state_has_ended_stays_ended() -> None:
    spots = [at(A, "2026-08-17"), at(B, "2026-11-20")]
    assert opened(spots, [case(A, B, "2026-11-20", "cancelled", "by-state")]) == []


def test_a_second_move_while_the_first_is_open_sends_both_records_to_the_third_school() -> None:
    spots = [at(A, "2026-08-17"), at(B, "2026-11-10"), at(C, "2026-11-20")]
    cancels, opens = plan(spots, [case(A, B, "2026-11-10")], TODAY, arrived=True)
    assert cancels == (Cancel(1, Reason.MOVED_ON),)
    assert opens == (Open(A, C, "2026-11-20", follows=1), Open(B, C, "2026-11-20"))


def test_a_second_move_after_the_first_record_came_asks_the_second_school_only() -> None:
    spots = [at(A, "2026-08-17"), at(B, "2026-11-10"), at(C, "2026-11-20")]
    for state in ("answered", "closed"):
        assert opened(spots, [case(A, B, "2026-11-10", state)]) == [(B, C)]


def test_a_return_cancels_the_case_and_asks_the_school_between() -> None:
    spots = [at(A, "2026-08-17", "2026-11-09"), at(B, "2026-11-10"), at(A, "2026-11-20")]
    cancels, opens = plan(spots, [case(A, B, "2026-11-10")], TODAY, arrived=True)
    assert cancels == (Cancel(1, Reason.RETURNED),)
    assert opens == (Open(B, A, "2026-11-20"),)


def test_an_enrollment_that_is_withdrawn_cancels_the_case() -> None:
    spots = [at(A, "2026-08-17"), at(B, "2026-11-20", "2026-11-20")]
    assert plan(spots, [case(A, B, "2026-11-20")], TODAY, arrived=False) == ((Cancel(1, Reason.WITHDRAWN),), ())


def test_and_enrolled_again_it_opens_again() -> None:
    spots = [at(A, "2026-08-17"), at(B, "2026-11-20", "2026-11-20"), at(B, "2026-11-20")]
    assert opened(spots, [case(A, B, "2026-11-20", "cancelled", "withdrawn")]) == [(A, B)]


def test_a_wrong_match_undone_cancels_the_case() -> None:
    assert plan([at(A, "2026-08-17")], [case(A, B, "2026-11-20")], TODAY, arrived=False)[0] == (
        Cancel(1, Reason.UNDONE),
    )


def test_a_merge_undone_cancels_the_case_whose_source_never_had_the_student() -> None:
    spots = [at(B, "2026-11-20")]
    assert plan(spots, [case(A, B, "2026-11-20")], TODAY, arrived=False) == ((Cancel(1, Reason.UNDONE),), ())


def test_two_numbers_of_one_student_with_two_cases_keep_one_until_they_are_parted() -> None:
    spots = [at(A, "2026-08-17"), at(A, "2026-08-17"), at(B, "2026-11-20"), at(B, "2026-11-20")]
    first, second = case(A, B, "2026-11-20"), Case(2, A, B, TransferState.REQUESTED, "", "2026-11-20", None)
    assert plan(spots, [first, second], TODAY, arrived=True) == ((Cancel(2, Reason.MERGED),), ())
    parted = [at(A, "2026-08-17"), at(B, "2026-11-20")]
    ended = Case(2, A, B, TransferState.CANCELLED, "merged", "2026-11-20", None)
    assert plan(parted, [ended], TODAY, arrived=False) == ((), (Open(A, B, "2026-11-20", follows=2),))


def test_who_leaves_and_comes_to_a_third_school_later_is_asked_for_from_the_first_too() -> None:
    spots = [at(A, "2026-08-17", "2026-11-01"), at(B, "2026-11-02", "2026-11-12")]
    assert plan(spots, [case(A, B, "2026-11-02")], TODAY, arrived=False) == ((Cancel(1, Reason.LEFT),), ())
    later = [*spots, at(C, "2026-11-22")]
    assert opened(later, [case(A, B, "2026-11-02", "cancelled", "left")]) == [(A, C), (B, C)]


def test_of_two_entries_on_one_day_the_later_reported_counts() -> None:
    assert here([at(A, "2026-11-20"), at(B, "2026-11-20")], TODAY) == B


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
).map(lambda cases: [Case(n, *(getattr(one, name) for name in Case.__slots__[1:])) for n, one in enumerate(cases, 1)])


@given(_SPOTS, _CASES, st.booleans())
def test_the_plan_leaves_live_cases_only_where_the_student_is(
    spots: list[Location], cases: list[Case], arrived: bool
) -> None:
    cancels, opens = plan(spots, cases, TODAY, arrived=arrived)
    now_at = here(spots, TODAY)
    gone = {one.id for one in cancels}
    left = [one for one in cases if one.state in LIVE and one.id not in gone]
    assert all(one.destination == now_at for one in left)
    assert all(one.destination == now_at and one.source != now_at for one in opens)
    assert gone <= {one.id for one in cases if one.state in LIVE}
    assert len({one.source for one in opens}) == len(opens)
    assert not {one.source for one in opens} & {one.source for one in left}


@given(_SPOTS, _CASES)
def test_planned_again_nothing_is_left_to_do(spots: list[Location], cases: list[Case]) -> None:
    cancels, opens = plan(spots, cases, TODAY, arrived=True)
    reasons = {one.id: one.reason for one in cancels}
    after = [
        one
        if one.id not in reasons
        else Case(
            one.id,
            one.source,
            one.destination,
            TransferState.CANCELLED,
            reasons[one.id],
            one.entered_on,
            one.follows,
        )
        for one in cases
    ]
    after += [
        Case(100 + n, one.source, one.destination, TransferState.REQUESTED, "", one.entered_on, one.follows)
        for n, one in enumerate(opens)
    ]
    assert plan(spots, after, TODAY, arrived=True) == ((), ())


@given(_SPOTS, st.sampled_from([A, B, C]))
def test_a_record_goes_where_the_student_is_and_never_to_its_sender(spots: list[Location], sender: LeaId) -> None:
    goal = enrolled_at(spots, sender, TODAY)
    assert goal in (here(spots, TODAY), None)
    assert goal != sender


def test_every_state_has_its_moves_and_an_end() -> None:
    assert set(MOVES) == set(TransferState)
    assert BORN <= LIVE
    assert all(is_legal(state, TransferState.CANCELLED) for state in LIVE)
    assert not MOVES[TransferState.CANCELLED]
