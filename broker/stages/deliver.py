"""deliver: a ROUTED packet is re-locked for its receiver and becomes DELIVERED.

Contract: the new file is written under a hidden name that carries this worker's claim and flushed before the commit;
only behind the commit is it renamed into view. So a crash between the two leaves a file that the sweeper publishes, and
no crash can deliver twice; nor need the rename be flushed, for after a power cut the sweeper makes it again. The sealed
body is copied, never decrypted or encrypted again (DESIGN section 5).
"""

from collections.abc import Sequence
from dataclasses import replace

from broker.core.flow import Stage
from broker.core.model import HeldFor, LeaId, PacketType, State
from broker.edge import openpgp
from broker.edge.ledger.rows import Move, PacketRow, Step
from broker.stages.batch import Plan, move
from broker.stages.batch import run as run_batch
from broker.stages.look import Letter, Look
from broker.stages.services import Services


def run(services: Services, ids: Sequence[str]) -> None:
    """Deliver these packets."""
    run_batch(services, [PLAN], ids)


def _work(services: Services, look: Look, row: PacketRow) -> Move:
    # a revocation takes effect on packets that already wait, too: the sender's and the receiver's
    if row.origin:
        look.check_signer(row.origin, row.signer)
    certificate = look.valid_certificate(row.receiver)
    if certificate is None:
        held = replace(row, state=State.HELD, held_for=HeldFor.RECEIVER_KEY)
        return move(services, row, held, [Step(State.HELD, HeldFor.RECEIVER_KEY)], [(row.origin, State.HELD)])
    letter = look.letter_of(row.tracking) or Letter(row.tracking, services.vault.read(row.sha256))
    lock, body = openpgp.relock(letter.sealed, services.key, certificate, session=letter.session)
    services.inboxes.stage_delivery(LeaId(row.receiver), row.tracking, token_of(row), [lock, body])
    new = replace(row, state=State.DELIVERED)
    told = [(row.origin, State.DELIVERED), (row.receiver, State.DELIVERED)]
    return move(services, row, new, [Step(State.DELIVERED)], told)


def token_of(row: PacketRow) -> str:
    """The part of the claim that names the staged file."""
    return row.claim.rpartition(":")[2]


def _flush(services: Services, _moves: Sequence[Move]) -> None:
    services.inboxes.flush()


def _drop(services: Services, moves: Sequence[Move]) -> None:
    for one in moves:
        if one.new.state is State.DELIVERED:
            services.inboxes.drop_stage(LeaId(one.new.receiver), one.row.tracking, token_of(one.row))


def _publish(services: Services, moved: Sequence[Move]) -> None:
    for one in moved:
        if one.new.state is State.DELIVERED:
            lea, kind = LeaId(one.new.receiver), PacketType(one.new.type)
            services.inboxes.publish(lea, one.row.tracking, token_of(one.row), kind)


PLAN = Plan(Stage.DELIVER, _work, before=_flush, after=_publish, lost=_drop)
