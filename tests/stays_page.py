"""The table of docs/stays.md: the situations of tests/vectors/stays.toml, for those who read law and not code.

Owns how a situation is written down there. The same situations are tests of the program, so the page cannot say
something else than what happens.
"""

from collections.abc import Callable, Iterable, Sequence

from tests.support import situations
from tests.support.situations import Look, Situation, Told

Table = Callable[[Sequence[str], Iterable[Sequence[str]]], str]
HEAD = ("situation", "what LEAs tell", "so, on this day", "in words", "rule")


def table(made: Table) -> str:
    """Every situation."""
    return made(HEAD, (_row(one) for one in situations.read()))


def _row(one: Situation) -> list[str]:
    told = "; ".join(map(_told, one.told))
    return [one.name, told, "; ".join(map(_look, one.looks)), one.answer, one.section]


def _told(one: Told) -> str:
    report = one.report
    where = f"{report.lea} school {report.school}"
    facts = [f"left {report.ends}"] if report.is_entry and report.ends else []
    facts += [name if value else f"not {name}" for name, value in _said(one) if value is not None]
    words = f"{where} {'enters' if report.is_entry else 'exit'} {report.day}{''.join(f', {fact}' for fact in facts)}"
    late = f" (told {one.day})" if one.day != report.day else ""
    return words + late + (" (refused)" if one.refused else "")


def _said(one: Told) -> Iterable[tuple[str, bool | None]]:
    return ("dual", one.report.dual), ("military", one.report.military)


def _look(look: Look) -> str:
    beside = sorted(look.holders - {look.here})
    words = [f"{look.today}: the child is {f'at {look.here}' if look.here else 'nowhere'}"]
    words += [f"also at {', '.join(beside)}"] if beside else []
    words += [f"announced by {', '.join(sorted(look.announced))}"] if look.announced else []
    if look.asked:
        who = f"{look.asks}, by a request," if look.asks else look.here
        words.append(f"{who} asks {' and '.join(sorted(look.asked))}")
    return ", ".join(words)
