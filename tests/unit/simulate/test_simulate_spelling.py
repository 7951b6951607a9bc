"""Misspelt names, nicknames, two surnames and accents."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from broker.simulate import spelling
from broker.simulate.mistakes import surnames, without_accents


@given(st.text(max_size=30), st.randoms(use_true_random=False))
def test_a_misspelt_name_is_another_name(text: str, random: Random) -> None:
    assert spelling.misspelt(text, random) != text
    assert spelling.slip(text, random) != text


@given(st.from_regex(r"[A-Z][a-z]{1,9}([ -][A-Z][a-z]{1,9})?", fullmatch=True), st.randoms(use_true_random=False))
def test_a_slip_is_one_letter(text: str, random: Random) -> None:
    """Put in, left out, exchanged, or two in the wrong order: distance 1 as Damerau has it."""
    slipped = spelling.slip(text, random)
    assert OSA.distance(text.lower(), slipped.lower()) == 1
    assert len(slipped) >= 2
    assert spelling.misspelt(text, random).strip()


def test_all_kinds_of_misspelling_occur() -> None:
    random = Random(1)
    found = {spelling.misspelt("Christopher", random) for _ in range(3000)}
    assert {"Kristopher", "Christofer", "Chistopher", "Christohper", "Chrisropher", "Christoppher"} <= found


def test_nicknames() -> None:
    random = Random(1)
    assert {spelling.nickname("Elizabeth", random) for _ in range(300)} >= {"Beth", "Liz", "Betty"}
    assert {spelling.nickname("Francisco", random) for _ in range(300)} >= {"Paco", "Pancho"}
    assert {spelling.nickname(odd, random) for odd in ("Xqzt", "", " ")} == {None}


@pytest.mark.parametrize(
    ("last", "parts"),
    [
        ("García López", ("García", "López")),
        ("Reyes-Ortiz", ("Reyes", "Ortiz")),
        ("Smith", None),
        ("de Haas", None),
        ("De la Cruz", None),
        ("Ruiz-", None),
    ],
)
def test_two_surnames(last: str, parts: tuple[str, str] | None) -> None:
    assert surnames(last) == parts


def test_accents() -> None:
    assert without_accents("Núñez Sørensen Maʻafu O'Brien") == "Nunez Sorensen Maafu O'Brien"
