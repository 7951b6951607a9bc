"""`satchel identity train`: trains a state's own model, and reports on it.

Owns the files that it writes. Promises: a file is whole or unchanged, and for its owner alone; the former model is kept
beside the new one; the report shows Splink's charts of the model and nothing about a student.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from broker import offline
from broker.cli.acting import operator
from broker.cli.identity.match import Begin, name_faults, progress, tables_of
from broker.cli.identity.people import File
from broker.edge.home import durable
from broker.identity import models
from broker.identity.bulk import charts
from broker.identity.bulk import train as training
from broker.identity.bulk.train import Trained
from broker.identity.model import Model
from broker.terminal.common import HomeOption, JsonOption, fail, say
from broker.verbs import identity

_PRIOR = "probability_two_random_records_match"


def train(
    registry: Annotated[
        Path | None, typer.Option(help="Rosters of several LEAs or years in one file, to learn from.")
    ] = None,
    home: HomeOption = None,
    out: Annotated[Path | None, typer.Option("--out", help="A folder for the model; without it, the home's.")] = None,
    report: Annotated[Path | None, typer.Option(help="An HTML file for Splink's charts.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Train the identity model from a state's own students. --registry names a file in which students are there more
    than once: everything is learnt from it, best where its lines have SSIDs. From the registry of --home, everything is
    learnt but how the records of one student differ. A running exchange uses the new model when it is started again."""
    if home is None and (registry is None or out is None):
        fail("Say what to learn from and where to write: --home, or --registry and --out.", 2)
    if report is not None and report.exists():
        fail(f"{report} is already there; move it away, or choose another name with --report.")
    offline.harden()
    model = models.load(home)
    with progress() as begin:
        trained = _from_file(registry, model, begin) if registry else _from_home(home, model, begin)
    settings = training.careful(trained, model)
    Model(settings, trained.terms, model.limits)  # fails here if the model could not be loaded later
    folder = out or (home or Path()) / "identity"
    try:
        _write(folder, {models.MODEL: settings, models.TERMS: trained.terms})
        if report is not None:
            page = charts.page("Satchel: training of the identity model", _sentences(trained, settings), trained.charts)
            durable.write_atomic(report, page.encode(), 0o600)
    except OSError as error:
        fail(f"{error.filename or folder} cannot be written: {error.strerror}.")
    if as_json:
        told = {"students": trained.students, "pairs": trained.pairs, "by_ssid": trained.is_known}
        say(orjson.dumps({"folder": str(folder), **told, "prior": settings[_PRIOR]}).decode())
        return
    for sentence in (*_sentences(trained, settings), f"The model is in {folder}."):
        say(sentence)


def _from_file(path: Path, model: Model, begin: Begin) -> Trained:
    file = File(path)
    trained = training.train(model, tables_of(file, model, begin), lambda: file.claims, _steps(begin))
    name_faults(file)
    return trained


def _from_home(home: Path | None, model: Model, begin: Begin) -> Trained:
    def reads(count: int) -> Callable[[int], None]:
        return begin("Reading the registry", count)

    return identity.learn(offline.build(home), model, reads, _steps(begin), actor=operator())


def _steps(begin: Begin) -> Callable[[str], None]:
    return lambda what: begin(what, 0)(0)


def _write(folder: Path, files: Mapping[str, Any]) -> None:
    """Keep the old files under another name before anything is changed."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in files:
        if (folder / name).is_file():
            before = (folder / name).with_suffix(".previous.json")
            durable.write_atomic(before, (folder / name).read_bytes(), 0o600)
    for name, content in files.items():
        durable.write_atomic(folder / name, orjson.dumps(content, option=orjson.OPT_INDENT_2), 0o600)


def _sentences(trained: Trained, settings: Mapping[str, Any]) -> list[str]:
    common = sum(map(len, trained.terms.values()))
    differ = "How the records of one student differ (m) was learnt from about "
    if not trained.pairs:
        differ = "How the records of one student differ (m) stayed as it was: this registry has every student once."
    elif trained.is_known:
        differ += f"{trained.pairs} pairs of records with the same SSID."
    else:
        differ += f"{trained.pairs} pairs, found by expectation maximisation."
    return [
        f"Learnt from {trained.students} records: what students share by chance (u), and {common} common names.",
        differ,
        f"Of two records taken at random, one pair in {round(1 / settings[_PRIOR])} is of one student.",
        "Charts of common names are left out, for they would show names; names of few students are not in the model.",
    ]
