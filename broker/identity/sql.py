"""The SQL of a Splink model, run in Python: whether a condition is true for two students.

Owns the small part of SQL that model files may use. Promises: `truth` gives exactly what DuckDB gives, three-valued
logic included (a test compares them). A condition becomes one Python function, because a tree of small functions takes
three times as long. Its source is made only of the tables below and of quoted texts, so a model file is data and never
code.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlglot
from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler, Levenshtein
from sqlglot import expressions as sql
from sqlglot.errors import SqlglotError

from broker.identity.conditions import Truth

Value = Any  # the types of a feature: str, Sequence[str], int or None
Student = Mapping[str, Value]

_MOST_CHARS = 8000  # of one condition
_KEPT = 512  # functions that a process keeps, some kB each: a model has a hundred, and reading them takes 0.2 s


class NotUnderstood(ValueError):
    """A condition uses SQL that Satchel's own executor does not know."""


@lru_cache(maxsize=_KEPT)
def truth(condition: str) -> Truth:
    """Whether a condition over `column_l` and `column_r` is true (neither false nor NULL) for a left and a right
    student. Raises NotUnderstood."""
    return _made(_is(parsed(condition), True))


@lru_cache(maxsize=_KEPT)
def term(expression: str) -> Callable[[Student], Value]:
    """The value of an expression over one student's columns. Raises NotUnderstood."""
    tree = parsed(expression)
    known = _known(tree)
    worked = _made(f"({_value(tree)}) if {known} else None")
    return lambda student: worked(student, student)


def parsed(text: str) -> sql.Expr:
    """A condition or expression as a tree. Raises NotUnderstood for a text that is no SQL, or too long."""
    if len(text) > _MOST_CHARS:
        raise NotUnderstood("the condition is too long")
    try:
        return sqlglot.parse_one(text, read="duckdb")
    except (SqlglotError, RecursionError) as error:
        raise NotUnderstood(f"this is no condition: {text[:200]}") from error


@lru_cache(maxsize=_KEPT)
def sides(rule: str) -> tuple[tuple[str, str], ...]:
    """For each equality of a blocking rule `l.this = r.that AND …`, its expressions over `l` and over `r`. Raises
    NotUnderstood, and ValueError for another form of rule."""
    tree = parsed(rule)
    return tuple(_sides(one) for one in (tree.flatten() if isinstance(tree, sql.And) else (tree,)))


def _sides(equality: sql.Expr) -> tuple[str, str]:
    """The expressions over `l` and over `r`, without the prefixes `l` and `r`."""
    if not isinstance(equality, sql.EQ):
        raise ValueError(f"a blocking rule joins equalities: {equality.sql()}")
    sides = {}
    for side in (equality.this, equality.expression):
        tables = {column.table for column in side.find_all(sql.Column)}
        bare = side.transform(lambda node: sql.column(node.name) if isinstance(node, sql.Column) else node)
        sides[" ".join(sorted(tables))] = bare.sql(dialect="duckdb")
    if set(sides) != {"l", "r"}:
        raise ValueError(f"a blocking rule holds a column of l against one of r: {equality.sql()}")
    return sides["l"], sides["r"]


def _made(source: str) -> Callable[[Student, Student], Any]:
    """The function of a left and a right student with this source as its body."""
    names = {"__builtins__": {}, "set": set} | dict(_FUNCTIONS)
    made: Callable[[Student, Student], Any] = eval(f"lambda left, right: {source}", names)  # noqa: S307  see the top
    return made


def _is(node: sql.Expr, wanted: bool) -> str:
    """Python source that says whether a node is TRUE (or, with `wanted` False, FALSE); NULL is neither."""
    if isinstance(node, sql.Paren):
        return _is(node.this, wanted)
    if isinstance(node, sql.Not):
        return _is(node.this, not wanted)
    if isinstance(node, sql.And | sql.Or):
        both = "and" if isinstance(node, sql.And) is wanted else "or"
        return f"({_is(node.left, wanted)} {both} {_is(node.right, wanted)})"
    if isinstance(node, sql.Is) and isinstance(node.expression, sql.Null):
        known = _known(node.this)
        return f"not ({known})" if wanted else f"({known})"
    if isinstance(node, sql.Boolean):
        return str(bool(node.this) is wanted)
    return _compared(node, wanted)


_COMPARED: dict[type[sql.Expr], str] = {
    sql.EQ: "({} == {})",
    sql.NEQ: "({} != {})",
    sql.GT: "({} > {})",
    sql.GTE: "({} >= {})",
    sql.LT: "({} < {})",
    sql.LTE: "({} <= {})",
    sql.ArrayOverlaps: "(not set({}).isdisjoint({}))",
    sql.ArrayContains: "({1} in {0})",
    sql.StartsWith: "{}.startswith({})",
}


def _compared(node: sql.Expr, wanted: bool) -> str:
    form = _COMPARED.get(type(node))
    if form is None:
        raise NotUnderstood(f"unknown condition: {node.sql(dialect='duckdb')}")
    first, second = _value(node.this), _value(node.expression)
    holds = form.format(first, second)
    known = _known(node.this, node.expression)
    return f"({known} and {holds if wanted else 'not ' + holds})"


def _known(*nodes: sql.Expr) -> str:
    """Python source that says whether no column is NULL: every function and comparison here is strict."""
    columns = {_column(one.name) for node in nodes for one in node.find_all(sql.Column)}
    return " and ".join(f"{column} is not None" for column in sorted(columns)) or "True"


def _value(node: sql.Expr) -> str:
    if isinstance(node, sql.Paren):
        return _value(node.this)
    if isinstance(node, sql.Column):
        return _column(node.name)
    if isinstance(node, sql.Literal):
        return repr(str(node.this)) if node.is_string else repr(float(node.this))
    name, parts = _called(node)
    if name not in _FUNCTIONS:
        raise NotUnderstood(f"unknown function: {node.sql(dialect='duckdb')}")
    return f"{name}({', '.join(map(_value, parts))})"


def _column(name: str) -> str:
    side = "right" if name.endswith("_r") else "left"
    return f"{side}[{name.removesuffix('_l').removesuffix('_r')!r}]"


SIMILARITY_DIGITS = 9  # the last bit of a double differs between libraries, even at a threshold: 0.92 or 0.91999…


def _jaro_winkler(left: str, right: str) -> float:
    """The similarity, rounded as in the other executor; two empty texts are not alike there."""
    return round(JaroWinkler.similarity(left, right), SIMILARITY_DIGITS) if left or right else 0.0


_FUNCTIONS: dict[str, Callable[..., Value]] = {
    "jaro_winkler_similarity": _jaro_winkler,
    "levenshtein": Levenshtein.distance,
    "damerau_levenshtein": DamerauLevenshtein.distance,
    "substr": lambda text, start, length: text[int(start) - 1 : int(start) - 1 + int(length)],
    "length": len,
}
_NAMED: dict[type[sql.Expr], tuple[str, Sequence[str]]] = {
    sql.JarowinklerSimilarity: ("jaro_winkler_similarity", ("this", "expression")),
    sql.Levenshtein: ("levenshtein", ("this", "expression")),
    sql.Substring: ("substr", ("this", "start", "length")),
    sql.Length: ("length", ("this",)),
}


def _called(node: sql.Expr) -> tuple[str, Sequence[sql.Expr]]:
    if isinstance(node, sql.Anonymous):
        return str(node.this).lower(), node.expressions
    if type(node) in _NAMED:
        name, parts = _NAMED[type(node)]
        return name, [node.args[part] for part in parts]
    raise NotUnderstood(f"unknown expression: {node.sql(dialect='duckdb')}")
