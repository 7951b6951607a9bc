"""Tables as an LEA's mapping reads them, without an exchange."""

import pytest

from broker.core.days.written import Order
from broker.core.errors import Refused
from broker.edge.settings import exit_codes
from broker.edge.settings.resources import folder
from broker.formats import tables
from broker.formats.mapping import outward
from broker.formats.returned import Back
from broker.formats.returned import Said as Told
from broker.formats.returned import written as given_back
from broker.formats.ssid.lines import SHEET, Sheet, Unread
from tests.support import enrollment_tables
from tests.support.enrollment_tables import ANA, BO, HEADER, MADE

CODES = exit_codes.load(folder("config").parent)
OWN = "Key,Fam,Giv,Came,Site,Start"
ROW = "K1,Reyes,Ana,3/4/2012,700,8/17/2026"
COLUMNS = {"Key": "local_number", "Fam": "last_name", "Giv": "first_name", "Came": "birth_date", "Start": "entry_date"}


def mapping(more: str = "", top: str = "", **columns: str) -> str:
    rows = "".join(f'"{key}" = "{name}"\n' for key, name in (COLUMNS | columns).items())
    return f"mapping = 1\n{top}\n[columns]\n{rows}{more}"


def read(text: str | bytes, said: str, file: str = "list.csv", order: Order = Order.MONTH) -> dict[str, object]:
    made = MADE._replace(mapping=said, order=order, exit_codes=CODES)
    return enrollment_tables.read(text, file, made)


def sheet(text: str | bytes, said: str, **more: object) -> Sheet:
    found = read(text, said, **more)[SHEET]  # type: ignore[arg-type]
    assert isinstance(found, Sheet)
    return found


def entries(text: str | bytes, said: str, **more: object) -> list[dict[str, object]]:
    found = read(text, said, **more)  # type: ignore[arg-type]
    assert isinstance(found[SHEET], Sheet)
    assert found[SHEET].unread == ()
    assert isinstance(found["students"], list)
    return found["students"]


def refused(text: str | bytes, said: str) -> Refused:
    with pytest.raises(Refused) as caught:
        read(text, said)
    return caught.value


def fault(text: str, said: str) -> Unread:
    (unread,) = sheet(text, said).unread
    return unread


def back(text: str | bytes, said: str) -> Back:
    found = sheet(text, said).back
    assert found is not None
    return found


def born(text: str, said: str, **more: object) -> str:
    (one, *_) = entries(text, said, **more)
    student = one["student"]
    assert isinstance(student, dict)
    return str(student["birth_date"])


def test_columns_are_read_by_the_mapping_s_names_whatever_case_and_blanks_they_have() -> None:
    (one,) = entries(f"{OWN.upper().replace('FAM', ' f-a-m ')}\n{ROW}\n", mapping())
    assert one["student"] == {
        "local_id": "K1",
        "legal_name": {"first": "Ana", "last": "Reyes"},
        "birth_date": "2012-03-04",
    }
    assert (one["school"], one["date"]) == ("700", "2026-08-17")


def test_the_mapping_goes_before_our_own_names() -> None:
    text = f"{OWN},Student ID,Last Name\n{ROW},99,Wrong\n"
    (one,) = entries(text, mapping())
    assert one["student"]["local_id"] == "K1"  # type: ignore[index]
    assert one["student"]["legal_name"]["last"] == "Reyes"  # type: ignore[index]
    told = " ".join(back(text, mapping()).told)
    assert "Column G was passed over, because by your mapping column A is local_number." in told
    assert "Column H was passed over" in told
    # a header that we know otherwise
    (one,) = entries(
        "Last Name,First Name,DOB,School,Entry Date,ID,Student Number\nReyes,Ana,3/4/2012,700,8/17/26,5,6\n",
        'mapping = 1\n[columns]\nID = "local_number"\n"Student Number" = "ignore"\n',
    )
    assert one["student"]["local_id"] == "5"  # type: ignore[index]


def test_two_columns_that_the_mapping_makes_one_are_refused_by_place() -> None:
    one = refused(f"{OWN},Building\n{ROW},701\n", mapping(Site="school", Building="school"))
    assert (one.code, one.pointer) == ("csv-form", "line 1 column 5 (E), 7 (G)")
    assert "several columns are school" in one.hint
    entries(f"{OWN}\n{ROW}\n", mapping(Site="school", Building="school"))  # another table has only one of them


def test_a_code_without_a_row_that_we_do_not_know_is_the_fault_of_its_line() -> None:
    said = mapping('[codes.gender]\n"1" = "F"\n[codes.grade]\n"K" = "KG"\n[codes.exit_code]\nW1 = "TS"\n', Lv="grade")
    header = f"{OWN},Sex,Lv,Exit Date,Exit Code"
    good = [f"{ROW},1,K,,", f"{ROW},F,KG,,", f"{ROW},female,3,,", f"{ROW},,,,", f"{ROW},1,K,9/1/2026,W1"]
    good += [f"{ROW},1,K,9/1/2026,TO", f"{ROW},1,K,9/1/2026,TS"]
    found = entries("\n".join((header, *good)), said)
    assert {one["student"].get("gender") for one in found} == {"F", None}  # type: ignore[attr-defined]
    assert {one.get("grade") for one in found} == {"KG", "3", None}
    assert {one.get("code") for one in found if one["event"] == "exit"} == {"TS", "TO"}
    one = fault(f"{header}\nK1,,Ana,soon,700,8/17/2026,2,K5,9/1/2026,W2\n", said)
    assert set(one.fields) == {"last_name", "gender", "grade", "exit_code", "birth_date"}
    assert 'Column G "Sex" must be a code that your mapping or the exchange knows.' in one.must
    assert 'Column B "Fam" must be filled in.' in one.must
    assert "W2" not in one.must


def test_a_column_without_codes_in_the_mapping_is_read_as_without_a_mapping() -> None:
    (one,) = entries(f"{OWN},Gr\n{ROW},K5\n", mapping('[codes.gender]\n"1" = "F"\n'))
    assert one["grade"] == "K5"


def test_dates_are_decided_by_the_file_then_by_the_mapping_then_by_the_state() -> None:
    clear, unclear = f"{OWN}\n{ROW}\n", f"{OWN}\n{ROW.replace('8/17/2026', '2026-08-17')}\n"
    day, month = mapping(top='dates = "day first"'), mapping(top='dates = "month first"')
    assert born(unclear, mapping()) == "2012-03-04"
    assert born(unclear, day) == "2012-04-03"
    assert born(clear, day) == "2012-03-04"
    assert born(unclear, mapping(), order=Order.DAY) == "2012-04-03"
    assert born(unclear, month, order=Order.DAY) == "2012-03-04"
    assert "Dates were read with the day before the month." in back(unclear, day).told
    assert refused(f"{clear}K2,Holm,Bo,13/5/2012,700,8/17/2026\n", day).code == "dates-contradict"


def test_a_default_stands_for_a_column_that_the_table_does_not_have() -> None:
    said = mapping("[defaults]\nschool = 700\nentry_date = 2026-08-24\n")
    (one,) = entries("Key,Fam,Giv,Came\nK1,Reyes,Ana,3/4/2012\n", said)
    assert (one["school"], one["event"], one["date"]) == ("700", "entry", "2026-08-24")
    # a cell that is there and empty is the LEA's omission
    assert fault("Key,Fam,Giv,Came,School\nK1,Reyes,Ana,3/4/2012,\n", said).fields == ("school",)
    # leavers do not enter
    (left,) = entries("Key,Fam,Giv,Came,Exit Date\nK1,Reyes,Ana,3/4/2012,9/1/2026\n", said)
    assert (left["event"], left["date"], left["school"]) == ("exit", "2026-09-01", "700")
    lacks = refused("Key,Fam,Giv,Came\nK1,Reyes,Ana,3/4/2012\n", mapping("[defaults]\nschool = 700\n"))
    assert "entry_date" in lacks.hint
    long = fault("Key,Fam,Giv,Came\nK1,Reyes,Ana,3/4/2012,704,x\n", said)
    assert "more cells are filled than the header has columns (4)" in long.must
    (short, full) = entries("Key,Fam,Giv,Came,Gr\nK1,Reyes,Ana,3/4/2012\nK2,Holm,Bo,3/5/2012,08\n", said)
    assert (short["school"], full["grade"]) == ("700", "08")


def test_what_is_passed_over_is_searched_for_social_security_numbers() -> None:
    said = mapping(Notes="ignore")
    assert refused(f"{OWN},Notes\n{ROW},078-05-1120\n", said).code == "has-ssn"
    assert refused(f"{OWN},Notes\n{ROW},078-05-1120\n", said).pointer == "line 2 column 7 (G)"
    assert refused(f"{OWN},Student ID\n{ROW},078-05-1120\n", mapping()).code == "has-ssn"  # displaced
    assert refused(f"{OWN},SSN\n{ROW},\n", mapping()).code == "ssn-column"
    four = ",status,SSID,what is wrong,what to do"
    assert refused(f"{OWN}{four}\n{ROW},,,,078-05-1120\n", mapping()).code == "has-ssn"


def test_the_table_comes_back_in_its_own_words_and_is_read_again() -> None:
    said = mapping('[codes.gender]\n"-1" = "F"\n[defaults]\nschool = 701\n', Site="ignore", Sx="gender")
    text = f"Title,\n{OWN},Sx\n{ROW},-1\n{ROW.replace('K1', 'K2')},8\nTotal: 2,,,,,,\n"
    kept = back(text, said)
    assert [",".join(cells).rstrip(",") for _, cells in kept.rows] == [one.rstrip(",") for one in text.splitlines()]
    came = given_back(kept, {3: Told("assigned", "1000000019", "", ""), 4: Told("refused", "", "wrong", "mend")})
    assert b"'-1" in came
    again = sheet(came, said)
    assert again.numbers == (3,)
    assert [one.fields for one in again.unread] == [("gender",)]
    assert read(came, said)["id"] == read(text, said)["id"]


def test_another_meaning_of_the_same_rows_is_another_document() -> None:
    text = f"{OWN},Notes\n{ROW},x\n"
    first = read(text, mapping())["id"]
    assert read(text, mapping(Unused="grade"))["id"] == first
    others = (mapping(Notes="grade"), mapping(top='dates = "day first"'), mapping(top="all_or_nothing = true"))
    assert len({first, *(read(text, one)["id"] for one in others)}) == 4
    without = enrollment_tables.read(f"{HEADER}\n{enrollment_tables.ANA}\n")
    assert without["id"] == "7ab1e5ca-0001-8a5b-8968-1532f9464712"  # as before there were mappings


def test_ssid_requests_are_read_by_the_mapping_too() -> None:
    said = mapping(
        '[codes.request_type]\n"N" = "New"\n"LOOK" = "Retrieve"\n[codes.gender]\n"1" = "F"\n',
        top='dates = "day first"',
        What="request_type",
        Site="school",
        Homeroom="ignore",
    )
    header = f"{OWN},What,Sex,Homeroom"
    text = f"{header}\n{ROW.replace('8/17/2026', '')},N,1,12\n{ROW.replace('8/17/2026', '')},LOOK,7,12\n"
    for file in ("requests.csv", "REQ_6G_20261123_1.csv"):
        found = read(text, said, file)
        assert found["packet"] == "ssid-request.v1"
        (one,) = found["students"]  # type: ignore[misc]
        assert (one["request"], one["student"]["birth_date"], one["student"]["gender"]) == ("new", "2012-04-03", "F")
        (unread,) = found[SHEET].unread  # type: ignore[attr-defined]
        assert (unread.line, unread.fields) == (3, ("gender",))
    assert refused(f"{header},Mystery\n{ROW},N,1,12,x\n", said).code == "unknown-column"


@pytest.mark.parametrize(
    ("cells", "is_whole"),
    [
        (("Y", ""), True),
        (("", "yes"), True),
        (("N", "n"), False),
        (("", ""), False),
        (("Y", "N"), True),
        (("?", ""), True),
    ],
)
def test_a_column_asks_for_all_or_nothing(cells: tuple[str, str], is_whole: bool) -> None:
    head, rows = "All or Nothing,", [f"{cell},{line}" for cell, line in zip(cells, (ANA, BO), strict=True)]
    text = "\n".join((head + HEADER, *rows, ""))
    found = enrollment_tables.sheet(text)
    assert found.is_whole is is_whole
    assert len(found.numbers) == 2 - ("?" in cells)
    assert found.back is not None
    assert [cells[0] for _, cells in found.back.rows] == ["All or Nothing", *cells]
    lines = [f"{cell},New,{line}" for cell, line in zip(cells, (ANA.replace("26", "2026"), BO), strict=True)]
    asked = "\n".join((f"All or None,Request Type,{HEADER}", *lines, ""))
    for file in ("requests.csv", "REQ_6G_20261123_1.csv"):
        found = enrollment_tables.read(asked, file)[SHEET]
        assert isinstance(found, Sheet)
        assert found.is_whole is is_whole


def test_a_table_as_a_whole_is_another_document_and_its_column_is_searched() -> None:
    usual, whole = (enrollment_tables.read(f"{HEADER},All or Nothing\n{ANA},{word}\n") for word in ("", "Y"))
    assert usual["id"] != whole["id"]
    one = enrollment_tables.refused(f"{HEADER},All or Nothing\n{ANA},078-05-1120\n")
    assert (one.code, one.pointer) == ("has-ssn", "line 2 column 6 (F)")
    said = mapping(top="all_or_nothing = true", Whole="all_or_nothing")
    assert sheet(f"{OWN}\n{ROW}\n", said).is_whole
    assert not sheet(f"{OWN},Whole\n{ROW},N\n", said).is_whole


def test_what_an_lea_gets_is_written_in_its_own_words_and_read_back() -> None:
    said = mapping('[codes.gender]\n"1" = "F"\n"girl" = "F"\n"2" = "M"\n[codes.grade]\n"K" = "KG"\n', Lv="grade")
    rules = tables.mapping_in(said)
    names = ("local_number", "last_name", "first_name", "birth_date", "school", "entry_date", "gender", "grade")
    ours = [
        ("1", "Reyes", "Ana", "2012-03-04", "700", "2026-08-17", gender, grade)
        for gender, grade in (("F", "KG"), ("M", "09"), ("X", "PK"), ("", ""))
    ]
    header, rows = outward.header(names, rules), list(outward.rows(names, ours, rules))
    assert header == ("Key", "Fam", "Giv", "Came", "school", "Start", "gender", "Lv")
    assert [row[6:] for row in rows] == [("1", "K"), ("2", "09"), ("X", "PK"), ("", "")]
    found = entries("\n".join(",".join(row) for row in (header, *rows)), said)
    kept = [(one["student"].get("gender", ""), one.get("grade", "")) for one in found]  # type: ignore[attr-defined]
    assert kept == [row[6:] for row in ours]
