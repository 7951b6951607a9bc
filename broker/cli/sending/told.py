"""What `satchel send FOLDER` tells at its end: one table of what needs somebody, and the number of the rest.

Promises: every file that is not sent, that the exchange refuses, or of which lines come back is named, with its code,
its place, what is wrong and what to do; what is good is counted; nothing of a student is shown.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any, NamedTuple

import typer

from broker.checking.report import Fault
from broker.cli.check import together
from broker.cli.sending.night import Night, Outcome
from broker.client import answers
from broker.client.journal import Entry
from broker.terminal import tables
from broker.terminal.common import REFUSED, fail, say

_COLUMNS = 80  # of a mail that a nightly job sends
_MOST_FAULTS = 5  # of one file in the table
_NOT_SENT, _NOT_READ, _COMES_BACK = "not sent", "not read", "comes back"


class _Row(NamedTuple):
    file: str
    result: str
    wrong: str = ""
    todo: str = ""
    needs: bool = False
    name: str = ""


def tell(night: Night, *, as_json: bool) -> None:
    """Print it, and end the command with its exit code."""
    fates = [*((one, _fate(one, night)) for one in night.outcomes), *((None, one) for one in _gone(night))]
    if as_json:
        say(json.dumps({"files": [_as_json(*one) for one in fates], "broken": night.broken}))
    else:
        _show([(fate, _rows(one, fate)) for one, fate in fates])
    if night.broken:
        fail(night.broken)
    if code := _code(fates):
        raise typer.Exit(code)


def _code(fates: Sequence[tuple[Outcome | None, _Row]]) -> int:
    if any(one and one.unread for one, _ in fates):
        return 2
    if any(one and (one.faults or one.unsent) for one, _ in fates):
        return 1
    return REFUSED if any(fate.result.startswith("refused") for _, fate in fates) else 0


def _fate(one: Outcome, night: Night) -> _Row:
    """What became of a file, in one row."""
    if one.unread:
        return _Row(one.file, _NOT_READ, one.unread, needs=True)
    if one.unsent:
        return _Row(one.file, _NOT_SENT, one.unsent, "give the same command again", needs=True)
    return _answered(one.file, night.journal.named(one.name)) if one.name else _Row(one.file, _NOT_SENT, needs=True)


def _gone(night: Night) -> Iterator[_Row]:
    for name in night.gone:
        entry = night.journal.named(name)
        yield _answered(entry.file, entry)


def _answered(file: str, entry: Entry) -> _Row:
    if not entry.said:
        return _Row(file, answers.NO_ANSWER, todo="give the same command again later", name=entry.name)
    said = answers.answer(file, entry.said)
    return _Row(file, said.result, todo=said.todo, needs=said.needs, name=entry.name)


def _rows(one: Outcome | None, fate: _Row) -> list[_Row]:
    """The rows of a file in the table: where it has faults, one for each kind of them."""
    if one is None or not one.faults:
        return [fate]
    result = _COMES_BACK if one.name else _NOT_SENT
    rows = [_Row(fate.file, *row, needs=True) for row in _faulty(one.faults, result)]
    if len(rows) > _MOST_FAULTS:
        more = f"{len(rows) - _MOST_FAULTS} more kinds of faults"
        rows = [*rows[:_MOST_FAULTS], _Row(fate.file, result, more, "see them all with `satchel check`", needs=True)]
    return [*rows, *([fate] if fate.needs and one.name else [])]


def _faulty(faults: Sequence[Fault], result: str) -> Iterator[tuple[str, str, str]]:
    def kind(fault: Fault) -> tuple[str, str]:
        return fault.code, fault.what_to_do

    for (code, todo), some in groupby(sorted(faults, key=kind), kind):
        for wrong, places in together(some):
            yield f"{result} [{code}]" if code else result, f"{places}: {wrong}" if places else wrong, todo


def _show(fates: Sequence[tuple[_Row, Sequence[_Row]]]) -> None:
    shown = [row for _, rows in fates for row in rows if row.needs]
    if shown:
        columns = (tables.Column("file", is_list=True), tables.text("what is wrong"), tables.text("what to do"))
        tables.show(columns, [(_named(row), row.wrong, row.todo) for row in shown], most=_COLUMNS)
    others = Counter((fate.result, fate.todo) for fate, rows in fates if not any(row.needs for row in rows))
    for (result, todo), count in sorted(others.items()):
        say(f"{_files(count)}: {result}; {todo}.")
    sums = Counter(fate.result.partition(" [")[0] for fate, _ in fates)
    told = ", ".join(f"{count:,} {what}" for what, count in sorted(sums.items()))
    say(f"{_files(len(fates))}: {told}." if fates else "There is nothing to send.")
    if sums[_NOT_SENT] or sums[_NOT_READ]:
        say("Mend what is named, and give the command again; nothing is sent twice.")


def _named(row: _Row) -> list[str]:
    """The file, what became of it, and the code, on lines of their own."""
    result, bracket, code = row.result.partition(" [")
    return [row.file, result, *([f"[{code}"] if bracket else [])]


def _files(count: int) -> str:
    return f"{count:,} file{'s' * (count != 1)}"


def _as_json(one: Outcome | None, fate: _Row) -> dict[str, Any]:
    faults = [asdict(fault) for fault in one.faults] if one else []
    told = {"file": fate.file, "name": fate.name, "result": fate.result, "why": fate.wrong}
    return told | {"what_to_do": fate.todo, "faults": faults}
