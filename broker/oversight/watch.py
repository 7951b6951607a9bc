"""watch: finds the flagged children whom a packet concerns, so that the state is told once of each.

Contract: made at the beginning of the packet's transaction, which holds `registry.lock`; `tell` is called once, at its
end. Where a packet concerns a child in several ways, the state is told of the one that stands first in `Kind`. Flags
are read once for the whole packet: a batch of thousands of lines costs nothing more where no flag stands, and one
look-up for each line where some do (Utah 53A-11-502: "any request concerning the record").
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace

from broker.core import local_number
from broker.core.model import Ssid, Student
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.people import flags as ledger
from broker.edge.ledger.people import stays
from broker.identity import match
from broker.notices.alert import Kind
from broker.oversight import alerts
from broker.oversight.guesses import Guesses
from broker.packets.services import Services

_RANK = {kind: place for place, kind in enumerate(Kind)}
# the kind of alert for each kind of line in an enrollment or SSID request
_OF_LINE = {
    "entry": Kind.ENROLLMENT,
    "new": Kind.ENROLLMENT,
    "retrieve": Kind.ENROLLMENT,
    "exit": Kind.EXIT,
    "update": Kind.UPDATE,
    "verify": Kind.VERIFY,
}
_BY_NUMBER = frozenset({"update", "verify"})  # the number alone says which student the line is about


class Watch:
    """Watches one packet. `flagged` is the result of the ledger's `flags.numbers`, where the caller has it already.
    `guesses` counts the packet's vain questions. `shared` are local numbers that it uses for several children."""

    def __init__(
        self,
        services: Services,
        connection: Writing,
        row: PacketRow,
        flagged: Mapping[str, str] | None = None,
        shared: Collection[str] = (),
    ) -> None:
        self._services = services
        self._connection = connection
        self._row = row
        self.guesses = Guesses(services, connection, row)
        self._flagged = ledger.numbers(connection) if flagged is None else flagged
        self._shared = shared
        self._seen: dict[str, Kind] = {}
        self._line = Kind.CANDIDATE
        self._is_looked_up = False

    def saw(self, numbers: Iterable[str | None], kind: Kind = Kind.CANDIDATE) -> bool:
        """Note that the packet concerns the students with these numbers. Returns whether one of them is flagged."""
        found = [self._flagged[one] for one in numbers if one and one in self._flagged] if self._flagged else []
        for ssid in found:
            self._seen[ssid] = min(kind, self._seen.get(ssid, kind), key=_RANK.__getitem__)
        return bool(found)

    @property
    def seen(self) -> Mapping[str, str]:
        """The flagged children found so far: number → in which way the packet concerns the child."""
        return {ssid: str(kind) for ssid, kind in self._seen.items()}

    def saw_before(self, seen: Mapping[str, str]) -> None:
        """Take over what another watch of the same packet has `seen`."""
        for ssid, kind in seen.items():
            self._seen[ssid] = min(Kind(kind), self._seen.get(ssid, Kind(kind)), key=_RANK.__getitem__)

    def begin(self, student: Student, request: str) -> None:
        """Begin a line, which may name a number."""
        self._line, self._is_looked_up = _OF_LINE[request], False
        self.guesses.next_line()
        self.saw([student.ssid], self._line if request in _BY_NUMBER else Kind.CANDIDATE)

    def find(self, student: Student) -> match.Finding:
        """Which student does the line mean? The same as `broker.identity.match.find`."""
        own, is_own = self._row.origin, self.guesses.is_own
        return self._looked_up(match.find(self._connection, self._services.model, self._told(student), own, is_own))

    def find_own(
        self, student: Student, is_own: Callable[[Ssid], bool] | None = None
    ) -> tuple[match.Finding, match.Finding]:
        """The answers among all students, and among those whom the LEA has or had, or for whom `is_own` is true. The
        same as `broker.identity.match.find_own`."""
        model, is_own = self._services.model, is_own or self.guesses.is_own
        whole, own = match.find_own(self._connection, model, self._told(student), self._row.origin, is_own)
        return self._looked_up(whole), own

    def own_number(self, student: Student) -> str:
        """The LEA's own number for the student, where it can identify one child; else ''."""
        return "" if student.local_id in self._shared else local_number.meant(student.local_id)

    def _told(self, student: Student) -> Student:
        """The student with a local number that can identify one child, or with none."""
        return replace(student, local_id=self.own_number(student))

    def _looked_up(self, finding: match.Finding) -> match.Finding:
        self._is_looked_up = True
        self.saw([finding.ssid], self._line)
        self.saw(one.ssid for one in finding.candidates)
        return finding

    def refused(self, student: Student) -> None:
        """Handle a refused line: look up now which students it may be about, if nobody has done so."""
        if self._flagged and not self._is_looked_up:
            self._line = Kind.CANDIDATE
            self.find(student)

    def tell(self) -> None:
        """Tell the state, and write the guesses to the ledger."""
        self.guesses.write()
        for ssid, kind in self._seen.items():
            alerts.alert(self._services, self._connection, kind, ssid, self._row.origin, self._row.tracking)


def decided(
    services: Services,
    connection: Writing,
    ssids: Iterable[str],
    lea: str,
    tracking: str = "",
    kind: Kind = Kind.DECISION,
) -> None:
    """Tell the state, for each flagged one of these students, that its operator has decided a question, or has merged
    or parted numbers. `lea` sent the packet, or is the LEA whose enrollment changes; '' for none. `kind` is another
    kind where somebody else than the operator acted."""
    flagged = ledger.numbers(connection)
    for ssid in dict.fromkeys(flagged[one] for one in ssids if one in flagged):
        alerts.alert(services, connection, kind, ssid, lea, tracking, is_news=True)


def whose_stay(services: Services, connection: Reading, kept: str, other: str) -> str:
    """The LEA whose enrollment a flagged child gets or loses when two numbers are about to be merged, or were just
    parted; '' for none."""
    flagged = ledger.numbers(connection)
    counting = stays.account(connection, kept if other in flagged else other, services.today()).counting
    return str(counting[-1].lea) if counting else ""
