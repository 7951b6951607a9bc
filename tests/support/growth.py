"""How the work of a regular expression grows with its input: texts made against it, and the comparison of sizes.

Owns what is thrown at an expression. Texts are made from the expression itself: a head that brings it to one of its
repetitions, a unit many times over, and an end that does not fit. No absolute time counts, only how many times more a
text of several times the size costs; what looks bad is measured again, and the best measurement counts.
"""

import gc
import importlib
import re
import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import pairwise
from statistics import median
from typing import Any, NamedTuple

_parser: Any = importlib.import_module("re._parser")
_compiler: Any = importlib.import_module("re._compiler")
_SIZES = (4, 12, 32, 256, 2048)  # the small ones stop what doubles with each character before it takes for ever
_REPEATED = 32  # up to here a size counts units, then characters
_AGAIN, _LOOKS = 7, 4
_FEW, _MANY = 40, 24  # times more between two sizes: linear is 3 and 8, square 9 and 64
_COMMON = 'a0A _-\n\0"\\<(@.,é'
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")
_OF_ONE = ("LITERAL", "NOT_LITERAL", "ANY", "IN")
_MOST_COPIES = 40


class Filling(NamedTuple):
    """A text in three parts, of which the middle one is repeated."""

    head: str
    unit: str
    tail: str

    def of(self, size: int) -> str:
        """The text of about this size."""
        count = size if size <= _REPEATED else max(size // len(self.unit), 1)
        return self.head + self.unit * count + self.tail


def superlinear(pattern: "re.Pattern[Any]", method: str) -> Filling | None:
    """The first text by which the work of this use grows more than its size; nothing where none does."""
    pattern = _of_few_copies(pattern)
    work = _work(pattern, method)
    make: Callable[[str], Any] = _bytes if isinstance(pattern.pattern, bytes) else str
    least = _tree(pattern).getwidth()[0]
    gc.disable()
    try:
        for one in fillings(pattern):
            texts = [(size, one.of(size)) for size in _SIZES]
            if _grows(work, [(size, make(text)) for size, text in texts if len(text) >= least]):
                return one
    finally:
        gc.enable()
    return None


def _of_few_copies(pattern: "re.Pattern[Any]") -> "re.Pattern[Any]":
    """The same with fewer copies where very many are needed: shorter texts are given up at once, whatever they hold."""
    few = f"{{{_MOST_COPIES},"
    if isinstance(pattern.pattern, bytes):
        return re.compile(re.sub(rb"\{\d{3,},", few.encode(), pattern.pattern), pattern.flags & ~re.DEBUG)
    return re.compile(re.sub(r"\{\d{3,},", few, pattern.pattern), pattern.flags & ~re.DEBUG)


def _grows(work: Callable[[Any], object], texts: list[tuple[int, Any]]) -> bool:
    """Whether `work` grows far more than its text from any of these texts, each with its size, to the next."""
    for (_, before), (size, now) in pairwise(texts):
        most = _FEW if size <= _REPEATED else _MANY
        # one look at the small text that was kept waiting would hide growth, and the next size may take for ever
        few = min(_cost(work, before) for _ in range(_LOOKS))
        if _cost(work, now) > most * few and _surely(work, before, now, most):
            return True
    return False


def _surely(work: Callable[[Any], object], small: Any, large: Any, most: int) -> bool:
    least = min(_cost(work, large) for _ in range(_AGAIN))
    return least > most * median(_cost(work, small) for _ in range(_AGAIN))  # one may have been kept waiting


def _cost(work: Callable[[Any], object], text: Any) -> float:
    begin = time.thread_time_ns()
    work(text)
    return time.thread_time_ns() - begin


def _bytes(text: str) -> bytes:
    return text.encode("latin-1", "replace")


def _work(pattern: "re.Pattern[Any]", method: str) -> Callable[[Any], object]:
    called = getattr(pattern, method)
    if method in ("sub", "subn"):
        return lambda text: called(text[:0], text)
    return (lambda text: deque(called(text), 0)) if method == "finditer" else called


def _tree(pattern: "re.Pattern[Any]") -> Any:
    return _parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)


def fillings(pattern: "re.Pattern[Any]") -> Iterator[Filling]:
    """The texts against an expression, each once."""
    tree = _tree(pattern)
    heads, bodies = {"": None}, dict[str, None]()
    whole = _sample(tree, "", tree, heads, bodies)
    letters = dict.fromkeys([*_COMMON, *_letters(tree, tree)])
    units = dict.fromkeys([*letters, *bodies, *(one for one in heads if one), *([whole] if whole else [])])
    pairs = [one + other for one in letters for other in letters if one != other]
    seen = dict.fromkeys((head, unit) for head in heads for unit in units)
    seen |= dict.fromkeys((head, pair) for head in list(heads)[:2] for pair in pairs)
    for head, unit in seen:
        yield Filling(head, unit, "\0")
        yield Filling(head, unit, "")


def _sample(nodes: Any, text: str, tree: Any, heads: dict[str, None], bodies: dict[str, None]) -> str:
    """`text` and what fits these nodes after it; notes what comes before each repetition, and what is repeated."""
    for kind, value in nodes:
        name = str(kind)
        if name in _OF_ONE:
            text += _fitting((kind, value), tree)
        elif name in _REPEATS:
            least, most, body = value
            heads[text] = None
            once = _sample(body, text, tree, heads, bodies)
            bodies[once[len(text) :]] = None
            copies = min(max(least, 1), _MOST_COPIES)
            text += once[len(text) :] * copies if most else ""
        elif name == "SUBPATTERN":
            text = _sample(value[3], text, tree, heads, bodies)
        elif name == "ATOMIC_GROUP":
            text = _sample(value, text, tree, heads, bodies)
        elif name == "BRANCH":
            ways = [_sample(one, text, tree, heads, bodies) for one in value[1]]
            bodies.update((way[len(text) :], None) for way in ways)
            text = ways[0]
    bodies.pop("", None)
    return text


def _fitting(node: Any, tree: Any) -> str:
    """A character that fits a node of one character."""
    one = _compiler.compile(_parser.SubPattern(tree.state, [node]), tree.state.flags & ~re.DEBUG)
    is_bytes = isinstance(tree.state.str, bytes)
    known = [chr(code) for code in _literals(node)]
    return next((char for char in [*known, *_COMMON] if one.match(_bytes(char) if is_bytes else char)), "")


def _literals(node: Any) -> Iterator[int]:
    kind, value = node
    if str(kind) == "LITERAL":
        yield value
    elif str(kind) == "RANGE":
        yield from value
    elif str(kind) == "IN":
        for inner in value:
            yield from _literals(inner)


def _letters(nodes: Any, tree: Any) -> Iterator[str]:
    """One character for each class, and each sign that is not a plain letter, of which other letters are as good."""
    for kind, value in nodes:
        name = str(kind)
        if name in _OF_ONE:
            yield from (chr(code) for code in _literals((kind, value)) if not chr(code).isalnum())
            yield from [] if name == "LITERAL" else _fitting((kind, value), tree)
        elif name in _REPEATS:
            yield from _letters(value[2], tree)
        elif name == "SUBPATTERN":
            yield from _letters(value[3], tree)
        elif name == "ATOMIC_GROUP":
            yield from _letters(value, tree)
        elif name == "BRANCH":
            for one in value[1]:
                yield from _letters(one, tree)
