"""A table of many students' records is divided into one for each: no line is lost, and none is guessed."""

import pytest

from broker.core.errors import Refused
from broker.formats import heading, tables
from broker.formats.heading import Headed
from broker.formats.student_record.divided import divided
from broker.formats.tabular.forms import known_in
from tests.support import record_tables

STUDENT = {"ssid": "1000000019", "legal_name": {"first": "Bo", "last": "Quist"}, "birth_date": "2011-03-14"}
HEAD = "SSID,Last Name,First Name,DOB,School Year,Term,Course Number,Course Title,Grade,Credit"


def headed(content: str | bytes) -> Headed:
    given = content if isinstance(content, bytes) else content.encode()
    return heading.headed(tables.found(given, 100), known_in)


def titles(*lines: str) -> list[list[str]]:
    found = divided(headed("\n".join([HEAD, *(f"{line},A,1" for line in lines)])))
    return [[row.cells[7] for row in one.table.rows] for one in found]


def test_a_table_of_a_whole_school_is_divided_by_student() -> None:
    bo, li = "1000000019,Quist,Bo,3/14/2011,2025,S1,M", "1000000027,Holm,Li,3/14/2011,2025,S1,M"
    of_li = [f"{li},Geometry", ",Holm,Li,3/14/2011,2025,S2,M,Art", ",,,,2025,S2,M,Choir"]
    found = titles(f"{bo},Algebra", *of_li, f"{bo},Band")
    assert found == [["Algebra", "Band"], ["Geometry", "Art", "Choir"]]


def test_twins_in_name_and_birth_date_are_told_apart_by_number_and_never_guessed() -> None:
    one, other = (f"{ssid},Quist,Bo,3/14/2011,2025,S1,M" for ssid in ("1000000019", "1000000027"))
    assert titles(f"{one},Algebra", f"{other},Band") == [["Algebra"], ["Band"]]
    with pytest.raises(Refused) as caught:
        titles(f"{one},Algebra", f"{other},Band", ",Quist,Bo,3/14/2011,2025,S1,M,Choir")
    assert caught.value.pointer == "line 4"


def test_a_line_of_nobody_is_refused() -> None:
    with pytest.raises(Refused) as caught:
        titles(",,,,2025,S1,M,Art")
    assert (caught.value.code, caught.value.pointer) == ("csv-form", "line 2")


def test_a_workbook_of_a_whole_school_is_divided_by_student() -> None:
    about = record_tables.student_sheet(STUDENT)
    about += record_tables.student_sheet(STUDENT | {"ssid": "1000000027"})[1:]
    head, *lines = record_tables.COURSES
    courses = [[*head, "SSID"], [*lines[0], "1000000027"], [*lines[1], "1000000019"]]
    found = divided(headed(record_tables.book({"Student": about, "Courses": courses})))
    assert [[row.cells[3] for row in one.table.others[0].rows] for one in found] == [["English 9"], ["Algebra I"]]
