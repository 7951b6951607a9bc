"""How a packet moves: the legal moves, and which stage works on which state.

Owns the one table of states. Promises: the database's triggers are generated from `MOVES`, so code and database cannot
disagree; `DEATHS` is the number of workers that may die on a packet before it is refused as `poison`.
"""

from enum import StrEnum

from broker.core.model import State


class Stage(StrEnum):
    """The work that remains to be done on a packet."""

    ADMIT = "admit"
    ROUTE = "route"
    DELIVER = "deliver"


# A packet starts as RECEIVED or DUPLICATE; a notice that the exchange itself writes starts as ROUTED.
BORN: frozenset[State] = frozenset({State.RECEIVED, State.DUPLICATE, State.ROUTED, State.REFUSED})

MOVES: dict[State, frozenset[State]] = {
    State.RECEIVED: frozenset({State.ADMITTED, State.DUPLICATE, State.REFUSED}),
    State.ADMITTED: frozenset({State.ROUTED, State.APPLIED, State.HELD, State.REFUSED}),
    State.HELD: frozenset({State.ADMITTED, State.REFUSED}),
    State.ROUTED: frozenset({State.DELIVERED, State.HELD, State.REFUSED}),
    # until it is collected, its sender can recall it, and it is held when the state flags its student
    State.DELIVERED: frozenset({State.COLLECTED, State.REFUSED, State.HELD}),
    State.COLLECTED: frozenset(),
    State.APPLIED: frozenset(),
    State.REFUSED: frozenset(),
    State.DUPLICATE: frozenset(),
}

NEXT_STAGE: dict[State, Stage] = {
    State.RECEIVED: Stage.ADMIT,
    State.ADMITTED: Stage.ROUTE,
    State.ROUTED: Stage.DELIVER,
}

WORKED_BY: dict[Stage, State] = {stage: state for state, stage in NEXT_STAGE.items()}

DEATHS = 3


def is_legal(before: State, after: State) -> bool:
    """Whether a packet may go from `before` to `after` in one move."""
    return after in MOVES[before]


def is_final(state: State) -> bool:
    """Whether a packet in this state can move no further."""
    return not MOVES[state]
