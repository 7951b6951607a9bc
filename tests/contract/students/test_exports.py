"""An export of a student information system is carried out line by line, and answered by its places."""

from collections.abc import Iterator

import pytest

from tests.support import edfi, ledgers
from tests.support.edfi import stay, student
from tests.support.office import Office


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, ledger_url: str) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("exports")
    made = Office(folder, "01", "6G", ledger_url=ledgers.emptied(folder, ledger_url))
    yield made
    made.services.engine.dispose()


def test_a_zip_of_ed_fi_enrolls_its_students_and_says_which_it_could_not_read(office: Office) -> None:
    students = (
        student("E1", "Quenneville")
        + student("E2", "Ekwueme", born="2013-13-01")
        + student("E3", "Bergstrand", born="2011-04-05").replace("Tyrone", "Ylva")
    )
    left = "<ExitWithdrawDate>2026-10-30</ExitWithdrawDate>"
    content = edfi.together(students, stay("E1") + stay("E2") + stay("E3", more=left))
    assert office.send("01", content).state == "APPLIED"
    lines = office.newest_notice("01", "ssid")["students"]
    assert [(one["line"], one["answer"], one["local_id"]) for one in lines] == [
        (1, "assigned", "E1"),
        (2, "refused", "E2"),
        (3, "assigned", "E3"),
    ]
    assert lines[1]["field"] == "Student.xml/Student[2]/BirthData/BirthDate"
    assert "Student.xml/Student[2]/BirthData/BirthDate must be a date, such as 2012-03-04." in lines[1]["what_to_do"]

    # the same students the next day, one of them mended: nothing happens twice
    again = edfi.together(students.replace("2013-13-01", "2013-12-01"), stay("E1") + stay("E2") + stay("E3", more=left))
    assert office.send("01", again).state == "APPLIED"
    answers = [one["answer"] for one in office.newest_notice("01", "ssid")["students"]]
    assert answers == ["matched", "assigned", "matched"]


def test_what_lacks_school_and_entry_is_refused_as_a_whole(office: Office) -> None:
    row = office.send("01", edfi.whole(student("E9")).encode())
    assert (row.state, row.code) == ("REFUSED", "sis-form")
