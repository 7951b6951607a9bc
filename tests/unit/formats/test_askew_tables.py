"""Tables that lie in another way than they should are told how, and weak names of columns stand behind plainer ones."""

import pytest

from tests.support.enrollment_tables import ANA, BO, HEADER, entries, fault, refused

WEAK = HEADER.replace("Entry Date", "Enrolled").replace("DOB", "Born")


def test_a_weak_name_is_read_where_no_plainer_one_is_there() -> None:
    (entry,) = entries(f"{WEAK}\n{ANA}\n")
    assert (entry["date"], entry["student"]["birth_date"]) == ("2026-08-17", "2012-03-04")
    (entry,) = entries(f"{HEADER},Enrolled,Number\n{ANA},Y,17\n")
    assert (entry["date"], entry["student"]["local_id"]) == ("2026-08-17", "17")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Student,,,,Enroll\nLast Name,First Name,DOB,School,Date\n" + ANA, "spread over two lines, line 1 and line 2"),
        ("Student Last,Student First,Birth,School,Enter\nName,Name,Date,,Date\n" + ANA, "spread over two lines"),
        ("Last Name,Reyes,Holm\nFirst Name,Ana,Bo\nDOB,3/4/2012,8/30/2013\nSchool,700,700\n", "below each other"),
        (f'"{HEADER}"\r\n"{ANA}"\r\n"{BO}"\r\n', "All of a line stands in one cell"),
        ("Last Name,First Name,DOB,Site nr,Came\n" + ANA, 'not known: D "Site nr", E "Came"'),
    ],
)
def test_what_lies_askew_is_told_how(text: str, said: str) -> None:
    found = refused(text)
    assert found.code == "csv-form"
    assert said in found.sentence
    assert not any(cell in found.sentence for cell in ("Reyes", "Ana", "3/4/2012"))


def test_a_date_where_a_number_belongs_and_a_day_that_is_none_are_told() -> None:
    swapped = fault("Reyes,Ana,700,3/4/2012,8/17/26")
    assert "a date stands there" in swapped.must
    assert "there is no such day" in fault("Reyes,Ana,2/30/2012,700,8/17/26").must
    assert "there is no such day" not in fault("Reyes,Ana,soon,700,8/17/26").must
