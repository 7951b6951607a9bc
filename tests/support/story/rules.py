"""What befalls the parties: the state's officers, keys and time; and the exchange's own work, whole or broken off."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from broker.core.flow import Stage
from broker.core.model import Ssid
from broker.edge.ledger.engine import writing
from broker.flags import missing
from broker.identity import registrar
from broker.packets import batch
from broker.processes.worker import RUNS
from broker.transfers import cases
from broker.transfers.resume import release_waiting
from handlers.registry import TRAVELS
from tests.support.deaths import PLACES
from tests.support.story.account import CHILDREN, LEAS, RECORD, SCHOOLS, TWIN, Sent
from tests.support.story.enrolls import children, leas
from tests.support.story.sends import Parties, receivers


class Moves(Parties):
    """What can happen."""

    def teardown(self) -> None:
        """However a story ends, it must come to rest."""
        try:
            if self.is_sound:
                self.come_to_rest()
        finally:
            self.world.close()

    # what the state does

    @rule(child=children)
    def flag(self, child: int) -> None:
        if self.belief.is_known(child) and not self.belief.is_flagged(child):
            with writing(self.world.services.engine) as connection:
                missing.put(self.world.services, connection, self.own.ssids[child], "an officer", "missing")
            self.belief.flag(child)
            self.settle(child)

    @precondition(lambda self: self.belief.flagged)
    @rule(child=children)
    def unflag(self, child: int) -> None:
        if self.belief.is_flagged(child):
            with writing(self.world.services.engine) as connection:
                missing.lift(self.world.services, connection, self.own.ssids[child], "an officer", "found")
            self.belief.unflag(child)
            self.settle(child)

    @rule(kept=st.integers(0, TWIN - 1))
    def merge_or_unmerge(self, kept: int) -> None:
        services, now = self.world.services, self.world.services.clock()
        if self.own.ssids.keys() < set(range(len(CHILDREN))):
            return
        stands = self.belief.number(TWIN)
        self.own.has_merged = True
        other, mine = self.own.ssids[TWIN], self.own.ssids[kept if stands == TWIN else stands]
        with writing(services.engine) as connection:
            if stands == TWIN:
                registrar.merge(
                    connection, services.model, mine, other, "x", "y", now.timestamp(), services.today(now), TRAVELS
                )
                cases.reconcile(services, connection, [mine])
                self.belief.merge(kept if stands == TWIN else stands, TWIN)
                self.settle(TWIN)
            else:
                registrar.unmerge(connection, services.model, mine, other, "x", "y", now.timestamp(), TRAVELS)
                cases.reconcile(services, connection, [mine, other])
                release_waiting(services, connection, [Ssid(mine), Ssid(other)])
                self.belief.unmerge(TWIN)
                self.settle(stands)
                self.settle(TWIN)

    # keys

    @rule(lea=receivers, what=st.sampled_from(("revoke", "retire", "revoke all", "add", "add", "add short")))
    def change_key(self, lea: str, what: str) -> None:
        good = [key for key in self.world.keys[lea] if not key.end]
        if what.startswith("add"):
            if len(self.world.keys[lea]) < 4:
                self.world.add_key(lea, 30 if what.endswith("short") else 1500)
        elif what == "retire":
            for key in good[:1]:
                self.world.retire(lea, key)
        else:
            for key in good if what.endswith("all") else good[:1]:
                self.world.revoke(lea, key)

    @rule(days=st.sampled_from((0, 0, 0, 1, 1, 3, 3, 31, 200)))
    def wait(self, days: int) -> None:
        self.world.ahead += timedelta(days=days, minutes=6)

    # what the exchange does

    @rule(child=children, lea=leas, what=st.sampled_from(("flag", "enter", "leave", "send", "merge_or_unmerge")))
    def overtake(self, child: int, lea: str, what: str) -> None:
        """A record is being delivered, and just then something changes that it depends on."""
        sender = self.belief.came_from(child, self.world.today) or lea
        if self.can_send(sender) and self.can_send(lea):
            tracking = self.drop(Sent(RECORD, sender, self.key(sender), child))
            if what == "enter":
                self.enroll(child, lea, self.entry(lea, SCHOOLS[0], 0))
            if what == "leave":
                where = self.belief.here(child, self.world.today) or lea
                self.enroll(child, where, replace(self.entry(where, SCHOOLS[0], 0), event="exit"))
            if what == "send":
                self.drop(Sent(RECORD, sender, self.key(sender), child))
            meanwhile = what if what in ("flag", "merge_or_unmerge") else "admit"
            self.world.round(RUNS[Stage.ADMIT], [tracking], self._meanwhile(meanwhile, child))

    @precondition(lambda self: self.world.is_moving())
    @rule(
        stage=st.sampled_from(tuple(Stage)),
        which=st.sets(st.integers(0, 7), min_size=1),
        is_through=st.booleans(),
        where=st.sampled_from(("",) * len(PLACES) + tuple(PLACES)),
        meanwhile=st.sampled_from(("", "", "", "flag", "unflag", "merge_or_unmerge", "take", "admit", "sweep")),
        child=children,
    )
    def work(self, stage: Stage, which: set[int], is_through: bool, where: str, meanwhile: str, child: int) -> None:
        """A worker gets some of what stands before a stage, in one message."""
        ready = self.world.ready(stage)
        ids = sorted({ready[n % len(ready)] for n in which}) if ready else []
        if not ids:
            return
        plans = RUNS[stage] if is_through else RUNS[stage][:1]
        died = len(self.world.log.lines)
        with self.world.killed(where):
            self.world.round(plans, ids, self._meanwhile(meanwhile, child))
            died = -1
        if died >= 0:
            for tracking in ids:
                if tracking in self.own.sent:
                    self.own.sent[tracking].deaths += 1

    def _meanwhile(self, what: str, child: int) -> Callable[[], None] | None:
        if not what:
            return None
        things: dict[str, Callable[[], None]] = {
            "flag": lambda: self.flag(child),
            "unflag": lambda: self.unflag(child),
            "merge_or_unmerge": lambda: self.merge_or_unmerge(child % TWIN),
            "take": lambda: self.take(self.belief.here(child, self.world.today) or LEAS[child], 0, True),
            "admit": self._admit_all,
            "sweep": self.world.sweep,
        }

        def happens() -> None:
            self.look()
            things[what]()
            self.look()

        return happens

    def _admit_all(self) -> None:
        batch.run(self.world.services, RUNS[Stage.ADMIT], self.world.ready(Stage.ADMIT))

    @rule(where=st.sampled_from(("", "", "collecting", "committed", "published", "dropping")))
    def sweep(self, where: str) -> None:
        with self.world.killed(where):
            self.world.sweep()

    @rule()
    def come_to_rest(self) -> None:
        self.world.rest(self.look)
        self.check_rest()
