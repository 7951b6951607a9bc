"""`satchel convert` of every kind of table, of exports, and by the LEA's own mapping."""

import json
from pathlib import Path
from typing import Any

import pytest

from broker.checking.converting import type_of
from broker.formats.tabular.forms import FORMS
from tests.support import edfi, record_tables
from tests.support.desk import child
from tests.support.edfi import stay, student
from tests.support.own_commands import alone

ONE, TWO = "0d6f3c1e-4a7b-4f52-9a08-c3e1b7d25f64", "5f0c9a52-93d1-4f0e-8a67-0c5b7a1e2d33"
CANARY = "Quenneville"
TABLES = {
    "review-answer.v1": ("Tracking Id,Line,Answer,Candidate", [f"{ONE},3,A,"]),
    "acknowledgement.v1": ("Tracking Id,Answer", [f"{ONE},yes", f"{TWO},yes"]),
    "ssid-request.v1": ("Request Type,School,Last Name,First Name,DOB,Entry Date", [f"New,7,{CANARY},Bo,2013-04-05,"]),
    "student-record.v1": (
        "SSID,Last Name,First Name,DOB,School Year,Term,Course Number,Course Title,Grade,Credits Earned",
        [f"1000000019,{CANARY},Bo,2013-04-05,2024-25,S1,MA09,Algebra I,A-,0.5"],
    ),
    "enrollment.v1": ("Last Name,First Name,DOB,School,Entry Date", [f"{CANARY},Bo,2013-04-05,7,2026-08-17"]),
    "record-request.v1": ("Want,Form", ["roster,csv"]),
}
MAPPING = """mapping = 1
dates = "day first"
[columns]
"Fam" = "last_name"
"Giv" = "first_name"
"Born" = "birth_date"
[codes.grade]
"K" = "KG"
[defaults]
school = "704"
entry_date = 2026-11-23
"""


def told(at: Path, *words: object, code: int = 0) -> dict[str, Any]:
    ended = alone("convert", "--json", *words, "--lea", "6G", at=at)
    assert (ended.returncode, ended.stderr) == (code, ""), ended
    assert CANARY not in ended.stdout
    return dict(json.loads(ended.stdout))


def made(at: Path, found: dict[str, Any]) -> list[dict[str, Any]]:
    return [json.loads((at / name).read_bytes()) for name in found["written"]]


SHORT = ("acknowledgement.v1", "student-record.v1")  # the others are converted in the long tests


@pytest.mark.parametrize(
    "packet", [pytest.param(one.packet, marks=[] if one.packet in SHORT else [pytest.mark.long]) for one in FORMS]
)
def test_every_kind_of_table_becomes_its_document(tmp_path: Path, packet: str) -> None:
    """Told by its columns, and asked for by name; what is written is what the exchange would take."""
    header, lines = TABLES[packet]
    (tmp_path / "list.csv").write_text("\n".join((header, *lines)))
    for to in ("json", type_of(packet)):
        found = told(tmp_path, "list.csv", "--to", to, "--out", f"{to}.json")
        documents = made(tmp_path, found)
        assert {one["packet"] for one in documents} == {packet}
        assert len({one["id"] for one in documents}) == len(documents)
        assert alone("check", *found["written"], at=tmp_path).returncode == 0, found
    assert len(documents) == (2 if packet == "acknowledgement.v1" else 1)


@pytest.mark.long
@pytest.mark.parametrize("packet", [one.packet for one in FORMS])
@pytest.mark.parametrize("table", [name for name in TABLES if name not in ("enrollment.v1", "ssid-request.v1")])
def test_a_table_that_is_another_document_says_what_is_missing(tmp_path: Path, packet: str, table: str) -> None:
    if packet == table:
        return
    header, lines = TABLES[table]
    (tmp_path / "list.csv").write_text("\n".join((header, *lines)))
    found = told(tmp_path, "list.csv", "--to", packet, code=1)
    assert (found["good"], found["written"]) == (0, [])
    is_lined = (table, packet) == ("review-answer.v1", "acknowledgement.v1")  # it has all columns of the other one
    assert found["faults"][0]["code"] in (("unreadable",) if is_lined else ("csv-form", "unknown-column"))


def test_a_backpack_is_no_record(tmp_path: Path) -> None:
    whose = child("Cy", "Rask", "2011-03-14", ssid="1000000019")
    (tmp_path / "pack.xlsx").write_bytes(record_tables.workbook(whose, mode="replace"))
    assert made(tmp_path, told(tmp_path, "pack.xlsx", "--to", "json"))[0]["packet"] == "backpack.v1"
    ended = alone("convert", "pack.xlsx", "--to", "student-record", "--lea", "6G", at=tmp_path)
    assert ended.returncode == 2
    assert "backpack.v1, which cannot be student-record.v1" in ended.stderr


@pytest.mark.parametrize("form", ["json", "csv", "xlsx"])
def test_an_export_is_converted_with_its_good_students(tmp_path: Path, form: str) -> None:
    students = student("1", CANARY) + student("2", CANARY, born="2014-02-30") + student("3", CANARY)
    (tmp_path / "export.zip").write_bytes(edfi.together(students, stay("1") + stay("2") + stay("3")))
    found = told(tmp_path, "export.zip", "--to", form, "--out", f"list.{form}", code=1)
    assert (found["verdict"], found["students"], found["good"], found["faulty"]) == ("some", 3, 2, 1)
    again = json.loads(alone("check", "--json", "--lea", "6G", f"list.{form}", at=tmp_path).stdout)
    assert (again["verdict"], again["packet"], again["students"]) == ("good", "enrollment.v1", 2)


@pytest.mark.parametrize("count", [2, pytest.param(10_300, marks=pytest.mark.long)], ids=["short", "long"])
def test_a_table_is_read_by_the_mapping(tmp_path: Path, count: int) -> None:
    (tmp_path / "mapping.toml").write_text(MAPPING)
    lines = [f"{CANARY},Ana{n},3/4/2019,K" for n in range(count)]
    (tmp_path / "list.csv").write_text("\n".join(("Fam,Giv,Born,Grade", *lines, f"{CANARY},Bo,5/6/2018,K5")))
    found = told(tmp_path, "list.csv", "--mapping", "mapping.toml", "--to", "json", code=1)
    assert (found["verdict"], found["good"], found["students"]) == ("some", count, count + 1)
    assert [(one["line"], one["header"]) for one in found["faults"]] == [(count + 2, "Grade")]
    entries = [entry for one in made(tmp_path, found) for entry in one["students"]]
    assert {(e["student"]["birth_date"], e["grade"], e["school"], e["date"]) for e in entries} == {
        ("2019-04-03", "KG", "704", "2026-11-23")
    }
    report = json.loads(
        alone("check", "--json", "--lea", "6G", "--mapping", "mapping.toml", "list.csv", at=tmp_path).stdout
    )
    assert report["faulty"] == 1
    assert report["mapping"] == found["mapping"] != ""


@pytest.mark.parametrize("count", [2, pytest.param(10_300, marks=pytest.mark.long)], ids=["short", "long"])
def test_of_all_or_nothing_with_a_faulty_line_nothing_is_written(tmp_path: Path, count: int) -> None:
    """Also where only the first line asks for it, and the last one is faulty."""
    lines = [f"{CANARY},Ana{n},2019-04-03,704,2026-11-23," for n in range(count)]
    first = f"{CANARY},Eva,2019-04-03,704,2026-11-23,Y"
    header = "Last Name,First Name,DOB,School,Entry Date,All or Nothing"
    (tmp_path / "list.csv").write_text("\n".join((header, first, *lines)))
    found = told(tmp_path, "list.csv", "--to", "json", "--out", "good.json")
    assert (found["verdict"], found["good"]) == ("good", count + 1)
    (tmp_path / "list.csv").write_text("\n".join((header, first, *lines, f"{CANARY},Bo,2018-02-30,704,2026-11-23,")))
    found = told(tmp_path, "list.csv", "--to", "json", "--out", "bad.json", code=1)
    assert (found["verdict"], found["good"], found["is_whole"], found["written"]) == ("refused", 0, True, [])
    assert [one["line"] for one in found["faults"]] == [count + 3]
    report = json.loads(alone("check", "--json", "--lea", "6G", "list.csv", at=tmp_path).stdout)
    assert (report["faulty"], report["is_whole"]) == (1, True)
