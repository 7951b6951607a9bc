"""acting: the frame of every verb: who may, in which transaction, and the line that it leaves.

Contract: a verb is a function of a room, with a keyword-only `actor`, marked by `verb(action)`. The permission table is
asked before anything else: who may never do it gets `NotAllowed`, and that is a line of the log of acts. What a verb
changes it changes in one transaction: by `recorded` with its line in the log of acts, or, of a student, with lines in
the disclosure log that it writes itself. It returns frozen data, and raises NotDone with a code and facts where it
cannot be done as it was asked for: the words, and what to do, are the face's.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection, Engine

from broker.core.access import Action, Facts, Permit, judge
from broker.core.actor import Actor
from broker.core.errors import BrokerError, NotDone
from broker.core.review import MOST_WHY, is_one_line
from broker.edge.ledger.again import committed
from broker.edge.ledger.log import acts
from broker.edge.ledger.log.acts import Act

Given = ParamSpec("Given")
Done = TypeVar("Done")


class Room(Protocol):
    """What there must be of an exchange for any verb: `offline.Offline`, or the `Services` of a process."""

    @property
    def engine(self) -> Engine:
        """The ledger."""

    @property
    def clock(self) -> Callable[[], datetime]:
        """The clock."""


Place = TypeVar("Place", bound=Room)


class NotAllowed(BrokerError):
    """The actor may never do this; a web face answers 403."""

    def __init__(self, action: Action) -> None:
        self.action = action
        super().__init__(f"You may not {action}.")


class NotThere(NotDone):
    """There is no such thing, or it is not the actor's, which nobody can tell apart; a web face answers 404."""


Verb = Callable[Concatenate[Place, Given], Done]


def verb(action: Action) -> Callable[[Verb[Place, Given, Done]], Verb[Place, Given, Done]]:
    """Mark a function as the verb of this action: it is asked for an actor, and begins only where the table says that
    one in some role of the actor's may do it. What depends on the student the verb asks itself, by `permit`."""

    def marked(function: Verb[Place, Given, Done]) -> Verb[Place, Given, Done]:
        @wraps(function)
        def asked(room: Place, /, *args: Given.args, **given: Given.kwargs) -> Done:
            actor = given["actor"]
            if not isinstance(actor, Actor):
                raise TypeError("a verb is done by an actor")
            if not may(actor, action):
                line = _line(room, function.__name__, actor, result=acts.REFUSED)
                committed(room.engine, lambda connection: acts.add(connection, line))
                raise NotAllowed(action)
            return function(room, *args, **given)

        asked.__dict__["action"] = action
        return asked

    return marked


def may(actor: Actor, action: Action) -> bool:
    """Whether the actor may do this at all, to some student of some time."""
    every = Facts(was_there=True, is_own=True, has_request=True)
    return any(isinstance(judge(role, action, every), Permit) for role in actor.roles)


def recorded(
    room: Place,
    name: str,
    unit: Callable[[Connection], Done],
    *,
    actor: Actor,
    subject: str = "",
    why: str = "",
    told: Callable[[Done], Mapping[str, Any]] | None = None,
) -> Done:
    """Do the unit in one transaction, with its line in the log of acts: what was done to whom (`subject`: a party, a
    key, a day), why, and what `told` says of what came of it. Raises NotDone `why` for a reason that is not one
    line."""
    if why and not is_one_line(why, MOST_WHY):
        raise NotDone("why", most=MOST_WHY)

    def both(connection: Connection) -> Done:
        done = unit(connection)
        acts.add(connection, _line(room, name, actor, subject, why, told=told(done) if told else {}))
        return done

    return committed(room.engine, both)


def note(
    connection: Connection,
    room: Room,
    name: str,
    *,
    actor: Actor,
    subject: str = "",
    told: Mapping[str, Any] | None = None,
) -> None:
    """Leave the line of a verb within a transaction that cannot be `recorded`'s: that of an upgrade, or one that must
    not be done twice."""
    acts.add(connection, _line(room, name, actor, subject, told=told))


def _line(
    room: Room,
    name: str,
    actor: Actor,
    subject: str = "",
    why: str = "",
    result: str = acts.DONE,
    told: Mapping[str, Any] | None = None,
) -> Act:
    return Act(
        at=room.clock().timestamp(),
        verb=name,
        role=str(actor.roles[0]) if actor.kind is None else str(actor.kind),
        party=actor.party,
        actor=actor.name,
        proof=str(actor.proof),
        subject=subject,
        why=why,
        result=result,
        told=dict(told or {}),
    )
