"""Tables with more lines than one packet takes: checked whole, divided into files to be sent, in bounded memory."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support import documents, long_tables
from tests.support.own_commands import Ended, alone

LINES = 10_500
MOST_BYTES = 300_000_000  # of the command with all its processes
PEOPLE = 1_000_000


def told(command: str, at: Path, *words: object, code: int) -> dict[str, Any]:
    ended: Ended = alone(command, "--json", *words, "--lea", "6G", at=at)
    assert (ended.returncode, ended.stderr) == (code, ""), ended
    return dict(json.loads(ended.stdout))


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table whose dates have the day first, as only one of its last lines shows."""
    folder = tmp_path_factory.mktemp("long")
    long_tables.write(folder / "state.csv", LINES)
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_all_lines_are_checked_though_the_exchange_takes_fewer_at_once(here: Path) -> None:
    found = told("check", here, "state.csv", code=1)
    assert (found["verdict"], found["packet"], found["form"]) == ("refused", "enrollment.v1", "CSV")
    assert (found["students"], found["faulty"]) == (LINES, 10)
    first, *others = found["faults"]
    assert first["wrong"].startswith("It has 10,500 lines, and the exchange takes 10,000 lines in one packet.")
    assert first["what_to_do"].startswith("Divide it: converted to CSV or JSON")
    assert [(one["line"], one["column"]) for one in others] == [(1_000 * n + 1, "D") for n in range(1, 11)]


@pytest.mark.parametrize("form", [pytest.param("json", marks=pytest.mark.long), "csv"])
def test_it_is_divided_into_files_that_can_be_sent(here: Path, tmp_path: Path, form: str) -> None:
    found = told("convert", here, "state.csv", "--to", form, "--out", tmp_path / f"part.{form}", code=1)
    assert [Path(one).name for one in found["written"]] == [f"part-001.{form}", f"part-002.{form}"]
    assert (found["verdict"], found["students"], found["good"]) == ("some", LINES, LINES - 10)
    ended = alone("check", "--json", *names(tmp_path), at=tmp_path)
    checked = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [(one["verdict"], one["students"]) for one in checked] == [("good", 9_990), ("good", 500)]


@pytest.mark.long
def test_the_order_of_its_dates_is_that_of_the_whole_file(here: Path, tmp_path: Path) -> None:
    told("convert", here, "state.csv", "--to", "json", "--out", tmp_path / "part.json", code=1)
    first = json.loads((tmp_path / "part-001.json").read_bytes())["students"][0]
    assert (first["student"]["birth_date"], first["date"]) == ("2017-02-02", "2026-08-02")


def test_a_fault_of_the_whole_in_the_last_piece_lets_nothing_be_written(here: Path, tmp_path: Path) -> None:
    text = (here / "state.csv").read_text()
    (tmp_path / "ssn.csv").write_text(
        text.replace("Aspen Way,Canyon", "Aspen Way,078-05-1120", 20_000).replace("078-05-1120", "Canyon", LINES - 1)
    )
    found = told("convert", tmp_path, "ssn.csv", "--to", "json", code=1)
    assert (found["verdict"], found["faults"][0]["code"]) == ("refused", "has-ssn")
    assert found["faults"][0]["place"].startswith(f"line {LINES + 1} column")
    assert names(tmp_path) == ["ssn.csv"]


@pytest.mark.long
def test_no_more_faults_are_named_than_a_person_can_read(tmp_path: Path) -> None:
    lines = ["Holm,Bo,31/31/2013,700,24/8/2026"] * 12_000
    (tmp_path / "bad.csv").write_text("\n".join(("Last Name,First Name,DOB,School,Entry Date", *lines)))
    found = told("check", tmp_path, "bad.csv", code=1)
    assert (found["faulty"], len(found["faults"]), found["unnamed"]) == (12_000, 1_001, 11_000)
    said = " ".join(alone("check", "bad.csv", at=tmp_path).stdout.split())
    assert "`satchel convert FILE --to csv` does it. [csv-form]" in said
    assert "More lines with faults, which are not named here: 11,000." in said


@pytest.mark.long
def test_an_ssid_request_of_any_length_is_divided_too(tmp_path: Path) -> None:
    lines = [f"New,700,Holm,Bo,2013-04-05,2026-08-{n % 20 + 1:02}" for n in range(10_020)]
    text = "\n".join(("Request Type,School,Last Name,First Name,DOB,Entry Date", *lines))
    for name in ("asks.csv", "REQ_6G_20261123_1.csv"):
        (tmp_path / name).write_text(text)
        found = told("convert", tmp_path, name, "--to", "json", "--out", f"{name}.json", code=0)
        assert (found["packet"], found["students"], len(found["written"])) == ("ssid-request.v1", 10_020, 2)
    (tmp_path / "REQ_01_20261123_1.csv").write_text(text)
    assert told("check", tmp_path, "REQ_01_20261123_1.csv", code=1)["faults"][0]["code"] == "from-mismatch"


def test_what_has_many_lines_and_is_no_table_is_checked_as_before(tmp_path: Path) -> None:
    (tmp_path / "all.json").write_text(json.dumps(documents.enrollment(600), indent=0))
    assert (tmp_path / "all.json").read_text().count("\n") > 10_000
    found = json.loads(alone("check", "--json", "all.json", at=tmp_path).stdout)
    assert (found["verdict"], found["students"]) == ("good", 600)
    (tmp_path / "blank.csv").write_text(
        "Last Name,First Name,DOB,School,Entry Date\nHolm,Bo,2013-04-05,1,2026-08-08\n" + 20_000 * "\n"
    )
    assert told("check", tmp_path, "blank.csv", code=0)["students"] == 1


@pytest.mark.long
@pytest.mark.timeout(7_200)
@pytest.mark.parametrize(
    "words", [("check",), ("convert", "--to", "json"), ("convert", "--to", "csv")], ids=["check", "json", "csv"]
)
def test_a_million_lines_take_no_more_memory_than_ten_thousand(tmp_path: Path, words: tuple[str, ...]) -> None:
    long_tables.write(tmp_path / "state.csv", PEOPLE)
    cost = long_tables.cost([*words, "--lea", "6G", "--json", "state.csv"], tmp_path)
    found = json.loads(cost.said)
    assert (cost.code, found["students"], found["faulty"]) == (1, PEOPLE, PEOPLE // long_tables.FAULTY)
    assert cost.peak < MOST_BYTES
    if words[0] == "convert":
        assert len(found["written"]) == PEOPLE // 10_000
        assert found["good"] == PEOPLE - found["faulty"]
