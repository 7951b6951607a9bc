"""flags: flag a student as missing, and lift the flag (Utah 53A-11-502): for the state's operator alone.

Contract: each verb is one transaction, with its line in the disclosure log; `broker.flags.missing` does what follows.
The list of flags is beside the alerts (`broker.verbs.alerts`).
"""

from broker.core.access import Action
from broker.core.actor import Actor
from broker.core.review import By
from broker.edge.ledger.again import committed
from broker.flags import missing
from broker.flags.holdback import Thing
from broker.flags.missing import FlagChange
from broker.packets.services import Services
from broker.verbs.acting import verb

__all__ = ["FlagChange", "Thing"]


@verb(Action.SET_FLAG)
def flag(services: Services, ssid: str, why: str, *, actor: Actor) -> FlagChange:
    """Flag a student: from now on nothing about the student is sent on. Raises NotDone `no-student`, `flagged`."""
    by = By(actor.name, why)
    return committed(services.engine, lambda connection: missing.put(services, connection, ssid, by.who, by.why))


@verb(Action.LIFT_FLAG)
def unflag(services: Services, ssid: str, why: str, *, actor: Actor) -> FlagChange:
    """Lift the flag of a student who is found: held packets are released. Raises NotDone `no-student`,
    `not-flagged`."""
    by = By(actor.name, why)
    return committed(services.engine, lambda connection: missing.lift(services, connection, ssid, by.who, by.why))
