"""joining: whether a key or a name may come in by the rule that there is no federal party (Utah R277-484-6, 53E-9-308).

Contract: called in the transaction that enters them. A federal name is let in only by a named legal exception that
stands; a line of the disclosure log tells of it, and of what was refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from broker.core.access import Action, Facts, Permit, Role, judge
from broker.core.disclosure import Disclosure
from broker.core.parties import federal
from broker.core.parties.federal import Found, Names
from broker.edge.ledger.parties import exceptions
from broker.edge.settings import federal_names


@dataclass(frozen=True, slots=True)
class Thing:
    """What is about to be entered for a party: `what` as in the log (`certificate FINGERPRINT`, `ssh-key SHA256:…`,
    `name`), and the federal names in it."""

    what: str
    found: Sequence[Found]


def certificate_of(names: Names, mark: str, certificate: bytes) -> Thing:
    """A certificate with this fingerprint."""
    return Thing(f"certificate {mark}", federal_names.in_certificate(certificate, names))


def judged(
    connection: Connection, at: float, party: str, things: Sequence[Thing]
) -> tuple[list[Disclosure], list[Found]]:
    """The lines for the disclosure log, and the names for which nothing may come in."""
    domains = [one.domain for one in exceptions.standing(connection)]
    lines, refused = [], []
    for what, found in [(thing.what, found) for thing in things for found in thing.found]:
        has_exception = federal.covering(found.host, domains) is not None
        verdict = judge(Role.FEDERAL, Action.JOIN, Facts(has_exception=has_exception))
        lines.append(line(at, verdict.outcome, party, what, verdict.word, found.host))
        if not isinstance(verdict, Permit):
            refused.append(found)
    return lines, refused


def line(at: float, outcome: str, party: str, what: str, ground: str, host: str) -> Disclosure:
    """One line of the log."""
    return Disclosure(at, "", Action.JOIN, outcome, party, what=what, ground=ground, purpose=host)
