"""What a spreadsheet program has made of a cell is known, and what people write is left alone."""

import pytest

from broker.core.files import mangled


@pytest.mark.parametrize("cell", ["1.23E+09", "1,23E+09", "4E+11", "1.2e10", "###", "########", "#REF!", "#N/A"])
@pytest.mark.parametrize("cell_2", ["4-Mar", "Mar-04", "3-apr", "12-Dec"])
def test_a_mangled_cell_is_known(cell: str, cell_2: str) -> None:
    assert mangled.fault(cell).startswith("must be ")
    assert "made a date of it" in mangled.fault(cell_2)


@pytest.mark.parametrize(
    "cell", ["", "3-4", "704", "E12", "12E4", "2E", "#7", "# 12", "K-3", "May", "13-04", "A-Mar-1"]
)
def test_what_people_write_is_left_alone(cell: str) -> None:
    assert mangled.fault(cell) == ""


def test_a_name_is_taken_as_it_is_unless_nobody_can_have_it() -> None:
    assert mangled.fault("Mar-04", is_name=True) == ""
    assert mangled.fault("#NAME?", is_name=True)


@pytest.mark.parametrize(
    "name", ["Núñez", "Ødegaard", "JOÃO", "São", "Łukasz", "Ñúñez-Álvarez", "D'Àvila", "Zoë", "李", "Müller"]
)
def test_letters_with_accents_are_lost_letters_only_where_a_program_has_misread_them(name: str) -> None:
    assert mangled.fault(name, is_name=True) == ""
    lost = "letters of it were lost"
    assert lost in mangled.fault(name[0] + "\ufffd" + name[1:], is_name=True)
    assert lost in mangled.fault(name[0] + "?" + name[1:], is_name=True)
    if not name.isascii():
        read = "".join(bytes([one]).decode("cp1252", "ignore") or chr(one) for one in name.encode())
        assert lost in mangled.fault(read, is_name=True)
