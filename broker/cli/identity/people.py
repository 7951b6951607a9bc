"""Students for `satchel identity match` and `train` that are in no registry: a roster's file.

Owns this reading. Promises: only lines and numbers are kept; an unreadable line is reported with its number and what it
must contain, never with its content; every student gets a number, from 0 on.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from broker.core.errors import Refused
from broker.formats import roster
from broker.identity import index, lenient
from broker.identity.bulk.linker import Entry
from broker.identity.features import UNKNOWN_DAY, Features
from broker.identity.ssid import normalise
from broker.terminal.common import fail

Told = Callable[[int], None]

_STEP = 1_000  # students between two calls of `told`


@dataclass(slots=True)
class File:
    """A roster as far as it was read: the line of each student, the claimed SSIDs (by the student's number), and the
    faults of other lines (by line). `lacking` has, by line, what is missing to identify a student: training does not
    use such a student, and with `is_compared` it is compared by the rest."""

    path: Path
    form: roster.Form = field(default_factory=roster.Form)
    lines: list[int] = field(default_factory=list)
    claims: dict[int, str] = field(default_factory=dict)
    faults: dict[int, str] = field(default_factory=dict)
    lacking: dict[int, str] = field(default_factory=dict)
    is_compared: bool = False

    def entries(self, told: Told) -> Iterator[Entry]:
        """The students; `told` is called with how many bytes were read. Ends the command where the file cannot be
        read."""
        try:
            with self.path.open("rb") as file:
                for line in roster.read(file, self.form):
                    variants = self._variants(line)
                    if variants:
                        yield len(self.lines) - 1, variants
                    if line.number % _STEP == 0:
                        told(file.tell())
                told(file.tell())
        except Refused as refused:
            place = f" ({refused.pointer})" if refused.pointer else ""
            fail(f"{self.path}{place}: {refused.meaning} {refused.hint}".rstrip())
        except OSError as error:
            fail(f"{self.path} cannot be read: {error.strerror}.")

    def _variants(self, line: roster.Line) -> Sequence[Features]:
        try:
            if line.block is None or (line.fault and not self.is_compared):
                raise lenient.Unreadable(line.fault)
            variants = self._read(line.number, line.block)
        except lenient.Unreadable as error:
            self.faults[line.number] = str(error)
            return ()
        claim = line.block.get("ssid")
        if isinstance(claim, str) and claim.strip():
            self.claims[len(self.lines)] = normalise(claim)
        self.lines.append(line.number)
        return variants

    def _read(self, number: int, block: Mapping[str, Any]) -> Sequence[Features]:
        if not self.is_compared:
            student = lenient.student(block)
            if not student.legal_name.last or student.birth_date == UNKNOWN_DAY:
                raise lenient.Unreadable("Last name and birth date must be there: nobody can be found without them.")
            return index.variants_of(student)
        found = lenient.reading(block, is_born=False)
        variants = found.variants()
        if said := _lacking(variants[0], found.written):
            self.lacking[number] = said
        return variants


def _lacking(one: Features, written: str) -> str:
    """What is missing to identify a student, in a sentence; '' where nothing is missing."""
    if written and one["last"]:
        return "The birth date is no day of a calendar: it was compared as what it may have meant."
    names = (("last", "last name"), ("birth_date", "birth date"))
    missing = [said for column, said in names if not one[column] or (written and column == "birth_date")]
    return f"There is no {' and no '.join(missing)} that can be read: the rest was compared." if missing else ""
