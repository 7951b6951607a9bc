"""The identity model: Splink's settings file, applied to one pair at a time.

Owns the reading of that file and the arithmetic of weights (Fellegi and Sunter 1969: the log2 of m / u, per comparison,
added to the prior odds; Splink's term frequency adjustment for common names). Promises: for the same pair, the weight
equals that of Splink's own executors (a test compares them).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from typing import Any

from broker.identity import conditions, evidence
from broker.identity.conditions import Truth
from broker.identity.evidence import Limits
from broker.identity.features import Features

Terms = Mapping[str, Mapping[str, float]]  # column: value: share of all persons


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a comparison. `weight` is log2(m / u) in bits; `holds` is None for the ELSE level."""

    label: str
    holds: Truth | None
    weight: float
    is_null: bool
    term_column: str = ""
    term_share: float = 0.0  # the part of the adjustment that counts, 0 to 1
    term_usual: float = 0.0  # u of the exact level, which the weight already contains
    term_least: float = 0.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison: the first level that holds counts."""

    name: str
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """The result of one comparison: its weight in bits, which includes the `adjustment` for a common or rare value."""

    comparison: str
    label: str
    number: int  # the place of the level, from 0 on
    weight: float
    is_null: bool
    adjustment: float


@dataclass(frozen=True, slots=True)
class Score:
    """The weight of a pair in bits, including the prior, and its parts."""

    weight: float
    parts: tuple[Part, ...]


class Model:
    """A settings file, ready for use."""

    def __init__(self, settings: Mapping[str, Any], terms: Terms, limits: Limits) -> None:
        """Raises sql.NotUnderstood for a condition that cannot be used here, ValueError or KeyError where the settings
        are no model."""
        self.limits = limits
        odds = settings["probability_two_random_records_match"]
        if not isinstance(terms, Mapping) or not all(isinstance(one, Mapping) for one in terms.values()):
            raise ValueError("the shares of names must stand by column and value")
        self.settings = settings
        self.terms = terms
        self.prior = math.log2(odds / (1 - odds))
        self.comparisons = tuple(_comparison(one) for one in settings["comparisons"])
        self.blocks = tuple(Block(one["blocking_rule"]) for one in settings["blocking_rules_to_generate_predictions"])
        kept = [block.kept_by for block in self.blocks]
        self.places = tuple(kept.index(one) for one in kept)  # for each block, the first block with the same kept key

    def numbered(self) -> "Model":
        """This model for two records with one number (`evidence.numbered`)."""
        other = copy(self)
        other.limits = evidence.numbered(self.limits)
        return other

    def score(self, left: Features, right: Features) -> Score:
        """The weight of one pair."""
        parts = tuple(self._part(one, left, right) for one in self.comparisons)
        return Score(self.prior + sum(part.weight for part in parts), parts)

    def weigh(self, left: Features, right: Features) -> float:
        """Only the weight: the same as that of `score` to the last bit, without the parts."""
        weight = 0.0
        for comparison in self.comparisons:
            level = next(one for one in comparison.levels if one.holds is None or one.holds(left, right))
            weight += level.weight + self._adjustment(level, left, right)
        return self.prior + weight

    def _part(self, comparison: Comparison, left: Features, right: Features) -> Part:
        for number, level in enumerate(comparison.levels):
            if level.holds is None or level.holds(left, right):
                adjustment = self._adjustment(level, left, right)
                return Part(comparison.name, level.label, number, level.weight + adjustment, level.is_null, adjustment)
        raise ValueError(f"no level of {comparison.name} holds: the last one must be ELSE")

    def _adjustment(self, level: Level, left: Features, right: Features) -> float:
        """The adjustment for a common or rare value, as in Splink: u of the exact level over the value's share."""
        if not level.term_column:
            return 0.0
        shares = self.terms.get(level.term_column, {})
        found = [shares[value] for value in (left[level.term_column], right[level.term_column]) if value in shares]
        if not found:
            return 0.0
        return level.term_share * math.log2(level.term_usual / max(*found, level.term_least))


def _comparison(one: Mapping[str, Any]) -> Comparison:
    levels = one["comparison_levels"]
    return Comparison(one["output_column_name"], tuple(_level(level, levels) for level in levels))


def _level(level: Mapping[str, Any], levels: Sequence[Mapping[str, Any]]) -> Level:
    condition, is_null = level["sql_condition"], bool(level.get("is_null_level"))
    is_rest = condition.strip().upper() == "ELSE"
    column = "" if is_rest else level.get("tf_adjustment_column") or ""  # Splink never adjusts the ELSE level
    return Level(
        label=level["label_for_charts"],
        holds=None if is_rest else conditions.truth(condition),
        weight=0.0 if is_null else math.log2(level["m_probability"] / level["u_probability"]),
        is_null=is_null,
        term_column=column,
        term_share=level.get("tf_adjustment_weight", 1.0),
        term_usual=_usual(level, levels) if column else 0.0,
        term_least=level.get("tf_minimum_u_value", 0.0),
    )


def _usual(level: Mapping[str, Any], levels: Sequence[Mapping[str, Any]]) -> float:
    """The u that an adjustment is measured by. In Splink it is u of the column's exact level, unless that is
    disabled."""
    if level.get("disable_tf_exact_match_detection"):
        return float(level["u_probability"])
    column = level["tf_adjustment_column"]
    exact = f"{column}_l={column}_r"
    for other in levels:
        if other["sql_condition"].replace(" ", "").replace('"', "") == exact:
            return float(other["u_probability"])
    raise ValueError(f"{column} is adjusted by its shares, and no level says that it is exactly the same")


class Block:
    """One blocking rule: `l.this = r.that AND …`. Two students with the same key are compared."""

    def __init__(self, rule: str) -> None:
        self.rule = rule
        pairs = conditions.sides(rule)
        self.kept_by = tuple(right for _, right in pairs)
        self._left: list[Callable[[Features], Any]] = [conditions.term(left) for left, _ in pairs]
        self._right: list[Callable[[Features], Any]] = [conditions.term(right) for _, right in pairs]

    def asked(self, student: Features) -> tuple[Any, ...] | None:
        """The key under which this student is searched for; None where a part is unknown."""
        return _key(self._left, student)

    def kept(self, student: Features) -> tuple[Any, ...] | None:
        """The key under which this student is found; None where a part is unknown."""
        return _key(self._right, student)


def _key(parts: Sequence[Callable[[Features], Any]], student: Features) -> tuple[Any, ...] | None:
    values = tuple(part(student) for part in parts)
    return None if None in values else values
