"""A table of any size, read row by row: the same rows as in memory, and memory that does not grow with the file."""

import io
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core.errors import Refused
from broker.core.files import texts
from broker.formats import table
from tests.support.scale import examples, larger
from tests.support.tools import ROOT

LONGEST = table._MOST_LINE  # characters with the line's end

# ---- long lines ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("length", [*range(LONGEST - 2, LONGEST + 4), 2 * LONGEST, 3 * LONGEST + 1])
def test_a_line_that_is_too_long_is_one_line(length: int, end: str) -> None:
    long = "x," + "y" * (length - 2 - len(end)) + end
    found = table.read(f"a,b{end}{long}{end}1,2{end}".encode(), 10)
    assert [(row.number, row.cells) for row in found.rows] == [(2, ()), (4, ("1", "2"))]
    assert found.rows[0].fault == (
        "far too much is written" if length > LONGEST else "a cell has more than 4000 characters"
    )


def test_a_table_may_end_with_a_line_that_is_too_long() -> None:
    found = table.read(b"a,b\n1,2\n" + b"x" * (LONGEST + 1), 10)
    assert [row.number for row in found.rows] == [2, 3]


# ---- one line without a quotation mark is read by a shorter way ------------------------------------------------------


@settings(max_examples=examples(200), deadline=None)
@given(
    st.text(st.characters(exclude_characters='"\r\n', exclude_categories=["Cs"]) | st.sampled_from(",;\t| \u00a0\0")),
    st.sampled_from(["", "\n", "\r\n", "\r"]),
    st.sampled_from(table.SEPARATORS),
)
def test_the_shorter_way_leads_to_the_same_cells(line: str, end: str, separator: str) -> None:
    assert table._plain(line + end, separator) == (table._quoted([line + end], separator)[0] or ("",))


# ---- the encoding is told piece by piece -----------------------------------------------------------------------------


def encoding(content: bytes) -> object:
    try:
        return texts.encoding_of(io.BytesIO(content))
    except Refused as refused:
        return refused.code, refused.pointer, refused.hint


LINES = st.lists(
    st.binary(max_size=20)
    | st.text(max_size=6).map(str.encode)
    | st.text("aAéÉœ’ ", max_size=9).map(lambda text: text.encode("cp1252")),
    max_size=30,
)


@settings(max_examples=examples(200), deadline=None)
@given(LINES, st.sampled_from([b"\n", b"\r\n", b"\r"]), st.sampled_from([b"", b"\xef\xbb\xbf", b"\xff\xfe"]))
def test_in_pieces_the_encoding_is_the_same(lines: list[bytes], end: bytes, mark: bytes) -> None:
    content = mark + end.join(lines)
    whole = encoding(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, "_PIECE", 64)  # more than any line
        assert encoding(content) == whole


@pytest.mark.parametrize("name", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_letters_between_two_pieces(name: str) -> None:
    content = ("Last name,First name\n" + "Łucja🙂é,Ñandú\n" * 999).encode(name)
    with pytest.MonkeyPatch.context() as patch:
        for size in (1, 2, 3, 5, 97):
            patch.setattr(texts, "_PIECE", size)
            assert {row.cells for row in table.read(content, 999).rows} == {("Łucja🙂é", "Ñandú")}


# ---- memory ----------------------------------------------------------------------------------------------------------

ROWS = larger(60_000, 1_000_000)
MEASURE = """
import csv, sys, time
from pathlib import Path
from broker.formats import table

def peak():
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

file, most = Path(sys.argv[1]), int(sys.argv[2])
before, began = peak(), time.process_time()
count = faults = 0
for row in table.stream(file.open("rb"), most).rows:
    count, faults = count + 1, faults + bool(row.fault)
own, grown = time.process_time() - began, peak() - before
began = time.process_time()
with file.open(newline="", encoding="utf-8") as beside:
    theirs = sum(1 for _ in csv.DictReader(beside))
print(count, faults, theirs, grown, round(count / own), round(theirs / (time.process_time() - began)))
"""


@pytest.mark.grows
def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    file = tmp_path / "students.csv"
    with file.open("w", encoding="utf-8") as out:
        out.write("Request Type,School Year,District,School,Student Number,Last Name,First Name,Date of Birth,SSID\n")
        for number in range(ROWS):
            last = f'"Reyes, {number % 997}"' if number % 10 == 0 else f"Reyes-Ortiz{number % 997}"
            out.write(f"New,2027,01,704,{100_000 + number},{last},Lucía,2012-03-{number % 28 + 1:02},\n")
    command = [sys.executable, "-c", MEASURE, str(file), str(ROWS)]
    printed = subprocess.run(command, check=True, capture_output=True, cwd=ROOT, text=True).stdout.split()
    count, faults, theirs, grown, speed, speed_of_dict_reader = map(int, printed)
    print(f"{count} rows: {grown} kB; {speed} rows/s beside {speed_of_dict_reader} of csv.DictReader")
    assert (count, faults) == (theirs, 0) == (ROWS, 0)
    assert grown < 20_000  # kB, of a file of 4 MB or of 68 MB


def test_one_row_too_many_is_refused_when_it_is_reached() -> None:
    found = table.stream(io.BytesIO(b"a,b\n1,2\n3,4\n5,6\n"), 2)
    assert [next(found.rows).cells, next(found.rows).cells] == [("1", "2"), ("3", "4")]
    with pytest.raises(Refused) as refused:
        next(found.rows)
    assert (refused.value.code, refused.value.pointer) == ("csv-form", "line 4")
