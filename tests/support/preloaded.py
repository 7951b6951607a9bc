"""Runs the command line many times without loading it many times.

Owns a process that has loaded the modules of all commands and forks for each one that is to run. Promises: what runs is
a process of its own, with the arguments, folder, environment and standard files of its caller, and what it leaves in
its memory is gone with it. That a command can be run from nothing is shown in `tests.unit.cli.test_command_line`, and
by the documents' own `satchel up`.
"""

import atexit
import gc
import os
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from tests.support import forked, forks, readers

_SECONDS = 120.0
_LATE = ("broker.cli.main", "broker.edge.ledger.guards", "typer._adapters")  # what a command itself loads when it runs
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


class Running(forks.Running):
    """A command that runs, with what of `subprocess.Popen` a test asks for; it is killed when the last one lets go."""

    def __init__(self, arguments: Sequence[str], files: Sequence[int]) -> None:
        surroundings = {"folder": str(Path.cwd()), "umask": _umask(), "environment": dict(os.environ)}
        super().__init__(_server(), arguments, surroundings, files)


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
    process = forks.begun("tests.support.preloaded", where)
    assert process.stdin is not None
    atexit.register(process.wait)
    atexit.register(process.stdin.close)
    return where


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
    for name in _LATE:
        import_module(name)
    forked.load()
    assert threading.active_count() == len([*Path("/proc/self/task").iterdir()]) == 1
    gc.collect()
    gc.freeze()  # else the first collection of each fork would touch, and so copy, all of it


if __name__ == "__main__":
    _load()
    readers.begin(f"{sys.argv[1]}-readers")
    forks.serve(sys.argv[1], _become)
