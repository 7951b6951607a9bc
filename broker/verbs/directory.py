"""directory: the parties of the exchange: list, add, rename, suspend, resume and remove them.

Contract: every party may read who is in the exchange, but only that party and the state see who removed it, and why.
The state's operator keeps the directory. A change is one transaction, and is published to the LEAs before the verb
returns.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from broker.core.access import Action
from broker.core.actor import Actor
from broker.core.errors import NotDone
from broker.core.model import LeaId, Party, PartyKind
from broker.core.review import By
from broker.edge.ledger import epoch
from broker.edge.ledger.engine import Reading, Writing, reading
from broker.edge.ledger.parties import directory, removals, suspensions
from broker.edge.ledger.parties.removals import Left, Removal
from broker.edge.pgp import keyring
from broker.edge.pgp.keyring import KeyInfo
from broker.edge.settings import federal_names
from broker.parties import entering, joining, keys
from broker.parties.given import Given
from broker.parties.pages import House, write_pages
from broker.verbs.acting import NotThere, recorded, verb
from broker.verbs.paging import MOST_COUNTED, Page

__all__ = ["Entered", "Given", "KeyInfo", "Left", "Listed", "Party", "Removal", "Removed", "Renamed"]
__all__ += ["add_party", "list_parties", "remove_party", "rename_party", "resume_party", "suspend_party"]

Nameless = tuple[tuple[str, str], ...]  # keys, by party and fingerprint


@dataclass(frozen=True, slots=True)
class Listed:
    """A party with its keys in use. `suspended_at` is seconds since the epoch, None for a party that is not
    suspended."""

    party: Party
    keys: tuple[KeyInfo, ...]
    removal: Removal | None
    suspended_at: float | None


@dataclass(frozen=True, slots=True)
class Entered:
    """A party that was entered: its key, published under `user_id`, the fingerprints of its SSH keys, and its folder.
    `nameless` are keys that are published without a user id from now on, because theirs now names another party."""

    party: Party
    key: KeyInfo
    user_id: str
    ssh_keys: tuple[str, ...]
    folder: Path
    nameless: Nameless


@dataclass(frozen=True, slots=True)
class Renamed:
    """The party's former name; `nameless` as in `Entered`."""

    before: str
    nameless: Nameless


@dataclass(frozen=True, slots=True)
class Removed:
    """When a party was removed, and what is still open with it."""

    at: datetime
    left: Left


@verb(Action.READ_DIRECTORY)
def list_parties(house: House, *, actor: Actor, after: str = "", size: int = 100) -> Page[Listed, str]:
    """A page of all parties by id, after the id `after`; includes parties that have left."""
    with reading(house.engine) as connection:
        parties = directory.page(connection, after, size + 1)
        certificates = {one.id: directory.certificates_of(connection, one.id) for one in parties[:size]}
        gone, away = removals.standing(connection), suspensions.standing(connection)
        count = directory.count(connection, MOST_COUNTED + 1)
    page = Page.of(parties, size, count, lambda one: str(one.id))
    found = [
        Listed(one, _infos(house, certificates[one.id]), _told(actor, one.id, gone.get(one.id)), away.get(one.id))
        for one in page.rows
    ]
    return Page(tuple(found), page.after, page.count)


def _infos(house: House, certificates: Sequence[bytes]) -> tuple[KeyInfo, ...]:
    return tuple(keyring.inspect(one, house.clock()) for one in certificates)


def _told(actor: Actor, lea: str, removal: Removal | None) -> Removal | None:
    is_its = actor.kind in (None, PartyKind.STATE) or actor.party == lea
    return removal if removal is None or is_its else Removal(removal.at, "", "")


@verb(Action.KEEP_DIRECTORY)
def add_party(
    house: House, lea: str, name: str, kind: str, cert: Given, ssh_keys: Sequence[Given] = (), *, actor: Actor
) -> Entered:
    """Enter a party into the directory, or one that was removed again, and create its folders. Raises NotDone with the
    fault of its id, name or keys; OperatorError where the exchange itself has a federal name."""
    one = entering.candidate(house, lea, name, kind, cert, ssh_keys)

    def enter(connection: Writing) -> str:
        return entering.enter(house, connection, one)

    told = {"name": name, "kind": kind, "key": one.key.fingerprint, "ssh_keys": one.ssh_keys}
    before = _nameless(house)
    with joining.guarded(house):
        shown = recorded(house, "add_party", enter, actor=actor, subject=lea, told=lambda _: told)
    write_pages(house)
    folder = house.home.leas / one.party.id
    return Entered(one.party, one.key, shown, one.ssh_keys, folder, _newly_nameless(house, before))


@verb(Action.KEEP_DIRECTORY)
def rename_party(house: House, lea: str, name: str, why: str = "", *, actor: Actor) -> Renamed:
    """Give a party another name; its id stays. Raises NotDone where it cannot have this name; NotThere."""
    entering.check_name(name)
    names = federal_names.load(house.settings.home)

    def change(connection: Writing) -> str:
        epoch.hold(connection)  # so that nobody takes the same name meanwhile
        before = _present(connection, lea).name
        if before == name:
            raise NotDone("called-so", lea=lea)
        entering.check_free(keys.others(connection, house), lea, name)
        joining.enter(house, connection, lea, [joining.name_of(names, lea, name)])
        directory.rename(connection, LeaId(lea), name, house.clock().timestamp(), actor.name, why)
        return before

    shown = _nameless(house)
    with joining.guarded(house):
        before = recorded(
            house,
            "rename_party",
            change,
            actor=actor,
            subject=lea,
            why=why,
            told=lambda before: {"before": before, "name": name},
        )
    write_pages(house)
    return Renamed(before, _newly_nameless(house, shown))


def _nameless(house: House) -> set[tuple[str, str]]:
    """Keys that are published without a user id."""
    with reading(house.engine) as connection:
        return set(keys.nameless(connection))


def _newly_nameless(house: House, before: set[tuple[str, str]]) -> Nameless:
    return tuple(sorted(_nameless(house) - before))


def _present(connection: Reading, lea: str) -> Party:
    """A party that has not left. Raises NotThere `no-party`; NotDone `party-removed`."""
    party = directory.party(connection, lea)
    if party is None:
        raise NotThere("no-party", lea=lea)
    if lea in removals.standing(connection):
        raise NotDone("party-removed", lea=lea)
    return party


@verb(Action.KEEP_DIRECTORY)
def suspend_party(house: House, lea: str, why: str, *, actor: Actor) -> None:
    """Suspend a party: it cannot log in, packets from it stay where they are, packets for it wait. Raises NotDone
    `party-suspended`, `party-removed`; NotThere."""
    by, now = By(actor.name, why), house.clock().timestamp()

    def change(connection: Writing) -> None:
        if not suspensions.suspend(connection, _present(connection, lea).id, now, by.who, by.why):
            raise NotDone("party-suspended", lea=lea)

    recorded(house, "suspend_party", change, actor=actor, subject=lea, why=why)


@verb(Action.KEEP_DIRECTORY)
def resume_party(house: House, lea: str, why: str = "", *, actor: Actor) -> None:
    """End a suspension: everything continues. Raises NotDone `party-not-suspended`, `party-removed`; NotThere."""
    now = house.clock().timestamp()

    def change(connection: Writing) -> None:
        if not suspensions.resume(connection, _present(connection, lea).id, now, actor.name, why):
            raise NotDone("party-not-suspended", lea=lea)

    recorded(house, "resume_party", change, actor=actor, subject=lea, why=why)


@verb(Action.KEEP_DIRECTORY)
def remove_party(house: House, lea: str, why: str, *, actor: Actor, is_forced: bool = False) -> Removed:
    """Remove a party: it cannot log in, and nothing new goes to it or comes from it; nothing is deleted. With students
    enrolled there, or open transfers, only if `is_forced`. Raises NotDone `still-open`, `removed-already`; NotThere."""
    by, now = By(actor.name, why), house.clock()

    def let_go(connection: Writing) -> Left:
        if directory.party(connection, lea) is None:
            raise NotThere("no-party", lea=lea)
        if lea in removals.standing(connection):
            raise NotDone("removed-already", lea=lea)
        left = removals.left(connection, LeaId(lea), house.settings.today(house.settings.time.day(now)))
        if (left.students or left.transfers) and not is_forced:
            raise NotDone("still-open", lea=lea, left=left, students=left.students, transfers=left.transfers)
        removals.remove(connection, LeaId(lea), by.who, by.why, now.timestamp())
        return left

    left = recorded(house, "remove_party", let_go, actor=actor, subject=lea, why=why, told=asdict)
    write_pages(house)
    return Removed(now, left)
