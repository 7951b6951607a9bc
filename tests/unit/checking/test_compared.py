"""An LEA's own list beside the exchange's: who is taken for whom, and what counts as a difference."""

import csv
import io
from datetime import date
from typing import Any

import pytest

from broker.checking import against, mending
from broker.checking.against import Report
from broker.formats.enrollment.columns import field_of
from broker.formats.own_students import written
from broker.formats.own_students.written import FIELDS, Part
from tests.support import workbooks

TODAY = date(2026, 12, 2)
PART = Part("2026-12-02 09:12", 1, is_last=True)
ANA = {"ssid": "1000000019", "local_number": "00042", "last_name": "Núñez", "first_name": "Ana María"}
ANA |= {"birth_date": "2012-03-04", "school": "704", "entry_date": "2026-08-17", "gender": "F"}
BO = {"ssid": "1000000027", "local_number": "43", "last_name": "Holm", "first_name": "Bo"}
BO |= {"birth_date": "2013-08-30", "school": "704", "entry_date": "2026-08-24"}
HEADER = "SSID,Stu #,Last Name,First Name,DOB,School,Entry Date,Withdrawal Date"
OF_ANA = "1000000019,42,NUNEZ,Ana Maria,3/4/2012,0704,8/17/2026,"
OF_BO = "1000000027,43,Holm,Bo,8/30/2013,704,8/24/2026,"


def the_list(*stays: dict[str, str], part: Part = PART) -> bytes:
    return written.as_csv([dict.fromkeys(FIELDS, "") | one for one in stays], part)


def report(own: str | bytes, *stays: dict[str, str], with_table: bool = False) -> Report:
    content = own if isinstance(own, bytes) else own.encode()
    return against.report([content, the_list(*(stays or (ANA, BO)))], TODAY, with_table=with_table)


def found(*lines: str, stays: tuple[dict[str, str], ...] = (ANA, BO), header: str = HEADER) -> list[tuple[str, int]]:
    told = report("\n".join([header, *lines]), *stays)
    assert told.faults == ()
    return [(one.kind, one.line) for one in told.differences]


def test_what_differs_by_case_accents_zeros_and_dates_as_written_is_the_same() -> None:
    told = report("\n".join([f"All students\n\n{HEADER}", OF_BO, OF_ANA, "Total: 2"]))
    assert (told.same, told.differences, told.lines, told.of_list, told.asked) == (2, (), 2, 2, "2026-12-02 09:12")


@pytest.mark.parametrize(
    ("line", "kind", "column"),
    [
        (OF_ANA.replace("0704", "705"), "other-school", "F"),
        (OF_ANA.replace("8/17/", "8/18/"), "other-entry-date", "G"),
        (OF_ANA.replace("3/4/2012", "4/3/2012"), "other-birth-date", "E"),
        (OF_ANA.replace("NUNEZ", "Nunes"), "other-name", "C"),
        (OF_ANA.replace("Ana Maria", "Anna Maria"), "other-name", "D"),
        (OF_ANA.replace(",42,", ",420,"), "other-local-number", "B"),
        (OF_ANA.replace("1000000019", "1000000035"), "other-ssid", "A"),
        (OF_ANA + "1/29/2027", "other-exit-date", "H"),
        (OF_ANA + "11/20/2026", "left-in-file", "H"),
    ],
)
def test_each_kind_of_difference_is_told_by_its_line_and_column(line: str, kind: str, column: str) -> None:
    told = report("\n".join([HEADER, OF_BO, line]))
    (one,) = told.differences
    assert (one.kind, one.line, one.column, one.of_list, one.roster, told.same) == (kind, 3, column, 2, 1, 1)
    assert (one.wrong, one.what_to_do) == mending.MEANS[kind]


def test_several_differences_of_a_line_are_told_each() -> None:
    line = OF_ANA.replace("0704", "705").replace(",42,", ",420,").replace("NUNEZ,Ana Maria", "Nunes,Anna")
    told = report("\n".join([HEADER, line, OF_BO]))
    assert [one.kind for one in told.differences] == ["other-school", "other-name", "other-name", "other-local-number"]


def test_who_stands_on_one_side_alone_is_told() -> None:
    stranger = "1000000035,44,Abara,Cy,1/5/2011,704,8/17/2026,"
    told = report("\n".join([HEADER, stranger, OF_BO]))
    assert [(one.kind, one.line, one.of_list) for one in told.differences] == [
        ("not-there", 2, 0),
        ("not-in-file", 0, 2),
    ]
    assert found(OF_ANA, OF_BO, stranger + "11/1/2026") == []  # both say that she is not here


def test_a_student_is_found_by_number_and_birth_date_or_by_name_and_birth_date() -> None:
    assert found(OF_ANA.replace("1000000019", ""), OF_BO.replace("1000000027,43", ",")) == []
    assert found(OF_ANA.replace("1000000019", "").replace("NUNEZ", "Other"), OF_BO) == [("other-name", 2)]
    both = OF_ANA.replace("1000000019,42", ",").replace("NUNEZ", "Other")
    assert found(both, OF_BO) == [("not-there", 2), ("not-in-file", 0)]  # by less nobody is found


def test_of_two_who_could_be_meant_none_is_taken() -> None:
    twin = ANA | {"ssid": "1000000043", "local_number": "77"}
    lines = OF_ANA.replace("1000000019,42", ","), OF_BO
    assert found(*lines, stays=(ANA, twin, BO)) == [("several", 2), ("not-in-file", 0), ("not-in-file", 0)]
    by_number = OF_ANA.replace("1000000019", "")
    assert found(by_number, by_number.replace(",42,", ",77,"), OF_BO, stays=(ANA, twin, BO)) == []
    shared = twin | {"local_number": "42", "first_name": "Eva"}
    assert found(by_number, by_number.replace("Ana Maria", "Eva"), OF_BO, stays=(ANA, shared, BO)) == []


def test_a_student_at_two_schools_is_compared_school_by_school() -> None:
    second = ANA | {"school": "705"}
    other = OF_ANA.replace("0704", "705")
    assert found(other, OF_ANA, OF_BO, stays=(ANA, second, BO)) == []
    assert found(OF_ANA, OF_BO, stays=(ANA, second, BO)) == [("not-in-file", 0)]
    assert found(OF_ANA, other, OF_BO) == [("other-stay", 3)]
    assert found(OF_ANA, OF_ANA, OF_BO) == [("twice", 3)]
    assert found(OF_ANA, OF_ANA, OF_BO, stays=(ANA, second, BO)) == [("twice", 3), ("not-in-file", 0)]


def test_a_move_within_the_lea_is_another_school_and_the_earlier_stay_none() -> None:
    moved = OF_ANA.replace("0704", "705").replace("8/17/2026", "10/5/2026")
    assert found(OF_ANA + "10/5/2026", moved, OF_BO) == [("other-school", 3), ("other-entry-date", 3)]


def test_what_is_still_to_begin_is_not_compared() -> None:
    next_term = "1000000035,44,Abara,Cy,1/5/2011,704,1/11/2027,"
    told = report("\n".join([HEADER, next_term, OF_ANA, OF_BO.replace("8/24/2026", "8/23/2027")]))
    assert (told.differences, told.ahead, told.same) == ((), 2, 1)


def test_columns_that_the_file_does_not_have_are_not_compared_and_named() -> None:
    told = report("State Student Id;Last Name\n1000000019;Nunez\n1000000027;Holm\n")
    assert (told.same, told.differences) == (2, ())
    assert told.not_compared == ("school", "entry date", "exit date", "birth date", "first name", "local number")


def test_a_line_that_cannot_be_read_is_told_by_its_cell_and_stops_no_other() -> None:
    told = report("\n".join([HEADER, OF_ANA.replace("3/4/2012", "2/30/2012"), OF_BO.replace("1000000027", "1.0E+09")]))
    assert [(one.kind, one.line, one.column) for one in told.differences[:2]] == [
        ("unreadable", 2, "E"),
        ("unreadable", 3, "A"),
    ]
    assert told.differences[0].wrong.startswith("It must be a date")
    assert "2/30/2012" not in str(told)


def test_workbooks_json_and_a_name_in_one_cell_are_read_alike() -> None:
    rows = [["Student", "Birthdate", "SSID", "School"], ["Núñez, Ana María", date(2012, 3, 4), "1000000019", "704"]]
    assert report(workbooks.made(rows), ANA).differences == ()
    line = dict.fromkeys(FIELDS, "") | ANA | {"exit_date": "2027-01-29"}
    said: dict[str, Any] = {"packet": "roster.v1"} | written.as_body("", [line], PART)
    import json

    told = against.report([f"{HEADER}\n{OF_ANA}1/29/2027".encode(), json.dumps(said).encode()], TODAY, with_table=False)
    assert (told.same, told.differences, told.asked) == (1, (), PART.asked)


@pytest.mark.parametrize(
    ("parts", "wrong"),
    [
        ([(1, False), (3, True)], "part 2"),
        ([(1, False), (2, False)], "parts behind part 2"),
        ([(1, False), (1, False), (2, True)], "given twice"),
        ([(2, True)], "part 1"),
    ],
)
def test_a_list_with_a_part_missing_is_not_compared(parts: list[tuple[int, bool]], wrong: str) -> None:
    files = [the_list(ANA, part=Part(PART.asked, number, is_last)) for number, is_last in parts]
    told = against.report([f"{HEADER}\n{OF_ANA}".encode(), *files], TODAY, with_table=False)
    assert wrong in told.faults[0][1].wrong
    assert told.differences == ()


def test_parts_of_two_lists_and_what_is_no_list_are_not_compared() -> None:
    first, second = the_list(ANA, part=PART), the_list(BO, part=Part("2026-12-01 09:12", 2, is_last=True))
    own = f"{HEADER}\n{OF_ANA}".encode()
    told = against.report([own, first, second], TODAY, with_table=False)
    assert "different times" in told.faults[0][1].wrong
    told = against.report([own, own.replace(b"1000000019", b"")], TODAY, with_table=False)
    assert (told.faults[0][0], told.faults[0][1].line) == (1, 2)
    told = against.report([b"Name,Teacher\nx,y\n", first], TODAY, with_table=False)
    assert (told.faults[0][0], told.faults[0][1].code) == (0, "csv-form")
    told = against.report(
        [own, b"-----BEGIN PGP MESSAGE-----\n\nhF4D\n-----END PGP MESSAGE-----\n"], TODAY, with_table=False
    )
    assert told.faults[0][1].what_to_do.startswith("Open it first")


def test_an_empty_list_has_nobody() -> None:
    told = against.report([f"{HEADER}\n{OF_ANA}".encode(), written.as_csv([], PART)], TODAY, with_table=False)
    assert [one.kind for one in told.differences] == ["not-there"]


# the table of differences


def table(*lines: str) -> list[dict[str, str]]:
    rows = report("\n".join([HEADER, *lines]), with_table=True).table
    content = mending.as_csv(rows).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(content, newline="")))


def test_no_column_of_it_is_taken_for_one_of_an_enrollment() -> None:
    assert {field_of(name) for name in mending.ABOUT} == {""}


def test_a_wrong_entry_is_taken_back_and_the_right_one_sent() -> None:
    back, right = table(OF_ANA.replace("0704", "705").replace(",42,", ",420,"), OF_BO)
    assert (back["school"], back["entry_date"], back["exit_date"]) == ("704", "2026-08-17", "2026-08-17")
    assert (right["school"], right["entry_date"], right["exit_date"]) == ("705", "2026-08-17", "")
    assert (right["local_number"], right["last_name"], right["ssid"]) == ("420", "Núñez", "1000000019")
    assert (right["the exchange has"], right["your file has"]) == (
        "school 704; local number 00042",
        "school 705; local number 420",
    )


def test_a_change_of_schools_ends_the_earlier_stay_on_its_day() -> None:
    back, right = table(OF_ANA.replace("0704", "705").replace("8/17/2026", "10/5/2026"), OF_BO)
    assert (back["school"], back["exit_date"]) == ("704", "2026-10-05")
    assert (right["school"], right["entry_date"]) == ("705", "2026-10-05")


def test_an_exit_is_sent_and_a_name_never() -> None:
    (left,) = table(OF_ANA.replace("NUNEZ", "Nunes") + "11/20/2026", OF_BO)
    assert (left["exit_date"], left["last_name"], left["school"]) == ("2026-11-20", "Núñez", "704")
    (named,) = table(OF_ANA.replace("NUNEZ", "Nunes"), OF_BO)
    assert (named["last_name"], named["your file has"], named["exit_date"]) == ("Núñez", "last name Nunes", "")


def test_who_is_on_one_side_alone_stands_there_as_that_side_has_it() -> None:
    mine, theirs = table("1000000035,44,Abara,Cy,1/5/2011,704,8/17/2026,", OF_BO)
    assert (mine["ssid"], mine["last_name"], mine["your line"]) == ("1000000035", "Abara", "2")
    assert (theirs["ssid"], theirs["exit_date"], theirs["line of the list"]) == ("1000000019", "", "2")


def test_no_cell_of_it_is_a_formula() -> None:
    rows = report(f"{HEADER}\n,44,=A1,Cy,1/5/2011,704,8/17/2026,", ANA, with_table=True).table
    assert b"'=A1" in mending.as_csv(rows)
