"""keys: whether a party may have a key, and in which form the key is published.

Contract: keys entered by a command or by a packet are judged here. A party's key has one of its owner's own user ids
that names this party and no other (`broker.core.parties.naming`), shows nobody else's address, and contains nothing
that another party, or the exchange itself, has proved to hold. A key from before this rule continues to work, and is
published without a user id: gpg does not import such a key, so it never shows a wrong name. Of two parties with the
same address, the earlier one keeps it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol

from broker.core.errors import Refused
from broker.core.model import LeaId
from broker.core.parties import naming
from broker.core.parties.naming import Known, Parties
from broker.edge.home.folders import Home
from broker.edge.ledger.engine import Reading, Row, Writing
from broker.edge.ledger.parties import directory, removals
from broker.edge.pgp import keyring, minimal
from broker.edge.pgp.keyring import KeyInfo
from broker.edge.pgp.minimal import UserId
from broker.edge.settings.values import Settings

EXCHANGE = "exchange"  # the id of the exchange's own key in every directory
_REVOKED = "key-revoked"
_SAYS_OTHERWISE = (
    "The user id that does says something else of what the key is for, or until when, than the key's other signatures:"
    " set that again for the whole key."
)
_UNQUOTABLE = frozenset('"$`\\!%')


class KeysRoom(Protocol):
    """What commands and stages have in common."""

    @property
    def settings(self) -> Settings:
        """The settings."""

    @property
    def home(self) -> Home:
        """The folders."""


@dataclass(frozen=True)
class Others:
    """The others that a user id must not name: their names, and which address belongs to whom."""

    names: Parties
    addresses: Mapping[str, str]

    def with_(self, party: Known) -> "Others":
        """The same with a party that is not entered yet, or has a new name."""
        return Others(Parties((*(one for one in self.names.all if one.id != party.id), party)), self.addresses)

    def fault_of(self, text: str, lea: str) -> str:
        """Why a user id is unsuitable for a party, as the end of a sentence; '' where it is suitable."""
        other = self.address_of(text, lea)
        return self.names.fault_of(text, lea) or (f"has the address of {other}" if other else "")

    def address_of(self, text: str, lea: str) -> str:
        """The other party whose address, or one that looks like it, is in a text; '' for none."""
        return next((owner for one in naming.addresses(text) if (owner := self._owner(one) or lea) != lea), "")

    def _owner(self, address: str) -> str:
        return self.addresses.get(address) or self._by_looks.get(naming.seen_address(address), "")

    @cached_property
    def _by_looks(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for one, owner in self.addresses.items():
            found.setdefault(naming.seen_address(one), owner)
        return found

    def named_in(self, text: str, lea: str) -> str:
        """The other party that a text names in any way; '' for none."""
        return self.names.other_in(text, lea) or self.address_of(text, lea)


def others(connection: Reading, room: KeysRoom) -> Others:
    """All parties, and the exchange."""
    return _others(connection, room, _shown(connection))


def _others(connection: Reading, room: KeysRoom, shown: Sequence[Row[Any]]) -> Others:
    """All parties. Read the keys first: a party that joins meanwhile then has a name here, but no key."""
    own = (one for each in keyring.user_ids(room.home.certificate.read_bytes()) for one in naming.addresses(each))
    addresses = dict.fromkeys(own, EXCHANGE)
    for row in shown:
        for one in naming.addresses(row.user_id):
            addresses.setdefault(one, row.party)
    names = Parties((*directory.known(connection), Known(EXCHANGE, room.settings.name)))
    return Others(names, addresses)


def check(
    room: KeysRoom, connection: Reading, who: Others, lea: str, content: bytes, now: datetime
) -> tuple[KeyInfo, UserId]:
    """A key that may be entered for a party of `who`, and its user id.

    Raises Refused with the fault of the key, `key-taken` also for the exchange's own key, `key-names-other`,
    `key-user-id`.
    """
    info = keyring.check(content, now)
    own = minimal.proved(room.home.certificate.read_bytes())
    if info.proved & own or directory.foreign(connection, lea, info.proved):
        raise Refused("key-taken")
    return info, chosen(who, lea, content, info, now)


def chosen(who: Others, lea: str, content: bytes, info: KeyInfo, now: datetime) -> UserId:
    """The user id under which a key is published. Raises Refused `key-names-other`, `key-user-id`."""
    found = minimal.user_ids(content, now)
    for one in found:
        if other := who.named_in(one.text, lea):
            raise Refused("key-names-other", hint=f"It names {other}, or has its address.")
    named = [one for one in found if not who.fault_of(one.text, lea)]
    fitting = _fitting(content, info, named, now)
    if named and fitting is None:
        raise Refused("key-user-id", hint=_SAYS_OTHERWISE)
    if fitting is None:
        raise Refused("key-user-id", hint=f"In full: {command(who, lea, info, found)}")
    return fitting


def _fitting(content: bytes, info: KeyInfo, named: Sequence[UserId], now: datetime) -> UserId | None:
    """The first user id under which others see the key as the exchange does: the same duties, the same time. For a
    revoked key any user id will do."""
    return next((one for one in named if info.fault == _REVOKED or _is_same(content, info, one, now)), None)


def _is_same(content: bytes, info: KeyInfo, user_id: UserId, now: datetime) -> bool:
    try:
        shown = keyring.inspect(minimal.published(content, user_id.body, now).encode(), now)
    except Refused:
        return False
    return shown.parts[0] == info.parts[0]


@dataclass(frozen=True, slots=True)
class Taken:
    """A key as it is kept from now on: its state, its whole content, and the user id under which it is published.
    `missing` says why there is none, as the end of a sentence, for a key that was known before."""

    info: KeyInfo
    content: bytes
    user_id: str
    missing: str


def taken(room: KeysRoom, connection: Reading, who: Others, lea: LeaId, content: bytes, now: datetime) -> Taken:
    """A party's further key, a newer form of one of its keys, or the revocation of a key that it has or had, bare or
    whole.

    A newer form and a revocation are accepted whatever their user ids are: the key was accepted before. Raises Refused
    as `check`, and what `keyring.inspect` does.
    """
    known = grown(directory.certificates_of(connection, lea, with_retired=True), content)
    if known is None:
        info, user_id = check(room, connection, who, lea, content, now)
        return Taken(info, content, user_id.text, "")
    info = keyring.inspect(known, now)
    found = _fitting(known, info, [one for one in minimal.user_ids(known, now) if not who.fault_of(one.text, lea)], now)
    if found:  # the user id that `settle` would choose, whatever others there are
        return Taken(info, known, found.text, "")
    try:
        return Taken(info, known, chosen(who, lea, known, info, now).text, "")
    except Refused as refused:
        return Taken(info, known, "", "" if info.fault else f"{refused.sentence} [{refused.code}]")


def grown(known: Sequence[bytes], content: bytes) -> bytes | None:
    """The known key of which this is a newer form or the revocation, merged with it; None for another key."""
    for one in known:
        try:
            return keyring.merge(one, content)
        except Refused:  # it is not this key
            continue
    return None


def command(who: Others, lea: str, info: KeyInfo, found: list[UserId]) -> str:
    """The command with which an owner adds a suitable user id."""
    name = " ".join(next(one.name for one in who.names.all if one.id == lea).split())
    if not name.isprintable() or _UNQUOTABLE & set(name) or who.names.fault_of(name, lea):
        name = f"LEA {lea}"
    mine = (one for each in found for one in sorted(naming.addresses(each.text)) if not who.address_of(one, lea))
    plain = (one for one in mine if naming.is_address(one) and one.isascii() and not _UNQUOTABLE & set(one))
    return f'gpg --quick-add-uid {info.fingerprint} "{name} <{next(plain, "YOUR-ADDRESS")}>"'


def _shown(connection: Reading) -> list[Row[Any]]:
    """Every published row, oldest first."""
    rows = [row for some in removals.published(connection).values() for row in some]
    return sorted(rows, key=lambda row: (row.added_at, row.fingerprint))


def is_settled(connection: Reading, room: KeysRoom) -> bool:
    """Whether every key has its published form; `settle` makes missing and wrong ones."""
    shown = _shown(connection)
    return not _stale(shown, _others(connection, room, shown))


def _stale(shown: Sequence[Row[Any]], who: Others) -> list[Row[Any]]:
    """The rows whose published form must be made, because the key is new, or names have changed."""
    return [row for row in shown if row.shown is None or (row.user_id and who.names.fault_of(row.user_id, row.party))]


def settle(connection: Writing, room: KeysRoom, now: datetime) -> None:
    """Make the published form of every key where it is missing or wrong by now."""
    shown = _shown(connection)
    who, own = _others(connection, room, shown), minimal.bound(room.home.certificate.read_bytes())
    addresses = dict(who.addresses)
    for row in _stale(shown, who):
        try:
            form, user_id = _form(connection, row, Others(who.names, addresses), own, now)
        except Refused:  # an earlier program accepted an unreadable key: the others are published anyway
            form, user_id = "", ""
        for one in naming.addresses(user_id):
            addresses.setdefault(one, row.party)
        directory.show(connection, row.fingerprint, form, user_id)


def _form(connection: Reading, row: Row[Any], who: Others, own: frozenset[str], now: datetime) -> tuple[str, str]:
    """The published form of a key, and the user id in it, '' for none; `own` are the exchange's keys."""
    content = row.armored.encode()
    named = [one for one in minimal.user_ids(content, now) if not who.fault_of(one.text, row.party)]
    found = _fitting(content, keyring.inspect(content, now), named, now)
    foreign = directory.foreign(connection, row.party, minimal.bound(content)) | own
    return minimal.published(content, found.body if found else None, now, foreign), found.text if found else ""


def published(connection: Reading) -> dict[str, list[str]]:
    """The published keys, by party; call `settle` before."""
    every = removals.published(connection).items()
    return {lea: [row.shown for row in rows if row.shown] for lea, rows in every}


def prints(connection: Reading) -> dict[str, list[str]]:
    """The fingerprints of the published keys, by party."""
    return {lea: [row.fingerprint for row in rows] for lea, rows in removals.published(connection).items()}


def nameless(connection: Reading) -> list[tuple[str, str]]:
    """Keys in use that are published without a user id: party and fingerprint."""
    every = removals.published(connection).items()
    return [(lea, row.fingerprint) for lea, rows in every for row in rows if row.shown is not None and not row.user_id]
