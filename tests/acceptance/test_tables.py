"""Tables at a terminal of 80 columns: no number, date, state or id is cut, and no column is left out."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from broker.edge.settings.rules import TheState
from tests.support import desk, documents, terminal
from tests.support.desk import child, enrollment
from tests.support.exchange import satchel
from tests.support.office import Office

A, B, C = "Canyon-View-School-District-0001", "6G", "State-Office-of-Education_000001"
FILE = "enrollment_of_the_23rd_of_November_2026_afternoon_second_try.json.pgp"
WHO = "Johanna-Elisabeth Larsen-Thorvaldsdottir of the Student Data Office"
WHY = "notice of the police of 23 November, number 2026-11-4711, by telephone from Salt Lake City"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """An exchange in which each table has something to show."""
    office = Office(tmp_path_factory.mktemp("tables"), A, B, C, kinds={B: "charter", C: "state"})
    ana = child("Anastasia-Guadalupe", "Montgomery-Vandenberghe", "2012-03-04", local_id="445566778899")
    ben = child("Benjamin", "Holm", "2013-08-30", local_id="1")
    told = enrollment(A, ana, ben)
    told["students"][0]["opt_outs"] = ["higher-education-data"]
    office.send(A, told)
    office.drop(B, enrollment(B, ana, date="2026-11-20"), name=FILE)
    office.work()
    office.send(B, enrollment(B, child("Benjamin", "Holm", "2013-08-31"), date="2026-11-20"))  # which Ben?
    office.send(A, documents.backpack(**{"from": A, "student": ben | {"ssid": ssids(office)[1]}}))
    ssid = ssids(office)[0]
    at = office.exchange.at
    satchel("student", "flag", ssid, "--who", WHO[:60], "--why", WHY, *at)
    office.send(A, enrollment(A, ana, event="exit", date="2026-11-23"))
    satchel("calendar", "close", "2026-12-21", "--to", "2027-01-01", "--lea", A, "--why", WHY, *at)
    return office


def ssids(office: Office) -> list[str]:
    found = office.notices(A, "ssid")
    return [line["ssid"] for one in found for line in one["students"] if line.get("ssid")]


TABLES: dict[str, list[str]] = {
    "packets": ["packets"],
    "packets of a file": ["packets", "--file", "afternoon"],
    "transfers": ["transfers", "--state", "all"],
    "transfers report": ["transfers", "report"],
    "review list": ["review", "list"],
    "alerts": ["alerts"],
    "student flags": ["student", "flags", "--who", "Jo"],
    "student opt-outs": ["student", "opt-outs", "--who", "Jo"],
    "student find": ["student", "find", "--name", "mont ana", "--who", "Jo", "--why", "a parent has called"],
    "backpack list": ["backpack", "list"],
    "claims": ["claims"],
    "calendar show": ["calendar", "show", "--lea", A, "--school-year", "2027"],
    "codes": ["codes"],
    "lea list": ["lea", "list"],
    "status": ["status"],
}
# what stands in `--json`, and must stand whole in a line of the table
_FACT = re.compile(r"\b(?:\d{10}|\d{4}-\d{2}-\d{2}|[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f-]{22}|[A-Z]{6,})\b")
NOT_SHOWN = {  # facts of the JSON that the table has in other words, or not at all
    "claims": {"tracking"},
}


def facts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for one in value.values():
            yield from facts(one)
    elif isinstance(value, list):
        for one in value:
            yield from facts(one)
    elif isinstance(value, str):
        yield from _FACT.findall(value)


NARROW = ("packets", "transfers", "status", "calendar show")  # a table, one of many columns, sentences, one of days


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        *((name, 80) for name in TABLES),
        *(pytest.param(name, 60, marks=[] if name in NARROW else pytest.mark.long) for name in TABLES),
    ],
)
def test_nothing_is_cut(name: str, columns: int, here: Office) -> None:
    words = [*TABLES[name], *here.exchange.at]
    code, shown = terminal.seen(words, columns)
    assert code in (0, 3, 4), shown
    piped = satchel(*words).stdout.splitlines()
    if name not in ("status", "lea list"):  # sentences: the terminal folds them
        wide = [line for line in shown if len(line) > columns and not line.endswith((".", ":"))]
        assert [
            line for line in wide if line.strip().count(" ") > 1
        ] == []  # a name that is longer than a line is whole
    whole = "\n".join(piped)
    for fact in {*_FACT.findall(whole)}:
        assert any(fact in line for line in shown), f"{fact} is cut or left out:\n" + "\n".join(shown)
    assert "…" not in "".join(shown)


@pytest.mark.parametrize(
    "name", ["packets", "transfers", "alerts", "student flags", "backpack list", "student opt-outs"]
)
def test_what_json_has_of_numbers_and_ids_the_table_has(name: str, here: Office) -> None:
    words = TABLES[name]
    as_json = ["--format", "json"] if name == "transfers" else ["--json"]
    told = json.loads(satchel(*words, *as_json, *here.exchange.at).stdout)
    rows = told if isinstance(told, list) else told.get("transfers", [])
    assert rows
    wanted = {str(row[key]) for row in rows for key in ("ssid", "tracking", "state") if row.get(key)}
    _, shown = terminal.seen([*words, *here.exchange.at], 80)
    assert {one for one in wanted if not any(one in line for line in shown)} == set()


def test_each_column_is_there_at_80_columns(here: Office) -> None:
    for name, columns in {
        "packets": ("tracking", "type", "from", "to", "state", "received", "file"),
        "transfers": ("id", "SSID", "from", "to", "state", "entered", "asked", "due"),
        "backpack list": ("SSID", "LEA", "version", "mode", "of", "bytes", "current", "tracking"),
        "alerts": ("id", "when", "what", "ssid", "lea", "packet", "seen"),
    }.items():
        _, shown = terminal.seen([*TABLES[name], *here.exchange.at], 80)
        told = "\n".join(shown)
        assert [one for one in columns if not re.search(rf"(?<!\w){one}(?!\w)", told)] == [], told


def test_what_looks_like_markup_or_a_command_to_the_terminal_is_shown(tmp_path: Path) -> None:
    office = Office(tmp_path, "01")
    at = office.exchange.at
    satchel("calendar", "close", "2026-12-21", "--lea", "01", "--why", "[red]snow[/red] [link=x]", *at)
    _, shown = terminal.seen(["calendar", "show", "--lea", "01", "--school-year", "2027", *at], 80)
    assert "[red]snow[/red] [link=x]" in " ".join("".join(shown).split())
    assert desk.THIS_YEAR == 2026


# --- packets are found


def test_packets_are_found(here: Office) -> None:
    rows = here.exchange.packets()
    mine = next(row for row in rows if row["source_name"] == FILE)

    def found(**options: str) -> set[str]:
        return {row["tracking"] for row in here.exchange.packets(**options)}

    assert found(file="AFTERNOON_second") == {mine["tracking"]}
    assert found(file="%") == found(file="no such") == set()
    day = TheState().time.day(mine["received_at"]).isoformat()
    assert mine["tracking"] in found(day=day)
    assert found(day="1999-01-01") == set()
    assert found(tracking=mine["tracking"][:18]) >= {mine["tracking"]}
    assert found(tracking=mine["tracking"].upper()) == {mine["tracking"]}
    assert {row["tracking"] for row in rows if row["type"] == "backpack"} == found(ssid=ssids(here)[1])
    assert found(ssid="0000000000") == set()
    bad = satchel("packets", "--day", "yesterday", *here.exchange.at, check=False)
    assert (bad.returncode, bad.stderr.count("\n")) == (2, 1)


def test_a_packet_by_a_part_of_its_id(here: Office) -> None:
    rows = here.exchange.packets()
    mine = next(row for row in rows if row["source_name"] == FILE)["tracking"]
    others = [row["tracking"] for row in rows if row["tracking"] != mine]
    short = next(mine[:length] for length in range(4, 37) if not any(one.startswith(mine[:length]) for one in others))
    for given in (mine, short, short.upper(), f"{mine}.ssid.pgp", f"inbox/{mine}.3.applied.json.asc"):
        ended = satchel("packet", given, *here.exchange.at)
        assert mine in ended.stdout
        assert f"dropped as {FILE}" in ended.stdout
    many = satchel("packet", mine[:2], *here.exchange.at, check=False)
    assert (many.returncode, many.stderr.count("\n")) == (1, 1)
    assert "give more of it" in many.stderr
    assert all(row["tracking"] in many.stdout for row in rows[:20])
    for given in ("", "%", "zzzz", "%%%%"):
        none = satchel("packet", given, *here.exchange.at, check=False)
        assert (none.returncode, none.stderr.count("\n")) == (1, 1), none
