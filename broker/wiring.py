"""Settings -> Services: the only place where the parts of one process are put together.

Owns nothing that lives longer than the process. Promises: raises `NotReady` with one sentence for the operator when the
home is not complete; hardens the process; reads no secret that the part does not hold (`broker.held`).
"""

import os
import sys
import uuid
from dataclasses import replace
from functools import partial
from pathlib import Path

import uuid6

from broker.core.errors import Refused
from broker.core.model import Fingerprint
from broker.edge import calendars
from broker.edge.bounded.bounds import Bounds
from broker.edge.bounded.warden import Warden
from broker.edge.digest import Digester
from broker.edge.home.apart import Apart
from broker.edge.home.apart_folders import ApartInboxes, ApartOutboxes
from broker.edge.home.folders import Home
from broker.edge.ledger.again import committed
from broker.edge.ledger.engine import Writing
from broker.edge.ledger.homes import Marks
from broker.edge.ledger.people import registry
from broker.edge.pgp import openpgp, validity
from broker.edge.queue.queues import Queues
from broker.edge.settings import exit_codes, file
from broker.edge.settings.values import Redis, Settings
from broker.edge.vault import DirectoryVault
from broker.formats.reader_beside import Beside
from broker.held import Secret, held_by
from broker.identity import models, registrar
from broker.offline import NotReady, harden, logger, now, open_ledger
from broker.packets.services import Services

_SET_ASIDE = 12  # bytes that the JSON parser reserves for each byte of a document, and hardly fills


def new_tracking() -> str:
    """A UUIDv7 (RFC 9562 section 5.7): sorts by time."""
    return str(uuid6.uuid7())


def read_key(home: Home) -> openpgp.SecretKey:
    """The exchange's own key. Raises NotReady."""
    try:
        return openpgp.load_secret((home.keys / "exchange.key").read_bytes())
    except Refused as refused:
        path = home.keys / "exchange.key"
        raise NotReady(f"{path} is no usable secret key [{refused.code}]; put it back from a backup.") from None
    except OSError:
        raise NotReady(f"{home.keys / 'exchange.key'} cannot be read; was this home made by `satchel init`?") from None


def check_keys(home: Home) -> None:
    """Check that the parts will find their keys usable; reported once, by the process that starts them. A child process
    reads them, so that this one never holds them. Raises NotReady."""
    told, telling = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            _own_key(home)
            digester(home)
            os._exit(0)
        except NotReady as error:
            os.write(telling, str(error).encode())
        finally:
            os._exit(1)
    os.close(telling)
    with open(told, "rb") as said:
        sentence = said.read().decode()
    if os.waitpid(child, 0)[1] != 0:
        raise NotReady(sentence or f"The keys in {home.keys} cannot be read; put them back from a backup.")


def fingerprint(home: Home) -> Fingerprint:
    """The fingerprint of the exchange's key, from its public part. Raises NotReady."""
    try:
        return validity.held(home.certificate.read_bytes())[0].primary.fingerprint
    except (OSError, Refused):
        raise NotReady(f"{home.certificate} is not the exchange's public key; put it back from a backup.") from None


def _own_key(home: Home) -> openpgp.SecretKey:
    """The exchange's secret key, checked against the published one. Raises NotReady."""
    key = read_key(home)
    if key.fingerprint != fingerprint(home):
        raise NotReady(f"{home.certificate} is not the public part of keys/exchange.key; put both back from a backup.")
    return key


def digester(home: Home) -> Digester:
    """The keyed digest of documents. Raises NotReady."""
    try:
        return Digester((home.keys / "digest.key").read_bytes())
    except OSError:
        raise NotReady(f"{home.keys / 'digest.key'} cannot be read; was this home made by `satchel init`?") from None


def reader(chosen: Settings, *, is_patient: bool = False) -> Beside:
    """The process that reads packets for this one; it is not started yet. A patient reader takes each packet by
    itself."""
    limits = chosen.limits
    first = min(limits.read_first_cpu_seconds, limits.read_cpu_seconds)
    memory = limits.memory_of(limits.largest_bytes if is_patient else limits.read_first_bytes)
    bounds = Bounds(
        cpu_seconds=limits.read_cpu_seconds if is_patient else first,
        wall_seconds=limits.read_wall_seconds,
        memory_bytes=memory,
        room_bytes=memory + _SET_ASIDE * limits.largest_bytes,
        is_apart=is_patient,
    )
    command = [sys.executable, "-m", "broker.processes.reader", "--home", str(chosen.home)]
    return Beside(Warden(command, bounds, limits.largest_bytes))


def build(home: Path, part: str, number: int = 0, *, is_patient: bool = False) -> Services:
    """The parts of one process of the exchange; a patient one works packets that are costly to read. Raises
    OperatorError for faults of the home: NotReady, SettingsError, and in a worker faults of its index, calendars and
    codes."""
    harden()
    chosen, held = file.load(home), held_by(part)
    folders = Home(chosen.home)
    engine = open_ledger(chosen, has_keys=Secret.DIGEST in held)
    of = chosen.intake
    name = part if part == "watcher" else f"{part}-{number}"
    apart = Apart(folders, chosen.limits, of.answer_seconds, of.abandon_seconds, name)
    services = Services(
        settings=chosen,
        engine=engine,
        vault=DirectoryVault(folders.vault),
        home=folders,
        outboxes=ApartOutboxes(folders, chosen.limits, apart),
        inboxes=ApartInboxes(folders, apart, Marks(engine)),
        apart=apart,
        exchange=fingerprint(folders),
        secret=_own_key(folders) if Secret.KEY in held else None,
        queues=Queues(chosen if Secret.REDIS in held else replace(chosen, redis=Redis())),  # connects at its first use
        clock=now,
        new_tracking=new_tracking,
        reader=reader(chosen, is_patient=is_patient),
        worker=f"{uuid.uuid4().hex}/{part}-{number}",  # unique to this process: machines may share a name
        log=logger(f"{part}-{number}"),
        load_model=partial(models.load, chosen.home, is_strict=chosen.identity.birth_date_must_agree),
    )
    if part == "worker":  # the other parts never ask who a student is or when a record is due
        digester(folders)
        calendars.check(chosen)
        exit_codes.load(chosen.home, chosen.transfers.codes)
        committed(services.engine, partial(_check_index, services))
    return services


def _check_index(services: Services, connection: Writing) -> None:
    registry.lock(connection)  # because all workers of a new exchange begin at once
    registrar.adopt(connection, services.model)
    if registrar.is_stale(connection, services.model):
        raise NotReady(
            "The registry is indexed for another identity model; stop the exchange and run `satchel identity reindex`."
        )
