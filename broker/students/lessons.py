"""lessons: what a decision about a question teaches, so that the same is not asked again.

Contract: called within the transaction that carries the decision out, and again where it is taken back. That it is this
student, or a new one, teaches how the student may be written; that it is not the others tells these apart. What the
state has decided counts everywhere; so does the word of an LEA that had the child before the question came; any other
LEA's counts at that LEA.
"""

from broker.core.model import Ssid
from broker.core.review import Verb
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.people import registry, taught
from broker.edge.ledger.people.reviews import Review
from broker.edge.ledger.people.taught import Decided
from broker.formats.documents import to_student
from broker.identity import registrar
from broker.packets.services import Services

_TEACH = frozenset({Verb.SAME, Verb.NEW})


def teach(services: Services, connection: Writing, found: Review, verb: Verb, number: str, *, is_lea: bool) -> None:
    """It was decided that the student with this number is meant; nothing where it is none."""
    if not number or verb not in _TEACH or not found.is_kept:
        return
    kept = registry.number(connection, number)
    told = [one.ssid for one in found.candidates if not (is_lea and one.is_hidden)]
    others = {other for ssid in told if (other := _number(connection, ssid)) and other != kept}
    for other in sorted(others):
        decided = _decided(services, connection, found, [kept, other], is_lea=is_lea)
        taught.tell_apart(connection, kept, other, decided)
    decided = _decided(services, connection, found, [kept], is_lea=is_lea)
    registrar.teach(connection, services.model, kept, to_student(found.subject["student"]), decided)


def unteach(services: Services, connection: Writing, found: Review) -> None:
    """The decision is taken back."""
    now = services.clock().timestamp()
    registrar.unteach(connection, services.model, found.tracking, found.line, now)


def _decided(services: Services, connection: Reading, found: Review, about: list[Ssid], *, is_lea: bool) -> Decided:
    is_local = is_lea and not any(taught.has_had(connection, one, found.lea, found.tracking) for one in about)
    now = services.clock().timestamp()
    by = found.lea if is_lea else ""
    return Decided(found.tracking, found.line, now, by, by if is_local else "")


def _number(connection: Reading, ssid: str) -> Ssid | None:
    person = registry.standing(connection, ssid)
    return person.ssid if person else None
