"""entering: enters a party into the directory, with its keys and folders, for the first time or again.

Contract: `candidate` checks what can be checked without the directory; `enter` checks the rest in the one transaction
that enters the party: of two parties entered at once, the second one sees the first one's id, name and keys. Keys and
names are checked before anything is written. Raises NotDone.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from broker.core.errors import NotDone, Refused
from broker.core.model import LeaId, Party, PartyKind
from broker.core.openpgp import armor
from broker.core.parties.naming import Known, is_latin, words
from broker.edge.home.folders import lea_id
from broker.edge.ledger import epoch
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.parties import directory, removals
from broker.edge.pgp import keyring, validity
from broker.edge.pgp.keyring import KeyInfo
from broker.edge.settings import federal_names
from broker.edge.sftp.hostkey import line_fingerprint
from broker.parties import given, joining, keys, marks
from broker.parties.given import Given
from broker.parties.joining import Thing
from broker.parties.pages import House

_TAKEN = frozenset({"exchange", "all"})  # every directory folder has files with these names
_LONGEST_NAME = 120
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A party that passed the checks without the directory. `content` is its key as it was given in the file `name`;
    `lines` are its SSH keys, `things` everything in which a federal name may be."""

    party: Party
    name: str
    content: bytes
    key: KeyInfo
    lines: tuple[str, ...]
    things: tuple[Thing, ...]

    @property
    def ssh_keys(self) -> tuple[str, ...]:
        """The fingerprints of its SSH keys."""
        return tuple(map(line_fingerprint, self.lines))


def candidate(house: House, lea: str, name: str, kind: str, cert: Given, ssh_keys: Sequence[Given]) -> Candidate:
    """Check a party's own facts. Raises OperatorError where the installation itself has a federal name."""
    check_id(lea)
    check_name(name)
    if kind not in list(PartyKind):
        raise NotDone("kind-unknown", kinds=", ".join(PartyKind))
    content = given.certificate(cert)
    key = judged(cert.name, lambda: keyring.check(content, house.clock()))
    joining.check_settings(house)
    names = federal_names.load(house.settings.home)
    read = [given.ssh_key(one) for one in ssh_keys]
    things = [joining.name_of(names, lea, name), joining.certificate_of(names, key.fingerprint, content)]
    things += [joining.ssh_key_of(names, *one) for one in read]
    party = Party(LeaId(lea), name, PartyKind(kind))
    return Candidate(party, cert.name, content, key, tuple(line for line, _ in read), tuple(things))


def enter(house: House, connection: Writing, one: Candidate) -> str:
    """Enter the party; returns the user id under which its key is published. Call it within `joining.guarded`."""
    epoch.hold(connection)
    _check_new(connection, one.party)
    joining.enter(house, connection, one.party.id, one.things)
    who, now = _others_of(house, connection, one.party), house.clock()
    shown = judged(one.name, lambda: keys.check(house, connection, who, one.party.id, one.content, now)[1].text)
    if directory.party(connection, one.party.id):
        removals.restore(connection, one.party, now.timestamp())
    else:
        directory.add_party(connection, one.party, now.timestamp())
    put(connection, one.party.id, one.key, one.content, now.timestamp())
    for line in one.lines:
        directory.add_ssh_key(connection, one.party.id, line, now.timestamp())
    house.home.create_lea(one.party.id)
    marks.give(connection, house.home, one.party.id, now.timestamp())
    return shown


def check_id(lea: str) -> None:
    """Raises NotDone `id-unusable`, `id-taken`."""
    try:
        lea_id(lea)
    except ValueError as error:
        raise NotDone("id-unusable", lea=lea, fault=str(error)) from None
    if lea.lower() in _TAKEN:
        raise NotDone("id-taken", lea=lea)


def check_name(name: str) -> None:
    """Raises NotDone `name-unusable`, `name-not-latin` where no party can have this name."""
    if not name.isprintable() or not words(name) or len(name) > _LONGEST_NAME:
        raise NotDone("name-unusable", most=_LONGEST_NAME)
    if not is_latin(name):
        raise NotDone("name-not-latin")


def check_free(who: keys.Others, lea: str, name: str) -> None:
    """Raises NotDone `name-taken` where another party has or had this name."""
    if other := who.names.taken_by(name, lea):
        raise NotDone("name-taken", name=name, other=other)


def judged(name: str, judge: Callable[[], _T]) -> _T:
    """The result of `judge`. Raises NotDone `key-refused` with the fault of the key in the file with this name."""
    try:
        return judge()
    except Refused as refused:
        raise NotDone("key-refused", file=name, said=refused.sentence, refusal=refused.code) from None


def put(connection: Writing, lea: LeaId, info: KeyInfo, content: bytes, now: float) -> None:
    """Keep a key, in ASCII armour; it may already be armoured. Raises NotDone `not-let-in`."""
    try:
        armored = armor.enarmor("PUBLIC KEY BLOCK", validity.binary(content))
        directory.put_certificate(connection, lea, info, armored, now)
    except Refused as refused:
        raise NotDone("not-let-in", said=refused.sentence, refusal=refused.code) from None


def _others_of(house: House, connection: Reading, party: Party) -> keys.Others:
    """All parties, with the new one."""
    who = keys.others(connection, house)
    former = next((one.names for one in who.names.all if one.id == party.id), ())
    check_free(who, party.id, party.name)
    return who.with_(Known(party.id, party.name, former))


def _check_new(connection: Reading, party: Party) -> None:
    """A party that was removed must return with the same kind: its history happened under that kind."""
    lea, known = party.id, directory.party(connection, party.id)
    others = (one.id for one in directory.all_parties(connection))
    alike = next((one for one in others if one != lea and one.lower() == lea.lower()), None)
    if alike:
        raise NotDone("id-alike", lea=lea, other=alike)
    if known is None:
        return
    if lea not in removals.standing(connection):
        raise NotDone("party-there", lea=lea)
    if known.kind is not party.kind:
        raise NotDone("party-was-other", lea=lea, kind=known.kind.value)
