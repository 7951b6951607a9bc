"""The claims report as JSON and CSV, for the state and for one LEA.

Owns the report's form. Promises: no names of students; an LEA's report holds its own students, by SSID and its own
local id, and their days; of another LEA it holds only the id; the same findings give the same bytes; a spreadsheet
takes no cell of the CSV for a formula; both forms are written student by student.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from broker.core.days.claims import Finding, Overlap, together
from broker.core.days.membership import Stay, shares
from broker.core.model import LeaId

VERSION = "claims.v1"
_MEMBERSHIPS = 20  # listed one by one for one student at one LEA; all of them are counted
# Excel, LibreOffice and Google Sheets take a cell with this beginning for a formula (OWASP, CSV Injection); wide forms
# as well
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")
_GRADE = {True: "kindergarten", False: "other", None: "unknown"}

COLUMNS = (
    *("ssid", "school_year", "lea", "schools", "local_ids", "entry", "exit", "programme", "grade"),
    *("other_leas", "overlap_from", "overlap_to", "overlap_days", "overlap_weekdays", "legal", "rule", "why"),
    *("claimed_days", "claimed_by_all", "limit_days", "limit_rule", "limit_why", "days_above", "proposed_days"),
    "disputed_days",
)


def _membership(stay: Stay) -> dict[str, Any]:
    span = stay.span
    return {
        "school": span.school,
        "local_id": span.local_id,
        "entry": span.entry.isoformat(),
        "exit": span.exit.isoformat() if span.exit else None,
        "programme": span.programme.value,
        "grade": _GRADE[span.kindergarten],
        "day_part": str(span.day_part),
    }


def _overlap(one: Overlap, leas: Sequence[LeaId]) -> dict[str, Any]:
    """An overlap ready for JSON, with the schools of `leas` only."""
    return {
        "leas": list(one.leas),
        "schools": {lea: list(schools) for lea, schools in zip(one.leas, one.schools, strict=True) if lea in leas},
        "from": one.first.isoformat(),
        "to": one.last.isoformat(),
        "days": one.days,
        "weekdays": one.weekdays,
    }


def _lea(finding: Finding, lea: LeaId, claimed: int) -> dict[str, Any]:
    stays = [stay for stay in finding.stays if stay.span.lea == lea]
    common = [one for one in finding.overlaps if lea in one.leas]
    days, week = together(common)
    others = {other for one in common for other in one.leas} if common else set(finding.claimed)
    return {
        "lea": lea,
        "memberships": [_membership(stay) for stay in stays[:_MEMBERSHIPS]],
        "memberships_not_listed": max(0, len(stays) - _MEMBERSHIPS),
        "other_leas": sorted(others - {lea}),
        "overlap_from": min((one.first.isoformat() for one in common), default=None),
        "overlap_to": max((one.last.isoformat() for one in common), default=None),
        "overlap_days": days,
        "overlap_weekdays": week,
        "claimed_days": claimed,
        "proposed_days": finding.proposed[lea],
    }


def document(finding: Finding, lea: str = "") -> dict[str, Any]:
    """One student in one school year, ready for JSON; with `lea`, only what concerns this LEA."""
    leas = [one for one in finding.claimed if not lea or one == lea]
    claimed = shares(finding.claimed, round(finding.total))
    return {
        "ssid": finding.ssid,
        "school_year": finding.year,
        "legal": finding.verdict.legal,
        "rule": finding.verdict.rule,
        "why": finding.verdict.why,
        "overlaps": [_overlap(one, leas) for one in finding.overlaps if not lea or lea in one.leas],
        "leas": [_lea(finding, one, claimed[one]) for one in leas],
        "claimed_by_all": round(finding.total),
        "limit_days": finding.limit.days,
        "limit_rule": finding.limit.rule,
        "limit_why": finding.limit.why,
        "days_above": finding.above,
        "disputed_days": round(finding.disputed),
    }


def cell(value: object) -> str:
    """A CSV cell as text; a leading apostrophe keeps a spreadsheet from taking it for a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = str(value)
    return f"'{text}" if text[:1] in _FORMULA or text.lstrip()[:1] in _FORMULA else text


def _several(texts: Iterable[str | None]) -> str:
    """Different texts in one cell; an open exit has none."""
    return "; ".join(dict.fromkeys(text for text in texts if text))


def rows(one: Mapping[str, Any]) -> Iterator[list[str]]:
    """The CSV rows of a document, one for each LEA in it, under COLUMNS."""
    for lea in one["leas"]:
        memberships = lea["memberships"]
        facts = dict(one) | lea | {"other_leas": _several(lea["other_leas"])}
        facts |= {name: _several(row[name] for row in memberships) for name in ("programme", "grade", "entry", "exit")}
        facts["schools"] = _several(row["school"] for row in memberships)
        facts["local_ids"] = _several(row["local_id"] for row in memberships)
        yield [cell(facts[name]) for name in COLUMNS]


class Writes(Protocol):
    """A target that a report is written to."""

    def write(self, text: str, /) -> object:
        """Take this text."""


class CsvReport:
    """Writes CSV (RFC 4180) with a header line. `out` must not translate line ends."""

    def __init__(self, out: Writes) -> None:
        self._writer = csv.writer(out)
        self._writer.writerow(COLUMNS)

    def add(self, one: Mapping[str, Any]) -> None:
        """Write one document."""
        self._writer.writerows(rows(one))

    def end(self) -> None:
        """Nothing follows the last row."""


class JsonReport:
    """Writes one JSON object: the properties of `head`, then `students`, one line each."""

    def __init__(self, out: Writes, head: Mapping[str, Any]) -> None:
        opening = json.dumps({"report": VERSION, **head}, ensure_ascii=False)
        self._out = out
        self._before = f'{opening[:-1]}, "students": [\n'

    def add(self, one: Mapping[str, Any]) -> None:
        """Write one document."""
        self._out.write(self._before + json.dumps(one, ensure_ascii=False))
        self._before = ",\n"

    def end(self) -> None:
        """Close the object."""
        self._out.write(("" if self._before == ",\n" else self._before) + "\n]}\n")
