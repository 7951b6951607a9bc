"""The templates of tables that are known by their columns: the example is told, and with its mark replaced it is good;
whatever is offered can be read; a workbook is read as the CSV is."""

import csv
import io
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from broker.core.model import LeaId
from broker.core.template import EXAMPLE, is_example
from broker.edge.schemas.contracts import Contracts
from broker.edge.settings.resources import folder
from broker.formats import tables, templates
from broker.formats.answering import columns as answering
from broker.formats.enrollment import columns, guide
from broker.formats.made import Made
from broker.formats.ssid.lines import SHEET

CONTRACTS = Contracts(folder("schemas"))
MADE = Made(datetime(2026, 11, 24, 18, tzinfo=UTC), lambda content: sha256(content).hexdigest(), ZoneInfo("UTC"))
TRACKING = "01942f7e-5a10-7c44-9d2b-6c1f0e8a7b35"
REAL = {"enrollment": "Reyes", "ssid-request": "Reyes", "review-answer": TRACKING, "acknowledgement": TRACKING}
GOOD = {"enrollment": "students", "ssid-request": "students", "review-answer": "answers"}
KINDS = [kind for kind, made in templates.TEMPLATES.items() if not made().sheets]  # of a record: test_record_templates


def read(content: bytes) -> dict[str, Any]:
    return tables.read(content, "any name", LeaId("6G"), 100, MADE, lambda one: CONTRACTS.check(one, 20))


def filled(kind: str, **cells: str) -> bytes:
    """The template as CSV, with the mark replaced, and these columns changed."""
    header, example = csv.reader(io.StringIO(templates.as_csv(templates.TEMPLATES[kind]()).decode("utf-8-sig")))
    row = [REAL[kind] if is_example(cell) else cell for cell in example]
    for name, cell in cells.items():
        row[header.index(name)] = cell
    out = io.StringIO(newline="")
    csv.writer(out).writerows([header, row])
    return out.getvalue().encode()


def good(found: dict[str, Any], kind: str) -> list[Any]:
    return list(found[GOOD.get(kind, "acknowledgements")])


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_is_known_again_and_with_a_real_value_it_is_good(kind: str) -> None:
    made = templates.TEMPLATES[kind]()
    for form in templates.FORMS.values():
        found = read(form(made))
        assert found["packet"] == f"{kind}.v1"
        (told,) = found[SHEET].unread
        assert (told.line, told.last_name) == (2, "")
        assert "the example of the template" in told.must
    found = read(filled(kind))
    assert found[SHEET].unread == ()
    assert len(good(found, kind)) == 1
    assert EXAMPLE not in str(found["id"])


CHOICES = [
    (kind, one.name, choice) for kind in KINDS for one in templates.TEMPLATES[kind]().fields for choice in one.choices
]


@pytest.mark.parametrize(("kind", "name", "choice"), CHOICES)
def test_every_choice_that_is_offered_can_be_read(kind: str, name: str, choice: str) -> None:
    header = [one.name for one in templates.TEMPLATES[kind]().fields]
    more = {column: cell for column, cell in (("SSID", "1000000019"), ("Entry Date", "2026-11-23")) if column in header}
    found = read(filled(kind, **more, **{name: choice}))
    assert len(good(found, kind)) == 1, found[SHEET].unread


def test_the_columns_of_an_enrollment_are_those_of_the_one_table() -> None:
    named = [columns.field_of(one.name) for one in guide.template().fields]
    assert sorted(named) == sorted(columns.COLUMNS.keys() - guide.LEFT_OUT)
    needed = {columns.field_of(one.name) for one in guide.template().fields if one.needed}
    assert needed == {*columns.REQUIRED, "entry_date", "exit_date"}


@pytest.mark.parametrize("kind", [answering.QUESTIONS, answering.DELIVERED], ids=["questions", "delivered"])
def test_the_columns_of_answers_are_those_of_the_one_table(kind: answering.Kind) -> None:
    names = [one.name for one in templates.TEMPLATES[kind.packet]().fields]
    assert [name for name in names if not kind.is_known(name)] == []
    assert {kind.field_of(name) for name in names} >= {*kind.required}
