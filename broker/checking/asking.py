"""The process beside this one is asked about a file, and answers.

Owns the form of the questions and answers: a question is a head of plain data, and perhaps a file's content; an answer
is plain data, and perhaps the contents of files. Promises: what costs too much, or fails, is a report that says so
(`Unanswered`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from broker.checking.report import Fault, Report, Verdict
from broker.core.codes import CODES
from broker.edge.bounded.bounds import Fault as Spent
from broker.edge.bounded.channel import Buffer, Task
from broker.edge.bounded.warden import Warden

_COSTLY = frozenset({Spent.CPU, Spent.MEMORY})


class Unanswered(Exception):
    """There is no answer; `report` says why."""

    def __init__(self, report: Report) -> None:
        super().__init__(report.verdict)
        self.report = report


class Answer(NamedTuple):
    """What was answered: plain data, and the contents of files, one after the other, whose sizes it has as `sizes`."""

    said: Mapping[str, Any]
    contents: memoryview

    @property
    def files(self) -> Iterator[bytes]:
        """The contents of the files."""
        start = 0
        for size in self.said.get("sizes", ()):
            yield bytes(self.contents[start : start + size])
            start += size

    @property
    def report(self) -> Report:
        """The report in it. Raises Unanswered where it has none."""
        try:
            return Report.from_json(self.said["report"])
        except (ValueError, KeyError, TypeError):
            raise Unanswered(Report(Verdict.FAILED)) from None


@dataclass(frozen=True)
class Asker:
    """Asks about files of an LEA, '' where the user does not say whose they are, as of a moment (ISO 8601); `mapping`
    is the LEA's as text, '' for none."""

    warden: Warden
    lea: str
    now: str
    mapping: str = ""

    def ask(self, head: Mapping[str, Any], content: bytes = b"") -> Answer:
        """The answer. Raises Unanswered and NoWard."""
        common = orjson.dumps([self.lea, self.now, self.mapping])
        found = self.warden.run(common, [Task(orjson.dumps(head), content)])[0]
        if isinstance(found, Spent):
            raise Unanswered(refused("too-costly") if found in _COSTLY else Report(Verdict.FAILED))
        said, _, _ = found.partition(b"\n")
        try:
            read = orjson.loads(said)
        except ValueError:
            raise Unanswered(Report(Verdict.FAILED)) from None
        return Answer(read, memoryview(found)[len(said) + 1 :])


def answered(said: Mapping[str, Any], *contents: Buffer) -> bytes:
    """An answer as bytes."""
    return b"".join((orjson.dumps({**said, "sizes": [len(one) for one in contents]}), b"\n", *contents))


def refused(code: str, hint: str = "") -> Report:
    """The report on a file that is refused without being read."""
    meaning, remedy = CODES[code]
    return Report(Verdict.REFUSED, faults=(Fault(code, f"{meaning} {hint}".strip(), remedy),))
