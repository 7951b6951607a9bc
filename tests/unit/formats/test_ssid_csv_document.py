"""A request sheet: what its name says, and the document that it becomes."""

from typing import Any

import pytest

from broker.core.errors import Refused
from broker.core.model import LeaId
from broker.edge.settings.rules import TheState
from broker.formats import table
from broker.formats.documents import to_document
from broker.formats.ssid import columns
from broker.formats.ssid import header as ssid_header
from broker.formats.ssid import name as ssid_name
from broker.formats.ssid.lines import Sheet
from handlers import ssid_request
from tests.support.sheets import ANA, BEN, CONTRACTS, HEADER, LEA, NAME, read, refused, student

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
        "REQ_01_20261123_1.again2.csv.pgp",  # sent while an earlier one still stood in outbox
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
        "export",
        "REQ_01_20261123.csv.pgp",
        "REQ_01_20261123_1 (1).csv.pgp",
        "REQ_01_20261123_1234567890.csv",
        "REQ_01_２０２６１１２３_1.csv",
        "my REQ_01_20261123_1.csv",
    ],
)
def test_a_csv_without_the_name_is_known_by_its_columns(file: str) -> None:
    found, named = read(f"{HEADER}\n{ANA}\n", file), read(f"{HEADER}\n{ANA}\n")
    assert (found["packet"], found["students"]) == (named["packet"], named["students"])
    assert found["id"] == read(f"{HEADER}\n{ANA}\n", "another.csv")["id"] != named["id"]


@pytest.mark.parametrize("file", ["REQ_01_20261332_1.csv.pgp", "REQ_01_23112026_1.csv"])
def test_a_date_in_the_name_must_be_one(file: str) -> None:
    assert refused(f"{HEADER}\n{ANA}\n", file).code == "request-name"


def test_what_has_no_known_columns_is_no_csv() -> None:
    assert refused("what,is,this\n1,2,3\n", "students.pgp").code == "not-json"


def test_another_leas_name_is_refused() -> None:
    assert refused(f"{HEADER}\n{ANA}\n", "REQ_02_20261123_1.csv.pgp").code == "from-mismatch"


def test_json_is_json_under_every_name() -> None:
    with pytest.raises(Refused) as caught:
        read(b'\xef\xbb\xbf {"packet": 1}')
    assert (caught.value.code, caught.value.hint) == (
        "not-utf8",
        'It begins with a mark (BOM): in Notepad choose "UTF-8", and not "UTF-8 with BOM".',
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
    "dual": ("Y", ["dual"], True),
    "military": ("no", ["military"], False),
    "day_part": ("50%", ["day_part"], 0.5),
    "opt_outs": ("Higher-Education-Data", ["opt_outs"], ["higher-education-data"]),
    "confirmed": ("Entry Date; DOB", ["confirmed"], ["date", "birth_date"]),
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
    assert EVERYTHING.keys() == columns.COLUMNS.keys()
    entry: Any = student(",".join(cell for cell, _, _ in EVERYTHING.values()), ",".join(EVERYTHING))
    for name, (_, place, value) in EVERYTHING.items():
        at = entry
        for step in place:
            at = at[step]
        assert not place or at == value, name
    (request,) = ssid_request.requests(
        read(f"{','.join(EVERYTHING)}\n{','.join(c for c, _, _ in EVERYTHING.values())}"),
        TheState().time,
    )
    assert isinstance(request, ssid_request.Request)
    assert (request.programme, request.grade, request.school_year, request.form) == ("year-round", "KG", 2027, ",")
    assert "Reyes" not in repr(request)


@pytest.mark.parametrize(("field", "name"), [(f, n) for f, one in columns.COLUMNS.items() for n in (f, *one.names)])
def test_a_column_is_known_under_each_of_its_names(field: str, name: str) -> None:
    spelt = (name, name.upper(), name.replace("_", " ").title(), name.replace(" ", "_"), f"{name}:")
    for header in spelt:
        row = table.Row(1, (*(one for one in columns.REQUIRED if one != field), header))
        assert ssid_header.fields_of(row)[-1] == field


def test_no_name_stands_for_two_columns() -> None:
    names = [n for f, one in columns.COLUMNS.items() for n in (f, *one.names)]
    assert len({"".join(filter(str.isalnum, name)) for name in names}) == len(names)


def test_what_an_alias_leaves_open_is_as_in_the_legal_name() -> None:
    entry = student(f"{ANA},Annie", f"{HEADER},Nickname")
    assert entry["student"]["aliases"] == [{"first": "Annie", "last": "Reyes-Ortiz"}]


def test_a_person_with_one_name() -> None:
    assert student("New,,,704,1,Suharto,,2012-03-04,")["student"]["legal_name"] == {"first": "", "last": "Suharto"}
