"""A process that forks for others: how it is begun, how it is asked, and how an end is awaited.

Promises: what it forks is killed when nobody awaits its end any more; the process ends with the one that began it.
"""

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NoReturn

from tests.support.tools import ROOT

_REQUEST = 1 << 20  # bytes: arguments and environment of one program
_FILES = 8  # descriptors that one is given at most
_ROOM = 4000  # bytes of the command line, for those of what is forked
Become = Callable[[Mapping[str, Any], Sequence[int]], NoReturn]


def begun(module: str, where: str) -> "subprocess.Popen[bytes]":
    """A process that runs `serve` in this module, and listens there: it ends when its standard input does, and so with
    this process."""
    command = [sys.executable, "-m", module, where, "-" * _ROOM]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


def serve(where: str, become: Become) -> NoReturn:
    """Fork for whoever asks there: what is forked becomes what was asked for."""
    forks = _Forks(where, become)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    forks.serve()


class Running:
    """A program that runs, with what of `subprocess.Popen` is asked for; it is killed when the last one lets go."""

    stdin = stdout = stderr = None

    def __init__(self, where: str, arguments: Sequence[str], request: Mapping[str, Any], files: Sequence[int]) -> None:
        self.args = [*arguments]
        self.returncode: int | None = None
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._line.connect(where)
        socket.send_fds(self._line, [json.dumps({"arguments": self.args} | request).encode()], files)
        self.pid = int(self._line.recv(100))

    def wait(self, timeout: float | None = None) -> int:
        """The exit code. Raises TimeoutExpired after so many seconds."""
        if self.returncode is None:
            self._line.settimeout(timeout)
            try:
                self.returncode = int(self._line.recv(100))
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired(self.args, timeout or 0) from None
        return self.returncode

    def poll(self) -> int | None:
        """The exit code; None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """To one that runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """At once."""
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_: object) -> None:
        self._line.close()


class _Forks:
    """What runs: for each the line on which its end is awaited."""

    def __init__(self, where: str, become: Become) -> None:
        self._become = become
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(where)
        self._listener.listen(64)
        self._events = selectors.DefaultSelector()
        self._events.register(self._listener, selectors.EVENT_READ, self._begin)
        self._events.register(sys.stdin, selectors.EVENT_READ, lambda: os._exit(0))

    def serve(self) -> NoReturn:
        while True:
            for key, _ in self._events.select():
                if self._events.get_map().get(key.fd) is key:  # else another event of this moment has ended it
                    key.data()

    def _begin(self) -> None:
        line = self._listener.accept()[0]
        request, files = b"", list[int]()
        with suppress(OSError):
            request, files, _, _ = socket.recv_fds(line, _REQUEST, _FILES)
        if not request:  # who asked was killed before it had said for what
            line.close()
            return
        pid = os.fork()
        if not pid:
            self._become(json.loads(request), files)
        with suppress(OSError):  # it may be killed at any moment; its line tells so then
            line.send(str(pid).encode())
        for file in files:
            os.close(file)
        ended = os.pidfd_open(pid)
        self._events.register(ended, selectors.EVENT_READ, lambda: self._end(pid, ended, line))
        self._events.register(line, selectors.EVENT_READ, lambda: _kill(pid))  # nobody waits

    def _end(self, pid: int, ended: int, line: socket.socket) -> None:
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        self._events.unregister(ended)
        self._events.unregister(line)
        os.close(ended)
        with line:
            if not _is_over(line):
                with suppress(OSError):
                    line.send(str(code).encode())


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _is_over(line: socket.socket) -> bool:
    """Whether its other end is gone."""
    try:
        return line.recv(1, socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
