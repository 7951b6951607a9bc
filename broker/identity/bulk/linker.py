"""The model for Splink: its settings, columns, pairs, weights and answers, as SQL text for a database.

Owns the outside library `splink` for weights. Promises: for the same two rows, Splink's weight equals that of
`Model.score`, and the answer equals that of the rules of evidence (a test compares them), in DuckDB and in Spark;
Splink logs nothing, because its messages may quote data.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from string import Template
from typing import Any

import pyarrow as pa
import sqlglot
from splink import Linker
from sqlglot import expressions as sql

from broker.identity.answer import Answer
from broker.identity.evidence import Limits, Rule
from broker.identity.features import LISTS, Features
from broker.identity.model import Model
from broker.identity.sql import SIMILARITY_DIGITS

Entry = tuple[int, Sequence[Features]]  # a student's place in the roster or registry, and the columns for each name

# Columns of a table of people: an entry is one name of a person. Entries and persons are numbers.
ENTRY, PERSON, LEGAL = "entry", "person", "legal"
PAGE = 20_000  # rows of one table

_MET = Template(
    "SELECT l.person AS one, r.person AS other FROM roster AS l JOIN registry AS r ON $rule WHERE $chosen AND $others"
)
_PAIRS = Template("""
    SELECT join_key_l, join_key_r, '0' AS match_key
    FROM (
        SELECT l.entry AS join_key_l, r.entry AS join_key_r$columns
        FROM (SELECT DISTINCT one, other FROM ($met) AS met) AS found
        JOIN roster AS l ON l.person = found.one JOIN registry AS r ON r.person = found.other
        WHERE l.legal OR r.legal
    ) AS sides
    WHERE NOT ($never)
""")
_ANSWERS = Template("""
    SELECT person, other, max(struct_pack(rank := rank, weight := match_weight)) AS best
    FROM (
        SELECT person, other, match_weight, $lowered AS rank
        FROM (
            SELECT *, $lifted AS lifted
            FROM (
                SELECT l.person AS person, r.person AS other, p.match_weight$columns
                FROM weighed AS p JOIN roster AS l ON l.entry = p.entry_l JOIN registry AS r ON r.entry = p.entry_r
            ) AS sides
        ) AS lifts
    ) AS ranked
    WHERE rank > 0
    GROUP BY person, other
""")


def settings(model: Model) -> dict[str, Any]:
    """The model's settings for given pairs: one table of rows; the result keeps only numbers and weights."""
    return {
        **model.settings,
        "link_type": "dedupe_only",
        "unique_id_column_name": ENTRY,
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
        "additional_columns_to_retain": [],
        "comparisons": [_rounded(one) for one in model.settings["comparisons"]],
    }


def term_columns(model: Model) -> list[str]:
    """The columns in which common values count for less."""
    levels = [level for one in model.settings["comparisons"] for level in one["comparison_levels"]]
    return sorted({level["tf_adjustment_column"] for level in levels if level.get("tf_adjustment_column")})


def schema(model: Model) -> pa.Schema:
    """The schema of a table of people: the person's number, whether the row is for the legal name, and the columns of a
    student that the model reads."""
    levels = [level["sql_condition"] for one in model.settings["comparisons"] for level in one["comparison_levels"]]
    conditions = [text for text in levels if text.strip().upper() != "ELSE"]
    conditions += [text for rule in model.limits.rules for text in (rule.when, rule.unless) if text]
    found = _sided(conditions)
    found |= {name for text in _blocking(model) for name in _names(text)}
    kept = sorted(found | set(term_columns(model)))
    return pa.schema([(PERSON, pa.int64()), (LEGAL, pa.bool_()), *((name, _type(name)) for name in kept)])


def tables(model: Model, entries: Iterable[Entry]) -> Iterator[pa.Table]:
    """The students as tables of at most `PAGE` rows: one row for each name, the legal name first."""
    form = schema(model)
    rows = ((number, place == 0, one) for number, names in entries for place, one in enumerate(names))
    while page := list(islice(rows, PAGE)):
        values = {name: [one[name] for _, _, one in page] for name in form.names[2:]}
        yield pa.table({PERSON: [row[0] for row in page], LEGAL: [row[1] for row in page]} | values, schema=form)


def pairs(model: Model, chosen: str = "true", is_one: bool = False) -> str:
    """The SELECT of the pairs to weigh. A blocking rule brings two people together under any of their names: `l` of
    `roster` that is `chosen`, and `r` of `registry`. Their pairs of names follow, each with at least one legal name.
    `is_one`: both tables are one, and nobody is compared with themselves.

    A pair is not weighed where a rule of evidence makes its answer none at any weight: that is most pairs of a state,
    and weighing a pair takes four times as long as asking the rules (measured).
    """
    others = "l.person <> r.person" if is_one else "true"
    met = (_MET.substitute(rule=rule, chosen=chosen, others=others) for rule in _blocking(model))
    rules = sorted((one for one in model.limits.rules if one.at_most is Answer.NONE), key=_cost)
    never = " OR ".join(map(_holds, rules)) or "false"
    return _PAIRS.substitute(met=" UNION ALL ".join(met), columns=_sides(rules), never=never)


def answers(model: Model) -> str:
    """The SELECT of the verdicts on the pairs in `weighed`: `person`, `other`, and `best`, which holds the rank of the
    answer and the weight for their best pair of names. Pairs with the answer none are left out."""
    return _ANSWERS.substitute(
        lifted=_lifted(model.limits), lowered=_lowered(model.limits), columns=_sides(model.limits.rules)
    )


def weigh(api: Any, model: Model, people: str, given: str, chosen: Mapping[str, Any]) -> Any:
    """Splink's weights (`match_weight`, in bits) of `entry_l` and `entry_r`, as a Splink data frame.

    `api` is a fresh DuckDBAPI or SparkAPI; `people` and `given` are the names of the tables of people and of `pairs`;
    `chosen` are the `settings`, perhaps in another dialect.
    """
    with quiet():
        linker = linked(api, model, people, chosen)
        linker.table_management.register_blocked_pairs_for_predict(api.register(given))
        return linker.inference.predict(warning_mode="never")


def linked(api: Any, model: Model, people: str, chosen: Mapping[str, Any]) -> Linker:
    """A Splink linker over a table, with the model's shares of common names."""
    linker = Linker(api.register(people), dict(chosen), log_level=None, validate_settings=False)
    for name in term_columns(model):
        found = model.terms.get(name, {})
        form = pa.schema([(name, pa.string()), (f"tf_{name}", pa.float64())])
        table = pa.table([list(found), list(found.values())], schema=form)
        linker.table_management.register_term_frequency_lookup(api.register(table), name)
    return linker


@contextmanager
def quiet() -> Iterator[None]:
    """Silence Splink's log within this context."""
    logger = logging.getLogger("splink")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)


def _blocking(model: Model) -> list[str]:
    return [str(one["blocking_rule"]) for one in model.settings["blocking_rules_to_generate_predictions"]]


def _lifted(limits: Limits) -> str:
    """The rank of the answer by the weight and by the rules that lift it: the first half of `evidence.decide`."""
    steps = []
    for answer, limit in ((Answer.MATCH, limits.match), (Answer.REVIEW, limits.review)):
        steps.append(f"WHEN match_weight >= {limit!r} THEN {answer.rank}")
        steps += [f"WHEN {_holds(one)} THEN {answer.rank}" for one in limits.rules if one.at_least is answer]
    return f"CASE {' '.join(steps)} ELSE {Answer.NONE.rank} END"


def _lowered(limits: Limits) -> str:
    """The rank after the rules that lower `lifted`: the second half. The strictest rules are asked first, and only as
    many as a pair needs (asking all of them for each pair would take half of the whole time, measured)."""
    steps = []
    for answer in (Answer.NONE, Answer.REVIEW):
        steps.append(f"WHEN lifted <= {answer.rank} THEN lifted")
        steps += [f"WHEN {_holds(one)} THEN {answer.rank}" for one in limits.rules if one.at_most is answer]
    return f"CASE {' '.join(steps)} ELSE lifted END"


def _holds(rule: Rule) -> str:
    """A rule as SQL that is true or false, never NULL, and that stops at the first part that decides."""
    when, unless = (prepared(text) for text in (rule.when, rule.unless))
    heavy = "" if rule.below is None else f"WHEN match_weight >= {rule.below!r} THEN false "
    light = "" if rule.least is None else f"WHEN match_weight < {rule.least!r} THEN false "
    other = f"WHEN {unless} THEN false " if unless else ""
    return f"(CASE {heavy}{light}{other}WHEN {when or 'true'} THEN true ELSE false END)"


def _cost(rule: Rule) -> int:
    """The number of letter-by-letter comparisons in a rule: the cheapest rules are asked first."""
    text = (rule.when + rule.unless).lower()
    return text.count("levenshtein") + text.count("jaro_winkler")


def _sides(rules: Iterable[Rule]) -> str:
    """The SELECT items for the columns that rules read, of both people, under the names that the rules use."""
    names = sorted(_sided(text for rule in rules for text in (rule.when, rule.unless) if text))
    return "".join(f", l.{name} AS {name}_l, r.{name} AS {name}_r" for name in names)


def _sided(conditions: Iterable[str]) -> set[str]:
    """The columns in conditions over `column_l` and `column_r`, without those endings."""
    return {name.removesuffix("_l").removesuffix("_r") for text in conditions for name in _names(text)}


def _names(condition: str) -> set[str]:
    return {column.name for column in sqlglot.parse_one(condition, read="duckdb").find_all(sql.Column)}


def _type(name: str) -> pa.DataType:
    return pa.list_(pa.string()) if name in LISTS else pa.string()


def _rounded(comparison: Mapping[str, Any]) -> dict[str, Any]:
    levels = comparison["comparison_levels"]
    rounded = [{**level, "sql_condition": prepared(level["sql_condition"])} for level in levels]
    return {**comparison, "comparison_levels": rounded}


def prepared(condition: str) -> str:
    """A condition as the database runs it: rounded as `round_similarities` does, and with the lengths compared first.
    Two texts whose lengths differ by more than the edit distance allows are not compared letter by letter (that takes a
    microsecond, and there are millions)."""
    if "levenshtein" not in condition.lower():
        return round_similarities(condition)

    def bounded(node: sql.Expr) -> sql.Expr:
        bound = _BOUNDS.get(type(node))
        if bound is None or not _is_distance(node.this):
            return node
        left, right = (sql.Length(this=one.copy()) for one in node.this.expressions)
        lengths = type(node)(this=sql.Abs(this=sql.Sub(this=left, expression=right)), expression=node.expression.copy())
        return sql.paren(bound(lengths, node))

    tree = sqlglot.parse_one(condition, read="duckdb").transform(bounded)
    return round_similarities(tree.sql(dialect="duckdb"))


def round_similarities(condition: str) -> str:
    """The condition with rounded Jaro-Winkler values, so that none misses a threshold by its last bit."""
    if "jaro_winkler" not in condition.lower():
        return condition

    def around(node: sql.Expr) -> sql.Expr:
        if not isinstance(node, sql.JarowinklerSimilarity):
            return node
        return sql.Round(this=node, decimals=sql.Literal.number(SIMILARITY_DIGITS))

    return sqlglot.parse_one(condition, read="duckdb").transform(around).sql(dialect="duckdb")


def _is_distance(node: sql.Expr) -> bool:
    return isinstance(node, sql.Anonymous) and str(node.this).lower() == "damerau_levenshtein"


# The distance is at least the difference of the lengths: for "at most 1" both must be at most 1, and for "more than 1"
# one of them must be more.
_BOUNDS: Mapping[type[sql.Expr], Callable[..., sql.Expr]] = {sql.LTE: sql.and_, sql.GT: sql.or_}
