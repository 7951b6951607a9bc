"""What is a social security number in a text, and what is none."""

import json
import random
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.social_security import is_held, is_suspicious
from tests.support import documents, simulated

# in groups of three, two and four: whatever parts them, and whatever is written around them
GROUPED = [
    "SSN 529-12-3456",
    "529-12-3456",
    "529 12 3456",
    "529.12.3456",
    "529/12/3456",
    "529_12_3456",
    "529,12,3456",
    "529*12*3456",
    "529 -- 12 --  3456",
    "529.12-3456",
    "529\u00ad12\u00ad3456",
    "529 - 12 - 3456",
    "529-12 3456",
    "(529) 12-3456",
    "529\n12\n3456",
    "123 Main St 529-12-3456 84101",
    "529\u201112\u20113456",  # non-breaking hyphens
    "529\u201312\u20133456",  # en dashes
    "529\u201412\u20143456",
    "529\u221212\u22123456",  # minus signs
    "529\ufe6312\ufe633456",
    "529\u00a012\u00a03456",
    "529\u202f12\u202f3456",
    "529\u00b712\u00b73456",
    "529\u200b-12-\u200b3456",
    "529\u00ad-12\u00ad-3456",
    "５２９-１２-３４５６",
    "５２９－１２－３４５６",
    "٥٢٩-١٢-٣٤٥٦",
    "५२९ १२ ३४५६",
    "𝟓𝟐𝟗-𝟏𝟐-𝟑𝟒𝟓𝟔",
    "⁵²⁹-¹²-³⁴⁵⁶",
    "➎➋➒-➊➋-➌➍➎➏",
    "5̶2̶9̶-1̶2̶-3̶4̶5̶6̶",
    "XXX-XX-6789",
    "***-**-6789",
    "xxx xx 6789",
]
# in one piece, or in other groups, and called what it is
CALLED = [
    "SSN 529123456",
    "SSN529123456",
    "ssn: 529123456",
    "SSN#529123456",
    "SS# 529123456",
    "ss no. 529 123 456",
    "S.S.N. 529123456",
    "Social Security Number 529123456",
    "soc. sec. 52912-3456",
    "social: 529 123456",
    "Social 5 2 9 1 2 3 4 5 6",
    "529123456 (SSN)",
    "número de seguro social 529123456",
    "ＳＳＮ５２９１２３４５６",
    "SSN 1-529-12-3456",
    "socialno 5291 23456",
    "Social   Security   No.   52 91 23 456",
]
NONE = [
    "",
    "801-555-0123",
    "(801) 555-0123",
    "+1 801 555 0123",
    "1000000019",
    "2012-03-04",
    "03/04/2012",
    "2026-11-23T10:00:00.123-07:00",
    "84101-1234",
    "018f2c6e-7d5b-7c3a-9b1e-2f4a6c8e0d12",
    "9F3C 1B22 5A0D 4410 8D6E  0C55 7A31 529A 12B4 3456",
    "000-12-3456",
    "666-12-3456",
    "900-12-3456",
    "999 99 9999",
    "529-00-3456",
    "529-12-0000",
    "305, 22, 2016",
    "512.25 2027",
    "978-3-529-12-3456",
    "529-12-3456-01",
    "529123456",
    "299792458",
    "Social Studies 529123456",
    "SSN on file; telephone 801-555-0123",
    "SSN 000123456",
    "REQ_01_20261123_90",
    "Lessn 7, page 12",
    "xxx",
]


@pytest.mark.parametrize("text", GROUPED + CALLED)
def test_a_number_is_found_however_it_is_written(text: str) -> None:
    for said in (text, f"He gave {text} as his own.", f"ñandú {text}"):
        assert is_held(said)
        for content in (said.encode(), json.dumps(said).encode(), json.dumps([said], ensure_ascii=False).encode()):
            assert is_suspicious(content)
        assert is_suspicious("".join(f"&#{ord(letter)};" for letter in said).encode())
        assert is_suspicious("".join(f"&#x{ord(letter):X};" for letter in said).encode())


@pytest.mark.parametrize("text", NONE)
def test_other_numbers_are_none(text: str) -> None:
    assert not is_held(text)
    assert not is_held(text, is_phone=True)


@pytest.mark.parametrize(
    "text", ["class notes of 12", "less no. 5", "business number 12", "Social Studies", "Process X"]
)
def test_words_that_look_like_it_cost_nothing(text: str) -> None:
    assert not is_suspicious(json.dumps({"title": text, "number": "801-555-0123", "on": "2026-11-23"}).encode())


def test_nine_digits_alone_are_one_only_where_words_belong() -> None:
    assert is_held("529123456", is_words=True)
    assert is_held("529123456 Aspen Way", is_words=True)
    assert not is_held("529123456")
    assert not is_held("900123456", is_words=True)
    assert not is_held("5291234561", is_words=True)
    assert not is_held("a529123456", is_words=True)


def test_a_telephone_number_may_have_such_groups_among_others() -> None:
    assert is_held("529-12-3456", is_phone=True)
    assert not is_held("+52 662 12 3456", is_phone=True)


_DIGITS = st.characters(categories=["Nd", "No"])
_ODD = st.one_of(st.sampled_from("0123456789-. /xX*#:,sSnNoOcC"), _DIGITS, st.characters(categories=["Pd", "Zs", "Cf"]))


@given(st.text(st.one_of(_ODD, st.characters(exclude_categories=["Cs"])), max_size=40), st.booleans())
def test_the_coarse_look_misses_nothing(text: str, is_words: bool) -> None:
    if is_held(text, is_words=is_words):
        assert is_suspicious(json.dumps(text).encode())
        assert is_suspicious(json.dumps(text, ensure_ascii=False).encode())


@given(st.lists(st.sampled_from([*GROUPED, *CALLED, "-", " 5", "x", "ssn ", "\u0661"]), min_size=1, max_size=4))
def test_the_coarse_look_misses_none_of_those_that_are_near(parts: list[str]) -> None:
    text = "".join(parts)
    if is_held(text):
        assert is_suspicious(text.encode())


@pytest.mark.parametrize("before", [0, 262_100, 262_139, 262_144, 266_200, 266_239])
def test_a_number_is_found_wherever_a_long_document_is_cut(before: int) -> None:
    for text in ("529-12-3456", "５２９‑１２‑３４５６", "SSN 529123456"):
        assert is_suspicious(b"a" * before + text.encode() + b"b" * 300_000)
        assert is_suspicious(b"a" * before + json.dumps(text).encode() + b"b" * 300_000)


# false alarms


def _numbers(chance: random.Random) -> Iterator[str]:
    """Numbers of the kinds that records are full of, as programs and people write them."""
    digits = "".join(chance.choices("0123456789", k=20))
    yield f"{digits[:3]}-{digits[3:6]}-{digits[6:10]}"
    yield f"({digits[:3]}) {digits[3:6]}-{digits[6:10]}"
    yield f"{digits[:3]}.{digits[3:6]}.{digits[6:10]}"
    yield from (digits[:length] for length in (6, 7, 8, 9, 10, 11, 12))
    yield f"{digits[:5]}-{digits[5:9]}"
    yield f"20{digits[:2]}-{digits[2:4]}-{digits[4:6]}"
    yield f"{digits[:2]}/{digits[2:4]}/20{digits[4:6]}"
    yield f"{digits[:2]}:{digits[2:4]}:{digits[4:6]}.{digits[6:9]}-07:00"
    yield str(uuid.UUID(int=chance.getrandbits(128)))
    yield f"{chance.getrandbits(160):040X}"
    yield f"{digits[:3]}.{digits[3:5]}"
    yield f"Room {digits[:3]}, {digits[3:5]} seats, {digits[5:9]} square feet"
    yield f"{digits[:4]} E {digits[4:7]} S"
    yield f"{digits[:2]}-{digits[2:5]}-{digits[5:9]}"
    yield f"{digits[:4]}-{digits[4:8]}-{digits[8:12]}-{digits[12:16]}"


def test_numbers_of_other_kinds_give_no_false_alarm() -> None:
    chance = random.Random(7)
    for _ in range(10_000):
        assert [one for one in _numbers(chance) if is_held(one)] == []


def test_simulated_students_give_no_false_alarm() -> None:
    """12,000 of them: fewer than one in 10,000 may."""
    held = [one for person in simulated.people() for one in _texts(person.block) if is_held(one, is_words=True)]
    assert held == []


def _texts(value: Any) -> Iterator[str]:
    return (part for path in documents.paths(value) if isinstance(part := documents.at(value, path), str))
