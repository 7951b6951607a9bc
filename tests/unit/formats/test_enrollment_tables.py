"""A table of students who enter and leave: its columns, its lines, and what is told of it."""

import json

import orjson
import pytest

from broker.formats.ssid.lines import sheet_of
from tests.support.enrollment_tables import ANA, BO, HEADER, back, entries, fault, read, refused, sheet


def student(text: str) -> dict[str, object]:
    return dict(entries(text)[0]["student"])


# columns


@pytest.mark.parametrize(
    "header",
    [
        "Last Name,First Name,DOB,School,Entry Date",
        "LAST_NAME,FIRST_NAME,BIRTH_DATE,SCHOOL_ID,ENTER_DATE",
        "Legal Surname,Legal Given Name,Date of Birth,School #,Date Enrolled",
        "Apellido,Nombre,Fecha de Nacimiento,Escuela,Fecha de ingreso",
        "familyName,givenName,birthDate,School SIS ID,Start Date",
        "Last_Name,First_Name,DOB,SchoolID,EntryDate",
        " last  name ,FIRST-NAME,D.O.B.,Site,Admission Date",
    ],
)
def test_columns_by_the_names_that_systems_give_them(header: str) -> None:
    (entry,) = entries(f"{header}\n{ANA}\n")
    assert entry == {
        "student": {"legal_name": {"last": "Reyes", "first": "Ana"}, "birth_date": "2012-03-04"},
        "school": "700",
        "event": "entry",
        "date": "2026-08-17",
    }


def test_what_else_a_table_says_of_a_student() -> None:
    header = f"{HEADER},Stu #,M/F,Grade Level,Middle Name,Parent/Guardian,Home Phone,Zip,Dual"
    entry = entries(f'{header}\n{ANA},0042,Female,KG,Lucía,"Ortiz, Marta",801-555-0100,04102,Y\n')[0]
    assert (entry["grade"], entry["dual"]) == ("KG", True)
    assert entry["student"] == {
        "legal_name": {"last": "Reyes", "first": "Ana", "middle": "Lucía"},
        "birth_date": "2012-03-04",
        "local_id": "0042",
        "gender": "F",
        "guardians": [{"last": "Ortiz", "first": "Marta"}],
        "phone": "801-555-0100",
        "address": {"postal_code": "04102"},
    }


def test_names_in_one_column() -> None:
    text = 'Student Name,DOB,School,Entry Date\n"Reyes-Ortiz, Ana Lucía",3/4/2012,700,8/17/26\n'
    assert student(text)["legal_name"] == {"last": "Reyes-Ortiz", "first": "Ana Lucía"}
    said = fault("Ana Reyes,3/4/2012,700,8/17/26", "Student Name,DOB,School,Entry Date")
    assert said.must.startswith('Column A "Student Name" must be "Last, First"')


def test_a_column_with_the_event() -> None:
    header = "Last Name,First Name,DOB,School,Action,Effective Date"
    text = f"{header}\nReyes,Ana,3/4/2012,700,E,8/17/26\nHolm,Bo,8/30/2013,700,Withdrawal,11/20/26\n"
    assert [(one["event"], one["date"]) for one in entries(text)] == [("entry", "2026-08-17"), ("exit", "2026-11-20")]
    assert fault("Reyes,Ana,3/4/2012,700,Q,8/17/26", header).must == 'Column E "Action" must be entry or exit.'


def test_a_line_with_an_entry_and_an_exit() -> None:
    header = f"{HEADER},Withdrawal Date,Entry Code,Exit Code"
    both = entries(f"{header}\n{ANA},11/20/26,E1,TO\n")
    assert [(one["event"], one["date"], one["code"]) for one in both] == [
        ("entry", "2026-08-17", "E1"),
        ("exit", "2026-11-20", "TO"),
    ]
    assert sheet(f"{header}\n{ANA},11/20/26,E1,TO\n").numbers == (2, 2)
    assert (
        fault(f"{ANA},8/16/26,E1,TO", header).must == 'Column F "Withdrawal Date" must not be before the day of entry.'
    )


def test_columns_that_say_the_same_are_one_and_others_are_never_guessed() -> None:
    header = f"{HEADER},SIS ID,Student Number"
    assert student(f"{header}\n{ANA},7,7\n{BO},8,8\n")["local_id"] == "7"
    said = refused(f"{header}\n{ANA},7,7\n{BO},8,9\n")
    assert said.code == "csv-form"
    assert "Several columns are local_number (line 1 column 6 (F), 7 (G))" in said.hint


def test_other_columns_are_passed_over_and_told() -> None:
    found = back(f"{HEADER},Notes,,Bus\n{ANA},brings lunch,,7\n")
    assert found.told == (
        'These columns are no part of an enrollment, or say nothing new, and were passed over: F "Notes", H "Bus".',
    )


@pytest.mark.parametrize("name", ["SSN", "Social Security Number", "Student SSN #", "Soc Sec No"])
def test_a_column_of_social_security_numbers_is_refused(name: str) -> None:
    assert refused(f"{HEADER},{name}\n{ANA},1\n").code == "ssn-column"


@pytest.mark.parametrize("text", [f"{HEADER},Other\n{ANA},529-12-3456\n", f"529-12-3456\n\n{HEADER}\n{ANA}\n"])
def test_a_social_security_number_anywhere_is_refused(text: str) -> None:
    assert refused(text).code == "has-ssn"


# which document it is


@pytest.mark.parametrize(
    ("header", "enrollment", "asking"),
    [
        ("Last Name,First Name,DOB,School", "entry_date or exit_date", "request_type"),
        ("Last Name,First Name,DOB", "school, entry_date or exit_date", "request_type, school"),
        ("familyName,givenName,School", "birth_date, entry_date or exit_date", "request_type, birth_date"),
    ],
)
def test_what_is_neither_plainly_is_told_what_it_lacks(header: str, enrollment: str, asking: str) -> None:
    said = refused(f"{header}\nReyes,Ana,3/4/2012,700\n")
    assert (said.code, said.pointer) == ("csv-form", "line 1")
    assert f"for an enrollment: {enrollment}" in said.hint
    assert f"for an SSID request: {asking}" in said.hint


def test_a_table_with_the_kind_of_request_is_an_ssid_request() -> None:
    kinds = {
        cell: read(f"{HEADER},{name}\n{ANA},{cell}\n")["packet"] for name, cell in (("Action", "New"), ("Action", "E"))
    }
    assert kinds == {"New": "ssid-request.v1", "E": "enrollment.v1"}
    assert read(f"{HEADER},Request Type\n{ANA},what\n")["packet"] == "ssid-request.v1"


@pytest.mark.parametrize("text", [f"{ANA}\n{BO}\n", f"{ANA}\n", "Our list\nof students\n"])
def test_a_table_without_the_names_of_its_columns(text: str) -> None:
    said = refused(text)
    assert (said.code, "names of the columns" in said.hint) == ("csv-form", True)
    assert "Reyes" not in said.sentence


# where it begins and ends


@pytest.mark.parametrize("above", ["Summit Charter\n\n", "Summit, fall 2026,,,\n,,,,\n\n", "a\nb\nc, d\n", "sep=,\n"])
@pytest.mark.parametrize("below", ["Total: 2,,,,\n", ",,,Count,2\n", "2 students\n\n", "Grand Total\nTotal\n"])
def test_a_title_and_totals_are_left_out_and_told(above: str, below: str) -> None:
    text = f"{above}{HEADER}\n{ANA}\n{BO}\n{below}"
    assert len(entries(text)) == 2
    told = " ".join(back(text).told)
    assert ("names of the columns are in line" in told) == ("sep" not in above)
    assert "Totals are no students" in told


def test_a_title_with_commas_decides_no_separator() -> None:
    title = "Summit Charter, new students, fall 2026, all grades"
    text = f"{title}\n;;;;\n{HEADER}\n{ANA}\n{BO}\n".replace(",", ";").replace(title.replace(",", ";"), title)
    assert len(entries(text)) == 2


@pytest.mark.parametrize("last", ["Total", "Sum", "Count"])
def test_a_student_with_such_a_name_is_a_student(last: str) -> None:
    assert len(entries(f"{HEADER}\n{ANA}\n{last},Ida,3/4/2012,700,8/17/26\n")) == 2


# lines


def test_all_that_is_wrong_with_a_line_is_told_at_once_and_stops_no_other() -> None:
    header = f"{HEADER},Grade,Student Number"
    found = read(f"{header}\n{ANA},9,1\n7,Bo,31/31/2013,,soon,4-Mar,1.23E+09\n{BO},Eleven!,3\n{BO},10,4\n")
    assert len(found["students"]) == 2
    first, second = found["sheet"].unread
    assert (first.line, first.reason) == (3, "unreadable")
    assert set(first.fields) == {"last_name", "birth_date", "school", "entry_date", "grade", "local_number"}
    for words in (
        'A "Last Name" must be a name',
        'D "School" must be filled in',
        'G "Student Number" must be the whole',
    ):
        assert words in first.must
    assert not any(cell in first.must for cell in ("31/31", "soon", "Bo"))
    assert second.must.startswith('Column F "Grade" must be a grade')


def test_a_line_may_be_shorter_than_the_header_but_not_longer() -> None:
    assert len(entries(f"{HEADER},Notes,Bus\n{ANA}\n")) == 1
    assert fault(f"{ANA},,7").must.startswith("The header has 5 columns, this line 7: a separator is ")


def test_another_leas_line_is_refused() -> None:
    assert fault(f"{ANA},01", f"{HEADER},District").reason == "other-lea"


def test_a_date_without_its_format_is_said_to_be_one() -> None:
    assert "format the column as a date" in fault(ANA.replace("3/4/2012", "40972")).must


# dates


def test_the_order_of_dates_is_that_of_the_file() -> None:
    text = f"{HEADER}\nReyes,Ana,3/4/2012,700,17.8.26\n"
    (entry,) = entries(text)
    assert (entry["student"]["birth_date"], entry["date"]) == ("2012-04-03", "2026-08-17")
    assert back(text).told == ("Dates were read with the day before the month, as line 2 column 5 (E) shows.",)


def test_a_file_that_contradicts_itself_is_refused_by_the_places() -> None:
    said = refused(f"{HEADER}\n{ANA}\nHolm,Bo,30/8/2013,700,8/24/26\n")
    assert (said.code, said.pointer) == ("dates-contradict", "line 3 column 3 (C)")
    assert "line 2 column 5 (E)" in said.hint


# what follows from the signer, the rows and the signature


def test_the_document_is_known_by_lea_rows_and_day() -> None:
    text = f"{HEADER}\n{ANA}\n"
    first = read(text)
    assert (first["from"], first["created"]) == ("6G", "2026-11-23T17:00:00+00:00")
    assert first["id"] == read(text, "another name.txt")["id"] == read(text.replace(",", ";").encode("utf-16"))["id"]
    assert first["id"] != read(f"{HEADER}\n{BO}\n")["id"]
    assert first["id"] == read(f"{HEADER},status,SSID,what is wrong,what to do\n{ANA},assigned,1000000019,,\n")["id"]


def test_the_sheet_is_the_same_after_json() -> None:
    found = sheet(f"Title\n{HEADER}\n{ANA}\n{BO.replace('8/30', '31/31')}\nTotal: 2\n")
    assert sheet_of(json.loads(orjson.dumps(found))) == found
