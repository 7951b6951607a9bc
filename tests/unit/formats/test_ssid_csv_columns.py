"""A request sheet: the form of the file, and its columns."""

import pytest

from broker.formats import table
from tests.support.sheets import ANA, BEN, HEADER, fault, read, refused, sheet, student

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


SPELT = f"{HEADER}\r\n{ANA.replace('Ana', 'Lucía')}\r\n"


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"])
def test_every_encoding_and_dialect_of_a_spreadsheet_is_read(encoding: str, separator: str) -> None:
    plain = read(SPELT)
    for first in ("", f"sep={separator}\r\n"):
        found = read((first + SPELT.replace(",", separator)).encode(encoding))
        assert {**found, "sheet": None} == {**plain, "sheet": None}
        assert found["sheet"].numbers == (2 + bool(first),)


@pytest.mark.parametrize("encoding", ["mac_roman", "cp850", "cp437"])
def test_another_encoding_is_told_what_to_do(encoding: str) -> None:
    said = refused(SPELT.replace("Lucía", "José").encode(encoding))
    assert (said.code, said.pointer) == ("not-utf8", "line 2")
    assert "Windows-1252" in said.sentence
    assert "CSV UTF-8" in said.sentence


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "cp1252"])
def test_no_social_security_number_passes_in_any_encoding(encoding: str) -> None:
    said = refused(SPELT.replace("445566", "529-12-3456").encode(encoding))
    assert (said.code, said.pointer) == ("has-ssn", "line 2 column 5 (E)")


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
    said = refused(f"{HEADER}\n{BEN}\n{ANA.replace('445566', '123-45-6789')}\n")
    assert (said.code, said.pointer) == ("has-ssn", "line 3 column 5 (E)")


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


# all at once


def test_all_that_is_wrong_with_the_columns_is_told_at_once() -> None:
    header = "Request Type,Year,Given,Last Name,First Name,Shoe Size,Bus,Bus Stop,Last"
    said = refused(f"{header}\n" + "New,2027,x,Reyes,Ana,7,12,Elm,Reyes\n")
    assert (said.code, said.pointer) == ("unknown-column", "line 1 column 3 (C), 6 (F), 7 (G), 8 (H)")
    assert 'These columns are not known: "Given", "Shoe Size", "Bus", "Bus Stop".' in said.sentence
    assert "Several columns are last_name (line 1 column 4 (D), 9 (I)): leave one of them." in said.sentence
    assert "These columns are missing: birth_date, school (New and Retrieve need it)." in said.sentence
    assert "ssid" not in said.sentence


def test_a_column_for_social_security_numbers_hides_no_other_fault() -> None:
    said = refused("Request Type,Last Name,First Name,SSN,SSN 2,Shoe Size\nNew,Reyes,Ana,1,2,3\n")
    assert said.code == "ssn-column"
    assert "column 4 (D)" in said.pointer
    assert '"Shoe Size"' in said.sentence
    assert "missing: birth_date, school" in said.sentence


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (("New", "Retrieve"), "missing: school (New and Retrieve need it)."),
        (("n", ""), "missing: school"),
        (("Verify", "Update"), "missing: ssid (Update and Verify need it)."),
        (("Verify", "New"), "missing: school (New and Retrieve need it), ssid (Update and Verify need it)."),
    ],
)
def test_what_every_line_needs_and_none_can_have_is_a_missing_column(lines: tuple[str, ...], words: str) -> None:
    rows = "\n".join(f"{kind},Reyes,Ana,2012-03-04" for kind in lines)
    said = refused(f"Request Type,Last Name,First Name,DOB\n{rows}\n")
    assert said.code == "csv-form"
    assert words in said.sentence


def test_a_column_that_some_lines_can_do_without_stops_only_the_others() -> None:
    text = (
        "Request Type,Last Name,First Name,DOB,SSID\nVerify,Reyes,Ana,2012-03-04,1000000009\nNew,Holm,Ben,2013-08-30,\n"
    )
    assert len(read(text)["students"]) == 2


def test_a_hundred_unknown_columns_are_told_in_bounded_number() -> None:
    more = [f"Extra {number}" for number in range(9)] + [f"Column {number}" for number in range(60)]
    known = "Request Type,School,Last Name,First Name,DOB,Middle Name,Suffix,Gender,Grade,Phone,City,State,Zip,Street"
    known += (
        ",Guardian Last,Guardian First,Military,Dual,FTE,Opt Out,Exit Date,Exit Code,Entry Code,Entry Date,SSID,Track"
    )
    said = refused(",".join([known, *more[:24]]) + "\n" + ANA)
    assert said.code == "unknown-column"
    assert said.sentence.count('"') == 2 * 20
    assert "and 4 more" in said.pointer


def test_a_students_line_is_never_repeated_in_a_refusal() -> None:
    for line in (ANA, BEN, "Dual,Ana,Reyes,Provo,School,1999"):
        said = refused(f"{line}\n{ANA}\n")
        assert "Reyes" not in str(said)
        assert "Holm" not in str(said)


# the lines


def test_all_that_is_wrong_with_a_line_is_told_at_once() -> None:
    """What is missing, what cannot be read, and what the schema says, with one upload and not with three."""
    found = fault("New,2027,01,," + "9" * 70 + ",,Ana,never,", HEADER)
    assert (found.reason, set(found.fields)) == ("unreadable", {"school", "last_name", "local_number", "birth_date"})
    assert "last_name must be filled in." in found.must
    assert "school must be filled in." in found.must
    assert "birth_date must be a date" in found.must
    assert "local_number must be one line of text, at most 64 characters" in found.must


def test_what_is_only_missing_is_told_all_at_once() -> None:
    found = fault("New,2027,01,,445566,,Ana,,", HEADER)
    assert (found.reason, found.fields) == ("missing", ("last_name", "birth_date", "school"))


def test_no_stand_in_is_ever_let_through() -> None:
    text = f"{HEADER}\n{ANA.replace('Reyes-Ortiz', '').replace('2012-03-04', 'never')}\n{BEN}\n"
    assert [one["student"]["legal_name"]["last"] for one in read(text)["students"]] == ["Holm"]
