"""The model's settings as Splink works them, in DuckDB's SQL and in Spark's; and what training makes of them."""

import math

import duckdb
import pyarrow as pa
import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import JaroWinkler
from sqlglot import expressions as sql

from broker.core.errors import OperatorError
from broker.identity import models
from broker.identity.bulk import charts, linker, spark, train
from broker.identity.features import COLUMNS, LISTS
from broker.identity.model import Model
from broker.identity.sql import truth


@pytest.fixture(scope="module")
def model() -> Model:
    return models.load()


def test_all_columns_that_a_condition_names_are_read(model: Model) -> None:
    form = linker.schema(model)
    assert form.names[:2] == [linker.PERSON, linker.LEGAL]
    assert set(form.names[2:]) <= set(COLUMNS)
    assert {name for name in form.names if str(form.field(name).type).startswith("list")} == set(LISTS) & set(
        form.names
    )
    text = " ".join(
        level["sql_condition"] for one in model.settings["comparisons"] for level in one["comparison_levels"]
    )
    assert all(f"{name}_l" in text for name in ("first", "last", "birth_date"))


def test_similarities_are_rounded_and_nothing_else_is_touched() -> None:
    plain = "first_l = first_r or list_has_any(a_l, a_r)"
    assert linker.round_similarities(plain) == plain
    rounded = linker.round_similarities("jaro_winkler_similarity(a_l, a_r) >= 0.92 or a_l = a_r")
    assert rounded.lower() == "round(jaro_winkler_similarity(a_l, a_r), 9) >= 0.92 or a_l = a_r"


@given(st.text("ab", max_size=6), st.text("abc", max_size=6), st.integers(0, 3))
def test_what_is_not_looked_at_changes_no_answer(left: str, right: str, bound: int) -> None:
    for condition in (f"damerau_levenshtein(a_l, a_r) <= {bound}", f"damerau_levenshtein(a_l, a_r) > {bound}"):
        prepared = linker.prepared(condition)
        assert "ABS(LENGTH(a_l) - LENGTH(a_r))" in prepared
        quick = duckdb.from_arrow(pa.table({"a_l": [left], "a_r": [right]})).project(prepared).fetchall()
        assert quick == [(truth(condition)({"a": left}, {"a": right}),)]


def test_what_nobody_knows_stays_unknown() -> None:
    prepared = linker.prepared("damerau_levenshtein(a_l, a_r) > 1")
    nobody = pa.table({"a_l": pa.array([None], pa.string()), "a_r": ["b"]})
    assert duckdb.from_arrow(nobody).project(prepared).fetchall() == [(None,)]


def test_a_similarity_just_at_a_threshold_reaches_it() -> None:
    # RapidFuzz gives 0.9199999999999999 here, and DuckDB 0.92
    pair = {"a": "umbqixnhws"}, {"a": "ubgymqixnhws"}
    assert JaroWinkler.similarity(pair[0]["a"], pair[1]["a"]) != 0.92
    assert truth("jaro_winkler_similarity(a_l, a_r) >= 0.92")(*pair)


@pytest.mark.parametrize(
    ("duckdb", "spark_sql"),
    [
        ("list_has_any(a_l, a_r)", "ARRAYS_OVERLAP(a_l, a_r)"),
        ("list_contains(a_l, b_r)", "ARRAY_CONTAINS(a_l, b_r)"),
        ("starts_with(a_l, b_r)", "STARTSWITH(a_l, b_r)"),
        ("jaro_winkler_similarity(a_l, a_r) >= 0.85", "RAPIDFUZZ_JARO_WINKLER(a_l, a_r) >= 0.85"),
        ("not damerau_levenshtein(a_l, a_r) > 2", "NOT RAPIDFUZZ_DAMERAU_LEVENSHTEIN(a_l, a_r) > 2"),
        ("substr(a_l, 6, 5) = 'x'", "SUBSTRING(a_l, 6, 5) = 'x'"),
    ],
)
def test_duckdb_in_sparks_words(duckdb: str, spark_sql: str) -> None:
    assert spark.translated(duckdb).upper() == spark_sql.upper()


def test_the_whole_model_can_be_said_in_sparks_sql(model: Model) -> None:
    levels = [level for one in spark.settings(model)["comparisons"] for level in one["comparison_levels"]]
    texts = [level["sql_condition"] for level in levels if level["sql_condition"].strip().upper() != "ELSE"]
    for text in (*texts, *spark.statements(model).values()):
        tree = sqlglot.parse_one(text, read="spark")
        assert not list(tree.find_all(sql.ArrayOverlaps, sql.JarowinklerSimilarity))
        named = {str(one.this).lower() for one in tree.find_all(sql.Anonymous)}
        assert named <= {"arrays_overlap", "rapidfuzz_jaro_winkler", "rapidfuzz_damerau_levenshtein"}


def test_what_spark_does_with_nothing() -> None:
    assert spark.jaro_winkler(None, "a") is None
    assert spark.damerau_levenshtein("a", None) is None
    assert spark.jaro_winkler("aabcab", "abcab") == pytest.approx(0.89)
    assert spark.damerau_levenshtein("ab", "ba") == 1


@given(
    former=st.lists(st.floats(1e-6, 1), min_size=2, max_size=8),
    learnt=st.lists(st.one_of(st.none(), st.floats(0, 1)), min_size=8, max_size=8),
    pairs=st.floats(0, 1e7),
)
def test_levels_that_few_pairs_reach_are_never_certain(
    former: list[float], learnt: list[float | None], pairs: float
) -> None:
    former = [one / sum(former) for one in former]
    values = train._blended(former, learnt[: len(former)], pairs)
    if pairs < train.FEWEST_PAIRS:
        assert values == former
        return
    assert math.isclose(sum(values), 1)
    least = min(*former, train.FEWEST_OF_LEVEL / pairs)
    assert all(value >= least / (1 + len(former)) for value in values)


def test_splinks_untouched_start_is_no_observation() -> None:
    # of 10,000 pairs none was in the last level: Splink leaves there what it began with
    assert train._blended([0.9, 0.1], [1.0, 0.1], 10_000) == pytest.approx([0.999, 0.001], abs=1e-4)


def test_a_model_in_which_agreement_speaks_against_is_refused() -> None:
    level = {"m_probability": 0.5, "u_probability": 0.5}
    with pytest.raises(OperatorError, match="suffix"):
        train._check("suffix", [level, level])


def test_the_report_is_one_page_that_reaches_nothing() -> None:
    drawn = '<div id="splink-chart-1"></div><script>x</script>'
    chart = f"<!DOCTYPE html>\n<html><body><script>library</script>\n{drawn}</body></html>"
    page = charts.page("A & B", ["1 < 2"], {"One <1>": chart, "Two": chart})
    assert page.count("library") == 1
    assert page.count('<div id="splink-chart-') == 2
    assert "default-src 'none'" in page
    assert "<h1>A &amp; B</h1>" in page
    assert "<h2>One &lt;1&gt;</h2>" in page
    assert "<p>1 &lt; 2</p>" in page
    with pytest.raises(ValueError, match="form"):
        charts.page("A", [], {"One": "<html><body></body></html>"})
