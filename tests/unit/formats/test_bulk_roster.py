"""Rosters read line by line: CSV and JSON lines."""

import csv
import io
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.errors import Refused
from broker.formats import roster
from broker.formats.cells import plain
from broker.formats.roster import Form, Line

HEADER = "Student ID,Legal First Name,MI,Surname,DOB,Sex,Parent Name,Zip Code,Lunch"


def read(text: str, form: Form | None = None) -> list[Line]:
    return list(roster.read(io.BytesIO(text.encode()), form))


def test_columns_by_their_usual_names() -> None:
    form = Form()
    lines = read(
        f"\ufeff{HEADER}\r\n7,Ana,Lucía,Reyes-Ortiz,3/4/2012,F,Marta Ortiz,84601,free\r\n8,Bo,,Li,20120304,,,,\r\n",
        form,
    )
    assert form == Form(is_csv=True, passed_over=(3, 9))
    assert [(line.number, line.fault) for line in lines] == [(2, ""), (3, "")]
    assert lines[0].block == {
        "local_id": "7",
        "legal_name": {"first": "Ana", "last": "Reyes-Ortiz"},
        "birth_date": "2012-03-04",
        "gender": "F",
        "guardians": [{"first": "Marta", "last": "Ortiz"}],
        "address": {"postal_code": "84601"},
    }
    assert lines[1].block == {"local_id": "8", "legal_name": {"first": "Bo", "last": "Li"}, "birth_date": "2012-03-04"}


@pytest.mark.parametrize(
    "name", [name for field in roster.FIELDS for name in (field, *roster.FIELDS[field].names) if field != "last_name"]
)
def test_every_name_of_a_column_is_known(name: str) -> None:
    form = Form()
    header = f"last,{name.upper().replace(' ', '_')}" + ("" if roster._NAMED[plain(name)] == "birth_date" else ",dob")
    read(f"{header}\n", form)
    assert form.passed_over == ()


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        ("Marta Ortiz", ("Marta", "Ortiz")),
        ("Ortiz, Marta", ("Marta", "Ortiz")),
        ("Ana Lucía Ortiz", ("Ana Lucía", "Ortiz")),
        ("Ortiz", ("", "Ortiz")),
    ],
)
def test_a_guardian_in_one_cell(written: str, read_as: tuple[str, str]) -> None:
    (line,) = read(f'last;dob;guardian\nLi;2012-03-04;"{written}"\n')
    assert line.block is not None
    assert line.block["guardians"] == [dict(zip(("first", "last"), read_as, strict=True))]


def test_a_faulty_line_is_named_and_the_others_are_read() -> None:
    rows = [
        "Li,2012-03-04",
        "Secret,2012-13-04",
        'Se"cret,"2012"x',
        "Secret",
        "Secret,2012-03-04,Secret",
        "Ng,2012-03-05",
    ]
    lines = read("last,dob\n" + "\n".join(rows) + "\n")
    assert [line.number for line in lines] == [2, 3, 4, 5, 6, 7]
    assert [line.block is None for line in lines] == [False, False, True, True, True, False]
    assert lines[1].block is not None
    assert lines[1].block["birth_date"] == "2012-13-04"  # as it was written: it may be compared by what it meant
    faults = [line.fault for line in lines if line.fault]
    assert faults[0].startswith("birth_date must be a date")
    assert "quotation marks" in faults[1]
    assert faults[2:] == ["The header has 2 columns, this line 1.", "The header has 2 columns, this line 3."]
    assert not any("ecret" in fault for fault in faults)


@pytest.mark.parametrize(
    ("content", "code", "place"),
    [
        (b"", "csv-form", "line 1"),
        (b"\n\n", "csv-form", "line 1"),
        (b"Ana,Reyes,2012-03-04\nBo,Li,2012-03-05\n", "csv-form", "line 1"),
        (b"first,last\nAna,Reyes\n", "csv-form", "line 1"),
        (b"last,surname,dob\nA,B,2012-03-04\n", "csv-form", "line 1"),
        (b"last,dob,SSN\nLi,2012-03-04,123456789\n", "ssn-column", "line 1 column 3"),
        (b"last,dob,student social-security number\n", "ssn-column", "line 1 column 3"),
        ("last,dob\nMüller,2012-03-04\n".encode("cp1252"), "not-utf8", "line 2"),
        ("last,dob\nLi,2012-03-04\n".encode("utf-16"), "not-utf8", "line 1"),
    ],
)
def test_files_that_cannot_be_used(content: bytes, code: str, place: str) -> None:
    with pytest.raises(Refused) as caught:
        list(roster.read(io.BytesIO(content)))
    assert (caught.value.code, caught.value.pointer) == (code, place)


def test_text_that_is_not_utf8_far_down_is_named_by_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster, "_SLICE", 64)
    content = b"last,dob\n" + b"Li,2012-03-04\n" * 200 + b"M\xfcller,2012-03-04\n"
    with pytest.raises(Refused) as caught:
        list(roster.read(io.BytesIO(content)))
    assert (caught.value.code, caught.value.pointer) == ("not-utf8", "line 202")


def test_json_lines() -> None:
    good = '{"legal_name": {"first": "Ana", "last": "Li"}, "birth_date": "2012-03-04"}'
    bad = ['{"a": 1, "a": 2}', "[1]", '{"birth_date": NaN}', '{"secret": ', f'{{"a": {"[" * 20}{"]" * 20}}}']
    lines = read("\ufeff" + "\n\n".join([good, *bad, good]) + "\n")
    assert [line.number for line in lines] == [1, 3, 5, 7, 9, 11, 13]
    assert [line.block is None for line in lines] == [False, True, True, True, True, True, False]
    assert not any("secret" in line.fault for line in lines)


def test_a_line_that_is_too_long_is_skipped_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster, "_MOST_LINE", 100)
    lines = read('{"a": 1}\n{"a": "' + "x" * 1000 + '"}\n{"a": 2}\n')
    assert [(line.number, bool(line.fault)) for line in lines] == [(1, False), (2, True), (3, False)]


def test_too_many_lines_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roster, "MOST_LINES", 3)
    with pytest.raises(Refused, match="inflates-too-much"):
        read('{"a": 1}\n' * 4)


_CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


@given(
    rows=st.lists(st.tuples(_CELL, _CELL), max_size=60),
    separator=st.sampled_from([",", ";", "\t"]),
    end=st.sampled_from(["\n", "\r\n"]),
    slice_bytes=st.integers(1, 300),
)
def test_where_a_slice_ends_makes_no_difference(
    rows: Sequence[tuple[str, str]], separator: str, end: str, slice_bytes: int
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow(("last", "dob", "street"))
    for last, street in rows:
        writer.writerow((f"x{last}", "2012-03-04", street))
    whole = [(line.number, line.block, line.fault) for line in read(text.getvalue())]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(roster, "_SLICE", slice_bytes)
        sliced = [(line.number, line.block, line.fault) for line in read(text.getvalue())]
    assert sliced == whole
    assert len(whole) >= len(rows)


@given(content=st.binary(max_size=400), start=st.sampled_from([b"", b"last,dob\n", b"{"]))
def test_any_bytes_are_read_or_refused(content: bytes, start: bytes) -> None:
    lines, code = [], ""
    try:
        lines += roster.read(io.BytesIO(start + content))
    except Refused as refused:
        code = refused.code
    assert code in ("", "csv-form", "not-utf8", "ssn-column", "inflates-too-much")
    assert all(line.fault for line in lines if line.block is None)
    # of a date that cannot be read the line is still compared by what else it has
    assert all(line.fault.startswith("birth_date ") for line in lines if line.block is not None and line.fault)
