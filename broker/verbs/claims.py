"""claims: students whom two LEAs claim for the same days, or for too many days.

Contract: reads the ledger as it is now, the students of a page in one statement; no names. An LEA sees only what
concerns it and what it may see (`broker.formats.reports.claims`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from broker.core.access import Action
from broker.core.actor import Actor
from broker.edge.ledger.cases import claims as ledger
from broker.edge.ledger.engine import reading
from broker.edge.ledger.parties import directory
from broker.formats.reports.claims import document
from broker.offline import Offline
from broker.verbs.acting import NotThere, verb

__all__ = ["Days", "Found", "list_claims"]


@dataclass(frozen=True, slots=True)
class Days:
    """The period: overlaps that touch the days from `first` to `last`, or those of a school year, by the year in which
    it ends; without either, the current year, and coming years as far as they are known."""

    first: date | None = None
    last: date | None = None
    school_year: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Some claims, in the order of SSIDs and school years, each in the form of `formats.reports.claims`; `after` is the
    cursor for the next page, '' at the end. The total is unknown until all are judged."""

    documents: tuple[Mapping[str, Any], ...]
    after: str


@verb(Action.RECEIVE_CLAIMS)
def list_claims(
    room: Offline, days: Days = Days(), *, actor: Actor, lea: str = "", after: str = "", today: date | None = None
) -> Found:
    """The claims about the next students after `after`; with `lea`, those that concern it, as far as it may see them.
    An LEA's actor always gets only these. Raises NotThere `no-party`."""
    whose = lea or actor.party
    chosen = _period(room, days, today or room.day())
    with reading(room.engine) as connection:
        if whose and (directory.party(connection, whose) is None or whose != (actor.party or whose)):
            raise NotThere("no-party", lea=whose)
        found, last = ledger.page(connection, chosen, after, whose)
    return Found(tuple(document(one, whose) for one in found), last)


def _period(room: Offline, days: Days, today: date) -> ledger.Period:
    calendar, by = room.settings.claims.calendar, room.settings.today(today)
    if days.first and days.last:
        return ledger.between(calendar, days.first, days.last, by)
    return ledger.period(calendar, today, days.school_year, by)
