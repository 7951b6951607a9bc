"""A request sheet: its lines, one by one, and the sheet that answers them."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from broker.core.codes import CODES
from broker.core.errors import Refused
from broker.edge.settings.rules import TheState
from broker.formats import table
from broker.formats.ssid import answer
from broker.formats.ssid.answer import Answered
from handlers import ssid_request
from tests.support.sheets import ANA, BEN, HEADER, NAME, fault, read, sheet, student

# the lines


@pytest.mark.parametrize(
    ("line", "reason", "fields"),
    [
        (ANA.replace("New", "Delete"), "unreadable", ("request_type",)),
        (ANA.replace("New", ""), "missing", ("request_type",)),
        (ANA.replace("Reyes-Ortiz", ""), "missing", ("last_name",)),
        (ANA.replace("2012-03-04", ""), "missing", ("birth_date",)),
        (ANA.replace("2012-03-04", "13/32/2012"), "unreadable", ("birth_date",)),
        (ANA.replace("2012-03-04", "2012-02-30"), "unreadable", ("birth_date",)),
        (ANA.replace("2012-03-04", "3/4/12"), "unreadable", ("birth_date",)),
        (ANA.replace("2012-03-04", "0004-03-04"), "unreadable", ("birth_date",)),
        (ANA.replace("2012-03-04", "٢٠١٢-03-04"), "unreadable", ("birth_date",)),
        (ANA.replace("2027", "27"), "unreadable", ("school_year",)),
        (ANA.replace("2027", "2026-28"), "unreadable", ("school_year",)),
        (ANA.replace("2027", "3027"), "unreadable", ("school_year",)),
        (ANA.replace(",01,", ",02,"), "other-lea", ("lea",)),
        (ANA + "12345", "unreadable", ("ssid",)),
        (ANA + "1.0E+09", "unreadable", ("ssid",)),
        (ANA.replace("Ana", "A\x1b[2J"), "unreadable", ("first_name",)),
        (ANA.replace("Ana", "A\u202e"), "unreadable", ("first_name",)),
        (ANA.replace("Ana", "A\0na"), "unreadable", ("first_name",)),
        (ANA.replace("Ana", "A" * 101), "unreadable", ("first_name",)),
        (ANA.replace("704", "7" * 65), "unreadable", ("school",)),
        (ANA + ",", "unreadable", None),
        (ANA.removesuffix(","), "unreadable", ()),
        (ANA + ",more", "unreadable", ()),
        (ANA.replace("Ana", '"Ana'), "unreadable", ()),
        (ANA.replace("Ana", '"Ana"x'), "unreadable", ()),
    ],
)
def test_a_line_at_fault_is_named_and_stops_no_other(line: str, reason: str, fields: Sequence[str] | None) -> None:
    found = sheet(f"{HEADER}\n{ANA}\n{line}\n{BEN}\n")
    if fields is None:  # empty cells at the end harm nobody
        assert (found.numbers, found.unread) == ((2, 3, 4), ())
        return
    assert found.numbers == (2, 4)
    (unread,) = found.unread
    assert (unread.line, unread.reason, unread.fields) == (3, reason, fields)
    assert unread.must or reason in ("missing", "other-lea")
    assert all(name in unread.must for name in fields) or not unread.must


@pytest.mark.parametrize(
    ("column", "cell", "name", "value"),
    [
        *(("Dual Enrollment", cell, "dual", True) for cell in ("Y", "y", "Yes", "TRUE", "1", "X")),
        *(("Military", cell, "military", False) for cell in ("N", "no", "False", "0")),
        *(("FTE", cell, "day_part", 0.5) for cell in ("0.5", ".5", "0.50", "50%", "50 %", "1/2", "2 / 4")),
        *(("FTE", cell, "day_part", 1) for cell in ("1", "1.0", "100%", "1/1")),
        ("Part of Day", "1/3", "day_part", 1 / 3),
        ("Opt Out", "none", "opt_outs", []),
        ("Opt Out", "higher_education_data", "opt_outs", ["higher-education-data"]),
        ("Opt Out", "higher-education-data; higher-education-data", "opt_outs", ["higher-education-data"] * 2),
    ],
)
def test_what_a_sheet_says_of_a_stay(column: str, cell: str, name: str, value: object) -> None:
    assert student(f"{ANA},{cell}", f"{HEADER},{column}")[name] == value


@pytest.mark.parametrize("column", ["Dual", "Military", "Day Part", "Opt Outs"])
def test_an_empty_cell_says_nothing_of_a_stay(column: str) -> None:
    assert student(f"{ANA},", f"{HEADER},{column}") == student(ANA)


@pytest.mark.parametrize(
    ("column", "cell", "field"),
    [
        *(("Dual", cell, "dual") for cell in ("maybe", "2", "ja")),
        *(
            ("Day Part", cell, "day_part")
            for cell in ("0", "half", "150%", "3/2", "1/0", "2", "-0.5", "0%", "1e-3", "٠.٥")
        ),
        *(("Opt Outs", cell, "opt_outs") for cell in ("everything", "Y", "none higher-education-data")),
    ],
)
def test_what_a_sheet_may_not_say_of_a_stay(column: str, cell: str, field: str) -> None:
    found = fault(f"{ANA},{cell}", f"{HEADER},{column}")
    assert found.fields == (field,)
    assert found.must.startswith(f"{field} must be")


def test_several_faults_of_a_line_are_told_at_once() -> None:
    found = fault("Give,2027,01,704,1,Reyes,Ana,never,")
    assert found.fields == ("request_type", "birth_date")
    assert found.must == (
        "request_type must be New, Retrieve, Update or Verify."
        " birth_date must be a date, such as 2012-03-04, 03/04/2012 or 20120304."
    )


def test_a_line_at_fault_is_known_again() -> None:
    found = fault(ANA.replace("2012-03-04", "x"))
    assert (found.last_name, found.first_name, found.local_number, found.school_year) == (
        *("Reyes-Ortiz", "Ana", "445566", "2027"),
    )
    assert "Reyes" not in repr(found)


def test_all_lines_at_fault() -> None:
    assert read(f"{HEADER}\n{ANA.replace('New', 'Old')}\n")["students"] == []


def test_what_looks_like_a_formula_is_a_name() -> None:
    entry = student(ANA.replace("Ana", "=1+1").replace("Reyes-Ortiz", "@Reyes"))
    assert entry["student"]["legal_name"] == {"first": "=1+1", "last": "@Reyes"}


CELLS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"), max_size=30
)


@given(st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=8), st.sampled_from(table.SEPARATORS), st.booleans())
def test_whatever_a_program_writes_is_read(rows: list[list[str]], separator: str, quoted: bool) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator, quoting=csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL)
    writer.writerows([["a", "b", "c"], *rows])
    found = table.read(out.getvalue().encode(), 100)
    plain = [tuple(answer.plain(" ".join(filter(None, _blank(cell).split(" ")))) for cell in row) for row in rows]
    expected = [row for row in plain if any(row)]
    assert [row.cells for row in found.rows if not row.fault] == expected
    assert found.separator == separator


def _blank(cell: str) -> str:
    for blank in "\t\r\n\u00a0":
        cell = cell.replace(blank, " ")
    return cell


GOOD = "New,2027,01,704,{},Reyes,Ana,2012-03-04,"


@given(st.lists(st.text("aN,;\n\r\t '=\u00e9", max_size=12), max_size=6))
def test_lines_at_fault_stop_no_other_one(junk: list[str]) -> None:
    found = sheet("\n".join([HEADER, GOOD.format(1), *junk, GOOD.format(2)]))
    assert len(found.numbers) == 2
    assert found.numbers[0] == 2


@given(st.text("aN,; ", max_size=20), st.integers(0, 20))
def test_nor_does_a_quotation_mark_too_many(junk: str, at: int) -> None:
    line = f'{junk[:at]}"{junk[at:]}'
    found = sheet("\n".join([HEADER, GOOD.format(1), line, GOOD.format(2), GOOD.format(3)]))
    assert found.numbers == (2, 4, 5)
    assert [one.line for one in found.unread] == [3]


@given(st.binary(max_size=300), st.sampled_from([NAME, "x.csv.pgp", "x.pgp"]))
@example(b"request,last name\rfirst name,x", "x.pgp")
def test_anything_else_is_refused_and_not_repeated(content: bytes, file: str) -> None:
    said = None
    try:
        read(content, file)
    except Refused as error:
        said = error
    if said is not None:
        assert said.code in CODES
        assert not said.hint or all(part not in said.hint for part in _words(content))


def _words(content: bytes) -> list[str]:
    return [word for word in content.decode("latin-1").split() if len(word) > 12]


@given(st.lists(st.sampled_from([HEADER, ANA, BEN, '"', ",", "\n", "x,y", "\ufeff", "\t", ";", "New"]), max_size=12))
def test_every_line_is_answered_or_the_file_refused(parts: list[str]) -> None:
    text = "\n".join(parts)
    try:
        found = sheet(text)
    except Refused:
        return
    lines = [*found.numbers, *(one.line for one in found.unread)]
    assert len(set(lines)) == len(lines)
    assert all(1 < line <= text.count("\n") + 1 for line in lines)


# the answer


def answered(**changes: Any) -> Answered:
    values: dict[str, Any] = {
        **{"line": 2, "ssid": "1000000019", "school_year": "2027", "last_name": "Reyes-Ortiz", "first_name": "Ana"},
        **{"local_number": "0042", "answer": "assigned", "reason": "", "field": "", "what_to_do": ""},
    }
    return Answered(**(values | changes))


def test_the_answer_begins_as_it_must() -> None:
    line = answer.table(",", "REQ_01_20261123_1", [answered()]).decode()
    assert line == "00000002,1000000019,2027,Reyes-Ortiz,Ana,0042,assigned,,,,REQ_01_20261123_1\r\n"


@pytest.mark.parametrize("form", [",", ";", "\t", "\ufeff,", "\ufeff;"])
def test_the_answer_has_the_form_of_the_request(form: str) -> None:
    content = answer.table(form, "REQ", [answered(last_name='O"Neil, Jr; x\ty')]).decode()
    assert content.startswith("\ufeff") == form.startswith("\ufeff")
    (row,) = csv.reader(io.StringIO(content.removeprefix("\ufeff"), newline=""), delimiter=form[-1])
    assert row[3] == 'O"Neil, Jr; x\ty'


@given(st.text(max_size=20))
def test_no_cell_is_a_formula_and_each_can_be_had_back(cell: str) -> None:
    written = answer.safe(cell)
    assert answer.plain(written) == cell
    assert len(written) < 2 or written[0] not in "=+-@\t\r＝＋－＠"


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-Ana", "'-Ana"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("'=x", "''=x"),
        ("-", "-"),
        ("'t Hooft", "'t Hooft"),
        ("Reyes-Ortiz", "Reyes-Ortiz"),
    ],
)
def test_where_an_apostrophe_is_put(cell: str, written: str) -> None:
    assert answer.safe(cell) == written


def test_no_repr_shows_a_student() -> None:
    body = read(f"{HEADER}\n{ANA}\n{ANA.replace('New', '?')}\n")
    lines = ssid_request.requests(body, TheState().time)
    shown = f"{body['sheet']!r} {answered()!r} {lines!r} {table.read(HEADER.encode(), 5).header!r}"
    assert "Reyes" not in shown
    assert "445566" not in shown
