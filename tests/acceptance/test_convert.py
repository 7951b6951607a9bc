"""`satchel convert`, as a process of its own: a document in another form, and nothing that was there is lost."""

import csv
import json
import os
import stat
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from broker.formats import pesc
from tests.support import documents, transcripts
from tests.support.own_commands import Ended, alone

CANARY = "Quenneville"
HEADER = "Last Name,First Name,DOB,School,Entry Date"
GOOD = f"{CANARY},Ana,25/4/2012,700,17/8/26"
LINES = (HEADER, GOOD, f"{CANARY},Bo,31/31/2013,700,24/8/2026", f"{CANARY},Liv,1/2/2013,700,24/8/2026")


def convert(at: Path, *words: object, code: int = 0) -> Ended:
    ended = alone("convert", *words, at=at)
    assert ended.returncode == code, ended
    assert "Traceback" not in ended.stderr
    assert CANARY not in ended.stderr + ended.stdout
    return ended


def told(at: Path, *words: object, code: int = 0) -> dict[str, Any]:
    return dict(json.loads(convert(at, "--json", *words, code=code).stdout))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    (tmp_path / "list.csv").write_text("\n".join(LINES))
    return tmp_path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def read(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_bytes()))


def test_good_lines_are_converted_and_faulty_ones_named(table: Path) -> None:
    ended = convert(table, "list.csv", "--to", "json", "--lea", "6G", code=1)
    assert "column C (DOB), line 3: It must be a day of the calendar" in ended.stdout
    assert "list.json is written (2 students)." in ended.stdout
    made = read(table / "list.json")
    assert (made["packet"], made["from"]) == ("enrollment.v1", "6G")
    assert [one["student"]["birth_date"] for one in made["students"]] == ["2012-04-25", "2013-02-01"]
    assert stat.S_IMODE((table / "list.json").stat().st_mode) == 0o600
    checked = alone("check", "list.json", at=table)
    assert checked.returncode == 0, checked.stdout


def test_a_table_goes_round_through_every_form(table: Path) -> None:
    convert(table, "list.csv", "--to", "json", "--lea", "6G", code=1)
    before = read(table / "list.json")["students"]
    for form in ("csv", "xlsx"):
        convert(table, "list.json", "--to", form, "--out", f"back.{form}")
        convert(table, f"back.{form}", "--to", "json", "--out", f"{form}.json")  # whose it is, it says itself
        assert read(table / f"{form}.json")["students"] == before
        assert read(table / f"{form}.json")["from"] == "6G"
    assert openpyxl.load_workbook(table / "back.xlsx").active["C2"].value == CANARY


def test_nothing_is_written_over_and_nothing_is_left_behind(table: Path) -> None:
    (table / "list.json").write_text("mine")
    ended = convert(table, "list.csv", "--to", "json", "--lea", "6G", code=1)
    assert "list.json is already there; choose another name with --out, or give --replace." in ended.stderr
    assert (table / "list.json").read_text() == "mine"
    assert names(table) == ["list.csv", "list.json"]
    convert(table, "list.csv", "--to", "json", "--lea", "6G", "--replace", code=1)
    assert len(read(table / "list.json")["students"]) == 2
    ended = convert(table, "list.csv", "--to", "csv", "--lea", "6G", code=1)  # itself
    assert "list.csv is already there" in ended.stderr
    assert names(table) == ["list.csv", "list.json"]


def test_a_refused_file_is_not_converted(table: Path) -> None:
    (table / "list.csv").write_text("\n".join((*LINES, f"{CANARY},Mia,4/25/2012,700,24/8/2026")))
    found = told(table, "list.csv", "--to", "json", "--lea", "6G", code=1)
    assert (found["verdict"], found["written"], found["faults"][0]["code"]) == ("refused", [], "dates-contradict")
    assert names(table) == ["list.csv"]
    ended = convert(table, "list.csv", "--to", "json", "--lea", "6G", code=1)
    assert "[dates-contradict]" in ended.stdout
    assert "Nothing is written." in ended.stdout


def test_wrong_use_ends_with_2(table: Path) -> None:
    (table / "record.json").write_text(json.dumps(documents.record(1)))
    os.mkfifo(table / "pipe")
    assert "whose it is: give the LEA's id with --lea." in convert(table, "list.csv", "--to", "json", code=2).stderr
    assert "--to must be a form (json, csv" in convert(table, "list.csv", "--to", "doc", "--lea", "1", code=2).stderr
    cannot = "It is a document of the type student-record.v1, which cannot be {}; it can be json."
    for form in ("csv", "pesc", "enrollment.v1"):
        assert cannot.format(form) in convert(table, "record.json", "--to", form, code=2).stderr
    assert "no ordinary file" in convert(table, "pipe", "--to", "json", code=2).stderr
    convert(table, "missing.csv", "--to", "json", code=2)
    convert(table, "list.csv", "--to", "json", "--lea", "6 G/..", code=2)
    convert(table, "list.csv", code=2)
    assert names(table) == ["list.csv", "pipe", "record.json"]


def test_a_table_can_be_asked_to_be_another_packet_type(table: Path) -> None:
    """Which of two documents a table is, its sender may say."""
    header = "Request,School,Last Name,First Name,DOB,Entry Date,SSID"
    (table / "both.csv").write_text(f"{header}\nVerify,700,{CANARY},Ana,2012-04-25,2026-08-17,1000000019\n")
    convert(table, "both.csv", "--to", "ssid-request", "--lea", "6G", "--out", "asks.json")
    convert(table, "both.csv", "--to", "enrollment", "--lea", "6G", "--out", "enters.json")
    assert read(table / "asks.json")["students"][0]["request"] == "verify"
    assert read(table / "enters.json")["students"][0]["event"] == "entry"
    lacking = told(table, "list.csv", "--to", "ssid-request", "--lea", "6G", code=1)
    assert (lacking["faults"][0]["code"], lacking["written"]) == ("csv-form", [])


def test_a_transcript_becomes_pesc_and_comes_back(tmp_path: Path) -> None:
    made = next(transcripts.realistic(1, 1))
    made |= {"created": datetime.now(UTC).isoformat(), "request": {"by": "student", "on": date.today().isoformat()}}
    (tmp_path / "t.json").write_text(json.dumps(made))
    convert(tmp_path, "t.json", "--to", "pesc")
    assert pesc.is_xml((tmp_path / "t.xml").read_bytes())
    convert(tmp_path, "t.xml", "--to", "json", "--out", "back.json")
    assert read(tmp_path / "back.json")["student"]["legal_name"] == made["student"]["legal_name"]


def test_what_a_table_cannot_carry_is_told(tmp_path: Path) -> None:
    made = documents.enrollment(2)
    made["students"][0]["student"]["guardians"] *= 3
    (tmp_path / "many.json").write_text(json.dumps(made))
    found = told(tmp_path, "many.json", "--to", "csv")
    assert found["left_out"] == [
        "/school_year: The dates of each line say the school year.",
        "/students/*/student/guardians: Only the first two guardians have columns.",
    ]
    assert "Left out: /students/*/student/guardians" in convert(tmp_path, "many.json", "--to", "xlsx").stdout
    rows = list(csv.DictReader((tmp_path / "many.csv").read_text("utf-8-sig").splitlines()))
    assert [row["Guardian 2 Last Name"] for row in rows] == ["Ortiz", ""]


def test_a_document_that_is_converted_whole_stays_the_same_document(tmp_path: Path) -> None:
    made = documents.enrollment(2)
    (tmp_path / "one.json").write_text(json.dumps(made, indent=3))
    convert(tmp_path, "one.json", "--to", "json", "--out", "other.json")
    assert read(tmp_path / "other.json") == made
    assert (tmp_path / "other.json").read_bytes().startswith(b'{"created":')


def test_what_is_too_much_for_one_packet_is_divided(tmp_path: Path) -> None:
    """A line that tells of the entry and of the exit becomes two entries."""
    lines = [f"Holm,Ana{n},2012-04-25,700,2026-08-17,2026-09-17" for n in range(6_000)]
    (tmp_path / "both.csv").write_text("\n".join((f"{HEADER},Exit Date", *lines)))
    found = told(tmp_path, "both.csv", "--to", "json", "--lea", "6G", "--out", "all.json")
    assert found["written"] == ["all-001.json", "all-002.json"]
    made = [read(tmp_path / name) for name in found["written"]]
    assert [len(one["students"]) for one in made] == [10_000, 2_000]
    assert made[0]["id"] != made[1]["id"]
    assert alone("check", *found["written"], at=tmp_path).returncode == 0
