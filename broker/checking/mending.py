"""The table of differences, for the LEA's own eyes, from which an enrollment that mends them can be made.

Owns its columns and rows, and the words for each kind of difference. Promises: what is written under the columns of an
enrollment is what mends the difference if the LEA's own list is right, but for the day of an exit that the list does
not have; name, birth date and SSID are the exchange's where it has the student, for no enrollment changes these.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence

from broker.checking.compared import (
    LEFT,
    NOT_IN_FILE,
    NOT_THERE,
    OTHER,
    SEVERAL,
    STAY,
    TWICE,
    UNREAD,
    Compared,
    Difference,
)
from broker.edge import workbook_writer
from broker.formats.own_students.listed import Stay
from broker.formats.own_students.written import FIELDS
from broker.formats.ssid import answer

SHEET = "Differences"
ABOUT = ("difference", "the exchange has", "your file has", "what mends it", "your line", "line of the list")
_STAY = ("school", "entry_date")
_OWN = (*_STAY, "local_number")  # from the LEA's own line, where it says otherwise
_EXIT = ("exit_date", "exit_code")
_MARK = "\ufeff"  # by which spreadsheet programs know UTF-8

MEANS: Mapping[str, tuple[str, str]] = {
    NOT_THERE: (
        "The exchange does not have this student at your LEA.",
        "If the student is with you, send the line as an enrollment. If another school has taken the student over,"
        " enter the exit into your system.",
    ),
    NOT_IN_FILE: (
        "The exchange has this student at your LEA, and your file does not.",
        "If the student has left, send the exit with its day. If the student is with you, look why your file lacks the"
        " student.",
    ),
    LEFT: ("By your file the student has left, and the exchange has no exit.", "Send the exit."),
    STAY: (
        "The exchange has this student at your LEA, but not at this school too.",
        "If the student is at both schools, send this entry as well; if not, correct your system.",
    ),
    TWICE: (
        "The student stands in your file a second time, at the same school.",
        "Take one of the two lines out of your system.",
    ),
    SEVERAL: (
        "More than one student of the exchange's list could be meant.",
        "Write the SSID into the line, or the local number as the exchange has it.",
    ),
    UNREAD: ("Something in this line cannot be read.", "Correct it in your system, and compare again."),
    OTHER["school"]: (
        "The exchange has another school.",
        "If yours is right, send the exchange's entry with an exit on its first day, which takes it back, and the right"
        " entry. If the student has changed schools, send the day of the change as the exit.",
    ),
    OTHER["entry_date"]: (
        "The exchange has another first day.",
        "If yours is right, send the exchange's entry with an exit on its first day, which takes it back, and the right"
        " entry.",
    ),
    OTHER["exit_date"]: ("The exchange has another exit day, or none.", "If yours is right, send the entry with it."),
    OTHER["birth_date"]: (
        "The exchange has another birth date.",
        "Look at the birth certificate. If yours is right, send an SSID request Update; if not, correct your system.",
    ),
    OTHER["last_name"]: (
        "The exchange has another name.",
        "Look at the birth certificate. If yours is right, send an SSID request Update; if not, correct your system.",
    ),
    OTHER["local_number"]: (
        "The exchange has another local number.",
        "If yours is right, send the entry again with it.",
    ),
    OTHER["ssid"]: ("The exchange has another SSID for this student.", "Use that of the exchange in your system."),
}
"""What each kind of difference means, and what to do about it."""


def rows(found: Compared) -> Iterator[tuple[str, ...]]:
    """The table: the names of the columns, then the rows of each difference."""
    yield (*ABOUT, *FIELDS)
    for one in found.differences:
        for said, todo in _mending(one):
            yield (*_about(one, todo), *(said.get(name, "") for name in FIELDS))


def as_csv(table: Sequence[Sequence[str]]) -> bytes:
    """The table as CSV (RFC 4180)."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\r\n").writerows([answer.safe(cell) for cell in row] for row in table)
    return (_MARK + out.getvalue()).encode()


def as_workbook(table: Sequence[Sequence[str]]) -> bytes:
    """The table as an Excel workbook."""
    return workbook_writer.write([(SHEET, table[0], table[1:])])


def _about(one: Difference, todo: str) -> tuple[str, ...]:
    fields = [name for names in one.kinds.values() for name in names]
    lines = [str(stay.line) if stay else "" for stay in (one.mine, one.theirs)]
    return ", ".join(one.kinds), _said(one.theirs, fields), _said(one.mine, fields), todo, *lines


def _said(stay: Stay | None, fields: Sequence[str]) -> str:
    if stay is None:
        return ""
    return "; ".join(f"{name.replace('_', ' ')} {stay.of(name) or 'none'}" for name in fields if name)


def _mending(one: Difference) -> Iterator[tuple[Mapping[str, str], str]]:
    """What is to be sent if the LEA's list is right, each with what it does."""
    mine, theirs = one.mine, one.theirs
    if theirs is None or mine is None:
        stay = mine or theirs
        said = stay.said if stay else {}
        yield said, " ".join(MEANS[kind][1] for kind in one.kinds)
        return
    if {TWICE, STAY} & set(one.kinds):
        yield mine.said, " ".join(MEANS[kind][1] for kind in one.kinds)
        return
    moved = {OTHER[name] for name in _STAY} & set(one.kinds)
    is_ended = bool(moved or {LEFT, OTHER["exit_date"]} & set(one.kinds))
    if moved:
        yield {**theirs.said, "exit_date": _ends(one)}, "Takes the exchange's entry back, or ends it."
    todo = " ".join(MEANS[kind][1] for kind in one.kinds if kind not in moved)
    yield _right(one, mine, theirs, is_ended=is_ended), f"The right entry. {todo}".strip() if moved else todo


def _right(one: Difference, mine: Stay, theirs: Stay, *, is_ended: bool) -> dict[str, str]:
    """The line as the exchange has it, with what the LEA's own line says otherwise of the stay; of the exit only with
    `is_ended`."""
    kept = {name: value for name, value in theirs.said.items() if name not in _EXIT or not is_ended}
    own = [name for name in _OWN if OTHER[name] in one.kinds] + [*_EXIT] * is_ended
    return kept | {name: value for name in own if (value := mine.of(name))}


def _ends(one: Difference) -> str:
    """The day of the exit that ends the exchange's entry: that of the change where the student came to another school
    later; else its own first day, which takes it back."""
    if one.mine is None or one.theirs is None:
        return ""
    first, day = one.theirs.of("entry_date"), one.mine.of("entry_date")
    return day if OTHER["school"] in one.kinds and day > first else first
