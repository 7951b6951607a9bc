"""The LEA's side of the command line, as its own process."""

import contextlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from broker.cli.main import build


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def satchel(*words: object, at: Path) -> Ended:
    """Run a command in this process: starting one for each would take most of the time."""
    arguments = [str(word) for word in words]
    with contextlib.chdir(at):
        ended = CliRunner().invoke(build(arguments), arguments)
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return Ended(ended.exit_code, ended.stdout, ended.stderr)


def alone(*words: object, at: Path) -> Ended:
    """Run a command as a process of its own."""
    command = [sys.executable, "-m", "broker.cli.main", *map(str, words)]
    ended = subprocess.run(
        command, cwd=at, capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


def ok(ended: Ended) -> str:
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    return ended.stdout


def sentence(ended: Ended, code: int = 1) -> str:
    """What a failed command says: one line, no traceback."""
    assert ended.returncode == code, ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1
    return ended.stderr
