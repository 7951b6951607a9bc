"""What the operator is told of a sick database, disk or clock: once, however many packets meet it.

Owns what was told in this process. Promises: a trouble is an error in the log when it comes up, and while it stands
once an hour with how often it was met; it stands until somebody says that it is over, or has not met it for a while. No
exception's text, for that may hold what was in a packet.
"""

import threading
import time

import structlog

_QUIET_SECONDS = 1800.0  # longer than any pause between two tries of the same work
_AGAIN_SECONDS = 3600.0


class Troubles:
    """Those that stand, each with when it was met and said last, and how often since it was said."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # threads of one process share this
        self._met: dict[tuple[str, str], tuple[float, float, int]] = {}

    def meet(self, log: structlog.stdlib.BoundLogger, what: str, error: BaseException, **facts: object) -> None:
        """It was met; `what` is the work that could not be done, or the thing that is not well."""
        kind, number = kind_of(error), getattr(error, "errno", None)
        key, now = (what, kind), time.monotonic()
        with self._lock:
            met, said, times = self._met.get(key, (float("-inf"), float("-inf"), 0))
            is_new = now - met >= _QUIET_SECONDS
            is_due = is_new or now - said >= _AGAIN_SECONDS
            self._met[key] = (now, now, 0) if is_due else (now, said, times + 1)
        if is_due:
            more = {} if is_new else {"times": times + 1}
            log.error("trouble", what=what, kind=kind, **({"errno": number} if number else {}), **more, **facts)

    def over(self, log: structlog.stdlib.BoundLogger, what: str) -> None:
        """It is well again; said once."""
        with self._lock:
            ended = [key for key in self._met if key[0] == what]
            for key in ended:
                del self._met[key]
        if ended:
            log.warning("trouble is over", what=what)


def kind_of(error: BaseException) -> str:
    """The exception's class, and that of the driver's own error within a statement's."""
    inner = getattr(error, "orig", None)
    return type(error).__name__ if inner is None else f"{type(error).__name__} {type(inner).__name__}"
