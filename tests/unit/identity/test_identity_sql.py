"""The SQL of the model, worked in Python: the same truth as in the database."""

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.identity import models
from broker.identity.bulk.linker import round_similarities
from broker.identity.features import COLUMNS, LISTS
from broker.identity.sql import NotUnderstood, Truth, term, truth
from tests.support.scale import examples

# So few letters and words that equal, nearly equal, swapped and partly equal values all come up.
_WORDS = st.one_of(
    st.sampled_from(["ana", "anna", "hanna", "maria", "mariaana", "a", "m", "jayden", "kayden", "reyes", "ortiz"]),
    st.text(alphabet="abn", min_size=1, max_size=8),
)
_DAYS = st.sampled_from(["2012-03-04", "2012-04-03", "2012-03-05", "2012-03-14", "2011-03-04", "2009-11-28"])
_FEW = st.sampled_from(["F", "M", "1", "2", "jr", "iii"])
_ODD: Mapping[str, st.SearchStrategy[str]] = {
    "birth_date": _DAYS,
    "birth_swapped": _DAYS,
    "gender": _FEW,
    "birth_order": _FEW,
    "suffix": _FEW,
    "phone": st.sampled_from(["8015550142", "8015550143", "4355550142"]),
    "phone_local": st.sampled_from(["5550142", "5550143", "5551042", "7778888"]),
}


def _column(name: str) -> st.SearchStrategy[Any]:
    text = _ODD.get(name, _WORDS)
    known = st.lists(text, min_size=1, max_size=3) if name in LISTS else text
    return st.one_of(st.none(), known, known)


STUDENTS = st.fixed_dictionaries({name: _column(name) for name in COLUMNS})


def conditions() -> dict[str, Truth]:
    """Every condition of the model that Satchel comes with, and every rule as a whole, with its truth in Python."""
    model = models.load()
    levels = [level["sql_condition"] for one in model.settings["comparisons"] for level in one["comparison_levels"]]
    parts = [text for rule in model.limits.rules for text in (rule.when, rule.unless)]
    found = {text: truth(text) for text in (*levels, *parts) if text and text != "ELSE"}
    return found | {rule.condition: rule.truth for rule in model.limits.rules}


def in_database(texts: Sequence[str], pairs: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]]) -> list[list[bool]]:
    """For each pair whether each condition is true, by DuckDB."""
    table: dict[str, pa.Array] = {}
    for name in COLUMNS:
        form = pa.list_(pa.string()) if name in LISTS else pa.string()
        for side, ending in ((0, "_l"), (1, "_r")):
            table[name + ending] = pa.array([pair[side][name] for pair in pairs], form)
    columns = [f"coalesce({round_similarities(text)}, false)" for text in texts]
    with duckdb.connect() as connection:
        return [
            list(row)
            for row in connection.from_arrow(pa.table(table)).select(*map(duckdb.SQLExpression, columns)).fetchall()
        ]


@settings(
    max_examples=examples(8), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(st.lists(st.tuples(STUDENTS, STUDENTS), min_size=15, max_size=15))
def test_every_condition_is_as_true_here_as_in_the_database(
    pairs: list[tuple[dict[str, Any], dict[str, Any]]],
) -> None:
    worked = conditions()
    same = [(left, left) for left, _ in pairs]
    for pair, found in zip(pairs + same, in_database(list(worked), pairs + same), strict=True):
        for (text, one), expected in zip(worked.items(), found, strict=True):
            assert one(*pair) is expected, text


def in_database_alone(text: str, day: str) -> object:
    """The value of an expression over a birth date, by DuckDB."""
    with duckdb.connect() as connection:
        table = connection.from_arrow(pa.table({"birth_date": [day]}))
        return table.select(duckdb.SQLExpression(text)).limit(1).fetchall()[0][0]


@pytest.mark.parametrize(
    "text", ["birth_date", "substr(birth_date, 1, 4)", "substr(birth_date, 6, 5)", "length(birth_date)"]
)
def test_every_part_of_a_block_is_the_same_here_and_in_the_database(text: str) -> None:
    assert in_database_alone(text, "2012-03-04") == term(text)({"birth_date": "2012-03-04"})


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("a_l = a_r", False),  # NULL
        ("not a_l = a_r", False),  # NULL as well
        ("a_l is null", True),
        ("not (a_l is null)", False),
        ("a_l = a_r or b_l = b_r", True),
        ("a_l = a_r and b_l = b_r", False),
        ("not (a_l = a_r and b_l <> b_r)", True),  # NULL AND false is false
        ("not (a_l = a_r or b_l = b_r)", False),
        ("b_l <> b_r", False),
        ("true", True),
        ("not false", True),
    ],
)
def test_three_valued_logic(condition: str, expected: bool) -> None:
    assert truth(condition)({"a": None, "b": "x"}, {"a": "y", "b": "x"}) is expected


def test_a_name_is_a_name_and_never_code() -> None:
    name = "a'] or [].append(1) or left['a"
    assert truth(f'"{name}_l" = "{name}_r"')({name: "x"}, {name: "x"}) is True
    assert truth("a_l = ''' or True or '''")({"a": "x"}, {}) is False


@pytest.mark.parametrize(
    "condition",
    [
        "read_text('/etc/passwd') = a_l",
        "a_l in (select 1)",
        "regexp_matches(a_l, a_r)",
        "a_l = a_r; drop table x",
        "a_l || a_r = 'x'",
        "a_l",
        "a_l = (",
        "a_l = 'x",
        "(" * 3000 + "a_l = a_r" + ")" * 3000,
        "a_l = '" + "x" * 9000 + "'",
    ],
)
def test_what_is_not_in_the_tables_is_not_understood(condition: str) -> None:
    with pytest.raises(NotUnderstood):
        truth(condition)
