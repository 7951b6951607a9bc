"""The two executors of one model, held together: Splink in DuckDB for many, Python for one."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from itertools import chain, cycle, product
from pathlib import Path
from random import Random
from typing import ClassVar

import duckdb
import pyarrow as pa
import pytest
from splink.backends.duckdb import DuckDBAPI

from broker.core.errors import OperatorError
from broker.core.model import Address, Name, Student
from broker.formats.documents import to_student
from broker.identity import compare, index, models
from broker.identity.answer import Answer
from broker.identity.bulk import linker, spark
from broker.identity.bulk import matching as bulk
from broker.identity.features import UNKNOWN_DAY, Features
from broker.identity.model import Model
from broker.simulate.errors import spoil
from broker.simulate.pairs import pairs as simulated
from broker.simulate.people import persons
from broker.simulate.rates import DEFAULT
from tests.support.tools import require_tool

PAIRS = 10_000
# names that are near each other, a group a line; the last two are just at a threshold of Jaro-Winkler
_GROUPS = [
    line.split()
    for line in """
    Ana Anna Anne Ann Annie Hannah
    Alejandra Aleksandra Sandra Ale Alex
    Robert Bob Bobby Rob Roberta
    José Jose Josef
    Müller Mueller Muller Möller
    Muhammad Mohammed Mohamed
    Jon John Johnathan Jonathan
    Li Lee Leigh Ng
    Jaxon Jackson Jaxson
    Reyes Ortiz Reyes-Ortiz Ortiz-Reyes
    De-la-Cruz Cruz
    Smith Smyth Schmidt Schmitt
    Jensen Jenson Johansen
    Katherine Catherine Kathryn Kate Kat
    Umbqixnhws Ubgymqixnhws
    """.strip().splitlines()
]


_NO_DAYS = ("2012-17-03", "2012-04-31", "2012-33-04")


@pytest.fixture(scope="module")
def model() -> Model:
    return models.load()


def anybody(random: Random) -> tuple[Student, Student]:
    """Two students out of so few names, days and homes that they are often nearly, and never reliably, the same."""
    groups = random.choice(_GROUPS), random.choice(_GROUPS)
    one, other = _one(random, groups), _one(random, groups)
    if random.random() < 0.2:
        other = replace(other, legal_name=one.legal_name, birth_date=one.birth_date)
    return one, other


def _one(random: Random, groups: Sequence[list[str]]) -> Student:
    def named() -> str:
        return random.choice(random.choice(groups))

    name = Name(
        first=random.choice(["", "A", "J", f"{named()} {named()}", named(), named(), named(), named()]),
        middle=random.choice(["", "M", "A", named(), named(), named(), f"{named()} {named()}"]),
        last=random.choice(["Unknown", f"{named()} {named()}", named(), named(), named(), named(), named()]),
        suffix=random.choice(["", "", "Jr", "III"]),
    )
    guardians = tuple(
        Name(random.choice(["", "Marta", "Martha", "Peter"]), random.choice(["Ortiz", "Smith", named()]))
        for _ in range(random.randrange(3))
    )
    home = Address(
        street=random.choice(["", "12 Main Street", "12 Main St", "21 Main St", "400 Far Away Blvd"]),
        city=random.choice(["", "Provo", "Orem", "Ogden"]),
        postal_code=random.choice(["", "84601", "84602", "84401"]),
    )
    return Student(
        legal_name=name,
        birth_date=random.choice([UNKNOWN_DAY, date(2012, 3, 4), date(2012, 4, 3), date(2012, 3, 5), date(2011, 3, 4),
                                  date(2012, 3, 17), date(2009, 11, 28)]),
        gender=random.choice(["", "F", "M", "X"]),
        aliases=random.choice([(), (replace(name, first=named()),)]),
        birth_order=random.choice([None, 1, 2]),
        guardians=guardians,
        phone=random.choice(["", "801-555-0101", "(385) 555-0101", "801-555-0102", "801-555-7777", "555-0101"]),
        address=home,
    )  # fmt: skip


def some_pairs() -> Iterator[tuple[Student, Student]]:
    """Pairs as real ones are, and pairs in which anything may meet anything."""
    rates = DEFAULT.changed({"first_typo": 0.2, "last_typo": 0.2, "middle_typo": 0.2, "day_month_swapped": 0.2})
    for number, pair in enumerate(simulated(persons(PAIRS, 11), 11, rates)):
        if number == PAIRS // 2:
            break
        yield to_student(pair.a), to_student(pair.b)
    random = Random(12)
    for _ in range(PAIRS - PAIRS // 2):
        yield anybody(random)


def worked(model: Model, both: Sequence[tuple[Features, Features]]) -> tuple[list[float], dict[int, int]]:
    """By Splink in DuckDB: the weight of each pair, and the ranks of those whose answer is not none, by place."""
    entries = ((number, [one]) for number, one in enumerate(chain(*zip(*both, strict=True))))
    people = pa.concat_tables(linker.tables(model, entries))
    last = len(both)
    with duckdb.connect() as connection:
        numbered = people.append_column(linker.ENTRY, pa.array(range(2 * last), pa.int64()))
        connection.from_arrow(numbered).create("people")
        pairs = {"join_key_l": range(last), "join_key_r": range(last, 2 * last), "match_key": ["0"] * last}
        connection.from_arrow(pa.table(pairs)).create("pairs")
        connection.execute("CREATE VIEW roster AS FROM people; CREATE VIEW registry AS FROM people")
        done = linker.weigh(DuckDBAPI(connection=connection), model, "people", "pairs", linker.settings(model))
        done.as_duckdbpyrelation().create_view("weighed")
        weights = connection.execute("SELECT match_weight FROM weighed ORDER BY entry_l").fetchall()
        found = connection.sql(linker.answers(model)).fetchall()
    return [weight for (weight,) in weights], {person: best["rank"] for person, _, best in found}


@pytest.fixture(scope="module")
def both() -> list[tuple[Features, Features]]:
    """10,000 pairs of names: legal ones on the left, and on the right aliases too. Some birth dates are none."""
    written = dict(zip(range(0, PAIRS, 40), cycle(_NO_DAYS), strict=False))
    found = [
        (index.variants_of(one, written.get(number, ""))[0], index.variants_of(other)[-1])
        for number, (one, other) in enumerate(some_pairs())
    ]
    assert len(found) == PAIRS
    return found


def test_both_executors_give_the_same_weights_and_answers(
    model: Model, both: Sequence[tuple[Features, Features]]
) -> None:
    scores = [model.score(one, other) for one, other in both]
    weights, answers = worked(model, both)
    assert len(weights) == PAIRS
    assert max(abs(score.weight - weight) for score, weight in zip(scores, weights, strict=True)) < 1e-6
    for place, (one, other) in enumerate(both):
        answer, _ = compare.answer_of(model, [one], [other])
        assert answers.get(place, 0) == answer.rank, place


def test_the_pairs_of_the_test_above_try_every_level_rule_and_adjustment(
    model: Model, both: Sequence[tuple[Features, Features]]
) -> None:
    reached, adjusted, held = set(), set(), set()
    for left, right in both:
        score = model.score(left, right)
        for part, comparison in zip(score.parts, model.comparisons, strict=True):
            level = comparison.levels[part.number]
            reached.add((part.comparison, part.number))
            if level.term_column and part.weight != level.weight:
                adjusted.add((part.comparison, part.number))
        held |= {rule.name for rule in model.limits.rules if rule.holds(score.weight, left, right)}
    levels = {(one.name, number): level for one in model.comparisons for number, level in enumerate(one.levels)}
    assert reached == set(levels)
    assert adjusted == {key for key, level in levels.items() if level.term_column}
    assert held == {rule.name for rule in model.limits.rules}


def test_the_strict_choice_is_the_same_in_both(both: Sequence[tuple[Features, Features]]) -> None:
    strict, some = models.load(is_strict=True), [pair for pair in both if pair[0]["first"] == pair[1]["first"]]
    _, answers = worked(strict, some)
    assert {answers.get(place, 0) for place in range(len(some))} == {0, 1, 2}
    for place, (one, other) in enumerate(some):
        assert answers.get(place, 0) == compare.answer_of(strict, [one], [other])[0].rank, place


def test_a_roster_gets_the_answers_that_its_students_would_get_one_by_one(model: Model) -> None:
    random = Random(5)
    people = [one for _, one in zip(range(300), persons(300, 5, DEFAULT.changed({"twins": 0.2})), strict=False)]
    registry = [index.variants_of(to_student(one.block)) for one in people]
    roster = [index.variants_of(to_student(spoil(one.block, random)[0])) for one in people]
    with bulk.opened(model) as matching:
        matching.roster(linker.tables(model, enumerate(roster)))
        matching.registry(linker.tables(model, enumerate(registry)))
        matching.judge()
        found = {(one.person, one.other): (one.answer, one.weight) for one in matching.verdicts()}
    blocks = [index.kept(model, variants) for variants in registry]
    for (number, asked), (other, known) in product(enumerate(roster), enumerate(registry)):
        met = not blocks[other].isdisjoint(index.asked(model, asked))
        answer, weight = compare.answer_of(model, asked, known) if met else (Answer.NONE, 0.0)
        one = found.get((number, other), (Answer.NONE, weight))
        assert one[0] is answer
        assert abs(one[1] - weight) < 1e-6


def test_a_chunk_more_changes_nothing(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    variants = [index.variants_of(to_student(one.block)) for one in persons(200, 8, DEFAULT.changed({"twins": 0.3}))]
    found = []
    for chunk in (bulk.CHUNK, 70):
        monkeypatch.setattr(bulk, "CHUNK", chunk)
        with bulk.opened(model) as matching:
            matching.roster(linker.tables(model, enumerate(variants)))
            matching.within()
            told: list[tuple[int, int]] = []
            matching.judge(lambda done, of, told=told: told.append((done, of)))
            found.append(list(matching.verdicts()))
            assert told[-1] == (200, 200)
    assert found[0] == found[1]
    assert found[0]
    assert all(one.person != one.other for one in found[0])


def test_an_empty_roster_finds_nobody(model: Model) -> None:
    with bulk.opened(model) as matching:
        matching.roster([])
        matching.registry(linker.tables(model, [(0, index.variants_of(anybody(Random(1))[0]))]))
        matching.judge()
        assert list(matching.verdicts()) == []


def test_the_database_reaches_nothing_outside_itself(model: Model, tmp_path: Path) -> None:
    with bulk.opened(model) as matching:
        connection = matching._connection
        assert connection.execute("SELECT current_setting('temp_directory')").fetchall() == [("",)]
        for reach in (
            f"COPY (SELECT 1) TO '{tmp_path / 'out.csv'}'",
            f"ATTACH '{tmp_path / 'other.db'}'",
            "SELECT * FROM read_text('/etc/hostname')",
            "INSTALL httpfs",
            "SET enable_external_access = true",
            "SET temp_directory = '/tmp'",
        ):
            with pytest.raises(duckdb.Error):
                connection.execute(reach).fetchall()
    assert list(tmp_path.iterdir()) == []


def test_too_little_memory_is_a_sentence_and_leaves_no_file(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(bulk, "_CONFIG", {**bulk._CONFIG, "memory_limit": "12MB"})
    people = [index.variants_of(to_student(one.block)) for one in persons(2000, 3)]
    with pytest.raises(OperatorError, match="memory"), bulk.opened(model) as matching:
        matching.roster(chain.from_iterable(linker.tables(model, enumerate(people)) for _ in range(40)))
    assert list(tmp_path.iterdir()) == []


def test_spark_gives_the_same_answers(model: Model) -> None:
    pyspark = pytest.importorskip("pyspark.sql", reason="pyspark is not installed: the extra `spark`")
    require_tool("java")
    random = Random(6)
    people = list(persons(200, 6, DEFAULT.changed({"twins": 0.2})))
    registry = list(linker.tables(model, enumerate(index.variants_of(to_student(one.block)) for one in people)))
    spoilt = (spoil(one.block, random)[0] for one in people)
    roster = list(linker.tables(model, enumerate(index.variants_of(to_student(one)) for one in spoilt)))
    with bulk.opened(model) as matching:
        matching.roster(roster)
        matching.registry(registry)
        matching.judge()
        wanted = {(one.person, one.other): one for one in matching.verdicts()}
    builder = pyspark.SparkSession.builder.master("local[1]").config("spark.driver.host", "127.0.0.1")
    for name, value in {**spark.SESSION, "spark.driver.bindAddress": "127.0.0.1"}.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    try:
        found = {(one.person, one.other): one for one in spark.verdicts(session, model, roster, registry)}
    finally:
        session.stop()
    assert found.keys() == wanted.keys()
    assert all(found[pair].answer is one.answer for pair, one in wanted.items())
    assert max(abs(found[pair].weight - one.weight) for pair, one in wanted.items()) < 1e-6


def test_spark_that_would_write_in_the_clear_is_refused(model: Model) -> None:
    class Session:
        conf: ClassVar[dict[str, str]] = {}

    with pytest.raises(OperatorError, match=r"spark\.io\.encryption\.enabled"):
        next(spark.verdicts(Session(), model, [], []))
