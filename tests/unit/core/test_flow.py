"""The states of a packet and the moves between them."""

from hypothesis import given
from hypothesis import strategies as st

from broker.core.flow import BORN, MOVES, NEXT_STAGE, WORKED_BY, Stage, is_final, is_legal
from broker.core.model import State


def test_every_state_has_its_row() -> None:
    assert set(MOVES) == set(State)


def test_every_stage_works_one_state_and_every_worked_state_can_move_on() -> None:
    assert set(WORKED_BY) == set(Stage)
    assert all(not is_final(state) for state in NEXT_STAGE)


def test_what_is_refused_collected_applied_or_duplicate_stays_so() -> None:
    assert {state for state in State if is_final(state)} == {
        State.REFUSED,
        State.COLLECTED,
        State.APPLIED,
        State.DUPLICATE,
    }


def test_a_delivered_packet_is_collected_taken_back_or_held_and_never_simply_delivered_again() -> None:
    assert MOVES[State.DELIVERED] == {State.COLLECTED, State.REFUSED, State.HELD}


@given(st.sampled_from(sorted(BORN)), st.lists(st.sampled_from(sorted(State)), max_size=12))
def test_a_random_walk_of_legal_moves_delivers_again_only_what_was_held_since(born: State, wishes: list[State]) -> None:
    at, path = born, [born]
    for wish in wishes:
        if is_legal(at, wish):
            at = wish
            path.append(at)
    for number, state in enumerate(path[:-1]):
        if state is State.DELIVERED:  # refused is what its sender took back, held what the state flagged
            assert path[number + 1] in (State.COLLECTED, State.REFUSED, State.HELD)
