"""The gate that every key, name and host passes: no federal party (Utah R277-484-6, 53E-9-308).

Owns what the directory and the installation refuse. Promises: a federal name is let in only by a named legal exception
that stands, and a line of the disclosure log tells of it; so does a line of what was refused; what no exception covers
any more is taken back.
"""

import base64
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection

from broker import offline
from broker.core.access import Action, Role, judge
from broker.core.disclosure import Disclosure
from broker.core.errors import OperatorError, Refused
from broker.core.model import LeaId, Party
from broker.core.parties import federal
from broker.core.parties.federal import Names
from broker.edge.ledger.again import committed
from broker.edge.ledger.engine import reading
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.parties import directory, exceptions
from broker.edge.pgp import keyring
from broker.edge.settings import federal_names
from broker.edge.sftp.hostkey import fingerprint
from broker.parties.joining import Thing, certificate_of, judged, line
from broker.terminal.common import fail

__all__ = ["NotLetIn", "Thing", "certificate_of", "check_settings", "enter", "guarded", "name_of", "ssh_key_of"]
__all__ += ["ssh_print", "take_back"]
_MOST_TOLD = 20  # lines in the log about one refusal


class NotLetIn(OperatorError):
    """A federal name that no exception covers; `lines` are for the disclosure log."""

    def __init__(self, refused: Refused, lines: Sequence[Disclosure]) -> None:
        super().__init__(f"{refused.sentence} [{refused.code}]")
        self.lines = lines


def name_of(names: Names, lea: str, name: str) -> Thing:
    """A party's id and name."""
    return Thing("name", federal.federal_in(f"{lea} {name}", names, "name"))


def ssh_key_of(names: Names, line: str, text: str) -> Thing:
    """An SSH public key: `line` as it is kept, `text` the whole file with its comment."""
    return Thing(f"ssh-key {ssh_print(line)}", federal.federal_in(text, names, "ssh-key"))


def ssh_print(line: str) -> str:
    """The fingerprint of an OpenSSH public key line."""
    return fingerprint(base64.b64decode(line.split()[1]))


def enter(services: offline.Offline, connection: Connection, party: str, things: Sequence[Thing]) -> None:
    """Let these in, or raise NotLetIn; called in the transaction that enters them, and within `guarded`."""
    lines, refused = judged(connection, services.clock().timestamp(), party, things)
    if refused:
        told = [one for one in lines if one.outcome == "refused"]
        raise NotLetIn(federal.refusal(refused[0]), told[:_MOST_TOLD])
    disclosures.add(connection, lines)


@contextmanager
def guarded(services: offline.Offline) -> Iterator[None]:
    """What is refused within is in the log, although everything else of the transaction is undone."""
    try:
        yield
    except NotLetIn as error:
        lines = error.lines
        committed(services.engine, lambda connection: disclosures.add(connection, lines))
        fail(str(error))


def check_settings(services: offline.Offline) -> None:
    """Refuse to serve from, or to use, a host under a federal name that no exception covers. Raises OperatorError."""
    found = federal_names.in_settings(services.settings, federal_names.load(services.settings.home))
    if not found:
        return
    with reading(services.engine) as connection:
        left = federal.uncovered(found, [one.domain for one in exceptions.standing(connection)])
    if left:
        refused = federal.refusal(left[0])
        raise OperatorError(f"satchel.toml, {left[0].where}: {refused.sentence} [{refused.code}]")


def take_back(services: offline.Offline, connection: Connection, ended: str) -> list[Disclosure]:
    """Once the exception for the name `ended` stands no more: what is federal and covered by none is in use no more.

    The lines of what was taken back, not written yet. User ids and names of parties say themselves what they are; of an
    SSH key only the log knows which name stood beside it. A party that has no key left cannot log in either: it could
    fetch what waits for it.
    """
    names, domains = federal_names.load(services.settings.home), [one.domain for one in exceptions.standing(connection)]
    lost: dict[str, dict[str, str]] = {}
    for one in exceptions.let_in(connection):
        if federal.is_within(one.domain, ended) and federal.covering(one.domain, domains) is None:
            lost.setdefault(one.party, {})[one.what] = one.domain
    now = services.clock()
    lines = []
    for party in directory.all_parties(connection):
        gone = _certificates(services, connection, party, names, domains)
        gone |= _ssh_keys(services, connection, party.id, lost.get(party.id, {}), next(iter(gone.values()), ""))
        verdict = judge(Role.FEDERAL, Action.JOIN)
        for what, host in gone.items():
            lines.append(line(now.timestamp(), verdict.outcome, party.id, what, verdict.word, host))
    return lines


def _certificates(
    services: offline.Offline, connection: Connection, party: Party, names: Names, domains: Sequence[str]
) -> dict[str, str]:
    whole = federal.uncovered(name_of(names, party.id, party.name).found, domains)
    gone = {}
    for one in directory.certificates_of(connection, party.id):
        found = whole or federal.uncovered(federal_names.in_certificate(one, names), domains)
        if found:
            mark = keyring.inspect(one, services.clock()).fingerprint
            directory.retire(connection, party.id, mark, services.clock().timestamp())
            gone[f"certificate {mark}"] = found[0].host
    return gone


def _ssh_keys(
    services: offline.Offline, connection: Connection, lea: LeaId, lost: dict[str, str], host: str
) -> dict[str, str]:
    """`host` is the name for which a certificate was taken back just now, '' for none."""
    is_bare = bool(host) and not directory.certificates_of(connection, lea)
    gone = {}
    for one in directory.ssh_keys_of(connection, lea):
        what = f"ssh-key {ssh_print(one)}"
        if is_bare or what in lost:
            directory.remove_ssh_key(connection, lea, one, services.clock().timestamp())
            gone[what] = lost.get(what, host)
    return gone
