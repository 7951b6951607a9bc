"""Refusals and answers, taken apart by place."""

import pytest

from broker.checking import faults
from broker.checking.report import Fault, Report, Verdict
from broker.core.codes import CODES
from broker.core.errors import Refused
from broker.notices.answers import REASONS, Answer, Outcome

BODY = {"school_year": 2027, "students": [{}, {"school_year": 2026}]}


def answer(why: str, field: str = "", must: str = "", line: int = 1) -> Answer:
    return Answer(line, Outcome.REFUSED, None, why, field, must)


@pytest.mark.parametrize(
    ("field", "must", "found"),
    [
        ("", "", [("", "")]),
        ("school", "", [("school", "must be filled in")]),
        ("ssid school", "", [("ssid", "must be filled in"), ("school", "must be filled in")]),
        ("", "In this line a cell is too long.", [("", "In this line a cell is too long.")]),
        ("date", "It must not be far ahead.", [("date", "It must not be far ahead.")]),
        ("birth_date", "birth_date must be a date.", [("birth_date", "must be a date.")]),
        (
            "last_name birth_date",
            "last_name must be filled in. birth_date must be a date.",
            [("last_name", "must be filled in."), ("birth_date", "must be a date.")],
        ),
        (
            "confirmed birth_date",
            "Something stands in a column that has no name. confirmed must name dates, such as birth_date or"
            " entry_date. birth_date must be a date.",
            [
                ("", "Something stands in a column that has no name."),
                ("confirmed", "must name dates, such as birth_date or entry_date."),
                ("birth_date", "must be a date."),
            ],
        ),
    ],
)
def test_what_is_said_of_a_line_is_told_apart_by_field(field: str, must: str, found: list[tuple[str, str]]) -> None:
    assert faults.told_apart(field, must) == found


def test_a_line_of_a_table_has_its_column_as_the_file_names_it() -> None:
    columns = faults.columns_of(["Request", "Nonsense", "Date of Birth", "\x1bSur!name"], "ssid-request.v1")
    assert columns["birth_date"] == ("C", "Date of Birth")
    assert columns["last_name"] == ("D", "last_name")  # an odd name is not shown
    found = list(faults.of_answer(answer("unreadable", "birth_date", "birth_date must be a date."), {}, columns))
    do = REASONS["unreadable"]
    assert found == [Fault("unreadable", "It must be a date.", do, line=1, column="C", header="Date of Birth")]


def test_a_column_that_the_table_lacks_has_its_own_name() -> None:
    (found,) = faults.of_answer(answer("missing", "school", line=7), {}, {})
    assert (found.line, found.column, found.header, found.wrong) == (7, "", "school", "It must be filled in.")


@pytest.mark.parametrize(
    ("field", "pointer"),
    [
        ("", "/students/1"),
        ("birth_date", "/students/1/student/birth_date"),
        ("ssid", "/students/1/student/ssid"),
        ("date", "/students/1/date"),
        ("school_year", "/students/1/school_year"),
    ],
)
def test_a_line_of_a_document_has_a_pointer(field: str, pointer: str) -> None:
    (found,) = faults.of_answer(answer("odd-date", field), BODY, None)
    assert found.pointer == pointer


def test_a_year_that_stands_above_the_lines_is_pointed_to_there() -> None:
    (found,) = faults.of_answer(answer("odd-date", "school_year", line=0), BODY, None)
    assert found.pointer == "/school_year"


def test_each_place_that_does_not_fit_the_schema_is_a_fault() -> None:
    refused = Refused("schema", "/a", "/a: must be text\n/b/0: must have last\nThere are more; mend these first.")
    found = faults.of_refusal(refused)
    assert [(one.pointer, one.wrong) for one in found] == [
        ("/a", "It must be text."),
        ("/b/0", "It must have last."),
        ("", "There are more; mend these first."),
    ]
    assert {one.what_to_do for one in found} == {CODES["schema"].remedy}


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_refusal_is_one_fault_with_what_to_do(code: str) -> None:
    if code == "schema":
        return
    (found,) = faults.of_refusal(Refused(code, "line 3", "More."))
    assert (found.code, found.place, found.pointer) == (code, "line 3", "")
    assert found.wrong.endswith(".")
    assert found.what_to_do.endswith(".")


def test_of_what_was_not_sent_nobody_is_called_at_once() -> None:
    (found,) = faults.of_refusal(Refused("secret-key-sent"))
    assert "Call" not in found.what_to_do
    assert "kept" not in found.wrong


def test_a_report_goes_through_json_unchanged() -> None:
    report = Report(Verdict.SOME, "enrollment.v1", "JSON", "6G", 2, 1, 1, (Fault("schema", "a", "b", pointer="/a"),))
    assert Report.from_json(report.to_json()) == report
