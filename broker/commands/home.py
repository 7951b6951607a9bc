"""`satchel lea add`, `key` and `list`: the directory of parties.

Owns how LEAs come to be. Promises: a key is checked before anything is written.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Connection

from broker import offline
from broker.commands import federal_gate
from broker.commands.common import HomeOption, JsonOption, fail, say
from broker.commands.federal_gate import Thing
from broker.commands.files import read
from broker.core import armor
from broker.core.errors import Refused
from broker.core.federal import Names
from broker.core.model import LeaId, Party, PartyKind
from broker.edge import federal_names, keyring, validity
from broker.edge.folders import lea_id
from broker.edge.ledger import directory, removals
from broker.edge.ledger.again import committed
from broker.edge.ledger.engine import reading
from broker.edge.ledger.removals import Removal
from broker.edge.sftp_hostkey import check_line
from broker.readme import write_pages
from broker.stages import marks

_BEGIN = b"\n-----BEGIN PGP "
_TAKEN = frozenset({"exchange", "all"})  # files of these names lie in every directory folder
KIND_OF = {kind.value: kind for kind in PartyKind}


def _read_certificate(path: Path, most: int) -> bytes:
    content = read(path, most, "export only the one public key")
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
    try:
        lea_id(lea)
    except ValueError as error:
        fail(f"ID {lea!r} cannot be used: {error}.", 2)
    if lea.lower() in _TAKEN:
        fail(f"ID {lea!r} is taken by the exchange itself; choose another one.", 2)
    if kind not in KIND_OF:
        fail(f"--kind must be one of: {', '.join(KIND_OF)}. There is no other kind of party.", 2)
    info, armored = _checked(services, cert)
    federal_gate.check_settings(services)
    names = federal_names.load(services.settings.home)
    keys = [_ssh_key(names, path) for path in ssh_key or []]
    things = [federal_gate.name_of(names, lea, name), federal_gate.certificate_of(names, info.fingerprint, armored)]
    party = Party(LeaId(lea), name, KIND_OF[kind])
    now = services.clock().timestamp()

    def enter(connection: Connection) -> None:
        others = (one.id for one in directory.all_parties(connection))
        alike = next((one for one in others if one != lea and one.lower() == lea.lower()), None)
        if alike:
            fail(f"{alike} is in the directory already, and {lea} differs from it by capital letters only.")
        _check_new(connection, party)
        federal_gate.enter(services, connection, party.id, [*things, *(thing for _, thing in keys)])
        if directory.party(connection, lea):
            removals.take_back(connection, party)
        else:
            directory.add_party(connection, party, now)
        _put(connection, party.id, info, armored, now)
        for line, _ in keys:
            directory.add_ssh_key(connection, party.id, line, now)
        services.home.create_lea(party.id)
        marks.give(connection, services.home, party.id, now)

    with federal_gate.guarded(services):
        committed(services.engine, enter)
    write_pages(services)
    say(f"{lea} ({name}) is in the directory with key {info.fingerprint}. Its folder: {services.home.leas / party.id}")


def _check_new(connection: Connection, party: Party) -> None:
    """A party that was removed comes back as what it was: what it did and was given, it did and was given as such."""
    lea, known = party.id, directory.party(connection, party.id)
    if known is None:
        return
    if lea not in removals.standing(connection):
        fail(f"{lea} is in the directory already; `satchel lea key {lea} --cert FILE` adds or renews its key.")
    if known.kind is not party.kind:
        fail(f"{lea} was a {known.kind.value}, and comes back as one or not at all; choose another id.")


def _checked(services: offline.Offline, cert: Path) -> tuple[keyring.KeyInfo, bytes]:
    content = _read_certificate(cert, services.settings.limits.certificate_bytes)
    try:
        return keyring.check(content, services.clock()), content
    except Refused as refused:
        fail(f"{cert}: {refused.sentence} [{refused.code}]")


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
    try:
        return check_line(" ".join(path.read_text("utf-8").split()[:2]))
    except (OSError, UnicodeDecodeError):
        fail(f"{path} cannot be read as an SSH public key; give the .pub file.")
    except ValueError as error:
        fail(f"{path}: {error}")


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
        if lea in removals.standing(connection):
            fail(f"{lea} was removed; `satchel lea add {lea}` takes it in again, with its key.")
        for line, thing in (_ssh_key(names, path) for path in ssh_key or []):
            federal_gate.enter(services, connection, lea, [thing])
            directory.add_ssh_key(connection, LeaId(lea), line, now)
        for path in remove_ssh_key or []:
            if not directory.remove_ssh_key(connection, LeaId(lea), _ssh_line(path)):
                fail(f"{path} is no SSH key of {lea}; nothing was changed.")
        return _renew(services, connection, LeaId(lea), cert, names) if cert else f"{lea}: its SSH keys are recorded."

    with federal_gate.guarded(services):
        said = committed(services.engine, renew)
    write_pages(services)
    say(said)


def _renew(services: offline.Offline, connection: Connection, lea: LeaId, cert: Path, names: Names) -> str:
    """A revoked or expired form of a known key is taken in too: it takes effect at once, whatever names it has."""
    content = _read_certificate(cert, services.settings.limits.certificate_bytes)
    try:
        grown = _grown(directory.certificates_of(connection, lea, with_retired=True), content)
        content = grown or content
        info = (keyring.inspect if grown else keyring.check)(content, services.clock())
    except Refused as refused:
        fail(f"{cert}: {refused.sentence} [{refused.code}]")
    if info.fault is None:
        party = directory.party(connection, lea)
        things = [federal_gate.certificate_of(names, info.fingerprint, content)]
        things += [federal_gate.name_of(names, party.id, party.name)] if party else []
        federal_gate.enter(services, connection, lea, things)
    _put(connection, lea, info, content, services.clock().timestamp())
    state = f"it is not valid now [{info.fault}]" if info.fault else "it is valid"
    return f"{lea}: key {info.fingerprint} is recorded; {state}."


def _grown(known: list[bytes], content: bytes) -> bytes | None:
    """The known key that this is a newer form of, or the revocation of, with what is new; None for another key."""
    for one in known:
        try:
            return keyring.merge(one, content)
        except Refused:  # not that one
            continue
    return None


def _row(
    services: offline.Offline, party: Party, certificates: list[bytes], removal: Removal | None
) -> dict[str, object]:
    infos = [keyring.inspect(one, services.clock()) for one in certificates]
    keys = [
        {
            "fingerprint": info.fingerprint,
            "expires": info.expires.isoformat() if info.expires else None,
            "fault": info.fault,
        }
        for info in infos
    ]
    gone = {"at": _time(removal), "by": removal.by, "why": removal.why} if removal else None
    return {"id": party.id, "name": party.name, "kind": party.kind.value, "keys": keys, "removed": gone}


def _time(removal: Removal) -> str:
    return datetime.fromtimestamp(removal.at, UTC).isoformat(timespec="seconds")


def list_leas(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Who is in the directory, with keys and when they expire."""
    services = offline.build(home)
    with reading(services.engine) as connection:
        parties = directory.all_parties(connection)
        certificates = {party.id: directory.certificates_of(connection, party.id) for party in parties}
        gone = removals.standing(connection)
    if as_json:
        say(json.dumps([_row(services, party, certificates[party.id], gone.get(party.id)) for party in parties]))
        return
    for party in parties:
        infos = [keyring.inspect(one, services.clock()) for one in certificates[party.id]]
        keys = ", ".join(f"{info.fingerprint} {info.fault or 'valid'}" for info in infos)
        if removal := gone.get(party.id):
            keys = f"removed {_time(removal)[:10]} by {removal.by}: {removal.why}"
        say(f"{party.id:<8} {party.kind:<10} {party.name:<30} {keys}")
