"""A command at a real terminal of a given width.

Promises: what comes back is what a person would see, without the colours; the program is ended with the terminal.
"""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Sequence
from pathlib import Path

from tests.support.exchange import SATCHEL

_COLOURS = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def seen(arguments: Sequence[str], columns: int = 80, *, folder: Path | None = None) -> tuple[int, list[str]]:
    """The exit code of `satchel` with these arguments, and the lines on a terminal of so many columns."""
    here, there = pty.openpty()
    fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    with subprocess.Popen(
        [*SATCHEL, *arguments],
        stdin=there,
        stdout=there,
        stderr=there,
        cwd=folder,
        env=kept | {"TERM": "xterm", "LC_ALL": "C.UTF-8"},
        start_new_session=True,
    ) as program:
        os.close(there)
        content = _whole(here)
        code = program.wait(120)
    os.close(here)
    lines = _COLOURS.sub("", content.decode("utf-8", "replace")).replace("\r\n", "\n").split("\n")
    return code, [line.rpartition("\r")[2] for line in lines]  # a bar is drawn over itself


def _whole(terminal: int) -> bytes:
    content = b""
    while True:
        try:
            some = os.read(terminal, 65536)
        except OSError:  # Linux's word for the end of a terminal
            return content
        if not some:
            return content
        content += some
