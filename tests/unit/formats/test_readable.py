"""What a receiver reads of a document: every value of it, in words, whatever the document is."""

import json
import random
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.edge.schemas.contracts import BASE
from broker.formats.parent.terms import PARTS
from broker.formats.readable import page, transcript_words
from broker.formats.readable.school import RECORD
from broker.formats.readable.sheets import Sheet, sheets
from broker.formats.readable.tables import MOST_CELL, csv_files, workbook
from broker.formats.readable.transcript import BOOK
from tests.support import readable
from tests.support.any_transcript import Anything
from tests.support.parents import CONTRACTS
from tests.support.scale import examples

DOCUMENTS = {
    "record": readable.record,
    "transcript": readable.transcript,
    "request": readable.request,
    "answer": readable.answer,
}
TRANSCRIPT = readable.SCHEMAS[f"{BASE}transcript.v1.schema.json"]["$defs"]
# what the schema calls by another name than the words do
NAMES = {"address": "mail", "immunisation": "shot"}


def made(document: Mapping[str, Any]) -> Any:
    return page.page(document, page.files_of(document, "files"), "Alpine")


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_everything_in_a_document_is_on_its_page(kind: str) -> None:
    document = DOCUMENTS[kind]()
    assert readable.lacking(document, readable.text(made(document))) == []


@pytest.mark.parametrize("kind", DOCUMENTS)
def test_everything_in_a_document_is_in_one_cell_of_its_tables(kind: str) -> None:
    document = DOCUMENTS[kind]()
    check_cells(document, sheets(document, page.files_of(document, "files")))


def lines_of(found: list[Sheet]) -> list[str]:
    return sorted(cell for sheet in found for row in sheet.rows for cell in row if cell)


def check_cells(document: Any, found: list[Sheet]) -> None:
    cells = "\n".join(lines_of(found)).splitlines()
    left = list(cells)
    for one in readable.leaves(document):
        for line in readable.raw(one).splitlines():
            if line:
                left.remove(line)  # a ValueError here is a value that is lost
    paths = {one.path for one in page.files_of(document, "files")}
    counted = {cell for sheet in found for name, cell in columns(sheet) if name == "row" or name.startswith("row of ")}
    sessions = {cell for sheet in found for name, cell in columns(sheet) if name in ("session", "record", "number")}
    assert set(left) <= paths | counted | sessions | {""}


def columns(sheet: Sheet) -> list[tuple[str, str]]:
    return [(name, cell) for row in sheet.rows for name, cell in zip(sheet.columns, row, strict=True)]


@pytest.mark.parametrize("number", range(30))
def test_whatever_a_transcript_says_is_on_its_page(number: int) -> None:
    document = Anything(readable.SCHEMAS, random.Random(number), 0.7).packet()
    CONTRACTS.check(document, 20)
    shown = made(document)
    assert readable.lacking(document, readable.text(shown)) == []
    courses = sum(
        len(one.get("courses", ()))
        for record in document["transcript"]["academic_records"]
        for one in (record, *record.get("sessions", ()))
    )
    assert courses == (readable.rows(shown, "Courses") if courses else 0)
    check_cells(document, sheets(document))


_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_PLAIN = st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.floats(-1e6, 1e6) | _TEXTS
_KEYS = _TEXTS | st.sampled_from([*RECORD.parts, *BOOK.parts, *RECORD.fields["student"], "means", "id", "created"])
_VALUES = st.recursive(_PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4))
_TYPES = st.sampled_from(["student-record.v1", "backpack.v1", "transcript.v1", "review.v1", "x", ""])


@settings(max_examples=examples(150), deadline=None)
@given(_TYPES, st.dictionaries(_KEYS, _VALUES, max_size=4), st.dictionaries(_KEYS, _VALUES, max_size=4))
def test_a_document_that_somebody_made_up_is_shown_all_the_same(
    kind: str, body: dict[str, Any], more: dict[str, Any]
) -> None:
    inside = {"student-record.v1": "record", "backpack.v1": "record", "transcript.v1": "transcript"}.get(kind)
    document = more | {"packet": kind} | ({inside: body} if inside else body)
    text = readable.text(made(document))
    assert readable.lacking(document, text) == []
    csv_files(sheets(document))
    workbook(sheets(document))


def test_every_property_of_a_transcript_has_its_words_and_nothing_else_has() -> None:
    wanted = {NAMES.get(name, name): set(one["properties"]) for name, one in objects(TRANSCRIPT)}
    whole = wanted.pop("transcript")
    own = {name: set(fields) for name, fields in transcript_words.FIELDS.items()}
    assert own.pop("about") | {"source", "destination", "academic_records", "tests", "immunisations"} == whole
    assert own.pop("request") == {"by", "on"}
    wanted["session"] = wanted["session"] - {"courses"} | {"session", "record"}
    wanted["course"] |= {"session"}
    wanted["academic_record"] = wanted["academic_record"] - {"sessions", "courses"} | {"number"}
    inner = {
        "achievement": TRANSCRIPT["academic_record"]["properties"]["achievements"],
        "supplemental_grade": TRANSCRIPT["course"]["properties"]["supplemental_grades"],
        "subject_area": TRANSCRIPT["summary"]["properties"]["subject_areas"],
        "score": TRANSCRIPT["subtest"]["properties"]["scores"],
    }
    wanted |= {name: set(one["items"]["properties"]) for name, one in inner.items()}
    assert own == wanted


def objects(schemas: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(name, one) for name, one in schemas.items() if "properties" in one]


def test_a_school_is_not_spoken_to_as_a_parent() -> None:
    texts = [text for fields in BOOK.fields.values() for term in fields.values() for text in term[:2]]
    texts += [text for book in (RECORD, BOOK) for part in book.parts.values() for text in part[:2]]
    texts += RECORD.words.values()
    assert [one for one in texts if "your" in one.lower().split() or " you " in one] == []
    assert RECORD.parts.keys() == PARTS.keys()


def test_the_words_on_a_page_are_explained_once() -> None:
    shown = made(readable.record())
    words = next(one for one in shown.sections if one.heading == page.WORDS).pieces[0].blocks[0]
    assert ("Give or take", "How far the score may be off, up or down.") in words.rows
    assert len(set(words.rows)) == len(words.rows)


def test_files_have_names_that_cannot_harm() -> None:
    document = readable.record()
    found = page.files_of(document, "record-files")
    assert [one.path for one in found][:3] == [
        "record-files/01-Plan-of-Ana.pdf",
        "record-files/02-olelo.docx",
        "record-files/03-run-me.bin",
    ]
    assert len(found) == 12


def test_no_cell_is_a_formula_and_a_negative_number_stays_a_number() -> None:
    found = csv_files(sheets(readable.record()), "1000000019")
    grades = found["course_grades"].decode("utf-8-sig")
    assert f"'{readable.FORMULA}" in grades
    assert grades.startswith("ssid,school_year,")
    assert ",-12.5," in found["statewide_results"].decode()


def test_a_text_that_is_too_long_for_a_cell_goes_on_in_the_next_one() -> None:
    found = {one.name: one for one in workbook(sheets(readable.record()))}
    samples = found["Writing samples"]
    places = [at for at, name in enumerate(samples.columns) if name.startswith("Text")]
    assert [samples.columns[at] for at in places] == ["Text", "Text (2)", "Text (3)"]
    assert "".join(samples.rows[0][at] for at in places) == readable.record()["record"]["writing_samples"][0]["text"]
    assert max(len(cell) for one in found.values() for row in one.rows for cell in row) <= MOST_CELL


def test_sheets_and_files_have_names_that_programs_take() -> None:
    document = json.loads('{"packet": "x.v1", "a/b:[c]*?": [{"x": 1}], "A/B:[C]*?": [{"x": 1}], "": [{"x": 1}]}')
    names = [one.name for one in workbook(sheets(document))]
    assert len({one.casefold() for one in names}) == len(names) >= 4
    assert all(0 < len(one) <= 31 and not set(one) & set("[]:*?/\\'") for one in names)
    assert all(
        name.replace("-", "").replace("_", "").replace(" ", "").isalnum() for name in csv_files(sheets(document))
    )
