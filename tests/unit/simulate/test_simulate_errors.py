"""Errors made on purpose: each at its rate, where it is possible, and doing what its name says."""

import json
import math
from collections.abc import Callable
from dataclasses import fields
from datetime import date
from functools import cache
from random import Random
from typing import Any

import pytest
from rapidfuzz.distance import Levenshtein

from broker.core.errors import OperatorError
from broker.simulate import spelling
from broker.simulate.blocks import Block
from broker.simulate.errors import GROUPS, NO_ERRORS, spoil
from broker.simulate.mistakes import surnames
from broker.simulate.people import Person, persons
from broker.simulate.rates import DEFAULT, Rates

ERRORS = tuple(name for names in GROUPS for name in names)
Check = Callable[[Block], bool]
Effect = Callable[[Block, Block], bool]


@cache
def people() -> tuple[Person, ...]:
    """With more of what is rare, so that every error is possible often enough."""
    rates = DEFAULT.changed({"twins": 0.2, "junior": 0.3, "preferred_name": 0.3})
    return tuple(persons(6000, 3, rates))


def name(block: Block, part: str) -> str:
    return str(block["legal_name"].get(part, ""))


def texts(block: Block) -> list[str]:
    parts = (block["legal_name"], *block.get("aliases", ()), *block.get("guardians", ()), block.get("address", {}))
    return [text for part in parts for text in part.values()]


def always(_block: Block) -> bool:
    return True


def two(block: Block) -> bool:
    return surnames(name(block, "last")) is not None


def has(part: str) -> Check:
    return lambda block: bool(block.get(part))


def named(part: str) -> Check:
    return lambda block: bool(name(block, part))


def gone(part: str) -> Effect:
    return lambda _, new: part not in new


def exchanged(one: str, other: str) -> Effect:
    return lambda old, new: (name(new, one), name(new, other)) == (name(old, other), name(old, one))


def misspelt(part: str) -> Effect:
    return lambda old, new: 0 < Levenshtein.distance(name(old, part), name(new, part)) <= 5


def days_apart(old: Block, new: Block) -> int:
    return abs((date.fromisoformat(new["birth_date"]) - date.fromisoformat(old["birth_date"])).days)


def differing(old: str, new: str) -> int:
    return sum(one != other for one, other in zip(old, new, strict=True))


def can_swap_day(block: Block) -> bool:
    _, month, day = block["birth_date"].split("-")
    return int(day) <= 12 and day != month


# Where each error is possible, and what it does there.
MEANING: dict[str, tuple[Check, Effect]] = {
    "nickname": (
        lambda block: spelling.nickname(name(block, "first"), Random(1)) is not None,
        lambda old, new: name(new, "first") != name(old, "first"),
    ),
    "alias_used": (has("aliases"), lambda old, new: name(new, "first") == old["aliases"][0]["first"]),
    "alias_missing": (has("aliases"), gone("aliases")),
    "first_typo": (always, misspelt("first")),
    "last_typo": (always, misspelt("last")),
    "middle_typo": (named("middle"), misspelt("middle")),
    "first_middle_swapped": (named("middle"), exchanged("first", "middle")),
    "first_last_swapped": (lambda block: name(block, "first") != name(block, "last"), exchanged("first", "last")),
    "middle_in_first": (
        named("middle"),
        lambda old, new: (
            (name(new, "first"), name(new, "middle")) == (f"{name(old, 'first')} {name(old, 'middle')}", "")
        ),
    ),
    "last_in_middle": (
        two,
        lambda old, new: (
            f"{name(new, 'middle')} {name(new, 'last')}".split()
            == f"{name(old, 'middle')} {name(old, 'last')}".replace("-", " ").split()
        ),
    ),
    "middle_missing": (named("middle"), lambda _, new: not name(new, "middle")),
    "middle_initial": (
        lambda block: len(name(block, "middle")) > 1,
        lambda old, new: name(new, "middle").rstrip(".") == name(old, "middle")[0],
    ),
    "surnames_swapped": (
        lambda block: two(block) and len(set(surnames(name(block, "last")) or ())) == 2,
        lambda old, new: surnames(name(new, "last")) == (surnames(name(old, "last")) or ())[::-1],
    ),
    "surname_dropped": (two, lambda old, new: name(new, "last") in (surnames(name(old, "last")) or ())),
    "surnames_joined": (
        two,
        lambda old, new: (
            surnames(name(old, "last")) == surnames(name(new, "last")) and name(new, "last") != name(old, "last")
        ),
    ),
    "surname_changed": (always, lambda old, new: name(new, "last") != name(old, "last")),
    "suffix_missing": (named("suffix"), lambda _, new: not name(new, "suffix")),
    "suffix_in_last": (
        named("suffix"),
        lambda old, new: name(new, "last") == f"{name(old, 'last')} {name(old, 'suffix')}" and not name(new, "suffix"),
    ),
    "accents_dropped": (
        lambda block: not "".join(texts(block)).isascii(),
        lambda _, new: "".join(texts(new)).isascii(),
    ),
    "upper_case": (always, lambda _, new: all(text == text.upper() for text in texts(new))),
    "day_month_swapped": (
        can_swap_day,
        lambda old, new: new["birth_date"] == "-".join(old["birth_date"].split("-")[at] for at in (0, 2, 1)),
    ),
    "birth_digit": (
        always,
        lambda old, new: differing(old["birth_date"], new["birth_date"]) == 1 and days_apart(old, new) < 13 * 366,
    ),
    "birth_off_by_one": (always, lambda old, new: days_apart(old, new) == 1),
    "gender_missing": (has("gender"), gone("gender")),
    "gender_wrong": (
        lambda block: block["gender"] in "FM",
        lambda old, new: {old["gender"], new["gender"]} == {"F", "M"},
    ),
    "birth_order_missing": (has("birth_order"), gone("birth_order")),
    "guardian_typo": (
        has("guardians"),
        lambda old, new: sum(one != other for one, other in zip(old["guardians"], new["guardians"], strict=True)) == 1,
    ),
    "guardian_dropped": (
        lambda block: len(block["guardians"]) == 2,
        lambda old, new: len(new["guardians"]) == 1 and new["guardians"][0] in old["guardians"],
    ),
    "guardians_missing": (has("guardians"), gone("guardians")),
    "phone_changed": (has("phone"), lambda old, new: new["phone"] != old["phone"]),
    "phone_missing": (has("phone"), gone("phone")),
    "address_changed": (
        has("address"),
        lambda old, new: (
            new["address"]["street"] != old["address"]["street"] and new["address"]["city"] == old["address"]["city"]
        ),
    ),
    "address_missing": (has("address"), gone("address")),
}


def test_every_error_has_a_rate_and_a_meaning_here() -> None:
    rates = [one.name for one in fields(Rates)]
    assert set(ERRORS) == set(rates[rates.index("nickname") :]) == set(MEANING)
    assert len(ERRORS) == len(set(ERRORS))


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_alone(error: str) -> None:
    """At its rate where it is possible and nowhere else; listed where it was done; nothing else is altered."""
    possible, effect = MEANING[error]
    random, rate = Random(error), 0.3
    rates = NO_ERRORS.changed({error: rate})
    done = where = 0
    for person in people()[: 1500 if possible is always else 6000]:
        before = json.dumps(person.block)
        spoilt, errors = spoil(person.block, random, rates)
        assert json.dumps(person.block) == before
        assert errors == ((error,) if spoilt != person.block else ())
        where += possible(person.block)
        if errors:
            done += 1
            assert possible(person.block)
            assert effect(person.block, spoilt)
    assert where >= 100
    # A name drawn anew, or a number, may be the one that was there.
    slack = 0.01 * where if error == "surname_changed" else 0
    assert abs(done - rate * where) <= 5 * math.sqrt(where * rate * (1 - rate)) + slack


def test_all_errors_together_keep_their_rates() -> None:
    """Errors of different groups hardly meet in one record, so each is about as frequent as alone."""
    random = Random(5)
    listed = [spoil(person.block, random)[1] for person in people()]
    for error in ERRORS:
        rate, where = getattr(DEFAULT, error), sum(MEANING[error][0](person.block) for person in people())
        found = sum(error in errors for errors in listed)
        assert abs(found - rate * where) <= 5 * math.sqrt(where * rate) + 0.05 * rate * where, error


def test_errors_of_one_group_exclude_each_other() -> None:
    rates = NO_ERRORS.changed({error: 1 / len(names) for names in GROUPS for error in names})
    random = Random(6)
    for person in people()[:1000]:
        errors = spoil(person.block, random, rates)[1]
        assert [names for names in GROUPS if len(set(names) & set(errors)) > 1] == []


def test_no_errors_and_the_same_errors() -> None:
    for person in people()[:100]:
        assert spoil(person.block, Random(1), NO_ERRORS) == (person.block, ())
        assert spoil(person.block, Random(1)) == spoil(person.block, Random(1))


def test_a_copy_shares_nothing_with_its_original() -> None:
    block = people()[0].block
    before = json.dumps(block)
    spoilt, _ = spoil(block, Random(1), NO_ERRORS)
    spoilt["legal_name"]["first"] = spoilt["guardians"][0]["first"] = spoilt["address"]["street"] = "-"
    assert json.dumps(block) == before


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"frist_typo": 0.1}, "no rate called 'frist_typo'"),
        ({"first_typo": 1.5}, "first_typo must be a number from 0 to 1"),
        ({"first_typo": True}, "first_typo must be"),
        ({"first_typo": "0.1"}, "first_typo must be"),
        ({"first_typo": float("nan")}, "first_typo must be"),
    ],
)
def test_rates_that_are_none(given: dict[str, Any], says: str) -> None:
    with pytest.raises(OperatorError, match=says):
        DEFAULT.changed(given)


def test_rates_of_a_group_that_sum_to_more_than_one() -> None:
    rates = DEFAULT.changed({"birth_digit": 0.7, "day_month_swapped": 0.6})
    with pytest.raises(OperatorError, match="exclude each other"):
        spoil(people()[0].block, Random(1), rates)
