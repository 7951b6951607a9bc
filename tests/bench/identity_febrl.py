"""FEBRL's people by `satchel identity match`: the corrupted copies of a set as a roster, its originals as the registry.

Prints JSON lines, in numbers of copies: matched rightly and wrongly, left to a person with the right one among the
candidates and without, answered `none` and why, and refused. The sets have names, birth date and address; for two
persons of one birth date and address and other first names (`first names differ`) `none` is the answer a school wants,
since twins look so. Set 4 (5,000 against 5,000) is measured where it is there, as dataset4a.csv and dataset4b.csv.
"""

import csv
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler

from tests.bench.corrupted import letters

ROOT = Path(__file__).resolve().parents[2]
FEBRL = ROOT.parent / "shared" / "corpora" / "identity" / "febrl"
SETS: Mapping[str, tuple[str, ...]] = {
    "febrl1": ("dataset1.csv",),
    "febrl2": ("dataset2.csv",),
    "febrl3": ("dataset3.csv",),
    "febrl4": ("dataset4a.csv", "dataset4b.csv"),
}
_NEAR, _LETTERS = 0.85, 1  # of two names that are alike: Jaro-Winkler, or so many slips of the hand
Row = Mapping[str, str]


def rows(names: Sequence[str]) -> tuple[list[Row], list[Row]]:
    """The originals and the copies of a set; no social security number is read."""
    found = []
    for name in names:
        with (FEBRL / name).open(encoding="utf-8", newline="") as file:
            lines = [{key.strip(): value.strip() for key, value in row.items()} for row in csv.DictReader(file)]
        found += [{key: value for key, value in line.items() if key != "soc_sec_id"} for line in lines]
    return [row for row in found if "-org" in row["rec_id"]], [row for row in found if "-dup" in row["rec_id"]]


def person(row: Row) -> str:
    """Who it is."""
    return row["rec_id"].split("-")[1]


def block(row: Row) -> dict[str, Any]:
    """As a line of a roster, the birth date as it is written."""
    street = " ".join(row[part] for part in ("street_number", "address_1", "address_2") if row[part])
    return {
        "legal_name": {"first": row["given_name"], "last": row["surname"]},
        "birth_date": row["date_of_birth"],
        "address": {
            "street": street, "city": row["suburb"], "state": row["state"], "postal_code": row["postcode"],
        },
    }  # fmt: skip


def answers(roster: Sequence[Row], registry: Sequence[Row]) -> list[dict[str, Any]]:
    """What the command says of each line of the roster."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path, people in (("roster.jsonl", roster), ("registry.jsonl", registry)):
            (folder / path).write_text("".join(f"{json.dumps(block(row))}\n" for row in people))
        here = os.environ | {"PYTHONPATH": str(ROOT)}  # and not what is installed, which may be another checkout
        command = [sys.executable, "-m", "broker.cli.main", "identity", "match", "roster.jsonl"]
        command += ["--registry", "registry.jsonl", "--out", "answers.jsonl"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=here)
        if not (folder / "answers.jsonl").exists():
            raise RuntimeError(done.stderr)
        return [json.loads(line) for line in (folder / "answers.jsonl").read_text().splitlines()]


def judged(name: str) -> dict[str, Any]:
    """The figures of a set."""
    originals, copies = rows(SETS[name])
    right = {person(row): place for place, row in enumerate(originals, 1)}
    counts, reasons = Counter[str](), Counter[str]()
    for row, said in zip(copies, answers(copies, originals), strict=True):
        answer = _worth(said, right[person(row)])
        counts[answer] += 1
        if answer == "none":
            reasons[why(originals[right[person(row)] - 1], row)] += 1
    figures = {answer: counts[answer] for answer in ("match", "wrong", "review", "review_without", "none", "refused")}
    return {"copies": len(copies), **figures, "none_by_reason": dict(reasons.most_common())}


def _worth(said: Mapping[str, Any], right: int) -> str:
    if said["answer"] == "match":
        return "match" if said["registry_line"] == right else "wrong"
    if said["answer"] == "review":
        return "review" if right in [one["registry_line"] for one in said["candidates"]] else "review_without"
    return str(said["answer"])


def why(original: Row, copy: Row) -> str:
    """What may have kept the two apart, in one word of the table."""
    first, last, born = ("given_name", "surname", "date_of_birth")
    if _are_like(original[first], copy[last]) and _are_like(original[last], copy[first]):
        return "names exchanged"
    if original[first] and copy[first] and not _are_like(original[first], copy[first]):
        return "first names differ"  # whatever else is missing
    if not all(row[part] for row in (original, copy) for part in (first, last, born)):
        return "name or birth date missing"
    if original[born] == copy[born]:
        return "like first names, same birth date"
    return "like names, other birth date" if _are_like(original[last], copy[last]) else "last names and dates differ"


def _are_like(one: str, other: str) -> bool:
    left, right = letters(one), letters(other)
    if not (left and right):
        return False
    return DamerauLevenshtein.distance(left, right) <= _LETTERS or JaroWinkler.similarity(left, right) >= _NEAR


def measure() -> Iterator[dict[str, Any]]:
    """A line for each set; nothing but a word where one is not there."""
    for name, files in SETS.items():
        line: dict[str, Any] = {"measure": "identity_match_command", "set": name}
        if all((FEBRL / one).is_file() for one in files):
            yield line | judged(name)
        else:
            yield line | {"skipped": f"optional input ../shared/corpora/identity/febrl/{files[0]} is not here"}


if __name__ == "__main__":
    for found in measure():
        print(json.dumps(found), flush=True)
