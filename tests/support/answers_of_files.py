"""What is said of files, wrong ones and those of other programs: the tables of them, and a report put into one line."""

import tomllib
from typing import NamedTuple

from broker.checking.report import Report, Verdict
from broker.cli.check import lines
from tests.support.tools import ROOT


class Wrong(NamedTuple):
    """A wrong file: its name, what happened, what came of it (good, some, or a code), and all that is said then."""

    name: str
    did: str
    result: str
    answer: str


def wrong_files() -> list[Wrong]:
    """All of them, in the order of the documents."""
    table = tomllib.loads((ROOT / "tests" / "vectors" / "wrong_files.toml").read_text("utf-8"))
    return [Wrong(**one) for one in table["file"]]


def said(report: Report) -> str:
    """A report as `satchel check` tells it, without its first line, in one line."""
    _, *rest = lines("", report, 1000)
    return " ".join(" ".join(rest).split())


class School(NamedTuple):
    """A file of another program: where it lies in the optional folder of real input, what it is, the packet type that
    it is or becomes ('' for none), what comes of it (good, some, or a code), and all that is said then."""

    path: str
    what: str
    packet: str
    result: str
    answer: str


def school_files() -> list[School]:
    """All of them, in the order of the documents."""
    table = tomllib.loads((ROOT / "tests" / "vectors" / "school_files.toml").read_text("utf-8"))
    return [School(**one) for one in table["file"]]


def result_of(report: Report) -> str:
    """What comes of a file: good, some, or the code of its refusal."""
    return report.faults[0].code if report.verdict is Verdict.REFUSED else report.verdict.value
