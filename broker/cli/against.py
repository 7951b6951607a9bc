"""`satchel check --against`: an LEA compares its own list of students with the exchange's, and sees who differs.

Promises: it needs no key, no home and no network; it shows lines and names of columns, and nothing of a student; the
table of differences is a new file that its user alone can read.
"""

import json
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import typer

from broker.checking import mending
from broker.checking.against import Found, Report
from broker.checking.asked import NoFile
from broker.checking.comparing import compare
from broker.checking.report import Fault
from broker.edge.bounded.warden import NoWard
from broker.terminal import given, tables
from broker.terminal.common import fail, say
from broker.terminal.endings import sentence, shown
from broker.terminal.files import write_new

_MOST_RUNS = 12  # of lines that are named; a file or JSON has all
_WIDEST = 100  # letters of a line of text that is easy to read
_FORMS = {".csv": mending.as_csv, ".xlsx": mending.as_workbook}


def run(files: Sequence[Path], rosters: Sequence[Path], out: Path | None, *, as_json: bool) -> None:
    """Compare, tell and write; ends with 0 where all is the same, with 1 where something differs, and with 2 where a
    file cannot be read or compared."""
    if len(files) != 1:
        fail("Name one file of your own, the list of your students, to be compared with --against.", 2)
    form = _FORMS.get(out.suffix.lower()) if out else None
    if out and form is None:
        fail("--out must be a file that ends with .csv or .xlsx.", 2)
    if out and out.exists():
        fail(f"{shown(str(out))} is already there; move it away, or choose another name with --out.")
    report = _compared([*files, *rosters], with_table=out is not None)
    if report.differences and out and form:
        write_new(out, form(report.table), 0o600)
    if as_json:
        say(json.dumps(_data(report, files[0], rosters)))
    else:
        for line in lines(report, [str(one) for one in (*files, *rosters)], _width()):
            say(tables.plain(line))
        _say_where(report, out)
    if report.faults or report.differences:
        raise typer.Exit(2 if report.faults else 1)


def _width() -> int:
    return min(tables.console().width, _WIDEST)


def _compared(paths: Sequence[Path], *, with_table: bool) -> Report:
    try:
        report = compare(paths, given.own_clock().date(), with_table=with_table)
    except NoFile as error:
        fail(f"{shown(str(error.filename))} is no ordinary file, but a pipe or a device; save it first.", 2)
    except NoWard:
        fail("The process that reads files did not start; see whether this computer has memory left, and try again.")
    except OSError as error:
        fail(sentence(error), 2)
    if report is None:
        fail("They could not be compared: the comparison itself failed. Please tell the state's operator.")
    return report


def _data(report: Report, own: Path, rosters: Sequence[Path]) -> dict[str, object]:
    said = report.to_json()
    del said["table"]
    named = [str(one) for one in (own, *rosters)]
    said["faults"] = [{"file": named[number]} | fault for number, fault in said["faults"]]
    for one in said["differences"]:
        one["roster"] = named[one["roster"]] if one["of_list"] else ""
    verdict = "refused" if report.faults else "different" if report.differences else "same"
    return {"file": str(own), "against": named[1:], "verdict": verdict} | said


def _say_where(report: Report, out: Path | None) -> None:
    if report.differences and out:
        said = f"{shown(str(out))} has each difference with what both say and what mends it. Look through it, delete"
        said += " what is not to be sent, and send the rest as an enrollment."
    elif report.differences:
        said = "With --out differences.csv (or .xlsx) each is written with what both say and what mends it."
    else:
        return
    for line in _wrapped(said, _width(), rest=""):
        say(line)


def lines(report: Report, files: Sequence[str], width: int) -> Iterator[str]:
    """The report in lines of at most this width, but for a word that is longer; `files` are all files that were given,
    the LEA's own first."""
    if report.faults:
        for number, fault in report.faults:
            yield from _of_fault(shown(files[number]), fault, width)
        return
    asked = f" of {report.asked}" if report.asked else ""
    yield from _wrapped(f"{shown(files[0])}, compared with the exchange's list{asked}:", width)
    yield from _wrapped(_counts(report), width, "  ")
    if report.not_compared:
        said = f"Not compared, because your file has no such column: {', '.join(report.not_compared)}."
        yield from _wrapped(said, width, "  ")
    for (todo, kind), some in _by_remedy(report.differences).items():
        yield ""
        for wrong, places in _together(some, files):
            yield from _wrapped(f"{places}: {wrong}", width, "  ", "    ")
        yield from _wrapped(f"To do: {todo} [{kind}]", width, "  ", "    ")
    yield ""


def _of_fault(file: str, fault: Fault, width: int) -> Iterator[str]:
    place = fault.place or fault.pointer or (f"line {fault.line}" if fault.line else "")
    yield from _wrapped(f"{file}: it cannot be compared.", width)
    yield from _wrapped(f"{place}: {fault.wrong}" if place else fault.wrong, width, "  ", "    ")
    yield from _wrapped(f"To do: {fault.what_to_do} [{fault.code}]", width, "  ", "    ")
    yield ""


def _counts(report: Report) -> str:
    told = f"Lines: {report.lines} in your file, {report.of_list} in the list. The same: {report.same}."
    if report.ahead:
        told += f" Still to begin, and not compared: {report.ahead}."
    differing = {(one.line, one.of_list if not one.line else 0, one.roster) for one in report.differences}
    return f"{told} Different: {len(differing)}." if differing else f"{told} Nothing differs."


def _by_remedy(some: Iterable[Found]) -> dict[tuple[str, str], list[Found]]:
    groups: dict[tuple[str, str], list[Found]] = {}
    for one in some:
        groups.setdefault((one.what_to_do, one.kind), []).append(one)
    return groups


def _together(some: Iterable[Found], files: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What is wrong, and all places where that is so: lines of the LEA's file, or of the list where that has none."""
    places: dict[tuple[str, str, str, int], list[int]] = {}
    for one in some:
        of_list = one.roster if not one.line and one.of_list else 0
        numbers = places.setdefault((one.wrong, one.column, one.header, of_list), [])
        numbers.append(one.of_list if of_list else one.line)
    for (wrong, column, header, of_list), numbers in places.items():
        named = f"column {column} ({header}), " if column else f"{shown(files[of_list])}, " if of_list else ""
        yield wrong, f"{named}{_numbers(numbers)}"


def _numbers(numbers: Sequence[int]) -> str:
    """`line 3`, or `lines 3, 7-9`; of very many the first ones, and how many more."""
    runs: list[list[int]] = []
    for one in sorted(set(numbers)):
        if runs and one == runs[-1][-1] + 1:
            runs[-1] = [runs[-1][0], one]
        else:
            runs.append([one])
    text = ", ".join("-".join(map(str, run)) for run in runs[:_MOST_RUNS])
    if rest := sum(run[-1] - run[0] + 1 for run in runs[_MOST_RUNS:]):
        text += f" and {rest} more"
    return f"line{'s' if len(runs) > 1 or len(runs[0]) > 1 else ''} {text}"


def _wrapped(text: str, width: int, first: str = "", rest: str = "  ") -> list[str]:
    return textwrap.wrap(
        tables.plain(text).strip(),
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
