"""Reports to the operator about a failing database, disk or clock: once, however many packets meet the failure.

Owns the memory of reports in this process. Promises: a trouble is logged as an error when it comes up, and then once an
hour, with how often it was met, while it stands; it stands until `over` is called, or until it was not met for a while.
No exception's text is logged, because it may quote a packet.
"""

import threading
import time

import structlog

_QUIET_SECONDS = 1800.0  # longer than any pause between two tries of the same work; after it, a trouble is new
_AGAIN_SECONDS = 3600.0


class Troubles:
    """The standing troubles: when each was last met and last logged, and how often it was met since."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # threads of one process share this
        self._met: dict[tuple[str, str], tuple[float, float, int]] = {}

    def meet(self, log: structlog.stdlib.BoundLogger, what: str, error: BaseException, **facts: object) -> None:
        """Note that a trouble was met. `what` is the work that could not be done, or the thing that fails."""
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
        """Note that the trouble is over; logged once."""
        with self._lock:
            ended = [key for key in self._met if key[0] == what]
            for key in ended:
                del self._met[key]
        if ended:
            log.warning("trouble is over", what=what)


def kind_of(error: BaseException) -> str:
    """The name of the exception's class; for a statement's error, also that of the driver's own error."""
    inner = getattr(error, "orig", None)
    return type(error).__name__ if inner is None else f"{type(error).__name__} {type(inner).__name__}"
