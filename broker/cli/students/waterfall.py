"""A verdict as a waterfall: from the weight with which every pair begins, field by field, to the answer.

Owns its picture. Promises: it can be understood without colours and read aloud; it shows no student data.
"""

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from broker.identity import reasons
from broker.identity.answer import Answer, Reason, Says, Verdict
from broker.identity.evidence import Limits

_BITS_A_BLOCK = 2.0
_MOST_BLOCKS = 12
_COLOURS = {Says.FOR: "green", Says.AGAINST: "red", Says.NOTHING: "dim"}
_WORDS = {Says.FOR: "for it", Says.AGAINST: "against it", Says.NOTHING: "nothing"}
_ANSWER_COLOURS = {Answer.MATCH: "bold green", Answer.REVIEW: "bold yellow", Answer.NONE: "bold red"}


def show(console: Console, heading: str, verdict: Verdict, limits: Limits) -> None:
    """Print one verdict under a heading."""
    console.print(
        Text.assemble(
            f"{heading}: ",
            (str(verdict.answer), _ANSWER_COLOURS[verdict.answer]),
            f", {reasons.conclusion(verdict.answer)}.",
        )
    )
    rules = [one for one in verdict.reasons if reasons.is_rule(one)]
    fields = [one for one in verdict.reasons if one not in rules]
    silent = [reasons.title(one).lower() for one in fields if one.says is Says.NOTHING]
    lines = [f"All together {verdict.weight:+.1f}. {_standing(verdict.weight, limits)}"]
    lines += [f"But: {one.sentence}" for one in rules]
    lines += [f"Says nothing: {', '.join(silent)}."] if silent else []
    console.print(Padding(_table(fields), (0, 0, 0, 2)))
    for line in lines:
        console.print(Padding(line, (0, 0, 0, 2)))
    console.print()


def _table(fields: list[Reason]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 1))
    table.add_column("field", no_wrap=True)
    table.add_column("weight", justify="right", no_wrap=True)
    table.add_column("bar", width=_MOST_BLOCKS, no_wrap=True)
    table.add_column("found", overflow="fold")
    for one in fields:
        if one.says is not Says.NOTHING:
            bar = Text("█" * _blocks(one.weight), style=_COLOURS[one.says])
            speaks = f"{one.sentence} ({reasons.strength(one.weight)} {_WORDS[one.says]})"
            table.add_row(reasons.title(one), f"{one.weight:+.1f}", bar, speaks)
    return table


def _blocks(weight: float) -> int:
    return max(1, min(_MOST_BLOCKS, round(abs(weight) / _BITS_A_BLOCK)))


def _standing(weight: float, limits: Limits) -> str:
    """Where a weight is among the limits, in a sentence."""
    if weight >= limits.match:
        return f"A match takes {limits.match:+.1f}."
    if weight >= limits.review:
        return f"A match takes {limits.match:+.1f}; from {limits.review:+.1f} on somebody should look."
    return f"Only from {limits.review:+.1f} on should somebody look."
