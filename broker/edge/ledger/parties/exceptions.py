"""Named legal exceptions to "no federal party" (Utah R277-484-6, 53E-9-308), and the keys that each one let in.

Owns `exceptions`. Promises: an exception is never deleted; it is ended, and only once; where one stands for a name and
one for a name above it, either is enough. The disclosure log shows what was let in by which exception.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, insert, select, update

from broker.core.access import Action, Ground
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.numbers import comparable
from broker.edge.ledger.tables import disclosures, exceptions


@dataclass(frozen=True, slots=True)
class LegalException:
    """One exception. `domain` has the form of `broker.core.parties.federal.normal`; `ended_at` is None while the
    exception stands. Times are seconds since the epoch."""

    id: int
    domain: str
    law: str
    why: str
    who: str
    at: float
    ended_at: float | None = None
    ended_by: str = ""
    ended_why: str = ""


@dataclass(frozen=True, slots=True)
class LetIn:
    """A key or name of a party that was entered under an exception; `what` is `certificate FINGERPRINT`, `ssh-key
    SHA256:…` or `name`."""

    party: str
    what: str
    domain: str


_ROW = [exceptions.c[name] for name in LegalException.__dataclass_fields__]


def add(connection: Writing, domain: str, law: str, why: str, who: str, at: float) -> LegalException:
    """Record an exception."""
    values = {"domain": domain, "law": law, "why": why, "who": who, "at": at}
    number = connection.execute(insert(exceptions).returning(exceptions.c.id), values).scalar_one()
    return LegalException(number, domain, law, why, who, at)


def end(connection: Writing, number: int, who: str, why: str, at: float) -> None:
    """End an exception."""
    values = {"ended_at": at, "ended_by": who, "ended_why": why}
    connection.execute(update(exceptions).where(exceptions.c.id == comparable(number)).values(values))


def all_of(connection: Reading) -> list[LegalException]:
    """All exceptions ever recorded, oldest first."""
    return [LegalException(*row) for row in connection.execute(select(*_ROW).order_by(exceptions.c.id))]


def page(connection: Reading, after: int, size: int) -> list[LegalException]:
    """At most `size` of the exceptions ever recorded, after the number `after`, oldest first."""
    query = select(*_ROW).where(exceptions.c.id > comparable(after)).order_by(exceptions.c.id).limit(size)
    return [LegalException(*row) for row in connection.execute(query)]


def count(connection: Reading, most: int) -> int:
    """How many were ever recorded, counted up to `most`."""
    query = select(func.count()).select_from(select(exceptions.c.id).limit(most).subquery())
    return int(connection.execute(query).scalar_one())


def standing(connection: Reading) -> list[LegalException]:
    """The exceptions that stand, oldest first."""
    return [one for one in all_of(connection) if one.ended_at is None]


def let_in(connection: Reading) -> Sequence[LetIn]:
    """What was ever entered under an exception, oldest first, without duplicates."""
    query = (
        select(disclosures.c.party, disclosures.c.what, disclosures.c.purpose)
        .where(disclosures.c.action == Action.JOIN, disclosures.c.ground == Ground.LEGAL_EXCEPTION)
        .order_by(disclosures.c.seq)
    )
    return list(dict.fromkeys(LetIn(*row) for row in connection.execute(query)))
