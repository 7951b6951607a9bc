"""The SQL of a Splink model, worked in Python: what is true for two students.

Owns the small part of SQL that model files may use. Promises: `truth` gives exactly what DuckDB gives, three-valued
logic included (a test holds the two together); nothing is executed that is not in the tables below, so a model file is
data and never code.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import sqlglot
from rapidfuzz.distance import DamerauLevenshtein, JaroWinkler, Levenshtein
from sqlglot import expressions as sql

Value = Any  # str, Sequence[str], int or None: what a feature can be
Student = Mapping[str, Value]
Truth = Callable[[Student, Student], bool]
_Term = Callable[[Student, Student], Value]

_MOST_CHARS = 2000  # of one condition


class NotUnderstood(ValueError):
    """A condition uses SQL that Satchel's own executor does not know."""


def truth(condition: str) -> Truth:
    """Whether a condition over `column_l` and `column_r` is true (neither false nor NULL) for a left and a right
    student. Raises NotUnderstood."""
    if len(condition) > _MOST_CHARS:
        raise NotUnderstood("the condition is too long")
    return _is(sqlglot.parse_one(condition, read="duckdb"), True)


def term(expression: str) -> Callable[[Student], Value]:
    """The value of an expression over one student's columns. Raises NotUnderstood."""
    worked = _value(sqlglot.parse_one(expression, read="duckdb"))
    return lambda student: worked(student, student)


def _is(node: sql.Expr, wanted: bool) -> Truth:
    """Whether a node is TRUE (or, with `wanted` False, FALSE); NULL is neither."""
    if isinstance(node, sql.Paren):
        return _is(node.this, wanted)
    if isinstance(node, sql.Not):
        return _is(node.this, not wanted)
    if isinstance(node, sql.And | sql.Or):
        first, second = _is(node.left, wanted), _is(node.right, wanted)
        if isinstance(node, sql.And) is wanted:
            return lambda left, right: first(left, right) and second(left, right)
        return lambda left, right: first(left, right) or second(left, right)
    if isinstance(node, sql.Is) and isinstance(node.expression, sql.Null):
        value = _value(node.this)
        return lambda left, right: (value(left, right) is None) is wanted
    if isinstance(node, sql.Boolean):
        return lambda _left, _right: bool(node.this) is wanted
    return _compared(node, wanted)


_COMPARED: dict[type[sql.Expr], Callable[[Any, Any], bool]] = {
    sql.EQ: lambda a, b: bool(a == b),
    sql.NEQ: lambda a, b: bool(a != b),
    sql.GT: lambda a, b: bool(a > b),
    sql.GTE: lambda a, b: bool(a >= b),
    sql.LT: lambda a, b: bool(a < b),
    sql.LTE: lambda a, b: bool(a <= b),
    sql.ArrayOverlaps: lambda a, b: not set(a).isdisjoint(b),
    sql.ArrayContains: lambda a, b: b in a,
}


def _compared(node: sql.Expr, wanted: bool) -> Truth:
    compare = _COMPARED.get(type(node))
    if compare is None:
        raise NotUnderstood(f"unknown condition: {node.sql(dialect='duckdb')}")
    first, second = _value(node.this), _value(node.expression)

    def holds(left: Student, right: Student) -> bool:
        a = first(left, right)
        if a is None:
            return False
        b = second(left, right)
        return b is not None and compare(a, b) is wanted

    return holds


def _value(node: sql.Expr) -> _Term:
    if isinstance(node, sql.Paren):
        return _value(node.this)
    if isinstance(node, sql.Column):
        return _column(node.name)
    if isinstance(node, sql.Literal):
        constant = node.this if node.is_string else float(node.this)
        return lambda _left, _right: constant
    name, parts = _called(node)
    function = _FUNCTIONS.get(name)
    if function is None:
        raise NotUnderstood(f"unknown function: {node.sql(dialect='duckdb')}")
    values = [_value(part) for part in parts]

    def call(left: Student, right: Student) -> Value:
        given = [value(left, right) for value in values]
        return None if None in given else function(*given)

    return call


def _column(name: str) -> _Term:
    column = name.removesuffix("_l").removesuffix("_r")
    if name.endswith("_r"):
        return lambda _left, right: right[column]
    return lambda left, _right: left[column]


_FUNCTIONS: dict[str, Callable[..., Value]] = {
    "jaro_winkler_similarity": JaroWinkler.similarity,
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
