"""`satchel check` says what a running exchange says: the same files, checked first and sent then."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from broker.formats.ssid.columns import field_of
from tests.support import documents
from tests.support.desk import Town, as_bytes, child, enrollment, town
from tests.support.own_commands import alone
from tests.support.ssid_requests import told

STEM = f"REQ_01_{date.today():%Y%m%d}_1"
FAR, YOUNG, OLD = f"{date.today().year + 3}-01-07", f"{date.today().year - 1}-01-07", "1991-05-06"
HEADER = "Request Type,School,Student Number,Last Name,First Name,DOB,Entry Date,Exit Date,SSID,LEA,Grade,Birth Order"
LINES = (  # a good one, and then one with each fault that a line by itself can have
    "New,704,1,Reyes,Ana,2012-03-04,2026-11-23,,,01,08,",
    "New,,2,Holm,Ben,2012-03-05,2026-11-23,,,01,08,",
    "New,704,3,Lund,Noah,31/31/2012,2026-11-23,,,01,08,many",
    "Verify,704,4,Vik,Liv,2012-03-06,,,,01,08,",
    "New,704,5,,Mia,2012-03-07,2026-11-23,,,01,08,",
    "New,704,6,Sand,Ole,2012-03-08,2026-11-23,2026-11-01,,01,08,",
    f"New,704,7,Berg,Ida,2012-03-09,{FAR},,,01,08,",
    f"New,704,8,Dahl,Eva,{YOUNG},2026-11-23,,,01,08,",
    f"New,704,9,Moen,Kai,{OLD},2026-11-23,,,01,08,",
    "New,704,10,Lie,Tor,2012-03-10,2026-11-23,,,6G,08,",
    "New,704,11,Bakke,Jon,2012-03-11,2026-11-23,,,01,08,,surplus",
    'New,704,12,Ruud,"Siv,2012-03-12,2026-11-23,,,01,08,',
    "Sing,704,13,Aas,Per,2012-03-13,2026-11-23,,12,01,08,99",
)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(tmp_path_factory.mktemp("check"), {"01": ("district", "cv25519")}) as made:
        yield made
        assert made.bugs() == []


def checked(folder: Path, name: str, content: bytes) -> dict[str, Any]:
    (folder / name).write_bytes(content)
    ended = alone("check", "--json", name, at=folder)
    assert ended.returncode in (0, 1), ended
    return dict(json.loads(ended.stdout))


def refused_lines(report: dict[str, Any]) -> dict[int, tuple[str, set[str]]]:
    """The code of each line that would come back, and its fields, as the exchange calls them."""
    found: dict[int, tuple[str, set[str]]] = {}
    for one in report["faults"]:
        _, fields = found.setdefault(one["line"], (one["code"], set()))
        fields |= {field_of(one["header"])} if one["header"] else set()
    return found


def test_a_table_comes_back_as_it_was_checked(here: Town, tmp_path: Path) -> None:
    content = "\r\n".join((HEADER, *LINES)).encode()
    report = checked(tmp_path, f"{STEM}.csv", content)
    here["01"].send(f"{STEM}.csv.pgp", content)
    here["01"].receipt(f"{STEM}.csv.pgp", "APPLIED")
    answers = told(here["01"], STEM)
    came_back = {int(one.line): (one.reason, set(one.field.split())) for one in answers if one.answer == "refused"}
    assert refused_lines(report) == came_back
    assert len(came_back) == len(LINES) - 1
    assert (report["students"], report["good"], report["faulty"]) == (len(LINES), 1, len(LINES) - 1)
    said = {int(one.line): one.what_to_do for one in answers}
    for fault in report["faults"]:
        assert said[fault["line"]].startswith(fault["what_to_do"])
        must = fault["wrong"].removeprefix("It ").removesuffix(".")
        assert must == "must be filled in" or must in said[fault["line"]]


def test_an_enrollment_comes_back_as_it_was_checked(here: Town, tmp_path: Path) -> None:
    born = ["2012-03-04", YOUNG, OLD, "2012-04-05"]
    document = enrollment("01", *[child("Kim", f"Strand{number}", day) for number, day in enumerate(born)])
    document["students"][3] |= {"date": FAR}
    report = checked(tmp_path, "enrollment.json", as_bytes(document))
    here["01"].send("enrollment.pgp", document)
    notice = here["01"].notice(document["id"])
    refused = {one["line"]: (one["why"], one["field"]) for one in notice if one["answer"] == "refused"}
    found = {}
    for one in report["faults"]:
        _, _, line, *rest = one["pointer"].split("/")
        found[int(line)] = (one["code"], rest[-1])
    assert found == refused
    assert set(refused) == {1, 2, 3}


def test_a_refusal_has_the_code_and_the_places_of_the_receipt(here: Town, tmp_path: Path) -> None:
    made = {
        "schema": documents.enrollment(2, students=[{"student": {}}]),
        "number": documents.record(1, record={"course_history": [{"title": "078-05-1120"}]}),
        "sender": documents.enrollment(1, **{"from": "7K"}),
        "ahead": documents.enrollment(1, created="2039-01-01T00:00:00Z"),
        "type": documents.enrollment(1, packet="enrollment.v9"),
    }
    for name, document in made.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
        ended = alone("check", "--json", "--lea", "01", f"{name}.json", at=tmp_path)
        assert ended.returncode == 1, ended
        first = json.loads(ended.stdout)["faults"][0]
        here["01"].send(f"{name}.pgp", document)
        receipt = here["01"].refused(f"{name}.pgp")
        assert (first["code"], first["pointer"]) == (receipt["code"], receipt["place"])
