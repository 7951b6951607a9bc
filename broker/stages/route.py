"""route: an ADMITTED packet becomes ROUTED to a receiver, or HELD for a named thing.

Contract: reads only ledger facts; `broker.core.routing` decides. Plaintext is touched in only one case: where two
numbers of students were merged or parted since the packet was admitted, it is opened again to find its student
(`broker.students.rematch`). A receiver is always a party of the directory with a valid key at this moment.
"""

from collections.abc import Sequence
from dataclasses import replace

from broker.core import access
from broker.core.errors import Deferred, Refused
from broker.core.flow import Stage
from broker.core.model import HeldFor, LeaId, State
from broker.core.routing import Hold, check_receiver
from broker.edge.ledger.engine import Writing
from broker.edge.ledger.packets.rows import Move, PacketRow, Step
from broker.edge.ledger.people import registry
from broker.oversight import alerts
from broker.packets.batch import Plan
from broker.packets.batch import run as run_batch
from broker.packets.destination import is_forwarded, receiver_or_hold
from broker.packets.outcome import move
from broker.packets.round import RoundFacts
from broker.packets.services import Services
from broker.records import backpack, disclose
from broker.students.rematch import check_had_after_rematch, receiver_after_rematch
from broker.transfers import cases, follow_up, requests
from handlers.registry import KEPT, handler_of


def run(services: Services, ids: Sequence[str]) -> None:
    """Route these packets."""
    run_batch(services, [PLAN], ids)


def _work(services: Services, facts: RoundFacts, row: PacketRow) -> Move:
    if row.origin:
        facts.check_signer(row.origin, row.signer)
    if row.packet_id and handler_of(row.type).is_kept:
        return _keep(services, facts, row)
    if row.origin and handler_of(row.type).ends_here:
        return requests.resume(services, facts, row)
    row, goal = receiver_after_rematch(services, facts, row)
    if isinstance(goal, Hold):
        return _hold(services, row, goal.why)
    if row.origin and not is_forwarded(row):
        party = facts.party(goal)
        check_receiver(row.origin, goal, party.kind if party else None, handler_of(row.type).receivers)
        _check_permitted(facts, row, goal)
    if facts.valid_certificate(goal) is None:
        return _hold(services, row._replace(receiver=goal), HeldFor.RECEIVER_KEY)
    return move(services, row, row._replace(state=State.ROUTED, receiver=goal, held_for=""), [Step(State.ROUTED)], [])


def _check_permitted(facts: RoundFacts, row: PacketRow, goal: LeaId) -> None:
    """Check the packet against the permission table. Raises Refused("not-allowed")."""
    asked = handler_of(row.type).disclosed
    if asked is None or row.identity != "match":
        return
    account = facts.account(row.ssid)
    known = access.Facts(was_there=True, has_request=True)  # admit has refused a transcript that nobody asked for
    for lea, action, origin in ((row.origin, asked.sends, row.origin), (goal, asked.receives, "")):
        party = facts.party(lea)
        role = access.role_of(party.kind if party else None, account, lea, origin=origin)
        if isinstance(access.judge(role, action, known), access.Deny):
            raise Refused("not-allowed", "/to")


def _keep(services: Services, facts: RoundFacts, row: PacketRow) -> Move:
    """The move of a packet that the record store keeps: it is not sent now."""
    if row.identity == "review":
        return _hold(services, row, HeldFor.REVIEW)
    row = check_had_after_rematch(services, facts, row)
    backpack.load_slip(services, facts, row)
    new = row._replace(state=State.APPLIED, held_for="")
    return move(services, row, new, [Step(State.APPLIED)], [(row.origin, State.APPLIED)])


def _note(services: Services, connection: Writing, facts: RoundFacts, moved: Sequence[Move]) -> None:
    """Store kept packets in the same transaction as their moves, and log refusals."""
    disclose.refused(services, connection, moved, State.ADMITTED)
    rows = [one.new for one in moved if one.new.type in KEPT and one.new.state is State.APPLIED]
    backpack.store(services, connection, facts, rows)
    for row in rows:
        follow_up.work_off(services, connection, [row.ssid])  # the follow-up of an enrollment goes first
        backpack.forward_late(services, connection, row)
    cases.lost(services, connection, [one.new for one in moved])


def _hold(services: Services, row: PacketRow, why: HeldFor) -> Move:
    new = row._replace(state=State.HELD, held_for=why)
    planned = move(services, row, new, [Step(State.HELD, why)], [(row.origin, State.HELD)])
    if why is HeldFor.REVIEW or not row.origin:
        return planned
    goal = row.receiver if why is HeldFor.RECEIVER_KEY else Hold(why)

    def effect(connection: Writing) -> Move:
        """Decide again: an enrollment that came since this batch read the facts could not release this packet yet."""
        registry.lock(connection)
        if receiver_or_hold(RoundFacts(connection, services.clock(), services.today()), row) != goal:
            raise Deferred("the student has enrolled meanwhile")
        if why is HeldFor.BLOCKED:
            alerts.held(services, connection, row)
        return planned

    return replace(planned, effect=effect)


PLAN = Plan(Stage.ROUTE, _work, note=_note)
