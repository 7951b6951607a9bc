"""packets: what happened to the packets that were sent, for the state.

Contract: reads only; no student data, except what an LEA has put into a file's name.
"""

from dataclasses import dataclass

from broker.core.access import Action
from broker.core.actor import Actor
from broker.edge.ledger.engine import reading
from broker.edge.ledger.packets import views
from broker.edge.ledger.packets.views import Wanted
from broker.verbs.acting import NotThere, Room, verb
from broker.verbs.paging import Page

__all__ = ["History", "Line", "Published", "Step", "Wanted", "list_packets", "show"]

_ALL = Wanted()


@dataclass(frozen=True, slots=True)
class Line:
    """One packet. Times are seconds since the epoch, None where something did not happen; sizes are bytes; '' where a
    value is unknown or does not apply."""

    tracking: str
    source_name: str
    origin: str
    receiver: str
    type: str
    state: str
    held_for: str
    code: str
    replaces: str
    size: int
    sha256: str
    received_at: float | None
    updated_at: float | None
    purged_at: float | None
    deferrals: int
    due_at: float | None


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a packet; `at` is seconds since the epoch."""

    at: float
    before: str
    after: str
    why: str


@dataclass(frozen=True, slots=True)
class Published:
    """The n-th receipt of a packet: its state, the party that gets it, and when, in seconds since the epoch."""

    n: int
    state: str
    party: str
    at: float


@dataclass(frozen=True, slots=True)
class History:
    """A packet, its steps, and its receipts, oldest first."""

    packet: Line
    steps: tuple[Step, ...]
    receipts: tuple[Published, ...]


@verb(Action.READ_REPORTS)
def list_packets(
    room: Room, wanted: Wanted = _ALL, *, actor: Actor, before: str = "", size: int = 100
) -> Page[Line, str]:
    """A page of the packets that match, after the tracking id `before`, newest first."""
    with reading(room.engine) as connection:
        found = [Line(**one) for one in views.listing(connection, wanted, size + 1, before)]
        return Page.of(found, size, views.count(connection, wanted), lambda one: one.tracking)


@verb(Action.READ_REPORTS)
def show(room: Room, tracking: str, *, actor: Actor) -> History:
    """The history of one packet, by its whole tracking id. Raises NotThere `no-packet`."""
    with reading(room.engine) as connection:
        found = views.history(connection, tracking)
    if found is None:
        raise NotThere("no-packet", tracking=tracking)
    steps, receipts = found.pop("events"), found.pop("receipts")
    return History(Line(**found), tuple(Step(**one) for one in steps), tuple(Published(**one) for one in receipts))
