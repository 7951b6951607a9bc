"""What the exchange has, in an LEA's own words: the other way of its mapping.

Owns this change. Promises: a column or code of which the mapping says nothing stays ours; where several of the LEA's
codes lead to one of ours, the first one in its file is written; what is written so is read as what it was.
"""

from collections.abc import Iterable, Iterator, Sequence

from broker.formats.mapping.rules import Rules


def header(names: Sequence[str], rules: Rules) -> tuple[str, ...]:
    """The LEA's own headers for these columns of ours."""
    return tuple(rules.headers.get(name, name) for name in names)


def rows(names: Sequence[str], cells: Iterable[Sequence[str]], rules: Rules) -> Iterator[tuple[str, ...]]:
    """Rows under these columns of ours, with the LEA's own codes."""
    back = [{ours: own for own, ours in reversed([*rules.codes.get(name, {}).items()])} for name in names]
    for row in cells:
        yield tuple(codes.get(cell, cell) for codes, cell in zip(back, row, strict=True))
