"""The ways in which an LEA comes to speak of a flagged child. Each module here enters its own into the table."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module

from tests.support.flagged import Child

Story = Callable[[Child], Iterator[None]]


@dataclass(frozen=True)
class Way:
    """One way in. The story is told up to its `yield`, where the flag is set, and then to its end; `by` is the LEA that
    asks in it, `kind` what the state is told; `differs` names what of docs/access.md an LEA is given otherwise."""

    name: str
    by: str
    kind: str
    differs: frozenset[str]
    story: Story


WAYS: list[Way] = []


def way(by: str, kind: str, *differs: str) -> Callable[[Story], Story]:
    """The story below is a way in."""

    def enter(story: Story) -> Story:
        WAYS.append(Way(story.__name__.strip("_"), by, kind, frozenset(differs), story))
        return story

    return enter


HELD = ("told-held", "not-asked")


def every() -> list[Way]:
    """The whole table."""
    for name in ("enrollments", "requests", "packets"):
        import_module(f"{__name__}.{name}")
    return WAYS
