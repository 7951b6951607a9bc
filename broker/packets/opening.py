"""opening: hands sealed packets to the reader, and takes its answers.

Contract: reads only. No stage opens a packet itself. A round's packets go to the reader several at a time. A packet
that costs more than a first try allows is put aside, to be read alone; its LEA's other packets then go behind those of
all other LEAs, because an LEA that sent one costly packet may have sent many. The same happens to an LEA that has used
up its reading time, or its bytes, in this round. A reader that died while it read a packet is a failure like any other:
the attempt counts, and the packet is worked alone from then on.
"""

from collections.abc import Sequence

from broker.core.errors import PutAside, Refused
from broker.core.flow import DEATHS
from broker.core.lanes import BULK, COSTLY, EXPRESS
from broker.core.model import State
from broker.edge.ledger.packets import packets
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.pgp.openpgp import Session
from broker.formats.opening import TO_ANOTHER, Circumstances, Failed, Outcome, Read, Rejected, Sealed
from broker.packets.round import PacketInHand, RoundFacts
from broker.packets.services import Services

_AT_ONCE_BYTES = 4 * 1024 * 1024
_AT_ONCE = 64
_TURN_BYTES = 8 * 1024 * 1024  # read answers of one LEA in a round; they take some twenty times as much memory


class NotRead(Exception):
    """The reader failed on this packet; the log says how."""


def opened(services: Services, facts: RoundFacts, row: PacketRow) -> Read:
    """The content of a packet of this round that was never opened before; `look.letter` is its letter afterwards.

    Raises Refused, PutAside, NotRead, and NoWard where there is no reader.
    """
    if row.tracking not in facts.opened:
        _check_turn(services, facts, row)
    while row.tracking not in facts.opened:
        _read_some(services, facts, row)
    sealed, outcome = facts.opened.pop(row.tracking)
    found = _judged(services, facts, row, outcome)
    facts.letter = PacketInHand(row.tracking, sealed, found.session)
    return found


def opened_again(services: Services, facts: RoundFacts, row: PacketRow) -> Read:
    """The content of a packet that was admitted before. Raises as `opened` does."""
    outcome = _read(services, facts, [(row, services.vault.read(row.sha256))])[row.tracking]
    return _judged(services, facts, row, outcome)


def session_of(services: Services, facts: RoundFacts, row: PacketRow, sealed: bytes) -> Session:
    """The session key of a packet that was admitted before. Raises as `opened` does."""
    around = Circumstances(services.clock(), {})
    outcome = services.reader.read(around, [Sealed(sealed, row.source_name, row.origin, is_known=True)])[0]
    return _judged(services, facts, row, outcome).session


def _check_turn(services: Services, facts: RoundFacts, row: PacketRow) -> None:
    """Raises PutAside for a packet that must be read alone, or after other packets."""
    if services.reader.is_patient:
        return
    if row.lane == COSTLY or row.size > services.settings.limits.read_first_bytes:
        raise PutAside("it is read by itself", COSTLY)
    if row.origin in facts.slow or facts.turns[row.origin] >= 1 or (row.lane == EXPRESS and row.origin in _slow(facts)):
        raise PutAside("its LEA has sent what is costly to read", BULK)


def _slow(facts: RoundFacts) -> set[str]:
    """The LEAs that have a costly packet waiting."""
    if facts.waiting_costly is None:
        facts.waiting_costly = packets.with_costly(facts.connection)
    return facts.waiting_costly


def _read_some(services: Services, facts: RoundFacts, row: PacketRow) -> None:
    """Read this packet, together with some of the following ones in this round."""
    some = [(row, services.vault.read(row.sha256))]
    size = row.size
    for one in _after(facts.rows, row):
        size += one.size
        if size > _AT_ONCE_BYTES or len(some) == _AT_ONCE or services.reader.is_patient:
            break
        if _is_readable(services, facts, one):
            some.append((one, services.vault.read(one.sha256)))
    sealed: dict[str, bytes] = {one.tracking: content for one, content in some}
    seconds = services.settings.limits.read_first_cpu_seconds
    origins: dict[str, str] = {one.tracking: one.origin for one, _ in some}
    for tracking, outcome in _read(services, facts, some).items():
        facts.opened[tracking] = (sealed[tracking], outcome)
        facts.turns[origins[tracking]] += outcome.cost.seconds / seconds + outcome.cost.size / _TURN_BYTES


def _after(rows: Sequence[PacketRow], row: PacketRow) -> Sequence[PacketRow]:
    at = next((number for number, one in enumerate(rows) if one.tracking == row.tracking), len(rows))
    return rows[at + 1 :]


def _is_readable(services: Services, facts: RoundFacts, row: PacketRow) -> bool:
    """Whether the packet can be read now, together with others; one whose bytes are missing fails at its own turn."""
    if row.state is not State.RECEIVED or row.attempts > DEATHS or not services.vault.has(row.sha256):
        return False
    try:
        _check_turn(services, facts, row)
    except PutAside:
        return False
    return True


def _read(services: Services, facts: RoundFacts, some: Sequence[tuple[PacketRow, bytes]]) -> dict[str, Outcome]:
    around = Circumstances(services.clock(), {row.origin: facts.certificates(row.origin) for row, _ in some})
    asked = [Sealed(content, row.source_name, row.origin, mapping=facts.mapping(row)) for row, content in some]
    found = services.reader.read(around, asked)
    return {some[number][0].tracking: outcome for number, outcome in found.items()}


def _judged(services: Services, facts: RoundFacts, row: PacketRow, outcome: Outcome) -> Read:
    if isinstance(outcome, Read):
        return outcome
    if isinstance(outcome, Rejected):
        raise _told(facts, row, outcome)
    raise _failure(services, facts, row, outcome)


def _told(facts: RoundFacts, row: PacketRow, outcome: Rejected) -> Refused:
    """The refusal. A key that the reader does not know may be an ended key of the LEA, or another party's."""
    is_known = any(map(facts.is_known, outcome.strangers))
    if outcome.code == "unknown-signer":
        return Refused(_whose(facts, row, outcome, is_known), outcome.pointer, outcome.hint)
    hint = TO_ANOTHER if is_known and outcome.code == "not-for-exchange" else outcome.hint
    return Refused(outcome.code, outcome.pointer, hint)


def _whose(facts: RoundFacts, row: PacketRow, outcome: Rejected, is_known: bool) -> str:
    """The refusal code for a signer who has none of the LEA's keys in use."""
    if any(facts.has_ended(row.origin, one) for one in outcome.strangers):
        return "key-ended"
    return "wrong-signer" if is_known else outcome.code


def _failure(services: Services, facts: RoundFacts, row: PacketRow, failed: Failed) -> Exception:
    is_first_try = failed.is_costly and not services.reader.is_patient
    say = services.log.info if is_first_try else services.log.warning
    say("not read", tracking=row.tracking, lea=row.origin, why=failed.why, places=list(failed.places))
    if not failed.is_costly:
        return NotRead(failed.why)
    if not is_first_try:
        return Refused("too-costly")
    facts.slow.add(row.origin)
    return PutAside("it is costly to read", COSTLY)
