"""What is said of wrong files, as one line each: the table of them, and how a report is put into words."""

import tomllib
from typing import NamedTuple

from broker.checking.report import Report
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
