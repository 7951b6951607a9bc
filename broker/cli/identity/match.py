"""`satchel identity match`: matches a whole roster against the registry, another roster, or itself.

Owns how the three work together. Promises: students are in the memory of this process and nowhere else; a line that
cannot be read is reported with what it must contain, and the others are matched; a line that lacks a name or a birth
date is compared by the rest.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import orjson
import pyarrow as pa
import typer
from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

from broker import offline
from broker.cli.acting import operator
from broker.cli.identity import results
from broker.cli.identity.people import File
from broker.cli.identity.results import Result
from broker.identity.answer import Answer
from broker.identity.bulk import linker
from broker.identity.bulk import matching as bulk
from broker.identity.bulk.matching import Matching
from broker.identity.model import Model
from broker.terminal import bars
from broker.terminal.common import HomeOption, JsonOption, fail, say
from broker.verbs import identity

_NAMED = 20  # unreadable lines on standard error; the results name them all
_SSID, _LINE = "ssid", "registry_line"

Begin = Callable[[str, int], Callable[[int], None]]  # (task, its size) to a function that is told how much is done
RosterArgument = Annotated[Path, typer.Argument(help="Students: CSV with a header, or JSON lines.", show_default=False)]
OutOption = Annotated[Path | None, typer.Option("--out", help="A new file for the results: .csv or .jsonl.")]


def match(
    roster: RosterArgument,
    registry: Annotated[
        Path | None, typer.Option(help="Another roster to match against, instead of the exchange's registry.")
    ] = None,
    duplicates: Annotated[bool, typer.Option("--duplicates", help="Match ROSTER against itself.")] = False,
    home: HomeOption = None,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say who the students of a roster are: for each line the answer (match, review, none, or refused for one that
    cannot be read), the SSID or the line of the other roster, and the weight. A line without a last name, or with an
    impossible birth date, is compared by the rest; it is never a match, and says what is missing. Results are CSV, or
    JSON lines with --json or a file ending in .jsonl."""
    if duplicates and registry is not None:
        fail("--duplicates and --registry exclude each other.", 2)
    if not duplicates and registry is None and home is None:
        fail("Say whom to match against: --home for its registry, --registry for another roster, or --duplicates.", 2)
    if out is not None and results.is_json(out) is None:
        fail(f"{out} must end in .csv or .jsonl.", 2)
    is_one = duplicates or (registry is not None and registry.resolve() == roster.resolve())
    offline.harden()
    file = File(roster, is_compared=True)
    with progress() as begin, bulk.opened(offline.model_of(home)) as matching:
        matching.roster(tables_of(file, matching.model, begin))
        if is_one:
            matching.within()
            rows = _rows(file, matching, begin, lambda number: file.lines[number])
        elif registry is not None:
            other = File(registry, is_compared=True)
            matching.registry(tables_of(other, matching.model, begin))
            name_faults(other)
            rows = _rows(file, matching, begin, lambda number: other.lines[number])
        else:
            rows = _in_home(home, file, matching, begin)
        counts = _write(out, rows, as_json, _LINE if is_one or registry is not None else _SSID)
    name_faults(file)
    _sum_up(out, counts, as_json)
    if file.faults:
        raise typer.Exit(1)


def tables_of(file: File, model: Model, begin: Begin) -> Iterator[pa.Table]:
    """The students of a file, in the form that the database loads."""
    try:
        size = file.path.stat().st_size
    except OSError as error:
        fail(f"{file.path} cannot be read: {error.strerror}.")
    return linker.tables(model, file.entries(begin(f"Reading {file.path.name}", size)))


def _in_home(home: Path | None, file: File, matching: Matching, begin: Begin) -> Iterator[Result]:
    def reads(count: int) -> Callable[[int], None]:
        return begin("Reading the registry", count)

    registry = identity.read_into(offline.build(home), matching, reads, actor=operator())
    rows = _rows(file, matching, begin, registry.numbers.__getitem__)
    if not file.claims:
        return rows
    known, merged = frozenset(registry.numbers), registry.merged
    claims = {file.lines[number]: ssid for number, ssid in file.claims.items()}
    return (results.claimed(row, claims[row.line], known, merged) if row.line in claims else row for row in rows)


def _rows(file: File, matching: Matching, begin: Begin, named: Callable[[int], str | int]) -> Iterator[Result]:
    step = begin("Matching", len(file.lines))
    matching.judge(lambda done, _: step(done))
    return results.results(file.lines, file.faults, matching.findings(), named, file.lacking)


def _write(out: Path | None, rows: Iterator[Result], as_json: bool, called: str) -> Counter[str]:
    counts: Counter[str] = Counter()

    def counted() -> Iterator[Result]:
        for row in rows:
            counts[row.answer] += 1
            yield row

    if out is None:
        results.write(sys.stdout.buffer, counted(), as_json, called)
        sys.stdout.flush()
        return counts
    try:
        with results.new_file(out) as file:
            results.write(file, counted(), bool(results.is_json(out)), called)
    except FileExistsError:
        fail(f"{out} is already there; move it away, or choose another name with --out.")
    except OSError as error:
        fail(f"{out} cannot be written: {error.strerror}.")
    return counts


def name_faults(file: File) -> None:
    """Print the unreadable lines, the first ones with what they must contain, never with their content."""
    for line, fault in sorted(file.faults.items())[:_NAMED]:
        sys.stderr.write(f"{file.path.name}, line {line}: {fault}\n")
    if len(file.faults) > _NAMED:
        sys.stderr.write(f"{file.path.name}: {len(file.faults) - _NAMED} more lines cannot be read.\n")
    if file.form.passed_over:
        columns = ", ".join(map(str, file.form.passed_over))
        sys.stderr.write(f"{file.path.name}: these columns were not used: {columns}.\n")


def _sum_up(out: Path | None, counts: Counter[str], as_json: bool) -> None:
    if out is None:
        return
    told = {str(name): counts[name] for name in (*Answer, results.REFUSED)}
    if as_json:
        say(orjson.dumps({"file": str(out), "lines": counts.total(), **told}).decode())
    else:
        say(f"{', '.join(f'{count} {name}' for name, count in told.items())}. The results are in {out}.")


@contextmanager
def progress() -> Iterator[Begin]:
    """Progress on standard error, only on a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with bars.progress(*columns) as progress:

        def begin(what: str, total: int) -> Callable[[int], None]:
            task = progress.add_task(what, total=max(total, 1))
            return lambda done: progress.update(task, completed=done)

        yield begin
