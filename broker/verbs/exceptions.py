"""exceptions: named legal exceptions to "no federal party" (Utah R277-484-6, 53E-9-308).

Contract: an exception names one domain, its law, who decided and why, and is a line of the disclosure log and of the
log of acts; when it ends, what it let in is removed in the same transaction.
"""

from dataclasses import dataclass

from broker.core.access import Action, judge
from broker.core.actor import Actor
from broker.core.disclosure import Disclosure
from broker.core.errors import NotDone
from broker.core.parties import federal
from broker.core.review import By, is_one_line
from broker.edge.ledger import epoch
from broker.edge.ledger.engine import Writing, reading
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.parties import exceptions
from broker.edge.ledger.parties.exceptions import LegalException
from broker.edge.settings import federal_names
from broker.parties.pages import House, write_pages
from broker.parties.uncovered import end_uncovered
from broker.verbs.acting import NotThere, Room, recorded, verb
from broker.verbs.paging import MOST_COUNTED, Page

__all__ = ["EndedException", "LegalException", "LostAccess", "end_exception", "list_exceptions", "record_exception"]
_MOST_LAW = 200  # characters


@dataclass(frozen=True, slots=True)
class LostAccess:
    """What a party had under an exception: `certificate FINGERPRINT` or `ssh-key SHA256:…`."""

    party: str
    what: str


@dataclass(frozen=True, slots=True)
class EndedException:
    """The name of the exception, and what was removed."""

    domain: str
    lost: tuple[LostAccess, ...]


@verb(Action.READ_AUDIT)
def list_exceptions(room: Room, *, actor: Actor, after: int = 0, size: int = 100) -> Page[LegalException, int]:
    """A page of all exceptions ever recorded, after the number `after`, oldest first."""
    with reading(room.engine) as connection:
        found = exceptions.page(connection, after, size + 1)
        return Page.of(found, size, exceptions.count(connection, MOST_COUNTED + 1), lambda one: one.id)


@verb(Action.RECORD_EXCEPTION)
def record_exception(house: House, domain: str, law: str, why: str, *, actor: Actor) -> LegalException:
    """Allow a federal name, and all names under it. Raises NotDone `law-unusable`, `domain-unusable`,
    `exception-there`."""
    by, at = By(actor.name, why), house.clock().timestamp()
    if not is_one_line(law, _MOST_LAW):
        raise NotDone("law-unusable", most=_MOST_LAW)
    name = _checked(house, domain)

    def record(connection: Writing) -> LegalException:
        if any(one.domain == name for one in exceptions.standing(connection)):
            raise NotDone("exception-there", domain=name)
        made = exceptions.add(connection, name, law, by.why, by.who, at)
        line = _line(at, Action.RECORD_EXCEPTION, name, actor, f"{law}: {by.why}")
        disclosures.add(connection, [line])
        return made

    return recorded(
        house, "record_exception", record, actor=actor, subject=name, why=why, told=lambda one: {"law": one.law}
    )


def _checked(house: House, domain: str) -> str:
    try:
        return federal.check_exception(domain, federal_names.load(house.settings.home))
    except ValueError as error:
        raise NotDone("domain-unusable", fault=str(error)) from None


@verb(Action.END_EXCEPTION)
def end_exception(house: House, domain: str, why: str, *, actor: Actor) -> EndedException:
    """End an exception: the keys that it let in are no longer valid, and nothing is sent to them. Raises NotThere
    `no-exception`."""
    by, name, at = By(actor.name, why), federal.normal(domain), house.clock().timestamp()

    def put_an_end(connection: Writing) -> EndedException:
        one = next((one for one in exceptions.standing(connection) if one.domain == name), None)
        if one is None:
            raise NotThere("no-exception", domain=name)
        exceptions.end(connection, one.id, by.who, by.why, at)
        taken = end_uncovered(house, connection, name)
        disclosures.add(connection, [_line(at, Action.END_EXCEPTION, name, actor, by.why), *taken])
        epoch.advance(connection)  # so that present deliveries are checked again
        return EndedException(name, tuple(LostAccess(line.party, line.what) for line in taken))

    done = recorded(house, "end_exception", put_an_end, actor=actor, subject=name, why=why, told=_told)
    write_pages(house)
    return done


def _told(done: EndedException) -> dict[str, object]:
    return {"taken_back": [[one.party, one.what] for one in done.lost]}


def _line(at: float, action: Action, domain: str, actor: Actor, purpose: str) -> Disclosure:
    verdict = judge(actor.roles[0], action)
    outcome, ground = verdict.outcome, verdict.word
    return Disclosure(
        at, "", action, outcome, actor.party, actor=actor.name, what=domain, ground=ground, purpose=purpose
    )
