"""The same model on Spark, for a state that wants more than one machine: the same settings, pairs, weights and answers.

Owns the outside library `pyspark` (the optional extra `spark`) and the model in Spark's SQL. Promises: the weights
equal those of the other executors (a test compares them). Spark has no Jaro-Winkler, and the one in Splink counts odd
transpositions differently (aabcab and abcab: 0.86 for 0.89), so both edit measures come from RapidFuzz here: every node
needs Satchel installed. Spark shuffles student data to disks: a session that does not encrypt it is refused.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, cast

import pyarrow as pa
import sqlglot
from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler
from sqlglot import expressions as sql

from broker.core.errors import OperatorError
from broker.identity.answer import Answer
from broker.identity.bulk import linker
from broker.identity.bulk.matching import Verdict
from broker.identity.model import Model

ENCRYPTED = "spark.io.encryption.enabled"
# settings for a local session; the operator of a cluster adds where it runs
SESSION: Mapping[str, str] = {ENCRYPTED: "true", "spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "8"}

_RANKS = {answer.rank: answer for answer in Answer}
_JARO_WINKLER, _DAMERAU = "rapidfuzz_jaro_winkler", "rapidfuzz_damerau_levenshtein"
_NAMED: Mapping[type[sql.Expr], str] = {
    sql.JarowinklerSimilarity: _JARO_WINKLER,
    sql.ArrayOverlaps: "arrays_overlap",
}


def jaro_winkler(left: str | None, right: str | None) -> float | None:
    """The similarity, as in `identity.sql`: NULL gives NULL."""
    return None if left is None or right is None else float(JaroWinkler.similarity(left, right))


def damerau_levenshtein(left: str | None, right: str | None) -> int | None:
    """The edit distance, as in `identity.sql`: NULL gives NULL."""
    return None if left is None or right is None else DamerauLevenshtein.distance(left, right)


def translated(text: str) -> str:
    """DuckDB's SQL, translated into Spark's."""

    def other(node: sql.Expr) -> sql.Expr:
        if type(node) in _NAMED:
            return sql.func(_NAMED[type(node)], node.this, node.expression)
        if isinstance(node, sql.Anonymous) and str(node.this).lower() == "damerau_levenshtein":
            return sql.func(_DAMERAU, *node.expressions)
        return node

    return sqlglot.parse_one(text, read="duckdb").transform(other).sql(dialect="spark")


def settings(model: Model) -> dict[str, Any]:
    """The model's settings with every condition in Spark's SQL."""
    chosen = linker.settings(model)
    return {
        **chosen,
        "blocking_rules_to_generate_predictions": [],  # the pairs are given
        "comparisons": [
            {**one, "comparison_levels": [_level(level) for level in one["comparison_levels"]]}
            for one in chosen["comparisons"]
        ],
    }


def statements(model: Model) -> dict[str, str]:
    """The SQL of the two steps that Splink does not do, by table name: `pairs` and `verdicts`."""
    return {
        "pairs": translated(linker.pairs(model)),
        "verdicts": translated(linker.answers(model)),
    }


def verdicts(session: Any, model: Model, roster: Iterable[pa.Table], registry: Iterable[pa.Table]) -> Iterator[Verdict]:
    """Every pair that is a match or a review, by person, the best first; tables in the form of `linker.tables`.

    `session` is a SparkSession. Raises OperatorError where the session does not encrypt what it writes to disks.
    """
    if session.conf.get(ENCRYPTED, "false").lower() != "true":
        raise OperatorError(f"Spark would write student data to its disks: set {ENCRYPTED} to true.")
    from splink.backends import spark as backend

    _register(session)
    start = 0
    for name, tables in (("roster", roster), ("registry", registry)):
        table = pa.concat_tables([linker.schema(model).empty_table(), *tables])
        numbers = pa.array(range(start, start + table.num_rows), pa.int64())
        session.createDataFrame(table.append_column(linker.ENTRY, numbers)).createOrReplaceTempView(name)
        start += table.num_rows
    session.sql("SELECT * FROM roster UNION ALL SELECT * FROM registry").createOrReplaceTempView("people")
    steps = statements(model)
    session.sql(steps["pairs"]).createOrReplaceTempView("pairs")
    api: Any = cast(Any, backend).SparkAPI(
        spark_session=session, break_lineage_method="persist", register_udfs_automatically=False
    )
    linker.weigh(api, model, "people", "pairs", settings(model)).as_spark_dataframe().createOrReplaceTempView("weighed")
    best = session.sql(steps["verdicts"]).orderBy("person", "best", ascending=[True, False])
    for row in best.toLocalIterator():
        yield Verdict(row.person, row.other, _RANKS[row.best.rank], row.best.weight)


def _level(level: Mapping[str, Any]) -> dict[str, Any]:
    condition = str(level["sql_condition"])
    return {**level, "sql_condition": condition if condition.strip().upper() == "ELSE" else translated(condition)}


def _register(session: Any) -> None:
    functions: tuple[tuple[str, Callable[..., Any], str], ...] = (
        (_JARO_WINKLER, jaro_winkler, "double"),
        (_DAMERAU, damerau_levenshtein, "int"),
    )
    for name, function, kind in functions:
        session.udf.register(name, function, kind)
