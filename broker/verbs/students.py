"""students: the registry: find a student, show what is known, and list what parents opted out of.

Contract: reading about a student writes a line in the disclosure log before anything is shown.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from broker.core.access import Action
from broker.core.actor import Actor
from broker.core.errors import NotDone
from broker.core.model import Name
from broker.core.opt_outs import OptOut
from broker.core.stays import Today
from broker.edge.ledger.again import committed
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.people import finding, flags, opt_outs, registry, stays
from broker.edge.ledger.people.finding import Asked
from broker.edge.ledger.people.registry import Person
from broker.edge.settings.values import Settings
from broker.identity import registry_view
from broker.identity.normalise import key
from broker.identity.registry_view import StudentView
from broker.verbs.acting import NotThere, Room, noted, verb
from broker.verbs.paging import Page

__all__ = ["Found", "FoundStudent", "OptOut", "Settled", "Sought", "StudentView"]

MOST_FOUND = 20
_LEAST_LETTERS = 2


class Settled(Room, Protocol):
    """A room with settings."""

    @property
    def settings(self) -> Settings:
        """The settings."""

    def today(self) -> Today:
        """The day for judging where a student is."""


@dataclass(frozen=True, slots=True, repr=False)
class Sought:
    """What is known of the student to be found: parts of the `name`, a birth date, a number from an LEA; `lea` is the
    LEA. '' and None for what is not known. Repr hidden.

    Raises NotDone `whom` where nothing is given, `short-name` where a part of the name has too few letters.
    """

    name: str = field(default="", repr=False)
    born: date | None = field(default=None, repr=False)
    local_id: str = field(default="", repr=False)
    lea: str = ""

    def __post_init__(self) -> None:
        """Check that something is given."""
        if not (self.words or self.born or self.local_id):
            raise NotDone("whom")
        if any(len(key(word)) < _LEAST_LETTERS for word in self.words):
            raise NotDone("short-name", least=_LEAST_LETTERS)

    @property
    def words(self) -> list[str]:
        """The parts of the name."""
        return self.name.replace("-", " ").split()


@dataclass(frozen=True, slots=True, repr=False)
class FoundStudent:
    """A student who matches. `stands_for` as in `StudentView`; `here` is the LEA where the student is, '' for none.
    Repr hidden."""

    ssid: str
    stands_for: str | None
    name: Name = field(repr=False)
    birth_date: str = field(repr=False)
    here: str
    is_flagged: bool


@dataclass(frozen=True, slots=True)
class Found:
    """The students who match, in the order of their numbers, at most `MOST_FOUND`, because nobody can look through
    more; and whether there are more."""

    students: tuple[FoundStudent, ...]
    is_more: bool


@verb(Action.READ_REGISTRY)
def find_students(room: Settled, sought: Sought, why: str, *, actor: Actor) -> Found:
    """Find students by what is known of them; a search without a result is logged too."""
    asked = Asked(sought.words, sought.born.isoformat() if sought.born else "", sought.local_id, sought.lea)
    now = room.clock()

    def look(connection: Writing) -> Found:
        persons = finding.find(connection, asked, key, MOST_FOUND + 1)
        shown = persons[:MOST_FOUND]
        numbers = [str(one.ssid) for one in shown] or [""]
        noted(connection, numbers, Action.READ_REGISTRY, now.timestamp(), actor=actor, why=why, what="find")
        today = room.today()
        return Found(tuple(_found(connection, one, today) for one in shown), len(persons) > MOST_FOUND)

    return committed(room.engine, look)


def _found(connection: Reading, person: Person, today: Today) -> FoundStudent:
    kept = registry.standing(connection, person.ssid)
    account = stays.account_of(registry.locations(connection, person.ssid), today)
    return FoundStudent(
        ssid=person.ssid,
        stands_for=kept.ssid if kept else None,
        name=Name(person.first, person.last, person.middle, person.suffix),
        birth_date=person.birth_date,
        here=account.here or "",
        is_flagged=flags.is_flagged(connection, person.ssid),
    )


@verb(Action.READ_REGISTRY)
def show_student(room: Settled, ssid: str, why: str, *, actor: Actor) -> StudentView:
    """Everything that the registry knows about one student. Raises NotThere `no-student`."""
    now = room.clock()

    def look(connection: Writing) -> StudentView:
        found = registry_view.gather(connection, ssid, room.today())
        if found is None:
            raise NotThere("no-student", ssid=ssid)
        noted(connection, [ssid], Action.READ_REGISTRY, now.timestamp(), actor=actor, why=why)
        return found

    return committed(room.engine, look)


@verb(Action.READ_REGISTRY)
def list_opt_outs(
    room: Room,
    why: str,
    *,
    actor: Actor,
    purpose: str = "",
    after: tuple[str, int] | None = None,
    size: int = 1000,
) -> Page[OptOut, tuple[str, int]]:
    """A page of the opt-outs in force, of one purpose where given, in the order of the students' numbers."""

    def look(connection: Writing) -> Page[OptOut, tuple[str, int]]:
        found = opt_outs.page(connection, purpose, after, size + 1)
        count = opt_outs.count_standing(connection, purpose)
        page = Page.of(found, size, count, lambda one: (one.ssid, one.id))
        at, numbers = room.clock().timestamp(), [one.ssid for one in page.rows]
        noted(connection, numbers, Action.READ_REGISTRY, at, actor=actor, why=why, what="opt-outs")
        return page

    return committed(room.engine, look)
