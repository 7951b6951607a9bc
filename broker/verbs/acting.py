"""acting: the frame of every verb: the permission, the transaction, and the line in the log.

Contract: a verb is a function with a room and a keyword-only `actor`, marked by `verb(action)`. It asks the permission
table first: an actor who may never do it gets `NotAllowed`, and the log of acts gets a line. A verb makes its changes
in one transaction: through `recorded`, with its line in the log of acts, or, about a student, with lines in the
disclosure log that it writes itself. It returns frozen data, and raises NotDone with a code and facts where it cannot
be done as requested; the face supplies the words and the remedy.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from broker.core.access import Action, Deny, Facts, Permit, judge
from broker.core.actor import Actor
from broker.core.disclosure import Disclosure
from broker.core.errors import BrokerError, NotDone
from broker.core.review import MOST_WHY, By, is_one_line
from broker.edge.ledger.again import committed
from broker.edge.ledger.engine import Engine, Writing
from broker.edge.ledger.log import acts, disclosures
from broker.edge.ledger.log.acts import Act

Given = ParamSpec("Given")
Done = TypeVar("Done")


class Room(Protocol):
    """What any verb needs of an exchange: `offline.Offline`, or the `Services` of a process."""

    @property
    def engine(self) -> Engine:
        """The ledger."""

    @property
    def clock(self) -> Callable[[], datetime]:
        """The clock."""


Place = TypeVar("Place", bound=Room)


_NOTHING_KNOWN = Facts()


class NotAllowed(BrokerError):
    """The actor may never do this; a web face answers 403."""

    def __init__(self, action: Action) -> None:
        self.action = action
        super().__init__(f"You may not {action}.")


class NotThere(NotDone):
    """There is no such thing, or it is not the actor's, and the answer does not say which; a web face answers 404."""


Verb = Callable[Concatenate[Place, Given], Done]


def verb(action: Action, *, is_for_leas: bool = True) -> Callable[[Verb[Place, Given, Done]], Verb[Place, Given, Done]]:
    """Mark a function as the verb of this action. It gets an actor, and begins only where the table allows the action
    to one of the actor's roles. Where the answer depends on the student, the verb itself asks with `permit`. A verb
    that is not `is_for_leas` shows or does what only the state may, whatever LEAs may do in other ways."""

    def marked(function: Verb[Place, Given, Done]) -> Verb[Place, Given, Done]:
        @wraps(function)
        def asked(room: Place, /, *args: Given.args, **given: Given.kwargs) -> Done:
            actor = given["actor"]
            if not isinstance(actor, Actor):
                raise TypeError("a verb is done by an actor")
            if not may(actor, action) or not (is_for_leas or actor.is_states):
                line = _line(room, function.__name__, actor, result=acts.REFUSED)
                committed(room.engine, lambda connection: acts.add(connection, line))
                raise NotAllowed(action)
            return function(room, *args, **given)

        asked.__dict__["action"] = action
        return asked

    return marked


def may(actor: Actor, action: Action) -> bool:
    """Whether the actor may do this at all, for some student at some time."""
    return isinstance(permit(actor, action, Facts(was_there=True, is_own=True, has_request=True)), Permit)


def permit(actor: Actor, action: Action, facts: Facts = _NOTHING_KNOWN) -> Permit | Deny:
    """The table's answer for this actor and these facts: the first permission of one of the actor's roles, otherwise a
    refusal."""
    verdicts = [judge(role, action, facts) for role in actor.roles]
    return next((one for one in verdicts if isinstance(one, Permit)), verdicts[-1])


def noted(
    connection: Writing,
    ssids: Iterable[str],
    action: Action,
    at: float,
    *,
    actor: Actor,
    why: str,
    what: str = "",
    tracking: str = "",
) -> None:
    """Write a line of the disclosure log for each of these students: the actor, who acts for the state, is about to see
    this. Call it in the transaction that reads the data; that is committed before anything is shown. `at` is seconds
    since the epoch.

    Raises OperatorError for a `why` that is not one line.
    """
    by, verdict = By(actor.name, why), permit(actor, action)
    if isinstance(verdict, Deny):
        raise AssertionError(f"a verb of {action} was begun for somebody without a right to it")
    line = Disclosure(
        at=at,
        ssid="",
        action=action,
        outcome=verdict.outcome,
        party=actor.party,
        actor=by.who,
        what=what,
        ground=verdict.word,
        purpose=by.why,
        tracking=tracking,
    )
    disclosures.add(connection, [replace(line, ssid=ssid) for ssid in dict.fromkeys(ssids)])


def recorded(
    room: Place,
    name: str,
    unit: Callable[[Writing], Done],
    *,
    actor: Actor,
    subject: str = "",
    why: str = "",
    told: Callable[[Done], Mapping[str, Any]] | None = None,
) -> Done:
    """Do the unit in one transaction, with its line in the log of acts: what was done, to what (`subject`: a party, a
    key, a day), why, and the facts that `told` takes from the result. Raises NotDone `why` for a reason that is not one
    line."""
    if why and not is_one_line(why, MOST_WHY):
        raise NotDone("why", most=MOST_WHY)

    def both(connection: Writing) -> Done:
        done = unit(connection)
        acts.add(connection, _line(room, name, actor, subject, why, told=told(done) if told else {}))
        return done

    return committed(room.engine, both)


def note(
    connection: Writing,
    room: Room,
    name: str,
    *,
    actor: Actor,
    subject: str = "",
    told: Mapping[str, Any] | None = None,
) -> None:
    """Write a verb's line in a transaction that `recorded` cannot make: an upgrade's, or one that must not be
    repeated."""
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
