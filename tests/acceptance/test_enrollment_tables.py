"""A records secretary seals her list under any name: the stays are told, and it comes back with the numbers."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.bench import load
from tests.support.desk import Town, town
from tests.support.exchange import satchel
from tests.support.school_tables import ADDED, TWELVE, send

HEADER = "Stu #,Last Name,First Name,DOB,School,Enter Date,Withdrawal Date,Exit Code"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(tmp_path_factory.mktemp("tables"), {"01": ("district", "cv25519"), "6G": ("charter", "cv25519")}) as made:
        yield made
        assert made.bugs() == []


def stays(here: Town, ssid: str) -> list[tuple[str, str, str]]:
    with closing(sqlite3.connect(here.exchange.home / "ledger.db", timeout=10)) as ledger:
        query = "SELECT lea, entry_date, exit_date FROM enrollments WHERE ssid = ? ORDER BY entry_date"
        return [tuple(row) for row in ledger.execute(query, [ssid])]


def test_a_list_under_any_name_enrolls_its_students_and_comes_back_with_their_numbers(here: Town) -> None:
    desk = here["6G"]
    back = send(desk, "fall list (final).csv.pgp", TWELVE.encode("cp1252"))
    rows = back.rows("cp1252")
    sent = [[cell.strip() for cell in line.split(",")[:2]] for line in TWELVE.splitlines() if line]
    assert [row[:2] for row in rows] == sent
    assert rows[1][-4:] == list(ADDED)
    assert rows[-1] == ["Total: 5", *[""] * 12]
    numbers = {}
    for number in ("20401", "20402", "20403"):
        told = back.of(number, encoding="cp1252")
        assert (told["status"], told["what is wrong"], told["what to do"]) == ("assigned", "", ""), told
        numbers[number] = told["SSID"]
        assert len(told["SSID"]) == 10
    assert stays(here, numbers["20403"]) == [("6G", "2026-08-24", "")]
    leap, school = (back.of(number, encoding="cp1252") for number in ("20404", "20405"))
    assert (leap["status"], leap["SSID"]) == (school["status"], school["SSID"]) == ("refused", "")
    assert leap["what is wrong"].startswith('Column E "Birthdate" must be a day of the calendar')
    assert school["what is wrong"] == 'Column F "School" must be filled in.'
    assert 'passed over: I "Notes"' in " ".join(back.said["table"])
    assert "names of the columns are in line 3" in back.said["table"][0]
    assert [line["line"] for line in back.said["students"]] == [4, 5, 6, 7, 8]

    # she mends the two cells in the sheet that came back, and sends that
    mended = back.table.decode("cp1252").replace("2/29/2013", "2/28/2013").replace("5/16/2015,,06", "5/16/2015,700,06")
    again = send(desk, "fall list (final).csv.pgp", mended.encode("cp1252"))
    assert all(len(row) == 13 for row in again.rows("cp1252"))
    for number in numbers:
        assert again.of(number, encoding="cp1252")["SSID"] == numbers[number]
    assert {again.of(number, encoding="cp1252")["status"] for number in ("20404", "20405")} == {"assigned"}
    assert stays(here, numbers["20403"]) == [("6G", "2026-08-24", "")]


def test_an_entry_and_an_exit_in_one_line_are_one_stay(here: Town) -> None:
    desk = here["01"]
    lines = "1,Bergstrand,Ylva,2011-04-05,704,2026-08-17,2026-11-20,TO\n2,Castellano,Remo,2010-01-31,704,2026-08-17,,\n"
    back = send(desk, "export", f"{HEADER}\n{lines}")
    assert stays(here, back.of("1")["SSID"]) == [("01", "2026-08-17", "2026-11-20")]
    assert stays(here, back.of("2")["SSID"]) == [("01", "2026-08-17", "")]
    left = send(
        desk, "left.txt.pgp", "Last Name;First Name;DOB;School;Withdrawal Date\nCastellano;Remo;1/31/10;704;11/20/26\n"
    )
    assert left.of("Castellano", separator=";")["status"] == "matched"
    assert stays(here, back.of("2")["SSID"]) == [("01", "2026-08-17", "2026-11-20")]


def test_the_same_rows_again_are_a_duplicate_only_while_the_table_is_the_newest(here: Town) -> None:
    desk = here["01"]
    entered = f"{HEADER}\n3,Dahlgren,Pia,2012-12-01,704,2026-08-17,,\n"
    other = f"{HEADER}\n3,Dahlgren,Pia,2012-12-01,705,2026-08-18,,\n"
    first = send(desk, "a1.csv.pgp", entered)
    desk.send("a2.csv.pgp", first.table)  # with the columns that were added
    assert desk.receipt("a2.csv.pgp", "APPLIED", "REFUSED", "DUPLICATE")["state"] == "DUPLICATE"
    send(desk, "b.csv.pgp", other)
    send(desk, "a3.csv.pgp", entered)
    desk.send("a4.csv.pgp", entered.encode(), "--compress-algo", "none")
    assert desk.receipt("a4.csv.pgp", "APPLIED", "REFUSED", "DUPLICATE")["state"] == "DUPLICATE"


def test_the_first_rows_again_after_others_are_news_also_when_all_come_at_once(here: Town) -> None:
    desk, exchange = here["01"], here.exchange
    rows = [f"{HEADER}\n4,Ekwueme,Ada,2012-12-02,{school},2026-08-17,,\n" for school in (704, 705)]
    ways = ((0, "none"), (1, "none"), (0, "zip"))
    sealed = [desk.seal(rows[at].encode(), "--compress-algo", how) for at, how in ways]
    exchange.down()
    for number, one in enumerate(sealed):
        desk.drop(f"at once {number}.csv.pgp", one)
    exchange.up()
    ends = [desk.receipt(f"at once {n}.csv.pgp", "APPLIED", "REFUSED", "DUPLICATE")["state"] for n in range(3)]
    assert ends == ["APPLIED"] * 3
    exchange.quiet()  # their answers are no answers to what is sent next


def test_a_table_of_more_lines_than_one_transaction_has_comes_back_whole(here: Town) -> None:
    lines = [
        f"{n},{load.name_of(n)['last']},{load.name_of(n)['first']},{load.birth_of(n)},704,8/17/26,," for n in range(130)
    ]
    lines[64] = lines[64].replace(",704,", ",,")
    back = send(here["01"], "all of them.csv.pgp", "\n".join([HEADER, *lines]))
    rows = back.rows()[1:]
    assert [row[0] for row in rows] == [str(n) for n in range(130)]
    assert [row[-4] for row in rows] == ["refused" if n == 64 else "assigned" for n in range(130)]
    assert len({row[-3] for row in rows}) == 130
    assert [line["ssid"] or "" for line in back.said["students"]] == [row[-3] for row in rows]


def test_a_request_for_numbers_needs_no_name_either(here: Town) -> None:
    desk = here["01"]
    table = "Numbers wanted\nRequest Type,School,Last Name,First Name,Birth Date\nNew,704,Eklund,Siv,2013-06-07\n"
    desk.send("numbers wanted.csv.pgp", table.encode())
    ended = desk.receipt("numbers wanted.csv.pgp", "APPLIED", "REFUSED")
    assert (ended["state"], ended["packet"]["type"]) == ("APPLIED", "ssid-request")


@pytest.mark.parametrize(
    ("name", "content", "code", "words"),
    [
        (
            "users.csv.pgp",
            "Last Name,First Name,Birthdate\nSecret,Ana,2012-03-04\n",
            "csv-form",
            "entry_date or exit_date",
        ),
        ("no-school.csv.pgp", "Last Name,First Name,DOB,Entry Date\nSecret,A,3/4/2012,8/17/26\n", "csv-form", "school"),
        ("ssn.csv.pgp", f"{HEADER},SSN\n1,Secret,A,3/4/2012,704,8/17/26,,,\n", "ssn-column", "9 (I)"),
        ("under.csv.pgp", f"{HEADER},Other\n1,Secret,A,3/4/2012,704,8/17/26,,,529-12-3456\n", "has-ssn", "9 (I)"),
        (
            "both.csv.pgp",
            f"{HEADER}\n1,Secret,A,3/25/2012,704,8/17/26,,\n2,Secret,B,25/3/2012,704,8/17/26,,\n",
            "dates-contradict",
            "line 2 column 4 (D) has the month",
        ),
        (
            "bare.csv.pgp",
            "1,Secret,A,3/25/2012,704,8/17/26,,\n2,Secret,B,25/3/2012,704,8/17/26,,\n",
            "csv-form",
            "names",
        ),
    ],
)
def test_what_cannot_be_taken_as_a_whole_is_refused_and_says_why(
    here: Town, name: str, content: str, code: str, words: str
) -> None:
    desk = here["01"]
    desk.send(name, content.encode())
    refused = desk.refused(name)
    assert refused["code"] == code
    assert words in json.dumps(refused)
    assert "Secret" not in json.dumps(refused)


def test_a_line_in_doubt_is_asked_about_by_its_line_in_the_file(here: Town) -> None:
    back = send(here["01"], "first.csv.pgp", f"{HEADER}\n7,Fernstrom,Alva,2012-03-04,704,2026-08-17,,\n")
    assert back.of("7")["status"] == "assigned"
    other = send(here["6G"], "second.csv.pgp", f"{HEADER}\n9,Fernstrom,Alva,2012-03-14,700,2026-11-02,,\n")
    assert other.of("9")["status"] == "review"
    (asked,) = json.loads(satchel("review", "list", "--json", "--lea", "6G", *here.exchange.at).stdout)
    assert (asked["line"], asked["type"]) == (2, "enrollment")
