"""resumed: resumes packets that were held for a flag that no longer stands, or for a key that is there now.

Contract: may be repeated or missed without harm.
"""

from broker.core.model import HeldFor
from broker.edge.ledger.engine import reading
from broker.edge.ledger.packets import views
from broker.edge.ledger.parties import directory, suspensions
from broker.edge.ledger.people import flags
from broker.edge.pgp import keyring
from broker.packets.resume import resume
from broker.packets.services import Services


def resume_unflagged(services: Services) -> None:
    """Resume packets that were held for a flag that no longer stands: the flag was lifted, or numbers were merged or
    parted, while a worker was working the packet."""
    with reading(services.engine) as connection:
        known = views.students_held(connection, HeldFor.BLOCKED)
        unflagged = [ssid for ssid in known if not flags.is_flagged(connection, ssid)]
        free = [one for ssid in unflagged for one in views.held_under(connection, HeldFor.BLOCKED, ssid)]
    if free:
        resume(services, free, HeldFor.BLOCKED)


def resume_for_keys(services: Services) -> None:
    """Resume packets that were held for a receiver's key, where the receiver has a valid key now."""
    now = services.clock()
    with reading(services.engine) as connection:
        away = suspensions.standing(connection)
        ready = [
            lea
            for lea in views.receivers_waited_for(connection)
            if lea not in away
            and any(keyring.inspect(one, now).fault is None for one in directory.certificates_of(connection, lea))
        ]
        trackings = [one for lea in ready for one in views.held(connection, HeldFor.RECEIVER_KEY, receiver=lea)]
    if trackings:
        resume(services, trackings, "receiver-key")
