"""`satchel simulate` from outside: the files, what they hold, and how it fails."""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from broker.edge.schemas.contracts import Contracts
from broker.edge.settings import resources
from tests.support import documents
from tests.support.exchange import satchel

STUDENTS = 3000
RATES = 'last_typo = 0.5\nupper_case = 0.0\n"movers" = 0.5\n'


def run(*words: str) -> tuple[int, str, str]:
    ended = satchel("simulate", *words, check=False)
    return ended.returncode, ended.stdout, ended.stderr


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Four states, two of them with the same seed."""
    root = tmp_path_factory.mktemp("simulate")
    (root / "rates.toml").write_text(RATES)
    (root / "first.csv").write_text("Ana,5\nEva,3\nMax,4\nTom,2\nUwe,1\nIda,1\nJan,1\nKim,1\n")
    (root / "last.tsv").write_text("name\tweight\nReyes\t3\nMüller\t1\n")
    options = {
        "one": ["--seed", "7"],
        "again": ["--seed", "7"],
        "other": ["--seed", "8", "--movers", "0", "--districts", "3", "--charters", "2", "--pairs", "300"],
        "own": ["--first-names", "first.csv", "--last-names", "last.tsv", "--rates", "rates.toml", "--movers", "0.2"],
    }
    options["own"] = [str(root / word) if "." in word and word != "0.2" else word for word in options["own"]]

    def make(name: str) -> None:
        out = satchel("simulate", str(root / name), "--students", str(STUDENTS), *options[name], "--json").stdout
        (root / f"{name}.json").write_text(out)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(make, options))
    return {name: root / name for name in options}


def lines(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text("utf-8").splitlines():
        yield json.loads(line)


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def check(entries: list[dict[str, Any]]) -> None:
    contracts = Contracts(resources.folder("schemas"))
    for at in range(0, len(entries), 10_000):
        contracts.check(documents.enrollment() | {"students": entries[at : at + 10_000]}, 5)


def test_the_same_seed_makes_the_same_bytes(made: dict[str, Path]) -> None:
    one, again, other = (files(made[name]) for name in ("one", "again", "other"))
    assert one == again
    assert other["students.jsonl"] != one["students.jsonl"]
    leas = {row["id"] for row in table(made["one"] / "parties.csv")}
    rosters = {name for name in one if name.startswith("rosters/")}
    assert {name.removeprefix("rosters/").removesuffix(".jsonl") for name in rosters} <= leas
    names = {"parties.csv", "schools.csv", "students.jsonl", "truth.csv", "enrollments.jsonl", "pairs.jsonl"}
    assert one.keys() - rosters == names


def test_what_it_says_is_what_there_is(made: dict[str, Path]) -> None:
    for folder in made.values():
        said = json.loads(folder.with_suffix(".json").read_text())
        students = list(lines(folder / "students.jsonl"))
        events = list(lines(folder / "enrollments.jsonl"))
        families = Counter(one["family"] for one in students)
        assert said["students"] == len(students) == STUDENTS
        assert said["families"] == len(families)
        born = Counter(one["twin_of"] or one["person"] for one in students)
        assert said["twins"] == sum(count for count in born.values() if count > 1)
        assert said["records"] == len(table(folder / "truth.csv"))
        assert said["events"] == len(events)
        assert said["movers"] == len(
            {one["person"] for one in events if one["why"] in ("move", "arrival", "late-exit")}
        )
        assert said["pairs"] == len(list(lines(folder / "pairs.jsonl")))


def test_options_are_heeded(made: dict[str, Path]) -> None:
    parties = {name: table(folder / "parties.csv") for name, folder in made.items()}
    assert Counter(row["kind"] for row in parties["one"]) == {"district": 41, "charter": 84}
    assert Counter(row["kind"] for row in parties["other"]) == {"district": 3, "charter": 2}
    said = {name: json.loads(folder.with_suffix(".json").read_text()) for name, folder in made.items()}
    assert said["other"]["movers"] == 0
    assert 200 < said["other"]["pairs"] <= 300
    assert 0.06 < said["one"]["movers"] / STUDENTS < 0.1
    assert 0.15 < said["own"]["movers"] / STUDENTS < 0.25  # the option goes before the file
    truth = [set(row["errors"].split()) for row in table(made["own"] / "truth.csv")]
    assert 0.45 < sum("last_typo" in errors for errors in truth) / len(truth) < 0.55
    assert not any("upper_case" in errors for errors in truth)
    names = [one["student"]["legal_name"] for one in lines(made["own"] / "students.jsonl")]
    assert {part for name in names for part in name["last"].replace("-", " ").split()} == {"Reyes", "Müller"}


def test_every_block_fits_its_schema(made: dict[str, Path]) -> None:
    frame = {"school": "1000", "event": "entry", "date": "2026-08-20"}
    for folder in made.values():
        check([one["entry"] for one in lines(folder / "enrollments.jsonl")])
        blocks = [one["student"] for one in lines(folder / "students.jsonl")]
        blocks += [block for path in (folder / "rosters").iterdir() for block in lines(path)]
        blocks += [pair[side] for pair in lines(folder / "pairs.jsonl") for side in "ab"]
        check([frame | {"student": block} for block in blocks])


def test_the_truth_finds_every_roster_line(made: dict[str, Path]) -> None:
    students = {one["person"]: one for one in lines(made["one"] / "students.jsonl")}
    rosters = {path.stem: list(lines(path)) for path in (made["one"] / "rosters").iterdir()}
    truth = table(made["one"] / "truth.csv")
    assert Counter(row["lea"] for row in truth) == {lea: len(roster) for lea, roster in rosters.items()}
    wrong = 0
    for row in truth:
        block, person = rosters[row["lea"]][int(row["line"]) - 1], students[row["person"]]
        assert block["local_id"] == row["local_id"]
        assert (row["family"], row["twin_of"] or None) == (person["family"], person["twin_of"])
        if row["lea"] == person["lea"]:
            assert (block == person["student"]) == (row["errors"] == "")
            wrong += row["errors"] != ""
    assert wrong > STUDENTS / 2
    assert {row["person"] for row in truth} == set(students)


def test_schools_are_those_of_their_lea(made: dict[str, Path]) -> None:
    schools = {(row["lea"], row["school"]) for row in table(made["one"] / "schools.csv")}
    assert {(one["lea"], one["school"]) for one in lines(made["one"] / "students.jsonl")} <= schools
    assert {(one["lea"], one["entry"]["school"]) for one in lines(made["one"] / "enrollments.jsonl")} <= schools


def test_the_year_goes_by_date(made: dict[str, Path]) -> None:
    events = list(lines(made["one"] / "enrollments.jsonl"))
    dates = [one["entry"]["date"] for one in events]
    assert dates == sorted(dates)
    assert dates[0] >= "2026-08-12"
    inside: dict[str, set[str]] = {}
    for one in events:
        where = inside.setdefault(one["person"], set())
        if one["entry"]["event"] == "entry":
            where.add(one["lea"])
        else:
            assert one["lea"] in where
    rosters = {
        path.stem: {block["local_id"]: block for block in lines(path)} for path in (made["one"] / "rosters").iterdir()
    }
    assert all(rosters[one["lea"]][one["entry"]["student"]["local_id"]] == one["entry"]["student"] for one in events)


def test_pairs_to_judge_by(made: dict[str, Path]) -> None:
    pairs = list(lines(made["one"] / "pairs.jsonl"))
    kinds = Counter((pair["same"], pair["relation"]) for pair in pairs)
    assert set(kinds) == {
        (True, "same"),
        *((False, other) for other in ("twin", "sibling", "stranger", "namesake")),
    }
    assert kinds[True, "same"] > 1000
    assert all(pair.keys() == {"a", "b", "same", "relation", "errors"} for pair in pairs)


def test_in_words_and_without_a_bar_where_nobody_looks(tmp_path: Path) -> None:
    code, out, err = run(str(tmp_path / "deep" / "state"), "--students", "50")
    assert (code, err) == (0, "")
    assert out.startswith("50 students in ")
    assert str(tmp_path / "deep" / "state") in out


def test_failures_are_one_sentence_and_leave_nothing(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("mine")
    (tmp_path / "file").write_text("")
    (tmp_path / "names.csv").write_text("Smith\n")
    for name, text in {"unknown": "frist_typo = 1", "toml": "= 1", "sum": "birth_digit = 1.0"}.items():
        (tmp_path / f"{name}.toml").write_text(text)
    out = str(tmp_path / "out")
    commands = {
        "not empty": [str(tmp_path / "full")],
        "a file": [str(tmp_path / "file")],
        "below a file": [str(tmp_path / "file" / "out")],
        "no such rates": [out, "--rates", str(tmp_path / "none.toml")],
        "no such rate": [out, "--rates", str(tmp_path / "unknown.toml")],
        "no TOML": [out, "--rates", str(tmp_path / "toml.toml")],
        "rates that exclude each other": [out, "--rates", str(tmp_path / "sum.toml")],
        "no weight": [out, "--last-names", str(tmp_path / "names.csv")],
    }
    before = sorted(path.name for path in tmp_path.iterdir())
    with ThreadPoolExecutor(2) as pool:
        ended = dict(
            zip(commands, pool.map(lambda words: run(*words, "--students", "20"), commands.values()), strict=True)
        )
    assert {name: code for name, (code, _, _) in ended.items()} == dict.fromkeys(commands, 1)
    assert {name: err for name, (_, _, err) in ended.items() if err.count("\n") != 1 or "should not" in err} == {}
    assert {name: out for name, (_, out, _) in ended.items() if out} == {}
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine"]


@pytest.mark.parametrize(
    "words", [["--students", "0"], ["--movers", "2"], ["--districts", "0"], ["--year", "1800"], []]
)
def test_wrong_use(words: list[str], tmp_path: Path) -> None:
    code, _, err = run(*([str(tmp_path / "out")] if words else []), *words)
    assert code == 2
    assert "Traceback" not in err
    assert not (tmp_path / "out").exists()
