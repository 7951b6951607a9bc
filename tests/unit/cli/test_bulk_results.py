"""One answer for each line of a roster, and how it is written."""

import csv
import io
import json
from pathlib import Path

import pytest

from broker.cli.identity import results
from broker.cli.identity.results import Result
from broker.identity.answer import Answer
from broker.identity.bulk.matching import Finding, Verdict, finding
from broker.identity.match import CLOSE_BITS

MATCH, REVIEW, NONE = Answer.MATCH, Answer.REVIEW, Answer.NONE


def verdicts(*found: tuple[int, Answer, float]) -> list[Verdict]:
    return [Verdict(4, *one) for one in found]


@pytest.mark.parametrize(
    ("found", "answer", "other"),
    [
        ([(7, MATCH, 20.0)], MATCH, 7),
        ([(7, REVIEW, 40.0)], REVIEW, None),
        ([(7, MATCH, 20.0), (8, REVIEW, 20.0 - CLOSE_BITS - 0.1)], MATCH, 7),
        ([(7, MATCH, 20.0), (8, REVIEW, 20.0 - CLOSE_BITS)], REVIEW, None),
        ([(7, MATCH, 20.0), (8, REVIEW, 30.0)], REVIEW, None),
        ([(7, MATCH, 40.0), (8, MATCH, 10.0)], REVIEW, None),
        ([(7, REVIEW, 5.0), (8, REVIEW, 1.0)], REVIEW, None),
    ],
)
def test_a_match_is_exactly_one_and_nobody_else_comes_near(
    found: list[tuple[int, Answer, float]], answer: Answer, other: int | None
) -> None:
    for order in (found, found[::-1]):
        said = finding(verdicts(*order))
        assert (said.person, said.answer, said.other) == (4, answer, other)
        likeliest = sorted(found, key=lambda one: (one[1].rank, one[2]), reverse=True)  # who alone would match first
        assert [(one.other, one.answer, one.weight) for one in said.verdicts] == likeliest


def test_results_come_in_the_order_of_the_roster() -> None:
    findings = [
        Finding(1, MATCH, 0, (Verdict(1, 0, MATCH, 20.126),)),
        Finding(3, REVIEW, None, (Verdict(3, 2, REVIEW, 5.0), Verdict(3, 0, REVIEW, 1.0))),
    ]
    rows = list(results.results([2, 4, 5, 9], {3: "a", 1: "b", 10: "c"}, iter(findings), ["A", "B", "C"].__getitem__))
    assert rows == [
        Result(1, "refused", why="b"),
        Result(2, NONE),
        Result(3, "refused", why="a"),
        Result(4, MATCH, "A", 20.13),
        Result(5, NONE),
        Result(9, REVIEW, None, 5.0, (("C", 5.0), ("A", 1.0))),
        Result(10, "refused", why="c"),
    ]


FOUND = Result(1, MATCH, "1000", 20.0)
NOBODY = Result(1, NONE)
PERHAPS = Result(1, REVIEW, None, 5.0, (("1000", 5.0), ("2000", 1.0)))


@pytest.mark.parametrize(
    ("row", "claim", "answer", "candidates"),
    [
        (FOUND, "1000", MATCH, ()),
        (FOUND, "1001", MATCH, ()),  # merged into 1000
        (FOUND, "2000", REVIEW, (("1000", 20.0), ("2000", None))),
        (FOUND, "9999", REVIEW, (("1000", 20.0),)),  # nobody's
        (NOBODY, "9999", NONE, ()),
        (NOBODY, "2000", REVIEW, (("2000", None),)),
        (PERHAPS, "2000", REVIEW, (("1000", 5.0), ("2000", 1.0))),
        (PERHAPS, "9999", REVIEW, (("1000", 5.0), ("2000", 1.0))),
    ],
)
def test_an_ssid_is_a_claim_to_be_borne_out(
    row: Result, claim: str, answer: str, candidates: tuple[tuple[str, float | None], ...]
) -> None:
    said = results.claimed(row, claim, {"1000", "2000"}, {"1001": "1000"})
    assert (said.answer, said.candidates) == (answer, candidates)
    assert bool(said.why) == (said != row)
    assert (said.found is not None) == (answer == MATCH)


def test_csv_and_json_lines_say_the_same() -> None:
    rows = [FOUND, PERHAPS, NOBODY, Result(2, "refused", why='birth_date must be "a", b')]
    as_csv, as_json = io.BytesIO(), io.BytesIO()
    results.write(as_csv, rows, False, "ssid")
    results.write(as_json, rows, True, "ssid")
    table = list(csv.DictReader(io.StringIO(as_csv.getvalue().decode(), newline="")))
    objects = [json.loads(line) for line in as_json.getvalue().splitlines()]
    assert [row["line"] for row in table] == [str(one["line"]) for one in objects] == ["1", "1", "1", "2"]
    for row, one in zip(table, objects, strict=True):
        assert row["answer"] == one["answer"]
        assert row["ssid"] == (one["ssid"] or "")
        assert row["weight"] == ("" if one["weight"] is None else str(one["weight"]))
        assert row["why"] == one["why"]
    assert table[1]["candidates"] == "1000 (5.0); 2000 (1.0)"
    assert objects[1]["candidates"] == [{"ssid": "1000", "weight": 5.0}, {"ssid": "2000", "weight": 1.0}]


@pytest.mark.parametrize(
    ("name", "is_json"), [("a.csv", False), ("a.JSONL", True), ("a.json", True), ("a.txt", None), ("a", None)]
)
def test_the_form_follows_from_the_name(name: str, is_json: bool | None) -> None:
    assert results.is_json(Path(name)) is is_json


def test_a_file_is_there_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    with pytest.raises(ZeroDivisionError), results.new_file(path) as file:
        file.writelines(b"%d" % (1 // one) for one in (1, 0))
    assert list(tmp_path.iterdir()) == []
    with results.new_file(path) as file:
        file.write(b"whole")
        assert not path.exists()
    assert path.read_bytes() == b"whole"
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError), results.new_file(path):
        pass
    assert path.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [path]
