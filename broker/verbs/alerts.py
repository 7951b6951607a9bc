"""alerts: what the state must know about missing children: the flags that stand, and its alerts (Utah 53A-11-504).

Contract: alerts have no student's name. An alert stays unseen until somebody marks it as seen; that person is recorded.
The list of flags names the children, so reading it writes a line of the disclosure log for each.
"""

from dataclasses import dataclass, field

from broker.core.access import Action
from broker.core.actor import Actor
from broker.core.errors import NotDone
from broker.core.model import Name
from broker.edge.ledger.again import committed
from broker.edge.ledger.engine import Writing, reading
from broker.edge.ledger.people import flags as ledger
from broker.edge.ledger.people import registry
from broker.edge.ledger.people.flags import Alert, Flag
from broker.edge.ledger.people.registry import Person
from broker.verbs.acting import Room, noted, verb
from broker.verbs.paging import Page

__all__ = ["Alert", "Flag", "Flagged", "Flags", "Place", "Seen"]

MOST_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Place:
    """The place of an alert in the list: unseen alerts first, and within each kind the newest first."""

    is_seen: bool
    id: int


@dataclass(frozen=True, slots=True)
class Seen:
    """How many were `marked`, and how many are still unseen, counted to 1,000."""

    marked: int
    unseen: int


@dataclass(frozen=True, slots=True, repr=False)
class Flagged:
    """A flag that stands, and the child's name and birth date (ISO). Repr hidden."""

    flag: Flag = field(repr=False)
    name: Name = field(repr=False)
    birth_date: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Flags:
    """A page of flags, oldest first, and how many stand in all; the number is exact, because each is a child."""

    page: Page[Flagged, int]
    standing: int


@verb(Action.RECEIVE_ALERT)
def list_alerts(
    room: Room, *, actor: Actor, is_seen: bool | None = None, after: Place | None = None, size: int = 1000
) -> Page[Alert, Place]:
    """A page of the alerts; with `is_seen`, only those that somebody has (not) seen."""
    with reading(room.engine) as connection:
        found: list[Alert] = []
        for wanted in (False, True) if is_seen is None else (is_seen,):
            if after is None or wanted >= after.is_seen:
                before = after.id if after and after.is_seen is wanted else None
                found += ledger.alerts_of(connection, wanted, size + 1 - len(found), before)
        return Page.of(found, size, ledger.count_alerts(connection, is_seen), _place)


def _place(alert: Alert) -> Place:
    return Place(alert.seen_at is not None, alert.id)


@verb(Action.RECEIVE_ALERT)
def mark_alerts_seen(room: Room, ids: list[int], *, actor: Actor) -> Seen:
    """Mark these alerts as seen by the actor. Raises NotDone `too-many-alerts`."""
    if len(ids) > MOST_AT_ONCE:
        raise NotDone("too-many-alerts", most=MOST_AT_ONCE)

    def mark(connection: Writing) -> Seen:
        marked = ledger.seen(connection, ids, actor.name, room.clock().timestamp())
        return Seen(marked, len(ledger.alerts_of(connection, is_seen=False)))

    return committed(room.engine, mark)


@verb(Action.RECEIVE_ALERT)
def list_flags(room: Room, why: str, *, actor: Actor, after: int = 0, size: int = 1000) -> Flags:
    """A page of the flags that stand, after the flag with the number `after`."""

    def look(connection: Writing) -> Flags:
        found = ledger.all_standing(connection, size + 1, after)
        standing = ledger.count_standing(connection)
        numbers, at = [one.ssid for one in found[:size]], room.clock().timestamp()
        noted(connection, numbers, Action.RECEIVE_ALERT, at, actor=actor, why=why, what="flags")
        rows = [_flagged(one, registry.person(connection, one.ssid)) for one in found]
        return Flags(Page.of(rows, size, standing, lambda one: one.flag.id), standing)

    return committed(room.engine, look)


def _flagged(one: Flag, person: Person | None) -> Flagged:
    if person is None:
        return Flagged(one, Name("", ""), "")
    return Flagged(one, Name(person.first, person.last, person.middle, person.suffix), person.birth_date)
