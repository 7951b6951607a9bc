"""A student block with any part missing."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.model import Student
from broker.formats.documents import to_student
from broker.identity import lenient
from broker.identity.features import UNKNOWN_DAY
from broker.identity.lenient import Unreadable
from broker.identity.normalise import MOST_CHARACTERS
from broker.simulate.people import persons


def test_a_complete_block_is_read_as_everywhere_else() -> None:
    for person in persons(100, seed=5):
        block = {name: value for name, value in person.block.items() if name not in ("ssid", "local_id")}
        assert lenient.student(block) == to_student(block)


@pytest.mark.parametrize("block", [{}, None, {"legal_name": None, "aliases": None, "address": None, "phone": None}])
def test_an_empty_block_is_a_student_of_whom_nothing_is_known(block: object) -> None:
    student = lenient.student(block)
    assert student.birth_date == UNKNOWN_DAY
    assert student.legal_name.first == student.legal_name.last == ""


@pytest.mark.parametrize(
    "written", ["2012-03-04", "20120304", 20120304, "2012-03-04T00:00:00", "3/4/2012", "03/04/2012", " 2012-03-04 "]
)
def test_birth_dates_as_systems_write_them(written: object) -> None:
    assert lenient.student({"birth_date": written}).birth_date == date(2012, 3, 4)


@pytest.mark.parametrize("written", ["2012-13-04", "2012-02-30", "4.3.2012", "yesterday", True, [], {}, "13/13/2012"])
def test_what_is_no_birth_date_is_refused(written: object) -> None:
    with pytest.raises(Unreadable, match=r"^/a/birth_date must be a date"):
        lenient.student({"birth_date": written}, "/a")


@pytest.mark.parametrize(
    ("block", "place"),
    [
        ("text", "/b"),
        ([], "/b"),
        ({"legal_name": "Ana Reyes"}, "/b/legal_name"),
        ({"legal_name": {"first": ["Ana"]}}, "/b/legal_name/first"),
        ({"legal_name": {"first": True}}, "/b/legal_name/first"),
        ({"aliases": {"first": "Ana"}}, "/b/aliases"),
        ({"guardians": [{"first": "Ana"}] * 17}, "/b/guardians"),
        ({"guardians": ["Ana"]}, "/b/guardians/0"),
        ({"birth_order": "first"}, "/b/birth_order"),
        ({"birth_order": 100}, "/b/birth_order"),
        ({"birth_order": -1}, "/b/birth_order"),
        ({"address": "Elm Street"}, "/b/address"),
        ({"phone": 1.5}, "/b/phone"),
    ],
)
def test_a_part_of_the_wrong_form_is_named_by_its_place_alone(block: object, place: str) -> None:
    with pytest.raises(Unreadable) as caught:
        lenient.student(block, "/b")
    assert str(caught.value).startswith(f"{place} must be ")
    assert "Ana" not in str(caught.value)


def test_numbers_stand_for_text_and_long_text_is_cut() -> None:
    student = lenient.student({"phone": 8015550142, "address": {"postal_code": 84601, "street": "x" * 9999}})
    assert student.phone == "8015550142"
    assert student.address.postal_code == "84601"
    assert len(student.address.street) == MOST_CHARACTERS


def test_what_is_not_known_here_is_passed_over() -> None:
    assert lenient.student({"ssid": "1000000019", "shoe_size": {"eu": 31}}) == lenient.student({})


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
PARTS = ("legal_name", "birth_date", "gender", "birth_order", "aliases", "guardians", "phone", "address")


@given(st.dictionaries(st.sampled_from(PARTS), JSON))
def test_anything_is_a_student_or_refused(block: dict[str, Any]) -> None:
    try:
        student = lenient.student(block)
    except Unreadable:
        return
    assert isinstance(student, Student)
