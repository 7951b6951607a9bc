"""A secretary is asked which student she means, fills one column of a workbook, and sends it: the question is decided.

All from outside: gpg, folders, LibreOffice, openpyxl.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import answer_tables, school_tables, workbooks
from tests.support.answer_tables import csv_rows, filled, offered, rows_of, said
from tests.support.desk import Desk, Town, child, record, town
from tests.support.exchange import satchel, wait_until

HEADER = "Stu #,Last Name,First Name,DOB,School,Enter Date"
ANYBODY = "018f2c6e-7d5b-7c3a-9b1e-2f4a6c8e0d12"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    parties = {"01": ("district", "cv25519"), "02": ("district", "cv25519"), "6G": ("charter", "cv25519")}
    with town(tmp_path_factory.mktemp("answers"), parties) as made:
        yield made
        assert made.bugs() == []


def known(here: Town, *students: tuple[str, str, str]) -> list[str]:
    """These students are enrolled at 01; their numbers."""
    return [line["ssid"] for line in here["01"].enroll(*(child(*one) for one in students))]


def in_doubt(desk: Desk, name: str, *students: tuple[str, str, str]) -> None:
    """A list with these students, who all are in doubt."""
    lines = [f"{n},{last},{first},{born},700,2026-11-02" for n, (first, last, born) in enumerate(students, 1)]
    back = school_tables.send(desk, name, "\n".join([HEADER, *lines, ""]))
    assert {back.of(str(n))["status"] for n in range(1, len(lines) + 1)} == {"review"}


def matched(desk: Desk) -> list[tuple[str, str]]:
    """The name and number of each line that was answered later."""
    found = []
    for path in desk.exchange.inbox(desk.lea):
        if ".ssid." in path.name:
            content = desk.read(path.name.partition(".")[0])[0]
            lines = json.loads(content)["students"] if content[:1] == b"{" else []
            found += [(one["legal_name"]["first"], one["ssid"]) for one in lines if one["answer"] == "matched"]
    return found


def open_questions(here: Town, lea: str) -> list[dict[str, Any]]:
    return list(json.loads(satchel("review", "list", "--json", "--lea", lea, *here.exchange.at).stdout))


def test_one_column_is_filled_and_the_questions_are_decided(here: Town, tmp_path: Path) -> None:
    born = "2012-04-17"
    first, second, _ = known(here, ("Katharine", "Aspen", born), ("Margarete", "Birch", born), ("Jon", "Cedar", born))
    desk = here["6G"]
    sent = [("Katherine", "Aspen", born), ("Margareta", "Birch", born), ("John", "Cedar", born)]
    in_doubt(desk, "three.csv.pgp", *sent)
    book = answer_tables.asked(desk, "Aspen, Katherine")
    rows = rows_of(book)
    assert [row["Student"] for row in rows] == ["Aspen, Katherine", "Birch, Margareta", "Cedar, John"]
    assert [row["Answer"] for row in rows] == [""] * 3
    for number in (2, 3, 4):
        assert offered(book, number) == ["Candidate A", "New student", "Sent as on the certificate", "Take it back"]
    assert all(row["What The Exchange Found"].startswith("Candidate A: ") for row in rows)
    text = json.dumps(rows)
    assert [secret for secret in ("Katharine", "Margarete", first, second) if secret in text] == []

    answers = {"Aspen, Katherine": offered(book, 2)[0]}
    back = answer_tables.send(desk, "q1.xlsx.pgp", filled(book, lambda row: answers.get(row["Student"], "")))
    assert [said(row) for row in rows_of(back)] == [("done", "", "", ""), ("", "", "", ""), ("", "", "", "")]
    wait_until(lambda: ("Katherine", first) in matched(desk), "the number of the first")
    assert len(open_questions(here, "6G")) == 2

    # what came back is filled in again, and saved by LibreOffice as a CSV of another dialect
    answers |= {"Birch, Margareta": "it is A", "Cedar, John": "take it back"}
    book = filled(back, lambda row: answers[row["Student"]])
    calc = workbooks.converted(book, "xlsx", "csv:Text - txt - csv (StarCalc):59,34,76,1", tmp_path)
    again = csv_rows(answer_tables.send(desk, "q2.csv.pgp", calc), ";")
    assert [said(row) for row in again] == [("done", "", "", "")] * 3
    wait_until(lambda: ("Margareta", second) in matched(desk), "the number of the second")
    assert open_questions(here, "6G") == []


def test_nobody_answers_anothers_question_nor_learns_that_there_is_one(here: Town) -> None:
    known(here, ("Friederike", "Dogwood", "2011-05-06"), ("Theodora", "Elder", "2011-05-07"))
    in_doubt(here["6G"], "hers.csv.pgp", ("Frederike", "Dogwood", "2011-05-06"))
    in_doubt(here["02"], "his.csv.pgp", ("Theodore", "Elder", "2011-05-07"))
    hers, his = answer_tables.asked(here["6G"], "Dogwood"), answer_tables.asked(here["02"], "Elder")
    (own,) = rows_of(his)
    table = "Tracking,Line,Answer\n"
    for tracking, line in ((rows_of(hers)[0]["Tracking"], "2"), (ANYBODY, "2"), (own["Tracking"], own["Line"])):
        table += f"{tracking},{line},Candidate A\n"
    theirs, nobody, done = csv_rows(answer_tables.send(here["02"], "all.csv.pgp", table.encode()))
    assert said(theirs) == said(nobody)
    assert (theirs["status"], done["status"]) == ("refused", "done")
    assert "you were asked" in theirs["what is wrong"]
    assert [one["lea"] for one in open_questions(here, "6G")] == ["6G"]
    assert open_questions(here, "02") == []


def test_good_lines_go_and_the_others_come_back_to_be_mended(here: Town) -> None:
    known(here, *[(first, "Fir", "2010-02-03") for first in ("Annelies", "Bartholomew", "Clementine", "Desmond")])
    wrong = [(first, "Fir", "2010-02-03") for first in ("Anneliese", "Bartholomeu", "Clementina", "Desmonde")]
    in_doubt(here["6G"], "four.csv.pgp", *wrong)
    book = answer_tables.asked(here["6G"], "Anneliese")
    answers = dict(zip((row["Student"] for row in rows_of(book)), ("A", "none", "Candidate Q", "=1+1"), strict=True))
    back = answer_tables.send(here["6G"], "mixed.xlsx.pgp", filled(book, lambda row: answers[row["Student"]]))
    first, *others = rows_of(back)
    assert said(first) == ("done", "", "", "")
    assert [row["status"] for row in others] == ["refused"] * 3
    must = 'Column E "Answer" must be "Candidate A" (or another letter of the question), "New student",'
    assert others[0]["what is wrong"].startswith(must)
    assert "a candidate that the question does not have" in others[1]["what is wrong"]
    assert answer_tables.first_sheet(back).data_validations.dataValidation
    mended = filled(back, lambda row: "Take it back" if row["status"] == "refused" else row["Answer"])
    assert [said(row) for row in rows_of(answer_tables.send(here["6G"], "mended.pgp", mended))] == [
        ("done", "", "", "")
    ] * 4
    # a decision is not changed, and two lines that say otherwise are both left alone
    tracking = first["Tracking"]
    table = f"Answer\tLine\tTracking\nNew student\t2\t{tracking}\n"
    (other,) = csv_rows(answer_tables.send(here["6G"], "other.tsv.pgp", table.encode()), "\t")
    assert "was decided before" in other["what is wrong"]
    table += f"Take it back\t2\t{tracking}\n"
    both = csv_rows(answer_tables.send(here["6G"], "both.tsv.pgp", table.encode()), "\t")
    assert {row["what is wrong"] for row in both} == {
        "More than one line answers this, and not in the same way: leave one of them."
    }


def test_a_record_that_waits_is_answered_by_a_line_without_a_number(here: Town) -> None:
    (ssid,) = known(here, ("Ludwika", "Ginkgo", "2013-12-12"))
    here["02"].enroll(child("Ludwika", "Ginkgo", "2013-12-12", ssid=ssid))
    here["01"].send("record.pgp", record("01", child("Ludwiga", "Ginkgo", "2013-12-12")))
    assert here["01"].receipt("record.pgp", "HELD", "DELIVERED", "REFUSED")["held_for"] == "review"
    book = answer_tables.asked(here["01"], "Ludwiga")
    (row,) = rows_of(book)
    assert (row["Line"], row["Your File"]) == ("", "record.pgp")
    assert "your student" in row["What The Exchange Found"]
    answer_tables.send(here["01"], "record-answer.pgp", filled(book, lambda _: "Candidate A"))
    assert here["02"].has(here["01"].receipt("record.pgp", "DELIVERED")["tracking"])


def test_a_table_without_an_answer_is_refused_as_a_whole(here: Town) -> None:
    here["6G"].send("empty.csv.pgp", f"Tracking,Line,Answer\n{ANYBODY},2,\n".encode())
    refused = here["6G"].refused("empty.csv.pgp")
    assert refused["code"] == "csv-form"
    assert "No line below it has an answer" in json.dumps(refused)
