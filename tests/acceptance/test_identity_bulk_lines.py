"""`satchel identity match` from outside: a line is compared by what it has."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.rosters import jsonl, objects, run, within

SEEN = {
    "legal_name": {"first": "Wilhelmina", "last": "Abernathy-Quill", "middle": "Rosalind"},
    **{"birth_date": "2014-05-19", "gender": "F", "phone": "801-555-0142"},
    "address": {"street": "17 Larkspur Lane", "city": "Provo", "state": "UT", "postal_code": "84601"},
    "guardians": [{"first": "Theodora", "last": "Quill"}],
}
STRANGER = {
    "legal_name": {"first": "Bo", "last": "Zimmer"},
    **{"birth_date": "2009-11-30", "gender": "M", "phone": "435-555-0190"},
}


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"birth_date": "2014-19-05"}, "birth date"),  # day and month swapped
        ({"birth_date": "19/05/2014"}, "birth date"),
        ({"birth_date": "2014-05-39"}, "birth date"),  # one digit
        ({"birth_date": "2014-06-31"}, "birth date"),
        ({"birth_date": "2014-05-00"}, "birth date"),
        ({"birth_date": "00/00/0000"}, "birth date"),
        ({"birth_date": "1900-01-01"}, "birth date"),  # what programs write who do not know it
        ({"birth_date": "unknown"}, "birth date"),
        ({"birth_date": "19.5.2014"}, "birth date"),
        ({"birth_date": ""}, "birth date"),
        ({"birth_date": None}, "birth date"),
        ({"legal_name": {"first": "Wilhelmina", "middle": "Rosalind"}}, "last name"),
        ({"legal_name": {"first": "Wilhelmina", "last": " - "}}, "last name"),
    ],
)
@pytest.mark.parametrize("form", ["csv", pytest.param("jsonl", marks=pytest.mark.long)])
def test_a_line_is_compared_by_what_it_has(tmp_path: Path, changed: dict[str, Any], said: str, form: str) -> None:
    """Never refused, never a match, and the table says what was missing."""
    registry = jsonl(tmp_path / "registry.jsonl", [STRANGER, SEEN])
    blocks = [SEEN | changed, STRANGER]
    roster = tmp_path / f"roster.{form}"
    roster.write_text(as_csv(blocks) if form == "csv" else "".join(json.dumps(one) + "\n" for one in blocks))
    code, out, err = within("match", roster, "--registry", registry, "--json")
    assert (code, err) == (0, "")
    lacking, whole = objects(out)
    assert (lacking["answer"], lacking["registry_line"]) == ("review", None)
    assert [one["registry_line"] for one in lacking["candidates"]] == [2]
    assert said in lacking["why"]
    assert (whole["answer"], whole["registry_line"], whole["why"]) == ("match", 1, "")
    assert "Wilhelmina" not in out


def as_csv(blocks: list[dict[str, Any]]) -> str:
    out = io.StringIO(newline="")
    write = csv.writer(out)
    write.writerow(["First Name", "Middle Name", "Last Name", "DOB", "Gender", "Phone", "Street", "City", "Zip Code"])
    for one in blocks:
        name, home = one["legal_name"], one.get("address", {})
        names = [name.get(part, "") for part in ("first", "middle", "last")]
        homes = [home.get(part, "") for part in ("street", "city", "postal_code")]
        write.writerow([*names, one["birth_date"] or "", one["gender"], one["phone"], *homes])
    return out.getvalue()


def test_two_who_lack_the_same_are_no_match(tmp_path: Path) -> None:
    """What is missing in both, or is wrong in both in the same way, is nothing that agrees."""
    for changed in ({"birth_date": "2014-19-05"}, {"birth_date": "unknown"}, {"legal_name": {"first": "Wilhelmina"}}):
        roster = jsonl(tmp_path / f"{len(str(changed))}.jsonl", [SEEN | changed] * 2)
        _, out, _ = within("match", roster, "--duplicates", "--json")
        assert [row["answer"] for row in objects(out)] == ["review", "review"], changed


def test_an_impossible_date_is_compared_in_a_pair(tmp_path: Path) -> None:
    pairs = [{"a": SEEN, "b": SEEN | {"birth_date": written}} for written in ("2014-19-05", "2014-05-39", "19/5/2014")]
    file = tmp_path / "pairs.jsonl"
    file.write_text("".join(json.dumps(pair) + "\n" for pair in pairs))
    code, out, _ = run("compare", file)
    assert code == 0
    assert [one["answer"] for one in objects(out)] == ["review"] * 3
