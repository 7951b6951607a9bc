"""A table of many students' records, divided into one for each student.

Owns which line is whose. Promises: pure; no line is lost or given to two students; students are told apart by SSID, by
the LEA's own number, or by name and birth date; what cannot be told is refused, not guessed. A packet is one student's:
this is for whoever makes packets of an export of a whole school.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from broker.core.errors import Refused
from broker.formats.heading import Headed
from broker.formats.student_record import lines, sheets, student
from broker.formats.student_record.sheets import OneTable
from broker.formats.student_record.student import Said
from broker.formats.table import Row, Table, place_of

_NUMBERS = ("ssid", "local_number")
_Token = tuple[str, ...]


def divided(headed: Headed) -> tuple[Headed, ...]:
    """The record's tables of each student, in the order of their first lines; each can be read by `document.read`.

    A line that says nothing of a student belongs to the one above it. Raises Refused `csv-form` for a line of which
    nobody can tell whose it is, and `strange-sheet`.
    """
    school = _School()
    found = [(one, _rows_of(one, school)) for one in sheets.tables_of(headed)]
    return tuple(_of_one(headed, [(one, rows.get(at, [])) for one, rows in found]) for at in range(school.count))


@dataclass(slots=True)
class _School:
    """The students that were found, by what lines say of them: a number is one student's, a name with a birth date may
    be two students', each of whom has a number. `numbered` are students with a number."""

    known: dict[_Token, int] = field(default_factory=dict)
    twice: set[_Token] = field(default_factory=set)
    numbered: set[int] = field(default_factory=set)
    count: int = 0

    def whose(self, said: Said) -> int | None:
        """The student of a line, who may be new; None where nobody can tell."""
        numbers = [(name, student.compared(name, said[name].text)) for name in _NUMBERS if name in said]
        names = [said[name].text.casefold() for name in ("last_name", "whole_name", "first_name") if name in said]
        name = ("name", *names, said["birth_date"].text) if names and "birth_date" in said else None
        found = next((self.known[one] for one in numbers if one in self.known), None)
        if found is None and name in self.known and name is not None:
            found = None if numbers and self.known[name] in self.numbered else self.known[name]
        if not numbers and (name is None or name in self.twice):
            return None
        if found is None:
            found, self.count = self.count, self.count + 1
        self._learn(found, numbers, name)
        return found

    def _learn(self, found: int, numbers: Sequence[_Token], name: _Token | None) -> None:
        self.known.update(dict.fromkeys(numbers, found))
        if numbers:
            self.numbered.add(found)
        if name is not None and self.known.setdefault(name, found) != found:
            self.twice.add(name)


def _rows_of(one: OneTable, school: _School) -> dict[int, list[Row]]:
    """The rows of a table by the number of their student; the school learns those that are new."""
    rows = lines.without_rest(one.table, one.top)
    said = {next(iter(each.values())).row.number: each for each in student.in_lines(one.table, one.top, rows)}
    out: dict[int, list[Row]] = {}
    last: int | None = None
    for row in rows:
        last = school.whose(said[row.number]) if row.number in said else last
        if last is None:
            hint = f"It does not say whose it is: put {' or '.join(_NUMBERS)} into it."
            raise Refused("csv-form", place_of(row), hint)
        out.setdefault(last, []).append(row)
    return out


def _of_one(headed: Headed, found: Sequence[tuple[OneTable, Sequence[Row]]]) -> Headed:
    filled = [replace(one.table, rows=tuple(rows), others=(), aside=()) for one, rows in found if rows]
    first: Table = replace(filled[0], others=tuple(filled[1:]), explains=headed.table.explains)
    return Headed(first, ())
