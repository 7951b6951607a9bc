"""A line whose date cannot be is refused, one whose date is odd is asked back; the other lines go on."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import documents, ledgers
from tests.support.desk import child, enrollment
from tests.support.office import Office

_NUMBERS = itertools.count(1)
HEADER = "Request Type,School,Local ID,Last Name,First Name,Date of Birth,Entry Date,Grade,School Year,Confirmed"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, ledger_url: str) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("dates")
    made = Office(folder, "01", "6G", ledger_url=ledgers.emptied(folder, ledger_url))
    yield made
    made.services.engine.dispose()


def line(born: str = "", **changes: Any) -> dict[str, Any]:
    """An entry of a student of its own, who is 14 years old if nothing else is said."""
    number = next(_NUMBERS)
    born = born or f"2012-{1 + number % 7:02}-{1 + number % 28:02}"
    name = "".join("abcdefghij"[int(digit)] for digit in str(number))
    student = child(f"Odd{name}", f"Dates{name[::-1]}", born, local_id=f"L{number}")
    return {"student": student, "school": "704", "event": "entry", "date": "2026-08-17"} | changes


def sent(office: Office, *lines: dict[str, Any], **changes: Any) -> list[dict[str, Any]]:
    document = documents.enrollment() | {"from": "01", "students": list(lines)} | changes
    assert office.send("01", document).state == "APPLIED"
    found: list[dict[str, Any]] = office.newest_notice("01", "ssid")["students"]
    return found


def told(answer: dict[str, Any]) -> tuple[str, str, str]:
    return answer["answer"], answer.get("why", ""), answer.get("field", "")


GOOD = ("assigned", "", "")


def test_what_cannot_be_is_refused_and_the_other_lines_go_on(office: Office) -> None:
    lines = [line(day) for day in ("1914-03-04", "2025-03-04", "2030-03-04", "2103-03-04")]
    lines += [line(), line(date="1926-08-17"), line()]
    found = sent(office, *lines)
    impossible = ("refused", "impossible-date", "birth_date")
    assert [told(one) for one in found] == [*[impossible] * 4, GOOD, ("refused", "impossible-date", "date"), GOOD]
    assert "birth_date must not be a day to come." in found[2]["what_to_do"]
    assert not any(one["ssid"] for one in found if one["answer"] == "refused")


def test_what_is_odd_is_asked_back_and_taken_once_it_is_confirmed(office: Office) -> None:
    strange = [
        (line("1950-03-04"), "birth_date"),
        (line(grade="KG"), "birth_date"),
        (line(date="2016-08-17"), "date"),
        (line("2001-03-04", date="2016-08-17", grade="12"), "date"),
    ]
    found = sent(office, *(one for one, _ in strange), line())
    assert [told(one) for one in found] == [*(("refused", "odd-date", field) for _, field in strange), GOOD]
    assert "`confirmed`" in found[0]["what_to_do"]
    confirmed = [one | {"confirmed": [field]} for one, field in strange]
    assert [told(one) for one in sent(office, *confirmed)] == [GOOD] * 4
    # and who exports every night is not asked every night
    assert {one["answer"] for one in sent(office, *(one for one, _ in strange))} == {"matched"}
    # what was confirmed for one student is not confirmed for another one, nor for another date
    other = line("1950-03-04") | {"confirmed": ["date"]}
    assert told(sent(office, other)[0]) == ("refused", "odd-date", "birth_date")
    impossible = line("2103-03-04") | {"confirmed": ["birth_date"]}
    assert told(sent(office, impossible)[0]) == ("refused", "impossible-date", "birth_date")


def test_all_that_is_odd_in_a_line_is_told_at_once(office: Office) -> None:
    found = sent(office, line("1980-03-04", date="2016-08-17"))[0]
    assert told(found) == ("refused", "odd-date", "birth_date date")


def test_a_school_year_long_over_is_asked_back_and_one_to_come_is_refused(office: Office) -> None:
    one = line()
    assert told(sent(office, one, school_year=2016)[0]) == ("refused", "odd-date", "school_year")
    assert told(sent(office, one | {"confirmed": ["school_year"]}, school_year=2016)[0]) == GOOD
    document = documents.enrollment() | {"from": "01", "students": [line()], "school_year": 2072}
    assert office.send("01", document).code == "impossible-date"


def test_an_exit_of_long_ago_is_asked_back(office: Office) -> None:
    one = line()
    assert told(sent(office, one)[0]) == GOOD
    assert told(sent(office, one | {"event": "exit", "date": "2016-05-30"})[0]) == ("refused", "odd-date", "date")
    assert told(sent(office, one | {"event": "exit", "date": "2026-11-13"})[0]) == ("matched", "", "")


def test_another_leas_word_confirms_nothing(office: Office) -> None:
    one = line("1950-03-04")
    assert told(sent(office, one | {"confirmed": ["birth_date"]})[0]) == GOOD
    document = enrollment("6G", one["student"])
    office.send("6G", document)
    assert told(office.newest_notice("6G", "ssid")["students"][0]) == ("refused", "odd-date", "birth_date")


def test_the_lines_of_a_csv_are_asked_back_by_the_names_of_its_columns(office: Office) -> None:
    day = office.services.day()
    rows = [
        "New,704,C1,Sheeta,Ana,03/04/1914,2026-08-17,,2027,",
        "New,704,C2,Sheetb,Ana,1950-03-04,2026-08-17,,2027,",
        "New,704,C3,Sheetc,Ana,2012-03-04,2016-08-17,,2027,",
        "New,704,C4,Sheetd,Ana,2012-03-04,2026-08-17,KG,2027,",
        "New,704,C5,Sheete,Ana,2012-03-04,2026-08-17,,2072,",
        "New,704,C6,Sheetf,Ana,2012-03-04,2026-08-17,08,2027,",
        "New,704,C7,Sheetg,Ana,1950-03-04,2016-08-17,,2027,birth_date entry_date",
        "New,704,C8,Vandermeer,Otto,2013-05-06,2019-08-19,,,",
    ]
    tracking = office.drop("01", "\n".join([HEADER, *rows]).encode(), name=f"REQ_01_{day:%Y%m%d}_7.csv.pgp")
    office.work()
    assert office.row(tracking).state == "APPLIED"
    answer = office.opened(office.inbox("01", "ssid")[-1]).decode()
    cells = [one.split(",")[6:9] for one in answer.splitlines()]
    assert cells == [
        ["refused", "impossible-date", "birth_date"],
        ["refused", "odd-date", "birth_date"],
        ["refused", "odd-date", "entry_date"],
        ["refused", "odd-date", "birth_date"],
        ["refused", "impossible-date", "school_year"],
        ["assigned", "", ""],
        ["assigned", "", ""],
        ["assigned", "", ""],
    ]


def test_a_csv_of_last_year_is_refused_as_a_whole(office: Office) -> None:
    day = office.services.day()
    content = f"{HEADER}\nNew,704,C9,Sheeti,Ana,2012-03-04,2026-08-17,,2027,\n".encode()
    tracking = office.drop("01", content, name=f"REQ_01_{day.year - 1}{day:%m%d}_9.csv.pgp".replace("0229", "0228"))
    office.work()
    assert office.row(tracking).code == "file-date"
