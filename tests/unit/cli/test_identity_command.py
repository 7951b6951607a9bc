"""`satchel identity compare`, from a file and from standard input."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from broker.cli.main import build
from broker.identity import models

ODETTE = {"legal_name": {"first": "Odette", "last": "Thornley"}, "birth_date": "2013-05-09"}
PAIRS = [
    {"a": ODETTE, "b": ODETTE},
    {"a": ODETTE, "b": ODETTE | {"birth_date": "2013-09-05"}},
    {"a": {}, "b": {}},
]
SECRET = "Wilhelmina-Quiñónez"  # in a broken line: must be told to nobody


def run(*arguments: str, given: str | bytes = "") -> Result:
    words = ["identity", "compare", *arguments]
    return CliRunner().invoke(build(words), words, input=given)


def lines(*objects: object) -> str:
    return "".join(json.dumps(one) + "\n" for one in objects)


@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_one_json_line_for_each_pair(tmp_path: Path, flags: list[str]) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text(lines(*PAIRS), "utf-8")
    result = run(str(file), *flags)
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert [one["answer"] for one in answers] == ["match", "review", "none"]
    for one in answers:
        assert set(one) == {"answer", "weight", "reasons"}
        assert all(set(reason) == {"field", "says", "weight", "sentence"} for reason in one["reasons"])
        assert {reason["says"] for reason in one["reasons"]} <= {"for", "against", "nothing"}
        assert sum(reason["weight"] for reason in one["reasons"]) == pytest.approx(one["weight"], abs=0.1)


def test_standard_input_with_a_mark_blank_lines_and_no_last_newline() -> None:
    text = "\ufeff" + lines(PAIRS[0]) + "\n  \r\n" + json.dumps(PAIRS[2])
    result = run("-", given=text)
    assert [json.loads(line)["answer"] for line in result.stdout.splitlines()] == ["match", "none"]
    assert result.exit_code == 0


@pytest.mark.parametrize(
    "broken",
    [
        "{",
        "[]",
        '"text"',
        lines({"a": ODETTE}).strip(),
        json.dumps({"a": ODETTE, "b": {"birth_date": SECRET}}),
        json.dumps({"a": ODETTE, "b": {"legal_name": SECRET}}),
        json.dumps({"a": ODETTE, "b": {"phone": SECRET * 20_000}}),
        '{"a": {}, "b": {"phone": "' + SECRET + '"',
        '{"a": {}, "b": ' + "[" * 100_000 + SECRET,
    ],
)
def test_a_broken_line_is_told_by_its_number_and_the_others_are_compared(broken: str) -> None:
    result = run("-", given=lines(PAIRS[0]) + broken + "\n" + lines(PAIRS[0]))
    first, second, third = (json.loads(line) for line in result.stdout.splitlines())
    assert first == third
    assert set(second) == {"line", "error"}
    assert second["line"] == 2
    assert result.exit_code == 1
    assert SECRET not in result.output
    assert "Some lines could not be read" in result.stderr


def test_bytes_that_are_no_text() -> None:
    result = run("-", given=b'{"a": {}, "b": {"phone": "\xff"}}\n')
    assert json.loads(result.stdout) == {
        "line": 1,
        "error": "each line must be a JSON object with two students, a and b",
    }


def test_explain_reads_from_the_start_to_the_answer_without_student_data() -> None:
    twin = ODETTE | {"legal_name": {"first": "Odetta", "last": "Thornley"}}
    home = {"phone": "801 555 0142", "guardians": [{"first": "Marisol", "last": "Pratt"}]}
    result = run("-", "--explain", given=lines({"a": ODETTE | home, "b": twin | home}))
    text = " ".join(result.stdout.split())
    assert result.exit_code == 0
    for part in (
        "Line 1: review, perhaps the same child: somebody should look.",
        "Start -18.9",
        "Birth date +12.1",
        "the same (strongly for it)",
        "First name +4.1",
        "nearly the same (clearly for it)",
        "A match takes +9.5.",
        "But: The first names are not the same. Twins share everything else",
        "Says nothing: middle name, suffix, gender, birth order, address.",
    ):
        assert part in text
    assert not any(value in text for value in ("Odett", "Thornley", "Marisol", "Pratt", "0142", "2013"))
    assert text.index("Start") < text.index("Guardians") < text.index("All together") < text.index("But")


def test_explain_tells_a_broken_line_in_words() -> None:
    result = run("-", "--explain", given=f'{{"a": "{SECRET}", "b": {{}}}}\n')
    assert "Line 1 cannot be read: /a must be an object." in result.stdout
    assert result.exit_code == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["/nowhere/pairs.jsonl"], "cannot be read: No such file"),
        (["-", "--json", "--explain"], "exclude each other"),
        (["-", "--home", "/nowhere"], "is no folder"),
    ],
)
def test_wrong_use(arguments: list[str], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


def test_a_home_with_limits_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "identity").mkdir()
    limits = json.loads(models.path(None, models.THRESHOLDS).read_text("utf-8")) | {"match": 1000}
    (tmp_path / "identity" / models.THRESHOLDS).write_text(json.dumps(limits), "utf-8")
    result = run("-", "--home", str(tmp_path), given=lines(PAIRS[0]))
    assert json.loads(result.stdout)["answer"] == "review"
