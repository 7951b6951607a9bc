"""merges: merge two numbers of one student, and undo a merge.

Contract: each verb is one transaction with everything that follows from it, recorded with who and why
(`edge.ledger.people.merges`).
"""

from collections.abc import Callable
from dataclasses import dataclass

from broker.core.access import Action
from broker.core.actor import Actor
from broker.core.errors import NotDone
from broker.core.model import Ssid
from broker.core.review import By
from broker.edge.ledger.again import committed
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.people import flags, reviews
from broker.edge.ledger.people.merges import Outcome
from broker.flags import holdback
from broker.identity import compare, registrar
from broker.identity.answer import Answer, Says
from broker.oversight import watch
from broker.packets.services import Services
from broker.transfers import cases, follow_up
from broker.transfers.resume import release_waiting
from broker.verbs.acting import verb
from handlers.registry import TRAVELS

__all__ = ["Merged", "Outcome"]

_MOST_REASONS = 3


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge, or undoing it, did; `waiting` are the open questions about it, by tracking id and line."""

    outcome: Outcome
    waiting: tuple[tuple[str, int], ...]


@verb(Action.MERGE)
def merge(services: Services, kept: str, other: str, why: str, *, actor: Actor, is_sure: bool = False) -> Merged:
    """Merge two numbers of one student: `kept` stands for `other` too, and packets that waited only for that are
    released.

    Raises NotDone `not-alike` for two students whom the model tells apart, unless `is_sure`; and `stale-index`, and
    what `merges.merge` raises.
    """
    by, now = By(actor.name, why), services.clock()

    def join(connection: Writing) -> Outcome:
        if not is_sure:
            _check_alike(services, connection, kept, other)
        follow_up.catch_up(services, connection, [kept, other])
        lea = watch.whose_stay(services, connection, kept, other)
        today = services.today()
        done = registrar.merge(connection, services.model, kept, other, by.who, by.why, now.timestamp(), today, TRAVELS)
        if flags.is_flagged(connection, kept):  # an inbox may have packets about what is now a flagged child
            holdback.hold_back(services, connection, kept)
        cases.reconcile(services, connection, [kept], is_told=True)
        watch.decided(services, connection, [kept], lea)
        return done

    return _changed(services, join)


@verb(Action.MERGE)
def unmerge(services: Services, kept: str, other: str, why: str, *, actor: Actor) -> Merged:
    """Undo a merge: both numbers belong again to whom they did. Raises NotDone `stale-index`, and what `merges.unmerge`
    raises."""
    by, at = By(actor.name, why), services.clock().timestamp()

    def part(connection: Writing) -> Outcome:
        follow_up.catch_up(services, connection, [kept, other])
        done = registrar.unmerge(connection, services.model, kept, other, by.who, by.why, at, TRAVELS)
        cases.reconcile(services, connection, [kept, other], is_told=True)
        watch.decided(services, connection, [kept, other], watch.whose_stay(services, connection, kept, other))
        release_waiting(services, connection, [Ssid(kept), Ssid(other)])  # for enrollments that came since
        return done

    return _changed(services, part)


def _changed(services: Services, unit: Callable[[Writing], Outcome]) -> Merged:
    def carry_out(connection: Writing) -> Merged:
        registrar.check_index(connection, services.model)
        done = unit(connection)
        found = ((one, reviews.get(connection, *one)) for one in done.questions)
        return Merged(done, tuple(one for one, review in found if review is not None and review.closed_at is None))

    return committed(services.engine, carry_out)


def _check_alike(services: Services, connection: Reading, kept: str, other: str) -> None:
    """A mistyped number would give a child's records to a stranger."""
    one, two = registrar.known(connection, kept), registrar.known(connection, other)
    if one is None or two is None:
        return  # the merge itself says what is wrong
    verdict = compare.compare(services.model, one, two)
    if verdict.answer is Answer.NONE:
        against = [reason.sentence for reason in verdict.reasons if reason.says is Says.AGAINST][:_MOST_REASONS]
        raise NotDone("not-alike", kept=kept, other=other, against="; ".join(against))
