"""A table of any length, read piece by piece, by what all of it together decides.

Owns what is known of such a file (`Facts`) and goes from one piece to the next. Promises: what the file is, its header,
its separator and the order of its dates are those of the file as a whole; what is in memory does not grow with it; a
file that is changed meanwhile is not read on. Only the process that reads hostile bytes imports this module.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from itertools import islice
from typing import Any, BinaryIO, NamedTuple

from broker.core.days.written import Decided, Order
from broker.core.errors import Refused
from broker.core.files.texts import Encoding
from broker.formats import heading, sheets, table, tables
from broker.formats.heading import Headed, Part
from broker.formats.made import Made
from broker.formats.mapping import switch
from broker.formats.ssid import lines as ssid
from broker.formats.ssid import name as ssid_name
from broker.formats.ssid.columns import field_of
from broker.formats.table import Place, Row, Stream, Table
from broker.formats.tabular.forms import FORMS as ALL
from broker.formats.tabular.forms import Form, Given

MOST_ROWS = 1_000_000_000
_PEEKED = 10  # rows behind a piece: where no more come, they belong to it, as totals do
_BEGINNING = 64 * 1024

FORMS: Mapping[str, Form] = {one.packet: one for one in ALL if one.decided_by is not None}
"""The forms of table that can be divided by their lines, by packet type."""
_REQUEST = FORMS[ssid.PACKET].name


@dataclass(slots=True)
class Facts:
    """What is known of the file so far, as plain data. `encoding` and `mark` are those of `texts.Encoding`; `header` is
    the number and the cells of the header's row; `meant` are the names of the forms of table that it can be; `shown`
    are, for each packet type, the places of the first dates with the month and with the day first, `refused` why it
    cannot be that one; `rows` are counted; `lea` is what the first line with one says; `is_whole` is what the lines say
    of all or nothing, None where they say nothing."""

    encoding: str
    mark: int
    separator: str
    header: tuple[int, tuple[str, ...]]
    meant: list[str] = field(default_factory=list)
    shown: dict[str, tuple[str, str]] = field(default_factory=dict)
    refused: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    rows: int = 0
    lea: str = ""
    is_whole: bool | None = None

    def to_json(self) -> dict[str, Any]:
        """The facts as JSON."""
        return asdict(self)

    @staticmethod
    def from_json(said: Mapping[str, Any]) -> "Facts":
        """The facts that `to_json` has written."""
        number, cells = said["header"]
        return Facts(**{**said, "header": (number, tuple(cells))})


class Piece(NamedTuple):
    """Some rows under their header, and the place where the next ones begin, None behind the last piece."""

    headed: Headed
    next: Place | None


def is_one(file: BinaryIO, name: str, mapping: str = "") -> bool:
    """Whether a file is a table of text; the file is at its beginning afterwards."""
    head = file.read(_BEGINNING)
    file.seek(0)
    return not sheets.is_workbook(head) and tables.is_table(head, name, mapping)


def begun(file: BinaryIO, facts: Facts | None) -> Stream:
    """The table from its beginning. Raises Refused."""
    return table.stream(file, MOST_ROWS, Encoding(facts.encoding, facts.mark) if facts else None)


def piece(
    file: BinaryIO, facts: Facts | None, place: Place | None, most: int, mapping: str = ""
) -> tuple[Piece, Facts]:
    """At most `most` rows from a place on, None for the beginning, or few more where they are the last; with what is
    known of the file afterwards, which is unchanged where it was known before. Raises Refused."""
    is_first = facts is None or place is None
    found = begun(file, facts) if facts is None or place is None else table.resumed(file, _stream_of(facts), place)
    rows = list(islice(found.rows, most))
    behind = found.place()
    more = list(islice(found.rows, _PEEKED))
    is_last = len(more) < _PEEKED
    whole = Table(found.separator, found.encoding, found.marked, found.header, tuple(rows + more if is_last else rows))
    headed = heading.headed(whole, tables.known_by(mapping)) if is_first else Headed(whole, ())
    if facts is None:
        header = headed.table.header
        facts = Facts(found.encoding, _mark(found), found.separator, (header.number, header.cells))
    return Piece(headed, None if is_last else behind), facts


def _stream_of(facts: Facts) -> Stream:
    number, cells = facts.header
    header = Row(number, cells)
    return Stream(facts.separator, facts.encoding, facts.mark > 0, header, iter(()), lambda: Place(0, 0, ()))


def _mark(found: Stream) -> int:
    return len("\ufeff".encode(found.encoding)) if found.marked else 0


def looked(facts: Facts, headed: Headed, name: str, made: Made) -> Facts:
    """What is known after one more piece. Raises Refused where the LEA's mapping does not fit it."""
    one = tables.given_of(headed, _text(headed), made)
    found = {form.name for form in tables.meant_by(one, made)}
    meant = [form.name for form in ALL if form.name in (*facts.meant, *found)]
    if ssid_name.is_request(name):
        meant = [_REQUEST]
    facts = replace(facts, meant=meant, rows=facts.rows + len(one.own.rows), lea=facts.lea or _lea_in(one.own))
    facts.is_whole = _either(facts.is_whole, switch.taken_out(headed.table, one.plain).is_whole)
    for packet, form in FORMS.items():
        try:
            _add(facts, packet, form, tables.with_defaults(one, form, made).own)
        except Refused as refused:
            facts.refused.setdefault(packet, (refused.code, refused.pointer, refused.hint))
    return facts


def _either(one: bool | None, other: bool | None) -> bool | None:
    return other if one is None else one or bool(other)


def _add(facts: Facts, packet: str, form: Form, own: Table) -> None:
    decided = form.decided_by(own) if form.decided_by and packet not in facts.refused else None
    if decided is not None:
        month, day = facts.shown.get(packet, ("", ""))
        facts.shown[packet] = (month or decided.month, day or decided.day)


def _lea_in(own: Table) -> str:
    fields = [field_of(cell) for cell in own.header.cells]
    at = fields.index("lea") if "lea" in fields else len(fields)
    return next((row.cells[at] for row in own.rows if len(row.cells) > at and row.cells[at]), "")


def packet_of(facts: Facts, wanted: str = "") -> str:
    """The packet type that the file is, '' where it can be none or cannot be divided by its lines. Raises Refused where
    the file as a whole shows a fault."""
    form = next((one for one in ALL if (one.packet == wanted if wanted else one.name in facts.meant)), None)
    packet = form.packet if form else ""
    if packet not in FORMS:
        return ""
    if packet in facts.refused:
        raise Refused(*facts.refused[packet])
    decided = _decided(facts, packet)
    if decided.is_contradiction:
        said = f"{decided.month} has the month before the day, {decided.day} the day before the month."
        raise Refused("dates-contradict", decided.day, said)
    return packet


def _decided(facts: Facts, packet: str, unless: Order = Order.MONTH) -> Decided:
    month, day = facts.shown.get(packet, ("", ""))
    return Decided(Order.DAY if day and not month else Order.MONTH if month else unless, month, day)


def given(facts: Facts, found: Piece, packet: str, made: Made) -> Given:
    """The rows of a piece as they are given to its form."""
    one = tables.given_of(found.headed, _text(found.headed), made)
    is_whole = tables.mapping_in(made.mapping).is_whole if facts.is_whole is None else facts.is_whole
    part = Part(_decided(facts, packet, one.order).order, found.next is None)
    return one._replace(is_whole=is_whole, part=part)


def _text(headed: Headed) -> bytes:
    """The text of a piece, with a byte for each digit."""
    return "\n".join(",".join(row.cells) for row in (*headed.above, *headed.table.rows)).encode()
