"""`satchel simulate`: a synthetic state for tests and trials.

Promises: nothing in it is about a real person; the folder appears whole or not at all.
"""

import json
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from broker.core.errors import OperatorError
from broker.simulate import tables, write
from broker.simulate.names import Names
from broker.simulate.people import MOST, YEAR
from broker.simulate.rates import DEFAULT, Rates
from broker.simulate.state import MOST_LEAS
from broker.terminal import bars
from broker.terminal.common import JsonOption, say

_RATES_BYTES = 1024 * 1024


def simulate(
    out: Annotated[Path, typer.Argument(help="A new folder.")],
    students: Annotated[int, typer.Option(min=1, max=MOST, help="How many students.")] = 10_000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same state.")] = 1,
    districts: Annotated[int, typer.Option(min=1, max=MOST_LEAS, help="How many districts.")] = 41,
    charters: Annotated[int, typer.Option(min=0, max=MOST_LEAS, help="How many charter schools.")] = 84,
    year: Annotated[
        int, typer.Option(min=1950, max=2100, help="The school year, by the year in which it ends.")
    ] = YEAR,
    movers: Annotated[
        float | None, typer.Option(min=0, max=1, help="The share of students who change schools.", show_default="0.08")
    ] = None,
    first_names: Annotated[Path | None, typer.Option(help="Your own first names: a file of name and weight.")] = None,
    last_names: Annotated[Path | None, typer.Option(help="Your own last names: a file of name and weight.")] = None,
    rates: Annotated[Path | None, typer.Option(help="A TOML file of rates, such as `first_typo = 0.05`.")] = None,
    pairs: Annotated[int, typer.Option(min=0, help="How many pairs to judge a matcher by, at most.")] = write.PAIRS,
    as_json: JsonOption = False,
) -> None:
    """Make up a whole state: districts, schools, families, students, moves, and the errors that records have."""
    plan = write.Plan(
        students=students,
        seed=seed,
        districts=districts,
        charters=charters,
        year=year,
        rates=_rates(rates, movers),
        called=_names(first_names, last_names),
        pairs=pairs,
    )
    with _bar(students) as step:
        counts = write.write(out, plan, step)
    if as_json:
        say(json.dumps({"folder": str(out), **asdict(counts)}))
        return
    say(f"{counts.students} students in {counts.families} families, {counts.twins} of them twins or triplets.")
    say(f"{counts.records} roster lines, {counts.events} entries and exits; {counts.movers} students moved.")
    say(f"{counts.pairs} pairs to judge a matcher by. All of it is in {out}; truth.csv says who is who.")


def _rates(path: Path | None, movers: float | None) -> Rates:
    """The default rates, changed by the file, then by the option."""
    given: dict[str, object] = {}
    if path is not None:
        try:
            if path.stat().st_size > _RATES_BYTES:
                raise OperatorError(f"{path} is too large for a file of rates.")
            given = tomllib.loads(path.read_text("utf-8"))
        except OSError as error:
            raise OperatorError(f"{path} cannot be read: {error.strerror}.") from error
        except ValueError as error:
            raise OperatorError(f"{path} is not a TOML file: lines must look like `first_typo = 0.05`.") from error
    return DEFAULT.changed(given if movers is None else given | {"movers": movers})


def _names(first: Path | None, last: Path | None) -> Names | None:
    if first is None and last is None:
        return None
    return Names(tables.read(first) if first else None, tables.read(last) if last else None)


@contextmanager
def _bar(students: int) -> Iterator[Callable[[int], None]]:
    """A progress bar on standard error, only on a terminal."""
    columns = (TextColumn("students"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with bars.progress(*columns) as progress:
        task = progress.add_task("", total=students)
        yield lambda more: progress.update(task, advance=more)
