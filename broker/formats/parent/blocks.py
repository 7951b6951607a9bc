"""One part of a record as blocks of a page: lists of facts and tables.

Owns how a value of `record.v1` or `student.v1` becomes rows and cells. Promises: pure; every value of the part is in
the blocks, in plain words; a property without a term raises KeyError, never a silent gap. Every used term is noted for
the page's list of words.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from broker.core.page import Block, Fact, Facts, Table, Text
from broker.formats.parent.term import Book, Form, Part, Term
from broker.formats.parent.terms import FIELDS, PARTS
from broker.formats.parent.values import NOT_GIVEN, WORDS, line, name, written, year

MOST_COLUMNS = 6
REST = "More"
NOTHING = "The school has noted nothing here."


PARENTS = Book(FIELDS, PARTS, WORDS)


class Writer:
    """Writes the parts of one document. `places` are its files' paths by name; `used` collects the used terms."""

    def __init__(
        self,
        record: Mapping[str, Any],
        places: Mapping[str, Sequence[str]],
        used: dict[Term, None],
        book: Book = PARENTS,
    ) -> None:
        self._teachers = {one["id"]: name(one["name"]) for one in record.get("teachers", ()) if one.get("id")}
        self._places = places
        self._used = used
        self._book = book

    def student(self, block: Mapping[str, Any]) -> tuple[Block, ...]:
        """The identity block."""
        return (Facts(tuple(self._facts("student", block))),)

    def header(self, found: Mapping[str, Any]) -> tuple[Block, ...]:
        """The facts that say what a document is."""
        return (Facts(tuple(self._facts("header", found))),)

    def part(self, key: str, value: Any) -> tuple[Block, ...]:
        """One part of the record: an object as facts, a list as one table for each school year or as one entry after
        the other."""
        part = self._book.parts[key]
        if isinstance(value, Mapping):
            return (Facts(tuple(self._facts(part.of, value))),) if value else (Text(NOTHING),)
        if not value:
            return (Text(NOTHING),)
        return tuple(self._tables(part, value) if part.columns else self._entries(part.of, value))

    def _entries(self, of: str, rows: Sequence[Mapping[str, Any]]) -> Iterator[Block]:
        first = next(iter(self._book.fields[of]))
        for place, row in enumerate(rows, 1):
            title = self._value(self._book.fields[of][first], row.get(first))
            yield Facts(tuple(self._facts(of, row)), f"{place}. {title}".rstrip())

    def _tables(self, part: Part, rows: Sequence[Mapping[str, Any]]) -> Iterator[Table]:
        if part.by not in self._book.fields[part.of]:
            yield self._table(part, part.heading, rows)
            return
        parted: dict[Any, list[Mapping[str, Any]]] = {}
        for row in rows:
            parted.setdefault(row.get(part.by), []).append(row)
        if part.by != "school_year":
            for own, found in parted.items():
                yield self._table(part, f"{part.heading}, {line(str(own))}", found)
            return
        for one in sorted(parted, key=lambda found: found or 0, reverse=True):
            when = f"school year {year(one)}" if one else f"school year {NOT_GIVEN}"
            yield self._table(part, f"{part.heading}, {when}", parted[one])

    def _table(self, part: Part, caption: str, rows: Sequence[Mapping[str, Any]]) -> Table:
        fields = self._book.fields[part.of]
        _only_known(rows, fields)
        present = [one for one in fields if one != part.by and any(one in row for row in rows)]
        main, rest = self._columns(part, present)
        for field in (*main, *rest):
            self._used[fields[field]] = None
        head = [fields[one].label for one in main] + ([REST] if rest else [])
        cells = (
            [self._value(fields[one], row.get(one)) for one in main] + ([self._rest(fields, rest, row)] if rest else [])
            for row in rows
        )
        return Table(caption, tuple(head), tuple((one[0] or NOT_GIVEN, *one[1:]) for one in cells))

    @staticmethod
    def _columns(part: Part, present: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
        """The properties with a column of their own, and those that share the last column."""
        first = part.columns[0]
        if len(present) <= MOST_COLUMNS:
            return list(dict.fromkeys((first, *present))), []
        main = [one for one in part.columns if one in present or one == first]
        return main, [one for one in present if one not in main]

    def _rest(self, fields: Mapping[str, Term], rest: Sequence[str], row: Mapping[str, Any]) -> str:
        told = ((fields[one].label, self._value(fields[one], row.get(one))) for one in rest)
        return "; ".join(f"{label}: {value}".replace("\n", ", ") for label, value in told if value)

    def _facts(self, of: str, value: Mapping[str, Any]) -> Iterator[Fact]:
        _only_known([value], self._book.fields[of])
        for field, term in self._book.fields[of].items():
            if field in value:
                self._used[term] = None
                yield Fact(term.label, self._value(term, value[field]) or NOT_GIVEN)

    def _value(self, term: Term, value: Any) -> str:
        """A value in words: one line for each element of a list, and for each object in it."""
        if isinstance(value, list):
            return "\n".join(filter(None, (self._value(term, one) for one in value)))
        if term.of and value is not None:
            return self._object(term.of, value)
        shown = written(term.form, value, self._book.words)
        if term.form is Form.FILE and shown:
            return self._file(value)
        if term.form is Form.TEACHER and value in self._teachers:
            return f"{self._teachers[value]} ({shown})"
        return shown

    def _object(self, of: str, value: Mapping[str, Any]) -> str:
        facts = [fact for fact in self._facts(of, value) if fact.value != NOT_GIVEN]
        return "; ".join(f"{fact.label}: {fact.value}" for fact in facts)

    def _file(self, raw: str) -> str:
        where = ", ".join(self._places.get(raw, ())) or "not in this copy"
        return f"{line(raw)} ({where})"


def _only_known(rows: Sequence[Mapping[str, Any]], fields: Mapping[str, Term]) -> None:
    unknown = {one for row in rows for one in row} - fields.keys()
    if unknown:
        raise KeyError(f"no words for {', '.join(sorted(unknown))}")
