"""A secretary says in a table what she got and what she cannot use: one column, many packets; the list of them she gets
for the asking. All from outside: gpg, folders, openpyxl."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import answer_tables
from tests.support.answer_tables import ACKNOWLEDGEMENT, csv_rows, filled, offered, rows_of, said
from tests.support.desk import Desk, Town, child, record, town
from tests.support.own_commands import alone, ok

ANYBODY = "018f2c6e-7d5b-7c3a-9b1e-2f4a6c8e0d12"
CHILDREN = [child(first, "Rowan", f"2012-05-0{n}") for n, first in enumerate(("Ada", "Bea", "Cid", "Dov"), 1)]


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    parties = {"01": ("district", "cv25519"), "02": ("district", "cv25519"), "6G": ("charter", "cv25519")}
    with town(tmp_path_factory.mktemp("acknowledged"), parties) as made:
        yield made
        assert made.bugs() == []


@pytest.fixture(scope="module")
def delivered(here: Town) -> list[str]:
    """Records of 01 that lie with 6G: their tracking ids."""
    here.all_moved(CHILDREN, "01", "6G")
    for n, one in enumerate(CHILDREN):
        here["01"].send(f"record-{n}.pgp", record("01", one))
    return [here["01"].delivered(f"record-{n}.pgp") for n in range(len(CHILDREN))]


def told(desk: Desk, file: str) -> tuple[str, str]:
    """What the sender of a record learns: how it was collected, and the receiver's reason."""
    receipt = desk.receipt(file, "COLLECTED")
    return receipt["how"], receipt.get("code", "")


def send(here: Town, name: str, content: bytes) -> bytes:
    return answer_tables.send(here["6G"], name, content, ACKNOWLEDGEMENT)


def test_the_empty_table_comes_back_with_what_was_delivered_and_is_answered(
    here: Town, delivered: list[str], tmp_path: Path
) -> None:
    ok(alone("template", "acknowledgement", "--out", "empty.xlsx", at=tmp_path))
    empty = (tmp_path / "empty.xlsx").read_bytes()
    book = send(here, "empty.xlsx.pgp", empty)
    example, *rows = rows_of(book)
    assert example["status"] == "refused"
    assert "example of the template" in example["what is wrong"]
    assert [row["Tracking"] for row in rows] == sorted(delivered)  # as they came in
    assert {(row["What"], row["Answer"], row["status"]) for row in rows} == {("a student's record", "", "")}
    assert all(row["From"].endswith("(01)") for row in rows)
    assert "Rowan" not in json.dumps(rows)
    words = offered(book, 3)
    assert words[:2] == ["Received", "Not our student"]
    answers = {delivered[0]: "Received", delivered[1]: "Not our student"}
    back = rows_of(send(here, "two.xlsx.pgp", filled(book, lambda row: answers.get(row["Tracking"], ""))))
    assert [said(row) for row in back if row["Tracking"] in answers] == [("done", "", "", "")] * 2
    assert told(here["01"], "record-0.pgp") == ("acknowledged", "")
    assert told(here["01"], "record-1.pgp") == ("rejected", "not-our-student")
    # the same empty table again asks for the list of now
    assert [row["Tracking"] for row in rows_of(send(here, "again.xlsx.pgp", empty))[1:]] == sorted(delivered[2:])


def test_good_lines_go_and_what_is_not_theirs_comes_back(here: Town, delivered: list[str]) -> None:
    here.all_moved([child("Eva", "Sorrel", "2011-01-02")], "01", "02")
    here["01"].send("not-hers.pgp", record("01", child("Eva", "Sorrel", "2011-01-02")))
    other = here["01"].delivered("not-hers.pgp")
    table = "Answer;File\n"
    lines = [
        ("received", f"inbox/{delivered[2]}.student-record.pgp"),
        ("Received", other),
        ("Received", ANYBODY),
        ("perhaps", delivered[3]),
        ("Received", "a record"),
    ]
    table += "".join(f"{answer};{file}\n" for answer, file in lines)
    rows = csv_rows(send(here, "mine.csv.pgp", table.encode("cp1252")), ";")
    assert [row["status"] for row in rows] == ["done", "refused", "refused", "refused", "refused"]
    assert said(rows[1]) == said(rows[2])
    assert "was delivered to you" in rows[1]["what is wrong"]
    assert rows[3]["what is wrong"].startswith('Column A "Answer" must be one of: Received, Not our student')
    assert rows[4]["what is wrong"].startswith('Column B "File" must be a tracking id')
    assert "perhaps" not in rows[3]["what is wrong"]
    assert told(here["01"], "record-2.pgp") == ("acknowledged", "")


def test_a_request_is_answered_in_the_table_and_the_check_reads_it(here: Town, tmp_path: Path) -> None:
    here.all_moved([child("Finn", "Tansy", "2010-03-04")], "02", "01")
    ok(alone("template", "acknowledgement", "--csv", "--out", "list.csv", at=tmp_path))
    empty = (tmp_path / "list.csv").read_bytes()
    rows = csv_rows(answer_tables.send(here["02"], "list.csv.pgp", empty, ACKNOWLEDGEMENT))
    (asked,) = (row for row in rows if row["What"] == "a request for a record")
    table = f"Tracking,Answer\n{asked['Tracking']},Still with us\n{ANYBODY},maybe\n"
    (tmp_path / "answer.csv").write_text(table)
    ended = alone("check", "--json", "answer.csv", at=tmp_path)
    report = json.loads(ended.stdout)
    assert (ended.returncode, report["verdict"], report["packet"]) == (1, "some", "acknowledgement.v1")
    assert (report["good"], report["faulty"]) == (1, 1)
    (fault,) = report["faults"]
    assert (fault["line"], fault["column"], fault["header"]) == (3, "B", "Answer")
    rows = csv_rows(answer_tables.send(here["02"], "answer.csv.pgp", table.encode(), ACKNOWLEDGEMENT))
    assert [row["status"] for row in rows] == ["done", "refused"]
