"""`satchel identity match` and `train` from outside: rosters, registries, results, reports, and how they fail."""

import csv
import io
import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from broker import offline
from broker.core.model import Ssid
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.people.registry import Source
from broker.edge.settings import resources
from broker.formats.documents import to_student
from broker.identity import match, registrar
from broker.simulate.errors import spoil
from broker.simulate.people import Person, persons
from broker.simulate.rates import DEFAULT
from handlers.registry import TRAVELS
from tests.support.exchange import satchel
from tests.support.rosters import jsonl, objects, run, within

STUDENTS = 400
CANARY = "Quetzalcoatlus"


@pytest.fixture(scope="module")
def people() -> list[Person]:
    return list(persons(STUDENTS, 9, DEFAULT.changed({"twins": 0.2})))


@pytest.fixture(scope="module")
def blocks(people: list[Person]) -> list[dict[str, Any]]:
    """Of each of them a record with errors, as an LEA has it."""
    random = Random(9)
    return [spoil(person.block, random)[0] for person in people]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, people: list[Person]) -> Path:
    """An exchange that knows all but the last hundred; one of them under two numbers that were merged."""
    folder = tmp_path_factory.mktemp("bulk") / "home"
    satchel("init", str(folder))
    services = offline.build(folder)
    with writing(services.engine) as connection:
        registrar.adopt(connection, services.model)
        known = [(ssid_of(number), person.student) for number, person in enumerate(people[:-100])]
        registrar.bring_in(connection, services.model, [*known, (Ssid("2000000007"), people[0].student)], _SOURCE)
    with writing(services.engine) as connection:
        registrar.merge(
            connection, services.model, known[0][0], "2000000007", "me", "twice", 0.0, "2026-11-23", TRAVELS
        )
    return folder


_SOURCE = Source("", "", 0.0)


def ssid_of(number: int) -> Ssid:
    return Ssid(str(1_000_000_000 + number))


def test_a_roster_against_the_registry(
    home: Path, people: list[Person], blocks: list[dict[str, Any]], tmp_path: Path
) -> None:
    roster = jsonl(tmp_path / "roster.jsonl", blocks)
    code, out, err = run("match", roster, "--home", home, "--json")
    assert (code, err) == (0, "")
    rows = objects(out)
    assert [row["line"] for row in rows] == list(range(1, STUDENTS + 1))
    found = {row["line"] - 1: row for row in rows}
    for number, person in enumerate(people):
        row = found[number]
        named = {row["ssid"], *(one["ssid"] for one in row["candidates"])} - {None}
        if row["answer"] == "match":
            assert row["ssid"] == ssid_of(number), person.id
        elif number < STUDENTS - 100 and row["answer"] == "review":
            assert named
    answers = [found[number]["answer"] for number in range(STUDENTS - 100)]
    assert answers.count("match") > 0.8 * len(answers)
    assert answers.count("none") < 0.02 * len(answers)
    assert not any(found[number]["answer"] == "match" for number in range(STUDENTS - 100, STUDENTS))


def test_the_same_answers_as_one_by_one(home: Path, blocks: list[dict[str, Any]], tmp_path: Path) -> None:
    _, out, _ = run("match", jsonl(tmp_path / "roster.jsonl", blocks), "--home", home, "--json")
    services = offline.build(home)
    with reading(services.engine) as connection:
        for row, block in zip(objects(out), blocks, strict=True):
            found = match.find(connection, services.model, to_student(block), "")
            assert (row["answer"], row["ssid"]) == (found.answer, found.ssid)
            if found.answer == "review":
                assert {one["ssid"] for one in row["candidates"]} == {one.ssid for one in found.candidates}


def test_an_ssid_on_the_roster_is_a_claim(home: Path, people: list[Person], tmp_path: Path) -> None:
    claims = ["1000000000", "2000000007", "1000000005", "1999999999"]
    roster = jsonl(tmp_path / "roster.jsonl", [{**people[0].block, "ssid": ssid} for ssid in claims])
    _, out, _ = run("match", roster, "--home", home, "--json")
    right, merged, other, nobody = objects(out)
    assert (right["answer"], right["ssid"]) == (merged["answer"], merged["ssid"]) == ("match", "1000000000")
    assert (other["answer"], other["ssid"]) == (nobody["answer"], nobody["ssid"]) == ("review", None)
    assert [one["ssid"] for one in other["candidates"]] == ["1000000000", "1000000005"]
    assert other["why"] != nobody["why"] != ""


def test_a_csv_with_faulty_lines(home: Path, people: list[Person], tmp_path: Path) -> None:
    lines = ["Student ID;First Name;Middle Name;Last Name;Birthdate;Lunch".replace("Birthdate", "DOB")]
    for number, person in enumerate(people[:5]):
        name = person.block["legal_name"]
        lines.append(f"{number};{name['first']};{name.get('middle', '')};{name['last']};{person.block['birth_date']};x")
    lines[2:2] = [
        f"9;{CANARY};;{CANARY};2012-03-04;x;{CANARY}",
        f"10;{CANARY}",
        f'11;"{CANARY}"x;;B;2012-03-04;x',
    ]
    roster = tmp_path / "roster.csv"
    roster.write_text("\n".join(lines) + "\n", "utf-8-sig")
    code, out, err = run("match", roster, "--home", home)
    assert code == 1
    rows = list(csv.DictReader(io.StringIO(out, newline="")))
    assert [row["line"] for row in rows] == [str(number) for number in range(2, 10)]
    assert [row["answer"] for row in rows if row["line"] in "345"] == ["refused"] * 3
    assert all(row["answer"] in ("match", "review") for row in rows if row["line"] not in "345")
    assert err.count("roster.csv, line ") == 3
    assert "The header has 6 columns, this line 7." in err
    assert "columns were not used: 6" in err
    assert CANARY not in out + err


def test_against_another_roster_and_against_itself(blocks: list[dict[str, Any]], tmp_path: Path) -> None:
    some = jsonl(tmp_path / "some.jsonl", [blocks[7], blocks[3]])
    every = jsonl(tmp_path / "every.jsonl", blocks)
    code, out, _ = run("match", some, "--registry", every, "--json")
    assert code == 0
    for row, line in zip(objects(out), (8, 4), strict=True):
        named = [row["registry_line"], *(one["registry_line"] for one in row["candidates"])]
        assert line in named
    twice = jsonl(tmp_path / "twice.jsonl", [blocks[7], blocks[3], blocks[7]])
    for options in (["--duplicates"], ["--registry", twice]):
        _, out, _ = within("match", twice, *options, "--json")
        first, second, third = objects(out)
        assert second["answer"] == "none"
        for row, other in ((first, 3), (third, 1)):
            assert other in [row["registry_line"], *(one["registry_line"] for one in row["candidates"])]


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl"])
def test_results_in_a_file(home: Path, blocks: list[dict[str, Any]], tmp_path: Path, name: str) -> None:
    roster, out = jsonl(tmp_path / "roster.jsonl", blocks[:20]), tmp_path / name
    code, said, _ = run("match", roster, "--home", home, "--out", out, "--json")
    assert code == 0
    told = json.loads(said)
    assert told["lines"] == 20 == sum(told[word] for word in ("match", "review", "none", "refused"))
    assert out.stat().st_mode & 0o777 == 0o600
    written = out.read_text()
    rows = objects(written) if name.endswith("l") else list(csv.DictReader(io.StringIO(written, newline="")))
    assert [str(row["line"]) for row in rows] == [str(number) for number in range(1, 21)]
    code, _, err = run("match", roster, "--home", home, "--out", out)
    assert code == 1
    assert "already there" in err
    assert out.read_text() == written


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["match", "ROSTER"], 2, "--home"),
        (["match", "ROSTER", "--duplicates", "--registry", "ROSTER"], 2, "exclude"),
        (["match", "ROSTER", "--duplicates", "--out", "x.txt"], 2, ".csv or .jsonl"),
        (["match", "nowhere.csv", "--duplicates"], 1, "cannot be read"),
        (["match", "SSN", "--duplicates"], 1, "social security"),
        (["match", "ROSTER", "--home", "nowhere"], 1, "not a Satchel home"),
        (["train"], 2, "--home"),
        (["train", "--registry", "ROSTER"], 2, "--out"),
        (["train", "--registry", "ROSTER", "--out", "OUT"], 1, "1000 students"),
        (["train", "--registry", "nowhere", "--out", "OUT"], 1, "cannot be read"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(tmp_path: Path, words: list[str], code: int, said: str) -> None:
    (tmp_path / "ssn.csv").write_text("last,dob,ssn\nLi,2012-03-04,123-45-6789\n")
    roster = jsonl(tmp_path / "roster.jsonl", [{"legal_name": {"first": "A", "last": "B"}, "birth_date": "2012-03-04"}])
    files = {"ROSTER": roster, "SSN": tmp_path / "ssn.csv", "OUT": tmp_path / "out"}
    ended, out, err = run(*(files.get(word, word) for word in words))
    assert ended == code
    assert out == ""
    assert said in err
    assert "Traceback" not in err
    assert "123-45" not in err
    assert not (tmp_path / "out").exists()


def test_a_home_whose_model_is_broken_keeps_it(home: Path) -> None:
    folder = home / "identity"
    folder.mkdir(mode=0o700)
    try:
        (folder / "model.json").write_text('{"an": "older one"}')
        code, _, err = run("train", "--home", home)
        assert code == 1
        assert str(folder) in err
        assert (folder / "model.json").read_text() == '{"an": "older one"}'
    finally:
        (folder / "model.json").unlink()
        folder.rmdir()


def test_training_and_matching_with_what_was_learnt(tmp_path: Path) -> None:
    home, report = tmp_path / "home", tmp_path / "report.html"
    satchel("init", str(home))
    folder = home / "identity"
    folder.mkdir()
    former = (resources.folder("config") / "identity" / "model.json").read_bytes()
    (folder / "model.json").write_bytes(former)
    random = Random(3)
    once = [{**person.block, "ssid": str(ssid_of(number))} for number, person in enumerate(persons(500, 3))]
    file = jsonl(tmp_path / "all.jsonl", [*once, *(spoil(block, random)[0] for block in once)])
    code, out, err = run("train", "--home", home, "--registry", file, "--report", report, "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert (told["students"], told["pairs"], told["by_ssid"]) == (1000, 500, True)
    assert told["prior"] <= json.loads(former)["probability_two_random_records_match"]
    assert (folder / "model.previous.json").read_bytes() == former != (folder / "model.json").read_bytes()
    assert sorted(path.name for path in folder.iterdir()) == ["model.json", "model.previous.json", "terms.json"]
    assert {path.stat().st_mode & 0o777 for path in (*folder.iterdir(), report)} == {0o600}
    page = report.read_text()
    assert "default-src 'none'" in page
    assert page.count('<div id="splink-chart-') == 4
    assert "500 pairs of records with the same SSID" in page
    names = {block["legal_name"]["last"].lower() for block in once if len(block["legal_name"]["last"]) > 7}
    assert not [name for name in names if f'"{name}"' in page.lower()]
    some = jsonl(tmp_path / "some.jsonl", once[:50])
    code, out, _ = run("match", some, "--registry", file, "--home", home, "--json")
    assert code == 0
    assert all(row["answer"] != "none" for row in objects(out))
