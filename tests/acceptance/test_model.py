"""Whatever happens, and in whatever order: each record ends where its student is, or waits for a good reason.

A machine enrolls students, moves them about, sends records of them, takes these back, flags students, changes keys and
kills workers, all at random. Beside the exchange it keeps its own account of where each student is (`support.belief`),
made only of what it has sent and done; after each step the exchange's books must agree with it.

SATCHEL_MODEL_EXAMPLES is the number of stories that are tried; each begins in a home of its own.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from broker.core.flow import Stage
from broker.core.model import Ssid
from broker.core.transfer import LIVE, TransferState
from broker.edge.ledger.engine import writing
from broker.edge.ledger.rows import PacketRow
from broker.identity import registrar
from broker.stages import batch, missing, students, transfers
from broker.worker import RUNS
from tests.support import audit, desk, documents
from tests.support.audit import Books
from tests.support.belief import Belief
from tests.support.world import PLACES, Key, World

LEAS = ("01", "02", "03", "4A", "5B")
STATE, UNIVERSITY, NOBODY = "UT", "U1", "ZZ"
KINDS = dict.fromkeys(LEAS[:3], "district") | dict.fromkeys(LEAS[3:], "charter")
KINDS |= {STATE: "state", UNIVERSITY: "higher-ed"}
# of one day, so that any of them could be found to be the same one
CHILDREN = [one | {"birth_date": "2013-05-06"} for one in desk.children(3, 700)]
TWIN = 2  # whose number is found to be another one's
FINAL = {"REFUSED", "COLLECTED", "APPLIED", "DUPLICATE"}
RECORD, BACKPACK = "student-record", "backpack"

children = st.integers(0, len(CHILDREN) - 1)
leas = st.sampled_from(LEAS)
ago = st.sampled_from((0, 0, 0, -1, -2))  # days from today
_TO = ("", "", "", "here", "here", *LEAS, STATE, NOBODY)
often = st.sampled_from((True, True, False))


@dataclass
class Sent:
    """What the machine has dropped into an outbox, and knows of it."""

    kind: str
    sender: str
    key: Key
    child: int = -1
    to: str = ""
    day: str = ""
    about: str = ""  # another packet
    status: str = ""
    was_known: bool = False  # whether the student was, when it was last seen unopened
    deaths: int = 0


@dataclass
class Stay:
    """A stay that was entered, and where from."""

    source: str
    lea: str
    begun: str


@dataclass
class Account:
    """What the machine remembers beside its belief."""

    sent: dict[str, Sent] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)  # enrollments, recalls and so on that have taken effect or failed
    taken: set[str] = field(default_factory=set)  # out of an inbox
    delivered: set[str] = field(default_factory=set)
    ssids: dict[int, str] = field(default_factory=dict)
    has_merged: bool = False
    had: set[tuple[int, str]] = field(default_factory=set)  # which students were at which LEA at the last look
    stood: dict[str, tuple[str, str, str]] = field(default_factory=dict)  # (state, held for, code) at the last look
    arrivals: dict[int, list[Stay]] = field(default_factory=dict)


class Moves(RuleBasedStateMachine):
    """What can happen."""

    def __init__(self) -> None:
        super().__init__()
        self.world, self.belief, self.own = World(KINDS), Belief(), Account()
        self.books: Books
        self.is_sound = True

    def teardown(self) -> None:
        """However a story ends, it must come to rest."""
        try:
            if self.is_sound:
                self.come_to_rest()
        finally:
            self.world.close()

    @initialize(first=st.tuples(leas, leas, leas))
    def begin(self, first: tuple[str, str, str]) -> None:
        for child, lea in enumerate(first):
            self._drop(Sent("entry", lea, self._key(lea), child, day=self.world.day(-90)))
        self.world.rest(self.look)

    # what LEAs send

    def _key(self, lea: str) -> Key:
        key = self.world.key(lea)
        assert key is not None
        return key

    def _can_send(self, lea: str) -> bool:
        return self.world.key(lea) is not None

    def _drop(self, one: Sent) -> str:
        self.world.seal_with(one.key)
        tracking = self.world.drop(one.sender, self._document(one))
        self.own.sent[tracking] = one
        return tracking

    def _document(self, one: Sent) -> dict[str, Any]:
        if one.kind in ("entry", "exit"):
            return desk.enrollment(one.sender, CHILDREN[one.child], event=one.kind, date=one.day)
        if one.kind == "recall":
            return documents.recall(**{"from": one.sender, "tracking": one.about})
        if one.kind == "acknowledgement":
            code = {"code": "cannot-read"} if one.status == "rejected" else {}
            about = {"tracking": one.about, "status": one.status}
            return documents.acknowledgement(**({"from": one.sender} | about | code))
        to = {"to": one.to} if one.to else {}
        if one.kind == RECORD:
            return desk.record(one.sender, CHILDREN[one.child], **to)
        created = self.world.services.clock().isoformat(timespec="seconds")
        about_whom = {"student": CHILDREN[one.child], "mode": one.status, "created": created}
        return documents.backpack(**({"from": one.sender} | about_whom))

    @rule(child=children, lea=leas, days=ago, is_worked=often)
    def enter(self, child: int, lea: str, days: int, is_worked: bool) -> None:
        if self._can_send(lea):
            tracking = self._drop(Sent("entry", lea, self._key(lea), child, day=self.world.day(days)))
            self._admit(tracking, is_worked)

    @rule(child=children, days=ago, is_withdrawn=st.booleans(), is_worked=often)
    def leave(self, child: int, days: int, is_withdrawn: bool, is_worked: bool) -> None:
        """Where the student is said to be; on the very day of the entry it never was there."""
        lea = self.belief.here(child, self.world.today)
        if lea and self._can_send(lea):
            entered = max(one.entry for one in self.belief.stays(child) if one.lea == lea)
            day = entered if is_withdrawn else self.world.day(days)
            self._admit(self._drop(Sent("exit", lea, self._key(lea), child, day=day)), is_worked)

    @rule(child=children, lea=leas, days=ago)
    def leave_anywhere(self, child: int, lea: str, days: int) -> None:
        if self._can_send(lea):
            self._drop(Sent("exit", lea, self._key(lea), child, day=self.world.day(days)))

    def _admit(self, tracking: str, is_worked: bool) -> None:
        if is_worked:
            batch.run(self.world.services, RUNS[Stage.ADMIT], [tracking])
            self.look()

    @rule(child=children, where=st.integers(0, 9), to=st.sampled_from(_TO), is_worked=st.booleans())
    def send_record(self, child: int, where: int, to: str, is_worked: bool) -> None:
        lea = self._former(child, where)
        if self._can_send(lea):
            to = self.belief.here(child, self.world.today) if to == "here" else to
            self._admit(self._drop(Sent(RECORD, lea, self._key(lea), child, to)), is_worked)

    @rule(child=children, where=st.integers(0, 9), mode=st.sampled_from(("replace", "add")))
    def send_backpack(self, child: int, where: int, mode: str) -> None:
        lea = self._former(child, where)
        if self._can_send(lea):
            self._drop(Sent(BACKPACK, lea, self._key(lea), child, status=mode))

    def _former(self, child: int, where: int) -> str:
        """Mostly an LEA that has had the student."""
        had = [one.lea for one in self.belief.stays(child)]
        return had[where % len(had)] if had and where < 9 else LEAS[child]

    @precondition(lambda self: any(one.kind in (RECORD, BACKPACK) for one in self.own.sent.values()))
    @rule(which=st.integers(0, 99), is_own=often)
    def recall(self, which: int, is_own: bool) -> None:
        mine = [tracking for tracking, one in self.own.sent.items() if one.kind in (RECORD, BACKPACK)]
        if mine:
            about = mine[-1 - which % len(mine)]
            sender = self.own.sent[about].sender if is_own else LEAS[which % len(LEAS)]
            if self._can_send(sender):
                self._drop(Sent("recall", sender, self._key(sender), about=about))

    @precondition(lambda self: any(self._row(one).origin for one in self.own.delivered))
    @rule(which=st.integers(0, 99), status=st.sampled_from(("received", "rejected")))
    def acknowledge(self, which: int, status: str) -> None:
        got = sorted(one for one in self.own.delivered if self._row(one).type in (RECORD, BACKPACK))
        if got:
            about = got[-1 - which % len(got)]
            lea = self._row(about).receiver
            if self._can_send(lea):
                self._drop(Sent("acknowledgement", lea, self._key(lea), about=about, status=status))

    def _row(self, tracking: str) -> PacketRow:
        return self.world.row(tracking)

    # what LEAs take

    @precondition(lambda self: any(map(self.world.files, LEAS)))
    @rule(lea=leas, which=st.integers(0, 99), is_all=st.booleans())
    def take(self, lea: str, which: int, is_all: bool) -> None:
        files = self.world.files(lea)
        for path in files if is_all else files[which % len(files) : which % len(files) + 1] if files else []:
            path.unlink()
            self.own.taken.add(path.name.split(".")[0])

    # what the state does

    @rule(child=children)
    def flag(self, child: int) -> None:
        if self.belief.is_known(child) and not self.belief.is_flagged(child):
            with writing(self.world.services.engine) as connection:
                missing.put(self.world.services, connection, self.own.ssids[child], "an officer", "missing")
            self.belief.flag(child)

    @precondition(lambda self: self.belief.flagged)
    @rule(child=children)
    def unflag(self, child: int) -> None:
        if self.belief.is_flagged(child):
            with writing(self.world.services.engine) as connection:
                missing.lift(self.world.services, connection, self.own.ssids[child], "an officer", "found")
            self.belief.unflag(child)

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
                day = now.date().isoformat()
                registrar.merge(connection, services.model, mine, other, "x", "y", now.timestamp(), day)
                transfers.reconcile(services, connection, [mine], arrived=True)
                self.belief.merge(kept, TWIN)
            else:
                registrar.unmerge(connection, services.model, mine, other, "x", "y", now.timestamp())
                transfers.reconcile(services, connection, [mine, other], arrived=False)
                students.release_waiting(services, connection, [Ssid(mine), Ssid(other)])
                self.belief.unmerge(TWIN)
        for child in (kept, TWIN, stands):
            self.own.arrivals[child] = []

    # keys

    @rule(lea=leas, what=st.sampled_from(("revoke", "retire", "revoke all", "add", "add", "add short")))
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

    @rule(days=st.sampled_from((0, 0, 1, 3, 31)))
    def wait(self, days: int) -> None:
        self.world.ahead += timedelta(days=days, minutes=6)

    # what the exchange does

    @rule(child=children, lea=leas, what=st.sampled_from(("flag", "enter", "leave", "send", "merge_or_unmerge")))
    def overtake(self, child: int, lea: str, what: str) -> None:
        """A record is being delivered, and just then something changes that it depends on."""
        sender = self.belief.came_from(child, self.world.today) or lea
        if self._can_send(sender) and self._can_send(lea):
            tracking = self._drop(Sent(RECORD, sender, self._key(sender), child))
            if what in ("enter", "leave"):
                event = "entry" if what == "enter" else "exit"
                where = lea if what == "enter" else self.belief.here(child, self.world.today) or lea
                if self._can_send(where):
                    self._drop(Sent(event, where, self._key(where), child, day=self.world.day(0)))
            if what == "send":
                self._drop(Sent(RECORD, sender, self._key(sender), child))
            meanwhile = what if what in ("flag", "merge_or_unmerge") else "admit"
            self.world.round(RUNS[Stage.ADMIT], [tracking], self._meanwhile(meanwhile, child))

    @precondition(lambda self: self.world.is_moving())
    @rule(
        stage=st.sampled_from(tuple(Stage)),
        which=st.sets(st.integers(0, 7), min_size=1),
        is_through=st.booleans(),
        where=st.sampled_from(("",) * len(PLACES) + PLACES),
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

    # what must hold

    @invariant()
    def look(self) -> None:
        """Take in what has happened, and hold it against what the machine believes."""
        self.is_sound = False
        rows = self.world.rows()
        self._follow(rows)
        self.books = audit.read(self.world.services.engine)
        for tracking in sorted(self.books.delivered - self.own.delivered):
            self._check_delivered(rows[tracking])
        for tracking, row in rows.items():
            if tracking in self.own.sent and self.own.stood.get(tracking) != _stand(row):
                self._check_moved(self.own.sent[tracking], row, rows)
        self._check_books(rows)
        self._check_inboxes(rows)
        self._check_cases(rows)
        self.own.delivered |= self.books.delivered
        self.own.stood = {tracking: _stand(row) for tracking, row in rows.items()}
        self.own.had = {(n, lea) for n in range(len(CHILDREN)) for lea in LEAS if self.belief.was_at(n, lea)}
        for tracking, one in self.own.sent.items():
            if rows[tracking].state == "RECEIVED":
                one.was_known = self.belief.is_known(one.child)
        bugs = [line for line in self.world.log.lines if line[0] == "error"]
        assert not bugs, bugs
        self.is_sound = True

    def _follow(self, rows: dict[str, PacketRow]) -> None:
        """Enrollments that have been carried out are believed, in the order in which they came."""
        for tracking in sorted(self.own.sent.keys() - self.own.settled):
            one, row = self.own.sent[tracking], rows[tracking]
            if row.state not in FINAL:
                continue
            self.own.settled.add(tracking)
            if row.state == "REFUSED" or one.kind not in ("entry", "exit"):
                continue
            if audit.is_asked(self.world.services.engine, tracking):
                assert self.own.has_merged, one  # a twin's name may be too little
                continue
            if one.kind == "exit":
                self.belief.leave(one.child, one.sender, one.day)
                continue
            is_new = not self.belief.is_known(one.child)
            self.belief.enter(one.child, one.sender, one.day)
            if is_new:
                self.own.ssids[one.child] = audit.given(self.world.services.engine, tracking)
            self._arrived(one.child)

    def _arrived(self, child: int) -> None:
        today = self.world.today
        source, lea = self.belief.came_from(child, today), self.belief.here(child, today)
        if source:
            stay = Stay(source, lea, self.belief.begun(child, today))
            self.own.arrivals.setdefault(self.belief.number(child), []).append(stay)

    def _child(self, ssid: str) -> int:
        return next(child for child, number in self.own.ssids.items() if number == ssid)

    def _goal(self, one: Sent, child: int) -> str:
        """Where a record may go now; '' for nowhere."""
        here = self.belief.here(child, self.world.today)
        return here if here != one.sender and one.to in ("", here) else ""

    def _check_delivered(self, row: PacketRow) -> None:
        """A packet about a student was delivered since the last look."""
        if row.type not in (RECORD, BACKPACK):
            return
        child = self._child(row.ssid)
        here = self.belief.here(child, self.world.today)
        what = (row.type, row.origin, row.receiver, here)
        assert row.receiver == here, what
        assert row.receiver != row.origin, what
        assert not self.belief.is_flagged(child), what
        assert self.belief.was_at(child, row.origin), what
        assert self.world.key(row.receiver), what
        if row.type == RECORD:
            one = self.own.sent[row.tracking]
            assert one.to in ("", here), what
            assert one.key.end != "revoked", what
            self._check_answers(row)

    def _check_answers(self, row: PacketRow) -> None:
        """Nobody is asked any more for the record that lies in the inbox."""
        asked = [one for one in self._cases(self._child(row.ssid)) if one.state in LIVE]
        if row.state == "DELIVERED" and not self.own.has_merged:
            assert (row.origin, row.receiver) not in [(one.source, one.destination) for one in asked], asked

    def _cases(self, child: int) -> list[Any]:
        numbers = {self.own.ssids[one] for one in self.belief.same(child) if one in self.own.ssids}
        return [one for one in self.books.cases if one.ssid in numbers]

    def _check_moved(self, one: Sent, row: PacketRow, rows: dict[str, PacketRow]) -> None:
        """A packet that the machine has sent stands elsewhere than at the last look."""
        if row.state == "REFUSED":
            assert self._may_be_refused(one, row, rows), (row.code, one, row)
        if row.state == "HELD" and row.held_for in ("enrollment", "blocked", "review"):
            assert row.held_for in self._reasons(one, row), (one, row.held_for, self._reasons(one, row))
        if row.state == "APPLIED" and one.kind == "recall":
            about = rows[one.about]
            assert about.code == "recalled" or about.type == BACKPACK, about
        if row.state == "APPLIED":
            assert one.kind != RECORD
        if row.state == "APPLIED" and one.kind == BACKPACK:
            assert self._had(row, one.sender, any)

    def _had(self, row: PacketRow, lea: str, how: Callable[[list[bool]], bool]) -> bool:
        """Whether the student was at this LEA, now and (`all`) or (`any`) at the last look: a round goes by what was
        when it began."""
        child = self._child(row.ssid) if row.ssid else self.own.sent[row.tracking].child
        return how([self.belief.was_at(child, lea), (child, lea) in self.own.had])

    def _reasons(self, one: Sent, row: PacketRow) -> set[str]:
        """What a packet may wait for now."""
        if row.identity == "review":
            return set() if one.was_known and not self.own.has_merged else {"review"}
        child, reasons = self._child(row.ssid), set()
        if self.belief.is_flagged(child):
            reasons |= {"blocked"}
        goal = self._goal(one, child)
        if not goal:
            reasons |= {"enrollment"}
        elif not self.world.key(goal):
            reasons |= {"receiver-key"}
        return reasons

    def _may_be_refused(self, one: Sent, row: PacketRow, rows: dict[str, PacketRow]) -> bool:
        """Whether the machine agrees with the code."""
        about = rows.get(one.about)  # of a recall or an acknowledgement
        recalls = [
            rows[key] for key, two in self.own.sent.items() if two.kind == "recall" and two.about == row.tracking
        ]
        later = [
            two
            for key, two in self.own.sent.items()
            if key > row.tracking
            and key in self.books.delivered
            and (two.kind, two.sender) == (one.kind, one.sender)
            and self._is_same(rows[key].ssid, row.ssid)
        ]
        codes = {
            "unknown-receiver": one.to == NOBODY,
            "not-allowed": one.to in (STATE, UNIVERSITY, one.sender),
            # found as the one whom the number stood for, just before the two were parted: then no student is named
            "not-your-student": not self._had(row, one.sender, all) or (self.own.has_merged and not row.ssid),
            "key-revoked": one.key.end == "revoked",
            "key-expired": one.key.expires <= self.world.services.clock(),
            "unknown-signer": one.key.end == "retired",
            "wrong-signer": one.key.end == "retired",
            "poison": one.deaths > 2,
            "recalled": any(by.state == "APPLIED" and by.origin == row.origin for by in recalls),
            "replaced": one.kind == RECORD and bool(later),
            "collected-already": about is not None and (about.state == "COLLECTED" or about.tracking in self.own.taken),
            "unknown-tracking": about is not None
            and (about.state in ("REFUSED", "APPLIED") or one.sender not in (about.origin, about.receiver)),
        }
        return codes.get(row.code, False)

    def _is_same(self, one: str, two: str) -> bool:
        return bool(one and two) and self._child(two) in self.belief.same(self._child(one))

    def _check_books(self, rows: dict[str, PacketRow]) -> None:
        """Receipts and disclosure log account for each delivery one to one."""
        books = self.books
        about = {one for one in books.delivered if rows[one].type in (RECORD, BACKPACK)}
        assert set(books.lines) == about
        for tracking in about:
            row, (line, *more) = rows[tracking], books.lines[tracking]
            assert not more, more
            assert (line.party, line.source, line.what) == (row.receiver, row.origin, row.type), line
            # the log stays as it was written where two numbers are parted, and the packet goes back to the other one
            assert self._is_same(line.ssid, row.ssid) or self.own.has_merged, line
            assert line.ground == ("enrolls" if row.type == RECORD else "teaches"), line
        for (tracking, before, after), count in books.moves.items():
            if after in ("DELIVERED", "COLLECTED") and before != after:
                assert count == 1, (rows[tracking], before, after)
        for tracking in books.delivered:
            packet = rows[tracking]
            for party in {packet.origin, packet.receiver} if packet.origin else ():  # notices have no receipts
                assert books.papers[tracking, party, "DELIVERED"] == 1, (packet, party)
                is_collected = int((tracking, "DELIVERED", "COLLECTED") in books.moves)
                assert books.papers[tracking, party, "COLLECTED"] >= is_collected, (packet, party)

    def _check_inboxes(self, rows: dict[str, PacketRow]) -> None:
        """What lies in an inbox was delivered there, and is not taken back."""
        for lea in self.world.leas:
            for path in self.world.files(lea):
                row = rows[path.name.split(".")[0]]
                assert row.receiver == lea, row
                assert row.state in ("DELIVERED", "COLLECTED"), row
                assert row.tracking in self.books.delivered, row

    # transfer cases

    def _check_cases(self, rows: dict[str, PacketRow]) -> None:
        for child in self.belief.stands:
            if self.belief.number(child) == child:
                self._check_cases_of(child, rows)

    def _check_cases_of(self, child: int, rows: dict[str, PacketRow]) -> None:
        here, cases = self.belief.here(child, self.world.today), self._cases(child)
        live = [one for one in cases if one.state in LIVE]
        ends = [(one.source, one.destination) for one in live]
        assert len(ends) == len(set(ends)), live  # each of two numbers may have brought its own
        for one in cases:
            assert not audit.illegal(self.world.services.engine, one.id)
            if one.answer:
                expected = {"DELIVERED": {"answered"}, "COLLECTED": {"closed"}}[rows[one.answer].state]
                assert one.state in expected, (one, rows[one.answer])
            assert bool(one.answer) == (one.state in (TransferState.ANSWERED, TransferState.CLOSED)), one
        for one in live:
            assert one.destination == here, (one, here)
            assert one.source != here, one
            assert (one.state is TransferState.BLOCKED) == self.belief.is_flagged(child), one
        self._check_arrival(child, here, cases)

    def _check_arrival(self, child: int, here: str, cases: list[Any]) -> None:
        """The LEA that the student came from is, or was, asked for what the LEA needs where the student is."""
        today = self.world.today
        for stay in self.own.arrivals.get(child, []):
            is_so = (self.belief.came_from(child, today), here) == (stay.source, stay.lea)
            if is_so and self.belief.begun(child, today) == stay.begun:
                asked = [one for one in cases if (one.source, one.destination) == (stay.source, here)]
                assert any(one.state is not TransferState.CANCELLED for one in asked), (stay, asked)

    def check_rest(self) -> None:
        """Nothing is on its way, and nothing waits that need not."""
        for tracking, row in self.world.rows().items():
            assert row.state not in ("RECEIVED", "ADMITTED", "ROUTED"), row
            one = self.own.sent.get(tracking)
            if row.state == "HELD" and one is not None:
                self._check_waiting(one, row)
            if row.state == "HELD" and one is None and row.held_for == "receiver-key":
                assert not self.world.key(row.receiver), row
        for case in self.books.cases:
            if case.state is TransferState.REQUESTED:
                assert case.request or self._is_on_its_way(case), case

    def _check_waiting(self, one: Sent, row: PacketRow) -> None:
        is_spoiled = one.key.end == "revoked" or (
            bool(row.ssid) and not self.belief.was_at(self._child(row.ssid), one.sender)
        )
        reasons = self._reasons(one, row)
        assert row.held_for in reasons or is_spoiled, (one, row, reasons)

    def _is_on_its_way(self, case: Any) -> bool:
        """Whether a record waits that will answer the case by itself."""
        return any(
            row.state == "HELD" and row.origin == case.source and self._is_same(row.ssid, case.ssid)
            for tracking, row in self.world.rows().items()
            if tracking in self.own.sent and self.own.sent[tracking].to in ("", case.destination)
        )


def _stand(row: PacketRow) -> tuple[str, str, str]:
    return (row.state, row.held_for, row.code)


TestTheWholeExchange = Moves.TestCase
TestTheWholeExchange.settings = settings(
    max_examples=int(os.environ.get("SATCHEL_MODEL_EXAMPLES", "25")),
    stateful_step_count=30,
    deadline=None,
    derandomize=False,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
