"""An LEA's mapping: its own headers, codes and dates are read on its own machine as the exchange reads them."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.support.desk import Town, town
from tests.support.exchange import satchel
from tests.support.own_commands import alone, sentence
from tests.support.school_tables import send

MAPPING = """\
mapping = 1
dates = "day first"

[columns]
"Pupil Key" = "local_number"
"Fam" = "last_name"
"Giv" = "first_name"
"Came" = "birth_date"
"Sx" = "gender"
"Lvl" = "grade"
"Why" = "exit_code"
"Gone" = "exit_date"
"Homeroom" = "ignore"

[codes.gender]
"1" = "F"
"2" = "M"

[codes.grade]
"K" = "KG"

[codes.exit_code]
"W1" = "TS"

[defaults]
school = "700"
entry_date = 2026-08-17
"""
HEADER = "Pupil Key,Fam,Giv,Came,Sx,Lvl,Homeroom,Student ID"
LINES = (
    "K1,Reyes,Ana,03/04/2020,1,K,12,9",
    "K2,Holm,Bo,05/06/2019,2,01,12,9",
    "K3,Sand,Liv,07/08/2019,7,01,12,9",
)
TABLE = "\r\n".join((HEADER, *LINES, "")).encode()


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(
        tmp_path_factory.mktemp("mapping"), {"01": ("district", "cv25519"), "6G": ("charter", "cv25519")}
    ) as made:
        yield made
        assert made.bugs() == []


def mapped(here: Town, lea: str, text: str, at: Path) -> str:
    (at / "mapping.toml").write_text(text)
    return satchel("lea", "mapping", lea, str(at / "mapping.toml"), "--home", str(here.exchange.home)).stdout


def rows(here: Town, query: str, *given: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(here.exchange.home / "ledger.db", timeout=10)) as ledger:
        return [tuple(row) for row in ledger.execute(query, given)]


def checked(at: Path, *words: object) -> dict[str, Any]:
    ended = alone("check", "--json", *words, at=at)
    assert ended.returncode in (0, 1), ended
    return dict(json.loads(ended.stdout))


def test_what_a_mapping_names_is_checked_and_taken_alike_and_comes_home_in_the_lea_s_own_words(
    here: Town, tmp_path: Path
) -> None:
    (tmp_path / "list.csv").write_bytes(TABLE)
    assert checked(tmp_path, "list.csv")["verdict"] == "refused"
    said = mapped(here, "6G", MAPPING, tmp_path)
    report = checked(tmp_path, "--mapping", "mapping.toml", "list.csv")
    assert (report["verdict"], report["packet"], report["good"], report["faulty"]) == ("some", "enrollment.v1", 2, 1)
    (fault,) = report["faults"]
    assert (fault["line"], fault["column"], fault["header"]) == (4, "E", "Sx")

    back = send(here["6G"], "list.csv.pgp", TABLE)
    cells = back.rows("utf-8")
    assert [row[:8] for row in cells] == [line.split(",") for line in (HEADER, *LINES)]
    ana, bo, liv = (back.of(key) for key in ("K1", "K2", "K3"))
    assert (ana["status"], bo["status"], liv["status"]) == ("assigned", "assigned", "refused")
    assert liv["what is wrong"].startswith('Column E "Sx" must be a code')
    assert report["mapping"] in said
    assert f"your mapping (mark {report['mapping']})" in " ".join(back.said["table"])
    query = "SELECT school, entry_date, grade, local_id FROM enrollments WHERE ssid = ?"
    assert rows(here, query, ana["SSID"]) == [("700", "2026-08-17", "KG", "K1")]
    assert rows(here, "SELECT birth_date, gender FROM students WHERE ssid = ?", ana["SSID"]) == [("2020-04-03", "F")]

    # other students of another LEA: nothing of this mapping holds for them
    here["01"].send("list.csv.pgp", TABLE)
    assert here["01"].refused("list.csv.pgp")["code"] in ("not-json", "csv-form", "not-a-document")


def test_the_newest_mapping_counts_and_the_same_rows_mean_something_else(here: Town, tmp_path: Path) -> None:
    mapped(here, "01", MAPPING, tmp_path)
    first = send(here["01"], "again.csv.pgp", TABLE.replace(b"Reyes", b"Reyna").replace(b"Holm", b"Holt"))
    assert first.of("K3")["status"] == "refused"
    mapped(here, "01", MAPPING.replace('"2" = "M"', '"2" = "M"\n"7" = "X"'), tmp_path)
    again = send(here["01"], "again.csv.pgp", TABLE.replace(b"Reyes", b"Reyna").replace(b"Holm", b"Holt"))
    assert again.of("K3")["status"] == "assigned"
    assert [again.of(key)["SSID"] for key in ("K1", "K2")] == [first.of(key)["SSID"] for key in ("K1", "K2")]


def test_who_set_it_and_when_is_kept_and_it_can_be_shown_and_ended(here: Town, tmp_path: Path) -> None:
    text = MAPPING.replace("700", "701")
    mapped(here, "6G", text, tmp_path)
    home = ("--home", str(here.exchange.home))
    assert satchel("lea", "mapping", "6G", *home).stdout == text
    log = json.loads(satchel("audit", "--json", *home).stdout.splitlines()[0])
    acts = [one for one in (log if isinstance(log, list) else log["acts"]) if one["verb"] == "set_mapping"]
    assert acts[0]["subject"] == "6G"
    satchel("lea", "mapping", "6G", "--remove", "--why", "the export has our headers now", *home)
    assert "no mapping" in satchel("lea", "mapping", "6G", *home, check=False).stderr
    here["6G"].send("gone.csv.pgp", TABLE)
    assert here["6G"].refused("gone.csv.pgp")["code"] in ("not-json", "csv-form", "not-a-document")


def test_a_faulty_mapping_is_refused_by_place_and_changes_nothing(here: Town, tmp_path: Path) -> None:
    (tmp_path / "wrong.toml").write_text('mapping = 1\n[columns]\n"Fam" = "surnames"\n[codes.grade]\n"K" = "99x"\n')
    ended = satchel(
        "lea", "mapping", "6G", str(tmp_path / "wrong.toml"), "--home", str(here.exchange.home), check=False
    )
    assert ended.returncode == 1
    assert all(part in ended.stderr for part in ("line 3", "line 5", "[mapping]"))
    (tmp_path / "list.csv").write_bytes(TABLE)
    assert "[mapping]" in sentence(alone("check", "--mapping", "wrong.toml", "list.csv", at=tmp_path), 1)
