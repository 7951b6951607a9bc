"""The table of docs/identity.md: the rules of evidence of `thresholds.json`, for those who read law and not SQL.

Owns how a rule is written down there. What the page says of a rule is the sentence that the exchange itself gives.
"""

from collections.abc import Callable, Iterable, Sequence

from broker.identity import models
from broker.identity.answer import Answer
from broker.identity.evidence import Rule

Table = Callable[[Sequence[str], Iterable[Sequence[str]]], str]
HEAD = ("rule", "the answer is", "in words")
_AT_MOST = {Answer.REVIEW: "a question at most", Answer.NONE: "none"}


def rules(made: Table) -> str:
    """Every rule, in the order in which they are tried; those of the strict choice among them."""
    known = {one.name for one in models.load().limits.rules}
    return made(HEAD, (_row(one, one.name not in known) for one in models.load(is_strict=True).limits.rules))


def _row(rule: Rule, is_strict: bool) -> list[str]:
    answer = "a question at least" if rule.at_most is None else _AT_MOST[rule.at_most]
    if rule.below is not None:
        answer += f", below {rule.below:g} bits"
    if rule.least is not None:
        answer += f", from {rule.least:g} bits"
    return [rule.name, f"{answer}; strict choice only" if is_strict else answer, rule.sentence]
