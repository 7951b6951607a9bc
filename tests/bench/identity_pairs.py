"""Corrupted families by kind: how many pairs get each answer, by the model on the pair and by the whole look-up.

Prints JSON lines, in per cent. `pair` is the model's verdict on the two records. `registry` is the answer of
`match.find` where all first records of all kinds are in one registry, so that blocking and the LEA's own numbers are
measured too: of one child `match` is the right one and `wrong` another one, `review` has the right one among the
candidates, `review_without` has not. `unreadable` is a record that is refused before it is compared.

Satchel may match no two children. Of one child it is to find or ask about nearly all; the kinds' names say what is the
matter with the second record. The last line has the whole: each row of the table counts alike.
"""

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from zlib import crc32

from sqlalchemy import Connection, insert

from broker.core.model import LeaId, Party, PartyKind, Ssid, Student
from broker.edge.ledger.engine import connect, reading, writing
from broker.edge.ledger.migrate import migrate
from broker.edge.ledger.packets.rows import EnrollmentRow
from broker.edge.ledger.parties import directory
from broker.edge.ledger.people.registry import Source
from broker.edge.ledger.tables import enrollments
from broker.edge.settings.values import Settings
from broker.identity import features, lenient, match, models, registrar
from broker.identity.answer import Answer
from broker.identity.compare import answer_of
from broker.identity.features import Features
from broker.identity.match import Finding
from broker.identity.model import Model
from broker.simulate.blocks import Block
from tests.bench.kinds import KINDS, NUMBER_OF_TWO, Kind, Pair, pairs

PAIRS = 250  # of a kind and a measure of data
SEED = 12
_KNOWN, _ASKING = "01", "02"  # the LEAs who told of the children, and who asks where its own numbers say nothing
_AT_ONE_LEA = 20


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table: a kind with so much data."""

    kind: Kind
    data: str
    pairs: Sequence[Pair]


def rows(count: int, seed: int) -> list[Row]:
    """The pairs of every kind."""
    return [Row(kind, data, list(pairs(kind, data, count, seed))) for kind in KINDS for data in kind.data]


def read(block: Block) -> Student | None:
    """The student of a block, as a packet has it; None where it is refused."""
    try:
        return lenient.student(block)
    except lenient.Unreadable:
        return None


def measure(count: int = PAIRS, seed: int = SEED) -> Iterator[dict[str, Any]]:
    """Every row, then the whole."""
    model, table = models.load(), rows(count, seed)
    with tempfile.TemporaryDirectory() as folder:
        found = _by_registry(model, Path(folder), table)
    whole: dict[bool, list[dict[str, float]]] = {True: [], False: []}
    for row, answers in zip(table, found, strict=True):
        by_pair = shares(_verdict(model, pair) for pair in row.pairs)
        by_registry = shares(answers)
        if not row.kind.number:
            whole[row.kind.same].append(by_pair)
        figures = {"pair": by_pair, "registry": by_registry}
        yield {"measure": "identity_pairs", "kind": row.kind.name, "same": row.kind.same, "data": row.data} | figures
    yield {"measure": "identity_pairs_whole", "pairs": count * len(table)} | _whole(whole[True], whole[False])


def shares(answers: Iterator[str] | Sequence[str]) -> dict[str, float]:
    """Per cent of each answer that came, the commonest first."""
    counts = Counter(answers)
    return {answer: round(100 * count / counts.total(), 1) for answer, count in counts.most_common()}


def _whole(same: Sequence[dict[str, float]], others: Sequence[dict[str, float]]) -> dict[str, float]:
    def mean(of: Sequence[dict[str, float]], *answers: str) -> float:
        return round(sum(one.get(answer, 0.0) for one in of for answer in answers) / len(of), 2)

    return {
        "match_of_true": mean(same, "match"),
        "match_or_review_of_true": mean(same, "match", "review"),
        "match_of_false": mean(others, "match"),
        "review_of_false": mean(others, "review"),
    }


def _verdict(model: Model, pair: Pair) -> str:
    one, other = variants(pair.a), variants(pair.b)
    return str(answer_of(model, one, other)[0]) if one and other else "unreadable"


def variants(block: Block) -> Sequence[Features]:
    """The columns of a block, as a line of a roster is compared; nothing where it is refused. An older commit, of which
    this is measured too (`before`), refuses a birth date that is none, and has no `reading`."""
    reading_of = getattr(lenient, "reading", None)
    try:
        found: Sequence[Features] = reading_of(block).variants() if reading_of else features.of(lenient.student(block))
    except lenient.Unreadable:
        return ()
    return found


def _by_registry(model: Model, folder: Path, table: Sequence[Row]) -> list[list[str]]:
    """The answers of `match.find`, row by row."""
    engine = connect(Settings(home=folder))
    migrate(engine)
    with writing(engine) as connection:
        numbers = _entered(connection, model, table)
    with reading(engine) as connection:
        answers = [
            [
                _answer(connection, model, row.kind, pair, lea if pair.number else _ASKING, ssid)
                for pair, lea, ssid in zip(row.pairs, _leas(row), own, strict=True)
            ]
            for row, own in zip(table, numbers, strict=True)
        ]
    engine.dispose()
    return answers


def _entered(connection: Connection, model: Model, table: Sequence[Row]) -> list[list[Ssid]]:
    """Enter the first record of every pair; their numbers."""
    count = len(table[0].pairs)
    numbers = [[_ssid(at * count + place) for place in range(count)] for at in range(len(table))]
    for lea in sorted({lea for row in table for lea in _leas(row)}):
        directory.add_party(connection, Party(LeaId(lea), "LEA", PartyKind.DISTRICT), 0.0)
    for row, own in zip(table, numbers, strict=True):
        known = ((ssid, lenient.student(pair.a)) for ssid, pair in zip(own, row.pairs, strict=True))
        registrar.bring_in(connection, model, known, Source(LeaId(_KNOWN), "", 0.0))
        connection.execute(insert(enrollments), [asdict(stay) for stay in _stays(row, own)])
    return numbers


def _ssid(place: int) -> Ssid:
    return Ssid(str(1_000_000_000 + place))


def _leas(row: Row) -> list[str]:
    """The LEA of each pair: twenty a LEA where their numbers are measured, for a number of ten children is none."""
    if not row.kind.number:
        return [_KNOWN] * len(row.pairs)
    name = f"{row.kind.name}/{row.data}"
    return [f"{crc32(name.encode()):08X}{place // _AT_ONE_LEA}" for place in range(len(row.pairs))]


def _stays(row: Row, own: Sequence[Ssid]) -> Iterator[EnrollmentRow]:
    """Where they are; of two children with one number the first has left."""
    for place, (ssid, lea, pair) in enumerate(zip(own, _leas(row), row.pairs, strict=True)):
        left = "2026-06-05" if row.kind.name == NUMBER_OF_TWO and place % 2 == 0 else ""
        yield EnrollmentRow(ssid, LeaId(lea), "704", pair.number, "2025-08-18", left, "", "", "", "2025-08-18")


def _answer(connection: Connection, model: Model, kind: Kind, pair: Pair, lea: str, right: Ssid) -> str:
    asked = read(pair.b)
    if asked is None:
        return "unreadable"
    found = match.find(connection, model, replace(asked, local_id=pair.number), lea)
    return outcome(found, right) if kind.same else str(found.answer)


def outcome(found: Finding, right: Ssid) -> str:
    """What an answer is worth when this student was meant."""
    if found.answer is Answer.MATCH:
        return "match" if found.ssid == right else "wrong"
    has_right = any(one.ssid == right for one in found.candidates)
    return "none" if found.answer is Answer.NONE else "review" if has_right else "review_without"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=PAIRS, help="of each kind and measure of data")
    parser.add_argument("--seed", type=int, default=SEED)
    chosen = parser.parse_args()
    for line in measure(chosen.pairs, chosen.seed):
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
