"""An LEA's own table comes back in its own form, and is the same table when it is sent again."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.formats import returned
from broker.formats.returned import ADDED, Said
from tests.support.enrollment_tables import ANA, BO, HEADER, back, read, sheet

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp", "Zs"]), max_size=12)
CELLS = TEXT | st.sampled_from(["=1+1", "+1", "-1", "@x", "'=1", "''=1", '"', "a,b", "a;b", "'", "=", "0042", "\u00e9"])
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16"]


def rows_of(content: bytes, encoding: str, separator: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(encoding), newline=""), delimiter=separator))


def written(cells: list[list[str]], encoding: str = "utf-8", separator: str = ",") -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator).writerows(cells)
    return out.getvalue().encode(encoding)


def given_back(content: bytes) -> bytes:
    found = back(content)
    said = {number: Said("refused", "", "=is wrong", "mend it") for number, _ in found.rows}
    return returned.written(found, said)


@given(st.lists(CELLS, min_size=1, max_size=5), st.sampled_from(ENCODINGS), st.sampled_from([",", ";", "\t", "|"]))
def test_a_table_that_was_sent_again_says_what_it_said_first(notes: list[str], encoding: str, separator: str) -> None:
    table = [["Fall list"], [*HEADER.split(","), "Notes"], *([*ANA.split(","), note] for note in notes)]
    content = written(table, encoding, separator)
    once = given_back(content)
    twice = given_back(once)
    assert once == twice
    first, second = read(content), read(once)
    assert (first["id"], first["students"]) == (second["id"], second["students"])
    assert len({len(row) for row in rows_of(once, encoding, separator)}) == 1


@given(st.lists(CELLS, min_size=1, max_size=5))
def test_no_cell_of_what_comes_back_is_a_formula(notes: list[str]) -> None:
    table = [[*HEADER.split(","), "=Notes"], *([*ANA.split(","), note] for note in notes)]
    for row in rows_of(given_back(written(table)), "utf-8", ","):
        assert not any(len(cell) > 1 and cell[0] in "=+-@\t\r" for cell in row)


@pytest.mark.parametrize(
    ("encoding", "separator"), [("cp1252", ";"), ("utf-16", "\t"), ("utf-8-sig", ","), ("utf-8", "|")]
)
def test_the_form_of_the_table_is_kept(encoding: str, separator: str) -> None:
    text = f"{HEADER}\n{ANA.replace('Ana', 'Zoë')}\n{BO}\n".replace(",", separator)
    came = given_back(text.encode(encoding))
    rows = rows_of(came, encoding, separator)
    assert rows[0] == [*HEADER.split(","), *ADDED]
    assert rows[1] == ["Reyes", "Zoë", "3/4/2012", "700", "8/17/26", "refused", "", "'=is wrong", "mend it"]
    assert came[:2] == text.encode(encoding)[:2]


def test_only_what_came_comes_back() -> None:
    """In its order, with blank lines left out, with leading zeros, and without the values of other lines."""
    text = f'Title\n\n{HEADER},Stu #\n{ANA},0042\n,,,,\nHolm,"Bo,8/30/2013,700,8/24/26,7\n{BO},0043\nTotal: 2\n'
    found = sheet(text).back
    assert found is not None
    rows = rows_of(returned.written(found, {4: Said("assigned", "1000000019", "", "")}), "utf-8", ",")
    assert [row[0] for row in rows] == ["Title", "Last Name", "Reyes", "", "Holm", "Total: 2"]
    assert rows[2] == [*ANA.split(","), "0042", "assigned", "1000000019", "", ""]
    assert rows[4][-5:] == ["0043", "", "", "", ""]
