"""Tables of very many students, written line by line, and what memory a command takes with all its processes."""

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

HEADER = "Last Name,First Name,Middle Name,DOB,Gender,Student Number,School,Grade,Entry Date,Phone,Street,City,Zip"
FIRST_YEAR = 2015  # of birth, of those in kindergarten
FAULTY = 1_000  # in each so many lines, one is faulty


def line(number: int, day: str) -> str:
    """A student's line, the first of whom has the number 1; `day` is that of the birth within its month."""
    grade = number % 9 + 1
    last = f'"Reyes, {number % 89}"' if number % 7 == 0 else f"Holm{number % 97}"
    birth = f"{day}/{number % 12 + 1}/{FIRST_YEAR - grade + 5 - 1}" if number % FAULTY else "31/31/2012"
    place = f"{number % 900 + 1} Aspen Way,Canyon,{84000 + number % 99}"
    return (
        f"{last},Ana{number % 83},Lucía,{birth},F,{number:07},7{number % 9}0,{grade:02},{number % 12 + 1}/8/26,,{place}"
    )


def write(path: Path, lines: int) -> None:
    """A table of so many lines, of which only the last one but ten shows that the day of its dates comes first."""
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(f"{HEADER}\r\n")
        for number in range(1, lines + 1):
            file.write(f"{line(number, '25' if number == lines - 10 else str(number % 12 + 1))}\r\n")


@dataclass(frozen=True)
class Cost:
    """How a command ended, what it printed, its seconds by the clock, and the most bytes that it and all processes
    that it started had resident at once; what several share counts for each."""

    code: int
    said: str
    seconds: float
    peak: int


def cost(words: Sequence[object], at: Path, look_seconds: float = 0.05) -> Cost:
    """Run a command of `satchel`, and measure it."""
    command = [sys.executable, "-m", "broker.cli.main", *map(str, words)]
    began = time.monotonic()
    with subprocess.Popen(command, cwd=at, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True) as process:
        peak = _peak(psutil.Process(process.pid), lambda: process.poll() is None, look_seconds)
        said = process.stdout.read() if process.stdout else ""
    return Cost(process.returncode, said, time.monotonic() - began, peak)


def _peak(root: psutil.Process, lives: Callable[[], bool], look_seconds: float) -> int:
    most = 0
    while lives():
        with suppress(psutil.Error):
            most = max(most, sum(map(_resident, [root, *root.children(recursive=True)])))
        time.sleep(look_seconds)
    return most


def _resident(process: psutil.Process) -> int:
    with suppress(psutil.Error):
        return int(process.memory_info().rss)
    return 0
