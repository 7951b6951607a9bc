"""Tables on the screen that lose nothing.

Owns the layout of rows for the available width. Promises: a fact (a number, a date, a state, an id) is never cut or
broken over two lines, and no column is left out: where a table is too wide for the terminal, each row becomes some
lines of `name: value`; only texts are broken, between words. A pipe gets whole rows, however long. Control characters
and markup in values have no effect.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from broker.terminal.common import say

_MOST_WORD = 16  # a text column is at least as wide as its longest word, up to this
_SIDES = 3  # the width that a column needs besides its content


class Column(NamedTuple):
    """One column. `is_text`: it may be broken between words; other columns are never broken. `is_list`: its values are
    lists, whose texts are shown below each other."""

    name: str
    is_text: bool = False
    is_right: bool = False
    is_list: bool = False


def text(name: str) -> Column:
    """A column of words."""
    return Column(name, is_text=True)


def number(name: str) -> Column:
    """A column of numbers."""
    return Column(name, is_right=True)


def texts(name: str) -> Column:
    """A column of lists of words."""
    return Column(name, is_text=True, is_list=True)


def console() -> Console:
    """A console as wide as the terminal; a pipe gets whole lines."""
    made = Console(highlight=False)
    if not made.is_terminal:
        made.width = 200
    return made


def plain(value: object) -> str:
    """A value that can be shown on one line."""
    shown = "" if value is None else str(value)
    return "".join(one if one.isprintable() else " " if one.isspace() else "?" for one in shown)


def show(
    columns: Sequence[Column | str], rows: Iterable[Sequence[Any]], last: Sequence[Any] | None = None, *, most: int = 0
) -> None:
    """Print the rows, and the `last` one, a sum, set apart from them. With `most` a pipe gets them as a terminal of so
    many columns does, for a table that is read in a mail."""
    own = [one if isinstance(one, Column) else Column(one) for one in columns]
    cells = [_cells(own, row) for row in rows]
    whole = [*cells, _cells(own, last)] if last is not None else cells
    out = console()
    widths = [max([cell_len(one.name), *(_width(row[at]) for row in whole)]) for at, one in enumerate(own)]
    if most and not out.is_terminal:
        out.width = most
    if not out.is_terminal and not most:
        out.width = max(out.width, sum(widths) + _SIDES * len(own) + 1)
    elif _least(own, whole, widths) > out.width:
        _as_lines(own, whole, out.width)
        return
    out.print(_table(own, cells, whole[len(cells) :], widths), soft_wrap=False)


def facts(some: Sequence[str]) -> None:
    """Print short facts, as many on a line as fit."""
    out = console()
    width = out.width if out.is_terminal else sum(map(len, some)) + _SIDES * len(some)
    for line in _packed(some, [False] * len(some), width, "  "):
        say(line)


def _cells(columns: Sequence[Column], row: Sequence[Any]) -> list[str]:
    return [
        "\n".join(map(plain, value)) if one.is_list else plain(value) for one, value in zip(columns, row, strict=True)
    ]


def _width(value: str) -> int:
    return max(map(cell_len, value.split("\n")))


def _least(columns: Sequence[Column], rows: Sequence[Sequence[str]], widths: Sequence[int]) -> int:
    """The least width of a table in which only texts are broken, between words."""
    least = 1
    for at, one in enumerate(columns):
        least += _SIDES + (_word(one, [row[at] for row in rows]) if one.is_text else widths[at])
    return least


def _word(column: Column, values: Iterable[str]) -> int:
    longest = max((cell_len(word) for value in values for word in value.split()), default=0)
    return max(cell_len(column.name), min(_MOST_WORD, longest))


def _table(
    columns: Sequence[Column], rows: Sequence[Sequence[str]], last: Sequence[Sequence[str]], widths: Sequence[int]
) -> Table:
    made = Table(box=box.HEAVY_HEAD)
    for at, one in enumerate(columns):
        made.add_column(
            Text(one.name),
            justify="right" if one.is_right else "left",
            no_wrap=not one.is_text,
            overflow="fold",
            min_width=_word(one, [row[at] for row in rows]) if one.is_text else widths[at],
        )
    for row in rows:
        made.add_row(*map(Text, row))
    if last:
        made.add_section()
        made.add_row(*map(Text, last[0]))
    return made


def _as_lines(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> None:
    for row in rows:
        told = [(one, line) for one, value in zip(columns, row, strict=True) for line in value.split("\n") if line]
        for line in _packed([_fact(one.name, line) for one, line in told], [one.is_text for one, _ in told], width):
            say(line)
        say("")


def _fact(name: str, value: str) -> str:
    return f"{name}: {value}" if name else value


def _packed(facts: Sequence[str], are_texts: Sequence[bool], width: int, gap: str = "   ") -> Iterator[str]:
    """The facts of one row, as many on a line as fit; later lines are indented."""
    line, indent = "", ""
    for fact, is_text in zip(facts, are_texts, strict=True):
        if line.strip() and cell_len(line) + len(gap) + cell_len(fact) <= width:
            line += f"{gap}{fact}"
            continue
        if line.strip():
            yield line
            indent = "  "
        lines = list(_broken(fact, width, indent)) if is_text else [indent + fact]
        yield from lines[:-1]
        line = lines[-1]
    yield line


def _broken(fact: str, width: int, indent: str) -> Iterator[str]:
    """Break a text between words; a word that is longer than a line stays whole."""
    line = indent
    for word in fact.split(" "):
        if line.strip() and cell_len(line) + 1 + cell_len(word) > width:
            yield line
            line = f"{indent}  {word}"
        else:
            line = f"{line} {word}" if line.strip() else line + word
    yield line
