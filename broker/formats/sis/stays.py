"""Stays of students at schools, as an export tells them, made into `enrollment.v1`.

Owns this making, for every form of export. Promises: a faulty stay stops no other; the schema says, stay by stay, what
a good one is; all that is wrong with one is told at once, by places in the file, and no sentence holds anything of a
student; the same stays, signed by the same LEA on the same day, are the same document.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import orjson

from broker.core.errors import Refused
from broker.core.files import table_ids
from broker.formats import cells
from broker.formats.cells import Read, Unfit
from broker.formats.enrollment.columns import COLUMNS, ENTRY, EXIT
from broker.formats.sis.form import Around, Document
from broker.formats.sis.node import Node
from broker.formats.ssid.lines import SHEET, Sheet, Unread, fault_of

PACKET = "enrollment.v1"
MUST = "must be filled in"
MORE = "It has more than {} lines: divide it into several files."
_AT_ONCE = 1000  # entries that the schema checks at once
_MOST_EXPLAINED = 100  # stays
_SHOWN = 100  # characters of a name that the answer repeats
# for what cannot be read; never shown
_STAND_INS = {"school": "1"}
_STUDENT = {"legal_name": {"first": "x", "last": "x"}, "birth_date": "2000-01-01"}


@dataclass(slots=True, repr=False)
class Stay:
    """One stay, which is one line of the answer. `place` is its own in the file; `values` are fields of an enrollment
    (`school`, `grade`, `day_part`, `entry_date`, `entry_code`, `exit_date`, `exit_code`), read; `student` is the block
    of the student; `faults` says what must be true at places in the file; `places` has the places from which parts of
    an entry were read, by their paths. Repr hidden: it holds a student."""

    place: str
    values: dict[str, Any] = field(default_factory=dict)
    student: dict[str, Any] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)

    def take(self, path: str, node: Node | None, read: Read, needed: str = "") -> None:
        """What `read` makes of a piece: a value, or at a path such as `student/birth_date` a part of the student. It
        raises Unfit for what cannot be read, which becomes a fault; `needed` is the place of a piece that must not be
        missing."""
        if node is None:
            if needed:
                self.faults[needed] = MUST
            return
        self.places[path] = node.place
        try:
            value = read(node.text)
        except Unfit as error:
            self.faults[node.place] = str(error)
            return
        first, *steps = path.split("/")
        if value not in ("", None) and steps:
            cells.put(self.student, steps, value)
        elif value not in ("", None):
            self.values[first] = value

    def fill(self, defaults: Mapping[str, str]) -> None:
        """Put the defaults where the stay says nothing. Raises Refused for a default that cannot be read."""
        for name, said in defaults.items():
            if name not in self.values and self.places.get(name, self.place) not in self.faults:
                self.values[name] = _read(name, said)

    def entries(self) -> list[dict[str, Any]]:
        """The entry, and where the student left, the exit."""
        shared = {"student": self.student} | {
            name: self.values[name] for name in ("school", "grade", "day_part") if name in self.values
        }
        return list(self._of(shared))

    def _of(self, shared: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        for what in (ENTRY, EXIT):
            if f"{what}_date" in self.values:
                code = self.values.get(f"{what}_code")
                entry = {**shared, "event": what, "date": self.values[f"{what}_date"]}
                yield entry | ({"code": code} if code else {})


def document(stays: Sequence[Stay], around: Around) -> Document:
    """The enrollment that these stays are, with a `Sheet` as its property `sheet`. Raises Refused `sis-form` where they
    are more than an enrollment may have, or none."""
    made, most = around.made, around.limits.students_per_enrollment
    if not 0 < len(stays) <= most:
        place = stays[most].place if stays else ""
        raise Refused("sis-form", place, "It holds no student." if not stays else MORE.format(most))
    top = {"packet": PACKET, "from": str(around.lea), "created": made.signed_at.isoformat(timespec="seconds")}
    any_id = table_ids.made("enrollment", made.digest(b""))  # the entries decide the id, and are checked first
    _check(stays, lambda entries: around.check(top | {"id": any_id, "students": entries}))
    good = [
        (number, stay.place, entry)
        for number, stay in enumerate(stays, 1)
        if not stay.faults
        for entry in stay.entries()
    ]
    unread = tuple(_unread(number, stay) for number, stay in enumerate(stays, 1) if stay.faults)
    said = ["enrollment", around.lea, made.signed_on.isoformat(), [one for *_, one in good], unread]
    sheet = Sheet(
        form="",
        day="",
        numbers=tuple(number for number, _, _ in good),
        unread=unread,
        is_named_by_rows=True,
        places=tuple(place for _, place, _ in good),
    )
    top["id"] = table_ids.made("enrollment", made.digest(orjson.dumps(said)))
    return top | {"students": [one for *_, one in good], SHEET: sheet}


def _read(name: str, said: str) -> Any:
    try:
        return COLUMNS[name].read(said)
    except (KeyError, Unfit) as error:
        must = str(error) if isinstance(error, Unfit) else "is no field of an enrollment"
    raise Refused("sis-form", "", f"The default of {name} {must}.")


def _check(stays: Sequence[Stay], check: Any) -> None:
    """Add the schema's faults. Many are checked at once first, because most exports are good."""
    explained = count()
    for start in range(0, len(stays), _AT_ONCE):
        some = stays[start : start + _AT_ONCE]
        entries = [entry for stay in some if not stay.faults for entry in stay.entries()]
        if not entries or fault_of(entries, check) is None:
            some = [stay for stay in some if stay.faults]
        for stay in some:
            if not stay.faults or next(explained) < _MOST_EXPLAINED:
                _explain(stay, check)


def _explain(stay: Stay, check: Any) -> None:
    is_faulty = bool(stay.faults)
    for entry in _judged(stay).entries():
        fault = fault_of([entry], check)
        for text in fault.hint.splitlines() if fault else ():
            pointer, _, must = text.partition(": ")
            stay.faults.setdefault(_place(stay, pointer.removeprefix("/students/0/"), entry["event"]), must)
        if fault and not is_faulty and not stay.faults:
            stay.faults[stay.place] = "does not have the form that is asked for"


def _judged(stay: Stay) -> Stay:
    """The stay with stand-ins for what is missing or cannot be read, so that the schema judges the rest."""
    days = {} if {"entry_date", "exit_date"} & set(stay.values) else {"entry_date": "2000-01-01"}
    return Stay(stay.place, _STAND_INS | days | stay.values, _STUDENT | stay.student)


def _place(stay: Stay, path: str, event: str) -> str:
    """The place in the file of a path in an entry: that of the longest beginning that has one."""
    path = f"{event}_{path}" if path in ("date", "code") else path
    while path:
        if path in stay.places:
            return stay.places[path]
        path = path.rpartition("/")[0]
    return stay.place


def _unread(number: int, stay: Stay) -> Unread:
    reason = "missing" if set(stay.faults.values()) == {MUST} else "unreadable"
    said = " ".join(f"{place} {must.rstrip('.')}." for place, must in stay.faults.items())
    name = stay.student.get("legal_name", {})
    last, first, local = (
        "".join(filter(str.isprintable, str(one)[:_SHOWN]))
        for one in (name.get("last", ""), name.get("first", ""), stay.student.get("local_id", ""))
    )
    ssid = str(stay.student.get("ssid", ""))
    places = tuple(stay.faults)
    return Unread(number, reason, places, said, last, first, local, "", ssid[:_SHOWN] if ssid.isdigit() else "")
