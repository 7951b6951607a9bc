"""What a handler declares about its packet type.

Owns the shape of that declaration. Promises: plain immutable data; who works a packet reads it and asks nothing else.
"""

from dataclasses import dataclass

from broker.core.access import Action, Ground
from broker.core.model import PacketType, PartyKind

LEAS: frozenset[PartyKind] = frozenset({PartyKind.DISTRICT, PartyKind.CHARTER})
STATE: frozenset[PartyKind] = frozenset({PartyKind.STATE})
HIGHER_ED: frozenset[PartyKind] = frozenset({PartyKind.HIGHER_ED})
ALL: frozenset[PartyKind] = frozenset(PartyKind)


@dataclass(frozen=True, slots=True)
class Disclosed:
    """How a packet about a student reads in the disclosure log: what its sender does (`sends`), what its receiver does
    (`receives`), and on what `ground` the receiver gets it."""

    sends: Action
    receives: Action
    ground: Ground


@dataclass(frozen=True, slots=True)
class Handler:
    """One packet type.

    `versions` are those whose schema is accepted; `senders` may write it; `receivers` may be named in its `to`;
    `follows_student` means that it goes where the student is, and a `to` only says the same; `ends_here` means that the
    exchange itself applies it and it travels no further; `needs_student` means that the document is about the one
    student in its `student`, who must be known before it can go on; `is_kept` means that the exchange keeps it in the
    record store instead of sending it; `moves_students` means that it may change enrollments, which decide where other
    packets go; `disclosed` is for what travels about a student; `replaces_earlier` means that a later one of the same
    sender about the same student takes the place of an earlier one; `answers_case` means that a transfer case waits for
    it; `needs_request` means that the document says who asked for it, and when; `reports` is what its sender does by
    it, as the table of permissions has it, where that depends on no one student; `applied_by` names the module of
    `broker.stages.applied` that applies what ends here, '' for what does not.
    """

    type: PacketType
    versions: frozenset[int]
    senders: frozenset[PartyKind]
    receivers: frozenset[PartyKind]
    ends_here: bool
    needs_student: bool
    follows_student: bool = True
    is_kept: bool = False
    moves_students: bool = False
    disclosed: Disclosed | None = None
    replaces_earlier: bool = False
    answers_case: bool = False
    needs_request: bool = False
    reports: Action | None = None
    applied_by: str = ""
