"""keys: lists the OpenPGP and SSH keys that parties have and had; accepts new ones; ends one by the state's decision.

Contract: every party may read which keys belong to which party, but only its party and the state see who ended a key,
and why. A change is one transaction, and is published to the LEAs before the verb returns.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from broker.core.access import Action
from broker.core.actor import Actor
from broker.core.errors import NotDone
from broker.core.model import LeaId, PartyKind
from broker.core.review import By
from broker.edge.ledger.engine import Reading, Row, Writing, reading
from broker.edge.ledger.parties import directory, directory_changes, removals, suspensions
from broker.edge.pgp import keyring
from broker.edge.pgp.keyring import KeyInfo, PartInfo
from broker.edge.sftp.hostkey import line_fingerprint
from broker.parties import joining, renewing
from broker.parties.given import Given
from broker.parties.keys import Taken
from broker.parties.pages import House, write_pages
from broker.parties.renewing import Changed, News
from broker.verbs.acting import NotThere, recorded, verb
from broker.verbs.paging import MOST_COUNTED, Page

__all__ = ["Changed", "Ended", "Given", "KeyInfo", "KeysOf", "KnownKey", "News", "PartInfo", "Taken"]
__all__ += ["change_keys", "end_key", "list_keys"]
_SSH = "SHA256:"


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key that a party has or had. Times are seconds since the epoch; `ended_at` is None while it is in use, `until`
    is None where it does not expire; `fault` is the code of its present fault, '' for none. `ended_by` and `ended_why`
    are '' where nobody ended it by name, and for actors who may not see them."""

    kind: str  # openpgp or ssh
    fingerprint: str
    since: float
    ended_at: float | None
    until: datetime | None = None
    fault: str = ""
    ended_by: str = ""
    ended_why: str = ""
    user_id: str = ""
    parts: tuple[PartInfo, ...] = ()


@dataclass(frozen=True, slots=True)
class KeysOf:
    """All keys that are or were a party's, newest first for each kind."""

    lea: str
    is_removed: bool
    is_suspended: bool
    keys: tuple[KnownKey, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """A key that was ended: its fingerprint, the parties that had it, and whether they still have a good one."""

    fingerprint: str
    leas: tuple[str, ...]
    is_one_left: bool = True

    @property
    def is_ssh(self) -> bool:
        """Whether it was an SSH key."""
        return self.fingerprint.startswith(_SSH)


@verb(Action.READ_DIRECTORY)
def list_keys(house: House, lea: str = "", *, actor: Actor, after: str = "", size: int = 100) -> Page[KeysOf, str]:
    """A page of parties by id, after the id `after`, with all keys that are or were theirs; or only the party `lea`.
    Raises NotThere `no-party`."""
    with reading(house.engine) as connection:
        if lea and directory.party(connection, lea) is None:
            raise NotThere("no-party", lea=lea)
        ids = [lea] if lea else [str(one.id) for one in directory.page(connection, after, size + 1)]
        count = 1 if lea else directory.count(connection, MOST_COUNTED + 1)
        page = Page.of(ids, size, count, lambda one: one)
        reasons = directory_changes.reasons(connection, directory_changes.END)
        away, gone = suspensions.standing(connection), removals.standing(connection)
        found = [
            KeysOf(one, one in gone, one in away, _keys_of(connection, one, _told(actor, one, reasons), house.clock()))
            for one in page.rows
        ]
    return Page(tuple(found), page.after, page.count)


Reasons = Mapping[str, tuple[str, str]]  # by key: (who ended it, why)


def _told(actor: Actor, lea: str, reasons: Reasons) -> Reasons:
    return reasons if actor.kind in (None, PartyKind.STATE) or actor.party == lea else {}


def _keys_of(connection: Reading, lea: str, reasons: Reasons, now: datetime) -> tuple[KnownKey, ...]:
    certificates = [_certificate(row, reasons, now) for row in directory.every_certificate(connection, lea)]
    return (*certificates, *(_ssh_key(row, reasons) for row in directory.every_ssh_key(connection, lea)))


def _certificate(row: Row[Any], reasons: Reasons, now: datetime) -> KnownKey:
    info = keyring.inspect(row.armored.encode(), now)
    by = reasons.get(row.fingerprint, ("", "")) if row.ended_at is not None else ("", "")
    more = info.expires, info.fault or "", *by, row.user_id, info.parts
    return KnownKey("openpgp", row.fingerprint, row.added_at, row.retired_at, *more)


def _ssh_key(row: Row[Any], reasons: Reasons) -> KnownKey:
    by, why = reasons.get(row.line, ("", ""))
    print_ = line_fingerprint(row.line)
    return KnownKey("ssh", print_, row.added_at, row.ended_at, ended_by=by, ended_why=why)


@verb(Action.KEEP_DIRECTORY)
def change_keys(house: House, lea: str, news: News, *, actor: Actor) -> Changed:
    """Accept a party's further or renewed key, or a revocation; let SSH keys log in, and others no longer. All of it is
    done, or nothing. Raises NotDone with the fault of a key, `nothing-new`; NotThere `no-party`."""
    if not (news.cert or news.ssh_keys or news.gone_ssh_keys):
        raise NotDone("nothing-new")

    def renew(connection: Writing) -> Changed:
        party = directory.party(connection, lea)
        if party is None:
            raise NotThere("no-party", lea=lea)
        return renewing.change(house, connection, party, news, actor.name)

    with joining.guarded(house):
        done = recorded(house, "change_keys", renew, actor=actor, subject=lea, told=_told_of_change)
    write_pages(house)
    return done


def _told_of_change(done: Changed) -> Mapping[str, Any]:
    info = done.key.info if done.key else None
    key = {"key": info.fingerprint, "fault": info.fault} if info else {}
    return key | {"ssh_keys": done.ssh_keys, "gone_ssh_keys": done.gone_ssh_keys}


@verb(Action.KEEP_DIRECTORY)
def end_key(house: House, fingerprint: str, why: str, *, actor: Actor) -> Ended:
    """End a key, by its whole fingerprint: its signatures are no longer accepted, and nothing is sealed to it; an SSH
    key can no longer log in. Raises NotDone `fingerprint-unusable`, `part-of-key`; NotThere `no-key`, `no-ssh-key`."""
    by, now, is_ssh = By(actor.name, why), house.clock(), fingerprint.upper().startswith(_SSH)
    wanted = _SSH + fingerprint.strip()[len(_SSH) :].rstrip("=") if is_ssh else _openpgp(fingerprint)

    def let_end(connection: Writing) -> Ended:
        return (_end_ssh if is_ssh else _end_openpgp)(connection, wanted, now, by)

    done = recorded(
        house, "end_key", let_end, actor=actor, subject=wanted, why=why, told=lambda one: {"parties": one.leas}
    )
    write_pages(house)
    return done


def _openpgp(given: str) -> str:
    wanted = "".join(given.split()).upper().removeprefix("0X")
    if len(wanted) != 40 or set(wanted) - set("0123456789ABCDEF"):
        raise NotDone("fingerprint-unusable")
    return wanted


def _end_openpgp(connection: Writing, wanted: str, now: datetime, by: By) -> Ended:
    owner = directory.end(connection, wanted, now.timestamp(), by.who, by.why)
    if owner is None:
        within = directory.with_part(connection, wanted)
        if within:
            raise NotDone("part-of-key", key=wanted, whole=within)
        raise NotThere("no-key", key=wanted)
    left = [keyring.inspect(one, now).fault for one in directory.certificates_of(connection, owner)]
    return Ended(wanted, (owner,), None in left)


def _end_ssh(connection: Writing, wanted: str, now: datetime, by: By) -> Ended:
    rows = [row for row in directory.every_ssh_key(connection) if row.ended_at is None]
    found = [row for row in rows if line_fingerprint(row.line) == wanted]
    for row in found:
        directory.remove_ssh_key(connection, LeaId(row.party), row.line, now.timestamp(), by.who, by.why)
    if not found:
        raise NotThere("no-ssh-key", key=wanted)
    return Ended(wanted, tuple(row.party for row in found))
