"""How right the identity is now, beside how right it was before: one table, as JSON lines.

Owns the record `before.json`: what these very measures said of an older commit. Promises: a line is set beside what was
measured of the same pairs only; counts and shares, which do not depend on the machine, and no times.

`python -m tests.bench.before` prints the lines; `python -m tests.bench.before --record COMMIT` measures that commit, by
this folder's measures and its own program, and keeps what they say.
"""

import argparse
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.bench import (
    identity_alike,
    identity_corpora,
    identity_febrl,
    identity_miis,
    identity_pairs,
    identity_year,
    two_errors,
)

ROOT = Path(__file__).resolve().parents[2]
RECORD = Path(__file__).with_name("before.json")
# what a line is about; all else is what was found
_ABOUT = (
    *("measure", "kind", "same", "data", "common", "set", "half", "second_surname"),
    *("pairs", "copies", "records", "true_pairs", "students"),
)
_TIMES = ("microseconds_a_pair",)
# Splink's own, which no commit of this project changes
_OTHERS = ("splink", "splink_tutorial")
Line = dict[str, Any]


def lines() -> Iterator[Line]:
    """Every measure of how right the identity is."""
    yield from identity_miis.measure()
    yield from identity_corpora.measure()
    yield from identity_febrl.measure()
    yield from identity_pairs.measure()
    yield from two_errors.measure()
    yield from identity_alike.measure()
    yield identity_year.measure()


def tables() -> Iterator[Line]:
    """The same, each beside what was found before: `before` is None where that line was not recorded."""
    kept = recorded()
    old = {_key(line): line for line in kept["lines"]}
    for line in lines():
        about, found = _parted(line)
        before = old.get(_key(line))
        yield about | {"now": found, "before": before and _parted(before)[1], "before_is": kept["commit"]}


def recorded() -> Line:
    """`commit`, and the `lines` that were found of it."""
    kept: Line = json.loads(RECORD.read_text("utf-8"))
    return kept


def _key(line: Mapping[str, Any]) -> str:
    return json.dumps(_parted(line)[0], sort_keys=True)


def _parted(line: Mapping[str, Any]) -> tuple[Line, Line]:
    """What a line is about, and what was found."""
    about = {name: line[name] for name in _ABOUT if name in line}
    return about, {name: value for name, value in line.items() if name not in _ABOUT}


def record(commit: str) -> None:
    """Measure a commit of this repository, and keep it."""
    whole = _git("rev-parse", "--short", commit).decode().strip()
    with tempfile.TemporaryDirectory() as folder:
        old = Path(folder) / "old"
        with tarfile.open(fileobj=io.BytesIO(_git("archive", commit))) as archive:
            archive.extractall(old, filter="data")
        shutil.rmtree(old / "tests" / "bench")
        shutil.copytree(ROOT / "tests" / "bench", old / "tests" / "bench")
        (Path(folder) / "shared").symlink_to(ROOT.parent / "shared")  # where the measures look for optional inputs
        here = os.environ | {"PYTHONPATH": str(old)}
        command = [sys.executable, "-m", "tests.bench.before", "--plain"]
        said = subprocess.run(command, cwd=old, env=here, stdout=subprocess.PIPE, text=True, check=True).stdout
    kept = [json.loads(line) for line in said.splitlines()]
    rows = [{name: value for name, value in line.items() if name not in (*_TIMES, *_OTHERS)} for line in kept]
    text = ",\n".join(json.dumps(row) for row in rows)
    RECORD.write_text(f'{{"commit": "{whole}", "lines": [\n{text}\n]}}\n', "utf-8")


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True).stdout


def main() -> None:
    """Print, or record."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--record", metavar="COMMIT", help="measure this commit, and keep it in before.json")
    parser.add_argument("--plain", action="store_true", help="without what was found before")
    chosen = parser.parse_args()
    if chosen.record:
        record(chosen.record)
        return
    for line in lines() if chosen.plain else tables():
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
