"""`satchel identity compare`: are these two students one child? Compares pair by pair, from a file or standard input.

Owns the form of input and output lines. Promises: one bounded line in memory at a time; a broken line is answered with
its number and its fault, never with its content, and the other lines are still compared; the answers contain no student
data.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import orjson
import typer
from rich import progress
from rich.console import Console

from broker import offline
from broker.cli.students.waterfall import show
from broker.identity import compare as comparing
from broker.identity import features, lenient, reasons
from broker.identity.answer import Verdict
from broker.identity.model import Model
from broker.terminal.common import HomeOption, JsonOption, fail

_MOST_BYTES = 256_000  # of a line
_PAIR = "each line must be a JSON object with two students, a and b"

Pairs = Annotated[
    Path, typer.Argument(help="JSON lines, each with students a and b; - for standard input.", show_default=False)
]
ExplainOption = Annotated[bool, typer.Option("--explain", help="Show the reasons as a waterfall, for people.")]


def compare(pairs: Pairs, home: HomeOption = None, as_json: JsonOption = False, explain: ExplainOption = False) -> None:
    """Compare the two students of each line: match, review or none, the weight, and the reasons. Any part of a student
    may be missing. Prints one JSON line for each line, with or without --json."""
    if as_json and explain:
        fail("--json and --explain exclude each other.", 2)
    if home is not None and not home.is_dir():
        fail(f"{home} is no folder; name the exchange's home, or leave out --home.", 2)
    if pairs.is_char_device():  # a device may give bytes for ever
        fail(f"{pairs} is no file; name a file, or - for standard input.", 2)
    model = offline.model_of(home)
    if str(pairs) == "-":
        is_whole = _answer_all(model, sys.stdin.buffer, explain)
    else:
        bar = Console(stderr=True)
        is_shown = bar.is_terminal and not sys.stdout.isatty()
        try:
            with progress.open(pairs, "rb", description="Comparing", console=bar, disable=not is_shown) as file:
                is_whole = _answer_all(model, file, explain)
        except OSError as error:
            fail(f"{pairs} cannot be read: {error.strerror}.", 2)
    if not is_whole:
        fail("Some lines could not be read; their answers say which and why.")


def _answer_all(model: Model, file: BinaryIO, explain: bool) -> bool:
    """Answer every line; False where a line was broken."""
    console = Console(highlight=False, soft_wrap=False) if explain else None
    is_whole = True
    for number, line in _lines(file):
        try:
            verdict = _verdict(model, line)
        except lenient.Unreadable as error:
            is_whole = False
            if console:
                console.print(f"Line {number} cannot be read: {error}.\n")
            else:
                _write({"line": number, "error": str(error)})
            continue
        if console:
            show(console, f"Line {number}", verdict, model.limits)
        else:
            _write(as_json_object(verdict))
    return is_whole


def as_json_object(verdict: Verdict) -> dict[str, Any]:
    """A verdict in its printed form: weights in bits, to a hundredth."""
    return {
        "answer": verdict.answer,
        "weight": round(verdict.weight, 2),
        "reasons": [
            {
                "field": one.field,
                "says": one.says,
                "weight": round(one.weight, 2),
                "sentence": reasons.sentence(one),
            }
            for one in verdict.reasons
        ],
    }


def _verdict(model: Model, line: bytes) -> Verdict:
    if len(line) > _MOST_BYTES:
        raise lenient.Unreadable(f"a line must have at most {_MOST_BYTES} bytes")
    try:
        pair = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise lenient.Unreadable(_PAIR) from None
    if not isinstance(pair, dict) or not {"a", "b"} <= pair.keys():
        raise lenient.Unreadable(_PAIR)
    left, right = (lenient.reading(pair[name], f"/{name}") for name in ("a", "b"))
    return comparing.of_features(model, *(features.of(one.student, one.written) for one in (left, right)))


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Number and content of each line that is not blank; of a line that is too long, only its beginning."""
    number = 0
    while line := file.readline(_MOST_BYTES + 2):
        number += 1
        rest = line
        while not rest.endswith(b"\n") and (rest := file.readline(_MOST_BYTES)):
            pass
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if line.strip():
            yield number, line.rstrip(b"\r\n")


def _write(answer: dict[str, Any]) -> None:
    sys.stdout.buffer.write(orjson.dumps(answer, option=orjson.OPT_APPEND_NEWLINE))
