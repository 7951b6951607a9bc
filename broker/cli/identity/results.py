"""The results of `satchel identity match` for each line of a roster, as CSV or as JSON lines.

Owns the form of the results. Promises: one line for each student of the roster, in its order; line numbers, SSIDs,
answers and weights, and nothing else about a student; a file is new, whole, and for its owner alone.
"""

import csv
import os
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import IO

import orjson

from broker.edge.home import durable
from broker.identity.answer import Answer
from broker.identity.bulk.matching import Finding

REFUSED = "refused"  # the answer for a line that could not be read
SHOWN = 26  # candidates of a review
_FORMS = {".csv": False, ".json": True, ".jsonl": True, ".ndjson": True}
_OTHER, _NOBODY, _NOT_BORNE_OUT = (
    "Name and birth date are those of another student than the SSID in this line.",
    "Nobody has the SSID in this line.",
    "Name and birth date do not fit the SSID in this line.",
)


@dataclass(frozen=True, slots=True)
class Result:
    """One line. `found` is an SSID or a line of the registry, for a match; `candidates` are those of a review with
    their weights in bits: first those that alone would match, then the heaviest; `weight` is that of the first one."""

    line: int
    answer: str
    found: str | int | None = None
    weight: float | None = None
    candidates: tuple[tuple[str | int, float | None], ...] = ()
    why: str = ""


def results(
    lines: Iterable[int],
    faults: Mapping[int, str],
    findings: Iterator[Finding],
    named: Callable[[int], str | int],
    lacking: Mapping[int, str] = MappingProxyType({}),
) -> Iterator[Result]:
    """The results in the order of the roster. `lines` are those of the students who were read; `findings` come in the
    same order; `named` turns the number of a student of the registry into its name in the results. `lacking` says by
    line what is missing to identify a student: such a line reports that, and is no match."""
    waiting = sorted(faults, reverse=True)
    found = next(findings, None)
    for number, line in enumerate(lines):
        while waiting and waiting[-1] < line:
            yield _refused(waiting.pop(), faults)
        if found is not None and found.person == number:
            yield _result(line, found, named, lacking.get(line, ""))
            found = next(findings, None)
        else:
            yield Result(line, Answer.NONE, why=lacking.get(line, ""))
    while waiting:
        yield _refused(waiting.pop(), faults)


def claimed(one: Result, claim: str, known: Collection[str], merged: Mapping[str, str]) -> Result:
    """The result for a line with an SSID: a claim that name and birth date must support. Where they do not, a person
    must look, whatever the match itself says."""
    kept = merged.get(claim, claim)
    if kept not in known:
        answer = Answer.NONE if one.answer == Answer.NONE else Answer.REVIEW
        candidates = one.candidates or (((one.found, one.weight),) if one.found is not None else ())
        return replace(one, answer=answer, found=None, candidates=candidates, why=f"{one.why} {_NOBODY}".strip())
    if one.found == kept:
        return one
    others = one.candidates if one.found is None else ((one.found, one.weight),)
    if kept not in (name for name, _ in others):
        others = (*others, (kept, None))
    why = f"{one.why} {_NOT_BORNE_OUT if one.found is None else _OTHER}".strip()
    return replace(one, answer=Answer.REVIEW, found=None, candidates=others, why=why)


def is_json(path: Path) -> bool | None:
    """Whether a file with this name has JSON lines, or else CSV; None for another ending."""
    return _FORMS.get(path.suffix.lower())


def write(file: IO[bytes], rows: Iterable[Result], as_json: bool, called: str) -> None:
    """Write all results; `called` is the name of the column with the student of the registry."""
    if as_json:
        for row in rows:
            file.write(orjson.dumps(_object(row, called), option=orjson.OPT_APPEND_NEWLINE))
        return
    writer = csv.writer(_Encoded(file), lineterminator="\r\n")  # RFC 4180
    writer.writerow(("line", "answer", called, "weight", "candidates", "why"))
    for row in rows:
        candidates = "; ".join(f"{name}" if weight is None else f"{name} ({weight})" for name, weight in row.candidates)
        writer.writerow((row.line, row.answer, row.found, row.weight, candidates, row.why))


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that appears when it is complete, and not before; mode 0600. Raises OSError, including FileExistsError."""
    if path.exists():
        raise FileExistsError(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    part = f".{path.name}.{secrets.token_hex(4)}.part"
    try:
        with os.fdopen(durable.create_at(folder, part, 0o600), "wb") as file:
            try:
                yield file
                file.flush()
                durable.sync(file.fileno())
                durable.rename_new(folder, part, folder, path.name)
            except BaseException:
                os.unlink(part, dir_fd=folder)
                raise
        durable.sync(folder)
    finally:
        os.close(folder)


class _Encoded:
    """A binary file with the interface that `csv` needs."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, text: str) -> None:
        self._file.write(text.encode())


def _result(line: int, found: Finding, named: Callable[[int], str | int], lacks: str) -> Result:
    shown = tuple((named(one.other), round(one.weight, 2)) for one in found.verdicts[:SHOWN])
    if found.other is None or lacks:
        return Result(line, Answer.REVIEW, None, shown[0][1], shown, lacks)
    weight = next(round(one.weight, 2) for one in found.verdicts if one.other == found.other)
    return Result(line, found.answer, named(found.other), weight)


def _refused(line: int, faults: Mapping[int, str]) -> Result:
    return Result(line, REFUSED, why=faults[line])


def _object(row: Result, called: str) -> dict[str, object]:
    return {
        "line": row.line,
        "answer": row.answer,
        called: row.found,
        "weight": row.weight,
        "candidates": [{called: name, "weight": weight} for name, weight in row.candidates],
        "why": row.why,
    }
