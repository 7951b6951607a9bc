"""The report on one file: what it is, what would be sent, and each fault with its place and remedy.

Owns its form. Promises: plain data, which goes through JSON unchanged; it holds nothing of a student: places, names of
columns that the exchange knows, counts, and the exchange's own sentences.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Verdict(StrEnum):
    """What would become of the file: all of it is taken; some of its lines would come back; all of it is refused; or it
    could not be checked, because checking it failed."""

    GOOD = "good"
    SOME = "some"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. Its place is `pointer` (a JSON pointer, RFC 6901), or `line` (of the file, 1 for the first; 0 for
    none) with `column` (a spreadsheet's letter) and `header` (the column's name in the file), and with the sheet as
    `place` where a workbook has several, or else `place`, in words. `code` is that of the refusal, or of the line's
    answer; `wrong` and `what_to_do` are sentences."""

    code: str
    wrong: str
    what_to_do: str
    place: str = ""
    pointer: str = ""
    line: int = 0
    column: str = ""
    header: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """The report. `packet` is the packet type, `form` the form of the document (JSON, CSV), or of a file that is none
    in words (a PDF); both '' where they are not known. `lea` is whose file it is taken to be. `students` are in the
    file, of whom `good` would be taken and `faulty` come back; in a file that is refused as a whole no line is
    taken. `unnamed` are those of the faulty ones that no fault names, because there are too many. `notes` are sentences
    on what was passed over, and on what the sender may not know of its workbook; `mapping` is the mark of the mapping
    by which a table was read, '' for none; `is_whole`: all of the table is carried out or nothing."""

    verdict: Verdict
    packet: str = ""
    form: str = ""
    lea: str = ""
    students: int = 0
    good: int = 0
    faulty: int = 0
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()
    mapping: str = ""
    is_whole: bool = False
    unnamed: int = 0

    def to_json(self) -> dict[str, Any]:
        """The report as JSON."""
        return asdict(self)

    @staticmethod
    def from_json(said: Mapping[str, Any]) -> "Report":
        """The report that `to_json` has written. Raises KeyError, TypeError or ValueError for anything else."""
        faults = tuple(Fault(**one) for one in said["faults"])
        more = {"verdict": Verdict(said["verdict"]), "faults": faults, "notes": tuple(said["notes"])}
        return Report(**{**said, **more})
