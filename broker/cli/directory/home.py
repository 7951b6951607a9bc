"""`satchel lea add` and `key`: parties enter the directory, and their keys.

Owns how LEAs come to be. Promises: keys and names are checked before anything is written, by `broker.parties.keys`; all
that was taken in is told, so that it can be compared with what the LEA reads out; a revocation of a key that is or was
a party's is taken in whatever else is the matter.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from sqlalchemy import Connection

from broker import offline
from broker.cli.directory import federal_gate
from broker.cli.directory.federal_gate import Thing
from broker.cli.directory.keys_text import told_of_key
from broker.cli.students.disclosures import account
from broker.core.errors import Refused
from broker.core.model import LeaId, Party, PartyKind
from broker.core.openpgp import armor
from broker.core.parties.federal import Names
from broker.core.parties.naming import Known, is_latin, words
from broker.edge.home.folders import lea_id
from broker.edge.ledger.again import committed
from broker.edge.ledger.engine import reading
from broker.edge.ledger.parties import directory, removals
from broker.edge.pgp import keyring, validity
from broker.edge.settings import federal_names
from broker.edge.sftp.hostkey import check_line
from broker.parties import keys, marks
from broker.parties.pages import write_pages
from broker.terminal.common import HomeOption, fail, say, warn
from broker.terminal.files import read

_BEGIN, _GUARDED = b"\n-----BEGIN PGP ", b"\n:-----BEGIN PGP "
_TAKEN = frozenset({"exchange", "all"})  # files of these names lie in every directory folder
KIND_OF = {kind.value: kind for kind in PartyKind}
_LONGEST_NAME = 120
_T = TypeVar("_T")
_PRIVATE, _OF_PUTTY = ("PRIVATE KEY-----", "PuTTY-User-Key-File-"), "BEGIN SSH2 PUBLIC KEY"


def read_certificate(path: Path, most: int) -> bytes:
    """A file with a public key, or with the revocation of one as gpg makes it."""
    content = read(path, most, "export only the one public key")
    if content.find(_GUARDED) >= 0:
        fail(f"{path} revokes a key for good; if that is meant, take off the colon in front of -----BEGIN.")
    # gpg explains a revocation certificate in some lines above it
    begins = -1 if content.startswith(_BEGIN[1:]) or content[:1] >= b"\x80" else content.find(_BEGIN)
    return content[begins + 1 :]


def add(
    lea: Annotated[str, typer.Argument(metavar="ID", help="Short id, such as 01 or 6G; also the SFTP user name.")],
    name: Annotated[str, typer.Option(help="The LEA's full name.")],
    kind: Annotated[str, typer.Option(help="district, charter, state or higher-ed.")],
    cert: Annotated[Path, typer.Option(help="Its OpenPGP public key.")],
    ssh_key: Annotated[list[Path] | None, typer.Option(help="An SSH public key for SFTP; may be repeated.")] = None,
    home: HomeOption = None,
) -> None:
    """Enter a party into the directory and make its folders."""
    services = offline.build(home)
    _check_words(lea, name, kind)
    content = read_certificate(cert, services.settings.limits.certificate_bytes)
    info = _judged(cert, lambda: keyring.check(content, services.clock()))
    federal_gate.check_settings(services)
    names = federal_names.load(services.settings.home)
    ssh_keys = [_ssh_key(names, path) for path in ssh_key or []]
    things = [federal_gate.name_of(names, lea, name), federal_gate.certificate_of(names, info.fingerprint, content)]
    party = Party(LeaId(lea), name, KIND_OF[kind])
    now = services.clock()

    def enter(connection: Connection) -> str:
        _check_new(connection, party)
        federal_gate.enter(services, connection, party.id, [*things, *(thing for _, thing in ssh_keys)])
        who = _others_of(services, connection, party)
        shown = _judged(cert, lambda: keys.check(services, connection, who, lea, content, now)[1].text)
        if directory.party(connection, lea):
            removals.take_back(connection, party, now.timestamp())
        else:
            directory.add_party(connection, party, now.timestamp())
        _put(connection, party.id, info, content, now.timestamp())
        for line, _ in ssh_keys:
            directory.add_ssh_key(connection, party.id, line, now.timestamp())
        services.home.create_lea(party.id)
        marks.give(connection, services.home, party.id, now.timestamp())
        return shown

    before = nameless(services)
    with federal_gate.guarded(services):
        shown = committed(services.engine, enter)
    write_pages(services)
    say(f"{lea} ({name}) is in the directory with key {info.fingerprint}. Its folder: {services.home.leas / party.id}")
    for told in told_of_key(info, shown, [line for line, _ in ssh_keys]):
        say(told)
    warn_of_nameless(services, before)


def nameless(services: offline.Offline) -> set[tuple[str, str]]:
    """Keys that are published without a user id: party and fingerprint."""
    with reading(services.engine) as connection:
        return set(keys.nameless(connection))


def warn_of_nameless(services: offline.Offline, before: set[tuple[str, str]]) -> None:
    """Tell of keys whose user id names somebody else by now."""
    for lea, mark in sorted(nameless(services) - before):
        warn(
            f"Key {mark} of {lea} is published without a name from now on, for its user id names another party by now:"
            f" gpg does not take it in. Ask {lea} for a key with its own name."
        )


def _check_words(lea: str, name: str, kind: str) -> None:
    try:
        lea_id(lea)
    except ValueError as error:
        fail(f"ID {lea!r} cannot be used: {error}.", 2)
    if lea.lower() in _TAKEN:
        fail(f"ID {lea!r} is taken by the exchange itself; choose another one.", 2)
    check_name(name)
    if kind not in KIND_OF:
        fail(f"--kind must be one of: {', '.join(KIND_OF)}. There is no other kind of party.", 2)


def check_name(name: str) -> None:
    """End the command where nobody could be called that."""
    if not name.isprintable() or not words(name) or len(name) > _LONGEST_NAME:
        fail(f"--name must be a text of at most {_LONGEST_NAME} printable characters, with a letter or digit in it.", 2)
    if not is_latin(name):
        fail("--name must be in Latin letters: others look like them, and would seem to name another party.", 2)


def _others_of(services: offline.Offline, connection: Connection, party: Party) -> keys.Others:
    """Everybody, the new party included. Ends the command where it would be called like another one."""
    who = keys.others(connection, services)
    former = next((one.names for one in who.names.all if one.id == party.id), ())
    check_free(who, party.id, party.name)
    return who.with_(Known(party.id, party.name, former))


def check_free(who: keys.Others, lea: str, name: str) -> None:
    """End the command where another party is called so, or was."""
    if other := who.names.taken_by(name, lea):
        fail(f"{name!r} names {other}, or looks as if it did; no two parties may have the same name.")


def _judged(path: Path, judge: Callable[[], _T]) -> _T:
    """What came of it; ends the command with what stands against the file."""
    try:
        return judge()
    except Refused as refused:
        fail(f"{path}: {refused.sentence} [{refused.code}]")


def _check_new(connection: Connection, party: Party) -> None:
    """A party that was removed comes back as what it was: what it did and was given, it did and was given as such."""
    lea, known = party.id, directory.party(connection, party.id)
    others = (one.id for one in directory.all_parties(connection))
    alike = next((one for one in others if one != lea and one.lower() == lea.lower()), None)
    if alike:
        fail(f"{alike} is in the directory already, and {lea} differs from it by capital letters only.")
    if known is None:
        return
    if lea not in removals.standing(connection):
        fail(f"{lea} is in the directory already; `satchel lea key {lea} --cert FILE` adds or renews its key.")
    if known.kind is not party.kind:
        fail(f"{lea} was a {known.kind.value}, and comes back as one or not at all; choose another id.")


def _text(certificate: bytes) -> str:
    """The certificate in ASCII armour, which it may have already."""
    return armor.enarmor("PUBLIC KEY BLOCK", validity.binary(certificate))


def _put(connection: Connection, lea: LeaId, info: keyring.KeyInfo, content: bytes, now: float) -> None:
    try:
        directory.put_certificate(connection, lea, info, _text(content), now)
    except Refused as refused:
        fail(f"{refused.sentence} [{refused.code}]")


def _ssh_key(names: Names, path: Path) -> tuple[str, Thing]:
    """The key without its comment, and with what federal names stand beside it."""
    line, text = _ssh_line(path), path.read_text("utf-8")
    return line, federal_gate.ssh_key_of(names, line, text)


def _ssh_line(path: Path) -> str:
    text = ""
    try:
        text = path.read_text("utf-8")
        return check_line(" ".join(text.split()[:2]))
    except (OSError, UnicodeDecodeError):
        fail(f"{path} cannot be read as an SSH public key; give the .pub file.")
    except ValueError as error:
        fail(_no_ssh_line(path, text) or f"{path}: {error}")


def _no_ssh_line(path: Path, text: str) -> str:
    """What was given for a public key, where it is a key in another file or form; '' where it is not."""
    if any(mark in text for mark in _PRIVATE):
        return f"{path} is a private SSH key, which only its owner may have; ask for a new one, and give its .pub."
    if _OF_PUTTY in text:
        return f"{path} is a public key in another form; `ssh-keygen -i -f {path}` prints it in the one read here."
    return ""


def key(
    lea: Annotated[str, typer.Argument(metavar="ID", help="The party's id.")],
    cert: Annotated[Path | None, typer.Option(help="A new OpenPGP key, or a newer form of a known one.")] = None,
    ssh_key: Annotated[list[Path] | None, typer.Option(help="An SSH public key to add.")] = None,
    remove_ssh_key: Annotated[
        list[Path] | None, typer.Option(help="An SSH public key that may not log in any more.")
    ] = None,
    home: HomeOption = None,
) -> None:
    """Renew a party's key, take in its revocation, or add a further key."""
    if not (cert or ssh_key or remove_ssh_key):
        fail("Say what is new: give --cert FILE, --ssh-key FILE or --remove-ssh-key FILE.", 2)
    services = offline.build(home)
    now = services.clock().timestamp()
    names = federal_names.load(services.settings.home)

    def renew(connection: Connection) -> str:
        if directory.party(connection, lea) is None:
            fail(f"{lea} is not in the directory; `satchel lea list` shows who is.")
        is_gone = lea in removals.standing(connection)
        if is_gone and (ssh_key or not _is_revocation(services, connection, LeaId(lea), cert)):
            fail(f"{lea} was removed; `satchel lea add {lea}` takes it in again, with its key.")
        for line, thing in (_ssh_key(names, path) for path in ssh_key or []):
            federal_gate.enter(services, connection, lea, [thing])
            directory.add_ssh_key(connection, LeaId(lea), line, now)
        for path in remove_ssh_key or []:
            if not directory.remove_ssh_key(connection, LeaId(lea), _ssh_line(path), now, account()):
                fail(f"{path} is no SSH key of {lea}; nothing was changed.")
        return _renew(services, connection, LeaId(lea), cert, names) if cert else f"{lea}: its SSH keys are recorded."

    with federal_gate.guarded(services):
        said = committed(services.engine, renew)
    write_pages(services)
    say(said)


def _is_revocation(services: offline.Offline, connection: Connection, lea: LeaId, cert: Path | None) -> bool:
    """Whether it revokes a key that this party has or had."""
    content = read_certificate(cert, services.settings.limits.certificate_bytes) if cert else b""
    grown = keys.grown(directory.certificates_of(connection, lea, with_retired=True), content)
    return grown is not None and keyring.inspect(grown, services.clock()).fault == "key-revoked"


def _renew(services: offline.Offline, connection: Connection, lea: LeaId, cert: Path, names: Names) -> str:
    """A revoked or expired form of a known key is taken in too: it takes effect at once, whatever names it has."""
    content = read_certificate(cert, services.settings.limits.certificate_bytes)
    _check_owner(connection, lea, cert, content)
    who, now = keys.others(connection, services), services.clock()
    grown = keys.grown(directory.certificates_of(connection, lea, with_retired=True), content)
    info = _judged(cert, lambda: keyring.inspect(grown, now) if grown else keyring.check(content, now))
    if info.fault is None:
        party = directory.party(connection, lea)
        things = [federal_gate.certificate_of(names, info.fingerprint, grown or content)]
        things += [federal_gate.name_of(names, party.id, party.name)] if party else []
        federal_gate.enter(services, connection, lea, things)
    taken = _judged(cert, lambda: keys.taken(services, connection, who, lea, content, now))
    _put(connection, lea, taken.info, taken.content, now.timestamp())
    state = f"it is not valid now [{taken.info.fault}]" if taken.info.fault else "it is valid"
    told = told_of_key(taken.info, taken.user_id, []) if taken.info.fault is None else []
    if taken.missing:
        told = [*told, f"  It is published without a name, so that gpg does not take it in, for {taken.missing}"]
    return "\n".join([f"{lea}: key {taken.info.fingerprint} is recorded; {state}.", *told])


def _check_owner(connection: Connection, lea: LeaId, cert: Path, content: bytes) -> None:
    """A bare revocation says itself whose it is; that it was handed in for another party is a mistake to be told."""
    if not keyring.is_bare(content):
        return
    for other in directory.all_parties(connection):
        known = directory.certificates_of(connection, other.id, with_retired=True)
        if other.id != lea and keys.grown(known, content):
            fail(f"{cert} is the revocation of a key of {other.id}: `satchel lea key {other.id}` takes it in.")
