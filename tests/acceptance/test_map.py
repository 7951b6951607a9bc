"""`satchel map`: an LEA looks at what is understood of its table, and gets a mapping proposed for the rest."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from broker.formats import tables
from tests.support.own_commands import Ended, alone, sentence
from tests.support.terminal import seen
from tests.support.workbooks import made

CANARY = "Quenneville"
TABLE = f"""Summit Charter, new students
Pupil Key,Fam,Given Nm,Birth Dt,Sx,Grade,Homeroom,Site,Entry Date
K1,{CANARY},Ana,3/4/2020,1,K,12,700,8/7/2026
K2,Holm,Bo,5/6/2018,2,K5,12,700,8/7/2026
K3,Sand,Liv,7/8/2016,1,05,12,700,8/7/2026
"""
GUESSED = {"Pupil Key": "local_number", "Fam": "last_name", "Given Nm": "first_name", "Birth Dt": "birth_date"}


def table(at: Path, content: str | bytes = TABLE, name: str = "list.csv") -> str:
    (at / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return name


def mapped(at: Path, *words: object, code: int) -> Ended:
    ended = alone("map", *words, at=at)
    assert ended.returncode == code, ended
    assert CANARY not in ended.stdout + ended.stderr  # no terminal: this may be a log
    assert "Traceback" not in ended.stderr
    return ended


def told(at: Path, *words: object, code: int) -> Mapping[str, dict[str, object]]:
    said = json.loads(mapped(at, "--json", *words, code=code).stdout)
    return {one["header"]: one for one in said["columns"]} | {"": said}


def completed(text: str) -> str:
    """The proposal as somebody completes it: guesses are right, codes are filled in."""
    lines = [line.removeprefix("# ") if line.startswith('# "') else line for line in text.splitlines()]
    filled = {'"1" = ""': '"1" = "F"', '"2" = ""': '"2" = "M"', '"K5" = ""': '"K5" = "KG"'}
    out = "\n".join(lines)
    for empty, full in filled.items():
        out = out.replace(empty, full)
    return out


def test_a_foreign_table_becomes_an_enrollment_by_what_is_proposed_and_completed(tmp_path: Path) -> None:
    name = table(tmp_path)
    found = told(tmp_path, name, "--out", "mapping.toml", code=1)
    assert {header: found[header]["guess"] for header in GUESSED} == GUESSED
    assert all(found[header]["field"] == "" for header in GUESSED)
    assert (found["Homeroom"]["how"], found["Homeroom"]["guess"]) == ("unknown", "")
    assert (found["Sx"]["unknown_codes"], found["Grade"]["unknown_codes"]) == (2, 1)
    proposed = (tmp_path / "mapping.toml").read_text()
    assert CANARY not in proposed
    rules = tables.mapping_of(proposed.encode())
    assert rules._replace(mark="") == tables.mapping_in("")  # a guess is never applied by itself
    assert alone("check", "--mapping", "mapping.toml", name, at=tmp_path).returncode == 1
    assert "already there" in sentence(alone("map", name, "--out", "mapping.toml", at=tmp_path))

    (tmp_path / "mapping.toml").write_text(completed(proposed))
    again = told(tmp_path, name, "--mapping", "mapping.toml", "--out", "more.toml", code=0)
    assert {header: again[header]["field"] for header in GUESSED} == GUESSED
    assert again["Homeroom"]["how"] == "ignored"
    assert (tmp_path / "more.toml").read_text().strip() == completed(proposed).strip()
    checked = alone("check", "--json", "--mapping", "more.toml", name, at=tmp_path)
    assert json.loads(checked.stdout)["verdict"] == "good", checked


def test_on_a_terminal_of_80_columns_it_shows_the_first_rows(tmp_path: Path) -> None:
    name = table(tmp_path)
    code, lines = seen(["map", name], 80, folder=tmp_path)
    assert code == 1
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    assert "Missing for an enrollment: last_name, first_name, birth_date." in text
    (row,) = (line for line in lines if line.startswith("│ B Fam"))
    assert "? last_name" in row
    assert f"{CANARY} | Holm | Sand" in row
    assert "K5 (1)" in text
    assert "nothing in the table shows which comes" in text


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "[empty-document]"),
        (b"%PDF-1.7\n%\xe2\xe3\n1 0 obj", "[not-a-document]"),
        (b'{"packet": "enrollment.v1"}', "[csv-form]"),
        (b"\x00\x01\x02" * 400, "["),
    ],
)
def test_what_is_no_table_is_named(tmp_path: Path, content: bytes, says: str) -> None:
    assert says in sentence(mapped(tmp_path, table(tmp_path, content), code=2), 2)


def test_a_table_without_a_header_shows_nothing_of_its_students_outside_a_terminal(tmp_path: Path) -> None:
    name = table(tmp_path, f"K1,{CANARY},Ana,3/4/2020,1\nK2,Holm,Bo,5/6/2018,2\n")
    assert "it looks like" in mapped(tmp_path, name, code=1).stdout
    mapped(tmp_path, "--json", name, code=1)


def test_workbooks_requests_and_social_security_numbers(tmp_path: Path) -> None:
    rows = [line.split(",") for line in TABLE.splitlines()[1:]]
    found = told(tmp_path, table(tmp_path, made(rows), "list.xlsx"), code=1)
    assert found["Fam"]["guess"] == "last_name"
    asked = "Request Type,Surname,First Name,DOB,School,SSN,Mystery\nNew,Holm,Bo,5/6/2013,700,,\n"
    found = told(tmp_path, table(tmp_path, asked, "asks.csv"), code=1)
    assert found[""]["document"] == "an SSID request"
    assert (found["Request Type"]["field"], found["SSN"]["how"], found["Mystery"]["how"]) == (
        "request_type",
        "secret",
        "unknown",
    )


def test_every_odd_header_is_proposed_as_a_mapping_that_can_be_read(tmp_path: Path) -> None:
    odd = ['Say "x"', "a\\b", "Größe", "日本", "x" * 150, "=1+1", "[columns]", "#", "a = b", "078-05-1120", ""]
    quoted = ",".join('"' + one.replace('"', '""') + '"' for one in [*odd, "Last Name", "First Name", "DOB"])
    name = table(tmp_path, f"{quoted}\n" + ",".join(["1"] * (len(odd) + 3)) + "\n")
    mapped(tmp_path, name, "--out", "mapping.toml", code=1)
    text = (tmp_path / "mapping.toml").read_text()
    assert "078-05-1120" not in text
    told_of = tomllib.loads(completed(text))["columns"]
    assert {'Say "x"', "a\\b", "Größe", "=1+1", "[columns]", "a = b"} <= told_of.keys()
    assert tables.mapping_of(text.encode()).columns == {}
