"""What every process of the exchange has in common: signals, a heartbeat, and an end when its parent is gone.

Owns `run/<name>.json`, `.lock` and `.claims` of each part. Promises: in a home only one process has a name, on whatever
machine; SIGTERM and SIGINT ask for a clean stop; the heartbeat has pid, readiness and time, so that `satchel status`
and the supervisor need no other channel; no process long outlives its supervisor; a fault that only the operator can
correct ends a part with one sentence and `UNUSABLE`.
"""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import IO, Any

from broker.core.errors import OperatorError
from broker.edge import log
from broker.edge.home.running import hold
from broker.edge.ledger.engine import DatabaseError
from broker.offline import said_of

UNUSABLE = 78  # the exit code of sysexits.h for a wrong configuration: a restart would not help
_BEAT_SECONDS = 1.0
_GONE_SECONDS = 10.0  # how long a process of the same name may take to end
_LOOK_SECONDS = 0.1


class Part:
    """One running process; `stop` is set when it should end."""

    def __init__(self, run: Path, name: str) -> None:
        self.stop = threading.Event()
        self.name = name
        self._file = run / f"{name}.json"
        self._parent = os.getppid()
        self._ready = False
        self._beating = threading.Lock()  # `ready` beats too
        self.failed = False
        self._lock: IO[str] | None = None
        self._claims = run / f"{name}.claims"
        self._facts: dict[str, Any] = {}

    def ready(self, **facts: Any) -> None:
        """Record that this part works now; its heartbeat shows `facts`."""
        self._ready = True
        self._facts = facts
        self._beat()

    def fail(self) -> None:
        """Something is broken that a new process may correct: end this one, with exit code 1."""
        self.failed = True
        self.stop.set()

    def _beat(self) -> None:
        beat = {"part": self.name, "pid": os.getpid(), "ready": self._ready, "at": time.time(), **self._facts}
        temporary = self._file.with_suffix(".json.tmp")
        with self._beating:
            temporary.write_text(json.dumps(beat))
            temporary.replace(self._file)

    def _take_name(self) -> None:
        """Two processes of one name would free each other's claims, and beat in one file. Raises OperatorError."""
        until = time.monotonic() + _GONE_SECONDS
        while (lock := hold(self._file.parent, f"{self.name}.lock")) is None:
            if time.monotonic() > until:
                raise OperatorError(
                    f"{self.name} of this home runs already; give a further worker a --number of its own."
                )
            time.sleep(_LOOK_SECONDS)  # its previous process may be ending
        self._lock = lock

    def claimed_as(self) -> str:
        """The name under which the previous process of this part made its claims; '' where it is not known. The file
        must have its original inode: a copy of the home has a copy of the file, but the claims are another
        process's."""
        try:
            inode, _, name = self._claims.read_text().partition(" ")
            return name if inode == str(self._claims.stat().st_ino) else ""
        except OSError:
            return ""

    def claim_as(self, name: str) -> None:
        """Record that this process makes its claims under this name from now on."""
        temporary = self._claims.with_suffix(".claims.tmp")
        with open(temporary, "w") as file:
            file.write(f"{os.fstat(file.fileno()).st_ino} {name}")
        temporary.replace(self._claims)

    def _run(self) -> None:
        while not self.stop.wait(_BEAT_SECONDS):
            if os.getppid() != self._parent:
                self.stop.set()
            try:
                self._beat()
            except OSError as full:  # a full disk: the part continues, and is shown as late until there is room
                log.logger().error("no heartbeat", errno=full.errno)
            log.look()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.stop.set()

    @contextmanager
    def living(self) -> "Iterator[Part]":
        """Handle signals and keep the heartbeat while the block runs."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        self._take_name()
        self._beat()
        beating = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        beating.start()
        try:
            yield self
        finally:
            self.stop.set()
            beating.join()
            self._file.unlink(missing_ok=True)
            if self._lock is not None:
                self._lock.close()
            _let_go(self._file.parent / "lock")
        if self.failed:
            sys.exit(1)


def run(main: Callable[[], None]) -> None:
    """Run a part. If the database is away, end with code 1: a new process may find it back."""
    log.begin(Path(sys.argv[0]).stem)  # until the part has its own name
    log.watch_over()
    try:
        main()
    except OperatorError as error:
        log.end_with(str(error))
        sys.exit(UNUSABLE)
    except DatabaseError as error:
        if (said := said_of(error)) is None:
            raise
        log.end_with(said)
        sys.exit(1)


def _let_go(lock: Path) -> None:
    """Close this process's inherited descriptor of the home's lock: a thread that hangs in a mount may keep the process
    from ending."""
    for fd in list(Path("/proc/self/fd").iterdir()) if sys.platform == "linux" else ():
        with suppress(OSError):
            if fd.readlink() == lock:
                os.close(int(fd.name))
