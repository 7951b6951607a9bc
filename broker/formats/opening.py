"""What is asked of a reader, and what it answers: a sealed packet is opened, verified, read and digested in one go.

Owns everything that is done with hostile bytes before their document is known, and the form in which it comes back.
Promises: an answer is JSON and is taken apart as data, whoever wrote it, so that a reader that was taken over can say
what is wrong but run nothing; what only the receiver of a travelling document needs does not come back at all.
A reader knows no ledger: of a signer whom the LEA's certificates do not know it tells the key, and others judge.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

import orjson

from broker.core.errors import Refused
from broker.core.model import LeaId
from broker.edge import openpgp
from broker.edge.contracts import Contracts
from broker.edge.openpgp import SecretKey, Session
from broker.edge.secretkey import Buffer
from broker.edge.settings import Settings
from broker.formats import reading, ssid_csv


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What holds for several packets: the time, and the certificates of each LEA whose packets are among them."""

    now: datetime
    certificates: Mapping[str, Sequence[bytes]]


class Sealed(NamedTuple):
    """A packet, with the name under which it lay in the outbox of `lea`; only its session key is asked for where it
    `is_known`: it was read before."""

    content: Buffer
    file: str
    lea: str
    is_known: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Read:
    """What was in a packet. `digest` is keyed, of the whole content; of a packet that was read before only the session
    key is told. Repr hidden."""

    session: Session
    document: Mapping[str, Any] = field(default_factory=dict)
    digest: str = ""
    signing_key: str = ""


@dataclass(frozen=True, slots=True)
class Rejected:
    """It must be refused. `strangers` are the ids of keys that signed it and are none of its LEA's."""

    code: str
    pointer: str = ""
    hint: str = ""
    strangers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """It could not be read: it cost too much (`is_costly`), or something broke. `why` and `places` name the kind and
    the functions, and nothing of the packet."""

    why: str
    is_costly: bool = False
    places: tuple[str, ...] = ()


Outcome = Read | Rejected | Failed


class Reader(Protocol):
    """Whoever reads packets. `is_patient`: one that costs too much for this reader costs too much for all."""

    is_patient: bool

    def start(self) -> None:
        """Get ready, if it is not."""

    def read(self, around: Circumstances, packets: Sequence[Sealed]) -> Mapping[int, Outcome]:
        """What came of some of these packets, at least one, by their place; those without an outcome were not begun."""


@dataclass(frozen=True)
class Desk:
    """What it takes to read: the exchange's key, the schemas, the digest, and what the worker needs of a document."""

    settings: Settings
    key: SecretKey
    contracts: Contracts
    digest: Callable[[bytes], str]
    needed: Callable[[Mapping[str, Any]], Mapping[str, Any]]

    def answer(self, around: Circumstances, packet: Sealed) -> bytes:
        """The answer to one packet (`outcome_of`). Raises MemoryError and nothing else."""
        strangers: list[str] = []
        try:
            return orjson.dumps(self._read(around, packet, strangers))
        except Refused as refused:
            said: dict[str, Any] = {"refused": [refused.code, refused.pointer, refused.hint], "strangers": strangers}
        except MemoryError:
            raise
        except Exception as bug:  # noqa: BLE001  its text may hold what was in the packet: told by place and kind
            said = {"bug": type(bug).__name__, "places": _places(bug)}
        return orjson.dumps(said)

    def _read(self, around: Circumstances, packet: Sealed, strangers: list[str]) -> dict[str, Any]:
        settings = self.settings
        if packet.is_known:
            cipher, key = openpgp.session_of(packet.content, self.key)
            return {"session": [cipher, key.hex()]}

        def is_known(key_id: str) -> bool:
            strangers.append(key_id)
            return False

        certificates = around.certificates.get(packet.lea, ())
        opened = openpgp.open_packet(packet.content, self.key, certificates, settings.limits, around.now, is_known)
        lea = LeaId(packet.lea)
        whole = reading.read(opened.content, packet.file, lea, settings.limits, self.contracts, settings.identity)
        return {
            "session": [opened.session[0], opened.session[1].hex()],
            "signing_key": opened.signing_key,
            "digest": self.digest(opened.content),
            "document": self.needed(whole),
        }


def _places(bug: BaseException) -> list[str]:
    """Where it happened, without the source text that a formatted traceback looks up."""
    out: list[str] = []
    at = bug.__traceback__
    while at is not None and len(out) < 50:
        out.append(f"{at.tb_frame.f_code.co_name}:{at.tb_lineno}")
        at = at.tb_next
    return out


class Inside:
    """A reader in this very process, for tests without processes."""

    is_patient = True

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def start(self) -> None:
        """See Reader.start."""

    def read(self, around: Circumstances, packets: Sequence[Sealed]) -> Mapping[int, Outcome]:
        """See Reader.read."""
        return {number: outcome_of(self._desk.answer(around, one)) for number, one in enumerate(packets)}


def outcome_of(answer: bytes) -> Outcome:
    """What an answer says; one that nobody can have written is a failure."""
    try:
        return _outcome(orjson.loads(answer))
    except (ValueError, KeyError, TypeError, AttributeError):
        return Failed("the answer cannot be read")


def _outcome(said: dict[str, Any]) -> Outcome:
    if "refused" in said:
        code, pointer, hint = map(str, said["refused"])
        Refused(code)  # a code that is not in the table is a KeyError
        return Rejected(code, pointer, hint, tuple(map(str, said["strangers"])))
    if "bug" in said:
        return Failed(str(said["bug"]), places=tuple(map(str, said["places"])))
    cipher, key = said["session"]
    session = (int(cipher), bytes.fromhex(key))
    if "document" not in said:
        return Read(session)
    document = dict(said["document"])
    if ssid_csv.SHEET in document:
        document[ssid_csv.SHEET] = ssid_csv.sheet_of(document[ssid_csv.SHEET])
    return Read(session, document, str(said["digest"]), str(said["signing_key"]))
