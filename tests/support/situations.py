"""The situations of tests/vectors/stays.toml, read: what was told, and what is to be said on a day.

Promises: a word that the table does not have is a TypeError, so no row is silently half a row.
"""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

from tests.support.told import Report
from tests.support.whereabouts import Answered

TABLE = Path(__file__).parents[1] / "vectors" / "stays.toml"


@dataclass(frozen=True)
class Told:
    """A report on the day of its packet, and the code of its refusal ('' for none)."""

    day: date
    report: Report
    refused: str = ""


@dataclass(frozen=True)
class Look:
    """What is to be said on a day: see the head of the table."""

    today: date
    here: str
    holders: frozenset[str]
    before: frozenset[str]
    announced: frozenset[str]
    asks: str
    asked: frozenset[str]
    since: date | None
    military: bool


Span = tuple[str, str, date, date | None, bool, bool]
"""A stay that counts: LEA, school, entry, exit, dual, military."""


@dataclass(frozen=True)
class Situation:
    """A row of the table. `stays` is None where the row does not say what counts at the end."""

    name: str
    section: str
    answer: str
    told: tuple[Told, ...]
    looks: tuple[Look, ...]
    answered: frozenset[Answered]
    stays: tuple[Span, ...] | None

    def packets(self, until: date = date.max) -> Iterator[tuple[date, list[Told]]]:
        """What was told until this day, in packets: consecutive reports of one LEA on one day."""
        known = [one for one in self.told if one.day <= until]
        for (day, _), lines in groupby(known, key=lambda one: (one.day, one.report.lea)):
            yield day, list(lines)


def read() -> list[Situation]:
    """Every row, in the order of the table."""
    return [_situation(**row) for row in tomllib.loads(TABLE.read_text("utf-8"))["situation"]]


def _situation(
    *,
    name: str,
    section: str,
    answer: str,
    reports: Sequence[dict[str, Any]],
    looks: Sequence[dict[str, Any]],
    answered: Sequence[dict[str, Any]] = (),
    stays: Sequence[dict[str, Any]] | None = None,
) -> Situation:
    moved_on = frozenset((one["source"], one["destination"], one["since"]) for one in answered)
    told, seen = tuple(_told(**one) for one in reports), tuple(_look(**one) for one in looks)
    spans = None if stays is None else tuple(_span(**one) for one in stays)
    return Situation(name, section, answer, told, seen, moved_on, spans)


def _told(*, told: date, lea: str, refused: str = "", school: str = "401", **facts: Any) -> Told:
    event, ends = ("entry", facts.pop("exit", None)) if "entry" in facts else ("exit", None)
    return Told(told, Report(event, lea, school, facts.pop(event), ends, **facts), refused)


def _look(
    *,
    today: date,
    here: str = "",
    holders: Sequence[str] | None = None,
    before: Sequence[str] = (),
    announced: Sequence[str] = (),
    asks: str = "",
    asked: Sequence[str] = (),
    since: date | None = None,
    military: bool = False,
) -> Look:
    have = frozenset(([here] if here else []) if holders is None else holders)
    return Look(today, here, have, frozenset(before), frozenset(announced), asks, frozenset(asked), since, military)


def _span(
    *,
    lea: str,
    entry: date,
    school: str = "401",
    exit: date | None = None,
    dual: bool = False,
    military: bool = False,
) -> Span:
    return (lea, school, entry, exit, dual, military)
