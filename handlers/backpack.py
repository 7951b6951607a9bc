"""`backpack`: the data that an LEA keeps in the Student Record Store about one of its students (Utah 53A-1-413).

Owns how its body is read. Promises: only LEAs send it, it names exactly one student, and it is kept instead of sent; no
word of its content leaves this module.
"""

from dataclasses import dataclass
from enum import StrEnum

from broker.core.access import Action, Ground
from broker.core.model import Document, PacketType
from handlers.base import LEAS, STATE, Disclosed, Handler

HANDLER = Handler(
    type=PacketType.BACKPACK,
    versions=frozenset({1}),
    senders=LEAS,
    receivers=STATE,
    ends_here=False,
    needs_student=True,
    is_kept=True,
    disclosed=Disclosed(Action.STORE_BACKPACK, Action.READ_BACKPACK, Ground.TEACHES),
)


class Mode(StrEnum):
    """What a part does to older parts of its LEA about the student."""

    REPLACE = "replace"
    ADD = "add"


@dataclass(frozen=True, slots=True)
class Slip:
    """The notes of the record store on a part, beside the packet itself; `created` is seconds since the epoch."""

    mode: Mode
    school_year: int | None
    created: float


def slip_of(document: Document) -> Slip:
    """The slip of a checked `backpack.v1`."""
    year = document.body.get("school_year")
    return Slip(Mode(document.body["mode"]), None if year is None else int(year), document.created.timestamp())
