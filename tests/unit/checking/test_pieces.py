"""A table that is read piece by piece says what the whole says."""

import io
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.checking import pieces
from broker.checking.pieces import FORMS, Facts
from broker.core.days.written import Order
from broker.core.errors import Refused
from broker.core.model import LeaId
from broker.edge.settings.values import Limits
from broker.formats import reading
from broker.formats.ssid.lines import SHEET
from broker.formats.table import Row
from tests.support.enrollment_tables import CONTRACTS, HEADER, MADE
from tests.support.scale import examples

OWN = LeaId("6G")
LINES = st.sampled_from(
    [
        *("Reyes,Ana,3/4/2012,700,8/17/26", '"Holm\nLie","Bo",8/3/2013,700,8/4/2026', "Total,,,,", ",,,,", ""),
        *('Lund,"Noah,1/2/2012,700,8/4/2026', "Lie,Tor,31/31/2012,700,8/4/2026", 'x"', "'=A,'+1,1/2/2012,700,8/4/2026"),
        *("Dahl,José,3/4/2012,700,8/7/26", "Reyes,Ana", "Sum,1,,,", f"Berg,{'y' * 5000},3/4/2012,700,8/7/26"),
    ]
)
DAYS = st.sampled_from(["Vik,Liv,25/4/2012,700,8/7/26", "Vik,Liv,4/25/2012,700,8/7/26"])


def whole(content: bytes) -> dict[str, Any]:
    limits = Limits(students_per_enrollment=10_000)
    return dict(reading.read(content, "list.csv", OWN, limits, CONTRACTS, made=MADE))


def in_pieces(content: bytes, most: int) -> tuple[list[Any], list[Any], int]:
    """The entries, the faulty lines, and how many pieces there were."""
    facts, place, count = None, None, 0
    while True:
        found, facts = pieces.piece(io.BytesIO(content), facts, place, most)
        facts = Facts.from_json(pieces.looked(facts, found.headed, "list.csv", MADE).to_json())
        place = found.next
        if place is None:
            break
    packet = pieces.packet_of(facts)
    entries, faulty = [], []
    while True:
        found, _ = pieces.piece(io.BytesIO(content), facts, place, most)
        document = FORMS[packet].read(
            pieces.given(facts, found, packet, MADE), OWN, MADE, lambda one: CONTRACTS.check(one, 20)
        )
        entries += zip(document[SHEET].numbers, document["students"], strict=True)
        faulty += document[SHEET].unread
        place, count = found.next, count + 1
        if place is None:
            return entries, faulty, count


def said(content: bytes, most: int = 0) -> Any:
    try:
        if most:
            entries, faulty, _ = in_pieces(content, most)
        else:
            found = whole(content)
            entries, faulty = list(zip(found[SHEET].numbers, found["students"], strict=True)), [*found[SHEET].unread]
    except Refused as refused:
        return refused.code, refused.pointer
    return entries, faulty


@settings(max_examples=examples(60), deadline=None)
@given(
    st.lists(LINES, max_size=30),
    st.lists(DAYS, max_size=2),
    st.lists(LINES, min_size=12, max_size=30),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-32-be"]),
    st.integers(1, 12),
    st.sampled_from(["", "Students of Summit,,,,\n\n"]),
)
def test_the_pieces_say_what_the_whole_says(
    first: list[str], days: list[str], last: list[str], end: str, encoding: str, most: int, title: str
) -> None:
    good = "Reyes,Ana,3/4/2012,700,8/17/26"
    text = title + "\n".join((HEADER, *[good] * 22, *first, *days, *last, *[good] * 11, "Total,45,,,", ""))
    content = text.replace("\n", end).encode(encoding)
    assert said(content, 22 + most) == said(content)


def test_a_place_may_be_within_lines_that_were_looked_at_already() -> None:
    """A quotation mark too many makes the reader look ahead: those lines are read again, and not lost."""
    lines = [f'Reyes,"Ana{n},3/4/2012,700,8/17/26' for n in range(60)]
    content = "\n".join((HEADER, *["Reyes,Ana,3/4/2012,700,8/17/26"] * 22, *lines)).encode()
    entries, faulty, count = in_pieces(content, 23)
    assert (len(entries), [one.line for one in faulty]) == (22, [*range(24, 84)])
    assert count == 4


def test_the_order_of_dates_is_that_of_the_whole_file() -> None:
    lines = ["Reyes,Ana,3/4/2012,700,8/7/26"] * 90
    content = "\n".join((HEADER, *lines, "Vik,Liv,25/4/2012,700,8/7/26", *lines[:30])).encode()
    entries, faulty, count = in_pieces(content, 40)
    assert {entry["student"]["birth_date"] for _, entry in entries} == {"2012-04-03", "2012-04-25"}
    assert (faulty, count) == ([], 3)


@pytest.mark.parametrize("most", [20, 21, 30])
def test_dates_that_contradict_each_other_in_two_pieces_are_told(most: int) -> None:
    good = ["Reyes,Ana,3/4/2012,700,8/7/26"] * 40
    day, month = "Vik,Liv,25/4/2012,700,8/7/26", "Vik,Liv,4/25/2012,700,8/7/26"
    content = "\n".join((HEADER, day, *good, month, *good)).encode()
    assert said(content, most) == ("dates-contradict", "line 2 column 3 (C)")


def test_what_is_known_of_a_part_is_that_of_the_file() -> None:
    facts = Facts("utf-8", 0, ",", (1, ("DOB",)), shown={"enrollment.v1": ("", "line 9 column 1 (A)")})
    row = pieces.Piece(pieces.Headed(pieces.Table(",", "utf-8", False, Row(1, ("DOB",)), ()), ()), None)
    assert pieces.given(facts, row, "enrollment.v1", MADE).part == (Order.DAY, True)
