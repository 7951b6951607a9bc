"""Any value as blocks of a page, without words of its own: the exchange's notices, and what no book knows.

Owns the labels of the notices' properties. Promises: pure; every value is in the blocks, whatever its form; a property
without words is named by its own name.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from broker.core.page import Block, Fact, Facts, Table
from broker.formats.parent.term import Form, Term
from broker.formats.parent.values import NOT_GIVEN, free, line, name, written
from broker.formats.readable.fits import is_name

MOST_COLUMNS = 7
_REST = "More"
NONE = "none"

WORDS: Mapping[str, Term] = {
    "about": Term("About", "Your own packet that this is about."),
    "answer": Term("Answer", "What became of the line."),
    "answers": Term("Answers", "The document that this answers, or the answers that are asked for."),
    "at": Term("When", "The day and the time."),
    "birth_date": Term("Born on", "The birth date."),
    "candidate": Term("Letter", "The letter by which you name this student in your answer."),
    "candidates": Term("Who it may be", "Students who may be the one who is meant."),
    "compared": Term("Compared", "What agrees with what you sent, and what does not."),
    "due_on": Term("Last day", "The day by which it must be done."),
    "entered_on": Term("Entered on", "The first day at the new school."),
    "field": Term("What is wrong", "The field that it is about."),
    "lea": Term("Id", "The id of a district or charter school."),
    "legal_name": Term("Legal name", "The name on the birth certificate."),
    "line": Term("Line", "The line of your document."),
    "local_id": Term("Number at the school", "The number in the school's own system."),
    "means": Term("What it means", "What has happened, and what is to be done."),
    "other": Term("Other school", "The other district or charter school."),
    "requested_by": Term("Asked for by", "Who needs the record."),
    "rule": Term("Rule", "The rule that sets the last day."),
    "sentence": Term("What happened", "What happened, in words."),
    "ssid": Term("State student number", "The number that the student keeps in all schools of the state (SSID)."),
    "student": Term("Student", "Whom this is about."),
    "students": Term("Students", "One line for each student."),
    "tracking": Term("Tracking id", "The number under which the exchange knows a packet."),
    "transfer": Term("Case", "The number of a student's move from one school to another."),
    "transfers": Term("Moves", "Students who move, one line for each."),
    "what_to_do": Term("What to do", "What you can do about it."),
    "why": Term("Why", "The reason."),
    "you_sent": Term("You sent", "What stands in your document."),
}


class Teller:
    """Tells values in general words; `used` collects the terms that were used."""

    def __init__(self, used: dict[Term, None]) -> None:
        self._used = used

    def label(self, key: str) -> str:
        """The label of a property."""
        term = WORDS.get(key)
        if term is None:
            return line(key.replace("_", " ")).capitalize() or NOT_GIVEN
        self._used[term] = None
        return term.label

    def blocks(self, key: str, value: Any) -> Iterator[Block]:
        """A value as a list of facts, and a table for each list of objects in it."""
        if _is_rows(value):
            yield self._table(self.label(key), value)
        elif isinstance(value, dict) and not is_name(value):
            facts = [Fact(self.label(one), self.told(inner)) for one, inner in value.items() if not _is_rows(inner)]
            yield from [Facts(tuple(facts))] if facts or not value else []
            for one, inner in value.items():
                if _is_rows(inner):
                    yield self._table(self.label(one), inner)
        else:
            yield Facts((Fact(self.label(key), self.told(value)),))

    def told(self, value: Any) -> str:
        """A value as text: one line for each element of a list."""
        if isinstance(value, list):
            return "\n".join(map(self.told, value)) or NONE
        if is_name(value):
            return name(value) or NOT_GIVEN
        if isinstance(value, dict):
            return "; ".join(f"{self.label(key)}: {self._inner(one)}" for key, one in value.items()) or NONE
        if isinstance(value, str):
            return free(value) or NOT_GIVEN
        return written(Form.FREE, value) or NOT_GIVEN

    def _inner(self, value: Any) -> str:
        told = self.told(value).replace("\n", ", ")
        return f"({told})" if isinstance(value, dict) and not is_name(value) else told

    def _table(self, caption: str, rows: Sequence[Mapping[str, Any]]) -> Table:
        keys = list(dict.fromkeys(key for row in rows for key in row))
        main, rest = (keys, []) if len(keys) <= MOST_COLUMNS else (keys[: MOST_COLUMNS - 1], keys[MOST_COLUMNS - 1 :])
        columns = (*map(self.label, main), *([_REST] if rest else []))
        return Table(caption, columns, tuple(self._row(row, main, rest) for row in rows))

    def _row(self, row: Mapping[str, Any], main: Sequence[str], rest: Sequence[str]) -> tuple[str, ...]:
        cells = [self.told(row[key]) if row.get(key) is not None else "" for key in main]
        more = "; ".join(f"{self.label(key)}: {self._inner(row[key])}" for key in rest if row.get(key) is not None)
        first, *others = [*cells, more] if rest else cells
        return (first or NOT_GIVEN, *others)


def _is_rows(value: Any) -> bool:
    """Whether it is a list that is best read as a table."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(one, dict) and one for one in value)
        and not any(map(is_name, value))
    )
