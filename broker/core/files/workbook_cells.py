"""What a workbook is about to become: how far its sheets reach, and what a reader of values does not tell.

Owns the bounds of cells, rows and columns, and the three facts that get lost when only values are read: rows that are
hidden, cells with an error instead of a value, and formulas that were never calculated. Promises: one pass over the
bytes, without building anything; blank cells, however many are formatted, count for nothing.
"""

import re
from dataclasses import dataclass, field
from xml.parsers import expat

from broker.core.errors import Refused
from broker.core.files.workbook_zip import DAMAGED

MOST_CELLS = 4_000_000  # from the first row and column to the last ones with a value: a reader keeps a place for each
MOST_CHARACTERS = 64 * 1024 * 1024  # of all cells of a sheet, those that repeat counted each time
MOST_FACTS = 100_000  # hidden rows, and faulty cells, of one sheet
ERROR = "has an error of the spreadsheet (such as #REF!) instead of a value"
NOT_CALCULATED = "has a formula that was never calculated: open the workbook in the spreadsheet program and save it"
MANGLED = "has a number of more than 15 digits, of which a spreadsheet drops the last ones: make the column text"

_PLACE = re.compile("([A-Za-z]{1,3})([0-9]{1,7})")
_ZEROS = re.compile("0{2,15}")
_HIDES = ("filter", "collapse")
_CELLS = ("table:table-cell", "table:covered-table-cell")


@dataclass(slots=True)
class Seen:
    """What was seen of one sheet. Rows and columns count from 1; `rows` and `columns` are the last with a value;
    `padded` says how many digits a number is shown with, zeros before it; `merged` are the first row, the last row and
    the column of cells that are one (of an .ods alone)."""

    rows: int = 0
    columns: int = 0
    hidden: list[int] = field(default_factory=list)
    faults: dict[tuple[int, int], str] = field(default_factory=dict)
    first_row: int = 0
    characters: int = 0
    padded: dict[tuple[int, int], int] = field(default_factory=dict)
    merged: list[tuple[int, int, int]] = field(default_factory=list)

    def value(self, row: int, column: int, characters: int, rows: int = 1, columns: int = 1) -> None:
        """Note a value that stands in so many rows and columns from there on. Raises Refused `inflates-too-much`."""
        self.first_row = self.first_row or row
        self.rows = max(self.rows, row + rows - 1)
        self.columns = max(self.columns, column + columns - 1)
        self.characters += characters * rows * columns
        if (self.rows - self.first_row + 1) * self.columns > MOST_CELLS or self.characters > MOST_CHARACTERS:
            hint = f"A sheet may reach over {MOST_CELLS:,} cells: delete what stands far below or beside the table."
            raise Refused("inflates-too-much", "", hint)

    def fault(self, row: int, column: int, said: str) -> None:
        """Note a faulty cell. Raises Refused `workbook` where nearly all are."""
        self.faults[row, column] = said
        if len(self.faults) > MOST_FACTS:
            raise Refused("workbook", "", f"More than {MOST_FACTS:,} cells have an error instead of a value.")

    def pad(self, row: int, column: int, digits: int) -> None:
        """Note a number that is shown with zeros before it. Raises Refused `inflates-too-much` for too many."""
        self.padded[row, column] = digits
        if len(self.padded) > MOST_FACTS:
            raise Refused("inflates-too-much", "", "Too many numbers are shown with zeros before them: make them text.")

    def hide(self, row: int) -> None:
        """Note a hidden row in which something stands."""
        if len(self.hidden) < MOST_FACTS:
            self.hidden.append(row)


def of_xlsx(sheet: bytes, strings: list[int], digits: list[int]) -> Seen:
    """One sheet of an .xlsx; `strings` and `digits` are from `lengths` and `digits_of`. Raises Refused."""
    found = _Xlsx(strings, digits)
    _parse(found, sheet)
    return found.seen


def of_ods(content: bytes) -> list[Seen]:
    """Each sheet of an .ods, in order. Raises Refused."""
    found = _Ods()
    _parse(found, content)
    return found.sheets


def lengths(shared: bytes) -> list[int]:
    """The lengths of the shared strings of an .xlsx. Raises Refused."""
    found = _Strings()
    _parse(found, shared)
    return found.lengths


def digits_of(styles: bytes) -> list[int]:
    """For each style of cells of an .xlsx, how many digits its numbers are shown with; 0 for no such number. Raises
    Refused."""
    found = _Styles()
    _parse(found, styles)
    return [found.digits.get(one, 0) for one in found.used]


class _Handler:
    """The three events of a parser."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""

    def end(self, name: str) -> None:
        """An element ends."""

    def text(self, text: str) -> None:
        """A piece of text."""


def _parse(handler: _Handler, content: bytes) -> None:
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = handler.start
    parser.EndElementHandler = handler.end
    parser.CharacterDataHandler = handler.text
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError):
        raise Refused("workbook", "", DAMAGED) from None


def _local(name: str) -> str:
    return name.rpartition(":")[2]


class _Strings(_Handler):
    def __init__(self) -> None:
        self.lengths: list[int] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:  # noqa: ARG002
        if _local(name) == "si":
            self.lengths.append(0)

    def text(self, text: str) -> None:
        if self.lengths:
            self.lengths[-1] += len(text)


class _Styles(_Handler):
    def __init__(self) -> None:
        self.digits: dict[str, int] = {}
        self.used: list[str] = []
        self._is_of_cells = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = _local(name)
        if local == "numFmt" and _ZEROS.fullmatch(attributes.get("formatCode", "")):
            self.digits[attributes.get("numFmtId", "")] = len(attributes["formatCode"])
        elif local == "cellXfs":
            self._is_of_cells = True
        elif local == "xf" and self._is_of_cells:
            self.used.append(attributes.get("numFmtId", "0"))

    def end(self, name: str) -> None:
        if _local(name) == "cellXfs":
            self._is_of_cells = False


class _Xlsx(_Handler):
    def __init__(self, strings: list[int], digits: list[int]) -> None:
        self.seen = Seen()
        self._strings, self._digits, self._style = strings, digits, 0
        self._row = self._column = 0
        self._is_hidden = self._is_formula = self._in_cell = self._in_value = False
        self._kind, self._text = "", ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        local = _local(name)
        if local == "c":
            self._cell(attributes)
        elif local == "row":
            self._row = int(attributes.get("r", self._row + 1))
            self._column = 0
            self._is_hidden = attributes.get("hidden") in ("1", "true")
        elif local == "f":
            self._is_formula = True
        elif local in ("v", "is"):
            self._in_value = self._in_cell

    def _cell(self, attributes: dict[str, str]) -> None:
        found = _PLACE.fullmatch(attributes["r"]) if "r" in attributes else None
        if "r" in attributes and found is None:
            raise Refused("workbook", "", "A cell of it has a place that does not exist.")
        self._column = _number(found[1]) if found else self._column + 1
        if found:
            self._row = int(found[2])
        self._in_cell, self._is_formula, self._text = True, False, ""
        self._kind, self._style = attributes.get("t", "n"), int(attributes.get("s", 0))

    def text(self, text: str) -> None:
        if self._in_value:
            self._text += text

    def end(self, name: str) -> None:
        local = _local(name)
        if local in ("v", "is"):
            self._in_value = False
        elif local == "c":
            self._in_cell = False
            self._ended()
        elif local == "row" and self._is_hidden and self.seen.rows >= self._row:
            self.seen.hide(self._row)

    def _ended(self) -> None:
        seen, row, column, text = self.seen, self._row, self._column, self._text
        if self._kind == "e":
            seen.fault(row, column, ERROR)
        elif self._is_formula and not text and self._kind not in ("str", "s", "inlineStr"):
            seen.fault(row, column, NOT_CALCULATED)
        elif self._kind == "n" and is_mangled(text):
            seen.fault(row, column, MANGLED)
        elif not text:
            return
        elif self._kind == "n" and self._style < len(self._digits) and self._digits[self._style]:
            seen.pad(row, column, self._digits[self._style])
        seen.value(row, column, self._length(text))

    def _length(self, text: str) -> int:
        if self._kind != "s":
            return len(text)
        number = int(text)
        return self._strings[number] if 0 <= number < len(self._strings) else 0


class _Ods(_Handler):
    """Rows and cells say how often they repeat; the last ones of a sheet do so to its end, and are blank."""

    def __init__(self) -> None:
        self.sheets: list[Seen] = []
        self._row = self._rows = self._column = self._columns = 0
        self._next_row = self._next_column = 1
        self._is_hidden = self._in_cell = False
        self._kind = self._value = ""
        self._aside = self._length = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "table:table":
            self.sheets.append(Seen())
            self._next_row = 1
        elif name == "table:table-row" and self.sheets:
            self._row, self._rows = self._next_row, int(attributes.get("table:number-rows-repeated", 1))
            self._next_row += self._rows
            self._next_column = 1
            self._is_hidden = attributes.get("table:visibility") in _HIDES
        elif name in _CELLS and self.sheets:
            self._column, self._columns = self._next_column, int(attributes.get("table:number-columns-repeated", 1))
            self._next_column += self._columns
            self._in_cell, self._length = True, 0
            self._kind = attributes.get("calcext:value-type") or attributes.get("office:value-type", "")
            self._value = attributes.get("office:value", "")
            last = self._row + int(attributes.get("table:number-rows-spanned", 1)) - 1
            if last > self._row and len(self.sheets[-1].merged) < MOST_FACTS:
                self.sheets[-1].merged.append((self._row, last, self._column))
        elif name == "office:annotation":
            self._aside += 1

    def text(self, text: str) -> None:
        if self._in_cell and not self._aside:
            self._length += len(text)

    def end(self, name: str) -> None:
        if name == "office:annotation":
            self._aside -= 1
        elif name in _CELLS and self._in_cell:
            self._in_cell = False
            self._ended()
        elif name == "table:table-row" and self.sheets and self._is_hidden and self.sheets[-1].rows >= self._row:
            for row in range(self._row, self._next_row):
                self.sheets[-1].hide(row)

    def _ended(self) -> None:
        seen = self.sheets[-1]
        if not self._length and not self._kind:
            return
        seen.value(self._row, self._column, self._length, self._rows, self._columns)
        said = ERROR if self._kind == "error" else MANGLED if self._kind == "float" and is_mangled(self._value) else ""
        if said:
            for row in range(self._row, self._next_row):
                for column in range(self._column, self._next_column):
                    seen.fault(row, column, said)


def is_mangled(number: str) -> bool:
    """Whether a whole number has more digits than a spreadsheet keeps (15, IEEE 754 shown by Excel)."""
    try:
        value = float(number)
    except ValueError:
        return False
    return abs(value) >= 1e15


def _number(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = 26 * number + ord(letter) - 64
    return number
