"""guesses: what an LEA asks about children that it never had is counted, bounded, and told to the state.

Contract: made for one packet, within its write transaction, which holds `registry.lock`. `write` is called once, at its
end; where a packet has several transactions, `keep` at the end of each, and `tell` in the last. A guess is what was
asked in vain, whether such a child exists or not; the child of a guess is the number that was named, and who was found.
Beyond the bounds the answer is one word for everything (`broker.core.knowledge.TOO_MANY`), also where the line would
match the child at last: else one could go on until it does. Of its own students an LEA may ask as often as it likes.
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

Counted = tuple[str, str, int]  # the child, the kind of guess, how often
_NAMED = "named "  # before a number that was named, beside the number of who was found


class Guesses:
    """Looks after one packet of one LEA."""

    def __init__(self, services: Services, connection: Writing, row: PacketRow) -> None:
        self._services = services
        self._connection = connection
        self._row = row
        self._own: dict[str, bool] = {}
        self._is_read = False
        self._all = self._written = 0  # guesses of today
        self._tries: Counter[tuple[str, bool]] = Counter()  # of today, by child, and whether by what may come true
        self._fresh: Counter[tuple[str, str]] = Counter()  # of this packet, by child and kind
        of = services.settings.harvest
        self._bounds = Bounds(of.guesses_per_child, of.guesses_per_day)

    def next_line(self) -> None:
        """Another line is looked at: the one before it may have enrolled a child, or have taken an entry back."""
        self._own.clear()

    def is_own(self, ssid: Ssid) -> bool:
        """Whether the LEA has or had the student, or has announced it."""
        if ssid not in self._own:
            account = stays.account(self._connection, ssid, self._services.today())
            self._own[ssid] = self._row.origin in account.had | account.announced
        return self._own[ssid]

    def is_closed(self, number: str | None, found: Iterable[str] = ()) -> bool:
        """Whether the LEA has guessed at one of these too often today, by lines that may come true: at the number that
        the line names, or at a student who was found. What tells nothing anyway closes no enrollment."""
        return self._is_closed([*([_NAMED + number] if number else []), *found], may_come_true=True)

    def _is_closed(self, children: Iterable[str], *, may_come_true: bool) -> bool:
        self._read()
        return any(self._tries[child, may_come_true] >= self._bounds.per_child for child in children)

    def count(self, kind: Asked, number: str | None, found: Sequence[str]) -> bool:
        """Count a guess that came to nothing; whether it is within the bounds, so that it is answered as it is.

        Who was found bounds only what tells of that anyway: the answer to anything else must not depend on it, nor that
        to a line that names a number.
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

    def write(self) -> None:
        """Keep what was counted, with a line of the disclosure log for each kind."""
        self.tell(self.keep())

    def keep(self) -> Sequence[Counted]:
        """Keep what was counted since the last time, and give it. Where the LEA has reached the bound of the day by it,
        the state is told at once."""
        if not self._fresh:
            return []
        fresh, self._fresh = self._fresh, Counter()
        ledger.add(self._connection, self._row.origin, self._today.isoformat(), fresh)
        if self._written < self._bounds.per_day <= self._all:
            self._alert()
        self._written = self._all
        return [(child, kind, count) for (child, kind), count in sorted(fresh.items())]

    def tell(self, counted: Iterable[Counted]) -> None:
        """Write the packet's lines of the disclosure log: one for each kind of what it has guessed."""
        whole: Counter[tuple[str, str]] = Counter()
        for child, kind, count in counted:
            whole[child, kind] += count
        disclosures.add(self._connection, self._lines(whole))

    def _read(self) -> None:
        """What was guessed before today, once for the packet."""
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
