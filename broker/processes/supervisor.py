"""`satchel up`: starts every part of one machine, restarts parts that die, says `ready`, and stops cleanly.

Owns the processes. Promises: a part that dies is started again, with a growing pause if it keeps dying; on SIGINT or
SIGTERM parts are asked to stop in the order in which work flows, and the embedded Redis last; two supervisors never run
one home or one ledger, and the parts of a killed supervisor are gone before the next one starts its own.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import structlog

from broker import founding
from broker.edge import log, log_repeats
from broker.edge.home import apart
from broker.edge.home.folders import Home
from broker.edge.home.running import hold, is_up, read_beats
from broker.edge.ledger.engine import Engine, place_of
from broker.edge.ledger.lease import Lease
from broker.edge.queue.embedded_redis import binary, configuration, make_way
from broker.edge.queue.queues import Queues, check_socket
from broker.edge.settings import passwords
from broker.edge.settings.values import Settings
from broker.held import held_by
from broker.processes.part import UNUSABLE

_LOOK_SECONDS = 0.1
_FIRST_PAUSE, _MOST_PAUSE, _HEALTHY_SECONDS = 0.1, 10.0, 30.0
_STOP_SECONDS = 60.0
_TAKE_SECONDS = 5.0  # how long a killed supervisor's database session may take to end
_LEASE_SECONDS = 5.0  # between two checks of the ledger's lease
_ELSEWHERE = "The exchange runs on the ledger at {ledger} from another home, a copy of this one; stop that one first."
_KILLED_SECONDS = 5.0
_GONE_SECONDS = 60.0  # how long the parts of a killed supervisor may take to end
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


class AlreadyUp(Exception):
    """Another `satchel up` runs this home."""


class Unusable(Exception):
    """A part found a fault that only the operator can correct; the message is the part's sentence."""


@dataclass(slots=True)
class Child:
    """One supervised process."""

    name: str
    command: list[str]
    stdin: bytes = b""
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    pause: float = _FIRST_PAUSE
    environment: dict[str, str] = field(default_factory=dict)
    keeps: tuple[int, ...] = ()  # inherited descriptors: the lock of the home
    errors: Path | None = None  # where its standard error goes; None for a part, which writes JSON lines
    memory: int = field(default_factory=log_repeats.kept)  # what it has logged, for its next start

    def start(self) -> None:
        """Start it now."""
        environment = passwords.environment(held_by(self.name.partition("-")[0]))
        with self.errors.open("ab") if self.errors else nullcontext() as errors:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE if self.stdin else subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # the supervisor's own output is only `ready`; logs go to stderr
                stderr=errors,
                env=environment | self.environment | {log.MEMORY: str(self.memory)},
                start_new_session=True,  # a Ctrl-C in the terminal reaches only the supervisor
                pass_fds=[fd for fd in (*self.keeps, self.memory) if fd >= 0],
                preexec_fn=_end_with_parent,
            )
        if self.stdin and self.process.stdin:
            self.process.stdin.write(self.stdin)
            self.process.stdin.close()
        self.started = time.monotonic()

    def why(self) -> str:
        """The reason that it gave why it could not run; '' for none."""
        return log_repeats.Memory(self.memory).why()

    def ended(self) -> int | None:
        """Its exit code; None while it runs."""
        return self.process.poll() if self.process else None

    def tend(self) -> bool:
        """Start it again when it has died and its pause is over; True when it was started."""
        if self.process is None or self.process.poll() is None:
            return False
        lived = time.monotonic() - self.started
        if lived > _HEALTHY_SECONDS:
            self.pause = _FIRST_PAUSE
        if lived < self.pause:
            return False
        self.pause = min(self.pause * 2, _MOST_PAUSE)
        self.start()
        return True

    def stop(self, how: int = signal.SIGTERM) -> None:
        """Ask it to end, and kill it if it takes too long."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(how)
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            with suppress(subprocess.TimeoutExpired):  # one of its threads hangs in a mount, even after the kill
                self.process.wait(_KILLED_SECONDS)


def _part(settings: Settings, module: str, *more: str) -> list[str]:
    return [sys.executable, "-m", f"broker.processes.{module}", "--home", str(settings.home), *more]


def _redis_child(settings: Settings) -> Child:
    check_socket(settings.home, is_made=True)
    program = binary()
    make_way(settings.home, program)
    started = Child("redis", [program, "-"], configuration(settings.home).encode())
    started.errors = settings.home / "run" / "redis.log"  # it does not write JSON lines
    return started


def plan(settings: Settings) -> list[Child]:
    """The parts of one machine, in starting order."""
    count = settings.workers.processes or os.cpu_count() or 1
    impatient = {"dramatiq_restart_delay": "300"}  # milliseconds a consumer waits after it lost Redis
    children = [] if settings.redis.url else [_redis_child(settings)]
    children += [
        Child(f"worker-{number}", _part(settings, "worker", "--number", str(number)), environment=impatient)
        for number in range(count)
    ]
    costly = _part(settings, "worker", "--costly", "--number", str(count))
    children.append(Child("worker-costly", costly, environment=impatient))
    children += [Child("sweeper", _part(settings, "sweeper")), Child("watcher", _part(settings, "watcher"))]
    if settings.sftp.enabled:
        children.append(Child("sftp", _part(settings, "sftp")))
    return children


class Supervisor:
    """Runs one home until it is told to stop."""

    def __init__(
        self, settings: Settings, engine: Engine, say: Callable[[str], None], log: structlog.stdlib.BoundLogger
    ) -> None:
        self._settings = settings
        self._engine = engine
        self._lease = Lease(engine)
        self._next_look = 0.0
        self._say = say
        self._log = log
        self._run = settings.home / "run"
        self._children: list[Child] = []
        self._is_stopping = False
        self._lock: IO[str] | None = None

    def _take_home(self) -> None:
        until = time.monotonic() + _GONE_SECONDS
        while (lock := hold(self._run)) is None:
            if is_up(self._run) or time.monotonic() > until:
                raise AlreadyUp(f"Another `satchel up` runs {self._settings.home} already; stop it first.")
            time.sleep(_LOOK_SECONDS)  # the other supervisor was killed, and its parts are ending
        self._lock = lock  # kept until the process ends
        (self._run / "supervisor.pid").write_text(str(os.getpid()))

    def _take_ledger(self) -> None:
        """Another home on any machine, a copy of this one, may run on the same ledger."""
        if not self._lease.take(_TAKE_SECONDS):
            raise AlreadyUp(_ELSEWHERE.format(ledger=place_of(self._settings)))
        founding.begin_run(self._engine, Home(self._settings.home))

    def _keep_ledger(self) -> None:
        if time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + _LEASE_SECONDS
        if self._lease.is_lost():
            raise AlreadyUp(_ELSEWHERE.format(ledger=place_of(self._settings)))

    def _ready(self) -> bool:
        wanted = {child.name for child in self._children} - {"redis"}
        pids = {child.process.pid for child in self._children if child.process}
        beats = read_beats(self._run)
        return wanted <= {beat["part"] for beat in beats if beat.get("ready") and beat["pid"] in pids}

    def _wait_for_redis(self) -> None:
        queues = Queues(self._settings)
        until = time.monotonic() + 20
        while not queues.ping() and not self._is_stopping:
            if time.monotonic() > until:
                raise AlreadyUp("Redis does not answer; see redis.url in satchel.toml, and the messages above.")
            time.sleep(0.02)

    def _on_signal(self, _number: int, _frame: object) -> None:
        self._is_stopping = True

    def run(self) -> None:
        """Run until SIGINT or SIGTERM. Raises AlreadyUp, NoRedis, Unusable, home_id.OtherHome."""
        self._run.mkdir(mode=0o700, exist_ok=True)
        self._take_home()
        self._take_ledger()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        _purge_heartbeats(self._run)
        self._children = plan(self._settings)
        for child in self._children:
            child.keeps = (self._lock.fileno(),) if self._lock else ()
        try:
            self._start()
            self._tend()
        finally:
            self._stop()

    def _start(self) -> None:
        for child in self._children:
            child.start()
            if child.name == "redis":
                self._wait_for_redis()
        if self._settings.redis.url:
            self._wait_for_redis()

    def _tend(self) -> None:
        announced = False
        while not self._is_stopping:
            for child in self._children:
                if not announced and child.ended() == UNUSABLE:
                    raise Unusable(child.why() or f"{child.name} cannot run; see the log.")
                code = child.ended()  # negative: the signal that ended it
                if child.tend():
                    self._log.warning("a part had died and was started again", died=child.name, code=code)
            if not announced and self._ready():
                announced = True
                self._say("ready")
            self._keep_ledger()
            log.look()
            time.sleep(_LOOK_SECONDS)

    def _stop(self) -> None:
        for child in reversed([child for child in self._children if child.name != "redis"]):
            child.stop()
        for child in self._children:
            child.stop()
        self._lease.give_up()


def _end_with_parent() -> None:
    """Runs in a new child: if the supervisor is killed, the child is asked to stop (prctl(2), Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _purge_heartbeats(run: Path) -> None:
    """Remove the heartbeats of an earlier run: they say nothing about this one."""
    for path in run.glob("*.json"):
        path.unlink(missing_ok=True)
    apart.purge_marks(Home(run.parent))
