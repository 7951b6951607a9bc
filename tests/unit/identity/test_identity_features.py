"""A student as the model sees one."""

import copy
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.model import Address, Name, Student
from broker.identity import features
from broker.identity.features import COLUMNS, LISTS, UNKNOWN_DAY

ONE = Student(Name("Wilhelmina", "Thornley", "Fern"), date(2013, 5, 9))


def column(student: Student, name: str, variant: int = 0) -> object:
    return features.of(student)[variant][name]


def test_every_student_has_every_column_and_nothing_else() -> None:
    full = Student(
        Name("Jörg", "Reyes-Ortiz", "Luz", "Jr"),
        date(2013, 5, 9),
        gender="M",
        birth_order=2,
        aliases=(Name("Yo", "Reyes"),),
        guardians=(Name("Marta", "Pratt"),),
        phone="801-555-0142",
        address=Address("1 Elm St", "Provo", "UT", "84601"),
    )
    for student in (full, Student(Name("", ""), UNKNOWN_DAY)):
        for one in features.of(student):
            assert set(one) == set(COLUMNS)
            assert all(one[name] is None or (isinstance(one[name], list) == (name in LISTS)) for name in COLUMNS)
            assert not any(value in ("", []) for value in one.values())
    missing = ["first_legal", "alias_of", "last_spelt", "birth_faulty"]
    assert [name for name in COLUMNS if column(full, name) is None] == missing


def test_an_alias_takes_what_it_leaves_open_from_the_legal_name() -> None:
    known = replace(ONE, legal_name=replace(ONE.legal_name, suffix="III"), aliases=(Name("Mina", ""),))
    assert column(known, "last", 1) == "thornley"
    assert column(known, "middle", 1) == "fern"
    assert column(known, "suffix", 1) == "iii"
    assert column(known, "first_legal", 1) == "wilhelmina"


def test_an_alias_says_whose_it_is_unless_it_is_the_legal_name() -> None:
    known = replace(ONE, aliases=(Name("Clara", "Whitlock"), Name("WILHELMINA", "Thornley", "Luz"), Name("", "Pell")))
    assert [one["alias_of"] for one in features.of(known)] == [
        None,
        "wilhelmina thornley",
        None,
        "wilhelmina thornley",
    ]


@pytest.mark.parametrize(
    ("written", "swapped"),
    [("2012-19-05", "2012-05-19"), ("2012-13-13", None), ("2013-02-30", None), ("2012-00-07", None)],
)
def test_a_birth_date_that_is_none_is_kept_as_it_was_written(written: str, swapped: str | None) -> None:
    one = features.of(replace(ONE, birth_date=UNKNOWN_DAY), written)[0]
    assert (one["birth_date"], one["birth_swapped"], one["birth_faulty"]) == (written, swapped, written)


@pytest.mark.parametrize("first", ["Ian", "Ian II", "Ian (Jack)", "", "Rosa Elena"])
def test_only_an_alias_has_a_legal_first_name_beside_it(first: str) -> None:
    assert column(replace(ONE, legal_name=Name(first, "Thornley")), "first_legal") is None


def test_an_alias_with_another_last_name_stands_for_itself() -> None:
    assert column(replace(ONE, aliases=(Name("Clara", "Whitlock"),)), "first_legal", 1) is None


def test_a_child_called_by_the_middle_name_does_not_have_it_twice() -> None:
    assert column(replace(ONE, aliases=(Name("Fern", "Thornley"),)), "middle", 1) is None


def test_a_name_in_brackets_is_an_alias() -> None:
    both = features.of(replace(ONE, legal_name=Name("Wilhelmina (Mina)", "Thornley")))
    assert [one["first"] for one in both] == ["wilhelmina", "mina"]
    quoted = features.of(replace(ONE, legal_name=Name('Wilhelmina "Mina"', "Thornley")))
    assert [one["first"] for one in quoted] == ["wilhelmina", "mina"]


def test_the_same_name_twice_is_one_variant() -> None:
    assert len(features.of(replace(ONE, aliases=(ONE.legal_name, ONE.legal_name)))) == 1


@pytest.mark.parametrize(
    ("short", "name"), [("Bob", "robert"), ("Lupita", "guadalupe"), ("Sasha", "aleksandr"), ("Davey Lee", "david")]
)
def test_nicknames_of_the_library_and_of_other_languages(short: str, name: str) -> None:
    found = column(replace(ONE, legal_name=Name(short, "Thornley")), "first_also")
    assert isinstance(found, list)
    assert name in found


def test_a_compound_first_name_does_not_stand_for_its_first_part() -> None:
    found = column(replace(ONE, legal_name=Name("Rosa Elena", "Thornley")), "first_also")
    assert isinstance(found, list)
    assert "rosa" not in found


@pytest.mark.parametrize("day", [UNKNOWN_DAY, date(1900, 1, 1), date(9999, 9, 9)])
def test_a_day_that_programs_put_for_none_is_none(day: date) -> None:
    assert column(replace(ONE, birth_date=day), "birth_date") is None
    assert column(replace(ONE, birth_date=day), "birth_swapped") is None


@pytest.mark.parametrize(
    ("day", "swapped"),
    [(date(2013, 5, 9), "2013-09-05"), (date(2013, 5, 13), None), (date(2013, 5, 5), None)],
)
def test_a_swapped_birth_date_is_there_where_it_is_another_date(day: date, swapped: str | None) -> None:
    assert column(replace(ONE, birth_date=day), "birth_swapped") == swapped


@pytest.mark.parametrize(
    ("code", "known"), [("F", "F"), ("f", "F"), ("Male", "M"), ("X", None), ("U", None), ("", None), ("9", None)]
)
def test_gender(code: str, known: str | None) -> None:
    assert column(replace(ONE, gender=code), "gender") == known


@pytest.mark.parametrize(
    ("written", "phone", "local"),
    [
        ("(801) 555-0142", "8015550142", "5550142"),
        ("+1 801.555.0142", "8015550142", "5550142"),
        ("555-0142", None, "5550142"),
        ("555", None, None),
        ("000-000-0000", None, None),
        ("801-999-9999", None, None),
        ("", None, None),
    ],
)
def test_telephone_numbers(written: str, phone: str | None, local: str | None) -> None:
    known = replace(ONE, phone=written)
    assert (column(known, "phone"), column(known, "phone_local")) == (phone, local)


def test_streets_have_one_spelling() -> None:
    spellings = ("412 North Elm Street", "412 N. Elm St", "412 N ELM STREET")
    assert {column(replace(ONE, address=Address(one)), "street") for one in spellings} == {"412 n elm st"}
    flats = ("7 Elm St #3", "7 Elm Street, Apartment 3", "7 Elm St Unit 3")
    assert {column(replace(ONE, address=Address(one)), "street") for one in flats} == {"7 elm st apt 3"}


def test_a_long_postal_code_is_cut_to_the_delivery_area() -> None:
    assert column(replace(ONE, address=Address(postal_code="84601-1234")), "postal_code") == "84601"


def test_guardians_of_the_students_own_last_name_prove_little() -> None:
    known = replace(ONE, guardians=(Name("Marta", "Thornley"), Name("Hugo", "Pratt"), Name("", "Oakes")))
    assert column(known, "guardians") == ["hugo pratt", "marta thornley"]
    assert column(known, "guardian_firsts") == ["hugo", "marta"]
    assert column(known, "guardian_lasts") == ["oakes", "pratt"]


_NAMES = st.builds(
    Name,
    first=st.sampled_from(["Jörg", "JORG", "William (Bill)", "Ana Lucía", "", "Jr"]),
    last=st.sampled_from(["Reyes-Ortiz", "de la Cruz", "O'Neil Jr.", "Müller", ""]),
    middle=st.sampled_from(["", "Luz", "J.", "Jörg"]),
    suffix=st.sampled_from(["", "Jr", "II"]),
)
_STUDENTS = st.builds(
    Student,
    _NAMES,
    st.dates(date(2008, 1, 1), date(2009, 12, 31)),
    aliases=st.lists(_NAMES, max_size=2).map(tuple),
    guardians=st.lists(_NAMES, max_size=2).map(tuple),
    phone=st.sampled_from(["", "801-555-0142", "(801) 555.0142", "１２３-4567", "0000000"]),
    address=st.builds(Address, st.sampled_from(["", "1 Elm Street #4", "1 Élm St"])),
)


@given(st.lists(_STUDENTS, min_size=2, max_size=6))
def test_what_is_remembered_of_others_changes_nothing(students: list[Student]) -> None:
    """Parts of names, phones and streets are remembered, for others have the same."""
    one_by_one = []
    for student in students:
        for remembered in (features._first, features._last, features._born, features._phone, features._street):
            remembered.cache_clear()
        one_by_one.append(copy.deepcopy(features.of(student)))
    assert [features.of(student) for student in [*students, *students]] == one_by_one * 2
