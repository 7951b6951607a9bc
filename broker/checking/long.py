"""A table with more lines than one packet may have: checked and converted piece by piece.

Owns the order of the questions: first all of the file is looked at, so that what it is, and how its dates are written,
is decided by the whole; then each piece is judged, and converted, by itself. Promises: nothing of the file is in this
process's memory but its header; how many faults are named is bounded; a file that changes meanwhile is told of.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from broker.checking.asking import Answer, Asker, Unanswered
from broker.checking.report import Fault, Report, Verdict
from broker.checking.same_file import Changed, identity, opened
from broker.core.codes import CODES

MOST_FAULTS = 1_000  # of one file; of each piece as many are kept
DIVIDE = "Divide it: converted to CSV or JSON, it becomes files that can be sent."
"""What to do about a table with too many lines; the face says by which command."""
_BLOCK = 1 << 20
_MOST_NOTES = 20


class Converted(NamedTuple):
    """What became of a conversion: the report on the file; what the form does not carry of it, in sentences; and why
    nothing can be converted at all, '' where it can: `unfit` for this document, `unknown` for any, as `to` is no form;
    `is_nobodys` where nothing says whose file it is."""

    report: Report
    told: Sequence[str] = ()
    unfit: str = ""
    unknown: str = ""
    is_nobodys: bool = False
    ending: str = ""

    @staticmethod
    def of(answer: Answer) -> "Converted":
        """The same out of an answer. Raises Unanswered."""
        said = answer.said
        names = ("told", "unfit", "unknown", "is_nobodys", "ending")
        return Converted(answer.report, **{name: said[name] for name in names if name in said})


def is_long(path: Path, most: int) -> bool:
    """Whether a file has so many lines that it may be a table of more than `most` lines. Raises OSError."""
    ends = 0
    with opened(path) as file:
        while ends <= most and (block := file.read(_BLOCK)):
            ends += max(block.count(b"\n"), block.count(b"\r"))
    return ends > most


@dataclass
class LongTable:
    """Such a table, all of which has been looked at: `facts` says what it is."""

    asker: Asker
    head: Mapping[str, Any]
    facts: Mapping[str, Any]
    packet: str
    most: int
    _named: dict[int, None] = field(default_factory=dict)

    @classmethod
    def of(cls, asker: Asker, path: Path, to: str, most: int) -> "LongTable | None":
        """The table, None where the file is something else, or is not so long after all. Raises OSError, and Unanswered
        where the file is refused as a whole."""
        with opened(path) as file:
            was = identity(file)
        where = os.fsencode(path.resolve()).decode("latin-1")
        head = {"file": path.name, "path": where, "was": was, "to": to}
        said: Mapping[str, Any] = {"facts": None, "next": None}
        while True:
            answer = _asked(asker, {**head, "ask": "look", "facts": said["facts"], "place": said["next"]}, path)
            said = answer.said
            if "report" in said:
                raise Unanswered(answer.report)
            if not said.get("facts"):
                return None
            if said["next"] is None:
                break
        is_one = said["packet"] and said["facts"]["rows"] > most
        return cls(asker, head, said["facts"], said["packet"], most) if is_one else None

    def check(self) -> Report:
        """The report on the file. Raises as `of`."""
        meaning, _ = CODES["csv-form"]
        rows = self.facts["rows"]
        wrong = f"It has {rows:,} lines, and the exchange takes {self.most:,} lines in one packet. {meaning}"
        whole = Report(Verdict.GOOD)
        for answer in self._pieces(""):
            whole = self._added(whole, answer.report)
        return replace(whole, verdict=Verdict.REFUSED, good=0, faults=(Fault("csv-form", wrong, DIVIDE), *whole.faults))

    def convert(self, to: str, take: Callable[[bytes], None]) -> Converted:
        """Convert it; see `Checker.convert`."""
        whole, told = Report(Verdict.GOOD), dict[str, None]()
        for answer in self._pieces(to):
            found = Converted.of(answer)
            if found.unfit or found.unknown or found.is_nobodys:
                return found
            whole = self._added(whole, found.report)
            told |= dict.fromkeys(found.told)
            for one in answer.files:
                take(one)
        return Converted(whole, list(told), ending=found.ending)

    def _pieces(self, to: str) -> Iterator[Answer]:
        """The answers about the pieces, in their order. Raises Unanswered where one shows that all is refused."""
        place = None
        head = {**self.head, "ask": "piece", "facts": self.facts, "packet": self.packet, "to": to}
        while True:
            answer = _asked(self.asker, {**head, "place": place}, Path(self.head["file"]))
            report = answer.report
            is_left = report.is_whole and report.faulty and not to  # a check tells of all pieces
            if report.verdict in (Verdict.REFUSED, Verdict.FAILED) and not is_left:
                raise Unanswered(replace(answer.report, students=self.facts["rows"]))
            yield answer
            place = answer.said["next"]
            if place is None:
                return

    def _added(self, whole: Report, piece: Report) -> Report:
        """The report on all pieces so far."""
        kept = (*whole.faults, *piece.faults)[:MOST_FAULTS]
        self._named |= dict.fromkeys(one.line for one in kept[len(whole.faults) :] if one.line)
        faulty = whole.faulty + piece.faulty
        return replace(
            piece,
            verdict=Verdict.SOME if faulty else Verdict.GOOD,
            students=whole.students + piece.students,
            good=whole.good + piece.good,
            faulty=faulty,
            faults=kept,
            unnamed=faulty - len(self._named),
            notes=tuple(dict.fromkeys((*whole.notes, *piece.notes)))[:_MOST_NOTES],
        )


def _asked(asker: Asker, head: Mapping[str, Any], path: Path) -> Answer:
    """The answer. Raises Changed where the file is not the same any more."""
    answer = asker.ask(head)
    if answer.said.get("changed"):
        raise Changed(0, "it was changed while it was read; try again", str(path))
    return answer
