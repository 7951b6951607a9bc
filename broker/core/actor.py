"""The actor: one person or program, its role, and how it has proved who it is.

Owns the actor that every verb is given. Promises: an actor's name is one line; at the exchange's own machine, the
account that runs the command proves who the operator is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from broker.core.access import Role
from broker.core.errors import OperatorError
from broker.core.model import PartyKind
from broker.core.review import MOST_WHO, is_one_line

_LEA_ROLES = (Role.CURRENT_LEA, Role.FORMER_LEA, Role.OTHER_LEA, Role.SENDING_LEA)
_OF_KIND: Mapping[PartyKind, tuple[Role, ...]] = {
    PartyKind.STATE: (Role.STATE_AUDITOR,),
    PartyKind.HIGHER_ED: (Role.HIGHER_ED,),
}


class Proof(StrEnum):
    """How an actor has proved who it is."""

    OWN_MACHINE = "own-machine"  # an account of the exchange's machine
    SIGNATURE = "signature"  # a packet that is signed by its party's key


@dataclass(frozen=True, slots=True)
class Actor:
    """One actor. `kind` and `party` are from the directory; for the state's operator they are None and ''.

    Raises OperatorError for a name that is not one line of at most 100 characters.
    """

    name: str
    kind: PartyKind | None = None
    party: str = ""
    proof: Proof = Proof.OWN_MACHINE

    def __post_init__(self) -> None:
        if not is_one_line(self.name, MOST_WHO):
            raise OperatorError(f"Say who: one line of at most {MOST_WHO} characters.")

    @property
    def roles(self) -> tuple[Role, ...]:
        """The roles that this actor may have. Which of its roles an LEA has depends on the student and on the day."""
        if self.kind is None:
            return (Role.STATE_OPERATOR,)
        return _OF_KIND.get(self.kind, _LEA_ROLES)

    @property
    def is_states(self) -> bool:
        """Whether the actor is the state: its operator or its office."""
        return self.kind in (None, PartyKind.STATE)
