"""joining: whether a key or a name may be entered under the rule that there is no federal party (Utah R277-484-6,
53E-9-308).

Contract: called in the transaction that enters them. Only a named legal exception in force lets a federal name in; a
line of the disclosure log records each entry and each refusal.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from broker.core.access import Action, Facts, Permit, Role, judge
from broker.core.disclosure import Disclosure
from broker.core.errors import NotDone, OperatorError, Refused
from broker.core.parties import federal
from broker.core.parties.federal import Found, Names
from broker.edge.ledger.again import committed
from broker.edge.ledger.engine import Engine, Reading, Writing, reading
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.parties import exceptions
from broker.edge.settings import federal_names
from broker.edge.settings.values import Settings
from broker.edge.sftp.hostkey import line_fingerprint

_MOST_TOLD = 20  # at most so many lines about one refusal


class JoiningRoom(Protocol):
    """What this module needs of an exchange."""

    @property
    def settings(self) -> Settings:
        """The settings."""

    @property
    def engine(self) -> Engine:
        """The ledger."""

    @property
    def clock(self) -> Callable[[], datetime]:
        """The clock."""


@dataclass(frozen=True, slots=True)
class Thing:
    """Something that is about to be entered for a party: `what` as in the log (`certificate FINGERPRINT`, `ssh-key
    SHA256:…`, `name`), and the federal names in it."""

    what: str
    found: Sequence[Found]


def certificate_of(names: Names, mark: str, certificate: bytes) -> Thing:
    """A certificate with this fingerprint."""
    return Thing(f"certificate {mark}", federal_names.in_certificate(certificate, names))


def name_of(names: Names, lea: str, name: str) -> Thing:
    """A party's id and name."""
    return Thing("name", federal.federal_in(f"{lea} {name}", names, "name"))


def ssh_key_of(names: Names, line: str, text: str) -> Thing:
    """An SSH public key: `line` is what is kept, `text` the whole file with its comment."""
    return Thing(f"ssh-key {line_fingerprint(line)}", federal.federal_in(text, names, "ssh-key"))


class _NotLetIn(Exception):
    """A federal name that no exception covers; `lines` are for the disclosure log."""

    def __init__(self, refused: Refused, lines: Sequence[Disclosure]) -> None:
        super().__init__(refused.code)
        self.refused = refused
        self.lines = lines


@contextmanager
def guarded(room: JoiningRoom) -> Iterator[None]:
    """Use around `enter`: its refusals are in the disclosure log although the rest of the transaction is rolled back.
    Raises NotDone `not-let-in`."""
    try:
        yield
    except _NotLetIn as error:
        lines, refused = error.lines, error.refused
        committed(room.engine, lambda connection: disclosures.add(connection, lines))
        raise NotDone("not-let-in", said=refused.sentence, refusal=refused.code) from None


def enter(room: JoiningRoom, connection: Writing, party: str, things: Sequence[Thing]) -> None:
    """Allow these, or abort the transaction that enters them; call it within `guarded`."""
    lines, refused = judged(connection, room.clock().timestamp(), party, things)
    if refused:
        told = [one for one in lines if one.outcome == "refused"]
        raise _NotLetIn(federal.refusal(refused[0]), told[:_MOST_TOLD])
    disclosures.add(connection, lines)


def check_settings(room: JoiningRoom) -> None:
    """Refuse to serve from, or to use, a host under a federal name that no exception covers. Raises OperatorError."""
    found = federal_names.in_settings(room.settings, federal_names.load(room.settings.home))
    if not found:
        return
    with reading(room.engine) as connection:
        left = federal.uncovered(found, [one.domain for one in exceptions.standing(connection)])
    if left:
        refused = federal.refusal(left[0])
        raise OperatorError(f"satchel.toml, {left[0].where}: {refused.sentence} [{refused.code}]")


def judged(connection: Reading, at: float, party: str, things: Sequence[Thing]) -> tuple[list[Disclosure], list[Found]]:
    """The lines for the disclosure log, and the federal names that must not be entered."""
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
