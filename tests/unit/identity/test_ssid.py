"""The form of an SSID, and how one is drawn."""

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.identity.ssid import FEWEST_DIGITS, allocate, is_valid, normalise

SSIDS = st.integers(0, 9 * 10**8 - 1).map(lambda drawn: allocate(lambda _: drawn))


@given(st.integers(FEWEST_DIGITS, 20))
def test_an_allocated_ssid_is_valid(digits: int) -> None:
    ssid = allocate(secrets.randbelow, digits)
    assert is_valid(ssid, digits)
    assert len(ssid) == digits
    assert ssid[0] != "0"
    assert not is_valid(ssid, digits + 1)


@pytest.mark.parametrize("digits", [0, 5, 33])
def test_the_number_of_digits_is_bounded(digits: int) -> None:
    with pytest.raises(ValueError, match="6 to 32"):
        allocate(secrets.randbelow, digits)


def test_every_payload_can_be_drawn_and_once_only() -> None:
    numbers = iter(range(9 * 10**4))
    drawn = {allocate(lambda _: next(numbers), 6) for _ in range(9 * 10**4)}
    assert len(drawn) == 9 * 10**4
    assert {ssid[0] for ssid in drawn} == set("123456789")


def test_the_source_is_asked_once_for_the_whole_range() -> None:
    asked: list[int] = []

    def random(below: int) -> int:
        asked.append(below)
        return 0

    assert allocate(random, 10).startswith("100000000")
    assert asked == [9 * 10**8]


@given(SSIDS, st.integers(0, 9), st.sampled_from("0123456789"))
def test_one_wrong_digit_shows(ssid: str, place: int, digit: str) -> None:
    other = ssid[:place] + digit + ssid[place + 1 :]
    assert is_valid(other) == (other == ssid)


@given(SSIDS, st.integers(0, 8))
def test_two_swapped_neighbours_show(ssid: str, place: int) -> None:
    other = ssid[:place] + ssid[place + 1] + ssid[place] + ssid[place + 2 :]
    assert is_valid(other) == (other == ssid)


@pytest.mark.parametrize("text", ["", "0", "０１２３４５６７８９", "123-45-6789", "12345678x9", " 100000001", "٣" * 10])
def test_what_is_no_ssid(text: str) -> None:
    assert not is_valid(text)


@given(SSIDS)
def test_normalise_takes_off_what_people_type(ssid: str) -> None:
    assert normalise(f" {ssid[:3]}-{ssid[3:6]} {ssid[6:]}\u00a0") == ssid
