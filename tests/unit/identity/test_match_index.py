"""Blocks: under which keys a student is kept, and looked for."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.model import Name, Student
from broker.edge.ledger.people.evidence import MOST_NAMES
from broker.identity import index, models
from broker.identity.model import Model

ANA = Student(Name("Ana", "Reyes-Ortiz", "Lucía"), date(2012, 3, 4), gender="F", phone="801-555-0133")
words = st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=20)
names = st.builds(Name, words, words, words, words)
students = st.builds(
    Student, names, st.dates(), gender=st.sampled_from(["", "F", "M"]), aliases=st.lists(names, max_size=9).map(tuple)
)


@pytest.fixture(scope="module")
def model() -> Model:
    return models.load(None)


@given(students)
def test_whoever_is_looked_for_is_where_they_are_kept(model: Model, student: Student) -> None:
    """Under the rules that ask for what they keep, a student's own keys meet."""
    variants = index.variants_of(student)
    same = [rule for rule in model.blocks if variants and rule.asked(variants[0]) == rule.kept(variants[0]) is not None]
    if same:
        assert not index.kept(model, variants).isdisjoint(index.asked(model, variants))


@given(students)
def test_everything_is_bounded_and_fits_the_column(model: Model, student: Student) -> None:
    variants = index.variants_of(student)
    asked = index.asked(model, variants)
    assert len(variants) <= MOST_NAMES
    assert len(asked) == len(set(asked)) <= index._MOST_ASKED
    assert all(-(2**63) <= block < 2**63 for block in (*asked, *index.kept(model, variants)))


def test_a_block_is_the_same_in_every_process_and_version() -> None:
    """The ledger keeps them: another digest, and nobody would be found again. BLAKE2b-32 of `2012-03-04` and of `3 US
    r620`, worked out with coreutils' `b2sum -l 32`: c0eb3f47 and 40cdf9c8."""
    expected = int.from_bytes(bytes.fromhex("c0eb3f4740cdf9c8"), "big", signed=True)
    assert index._number(3, ("2012-03-04", "r620")) == expected


def test_another_rule_gives_another_block_for_the_same_key() -> None:
    assert index._number(1, ("a", "b")) != index._number(2, ("a", "b"))
    assert index._number(1, ("a", "b")) != index._number(1, ("ab",))


def test_rules_that_find_what_is_kept_in_one_way_share_its_place(model: Model) -> None:
    """First and last name exchanged are found where everybody is kept under them: nothing more is kept."""
    settings = dict(model.settings)
    day = "l.birth_date = r.birth_date AND "
    rules = [day + "l.first_sound = r.first_sound", day + "l.last_sound = r.first_sound", "l.phone = r.phone"]
    some = Model(
        settings | {"blocking_rules_to_generate_predictions": [{"blocking_rule": rule} for rule in rules]},
        model.terms,
        model.limits,
    )
    assert some.places == (0, 0, 2)
    exchanged = replace(ANA, legal_name=Name("Reyes-Ortiz", "Ana"), phone="")
    kept, asked = index.kept(some, index.variants_of(ANA)), index.asked(some, index.variants_of(exchanged))
    assert len(kept) == 2
    assert len(asked) == 2
    assert len(kept & set(asked)) == 1


def test_a_spelling_that_makes_no_difference_is_kept_once() -> None:
    loud = replace(ANA, aliases=(Name("ANA", "REYES ORTIZ", "LUCIA"), Name("Anita", "Reyes")))
    assert len(index.variants_of(loud)) == 2


def test_another_model_has_another_mark(model: Model) -> None:
    settings = dict(model.settings)
    rules = settings["blocking_rules_to_generate_predictions"]
    fewer = Model(settings | {"blocking_rules_to_generate_predictions": rules[1:]}, model.terms, model.limits)
    assert index.mark_of(model) == index.mark_of(models.load(None)) != index.mark_of(fewer)
