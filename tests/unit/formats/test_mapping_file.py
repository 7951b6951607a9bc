"""`mapping.toml` is hostile until it is read: every kind of wrong file, each refused by its place."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core.days.written import Order
from broker.core.errors import Refused
from broker.formats import tables
from broker.formats.mapping.reading import MOST_BYTES, MOST_ENTRIES
from broker.formats.mapping.rules import NOTHING

HEAD = "mapping = 1\n"
WRONG = {
    "no version": ("", "mapping"),
    "another version": ("mapping = 2\n", "line 1 (mapping)"),
    "true for the version": ("mapping = true\n", "line 1 (mapping)"),
    "unknown word": (HEAD + "colums = 1\n", "line 2 (colums)"),
    "dates": (HEAD + 'dates = "D/M/Y"\n', "line 2 (dates)"),
    "switch": (HEAD + 'all_or_nothing = "yes"\n', "line 2 (all_or_nothing)"),
    "no table": (HEAD + 'columns = ["Fam"]\n', "line 2 (columns)"),
    "unknown column": (HEAD + '[columns]\n"Fam" = "surnames"\n', "line 3 (columns.Fam)"),
    "no text": (HEAD + '[columns]\n"Fam" = 3\n', "line 3 (columns.Fam)"),
    "nested": (HEAD + '[columns.Fam]\nx = "y"\n', "line 2 (columns.Fam)"),
    "of an SSN": (HEAD + '[columns]\n"Soc Sec #" = "local_number"\n', "line 3"),
    "an SSN as a name": (HEAD + '[columns]\n"078-05-1120" = "local_number"\n', "line 3"),
    "an SSN as a code": (HEAD + '[codes.grade]\n"078-05-1120" = "KG"\n', "line 3"),
    "two meanings": (HEAD + '[columns]\n"Stu Key" = "school"\n"stu_key" = "grade"\n', "line 4"),
    "no letters": (HEAD + '[columns]\n"..." = "school"\n', 'line 3 (columns."...")'),
    "long name": (HEAD + f'[columns]\n"{"x" * 101}" = "school"\n', "line 3"),
    "control character": (HEAD + '[columns]\n"a\\u0007b" = "school"\n', "columns"),
    "codes of no column": (HEAD + '[codes.colour]\n"1" = "red"\n', "line 2 (codes.colour)"),
    "codes as a text": (HEAD + '[codes]\ngrade = "K"\n', "line 3 (codes.grade)"),
    "codes twice": (HEAD + '[codes.gender]\n"1" = "F"\n[codes.sex]\n"2" = "M"\n', "line 4 (codes.sex)"),
    "code nobody knows": (HEAD + '[codes.grade]\n"K" = "K5"\n', "line 3 (codes.grade.K)"),
    "gender nobody knows": (HEAD + '[codes.gender]\n"1" = "girl"\n', "line 3 (codes.gender.1)"),
    "event nobody knows": (HEAD + '[codes.event]\n"1" = "sing"\n', "line 3 (codes.event.1)"),
    "empty code": (HEAD + '[codes.grade]\n"" = "KG"\n', "line 3 (codes.grade"),
    "code is a list": (HEAD + '[codes.grade]\n"K" = ["KG"]\n', "line 3 (codes.grade.K)"),
    "default of a student": (HEAD + "[defaults]\nbirth_date = 2012-03-04\n", "line 3 (defaults.birth_date)"),
    "default of a leaver": (HEAD + "[defaults]\nexit_date = 2026-06-01\n", "line 3 (defaults.exit_date)"),
    "default that is none": (HEAD + '[defaults]\nentry_date = "soon"\n', "line 3 (defaults.entry_date)"),
    "default with a time": (HEAD + "[defaults]\nentry_date = 2026-08-17T10:00:00\n", "line 3 (defaults.entry_date)"),
    "empty default": (HEAD + '[defaults]\nschool = ""\n', "line 3 (defaults.school)"),
    "no TOML": (HEAD + "[columns]\nFam -> last_name\n", "line 3"),
    "same key twice": (HEAD + '[columns]\n"Fam" = "school"\n"Fam" = "grade"\n', "line 4"),
    "deep": (HEAD + "a = " + "[" * 900 + "]" * 900 + "\n", ""),
    "deep over lines": (HEAD + "a = " + ("[" * 900 + "\n") * 30, ""),
    "dotted": (HEAD + ".".join(["a"] * 450) + " = 1\n", "a"),
    "long line": (HEAD + "# " + "x" * 1000 + "\n", "line 2"),
    "long number": (HEAD + "mapping2 = " + "9" * 900 + "\n", "line 2 (mapping2)"),
    "too large": (HEAD + "#\n" * MOST_BYTES, ""),
    "too many": (HEAD + "[codes.school]\n" + "".join(f'"{n}" = "1"\n' for n in range(MOST_ENTRIES + 1)), "the file"),
    "Latin letters": ((HEAD + '[columns]\n"Größe" = "school"\n').encode("cp1252"), "line 3"),
    "NUL": (b"\0" * 100, ""),
    "JSON": ('{"mapping": 1}', "line 1"),
    "nothing": ("", "mapping"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_file_is_refused_by_its_place(kind: str) -> None:
    text, place = WRONG[kind]
    with pytest.raises(Refused) as caught:
        tables.mapping_of(text if isinstance(text, bytes) else text.encode())
    assert caught.value.code == "mapping"
    assert caught.value.pointer.startswith(place)
    assert caught.value.hint
    assert "078-05-1120" not in f"{caught.value}"
    assert caught.value.hint.isprintable()


def test_all_faults_are_told_at_once() -> None:
    text = HEAD + 'dates = "?"\n[columns]\n"Fam" = "surnames"\n[codes.grade]\n"K" = "K5"\n[defaults]\nssid = "1"\n'
    with pytest.raises(Refused) as caught:
        tables.mapping_of(text.encode())
    assert all(f"line {line} " in caught.value.hint for line in (2, 4, 6, 8))


def test_what_a_good_file_says() -> None:
    text = (
        "\ufeff" + HEAD + 'dates = "day first"\nall_or_nothing = true\n[columns]\n"Stu  Key" = "Student Number"\n'
        'Fam = "last_name"\nOther = "ignore"\n[codes.sex]\n"1" = "F"\n'
        "[defaults]\nschool = 700\nentry_date = 2026-08-17\n"
        "dual = false\n"
    )
    rules = tables.mapping_of(text.encode())
    assert rules.columns == {"stukey": "local_number", "fam": "last_name", "other": ""}
    assert rules.headers == {"local_number": "Stu  Key", "last_name": "Fam"}
    assert rules.codes == {"gender": {"1": "F"}}
    assert rules.defaults == {"school": "700", "entry_date": "2026-08-17", "dual": "N"}
    assert (rules.order, rules.is_whole, len(rules.mark)) == (Order.DAY, True, 8)
    assert (rules.named("STU_KEY"), rules.named("Other"), rules.named("Grade")) == ("local_number", "", None)
    assert tables.mapping_in("") is NOTHING


def outcome(content: bytes) -> str:
    """The code by which a file is refused; '' for a good one."""
    try:
        tables.mapping_of(content)
    except Refused as refused:
        return refused.code
    return ""


@given(st.one_of(st.binary(max_size=400), st.text(max_size=400).map(lambda text: (HEAD + text).encode())))
@settings(max_examples=300, deadline=None)
def test_no_bytes_do_more_than_be_refused(content: bytes) -> None:
    assert outcome(content) in ("", "mapping")


WORDS = st.sampled_from(["columns", "codes", "codes.grade", "defaults", "mapping", "dates", "a.b.c", "codes.sex.x"])
VALUES = st.sampled_from(
    ['"KG"', '"school"', "1", "[]", "{}", "true", "2026-01-01", "nan", '{a = {b = "c"}}', '"ignore"']
)
LINES = st.one_of(
    WORDS.map(lambda one: f"[{one}]"), WORDS.map(lambda one: f"[[{one}]]"), st.tuples(WORDS, VALUES).map(" = ".join)
)


@given(st.lists(LINES, max_size=8))
@settings(max_examples=400, deadline=None)
def test_no_toml_does_more_than_be_refused(lines: list[str]) -> None:
    assert outcome((HEAD + "\n".join(lines)).encode()) in ("", "mapping")
