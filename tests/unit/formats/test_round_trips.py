"""From the document to a table and back: all comes back but for what one list says."""

import csv
import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import assume, given, settings

from broker.core.errors import Refused
from broker.formats.converted import lost
from broker.formats.converted.tabular import TABLES, title
from broker.formats.converted.targets import TARGETS
from broker.formats.enrollment import columns as enrollment
from broker.formats.ssid import columns as ssid
from broker.formats.ssid.lines import SHEET
from tests.support import documents
from tests.support.any_students import DOCUMENTS
from tests.support.enrollment_tables import read
from tests.support.scale import examples

FORMS = [name for name, target in TARGETS.items() if target.packets >= set(TABLES)]


def again(document: Mapping[str, Any], form: str) -> tuple[dict[str, Any], int]:
    """What comes back, and how many of its lines are faulty."""
    back = read(TARGETS[form].write(document, ""))
    return back, len(back.pop(SHEET).unread)


def lacks_columns(document: Mapping[str, Any], form: str) -> bool:
    """Whether the table is refused, because no line has what is in a column that its lines need."""
    try:
        again(document, form)
    except Refused as refused:
        return refused.code == "csv-form"
    return False


def checked(document: dict[str, Any]) -> dict[str, Any]:
    """The document as the exchange reads it; what it refuses is no example."""
    with suppress(Refused):
        return read(json.dumps(document))
    assume(False)
    raise AssertionError


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=examples(50), deadline=None)
@given(DOCUMENTS)
def test_all_comes_back_but_what_the_list_says(form: str, document: dict[str, Any]) -> None:
    document = checked(document)
    whole = lost.carried(document)
    faults = lost.unfit(document)
    good = [one for one, some in zip(whole["students"], faults, strict=True) if not some]
    if not good and lacks_columns(document, form):
        return
    back, faulty = again(document, form)
    assert faulty == len(faults) - len(good)
    assert lost.carried(back) == whole | {"students": good}


@pytest.mark.parametrize("form", FORMS)
def test_a_document_of_which_nothing_is_lost_is_told_nothing(form: str) -> None:
    document = documents.enrollment(3, **{"from": "6G"})
    del document["school_year"]
    assert TARGETS[form].told(document) == []
    assert len(again(document, form)[0]["students"]) == 3


def test_what_is_lost_of_a_document_is_told() -> None:
    document = documents.enrollment(2, **{"from": "6G"})
    document["students"][0]["student"]["guardians"] *= 3
    document["students"][1]["student"]["legal_name"]["last"] = "123"
    assert TARGETS["csv"].told(document) == [
        "/school_year: The dates of each line say the school year.",
        "/students/*/student/guardians: Only the first two guardians have columns.",
        "Lines that are faulty when the table is read: 1. A legal name without letters, but with digits.",
    ]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["=A1+1", "'=A1+1", "''@x", "-Ana", "'Ana", "_x0041_", "＝x", "@SUM(A1)", '"=x"'])
def test_a_formula_is_neutralised_and_comes_back_as_it_was(form: str, name: str) -> None:
    document = documents.enrollment(**{"from": "6G"})
    document["students"][0]["student"]["legal_name"]["first"] = name
    back, _ = again(document, form)
    assert back["students"][0]["student"]["legal_name"]["first"] == name
    if form == "csv":
        cells = next(csv.reader(TARGETS[form].write(document, "").decode("utf-8-sig").splitlines()[1:]))
        assert [cell for cell in cells if cell[:1] in {*"=@＝+-"}] == []


def test_every_column_is_written_under_a_name_by_which_it_is_read() -> None:
    for packet, columns in (("enrollment.v1", enrollment), ("ssid-request.v1", ssid)):
        assert [columns.field_of(title(name)) for name in TABLES[packet].columns] == list(TABLES[packet].columns)


def test_every_row_of_the_list_is_about_a_change() -> None:
    """A row that changes no document would hide that something is lost."""
    student = documents.student() | {"gender": "female", "phone": " 1  2 "}
    student |= {"aliases": [{"first": "", "middle": "B", "last": "C"}] * 2}
    student |= {"guardians": [{"first": "A", "last": "B", "suffix": "Jr."}] * 3}
    line = {"student": student, "event": "exit", "confirmed": ["exit_date"], "day_part": 0.12345678}
    made = [documents.enrollment() | {"packet": packet, "to": "state", "students": [line]} for packet in TABLES]
    changed = [[one.carried(dict(document)) != document for document in made] for one in lost.LOST]
    assert [one.where for one, found in zip(lost.LOST, changed, strict=True) if not any(found)] == []
