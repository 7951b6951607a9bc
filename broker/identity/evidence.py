"""The rules of evidence: cases that a sum of weights must not decide alone.

Owns the limits of a match and of a review, and the rules that pull an answer down (`at_most`) or up (`at_least`):
twins, siblings with the same name and namesakes share so much that a sum of weights would take them for one child. Each
rule is a condition in the same SQL as the model's levels, so both executors can run it: in Python here, and in Splink's
database. Promises: rules are data and are tried in their order; rules that lift come before rules that lower, so the
careful rule has the last word; a condition that is neither true nor false counts on the careful side. A rule may hold
only `below` a weight (a pair without other proof needs so many bits), or only `from` a weight on (common values are no
reason to ask), or only where the state chose to be `strict`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from broker.identity.answer import Answer
from broker.identity.conditions import Truth, truth
from broker.identity.features import Features


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. Where `when` is true and `unless` is not (each is SQL, or empty), the answer becomes at most `at_most`
    or at least `at_least`. With `below`, it holds only for pairs of less weight (bits); with `least`, only for pairs of
    at least that weight; with `is_alone`, only where no number identifies the student."""

    name: str
    when: str
    unless: str
    below: float | None
    least: float | None
    is_alone: bool
    truth: Truth
    at_most: Answer | None
    at_least: Answer | None
    sentence: str

    @property
    def condition(self) -> str:
        """The rule as one SQL condition, true or false and never NULL, without its bounds on the weight."""
        parts = [f"coalesce({self.when}, false)"] if self.when else []
        parts += [f"not coalesce({self.unless}, false)"] if self.unless else []
        return " and ".join(parts)

    def holds(self, weight: float, left: Features, right: Features) -> bool:
        """Whether the rule holds for a pair of this weight in bits."""
        if (self.below is not None and weight >= self.below) or (self.least is not None and weight < self.least):
            return False
        return self.truth(left, right)


@dataclass(frozen=True, slots=True)
class Limits:
    """The weights (bits) from which a pair is a match, or a review; and the rules."""

    match: float
    review: float
    rules: tuple[Rule, ...]


def limits(settings: Mapping[str, Any], *, is_strict: bool = False) -> Limits:
    """The limits from `thresholds.json`, where `{name}` in a rule or a later condition stands for the condition of that
    name. `is_strict` includes the `strict` rules. Raises ValueError or KeyError for a rule that cannot be used."""
    named: dict[str, str] = {}
    for name, condition in settings["conditions"].items():
        named[name] = f"({condition.format_map(named)})"
    chosen = [one for one in settings["rules"] if is_strict or not one.get("strict", False)]
    return Limits(float(settings["match"]), float(settings["review"]), tuple(_rule(one, named) for one in chosen))


def _rule(one: Mapping[str, Any], named: Mapping[str, str]) -> Rule:
    most, least = one.get("at_most"), one.get("at_least")
    when, unless = (one.get(part, "").format_map(named) for part in ("when", "unless"))
    if (most is None) == (least is None) or not (when or unless):
        raise ValueError(f"the rule {one['name']} must say when or unless, and either at_most or at_least")
    if one.get("below") is not None and most != Answer.REVIEW:
        raise ValueError(f"the rule {one['name']} may ask for a weight only where it makes a match a review")
    if one.get("from") is not None and least != Answer.REVIEW:
        raise ValueError(f"the rule {one['name']} may hold from a weight on only where it makes none a review")
    return Rule(
        name=one["name"],
        when=when,
        unless=unless,
        below=_bits(one, "below"),
        least=_bits(one, "from"),
        is_alone=bool(one.get("alone", False)),
        truth=_holds(truth(when) if when else None, truth(unless) if unless else None),
        at_most=Answer(most) if most else None,
        at_least=Answer(least) if least else None,
        sentence=one["sentence"],
    )


def _bits(one: Mapping[str, Any], name: str) -> float | None:
    return None if one.get(name) is None else float(one[name])


def _holds(when: Truth | None, unless: Truth | None) -> Truth:
    if unless is None and when is not None:
        return when
    if when is None and unless is not None:
        return lambda left, right: not unless(left, right)
    return lambda left, right: bool(when and when(left, right)) and not (unless and unless(left, right))


def numbered(limits: Limits) -> Limits:
    """The limits for two records with the same number, which confirms what alone would prove nothing."""
    return replace(limits, rules=tuple(one for one in limits.rules if not one.is_alone))


def decide(limits: Limits, weight: float, left: Features, right: Features) -> tuple[Answer, Sequence[Rule]]:
    """The answer on one pair, and the rules that changed it, in order."""
    answer = _by_weight(limits, weight)
    used: list[Rule] = []
    for rule in limits.rules:
        if rule.at_least and rule.at_least.rank > answer.rank and rule.holds(weight, left, right):
            answer, used = rule.at_least, [*used, rule]
    for rule in limits.rules:
        if rule.at_most and rule.at_most.rank < answer.rank and rule.holds(weight, left, right):
            answer, used = rule.at_most, [*used, rule]
    return answer, used


def deciding(limits: Limits, weight: float, left: Features, right: Features) -> tuple[Rule, ...]:
    """Every rule that alone would have given this answer; none where the weight gave it."""
    _, used = decide(limits, weight, left, right)
    bounds = {(one.at_most, one.at_least) for one in used[-1:]}
    return tuple(
        one for one in limits.rules if (one.at_most, one.at_least) in bounds and one.holds(weight, left, right)
    )


def _by_weight(limits: Limits, weight: float) -> Answer:
    if weight >= limits.match:
        return Answer.MATCH
    return Answer.REVIEW if weight >= limits.review else Answer.NONE
