"""Any table or workbook with names of a record's columns is read or refused: no other exception, nothing shown."""

from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core.errors import Refused
from broker.formats.student_record.columns import PARTS, STUDENT
from tests.support import record_tables
from tests.support.records_read import read

NAMES = sorted(
    {name for part in PARTS for field, one in part.columns.items() for name in (field, *one.names)}
    | {name for field, one in STUDENT.items() for name in (field, *one.names)}
)
SHEETS = sorted({name for part in PARTS for name in (part.title, *part.sheets)} | {"Student", "Sheet1", "Notes"})
CANARY = "Quenneville"
_GOOD = ("", "2025", "2024-25", "3/14/2011", "A-", "0.5", "Algebra", "1000000019", "Y", "days", "eligible", CANARY)
_ODD = ("=1+1", "1.23E+09", "###", "4-Mar", "interim", "Total", "GPA", "13/4/2011", "-", "1,5", "SSID: 1", "DOB")
CELLS = st.one_of(
    st.sampled_from(_GOOD),
    st.sampled_from(_ODD),
    st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8),
)
_NAMES_OF_NOTHING = CELLS.filter(lambda cell: cell != CANARY)  # the names of columns may be told, beside known ones


@st.composite
def rows(draw: st.DrawFn) -> list[list[str]]:
    part = draw(st.sampled_from(PARTS))
    known = [name for field, one in part.columns.items() for name in (field, *one.names)]
    about = ["SSID", "Last Name", "First Name", "Birth Date", "Student Name", "Mode", "School Year"]
    names = st.one_of(st.sampled_from(known), st.sampled_from(about), st.sampled_from(NAMES), _NAMES_OF_NOTHING)
    head = draw(st.lists(names, min_size=2, max_size=9))
    lines = st.lists(CELLS, min_size=len(head) - 1, max_size=len(head) + 1)
    above = draw(st.lists(st.lists(CELLS, max_size=3), max_size=2))
    return [*above, head, *draw(st.lists(lines, max_size=5))]


def told(content: bytes) -> str:
    """What is said of the table; '' where it is good."""
    try:
        read(content)
    except Refused as refused:
        return f"{refused.code} {refused.pointer}\n{refused.hint}"
    return ""


@settings(max_examples=300, deadline=None)
@given(rows(), st.sampled_from(",;\t"))
def test_any_csv(table: list[list[str]], separator: str) -> None:
    text = "\n".join(separator.join(one.replace(separator, " ") for one in row) for row in table)
    assert CANARY not in told(text.encode())


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(SHEETS), rows(), min_size=1, max_size=4), st.booleans())
def test_any_workbook(sheets: dict[str, list[list[str]]], is_whole: bool) -> None:
    clean = {
        name: [["".join(filter(str.isprintable, cell)).lstrip("=") for cell in row] for row in table]
        for name, table in sheets.items()
    }
    student = {"ssid": "1000000019", "legal_name": {"first": "Bo", "last": "Quist"}, "birth_date": "2011-03-14"}
    about = {"Student": record_tables.student_sheet(student)} if is_whole else {}
    assert CANARY not in told(record_tables.book(clean | about))
