"""The record that the lines of its tables make, and what the schema says against it, line by line.

Owns how a place in the document becomes a cell. Promises: a file that is good is checked once, as a whole; of one that
is not, each line is checked by itself, so that all faults of all lines are found.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from broker.core.errors import Refused
from broker.formats import cells
from broker.formats.student_record import values
from broker.formats.student_record.columns import STUDENT
from broker.formats.student_record.faults import Fault, of_cell
from broker.formats.student_record.lines import Line, lists_of
from broker.formats.student_record.sheets import OneTable
from broker.formats.student_record.student import Known

Document = dict[str, Any]
Check = Callable[[Mapping[str, Any]], object]
_STAND_INS = {"last_name": "x", "birth_date": "1900-01-01"}  # for what cannot be read; never shown
_MOST_EXPLAINED = 300  # lines: explaining how one does not fit the schema takes 0.3 ms
_MOST_LOOKS = 4
_ODD = "does not have the form that is asked for"
_AGAIN = "must be the same as in the line above: this part is told once"


def document(
    top: Document,
    about: Mapping[str, Any],
    known: Known,
    read: Sequence[tuple[OneTable, Line]],
    wrong: Sequence[Fault],
    check: Check,
) -> tuple[Document, list[Fault]]:
    """The document, and all that is wrong with it; `wrong` is what was found of the student before."""
    base = top | _student(about)
    own = base.pop("demographics", None)
    demographics = {} if own is None else {"demographics": own}
    faults = [*wrong, *(fault for _, line in read for fault in line.faults)]
    record, more = _record(read)
    whole = base | {"record": demographics | record}
    faults += more
    if not faults and _is_good(whole, check):
        return whole, []
    faults += _of_student(base | {"record": demographics}, known, check, faults)
    explained = (pair for pair in read[:_MOST_EXPLAINED] if pair[1].place)
    faults += [fault for one, line in explained for fault in _of_line(one, line, base, check)]
    return whole, faults or _unplaced(whole, check, read)


def _student(about: Mapping[str, Any]) -> Document:
    entry: Document = {}
    for name, value in (_STAND_INS | dict(about)).items():
        if name == "last_name" and "whole_name" in about:
            continue
        cells.put(entry, STUDENT[name].place, dict(value) if isinstance(value, dict) else value)
    return cells.whole(entry)


def _record(read: Sequence[tuple[OneTable, Line]]) -> tuple[Document, list[Fault]]:
    record: Document = {}
    faults: list[Fault] = []
    for one, line in read:
        if not line.place or one.top.part is None:
            continue
        entry = _entry(one, line)
        if one.top.part.single:
            faults += _into(record.setdefault(line.place, {}), entry, one, line)
        else:
            record.setdefault(line.place, []).append(entry)
    return record, faults


def _entry(one: OneTable, line: Line) -> Document:
    """The entry of a line, without what its place in the record has no room for: the receiver has the table itself."""
    entry: Document = {}
    part = one.top.part
    for name, value in line.values.items():
        is_kept = part is not None and value is not None and name not in _NOT_IN.get(line.place, ())
        if part is not None and is_kept and not (name == "kind" and value == values.STATEWIDE):
            cells.put(entry, part.columns[name].place, list(value) if isinstance(value, list) else value)
    return dict(lists_of(entry))


_NOT_IN: Mapping[str, frozenset[str]] = {
    "course_history": frozenset({"section", "teacher", "percent", "as_of"}),
    "course_grades": frozenset({"lea", "status"}),
    "statewide_results": frozenset({"standard_error"}),
    "adaptive_results": frozenset({"accommodations"}),
}
"""Fields that these parts do not have, and others of the same table do."""


def _into(whole: Document, entry: Document, one: OneTable, line: Line) -> Iterator[Fault]:
    """A line more of a part that is one object: its lists are joined, all else must be the same."""
    for name, value in entry.items():
        if isinstance(value, list) and isinstance(whole.get(name), list):
            whole[name] += [each for each in value if each not in whole[name]]
        elif whole.setdefault(name, value) != value:
            yield of_cell(one.table.header, line.row, one.top.at(name), _AGAIN)


def _is_good(whole: Document, check: Check) -> bool:
    try:
        check(whole)
    except Refused:
        return False
    return True


def _places(document: Document, check: Check) -> Iterator[tuple[str, str]]:
    """What the schema and the dates say against a document: the pointer, and what must be true there."""
    try:
        check(document)
    except Refused as refused:
        if refused.code != "schema":
            yield refused.pointer, refused.hint.removeprefix("It ").partition(" The same")[0] or _ODD
            return
        for said in refused.hint.splitlines():
            pointer, _, must = said.partition(": ")
            if must:
                yield pointer, must


def _of_student(base: Document, known: Known, check: Check, faults: Sequence[Fault]) -> Iterator[Fault]:
    at = {"/".join(map(str, column.place)): name for name, column in STUDENT.items()}
    wrong = {(one.sheet, one.row, one.letter) for one in faults}
    for pointer, must in _places(base, check):
        steps = pointer.removeprefix("/record").removeprefix("/").split("/")
        name = next((at["/".join(steps[:n])] for n in range(len(steps), 0, -1) if "/".join(steps[:n]) in at), "")
        cell = known.cells.get(name)
        if cell is None and name:
            name = "whole_name" if "whole_name" in known.cells else name
            cell = known.cells.get(name)
        found = of_cell(cell.header, cell.row, cell.column, must) if cell else None
        if found and (found.sheet, found.row, found.letter) not in wrong:
            yield found


def _of_line(one: OneTable, line: Line, base: Document, check: Check) -> Iterator[Fault]:
    part = one.top.part
    if part is None:
        return
    at = {"/".join(map(str, column.place)): name for name, column in part.columns.items() if name != "term_id"}
    told = {fault.letter for fault in line.faults}
    for path, must in _against(_entry(one, line), part.single, line.place, base, check):
        name = at.get(path) or at.get(path.rpartition("/")[0], "")
        if (name in line.values and line.values[name] is None) or (not path and line.faults):
            continue
        column = one.top.at(name)
        if name == "school_year" and not column:  # it was read from another column
            column = one.top.at("term_id") or one.top.at("date")
        found = of_cell(one.table.header, line.row, column, must if column else f"{name} {must}".strip())
        if found.letter not in told or (not column and not line.faults):
            told.add(found.letter)
            yield found


def _against(entry: Document, single: bool, place: str, base: Document, check: Check) -> Iterator[tuple[str, str]]:
    """What is wrong with an entry, by the path in it: after each look without what was found faulty, because dates are
    judged only where the schema finds nothing."""
    start = f"/record/{place}" + ("" if single else "/0")
    for look in range(_MOST_LOOKS):
        alone = base | {"record": {place: entry if single else [entry]}}
        found = [(pointer, must) for pointer, must in _places(alone, check) if pointer.startswith(start)]
        paths = [(pointer.removeprefix(start).strip("/"), must) for pointer, must in found]
        yield from ((path, must) for path, must in paths if path or not look)  # what was taken out is missing now
        faulty = {path.partition("/")[0] for path, _ in paths} & entry.keys()
        if not faulty:
            return
        entry = {name: value for name, value in entry.items() if name not in faulty}


def _unplaced(whole: Document, check: Check, read: Sequence[tuple[OneTable, Line]]) -> list[Fault]:
    """A fault that lies in no line by itself, such as too many lines of one part."""
    for pointer, must in _places(whole, check):
        one, line = read[0]
        return [of_cell(one.table.header, line.row, 0, f"{pointer.rpartition('/')[2]} {must}")]
    return []
