"""The places at which a worker of a `tests.support.world.World` is killed."""

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from broker.packets import batch
from broker.stages import withdraw
from broker.transfers import cases


class Killed(BaseException):
    """The worker was killed here: no handler of an Exception sees it."""


def _dies_at(target: Callable[[Any], Any], name: str, *, behind: bool = False) -> Callable[[Any], Any]:
    """A worker dies where it calls this, or `behind` it."""

    def place(world: Any) -> Any:
        real = getattr(target(world), name)

        def call(*args: Any, **named: Any) -> Any:
            if behind:
                real(*args, **named)
            raise Killed

        return patch.object(target(world), name, call)

    return place


PLACES: dict[str, Callable[[Any], Any]] = {
    "claimed": _dies_at(lambda _: batch, "_work_all"),
    "worked": _dies_at(lambda _: batch, "_commit"),
    "staged": _dies_at(lambda world: world.services.inboxes, "stage_delivery", behind=True),
    "flushed": _dies_at(lambda world: world.services.inboxes, "flush", behind=True),
    "noting": _dies_at(lambda _: cases, "delivered", behind=True),
    "committed": _dies_at(lambda world: world.services.inboxes, "publish"),
    "published": _dies_at(lambda world: world.services.inboxes, "publish", behind=True),
    "telling": _dies_at(lambda _: batch, "tell"),
    "taking back": _dies_at(lambda _: withdraw, "statements"),
    "collecting": _dies_at(lambda _: cases, "collected", behind=True),
    "dropping": _dies_at(lambda world: world.services.inboxes, "drop_stage"),
}
