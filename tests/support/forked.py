"""Runs `satchel up` and its parts many times without loading them many times.

Owns the process that an exchange's parts are forked from. Promises: a part is a process of its own, a child of the
supervisor that asked for it, with the command line, environment and descriptors that it was given, and begins at the
first line of its module; it has the memory of a process that has loaded the program and done nothing else. That they
can be started from nothing is shown by the demo, by the documents' own `satchel up`, and by the tests that ask for it.
"""

import atexit
import ctypes
import gc
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, NoReturn

PARTS = ("worker", "sweeper", "watcher", "sftp")
_LATE = ("broker.identity.sql", "encodings.ascii", "encodings.utf_8_sig", "holidays.countries")  # loaded when they run
SPARE = "tests.support.forked"  # by this word in its command line the process is known that parts are forked from
_SET_PDEATHSIG, _SET_CHILD_SUBREAPER = 1, 36  # linux/prctl.h
_REQUEST, _FILES = 1 << 20, 8  # bytes, and descriptors, of what is asked for at once
_HIGH = 1000  # descriptors that stand beside those of a program until it has its own
_LOOK_SECONDS = 0.002


def load() -> None:
    """Load what the parts load, in a process that forks."""
    for name in (*(f"broker.processes.{part}" for part in PARTS), "broker.processes.supervisor", *_LATE):
        import_module(name)
    import_module("broker.identity.models").load()  # what its conditions are made into is kept


def ended(main: Callable[[], object]) -> int:
    """Run what would be a whole program; the exit code with which it would end."""
    code: object = None
    try:
        main()
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001  as the interpreter does at a program's end
        sys.excepthook(*sys.exc_info())
        code = 1
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    gc.collect()  # as at the end of a process: a connection that is left is closed, and SQLite's log written back
    sys.stdout.flush()
    sys.stderr.flush()
    return code if isinstance(code, int) else int(code is not None)


def standard(files: Sequence[int]) -> None:
    """Have these descriptors as standard input, output and errors."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        os.dup2(files[number], number)
        # anew: whether a file can be sought in is asked once
        setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115


def take(files: Sequence[int], kept: Sequence[int]) -> None:
    """Have the first of these descriptors as standard errors, the others under the numbers of `kept`, and no more."""
    nothing = os.open(os.devnull, os.O_RDWR)
    high = [os.dup2(file, _HIGH + place, inheritable=False) for place, file in enumerate([nothing, nothing, *files])]
    standard(high[:3])
    os.closerange(3, _HIGH)
    for number, file in zip(kept, high[3:], strict=True):
        os.dup2(file, number)
    os.closerange(_HIGH, _HIGH + len(high))


def ran(command: Sequence[str]) -> int:
    """Run `python -m MODULE …`, under this command line; the exit code."""
    _call(command)
    module = command[2]
    del sys.modules[module]  # it runs from its first line
    sys.argv = [module, *command[3:]]
    return ended(lambda: runpy.run_module(module, run_name="__main__", alter_sys=True))


def _call(command: Sequence[str]) -> None:
    """Have this command line, as `ps` shows it; as much of it as the process was given room for (`proc(5)`)."""
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    begin, end = int(fields[45]), int(fields[46])  # arg_start, arg_end
    words = "\0".join(command).encode()[: end - begin - 1]
    ctypes.memmove(begin, words.ljust(end - begin, b"\0"), end - begin)


def supervise() -> None:
    """In a process that is to be a supervisor: have its parts forked from here on. One that was not yet anything else:
    what it holds now, each part has."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    above = os.getpid()
    if not os.fork():
        ours.close()
        ctypes.CDLL(None).prctl(_SET_PDEATHSIG, signal.SIGKILL)
        _call([sys.executable, "-m", SPARE])
        _serve(theirs, above)
    theirs.close()
    os.set_inheritable(ours.fileno(), False)

    class Forked(subprocess.Popen[bytes]):
        """A part, or another program that is started as ever."""

        own: ClassVar[set[int]] = set()

        def __init__(self, args: list[str], **how: Any) -> None:
            if args[1:2] == ["-m"] and args[2].removeprefix("broker.processes.") in PARTS:
                self.pid = _asked(ours, args, how)
                self.args, self.returncode = args, None
                self.stdin = self.stdout = self.stderr = None
                self._waitpid_lock, self._child_created = threading.Lock(), True
            else:
                super().__init__(args, **how)
            self.own.add(self.pid)

        def poll(self) -> int | None:
            """The exit code; None while it runs. What became a child of this process while a part did is let go."""
            look = os.WEXITED | os.WNOHANG | os.WNOWAIT
            while (dead := os.waitid(os.P_ALL, 0, look)) is not None and dead.si_pid not in self.own:
                os.waitpid(dead.si_pid, 0)
            return super().poll()

    supervisor = import_module("broker.processes.supervisor")
    names = {name: getattr(subprocess, name) for name in ("PIPE", "DEVNULL", "TimeoutExpired")}
    vars(supervisor)["subprocess"] = SimpleNamespace(Popen=Forked, **names)


def _asked(line: socket.socket, args: list[str], how: Mapping[str, Any]) -> int:
    """The pid of a new process, a child of this one, that runs this."""
    kept = sorted(how["pass_fds"])
    libc = ctypes.CDLL(None)
    libc.prctl(_SET_CHILD_SUBREAPER, 1)
    try:
        request = {"args": args, "environment": how["env"], "kept": kept, "folder": str(Path.cwd())}
        socket.send_fds(line, [json.dumps(request).encode()], [2, *kept])
        return int(line.recv(100))
    finally:
        libc.prctl(_SET_CHILD_SUBREAPER, 0)


def _serve(line: socket.socket, above: int) -> NoReturn:
    """Fork a child of a child, which so becomes one of the supervisor's, for whatever is asked."""
    while True:
        request, files, _, _ = socket.recv_fds(line, _REQUEST, _FILES)
        if not request:
            os._exit(0)
        told, tells = os.pipe()
        between = os.fork()
        if not between:
            pid = os.fork()
            if not pid:
                _become(json.loads(request), files, above)
            os.write(tells, str(pid).encode())
            os._exit(0)
        os.waitpid(between, 0)
        line.send(os.read(told, 100))
        for file in (told, tells, *files):
            os.close(file)


def _become(request: Mapping[str, Any], files: Sequence[int], above: int) -> NoReturn:
    """Be the part; nothing of the process that forked runs on."""
    code = 1
    try:
        while os.getppid() != above:
            if not Path(f"/proc/{above}").exists():
                os._exit(1)
            time.sleep(_LOOK_SECONDS)
        ctypes.CDLL(None).prctl(_SET_PDEATHSIG, signal.SIGTERM)  # as the supervisor sets it
        os.setsid()
        take(files, request["kept"])
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        code = ran(request["args"])
    finally:
        os._exit(code)
