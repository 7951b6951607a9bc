"""An LEA's own list is compared with the exchange's, on the LEA's own computer.

Owns what is asked of the two, and the report. Promises: the report holds places, names of columns that the exchange
knows, counts and the program's own sentences, and nothing of a student; the rows of the table of differences, for the
LEA alone, are given only where they are asked for; parts of different lists, or a list with a part missing, are not
compared, because whoever stands in that part would be told as missing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

from broker.checking import compared, faults, mending
from broker.checking.compared import COMPARED, NAMES, Compared, Difference, Listing
from broker.checking.report import Fault
from broker.core.errors import Refused
from broker.formats import whatisit
from broker.formats.own_students import listed
from broker.formats.own_students.listed import Listed
from broker.formats.own_students.written import Part
from broker.formats.ssid.header import SHOWN

_SEALED = Fault(
    "sealed-twice",
    "The file is sealed still.",
    "Open it first, with your key, and compare what was in it.",
)
_ALL_PARTS = "Give every part of one list: --against once for each file."
_SHOWN = {"entry_date": "entry date", "exit_date": "exit date", "birth_date": "birth date", "ssid": "SSID"}
_SHOWN |= {"last_name": "last name", "first_name": "first name", "local_number": "local number", "school": "school"}


@dataclass(frozen=True, slots=True)
class Found:
    """One difference, by its places: `line` and `column` are in the LEA's list, `of_list` and `roster` (the number of
    the file) in the exchange's; 0 and '' for none."""

    kind: str
    wrong: str
    what_to_do: str
    line: int = 0
    column: str = ""
    header: str = ""
    of_list: int = 0
    roster: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """The report. `faults` are of a file that cannot be compared, by its number: 0 for the LEA's own, 1 for the first
    of the exchange's; then nothing else is told. `asked` says which list it is; `not_compared` are columns that the
    LEA's list does not have. `table` is the table of differences, where it was asked for."""

    lines: int = 0
    of_list: int = 0
    same: int = 0
    ahead: int = 0
    asked: str = ""
    not_compared: tuple[str, ...] = ()
    differences: tuple[Found, ...] = ()
    faults: tuple[tuple[int, Fault], ...] = ()
    table: tuple[tuple[str, ...], ...] = field(default=(), repr=False)

    def to_json(self) -> dict[str, Any]:
        """The report as JSON."""
        return asdict(self)

    @staticmethod
    def from_json(said: Mapping[str, Any]) -> "Report":
        """The report that `to_json` has written. Raises KeyError, TypeError or ValueError for anything else."""
        differences = tuple(Found(**one) for one in said["differences"])
        told = tuple((int(number), Fault(**one)) for number, one in said["faults"])
        table = tuple(tuple(row) for row in said["table"])
        parts = {"differences": differences, "faults": told, "table": table}
        return Report(**{**said, **parts, "not_compared": tuple(said["not_compared"])})


def report(contents: Sequence[bytes], today: date, *, with_table: bool) -> Report:
    """Compare the first of these files, the LEA's own list, with the others, the parts of the exchange's."""
    lists: list[Listed] = []
    told: list[tuple[int, Fault]] = []
    for number, content in enumerate(contents):
        try:
            lists.append(listed.read(content, today.year))
        except Refused as refused:
            told += [(number, one) for one in _faults(content, refused)]
    if told:
        return Report(faults=tuple(told))
    mine, parts = lists[0], lists[1:]
    told = list(_of_parts(parts))
    if told:
        return Report(faults=tuple(told))
    part = next((one for some in parts for one in some.parts), None)
    stays = [(number, stay) for number, some in enumerate(parts, 1) for stay in some.stays]
    listing = Listing(stays, part.day if part else today.isoformat())
    found = compared.compare(listing, mine.stays, mine.fields)
    return Report(
        lines=len(mine.stays),
        of_list=len(stays),
        same=found.same,
        ahead=found.ahead,
        asked=part.asked if part else "",
        not_compared=tuple(_SHOWN[name] for name in COMPARED if name not in mine.fields),
        differences=tuple(_told(found, mine)),
        table=tuple(mending.rows(found)) if with_table else (),
    )


def _faults(content: bytes, refused: Refused) -> Sequence[Fault]:
    said = whatisit.when_opened(content, refused)
    return [_SEALED] if said.code == "sealed-twice" else faults.of_refusal(said)


def _of_parts(parts: Sequence[Listed]) -> Iterator[tuple[int, Fault]]:
    """What is wrong with the parts of the exchange's list, taken together."""
    for number, some in enumerate(parts, 1):
        if wrong := next((stay for stay in some.stays if stay.faults or not stay.of("ssid")), None):
            said = "It is not a list that the exchange has made: something in this line is wrong, or it has no SSID."
            yield number, _fault(said, wrong.line, "Give the exchange's list with --against, and your own as FILE.")
        elif len(some.parts) > 1:
            yield number, _fault("It has lines of several lists, or of several parts.")
    known = [part for some in parts for part in some.parts]
    if len({part.asked for part in known}) > 1:
        yield 1, _fault("These are parts of lists that were asked for at different times.")
    elif known and (wrong_parts := _lacking(known)):
        yield 1, _fault(wrong_parts)


def _lacking(known: Sequence[Part]) -> str:
    numbers = sorted(part.number for part in known)
    last = next((part.number for part in known if part.is_last), 0)
    missing = [number for number in range(1, max(last, *numbers) + 1) if number not in numbers]
    if len(set(numbers)) < len(numbers):
        return "The same part of the list is given twice."
    if missing:
        return f"A part of the list is missing: part {missing[0]}."
    return "" if last else f"The parts behind part {numbers[-1]} of the list are missing."


def _fault(wrong: str, line: int = 0, todo: str = _ALL_PARTS) -> Fault:
    return Fault("roster", wrong, todo, line=line)


def _told(found: Compared, mine: Listed) -> Iterator[Found]:
    for one in found.differences:
        for kind, fields in one.kinds.items():
            for name in fields or ("",):
                yield _one(one, kind, name, mine)


def _one(one: Difference, kind: str, name: str, mine: Listed) -> Found:
    wrong, todo = mending.MEANS[kind]
    if one.mine is not None and one.mine.faults:
        must = one.mine.faults[name].rstrip(".")
        wrong = f"It {must}." if must.startswith(("must ", "is ")) else f"{must}."
    label = mine.labels.get(name) or (mine.labels.get("whole_name") if name in NAMES else None)
    letter, header = label if label and one.mine else ("", "")
    return Found(
        kind,
        wrong,
        todo,
        line=one.mine.line if one.mine else 0,
        column=letter,
        header=header if SHOWN.fullmatch(header) else name if letter else "",
        of_list=one.theirs.line if one.theirs else 0,
        roster=one.file,
    )
