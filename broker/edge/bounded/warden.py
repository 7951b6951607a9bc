"""The watching side: gives tasks to a separate process, and ends it when a task costs too much.

Owns that process. Promises: it is ended from outside, whatever its code does, when a task uses more processor time than
it may, or stands still; the kernel limits its memory; only the task that was begun is blamed, and a fresh process works
all others. Processor time is what decides a refusal: on a busy machine an honest task takes longer by the clock, but no
more processor time. The clock alone only ends a task that hangs.
"""

import json
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field

from broker.edge.bounded import channel
from broker.edge.bounded.bounds import Bounds, Fault, Watch, filled, spent
from broker.edge.bounded.channel import GO, NUMBER, Buffer, Task
from broker.edge.bounded.ward import Order
from broker.edge.settings import passwords

_LOOK_SECONDS = 0.05
_START_SECONDS = 120.0
_NO_ROOM = b"memory allocation of"  # what Rust's libraries print before they abort
_KEPT_BYTES = 16 * 1024 * 1024  # bytes of shared memory that are kept after a batch
_ANSWER_FLOOR = 64 * 1024 * 1024
_ANSWERS = 8 * 1024 * 1024  # bytes of answers after which a worker stops working several tasks


class NoWard(OSError):
    """No process can be started to do the work; nothing is known about any task."""


@dataclass(slots=True)
class _Child:
    pid: int
    link: socket.socket
    errors: int

    def close(self) -> None:
        self.link.close()
        os.close(self.errors)


@dataclass(slots=True)
class _Given:
    """The result of some tasks: the answers, and which task is to blame for missing ones."""

    answers: dict[int, bytes] = field(default_factory=dict)
    blamed: int = 0
    fault: Fault | None = None
    is_over: bool = False
    peak: int = 0
    seconds: dict[int, float] = field(default_factory=dict)


class Warden:
    """One process beside this one. Threads must not share it."""

    def __init__(self, command: Sequence[str], bounds: Bounds, largest: int) -> None:
        """`command` starts a program that calls `ward.serve` with the three descriptors that are added to the command;
        `largest` is the size of the largest task in bytes. This starts nothing yet."""
        self.bounds = bounds
        self._command = list(command)
        self._size = channel.capacity(largest)
        self._most = largest + _ANSWER_FLOOR
        self._most_kept = bounds.memory_bytes * 3 // 4  # a worker that has used more memory than this is replaced
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._arena = self._state = -1
        self._child: _Child | None = None
        self._next = 1
        self._used = 0  # bytes of the shared memory
        self.seconds: dict[int, float] = {}  # of processor time used by the last run's tasks, by place

    def start(self) -> None:
        """Start the process if it does not run; this does not wait for it."""
        if self._process is not None and self._process.poll() is None:
            return
        self.close()
        self._arena, self._state = os.memfd_create("tasks"), os.memfd_create("state")
        os.ftruncate(self._arena, self._size)
        os.ftruncate(self._state, NUMBER.size)
        own, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        own.settimeout(_START_SECONDS)
        given = [other.fileno(), self._arena, self._state]
        with other:
            self._process = subprocess.Popen(
                [*self._command, *map(str, given)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=given,
                env=passwords.environment(),  # it uses neither the database nor Redis
            )
        self._control = own

    def close(self) -> None:
        """End it, and every process that it started."""
        if self._child:
            self._child.close()
        if self._control:
            self._control.close()
        if self._process:
            self._process.kill()
            self._process.wait()
        for one in (self._arena, self._state):
            if one >= 0:
                os.close(one)
        self._process = self._control = self._child = None
        self._arena = self._state = -1

    @property
    def pids(self) -> tuple[int, ...]:
        """The process ids of the forking process and of the worker, as far as they run."""
        forks = (self._process.pid,) if self._process else ()
        return (*forks, self._child.pid) if self._child else forks

    def run(self, common: Buffer, tasks: Sequence[Task]) -> "dict[int, bytes | Fault]":
        """The answers to some of the tasks, by their place in `tasks`: to the first ones, or to those before a task
        that failed, and why that one failed. At least one. Raises NoWard."""
        limit = 1 if self.bounds.is_apart else channel.MOST_TASKS
        for _ in range(2):  # a process that ends before it begins a task proves nothing about any task
            child = self._worker()
            given = self._listen(child, self._ask(child, common, tasks[:limit]), len(tasks[:limit]))
            if self.bounds.is_apart or given.fault or not given.is_over or given.peak > self._most_kept:
                try:
                    self._renew(given)
                except NoWard:  # the forking process is gone too, and it never touches a task
                    given.fault = None
            found: dict[int, bytes | Fault] = dict(given.answers)
            self.seconds = given.seconds
            if given.fault:
                found[given.blamed] = given.fault
            if found:
                return found
        raise NoWard("the process that reads packets ended twice before it read one")

    def _ask(self, child: _Child, common: Buffer, tasks: Sequence[Task]) -> int:
        """Send these tasks; returns the number of the first."""
        first, self._next = self._next, self._next + len(tasks)
        if self._used > _KEPT_BYTES:
            channel.empty(self._arena, self._size)
        self._used = channel.put(self._arena, self._size, common, tasks)
        os.pwrite(self._state, NUMBER.pack(0), 0)
        with suppress(OSError):  # if it has ended, listening to it will show that
            child.link.sendall(GO.pack(first, len(tasks)))
        return first

    def _listen(self, child: _Child, first: int, count: int) -> _Given:
        given, watch, frames = _Given(), Watch(last=spent(child.pid)), channel.Frames(self._most)
        poll = select.poll()
        poll.register(child.link, select.POLLIN)
        looked = time.monotonic()
        while not given.is_over and given.fault is None:
            if poll.poll(_LOOK_SECONDS * 1000):
                self._take(child, frames, given, first, count)
            if not given.is_over and given.fault is None and time.monotonic() - looked > _LOOK_SECONDS:
                looked = time.monotonic()
                number = self._begun()
                fault = watch.look(number, spent(child.pid), filled(child.pid), self.bounds)
                if fault:
                    given.fault, given.blamed = fault, number - first
        given.seconds = {number - first: hundredths / 100 for number, hundredths in watch.taken.items() if number}
        if given.fault and not (0 <= given.blamed < count and given.blamed not in given.answers):
            given.fault = None  # it happened between two tasks: neither is to blame
        return given

    def _take(self, child: _Child, frames: channel.Frames, given: _Given, first: int, count: int) -> None:
        """Read what the process has sent by now. If it has ended, or sends what no worker can send, the task that it
        had begun is to blame."""
        try:
            piece = child.link.recv(1 << 20)
            for number, kind, content in frames.feed(piece):
                if kind == channel.END:
                    given.is_over, given.peak = True, NUMBER.unpack(content)[0]
                elif kind == channel.NO_MEMORY:
                    given.fault, given.blamed = Fault.MEMORY, number - first
                elif first <= number < first + count:
                    given.answers[number - first] = content
        except (OSError, ValueError):
            piece = b""
        if not piece and given.fault is None:
            given.fault, given.blamed = Fault.DIED, self._begun() - first

    def _begun(self) -> int:
        return int(NUMBER.unpack(os.pread(self._state, NUMBER.size, 0))[0])

    def _worker(self) -> _Child:
        self.start()
        return self._child or self._fork()[0]

    def _renew(self, given: _Given) -> None:
        """End the worker and fork the next one; then it is known how the worker died."""
        ended = self._child
        said = os.read(ended.errors, 1 << 16) if ended and _is_ready(ended.errors) else b""
        _, status = self._fork()
        if given.fault is Fault.DIED and os.WIFSIGNALED(status):
            aborted = os.WTERMSIG(status) == signal.SIGABRT
            given.fault = Fault.MEMORY if aborted and _NO_ROOM in said else Fault.DIED

    def _fork(self) -> tuple[_Child, int]:
        """Fork another worker; returns it, and how the previous one ended. Raises NoWard."""
        if self._child:
            self._child.close()
            self._child = None
        own, other = socket.socketpair()
        read, write = os.pipe()
        os.set_blocking(write, False)
        control = self._control
        bounds = self.bounds
        order = Order(bounds.room_bytes, bounds.is_apart, bounds.cpu_seconds, _ANSWERS)
        try:
            if control is None:
                raise ConnectionError
            socket.send_fds(control, [json.dumps(asdict(order)).encode()], [other.fileno(), write])
            said = control.recv(1024)
            if not said:
                raise ConnectionError
        except OSError:
            own.close()
            os.close(read)
            self.close()
            raise NoWard("the process that reads packets does not start") from None
        finally:
            other.close()
            os.close(write)
        answer = json.loads(said)
        self._child = _Child(answer["pid"], own, read)
        return self._child, answer["status"]


def _is_ready(descriptor: int) -> bool:
    return bool(select.select([descriptor], [], [], 0)[0])
