"""A long table through `satchel check` and `satchel convert`, beside reading its lines and doing nothing with them.

`csv.DictReader` is what a program of one's own would read it with; DuckDB, which the program has for its bulk matching,
is the fastest reader at hand. Rates are of one run on one file, to be compared with each other only.
"""

import argparse
import csv
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from tests.support import long_tables

LINES = 1_000_000


def measure(lines: int) -> dict[str, Any]:
    """The rates, in rows per second, and the peaks of memory with all processes, in MB."""
    with tempfile.TemporaryDirectory() as folder:
        at = Path(folder)
        long_tables.write(at / "state.csv", lines)
        rates = {
            "csv_dictreader": _rate(lines, lambda: _dict_reader(at / "state.csv")),
            "duckdb": _rate(lines, lambda: _duckdb(at / "state.csv")),
        }
        check = long_tables.cost(["check", "--lea", "6G", "state.csv"], at)
        convert = long_tables.cost(["convert", "--lea", "6G", "--to", "json", "state.csv"], at)
    rates |= {"check": round(lines / check.seconds), "convert": round(lines / convert.seconds)}
    peaks = {"check": check.peak // 1_000_000, "convert": convert.peak // 1_000_000}
    return {"measure": "long_table", "rows": lines, "rows_per_s": rates, "peak_mb": peaks}


def _rate(lines: int, read: Callable[[], int]) -> int:
    began = time.perf_counter()
    assert read() == lines
    return round(lines / (time.perf_counter() - began))


def _dict_reader(path: Path) -> int:
    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.DictReader(file))


def _duckdb(path: Path) -> int:
    with duckdb.connect() as connection:
        read = "SELECT count(*), max(hash(COLUMNS(*))) FROM read_csv(?, all_varchar = true)"
        found = connection.execute(read, [str(path)]).fetchone()
        assert found
        return int(found[0])


def main(lines: int = LINES) -> None:
    """Print the line."""
    print(json.dumps(measure(lines)), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=LINES)
    main(parser.parse_args().lines)
