"""SSID requests in CSV: the name, the table, the columns, the lines; and the answers."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from broker.core.codes import CODES
from broker.core.errors import Refused
from broker.core.model import LeaId
from broker.edge.contracts import Contracts
from broker.edge.resources import folder
from broker.edge.settings import Limits
from broker.formats import reading, ssid_answer, ssid_columns, ssid_csv, ssid_name, table
from broker.formats.documents import to_document
from broker.formats.ssid_answer import Answered
from broker.formats.ssid_csv import Sheet, Unread
from handlers import ssid_request

CONTRACTS = Contracts(folder("schemas"))
LEA = LeaId("01")
NAME = "REQ_01_20261123_1.csv.pgp"
HEADER = "Request Type,School Year,District,School,Student Number,Last Name,First Name,Date of Birth,SSID"
ANA = "New,2027,01,704,445566,Reyes-Ortiz,Ana,2012-03-04,"
BEN = "Retrieve,2027,01,704,445567,Holm,Ben,08/30/2013,"


def read(text: str | bytes, file: str = NAME, lea: LeaId = LEA) -> dict[str, Any]:
    content = text if isinstance(text, bytes) else text.encode()
    return dict(reading.read(content, file, lea, Limits(students_per_enrollment=100), CONTRACTS))


def sheet(text: str | bytes) -> Sheet:
    found = read(text)[ssid_csv.SHEET]
    assert isinstance(found, Sheet)
    return found


def student(line: str, header: str = HEADER) -> dict[str, Any]:
    (entry,) = read(f"{header}\n{line}\n")["students"]
    assert isinstance(entry, dict)
    return entry


def fault(line: str, header: str = HEADER) -> Unread:
    (unread,) = sheet(f"{header}\n{line}\n").unread
    return unread


def refused(text: str | bytes, file: str = NAME) -> Refused:
    with pytest.raises(Refused) as caught:
        read(text, file)
    return caught.value


# the name


@pytest.mark.parametrize(
    "file",
    [
        NAME,
        "REQ_01_20261123_1",
        "req_01_2026-11-23_001.CSV.GPG",
        "REQ_01_20261123_1.csv",
        "REQ_01_20261123_1.asc",
        "REQ_01_20261123_1.txt.pgp",
    ],
)
def test_one_request_has_one_id_however_its_name_is_spelt(file: str) -> None:
    assert ssid_name.read(file, LEA).id == ssid_name.read(NAME, LEA).id


def test_the_id_never_changes() -> None:
    """It stands in ledgers: another one would carry out a request again that was carried out before."""
    assert ssid_name.read(NAME, LEA).id == "406cb0e9-928f-52e2-93a2-4accb9ef643b"


def test_another_name_or_lea_is_another_request() -> None:
    names = ["REQ_01_20261123_1", "REQ_01_20261123_2", "REQ_01_20261124_1", "REQ_01_20261123_10"]
    ids = {ssid_name.read(name, LEA).id for name in names} | {ssid_name.read("REQ_02_20261123_1", LeaId("02")).id}
    assert len(ids) == 5


def test_an_lea_with_an_underscore() -> None:
    assert ssid_name.read("REQ_A_1_20261123_7.csv.pgp", LeaId("a_1")) == ("REQ_A_1_20261123_7", "a_1", "2026-11-23", 7)


@pytest.mark.parametrize(
    "file",
    [
        "students.csv",
        "students.csv.pgp",
        "REQ_01_20261123.csv.pgp",
        "REQ_01_20261332_1.csv.pgp",
        "REQ_01_23112026_1.csv",
        "REQ_01_20261123_1 (1).csv.pgp",
        "REQ_01_20261123_1234567890.csv",
        "REQ_01_２０２６１１２３_1.csv",
        "my REQ_01_20261123_1.csv",
    ],
)
def test_a_csv_without_the_name_is_refused(file: str) -> None:
    assert refused(f"{HEADER}\n{ANA}\n", file).code == "request-name"


def test_a_csv_is_known_by_its_columns_too() -> None:
    assert refused(f"{HEADER}\n{ANA}\n", "students.pgp").code == "request-name"
    assert refused("what,is,this\n1,2,3\n", "students.pgp").code == "not-json"


def test_another_leas_name_is_refused() -> None:
    assert refused(f"{HEADER}\n{ANA}\n", "REQ_02_20261123_1.csv.pgp").code == "from-mismatch"


def test_json_is_json_under_every_name() -> None:
    with pytest.raises(Refused) as caught:
        read(b'\xef\xbb\xbf {"packet": 1}')
    assert (caught.value.code, caught.value.hint) == (
        "not-utf8",
        "It begins with a byte order mark: save it as UTF-8 without BOM.",
    )
    assert refused(b'{"packet": "ssid-request.v2"}').code == "unknown-type"


# the document


def test_a_request_is_a_document_that_fits_its_schema() -> None:
    body = read(f"{HEADER}\r\n{ANA}\r\n{BEN}\r\n")
    bare = {name: value for name, value in body.items() if name != "sheet"}
    CONTRACTS.check(bare, 20)
    header = to_document(body)
    assert (header.type, header.sender, header.created.isoformat()) == (
        "ssid-request",
        "01",
        "2026-11-23T00:00:00+00:00",
    )
    assert body["students"][1] == {
        "request": "retrieve",
        "school_year": 2027,
        "school": "704",
        "student": {
            "local_id": "445567",
            "legal_name": {"first": "Ben", "last": "Holm"},
            "birth_date": "2013-08-30",
        },
    }
    assert body["sheet"] == Sheet(",", "2026-11-23", (2, 3), ())


def test_no_json_can_bring_a_sheet() -> None:
    body = read(f"{HEADER}\n{ANA}\n") | {"sheet": "x"}
    with pytest.raises(Refused) as caught:
        CONTRACTS.check(body, 20)
    assert caught.value.code == "schema"


EVERYTHING: dict[str, tuple[str, list[Any], Any]] = {
    "request_type": ("N", ["request"], "new"),
    "school_year": ("2026-27", ["school_year"], 2027),
    "lea": ("1", [], None),
    "school": ("704", ["school"], "704"),
    "local_number": ("0042", ["student", "local_id"], "0042"),
    "last_name": ("Reyes-Ortiz", ["student", "legal_name", "last"], "Reyes-Ortiz"),
    "first_name": ("Ana", ["student", "legal_name", "first"], "Ana"),
    "middle_name": ("Lucía", ["student", "legal_name", "middle"], "Lucía"),
    "suffix": ("II", ["student", "legal_name", "suffix"], "II"),
    "alias_last_name": ("Reyes", ["student", "aliases", 0, "last"], "Reyes"),
    "alias_first_name": ("Annie", ["student", "aliases", 0, "first"], "Annie"),
    "birth_date": ("20120304", ["student", "birth_date"], "2012-03-04"),
    "gender": ("Female", ["student", "gender"], "F"),
    "birth_order": ("2", ["student", "birth_order"], 2),
    "ssid": ("10000-00019", ["student", "ssid"], "1000000019"),
    "entry_date": ("8/7/2026", ["date"], "2026-08-07"),
    "entry_code": ("11", ["code"], "11"),
    "exit_date": ("2027-06-04", ["exit_date"], "2027-06-04"),
    "exit_code": ("TR", ["exit_code"], "TR"),
    "grade": ("KG", ["grade"], "KG"),
    "programme": ("Year Round", ["programme"], "year-round"),
    "guardian_last_name": ("Ortiz", ["student", "guardians", 0, "last"], "Ortiz"),
    "guardian_first_name": ("Marta", ["student", "guardians", 0, "first"], "Marta"),
    "guardian_2_last_name": ("Reyes", ["student", "guardians", 1, "last"], "Reyes"),
    "guardian_2_first_name": ("Juan", ["student", "guardians", 1, "first"], "Juan"),
    "phone": ("801-555-0142", ["student", "phone"], "801-555-0142"),
    "street": ("12 Aspen Way", ["student", "address", "street"], "12 Aspen Way"),
    "city": ("Canyon", ["student", "address", "city"], "Canyon"),
    "state": ("UT", ["student", "address", "state"], "UT"),
    "postal_code": ("84000", ["student", "address", "postal_code"], "84000"),
}


def test_every_column_has_its_place() -> None:
    assert EVERYTHING.keys() == ssid_columns.COLUMNS.keys()
    entry: Any = student(",".join(cell for cell, _, _ in EVERYTHING.values()), ",".join(EVERYTHING))
    for name, (_, place, value) in EVERYTHING.items():
        at = entry
        for step in place:
            at = at[step]
        assert not place or at == value, name
    (request,) = ssid_request.requests(
        read(f"{','.join(EVERYTHING)}\n{','.join(c for c, _, _ in EVERYTHING.values())}")
    )
    assert isinstance(request, ssid_request.Request)
    assert (request.programme, request.grade, request.school_year, request.form) == ("year-round", "KG", 2027, ",")
    assert "Reyes" not in repr(request)


@pytest.mark.parametrize(
    ("field", "name"), [(f, n) for f, one in ssid_columns.COLUMNS.items() for n in (f, *one.names)]
)
def test_a_column_is_known_under_each_of_its_names(field: str, name: str) -> None:
    spelt = (name, name.upper(), name.replace("_", " ").title(), name.replace(" ", "_"), f"{name}:")
    for header in spelt:
        row = table.Row(1, (*(one for one in ssid_columns.REQUIRED if one != field), header))
        assert ssid_columns.fields_of(row)[-1] == field


def test_no_name_stands_for_two_columns() -> None:
    names = [n for f, one in ssid_columns.COLUMNS.items() for n in (f, *one.names)]
    assert len({"".join(filter(str.isalnum, name)) for name in names}) == len(names)


def test_what_an_alias_leaves_open_is_as_in_the_legal_name() -> None:
    entry = student(f"{ANA},Annie", f"{HEADER},Nickname")
    assert entry["student"]["aliases"] == [{"first": "Annie", "last": "Reyes-Ortiz"}]


def test_a_person_with_one_name() -> None:
    assert student("New,,,704,1,Suharto,,2012-03-04,")["student"]["legal_name"] == {"first": "", "last": "Suharto"}


# the form of the file


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_the_usual_forms(separator: str, ends: str, mark: str) -> None:
    text = mark + ends.join([HEADER, ANA, BEN]).replace(",", separator)
    assert sheet(text).form == mark + separator
    assert sheet(text).numbers == (2, 3)
    assert sheet(text + ends * 3).numbers == (2, 3)


def test_quotation_marks_and_line_ends_within_a_cell() -> None:
    entry = student(f'{ANA},"12 Aspen Way,\r\nApt ""B""\n"', f"{HEADER},Street")
    assert entry["student"]["address"]["street"] == '12 Aspen Way, Apt "B"'


def test_a_line_is_numbered_by_where_it_begins_in_the_file() -> None:
    text = f'{HEADER},Street\n\n{ANA},"a\nb\nc"\n,,,,,,,,,\n{BEN},d\n'
    assert sheet(text).numbers == (3, 7)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (f"{HEADER}\n{ANA}".encode("utf-16"), "UTF-16"),
        (f"{HEADER}\n{ANA}".encode("utf-16-le"), "UTF-16"),
        (f"{HEADER}\n{ANA.replace('Ana', 'Lucía')}".encode("latin-1"), "Latin-1"),
    ],
)
def test_another_encoding_is_told_what_to_do(content: bytes, word: str) -> None:
    said = refused(content)
    assert (said.code, said.pointer) == ("not-utf8", "line 2" if word == "Latin-1" else "line 1")
    assert word in said.sentence
    assert "CSV UTF-8" in said.sentence


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf", b"Ana\nBen\n", f"{HEADER}\n".encode()])
def test_what_is_no_table_is_refused(content: bytes) -> None:
    assert refused(content).code == "csv-form"


def test_a_file_without_a_header_is_refused_and_no_student_is_named() -> None:
    said = refused(f"{ANA}\n{BEN}\n")
    assert said.code == "csv-form"
    assert "Reyes" not in str(said)


def test_too_many_lines() -> None:
    said = refused("\n".join([HEADER, *[ANA] * 101]))
    assert (said.code, said.pointer) == ("csv-form", "line 102")
    assert len(read("\n".join([HEADER, *[ANA] * 100]))["students"]) == 100


def test_too_much_of_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    assert refused(",".join(["last name"] * 201) + "\n" + ANA).code == "csv-form"
    assert "4000 characters" in fault(ANA.replace("Ana", "A" * 5000)).must
    assert "far too much" in fault(ANA.replace("Ana", "A" * 300_000)).must
    assert refused(f"{HEADER}\n" + "\n" * 10_000).code == "inflates-too-much"
    assert sheet(f'{HEADER}\n"New"{ANA[3:]}\n{"A" * 300_000}\n{BEN}\n').numbers == (2, 4)
    monkeypatch.setattr(table, "MOST_BYTES", 1000)
    assert refused(f"{HEADER}\n" + f"{ANA}\n" * 20).code == "inflates-too-much"


# the columns


@pytest.mark.parametrize(
    "name",
    ["SSN", "Soc Sec No", "Social Security Number", "student_ssn", "ssn_no", "Last 4 SSN", "Social", "SSN (last 4)"],
)
def test_a_column_for_social_security_numbers_is_refused(name: str) -> None:
    said = refused(f"{HEADER},{name}\n{ANA},123-45-6789\n")
    assert said.code == "ssn-column"
    assert said.pointer == "line 1 column 10 (J)"
    assert "123" not in str(said)


def test_a_social_security_number_in_another_column_is_refused() -> None:
    found = fault(ANA.replace("445566", "123-45-6789"))
    assert (found.fields, found.must) == (("local_number",), "local_number must not be a social security number.")


def test_an_unknown_column_is_named() -> None:
    said = refused(f"{HEADER},Shoe Size\n{ANA},7\n")
    assert (said.code, said.pointer) == ("unknown-column", "line 1 column 10 (J)")
    assert '"Shoe Size"' in said.sentence


def test_a_column_without_a_name_must_be_empty() -> None:
    assert student(f"{ANA},", f"{HEADER},")["request"] == "new"
    assert "no name" in fault(f"{ANA},x", f"{HEADER},").must


def test_a_column_twice() -> None:
    said = refused(f"{HEADER},DOB\n{ANA},2012-03-04\n")
    assert said.code == "csv-form"
    assert "birth_date" in said.sentence


@pytest.mark.parametrize("column", ["Request Type", "Last Name", "First Name", "Date of Birth"])
def test_a_column_that_is_missing_is_named(column: str) -> None:
    said = refused(HEADER.replace(f"{column},", "").replace(f",{column}", "") + f"\n{ANA}\n")
    assert said.code == "csv-form"
    assert "columns are missing: " in said.sentence


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
    plain = [tuple(" ".join(filter(None, _blank(cell).split(" "))) for cell in row) for row in rows]
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
    line = ssid_answer.table(",", "REQ_01_20261123_1", [answered()]).decode()
    assert line == "00000002,1000000019,2027,Reyes-Ortiz,Ana,0042,assigned,,,,REQ_01_20261123_1\r\n"


@pytest.mark.parametrize("form", [",", ";", "\t", "\ufeff,", "\ufeff;"])
def test_the_answer_has_the_form_of_the_request(form: str) -> None:
    content = ssid_answer.table(form, "REQ", [answered(last_name='O"Neil, Jr; x\ty')]).decode()
    assert content.startswith("\ufeff") == form.startswith("\ufeff")
    (row,) = csv.reader(io.StringIO(content.removeprefix("\ufeff"), newline=""), delimiter=form[-1])
    assert row[3] == 'O"Neil, Jr; x\ty'


@given(st.text(max_size=20))
def test_no_cell_is_a_formula_and_each_can_be_had_back(cell: str) -> None:
    written = ssid_answer.safe(cell)
    assert ssid_answer.plain(written) == cell
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
    assert ssid_answer.safe(cell) == written


def test_no_repr_shows_a_student() -> None:
    body = read(f"{HEADER}\n{ANA}\n{ANA.replace('New', '?')}\n")
    shown = (
        f"{body['sheet']!r} {answered()!r} {ssid_request.requests(body)!r} {table.read(HEADER.encode(), 5).header!r}"
    )
    assert "Reyes" not in shown
    assert "445566" not in shown
