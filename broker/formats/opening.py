"""What is asked of a reader (`broker.formats.reader`), and what it answers.

Owns the form of both. Promises: an answer is JSON and is taken apart as data, whoever wrote it, so that a reader that
was taken over can say what is wrong but run nothing.
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
    "It is sealed with the key of another party: seal it for the exchange alone, which reads it first, and locks it"
    " anew for that party."
)


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


class Cost(NamedTuple):
    """What it took to read a packet: seconds of processor time, as far as they were seen from outside, and the bytes
    of what came of it."""

    seconds: float = 0.0
    size: int = 0


@dataclass(frozen=True, slots=True, repr=False)
class Read:
    """What was in a packet. `digest` is keyed, of the whole content; of a packet that was read before only the session
    key is told. Repr hidden."""

    session: Session
    document: Mapping[str, Any] = field(default_factory=dict)
    digest: str = ""
    signing_key: str = ""
    cost: Cost = field(default=Cost(), compare=False)


@dataclass(frozen=True, slots=True)
class Rejected:
    """It must be refused. `strangers` are the ids of keys that signed it and are none of its LEA's, or to which it is
    sealed in the exchange's place."""

    code: str
    pointer: str = ""
    hint: str = ""
    strangers: tuple[str, ...] = ()
    cost: Cost = field(default=Cost(), compare=False)


@dataclass(frozen=True, slots=True)
class Failed:
    """It could not be read: it cost too much (`is_costly`), or something broke. `why` and `places` name the kind and
    the functions, and nothing of the packet."""

    why: str
    is_costly: bool = False
    places: tuple[str, ...] = ()
    cost: Cost = field(default=Cost(), compare=False)


Outcome = Read | Rejected | Failed


class Reader(Protocol):
    """Whoever reads packets. `is_patient`: one that costs too much for this reader costs too much for all."""

    is_patient: bool

    def start(self) -> None:
        """Get ready, if it is not."""

    def read(self, around: Circumstances, packets: Sequence[Sealed]) -> Mapping[int, Outcome]:
        """What came of some of these packets, at least one, by their place; those without an outcome were not begun."""


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
    if lines.SHEET in document:
        document[lines.SHEET] = lines.sheet_of(document[lines.SHEET])
    return Read(session, document, str(said["digest"]), str(said["signing_key"]))
