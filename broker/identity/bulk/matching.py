"""Many students at a time: a whole roster against a registry, or against itself, compared by Splink in a database.

Owns the bulk executor of the model. Promises: the same weights, rules and answers as for one student at a time; every
name of a student stands for the student. Student data is only in memory: the database has no file and no folder to
spill to, and cannot load or fetch anything; where the memory is too small, the work is refused with a sentence.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
from splink.backends.duckdb import DuckDBAPI

from broker.core.errors import OperatorError
from broker.identity.answer import Answer
from broker.identity.bulk import linker
from broker.identity.match import CLOSE_BITS
from broker.identity.model import Model

Told = Callable[[int, int], None]  # (students of the roster that are done, students in all)

CHUNK = 700_000  # students of the roster in one chunk: bounds the memory for their pairs, about 1 kB a student
_STEPS = 3  # steps of one chunk
_PAGES = 10  # tables handed to the database at once
_CONFIG: Mapping[str, Any] = {
    "temp_directory": "",  # nothing spills: a spill would write student data in the clear to a disk
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}
_LOCKED = ("enable_external_access = false", "lock_configuration = true")
_RANKS = {answer.rank: answer for answer in Answer}


class Verdict(NamedTuple):
    """Two students who are perhaps or surely one child, by their numbers in the roster and in the registry; weight in
    bits."""

    person: int
    other: int
    answer: Answer
    weight: float


class Finding(NamedTuple):
    """The answer on one student of the roster. For a match `other` is the student found; `verdicts` cover all possible
    students, matches first, then by weight, the heaviest first."""

    person: int
    answer: Answer
    other: int | None
    verdicts: tuple[Verdict, ...]


def finding(verdicts: Sequence[Verdict]) -> Finding:
    """The answer on the one student of all these verdicts, by the rule of `match.find`: a match is exactly one student,
    and nobody else comes near."""
    if len(verdicts) == 1:
        only = verdicts[0]
        other = only.other if only.answer is Answer.MATCH else None
        return Finding(only.person, only.answer, other, (only,))
    ordered = tuple(sorted(verdicts, key=lambda one: (-one.answer.rank, -one.weight, one.other)))
    found = [one for one in ordered if one.answer is Answer.MATCH]
    rest = (one.weight for one in ordered if one is not found[0]) if found else ()
    if len(found) != 1 or any(weight >= found[0].weight - CLOSE_BITS for weight in rest):
        return Finding(ordered[0].person, Answer.REVIEW, None, ordered)
    return Finding(ordered[0].person, Answer.MATCH, found[0].other, ordered)


class Matching:
    """A roster and a registry in a database of their own; made by `opened`."""

    def __init__(self, model: Model, connection: duckdb.DuckDBPyConnection) -> None:
        self.model = model
        self._connection = connection
        self._settings = linker.settings(model)
        self._entries = 0
        self._is_one = False
        connection.execute("CREATE TABLE verdicts (person BIGINT, other BIGINT, rank TINYINT, weight DOUBLE)")

    def roster(self, tables: Iterable[pa.Table]) -> None:
        """Load the roster, in the form of `linker.tables`; students are numbered from 0 on, in order."""
        self._load("roster", tables)

    def registry(self, tables: Iterable[pa.Table]) -> None:
        """Load the registry, in the same form."""
        self._load("registry", tables)
        self._connection.execute("CREATE VIEW people AS FROM roster UNION ALL FROM registry")

    def within(self) -> None:
        """Compare the roster with itself, to find students who are on it twice."""
        self._connection.execute("CREATE VIEW registry AS FROM roster; CREATE VIEW people AS FROM roster")
        self._is_one = True

    def judge(self, told: Told = lambda _done, _of: None) -> None:
        """Find and judge all pairs, a chunk of the roster at a time."""
        last = self._connection.execute("SELECT coalesce(max(person) + 1, 0) FROM roster").fetchall()[0][0]
        for first in range(0, last, CHUNK):
            end = min(first + CHUNK, last)
            for step, _ in enumerate(self._judge(first, end), 1):
                told(first + (end - first) * step // _STEPS, last)

    def verdicts(self) -> Iterator[Verdict]:
        """Every pair that is a match or a review: by person, the best first."""
        found = self._connection.sql(
            "SELECT person, other, rank, weight FROM verdicts ORDER BY person, rank DESC, weight DESC, other"
        )
        for batch in found.to_arrow_table().to_batches(linker.PAGE):
            persons, others, ranks, weights = (column.to_pylist() for column in batch.columns)
            yield from map(Verdict, persons, others, (_RANKS[rank] for rank in ranks), weights)

    def findings(self) -> Iterator[Finding]:
        """The answers that are not none, in the order of the roster."""
        for _, verdicts in groupby(self.verdicts(), key=itemgetter(0)):
            yield finding(list(verdicts))

    def _judge(self, first: int, end: int) -> Iterator[None]:
        """Judge one chunk; yields after each step."""
        chosen = f"l.person >= {first} AND l.person < {end}"
        self._connection.execute(f"CREATE TABLE pairs AS {linker.pairs(self.model, chosen, self._is_one)}")
        yield
        api: Any = DuckDBAPI(connection=self._connection)
        weighed = linker.weigh(api, self.model, "people", "pairs", self._settings)
        weighed.as_duckdbpyrelation().create_view("weighed")
        yield
        self._connection.execute(f"CREATE TABLE chunk AS {linker.answers(self.model)}")
        self._connection.execute("INSERT INTO verdicts SELECT person, other, best.rank, best.weight FROM chunk")
        self._connection.execute("DROP VIEW weighed; DROP TABLE pairs; DROP TABLE chunk")
        api.delete_tables_created_by_splink_from_db()
        yield

    def _load(self, name: str, tables: Iterable[pa.Table]) -> None:
        self._entries += load(self._connection, name, linker.schema(self.model), tables, self._entries)


def load(
    connection: duckdb.DuckDBPyConnection, name: str, form: pa.Schema, tables: Iterable[pa.Table], first: int = 0
) -> int:
    """Make a table of people with entries numbered from `first` on; returns how many entries there are."""
    entries = first
    _append(connection, name, form.empty_table(), entries, is_first=True)
    waiting = iter(tables)
    # many pages at once: DuckDB takes 0.2 s for 200,000 rows, and 0.14 s more for every further insert (measured)
    while pages := list(islice(waiting, _PAGES)):
        table = pa.concat_tables(pages)
        _append(connection, name, table, entries, is_first=False)
        entries += table.num_rows
    return entries - first


def _append(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table, first: int, *, is_first: bool) -> None:
    numbers = pa.array(range(first, first + table.num_rows), pa.int64())
    relation = connection.from_arrow(table.append_column(linker.ENTRY, numbers))
    if is_first:
        relation.create(name)
    else:
        relation.insert_into(name)


@contextmanager
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory, without access to files or the network. Raises OperatorError where memory runs out."""
    with duckdb.connect(config=dict(_CONFIG)) as connection:
        for setting in _LOCKED:
            connection.execute(f"SET {setting}")
        try:
            yield connection
        except duckdb.Error as error:
            if not _is_memory(error):
                raise
            raise OperatorError(
                "This machine has not enough memory for so many students at once: take a part of them at a time."
            ) from None


@contextmanager
def opened(model: Model) -> Iterator[Matching]:
    """A `Matching` in a fresh database. Raises OperatorError like `database`."""
    with database() as connection:
        yield Matching(model, connection)


def _is_memory(error: duckdb.Error) -> bool:
    return isinstance(error, duckdb.OutOfMemoryException) or "could not allocate" in str(error)
