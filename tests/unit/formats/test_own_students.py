"""The list of an LEA's own students: how it is asked for in a table, and that its columns are those of enrollments."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from broker.core.errors import Refused
from broker.formats.enrollment.columns import COLUMNS
from broker.formats.own_students import written
from broker.formats.own_students.written import Part
from handlers import record_request
from tests.support import documents
from tests.support.enrollment_tables import CONTRACTS, HEADER, MADE, read, refused

PART = Part("2026-12-02 09:12", 2, is_last=True)


@pytest.mark.parametrize(
    ("table", "form"),
    [
        ("want,form\r\nroster,csv\r\n", "csv"),
        ("\ufeffI want;as\n\nOur students;Excel\n", "xlsx"),
        ("want\tform\nRoster\t\n", "csv"),
        ("Form|Want\rjson|my roster\r", "json"),
    ],
)
@pytest.mark.parametrize("name", ["ask.pgp", "ask.csv.pgp", "x"])
def test_a_table_of_two_cells_is_a_request_under_any_name(table: str, form: str, name: str) -> None:
    found = read(table, name)
    assert (found["packet"], found["want"], found["form"]) == ("record-request.v1", "roster", form)
    assert found["id"] == read(table, name)["id"]
    later = MADE._replace(signed_at=MADE.signed_at + timedelta(seconds=1))
    assert found["id"] != read(table, name, later)["id"]  # another signature is another request


@pytest.mark.parametrize(
    ("table", "place", "words"),
    [
        ("want,form\nbackpack,csv\n", "line 2 column 1 (A)", 'must be "roster"'),
        ("form,want\npdf,roster\n", "line 2 column 1 (A)", "must be csv, xlsx or json"),
        ("want,form\n", "line 1", "want,form"),
        ("want,form\nroster,csv\nroster,csv\n", "line 3", "one line below the names"),
    ],
)
def test_a_table_that_asks_otherwise_is_told_how(table: str, place: str, words: str) -> None:
    found = refused(table)
    assert (found.code, found.pointer) == ("csv-form", place)
    assert words in found.hint


def test_a_list_of_students_is_never_a_request() -> None:
    assert read(f"{HEADER},Form\nReyes,Ana,3/4/2012,700,8/17/26,9B\n")["packet"] == "enrollment.v1"
    assert "roster" not in refused("Last Name,First Name,Form\nReyes,Ana,9B\n").hint


@pytest.mark.parametrize(
    ("changes", "left_out", "pointer"),
    [
        ({"want": "roster"}, "", "/student"),
        ({"want": "roster", "from_lea": "01"}, "student", "/from_lea"),
        ({"want": "roster", "form": "pdf"}, "student", "/form"),
        ({"want": "backpack", "form": "csv"}, "", "/form"),
        ({"want": "backpack"}, "student", ""),
    ],
)
def test_a_request_that_says_more_or_less_is_refused_by_its_place(
    changes: dict[str, str], left_out: str, pointer: str
) -> None:
    request = {name: one for name, one in documents.record_request(**changes).items() if name != left_out}
    with pytest.raises(Refused) as caught:
        judged(request)
    assert (caught.value.code, caught.value.pointer) == ("schema", pointer)
    assert caught.value.hint


def judged(request: dict[str, Any]) -> None:
    CONTRACTS.check(request, 5)
    record_request.roster_of(request)


def test_a_request_has_its_form_and_csv_without_one() -> None:
    request = {name: one for name, one in documents.record_request(want="roster").items() if name != "student"}
    CONTRACTS.check(request, 5)
    assert record_request.roster_of(request) == "csv"
    assert record_request.roster_of(request | {"form": "xlsx"}) == "xlsx"
    assert record_request.roster_of(documents.record_request()) is None


def test_the_columns_are_those_of_an_enrollment_and_one_that_names_the_list() -> None:
    assert set(written.FIELDS) < set(COLUMNS)
    assert written.PART not in COLUMNS


def test_a_part_is_known_again_by_its_cell() -> None:
    for one in (PART, replace(PART, is_last=False, number=1)):
        assert written.part_of(str(one)) == one
    assert written.part_of("2026-12-02") is None
    assert PART.day == "2026-12-02"


def test_no_cell_is_a_formula() -> None:
    line = dict.fromkeys(written.FIELDS, "") | {"last_name": "=HYPERLINK(1)", "local_number": "0042"}
    assert b"'=HYPERLINK(1)" in written.as_csv([line], PART)
