"""Runs the command line many times without loading it many times.

Owns a process that has loaded the modules of all commands and forks for each one that is to run. Promises: what runs is
a process of its own, with the arguments, folder, environment and standard files of its caller, and what it leaves in
its memory is gone with it. That a command can be run from nothing is shown in `tests.unit.cli.test_command_line`, and
by the documents' own `satchel up`.
"""

import atexit
import gc
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from tests.support import forked
from tests.support.tools import ROOT

_REQUEST = 1 << 20  # bytes: arguments and environment of one command
_SECONDS = 120.0
_ROOM = 4000  # bytes of the command line, for those of the parts
_WITH_THREADS = {"cli.identity.match", "cli.identity.train"}  # DuckDB's and Arrow's threads would be lost in a fork


def run(arguments: Sequence[str], stdin: str = "") -> "subprocess.CompletedProcess[str]":
    """Run the command line with these arguments, as `subprocess.run` would. Raises TimeoutExpired after two minutes."""
    files = [os.memfd_create(name) for name in ("stdin", "stdout", "stderr")]
    try:
        os.pwrite(files[0], stdin.encode(), 0)
        code = _asked(arguments, files)
        said = [os.pread(file, os.fstat(file).st_size, 0).decode() for file in files[1:]]
    finally:
        for file in files:
            os.close(file)
    return subprocess.CompletedProcess(list(arguments), code, *said)


def _asked(arguments: Sequence[str], files: Sequence[int]) -> int:
    """The exit code of the command, which has these files as its standard ones."""
    with Running(arguments, files) as running:
        return running.wait(_SECONDS)


class Running:
    """A command that runs, with what of `subprocess.Popen` a test asks for; it is killed when the last one lets go."""

    def __init__(self, arguments: Sequence[str], files: Sequence[int]) -> None:
        surroundings = {"folder": str(Path.cwd()), "umask": _umask(), "environment": dict(os.environ)}
        request = json.dumps({"arguments": [*arguments]} | surroundings)
        self.args, self.stdout = [*arguments], None
        self.returncode: int | None = None
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._line.connect(_server())
        socket.send_fds(self._line, [request.encode()], files)
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


def program(path: Path) -> None:
    """Write a program that stands in for `satchel` in a shell: it has its command run so, but for `up`, which stays."""
    real = Path(sys.executable).with_name("satchel")
    path.write_text(_PROGRAM.format(python=sys.executable, real=str(real), where=_server()))
    path.chmod(0o755)


_PROGRAM = """#!{python} -SI
import json, os, socket, sys
if sys.argv[1:2] == ["up"]:
    os.execv({real!r}, ["satchel", *sys.argv[1:]])
os.umask(mask := os.umask(0o077))
surroundings = {{"folder": os.getcwd(), "umask": mask, "environment": dict(os.environ)}}
line = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
line.connect({where!r})
socket.send_fds(line, [json.dumps({{"arguments": sys.argv[1:]}} | surroundings).encode()], [0, 1, 2])
line.recv(100)
sys.exit(int(line.recv(100)))
"""


def _umask() -> int:
    """That of this process, which cannot be read but by setting it."""
    before = os.umask(0o077)
    os.umask(before)
    return before


@cache
def _server() -> str:
    """Where the process listens that forks; it ends with this one."""
    folder = tempfile.TemporaryDirectory(prefix="s", dir="/tmp")
    atexit.register(folder.cleanup)
    where = f"{folder.name}/commands"
    command = [sys.executable, "-m", "tests.support.preloaded", where, "-" * _ROOM]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    atexit.register(process.wait)
    atexit.register(process.stdin.close)
    return where


class _Forks:
    """The commands that run: for each the line on which its end is awaited."""

    def __init__(self, where: str) -> None:
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(where)
        self._listener.listen(64)
        self._events = selectors.DefaultSelector()
        self._events.register(self._listener, selectors.EVENT_READ, self._begin)
        self._events.register(sys.stdin, selectors.EVENT_READ, lambda: os._exit(0))

    def serve(self) -> NoReturn:
        while True:
            for key, _ in self._events.select():
                key.data()

    def _begin(self) -> None:
        line = self._listener.accept()[0]
        request, files, _, _ = socket.recv_fds(line, _REQUEST, 3)
        pid = os.fork()
        if not pid:
            _become(json.loads(request), files)
        line.send(str(pid).encode())
        for file in files:
            os.close(file)
        ended = os.pidfd_open(pid)
        self._events.register(ended, selectors.EVENT_READ, lambda: self._end(pid, ended, line))
        self._events.register(line, selectors.EVENT_READ, lambda: os.kill(pid, signal.SIGKILL))  # nobody waits

    def _end(self, pid: int, ended: int, line: socket.socket) -> None:
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        self._events.unregister(ended)
        self._events.unregister(line)
        os.close(ended)
        with line:
            if not _is_over(line):
                line.send(str(code).encode())


def _is_over(line: socket.socket) -> bool:
    """Whether its other end is gone."""
    try:
        return line.recv(1, socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False


def _become(request: Mapping[str, Any], files: Sequence[int]) -> NoReturn:
    """Be the command; nothing of the process that forked runs on."""
    code = 1
    try:
        forked.standard(files)
        os.closerange(3, 1024)
        os.chdir(request["folder"])
        os.umask(request["umask"])
        os.environ.clear()
        os.environ.update(request["environment"])
        time.tzset()
        code = _main(request["arguments"])
    finally:
        if sys.exc_info()[0]:
            traceback.print_exc()
        os._exit(code)


def _main(arguments: Sequence[str]) -> int:
    """As `python -m broker.cli.main` does it; the exit code."""
    cli = import_module("broker.cli.main")
    sys.modules["__main__"] = cli
    sys.argv = [str(cli.__file__), *arguments]
    if arguments[:1] == ["up"]:
        forked.supervise()
    return forked.ended(cli.main)


def _load() -> None:
    places = {entry.where.partition(":")[0] for entry in import_module("broker.cli.catalog").COMMANDS.values()}
    for name in sorted(places - _WITH_THREADS):
        import_module(f"broker.{name}")
    forked.load()
    assert threading.active_count() == len([*Path("/proc/self/task").iterdir()]) == 1
    gc.collect()
    gc.freeze()  # else the first collection of each fork would touch, and so copy, all of it


if __name__ == "__main__":
    _load()
    forks = _Forks(sys.argv[1])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    forks.serve()
