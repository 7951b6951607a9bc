"""Templates: each column of the one table is in them, and what they offer can be read."""

import csv
import io

import pytest

from broker.core.template import EXAMPLE, Template, is_example
from broker.edge.schemas.contracts import Contracts
from broker.edge.settings.resources import folder
from broker.formats import templates
from broker.formats.ssid import guide, lines
from broker.formats.ssid.columns import COLUMNS, NEEDED_BY, REQUIRED, field_of

ALL = {kind: make() for kind, make in templates.TEMPLATES.items()}
REQUEST = ALL["ssid-request"]
CONTRACTS = Contracts(folder("schemas"))
FILE = "REQ_6G_20261123_1.csv"


def read(content: bytes) -> dict[str, object]:
    return lines.read(content, FILE, "6G", 100, lambda one: CONTRACTS.check(one, 20))  # type: ignore[arg-type]


def test_every_column_is_explained_and_none_is_that_is_not_there() -> None:
    assert guide.GUIDE.keys() == COLUMNS.keys() - guide.LEFT_OUT
    assert [field_of(one.name) for one in REQUEST.fields] == [name for name in COLUMNS if name not in guide.LEFT_OUT]
    needed = {field_of(one.name) for one in REQUEST.fields if one.needed}
    assert needed == {*REQUIRED, *NEEDED_BY}


@pytest.mark.parametrize("template", ALL.values(), ids=ALL)
def test_every_sentence_fits_and_every_example_is_a_choice(template: Template) -> None:
    for one in template.fields:
        assert one.says.endswith(".")
        assert not one.choices or not one.example or one.example in one.choices
        assert len(",".join(one.choices)) <= 255  # a workbook takes no longer list
    assert [one.example for one in template.fields].count(EXAMPLE) == 1


def filled(**cells: str) -> bytes:
    """The template as CSV, with the mark replaced and these cells changed, by field."""
    rows = list(csv.reader(io.StringIO(templates.as_csv(REQUEST).decode("utf-8-sig"), newline="")))
    at = {field_of(name): number for number, name in enumerate(rows[0])}
    for field, cell in ({"last_name": "Reyes"} | cells).items():
        rows[1][at[field]] = cell
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


def test_the_example_line_is_told_and_never_taken() -> None:
    found = read(templates.as_csv(REQUEST))
    sheet = found[lines.SHEET]
    assert found["students"] == []
    (told,) = sheet.unread  # type: ignore[attr-defined]
    assert (told.line, told.fields) == (2, ())
    assert "the example of the template" in told.must
    assert told.last_name == ""


def test_the_example_with_a_real_name_is_a_good_line() -> None:
    found = read(filled())
    (entry,) = found["students"]  # type: ignore[misc]
    assert entry["student"]["legal_name"] == {"first": "Ana", "last": "Reyes", "middle": "Lucía"}  # type: ignore[index]
    assert entry["student"]["local_id"] == "020419"  # type: ignore[index]


CHOICES = [(field_of(one.name), choice) for one in REQUEST.fields for choice in one.choices]


@pytest.mark.parametrize(("field", "choice"), CHOICES)
def test_every_choice_that_is_offered_can_be_read(field: str, choice: str) -> None:
    found = read(filled(**{"ssid": "1000000019", field: choice}))
    assert len(found["students"]) == 1, found[lines.SHEET].unread  # type: ignore[attr-defined,arg-type]


def test_no_name_of_a_student_is_an_example() -> None:
    assert is_example(EXAMPLE.upper())
    assert not is_example("Example")
    assert not is_example("")


@pytest.mark.parametrize("form", templates.FORMS)
def test_the_bytes_are_the_same_each_time(form: str) -> None:
    assert templates.FORMS[form](guide.template()) == templates.FORMS[form](guide.template())
