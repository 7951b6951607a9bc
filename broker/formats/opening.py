"""The questions to a reader (`broker.formats.reader`) and its answers.

Owns the form of both. Promises: an answer is JSON and is read only as data, so a reader that an attacker has taken over
can give wrong answers but run nothing here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

import orjson

from broker.core.errors import Refused
from broker.edge.pgp.openpgp import Session
from broker.edge.pgp.secretkey import Buffer
from broker.formats.ssid import lines

TO_ANOTHER = (
    "It is sealed with the key of another party: seal it for the exchange only, which reads it first, and then"
    " seals it for that party."
)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """The facts that several packets share: the time, and the certificates of each LEA that sent one of them."""

    now: datetime
    certificates: Mapping[str, Sequence[bytes]]


class Sealed(NamedTuple):
    """A packet, with its file name in the outbox of `lea`. `is_known`: it was read before, and only its session key is
    asked for. `mapping` is that of its LEA when it came, as text; '' where there was none."""

    content: Buffer
    file: str
    lea: str
    is_known: bool = False
    mapping: str = ""


class Cost(NamedTuple):
    """The cost of reading a packet: seconds of processor time, as far as they are visible from outside, and the bytes
    of the answer."""

    seconds: float = 0.0
    size: int = 0


@dataclass(frozen=True, slots=True, repr=False)
class Read:
    """The content of a packet. `digest` is a keyed digest of the whole content. For a packet that was read before, only
    the session key is given. Repr hidden."""

    session: Session
    document: Mapping[str, Any] = field(default_factory=dict)
    digest: str = ""
    signing_key: str = ""
    cost: Cost = field(default=Cost(), compare=False)


@dataclass(frozen=True, slots=True)
class Rejected:
    """The packet must be refused. `strangers` are the ids of keys that signed it and do not belong to its LEA, or to
    which it is sealed instead of the exchange's key."""

    code: str
    pointer: str = ""
    hint: str = ""
    strangers: tuple[str, ...] = ()
    cost: Cost = field(default=Cost(), compare=False)


@dataclass(frozen=True, slots=True)
class Failed:
    """The packet could not be read: it cost too much (`is_costly`), or the reader failed. `why` names the kind of
    failure and `places` the functions; neither holds anything from the packet."""

    why: str
    is_costly: bool = False
    places: tuple[str, ...] = ()
    cost: Cost = field(default=Cost(), compare=False)


Outcome = Read | Rejected | Failed


class Reader(Protocol):
    """The interface of a reader. `is_patient`: a packet that costs too much for this reader costs too much for all."""

    is_patient: bool

    def start(self) -> None:
        """Get ready, if the reader is not ready yet."""

    def read(self, around: Circumstances, packets: Sequence[Sealed]) -> Mapping[int, Outcome]:
        """The outcomes of some of these packets, at least one, by place; packets without an outcome were not begun."""


def outcome_of(answer: bytes) -> Outcome:
    """The outcome in an answer; an answer that no reader writes is a failure."""
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
    if lines.SHEET in document:
        document[lines.SHEET] = lines.sheet_of(document[lines.SHEET])
    return Read(session, document, str(said["digest"]), str(said["signing_key"]))
