"""A handler's declaration of its packet type.

Owns the shape of that declaration. Promises: plain immutable data; whatever works a packet reads only this declaration.
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
    """How a packet about a student reads in the disclosure log: the sender's action (`sends`), the receiver's action
    (`receives`), and the `ground` on which the receiver gets it."""

    sends: Action
    receives: Action
    ground: Ground


@dataclass(frozen=True, slots=True)
class Handler:
    """One packet type.

    `versions`: the accepted versions of its schema. `senders` may write it; `receivers` may be named in its `to`.
    `follows_student`: it goes where the student is, and a `to` can only agree with that. `ends_here`: the exchange
    itself applies it, and it travels no further. `needs_student`: the document is about the one student in its
    `student`, who must be known before it can go on. `is_kept`: the exchange keeps it in the record store instead of
    sending it. `moves_students`: it may change enrollments, which decide where other packets go. `disclosed`: for a
    type that travels and is about a student. `replaces_earlier`: a later packet of the same sender about the same
    student takes the place of an earlier one. `answers_case`: a transfer case waits for it. `needs_request`: the
    document says who asked for it, and when. `reports`: the sender's action in the permission table, where it depends
    on no single student. `applied_by`: the module of `broker.stages.applied` that applies a type that ends here, ''
    for other types.
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
