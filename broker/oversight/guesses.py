"""guesses: an LEA's vain questions about children whom it never had are counted, bounded, and told to the state.

Contract: made for one packet, within its write transaction, which holds `registry.lock`. `write` is called once, at its
end; where a packet has several transactions, `keep` is called at the end of each, and `tell` in the last. A guess is a
question in vain, whether the child exists or not; its children are the number in the line and the students found.
Beyond the bounds the answer is one word for everything (`broker.core.knowledge.TOO_MANY`), even where the line would at
last match the child: otherwise an LEA could guess until it does. An LEA may ask about its own students as often as it
likes.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date

from broker.core.access import Action
from broker.core.disclosure import Disclosure
from broker.core.grounds import Why
from broker.core.harvest import Pattern
from broker.core.knowledge import REVEALS, TELLS, Asked, Bounds
from broker.core.model import Ssid
from broker.edge.ledger.cases import harvest
from broker.edge.ledger.engine import Writing
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.people import guesses as ledger
from broker.edge.ledger.people import stays
from broker.oversight import alerts
from broker.packets.services import Services

Counted = tuple[str, str, int]  # (child, kind of guess, how often)
Mark = tuple[int, Counter[tuple[str, bool]], Counter[tuple[str, str]]]
_NAMED = "named "  # marks a number that a line named, to tell it from the number of a student found


class Guesses:
    """Counts the guesses of one packet of one LEA."""

    def __init__(self, services: Services, connection: Writing, row: PacketRow) -> None:
        self._services = services
        self._connection = connection
        self._row = row
        self._own: dict[str, bool] = {}
        self._is_read = False
        self._all = self._written = 0  # guesses of today
        self._tries: Counter[tuple[str, bool]] = Counter()  # today's, by (child, whether it could enroll)
        self._fresh: Counter[tuple[str, str]] = Counter()  # this packet's, by (child, kind)
        of = services.settings.harvest
        self._bounds = Bounds(of.guesses_per_child, of.guesses_per_day)

    def next_line(self) -> None:
        """Begin another line: the line before may have enrolled a child, or taken an entry back."""
        self._own.clear()

    def is_own(self, ssid: Ssid) -> bool:
        """Whether the LEA has or had the student, or has announced it."""
        if ssid not in self._own:
            account = stays.account(self._connection, ssid, self._services.today())
            self._own[ssid] = self._row.origin in account.had | account.announced
        return self._own[ssid]

    def is_closed(self, number: str | None, found: Iterable[str] = ()) -> bool:
        """Whether today the LEA has guessed too often at the number that the line names, or at a student found. Only
        guesses that could enroll the child count: other questions reveal nothing, and so close no enrollment."""
        return self._is_closed([*([_NAMED + number] if number else []), *found], may_come_true=True)

    def _is_closed(self, children: Iterable[str], *, may_come_true: bool) -> bool:
        self._read()
        return any(self._tries[child, may_come_true] >= self._bounds.per_child for child in children)

    def count(self, kind: Asked, number: str | None, found: Sequence[str]) -> bool:
        """Count a vain guess. Returns whether it is within the bounds, and so gets its normal answer.

        The students found count towards the bound only for lines whose answer reveals them anyway: the answer to other
        lines, and to lines that name a number, must not depend on them.
        """
        is_told = kind is Asked.UPDATE or (kind in TELLS and not number)
        asked = [*([_NAMED + number] if number else []), *(found if is_told else ())]
        is_closed = self._is_closed(asked, may_come_true=kind in REVEALS)
        is_within = not is_closed and self._all < self._bounds.per_day
        self._all += 1
        self._fresh[ledger.ALL, kind] += 1
        for child in [*([_NAMED + number] if number else []), *found] if is_within else ():
            self._fresh[child, kind] += 1
            self._tries[child, kind in REVEALS] += 1
        return is_within

    def mark(self) -> "Mark":
        """What has been counted so far."""
        return self._all, self._tries.copy(), self._fresh.copy()

    def back_to(self, mark: "Mark") -> None:
        """Forget what was counted since: it came to nothing for another reason, and will be asked again."""
        self._all, self._tries, self._fresh = mark

    def write(self) -> None:
        """Write the counts to the ledger, and a line of the disclosure log for each kind."""
        self.tell(self.keep())

    def keep(self) -> Sequence[Counted]:
        """Write the counts since the last call to the ledger, and return them. Where they reach the LEA's bound of the
        day, the state is told at once."""
        if not self._fresh:
            return []
        fresh, self._fresh = self._fresh, Counter()
        ledger.add(self._connection, self._row.origin, self._today.isoformat(), fresh)
        if self._written < self._bounds.per_day <= self._all:
            self._alert()
        self._written = self._all
        return [(child, kind, count) for (child, kind), count in sorted(fresh.items())]

    def tell(self, counted: Iterable[Counted]) -> None:
        """Write the packet's lines of the disclosure log: one for each kind of guess."""
        whole: Counter[tuple[str, str]] = Counter()
        for child, kind, count in counted:
            whole[child, kind] += count
        disclosures.add(self._connection, self._lines(whole))

    def _read(self) -> None:
        """Read the LEA's earlier guesses of today, once for each packet."""
        if self._is_read:
            return
        self._is_read = True
        for (child, kind), count in ledger.of_day(self._connection, self._row.origin, self._today.isoformat()).items():
            if child == ledger.ALL:
                self._all += count
            else:
                self._tries[child, kind in REVEALS] += count
        self._written = self._all

    def _lines(self, fresh: Counter[tuple[str, str]]) -> list[Disclosure]:
        at = self._services.clock().timestamp()
        return [
            Disclosure(
                at=at,
                ssid="",
                action=Action.LOOK_UP,
                outcome="refused",
                party=self._row.origin,
                what=kind,
                ground=Why.NOT_THERE,
                purpose=_counted(fresh, kind),
                tracking=self._row.tracking,
            )
            for kind in sorted({kind for _, kind in fresh})
        ]

    def _alert(self) -> None:
        lea, day = self._row.origin, self._today
        last = harvest.last_alert(self._connection, Pattern.GUESSES, lea)
        if last is not None and self._services.time.day(last) == day:
            return
        found = next(one for one in ledger.since(self._connection, day.isoformat()) if one.lea == lea)
        counts = {"days": 1, "guesses": found.guesses, "children": found.children}
        alerts.pattern(self._services, self._connection, Pattern.GUESSES, lea, counts)

    @property
    def _today(self) -> date:
        return self._services.day()


def _counted(fresh: Counter[tuple[str, str]], kind: str) -> str:
    children = {child.removeprefix(_NAMED) for child, other in fresh if other == kind and child != ledger.ALL}
    return f"{fresh[ledger.ALL, kind]} in vain, at {len(children)} children"
