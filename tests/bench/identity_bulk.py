"""Many at a time: as many students against as many, by Satchel and by Splink alone, in one run.

Prints JSON lines; figures to compare are ratios. Both get the same made-up students, their columns already normalised,
and each works in a process of its own, for its peak of memory is measured. Splink is set up as its documentation
recommends for people, learns its model from these very students, and scores; Satchel has its model, but tries every
name of a student, applies the rules of evidence and picks one answer for each line.
"""

import argparse
import json
import logging
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pyarrow as pa
import splink.comparison_library as cl
from splink import Linker, SettingsCreator, block_on
from splink.backends.duckdb import DuckDBAPI

from broker.formats.documents import to_student
from broker.identity import index, models
from broker.identity.answer import Answer
from broker.identity.bulk import linker
from broker.identity.bulk import matching as bulk
from broker.identity.features import COLUMNS, LISTS, Features
from broker.simulate.errors import spoil
from broker.simulate.people import persons
from tests.bench.measures import Pair, judged, swept

ROOT = Path(__file__).resolve().parents[2]
_SEED = 11
_PAGE = 20_000
_RANDOM_PAIRS = 5e6  # its documentation has 1e6 to 1e7 in examples, and advises more for a final model
_RECALL = 0.8  # of the deterministic rules: what the errors of the made-up students leave
_FORM = pa.schema(
    [
        ("person", pa.int64()),
        ("legal", pa.bool_()),
        *((name, pa.list_(pa.string()) if name in LISTS else pa.string()) for name in COLUMNS),
    ]
)


def say(measure: str, **figures: Any) -> None:
    """One JSON line."""
    print(json.dumps({"measure": measure} | figures), flush=True)


def make(folder: Path, students: int) -> float:
    """Write both sides, `registry` without errors and `roster` with; number n of one is number n of the other. The
    seconds that normalising took, both sides together."""
    random, seconds = Random(_SEED), 0.0
    with _Writer(folder / "registry") as registry, _Writer(folder / "roster") as roster:
        for number, person in enumerate(persons(students, _SEED)):
            both = to_student(person.block), to_student(spoil(person.block, random)[0])
            began = time.perf_counter()
            known, asked = index.variants_of(both[0]), index.variants_of(both[1])
            seconds += time.perf_counter() - began
            registry.add(number, known)
            roster.add(number, asked)
    return seconds


class _Writer:
    """Pages of rows into a file of Arrow's."""

    def __init__(self, path: Path) -> None:
        self._file = pa.OSFile(str(path), "wb")
        self._writer = pa.ipc.new_file(self._file, _FORM)
        self._rows: list[tuple[int, bool, Features]] = []

    def add(self, number: int, variants: Any) -> None:
        """One student."""
        self._rows += [(number, place == 0, one) for place, one in enumerate(variants)]
        if len(self._rows) >= _PAGE:
            self._flush()

    def _flush(self) -> None:
        values: dict[str, Any] = {"person": [row[0] for row in self._rows], "legal": [row[1] for row in self._rows]}
        values |= {name: [row[2][name] for row in self._rows] for name in COLUMNS}
        self._writer.write_table(pa.table(values, schema=_FORM))
        self._rows = []

    def __enter__(self) -> "_Writer":
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()
        self._writer.close()
        self._file.close()


def _tables(path: Path, columns: list[str]) -> Iterator[pa.Table]:
    with pa.OSFile(str(path)) as file, pa.ipc.open_file(file) as reader:
        for number in range(reader.num_record_batches):
            yield pa.Table.from_batches([reader.get_batch(number)]).select(columns)


def by_satchel(folder: Path) -> dict[str, Any]:
    """Seconds, and what came of it."""
    model = models.load()
    columns = linker.schema(model).names
    began = time.perf_counter()
    with bulk.opened(model) as matching:
        matching.roster(_tables(folder / "roster", columns))
        matching.registry(_tables(folder / "registry", columns))
        matching.judge()
        judged_at = time.perf_counter()
        findings = list(matching.findings())
        ended = time.perf_counter()
        weights: dict[Pair, float] = {(one.person, one.other): one.weight for one in matching.verdicts()}
    true = {(number, number) for number in range(_count(folder))}
    found = {(one.person, one.other) for one in findings if one.answer is Answer.MATCH}
    return {
        "seconds": ended - began,
        "seconds_by_step": {"judge": judged_at - began, "answers": ended - judged_at},
        "weights": swept(weights, true),
        "matches": judged(found, true),
        "reviews": sum(one.answer is Answer.REVIEW for one in findings),
    }


def by_splink(folder: Path) -> dict[str, Any]:
    """Seconds, training included, and what came of it."""
    logging.getLogger("splink").setLevel(logging.CRITICAL)
    columns = ["first", "middle", "last", "birth_date", "gender", "phone", "street", "city", "postal_code"]
    began = time.perf_counter()
    with duckdb.connect() as connection:
        for name in ("roster", "registry"):
            table = pa.concat_tables(_tables(folder / name, ["person", "legal", *columns]))
            table = table.filter(table["legal"]).drop_columns(["legal"]).rename_columns(["unique_id", *columns])
            connection.from_arrow(table).project("*, first || ' ' || last AS whole").create(name)
        api: Any = DuckDBAPI(connection=connection)
        work = Linker([api.register("roster"), api.register("registry")], _settings(), log_level=None)
        sure = [block_on("first", "last", "birth_date"), block_on("last", "birth_date", "phone")]
        work.training.estimate_probability_two_random_records_match(sure, recall=_RECALL)
        work.training.estimate_u_using_random_sampling(max_pairs=_RANDOM_PAIRS, seed=1)
        for session in (block_on("first", "last"), block_on("birth_date", "phone")):
            work.training.estimate_parameters_using_expectation_maximisation(
                session, estimate_without_term_frequencies=True
            )
        trained = time.perf_counter()
        found = work.inference.predict(threshold_match_weight=-10).as_duckdbpyrelation()
        pairs = found.project("unique_id_l, unique_id_r, match_weight").fetchall()
        ended = time.perf_counter()
    weights: dict[Pair, float] = {(one, other): weight for one, other, weight in pairs}
    true = {(number, number) for number in range(_count(folder))}
    return {
        "seconds": ended - began,
        "seconds_by_step": {"train": trained - began, "predict": ended - trained},
        "weights": swept(weights, true),
    }


def _settings() -> SettingsCreator:
    """As in Splink's example of 50,000 people, with the columns that students have."""
    return SettingsCreator(
        link_type="link_only",
        comparisons=[
            cl.ForenameSurnameComparison("first", "last", forename_surname_concat_col_name="whole"),
            cl.DateOfBirthComparison("birth_date", input_is_string=True),
            cl.JaroWinklerAtThresholds("middle", [0.9]),
            cl.ExactMatch("gender"),
            cl.DamerauLevenshteinAtThresholds("phone", [1]),
            cl.JaroWinklerAtThresholds("street", [0.9]),
            cl.ExactMatch("postal_code").configure(term_frequency_adjustments=True),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("first", "last"),
            block_on("last", "birth_date"),
            block_on("first", "birth_date"),
            block_on("phone", "first"),
        ],
        retain_matching_columns=False,
    )


def _count(folder: Path) -> int:
    return int((folder / "students").read_text())


SIDES: dict[str, Callable[[Path], dict[str, Any]]] = {"satchel": by_satchel, "splink": by_splink}


def child(side: str, folder: Path) -> None:
    """One side in this process; prints what came of it and its peak of memory."""
    found = SIDES[side](folder)
    peak = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024
    print(json.dumps(found | {"peak_mb": peak}))


def both(students: int) -> None:
    """As many students against as many."""
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=ROOT) as name:
        folder = Path(name)
        (folder / "students").write_text(str(students))
        seconds = make(folder, students)
        say("identity_normalise", students=2 * students, microseconds_a_student=round(1e6 * seconds / students / 2, 1))
        found = {side: _run(side, folder) for side in ("satchel", "splink")}
    for side, one in found.items():
        say(f"identity_bulk_{side}", students=students, **one)
    ours, plain = found["satchel"], found["splink"]
    say(
        "identity_bulk_ratio",
        students=students,
        time=round(ours["seconds"] / plain["seconds"], 3),
        time_to_prediction_alone=round(ours["seconds"] / plain["seconds_by_step"]["predict"], 3),
        memory=round(ours["peak_mb"] / plain["peak_mb"], 3),
        f1_at_best=[one["weights"]["at_best"]["f1"] for one in (ours, plain)],
        goal={"time": 1.1},
    )


def _run(side: str, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.identity_bulk", "--side", side, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    found: dict[str, Any] = json.loads(done.stdout)
    steps = {name: round(value, 2) for name, value in found.pop("seconds_by_step").items()}
    return found | {
        "seconds": round(found["seconds"], 2),
        "seconds_by_step": steps,
        "peak_mb": round(found["peak_mb"]),
    }


def main(students: int = 100_000) -> None:
    """All measurements of this module."""
    both(students)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--students", type=int, default=100_000, help="on each side; a state has 656000")
    parser.add_argument("--side", nargs=2, metavar=("SIDE", "FOLDER"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.side:
        child(chosen.side[0], Path(chosen.side[1]))
    else:
        main(chosen.students)
