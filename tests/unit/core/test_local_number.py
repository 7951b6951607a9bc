"""Which of an LEA's own numbers can stand for one child."""

from dataclasses import replace
from datetime import date

import pytest

from broker.core import local_number
from broker.core.model import Name, Student

ANA = Student(Name("Ana", "Reyes"), date(2012, 3, 4), local_id="77")


@pytest.mark.parametrize(
    "number",
    [
        *("", " ", "0", "00000", "0.00", "0-0", "999999", "111", "-1", "−12", "12345", "123456789", "01234567890"),
        *("N/A", "n.a.", "NA", "#N/A", "#REF!", "#DIV/0!", "#####", "None", "NULL", "TBD", "t.b.d.", "unknown", "Unk."),
        *("1.2E+05", "7.71E+05", "7,71E+05", "1E+10", "1.5E12", "7.71e+05", "--", "…", "?", "x", "XXX", "X-X", "*"),
        *("not assigned", "No ID", "Ninguno", "\u00a0", "\uff10\uff10", "none yet", "new student"),
    ],
)
def test_a_placeholder_stands_for_nobody(number: str) -> None:
    assert local_number.meant(number) == ""


@pytest.mark.parametrize(
    "number",
    [
        *("1", "10", "77", "110", "1112", "7E5", "E12", "1e5", "A-0", "K-11", "100000", "1234", "13579", "2026-999999"),
        *("xy", "x1", "new-17", "n/a-3", "0012", "é", "名"),
    ],
)
def test_a_number_is_what_was_written(number: str) -> None:
    assert local_number.meant(number) == number


def test_a_number_of_two_children_of_one_file_is_shared() -> None:
    twin, again, nobody = replace(ANA, legal_name=Name("Anna", "Reyes")), replace(ANA, phone="1"), ANA
    other = replace(ANA, local_id="78")
    assert local_number.shared([ANA, again, nobody, other]) == frozenset()
    assert local_number.shared([ANA, other, twin]) == {"77"}
    assert local_number.shared([replace(ANA, local_id=""), replace(twin, local_id="")]) == frozenset()
