"""What the machine remembers of its own doings, and the names that it plays with."""

from dataclasses import dataclass, field

from broker.edge.ledger.packets.rows import PacketRow
from tests.support import desk
from tests.support.told import Report
from tests.support.world import Key

# LEAs, and who else takes part
LEAS = ("01", "02", "03", "4A", "5B")
SCHOOLS = ("401", "402")
STATE, UNIVERSITY, NOBODY = "UT", "U1", "ZZ"
KINDS = dict.fromkeys(LEAS[:3], "district") | dict.fromkeys(LEAS[3:], "charter")
KINDS |= {STATE: "state", UNIVERSITY: "higher-ed"}
# of one day, so that any of them could be found to be the same one
CHILDREN = [one | {"birth_date": "2013-05-06"} for one in desk.children(3, 700)]
TWIN = 2  # whose number is found to be another one's
FINAL = {"REFUSED", "COLLECTED", "APPLIED", "DUPLICATE"}
RECORD, BACKPACK, TRANSCRIPT, ASK = "student-record", "backpack", "transcript", "record-request"
ENROLL = "enrollment"
ABOUT = (RECORD, BACKPACK, TRANSCRIPT)  # what is about a student and goes to somebody


@dataclass
class Sent:
    """What the machine has dropped into an outbox, and knows of it."""

    kind: str
    sender: str
    key: Key
    child: int = -1
    to: str = ""
    day: str = ""  # on which the student asked for a transcript
    reports: tuple[Report, ...] = ()  # of an enrollment
    about: str = ""  # another packet
    status: str = ""  # of an acknowledgement; of a backpack its mode, of a record request what it wants
    was_known: bool = False  # whether the student was, when it was last seen unopened
    deaths: int = 0


@dataclass
class Account:
    """What the machine remembers beside its belief."""

    sent: dict[str, Sent] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)  # enrollments, recalls and so on that have taken effect or failed
    asked: dict[str, Sent] = field(default_factory=dict)  # enrollments about whom a question is open
    taken: set[str] = field(default_factory=set)  # out of an inbox
    delivered: set[str] = field(default_factory=set)
    got: list[tuple[str, str]] = field(default_factory=list)  # each delivery of what is about a student: which, to whom
    ssids: dict[int, str] = field(default_factory=dict)
    has_merged: bool = False
    had: set[tuple[int, str]] = field(default_factory=set)  # which students were at which LEA at the last look
    stood: dict[str, tuple[str, str, str]] = field(default_factory=dict)  # (state, held for, code) at the last look
    grounds: dict[str, str] = field(default_factory=dict)  # on what a delivery was right when it was made
    said: dict[str, str] = field(default_factory=dict)  # the last acknowledgement of each packet, as it lies there now

    def child(self, ssid: str) -> int:
        """Whose number this is."""
        return next(child for child, number in self.ssids.items() if number == ssid)


def stand(row: PacketRow) -> tuple[str, str, str]:
    """What a look at a packet remembers of it."""
    return (row.state, row.held_for, row.code)
