"""Starts the processes that read packets many times without loading them many times.

Owns the process that they are forked from. Promises: a reader is a process of its own, with the command line,
environment and descriptors that its worker gave it, begins at the first line of `broker.processes.reader`, has the
memory of a process that has loaded that and nothing else, so that what it fills is what it would fill, and ends when
its worker lets go. It is no child of its worker. That it can be started from nothing is shown by the demo and by the
documents.
"""

import gc
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

from tests.support import forked, forks

READER = "broker.processes.reader"
_own: list["subprocess.Popen[bytes]"] = []  # never let go: what is forked here has closed its end, and may reuse it


class Reader(forks.Running):
    """One that runs, with what of `subprocess.Popen` a worker asks for."""

    def __init__(self, where: str, args: Sequence[str], how: Mapping[str, Any]) -> None:
        kept = sorted(how["pass_fds"])
        request = {"environment": how["env"], "kept": kept, "folder": str(Path.cwd())}
        super().__init__(where, args, request, [2, *kept])


def begin(where: str) -> None:
    """In a process that forks: begin the one that readers are forked from, which listens there, for all that this one
    forks from here on."""
    _own.append(forks.begun("tests.support.readers", where))
    warden: Any = import_module("broker.edge.bounded.warden")

    def started(args: list[str], **how: Any) -> "Reader | subprocess.Popen[bytes]":
        is_reader = args[1:3] == ["-m", READER]
        return Reader(where, args, how) if is_reader else subprocess.Popen(args, **how)

    warden.subprocess = SimpleNamespace(Popen=started, DEVNULL=subprocess.DEVNULL)


def _become(request: Mapping[str, Any], files: Sequence[int]) -> NoReturn:
    """Be the reader; nothing of the process that forked runs on."""
    code = 1
    try:
        os.setsid()
        forked.take(files, request["kept"])
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        time.tzset()
        code = forked.ran(request["arguments"])
    finally:
        os._exit(code)


if __name__ == "__main__":
    import_module(READER)
    gc.collect()
    gc.freeze()
    forks.serve(sys.argv[1], _become)
