"""An id that was written almost right, and whom it may have meant."""

import pytest

from broker.core.parties.nearly import nearly, own_id

IDS = ["01", "02", "6G", "6H", "U1", "utah-state", "O1X"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *(("6g", "6G"), ("1", "01"), ("001", "01"), ("O1", "01"), ("0l", "01"), ("u1", "U1"), ("UI", "U1")),
        *(("6-G", "6G"), ("Utah.State", "utah-state"), ("6G", ""), ("99", ""), ("", ""), ("G6", ""), ("01x", "O1X")),
    ],
)
def test_what_was_meant(written: str, meant: str) -> None:
    assert nearly(written, IDS) == meant


def test_of_two_that_are_as_near_none_is_named() -> None:
    assert nearly("ab", ["AB", "Ab"]) == ""


def test_who_wrote_it_is_told_its_own_id_only() -> None:
    assert own_id("6g", "6G") == "Did you mean 6G?"
    assert own_id("01", "6G") == "Your LEA's id is 6G."
