"""uncovered: ends the use of what no legal exception covers any more (Utah R277-484-6, 53E-9-308).

Contract: called in the transaction that ends an exception. User ids and names of parties show their federal names; for
an SSH key only the log knows the name that was beside it. A party without any key left must not log in either: it could
fetch what waits for it.
"""

from collections.abc import Mapping, Sequence

from broker.core.access import Action, Role, judge
from broker.core.disclosure import Disclosure
from broker.core.model import LeaId, Party
from broker.core.parties import federal
from broker.core.parties.federal import Names
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.parties import directory, exceptions
from broker.edge.pgp import keyring
from broker.edge.settings import federal_names
from broker.edge.sftp.hostkey import line_fingerprint
from broker.parties.joining import JoiningRoom, line, name_of


def end_uncovered(room: JoiningRoom, connection: Writing, ended: str) -> list[Disclosure]:
    """End what the exception for `ended`, no longer in force, had let in and no other exception covers; returns the
    lines for the log, not written yet."""
    names, domains = federal_names.load(room.settings.home), [one.domain for one in exceptions.standing(connection)]
    lost = _lost(connection, ended, domains)
    verdict, lines = judge(Role.FEDERAL, Action.JOIN), []
    for party in directory.all_parties(connection):
        gone = _certificates(room, connection, party, names, domains)
        gone |= _ssh_keys(room, connection, party.id, lost.get(party.id, {}), next(iter(gone.values()), ""))
        for what, host in gone.items():
            lines.append(line(room.clock().timestamp(), verdict.outcome, party.id, what, verdict.word, host))
    return lines


def _lost(connection: Reading, ended: str, domains: Sequence[str]) -> dict[str, dict[str, str]]:
    """What was let in and is no longer covered, by party, with the name for which it was let in."""
    lost: dict[str, dict[str, str]] = {}
    for one in exceptions.let_in(connection):
        if federal.is_within(one.domain, ended) and federal.covering(one.domain, domains) is None:
            lost.setdefault(one.party, {})[one.what] = one.domain
    return lost


def _certificates(
    room: JoiningRoom, connection: Writing, party: Party, names: Names, domains: Sequence[str]
) -> dict[str, str]:
    whole = federal.uncovered(name_of(names, party.id, party.name).found, domains)
    gone = {}
    for one in directory.certificates_of(connection, party.id):
        found = whole or federal.uncovered(federal_names.in_certificate(one, names), domains)
        if found:
            mark = keyring.inspect(one, room.clock()).fingerprint
            directory.retire(connection, party.id, mark, room.clock().timestamp())
            gone[f"certificate {mark}"] = found[0].host
    return gone


def _ssh_keys(room: JoiningRoom, connection: Writing, lea: LeaId, lost: Mapping[str, str], host: str) -> dict[str, str]:
    """`host` is the name for which a certificate has just been retired, '' for none."""
    is_bare = bool(host) and not directory.certificates_of(connection, lea)
    gone = {}
    for one in directory.ssh_keys_of(connection, lea):
        what = f"ssh-key {line_fingerprint(one)}"
        if is_bare or what in lost:
            directory.remove_ssh_key(connection, lea, one, room.clock().timestamp())
            gone[what] = lost.get(what, host)
    return gone
