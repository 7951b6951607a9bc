"""key-rotation: a party's own packet brings a new key of it, a newer form of one, or a revocation.

Contract: called within the transaction that applies the packet, which is signed by a key in use of the LEA. By the same
rule as when the state enters a key (`keys`). Both keys are good from then on: the old one ends when its owner revokes
it, or the state ends it. What was taken out of use comes back by the state only. The sweeper publishes.
"""

from broker.core.errors import Refused
from broker.core.model import Document, LeaId
from broker.core.openpgp import armor
from broker.core.parties import federal
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.packets.rows import Move, PacketRow
from broker.edge.ledger.parties import directory
from broker.edge.pgp import keyring, validity
from broker.edge.settings import federal_names
from broker.formats import key_block
from broker.packets.outcome import refuse
from broker.packets.services import Services
from broker.parties import joining, keys
from broker.parties.keys import Taken
from broker.stages.applied.planning import as_a_whole
from handlers import key_rotation

_REVOKED = "key-revoked"
_GROWN = 4  # times as much may be known of one key
_ENDED_FOR_EACH = 4  # keys that are revoked or have expired, for each that may be in use
_MOST_TOLD = 20  # lines in the log about one refusal


def planned(services: Services, row: PacketRow, document: Document, done: Move) -> Move:
    """The move of a checked `key-rotation.v1`."""
    return as_a_whole(services, row, document, done, _apply)


def _apply(services: Services, connection: Writing, row: PacketRow, document: Document) -> Move | None:
    """Take the key in; the refusal's move where it has a federal name. Raises Refused with what stands against it."""
    now = services.clock()
    who, content = keys.others(connection, services), key_rotation.certificate_of(document.body)
    if len(content) > services.settings.limits.handed_in_bytes:
        raise Refused("key-unreadable", key_rotation.PLACE, key_block.TOO_LARGE)
    try:
        taken = keys.taken(services, connection, who, row.origin, content, now)
        _check(services, connection, row.origin, taken)
    except Refused as refused:
        raise Refused(refused.code, refused.pointer or key_rotation.PLACE, refused.hint) from None
    if taken.info.fault is None:
        names = federal_names.load(services.settings.home)
        thing = joining.certificate_of(names, taken.info.fingerprint, taken.content)
        lines, found = joining.judged(connection, now.timestamp(), row.origin, [thing])
        told = [one for one in lines if one.outcome == "refused"][:_MOST_TOLD] if found else lines
        disclosures.add(connection, told)
        if found:
            return refuse(services, row, federal.refusal(found[0]))
    armored = armor.enarmor("PUBLIC KEY BLOCK", validity.binary(taken.content))
    directory.put_certificate(connection, row.origin, taken.info, armored, now.timestamp(), f"packet {row.tracking}")
    return None


def _check(services: Services, connection: Reading, lea: LeaId, taken: Taken) -> None:
    """Raises Refused: the key's own fault but for a revocation, `key-ended`, `too-many-keys`."""
    if taken.info.fault == _REVOKED:
        return
    if taken.info.fault:
        raise Refused(taken.info.fault)
    if len(taken.content) > _GROWN * services.settings.limits.handed_in_bytes:  # all writers wait while it is verified
        raise Refused("key-unreadable", hint=key_block.TOO_LARGE)
    known = {row.fingerprint: row for row in directory.every_certificate(connection, lea)}
    before = known.get(taken.info.fingerprint)
    if before and before.retired_at is not None:
        raise Refused("key-ended", hint="It is the key that you handed in: only the state can take it in again.")
    there = [one for one in known.values() if one.retired_at is None]
    good = [one for one in there if keyring.inspect(one.armored.encode(), services.clock()).fault is None]
    most = services.settings.limits.keys
    if not before and (len(good) >= most or len(there) >= _ENDED_FOR_EACH * most):
        raise Refused("too-many-keys")
