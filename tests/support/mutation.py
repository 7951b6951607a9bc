"""Files that are nearly right: real ones with a few changes, as fuzzers make them.

Promises: the changes are drawn by Hypothesis, so that a failure is made small; no file grows over `MOST`.
"""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from hypothesis import strategies as st

from tests.support.tools import CORPORA

MOST = 64 * 1024  # bytes of a seed and of what becomes of it
HANGS = 20.0  # seconds of the processor for one such file, of which an honest one takes a few thousandths

Change = tuple[int, int, int, int]


def of_corpora(*patterns: str) -> list[bytes]:
    """The files of the optional real input, of large ones the beginning; none where it is not here."""
    found = (path for pattern in patterns for path in sorted(CORPORA.glob(pattern)) if path.is_file())
    return [_beginning(path) for path in found if path.stat().st_size]


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST // 4)


def mutated(seeds: Sequence[bytes], words: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """One of the seeds with up to six changes; `words` are pieces that mean something in such files."""
    number = st.integers(0, 1 << 20)
    changes = st.lists(st.tuples(st.integers(0, len(_CHANGES) - 1), number, _SPAN, number), max_size=6)
    return st.builds(lambda seed, made: _changed(seeds[seed % len(seeds)], made, seeds, words), number, changes)


_SPAN = st.sampled_from([0, 1, 1, 2, 3, 4, 8, 16, 64, 256, 1024])


def _changed(content: bytes, made: Sequence[Change], seeds: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    for kind, at, span, other in made:
        content = _CHANGES[kind](content, at % (len(content) + 1), span, other, seeds, words)[:MOST]
    return content


def _put_word(content: bytes, at: int, span: int, other: int, _: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    return content[:at] + words[other % len(words)] + content[at + span % 4 :]


def _put_bytes(content: bytes, at: int, span: int, other: int, *_: object) -> bytes:
    put = other.to_bytes(3, "big")[: 1 + other % 3]
    return content[:at] + put + content[at + span % 8 :]


def _cut(content: bytes, at: int, span: int, *_: object) -> bytes:
    return content[:at] + content[at + span :]


def _end(content: bytes, at: int, *_: object) -> bytes:
    return content[:at]


def _repeat(content: bytes, at: int, span: int, other: int, *_: object) -> bytes:
    return content[:at] + content[at : at + span] * (2 + other % 99) + content[at + span :]


def _flip(content: bytes, at: int, _span: int, other: int, *_: object) -> bytes:
    return content[:at] + bytes(one ^ (1 << other % 8) for one in content[at : at + 1]) + content[at + 1 :]


def _splice(content: bytes, at: int, span: int, other: int, seeds: Sequence[bytes], _: object) -> bytes:
    beside = seeds[other % len(seeds)]
    start = (other // len(seeds)) % (len(beside) + 1)
    return content[:at] + beside[start : start + (span or MOST)] + content[at:]


def _encode(content: bytes, _at: int, _span: int, other: int, *_: object) -> bytes:
    name = ("utf-16", "utf-16-be", "utf-8-sig", "cp1252", "utf-32", "utf-16-le")[other % 6]
    return content.decode("utf-8", "replace").encode(name, "replace")


_CHANGES: tuple[Callable[..., bytes], ...] = (_put_word, _put_bytes, _cut, _end, _repeat, _flip, _splice, _encode)


class HangError(Exception):
    """A reader has worked for so long on one small file that it may never end."""


@contextmanager
def no_hang() -> Iterator[None]:
    """Raises HangError in what takes more than `HANGS` of the processor's time."""

    def tell(_signal: int, _frame: FrameType | None) -> None:
        raise HangError

    before = signal.signal(signal.SIGVTALRM, tell)
    signal.setitimer(signal.ITIMER_VIRTUAL, HANGS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
