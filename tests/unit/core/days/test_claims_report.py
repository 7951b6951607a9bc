"""Claims: the report to the state and to each LEA, and the options of its command."""

import csv
import io
import json
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from broker.cli.transfers import claims as command
from broker.cli.transfers.claims import Format
from broker.core.days.claims import Finding
from broker.formats.reports import claims
from broker.terminal import tables
from tests.support.claimed import AUGUST, DAY, YEAR_ROUND, found, month, span


def csv_of(finding: Finding, lea: str = "") -> list[dict[str, str]]:
    out = io.StringIO(newline="")
    report = claims.CsvReport(out)
    report.add(claims.document(finding, lea))
    report.end()
    return list(csv.DictReader(io.StringIO(out.getvalue(), newline="")))


def test_the_state_is_told_of_all_leas() -> None:
    first = found(span("01", local_id="445566", programme=YEAR_ROUND), span("6G", month(11, 20), school="12"))
    rows = csv_of(first)
    assert [(row["lea"], row["other_leas"], row["overlap_from"], row["overlap_to"]) for row in rows] == [
        ("01", "6G", "2026-11-20", "2027-06-05"),
        ("6G", "01", "2026-11-20", "2027-06-05"),
    ]
    assert [(row["programme"], row["grade"], row["legal"], row["rule"]) for row in rows] == [
        ("year-round", "unknown", "yes", "R277-419-5(1)"),
        ("unknown", "unknown", "yes", "R277-419-5(1)"),
    ]
    assert sum(int(row["proposed_days"]) for row in rows) == 180 == int(rows[0]["limit_days"])
    assert {int(row["overlap_days"]) for row in rows} == {198}


def test_an_lea_is_told_what_is_its_business() -> None:
    finding = found(
        span("01", local_id="mine", school="A"),
        span("6G", month(11, 20), local_id="secret-1", school="secret-2", programme=YEAR_ROUND),
        span("03", month(11, 20), local_id="secret-3", school="secret-4"),
    )
    told = claims.document(finding, "01")
    assert "secret" not in json.dumps(told)
    assert [one["lea"] for one in told["leas"]] == ["01"]
    assert told["leas"][0]["other_leas"] == ["03", "6G"]
    assert [one["leas"] for one in told["overlaps"]] == [["01", "03"], ["01", "6G"]]
    rows = csv_of(finding, "01")
    assert [(row["lea"], row["local_ids"], row["schools"]) for row in rows] == [("01", "mine", "A")]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r=1", "＝1", "＠x"])
def test_no_cell_is_a_formula(text: str) -> None:
    rows = csv_of(found(span("01", school=text, local_id=text), span("6G")))
    assert rows[0]["schools"] == rows[0]["local_ids"] == f"'{text}"


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
def test_what_an_lea_wrote_comes_through_the_csv(text: str) -> None:
    row = csv_of(found(span("01", school=text), span("6G")))[0]
    assert row["schools"] in (text, f"'{text}")
    assert row["schools"][:1] not in set("=+-@\t\r")
    assert row["lea"] == "01"


@pytest.mark.parametrize("count", [0, 1, 3])
def test_the_json_is_one_object(count: int) -> None:
    one = claims.document(found(span("01"), span("6G")))
    out = io.StringIO()
    report = claims.JsonReport(out, {"day": "2026-11-23"})
    for _ in range(count):
        report.add(one)
    report.end()
    said = json.loads(out.getvalue())
    assert (said["report"], said["day"], said["students"]) == ("claims.v1", "2026-11-23", [one] * count)


def test_a_student_of_many_memberships_is_listed_in_bounds() -> None:
    many = [span("01", AUGUST + n * DAY, AUGUST + (n + 1) * DAY, school=str(n)) for n in range(150)]
    told = claims.document(found(*many, span("6G")))["leas"][0]
    assert (len(told["memberships"]), told["memberships_not_listed"]) == (20, 130)


# the command's options


@pytest.mark.parametrize(
    ("form", "as_json", "out", "means"),
    [
        (None, False, None, Format.TABLE),
        (None, True, None, Format.JSON),
        (Format.CSV, False, None, Format.CSV),
        (None, False, "a.CSV", Format.CSV),
        (None, False, "a.json", Format.JSON),
        (Format.CSV, False, "a.json", Format.CSV),
        (Format.CSV, True, None, None),
        (Format.TABLE, False, "a.csv", None),
        (None, False, "a.txt", None),
    ],
)
def test_which_form(form: Format | None, as_json: bool, out: str | None, means: Format | None) -> None:
    path = Path(out) if out else None
    if means:
        assert command._form(form, as_json, path) is means
        return
    with pytest.raises(typer.Exit) as ended:
        command._form(form, as_json, path)
    assert ended.value.exit_code == 2


@pytest.mark.parametrize(
    ("first", "last", "year"),
    [
        ("2026-11-20", "", None),
        ("", "2026-11-20", None),
        ("2026-11-20", "2026-11-19", None),
        ("2026-11-20", "yesterday", None),
        ("1949-12-31", "1950-01-01", None),
        ("2000-01-01", "2031-01-01", None),
        ("2026-11-20", "2026-11-21", 2027),
    ],
)
def test_days_that_cannot_be_asked_for(first: str, last: str, year: int | None) -> None:
    with pytest.raises(typer.Exit) as ended:
        command._days(first, last, year)
    assert ended.value.exit_code == 2


def test_nothing_that_a_terminal_obeys_is_shown() -> None:
    assert tables.plain("\x1b[2J\x07a\u202eb\nc é") == "?[2J?a?b c é"
