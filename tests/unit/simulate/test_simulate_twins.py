"""Twins and other pairs of a synthetic state, and the lists of names that everybody is named from."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any

import pytest
from rapidfuzz.distance import Levenshtein

from broker.core.errors import OperatorError
from broker.simulate import places, tables
from broker.simulate.errors import spoil
from broker.simulate.names import Names, default
from broker.simulate.pairs import Pair, pairs, twins
from broker.simulate.people import persons
from broker.simulate.rates import DEFAULT
from broker.simulate.tables import Table
from tests.support.simulated import COUNT, HARSH, SEED, about, check, families, pairs_of_twins, people

# twins and other pairs


def test_twins_share_everything_but_themselves() -> None:
    for one, other in pairs_of_twins():
        for part in ("birth_date", "guardians", "phone", "address"):
            assert one[part] == other[part]
        assert one["local_id"] != other["local_id"]
        assert one.get("birth_order", 1) == 1
        assert other.get("birth_order", 2) == 2


def test_twins_are_two_students() -> None:
    """Their first names differ at every distance, and never in accents, capitals or marks alone."""
    distances = Counter[int]()
    for one, other in pairs_of_twins():
        first, second = (re.sub(r"\W", "", block["legal_name"]["first"]).casefold() for block in (one, other))
        assert first != second
        distances[Levenshtein.distance(first, second)] += 1
    assert distances[1] > 300
    assert distances[2] > 150
    assert sum(count for distance, count in distances.items() if distance >= 4) > 1000


def test_a_typo_befalls_one_twin_at_most() -> None:
    lasts = sum(one["legal_name"]["last"] != other["legal_name"]["last"] for one, other in pairs_of_twins())
    assert about(lasts, 0.5 * 0.25, 3000)


def test_middle_names_of_twins() -> None:
    names = [block["legal_name"].get("middle", "") for pair in pairs_of_twins() for block in pair]
    there = DEFAULT.middle_name * (1 - DEFAULT.middle_missing)
    assert about(sum(map(bool, names)), there, len(names))
    assert about(
        sum(len(name.rstrip(".")) == 1 for name in names), DEFAULT.middle_name * DEFAULT.middle_initial, len(names)
    )


def test_twins_come_in_any_number() -> None:
    assert isinstance(twins(10, 1), Iterator)
    assert list(twins(20, 1)) == list(twins(50, 1))[:20]
    assert len(list(twins(0, 1))) == 0


def test_pairs_say_whether_they_are_one() -> None:
    found: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs(people(), SEED):
        found[pair.relation].append(pair)
    assert set(found) == {"same", "twin", "sibling", "namesake", "stranger"}
    assert len(found["same"]) == COUNT
    assert len(found["sibling"]) + len(found["twin"]) == sum(
        len(list(combinations(family, 2))) for family in families().values()
    )
    for relation, made in found.items():
        assert all(pair.same == (relation == "same") for pair in made)
    for pair in found["same"]:
        without = [{key: value for key, value in block.items() if key != "local_id"} for block in (pair.a, pair.b)]
        assert (without[0] == without[1]) == (pair.errors == ())
        assert pair.a["local_id"] != pair.b["local_id"]
    assert all(pair.a["birth_date"] == pair.b["birth_date"] for pair in found["twin"] if not _date_errors(pair))
    assert len(found["namesake"]) > 50


def _date_errors(pair: Pair) -> set[str]:
    return {"birth_digit", "birth_off_by_one", "day_month_swapped"} & set(pair.errors)


def test_a_share_of_the_pairs() -> None:
    whole, part = (sum(1 for _ in pairs(people(), SEED, share=share)) for share in (1.0, 0.1))
    assert 0.05 < part / whole < 0.15


# names with weights


def test_draws_follow_the_weights() -> None:
    table, random = Table({"Smith": 6, "Jones": 3, "Rare": 1, "Never": 0}), Random(1)
    drawn = Counter(table.draw(random) for _ in range(20_000))
    assert set(drawn) == {"Smith", "Jones", "Rare"}
    assert all(about(drawn[name], weight / 10, 20_000) for name, weight in (("Smith", 6), ("Jones", 3), ("Rare", 1)))
    with pytest.raises(ValueError, match="weight above 0"):
        Table({"Never": 0})


def test_names_much_alike() -> None:
    table, random = default().origin(Random(3)).girls, Random(1)
    near = {first: table.alike(first, random) for first in ("Maria", "Anna", "Kaylee", "Jessica", "Xqzt")}
    assert near["Xqzt"] is None
    for first, other in near.items():
        assert other is None or Levenshtein.distance(first, other) == 1
    assert near["Maria"]
    assert near["Anna"]


LAYOUTS: dict[str, tuple[str, dict[str, dict[str, float]]]] = {
    "comma": ("Smith,10\nNguyễn,2.5\n", {"": {"Smith": 10, "Nguyễn": 2.5}}),
    "tab and blank lines": ("\nSmith\t10\n\nDe la Cruz\t1\n", {"": {"Smith": 10, "De la Cruz": 1}}),
    "header": ("rank,Name,Count\n1,Smith,10\n2,Jones,4\n", {"": {"Smith": 10, "Jones": 4}}),
    "byte order mark": ("\ufeffname;weight\nSmith;10\n", {"": {"Smith": 10}}),
    "census 1990": ("MARY  2.629  2.629  1\nO'BRIEN 1.0 3.629 2\n", {"": {"Mary": 2.629, "O'Brien": 1.0}}),
    "births by year": ("Mary,F,70\nAnna,F,26\nJohn,M,96\n", {"F": {"Mary": 70, "Anna": 26}, "M": {"John": 96}}),
    "sex in the header": ("name,gender,freq\nAna,female,2\nAna,male,1\n", {"F": {"Ana": 2}, "M": {"Ana": 1}}),
    "twice": ("Ana,1\nAna,2\n", {"": {"Ana": 3}}),
    "quoted": ('"Smith, the elder",3\n', {"": {"Smith, the elder": 3}}),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_of_name_files(layout: str, tmp_path: Path) -> None:
    text, meant = LAYOUTS[layout]
    path = tmp_path / "names"
    path.write_text(text, "utf-8")
    assert tables.read(path) == meant


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no name with a weight"),
        (b"Smith,0\n", "no name with a weight"),
        (b"Smith\n", "line 1: there must be a name and a weight"),
        (b"Smith,10\nJones,many\n", "line 2: the weight must be a number"),
        (b"Smith,-1\n", "line 1: the weight must be a number from 0"),
        (b"Smith,nan\n", "line 1: the weight must be a number from 0"),
        (b"Smith,10\n,3\n", "line 2: a name must have"),
        (b"Smi\x07th,10\n", "line 1: a name must have"),
        (b"x" * 31 + b",10\n", "line 1: a name must have"),
        (b"Garc\xeda,10\n", "not UTF-8"),
        (b'"' + b"x" * 200_000 + b'",1\n', "cannot be read as a table of names"),
    ],
)
def test_name_files_that_are_none(content: bytes, says: str, tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    path.write_bytes(content)
    with pytest.raises(OperatorError, match=says):
        tables.read(path)


def test_name_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="cannot be read"):
        tables.read(tmp_path / "none")
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(tables.MOST_BYTES + 1)
    with pytest.raises(OperatorError, match="larger than"):
        tables.read(tmp_path / "huge")


def test_a_users_own_names() -> None:
    first = {"F": {"Ana": 3.0, "Eva": 1.0, "Ida": 1.0}, "M": {"Max": 1.0, "Tom": 1.0, "Jan": 1.0}}
    called = Names(first, {"": {"Aa": 1.0, "Bb": 1.0}})
    quiet = DEFAULT.changed({"middle_name": 0.0, "twins": 0.0, "triplets": 0.0})
    for person in persons(800, 1, quiet, called=called):
        name = person.block["legal_name"]
        girl = person.block["gender"] == "F"
        if person.block["gender"] != "X":
            assert set(name["first"].split()) <= ({"Ana", "Eva", "Ida"} if girl else {"Max", "Tom", "Jan"})
        assert set(re.split("[ -]", name["last"])) <= {"Aa", "Bb"}


def test_one_name_is_enough() -> None:
    for first, last in (("Ana", "Reyes"), ("王" * tables.MOST_CHARACTERS, "ß" * tables.MOST_CHARACTERS)):
        called = Names({"": {first: 1.0}}, {"": {last: 1.0}})
        made = [person.block for person in persons(500, 1, called=called)]
        check([block for one in made for block in (one, spoil(one, Random(1), HARSH)[0])])


def test_addresses() -> None:
    random = Random(1)
    where = places.town(random)
    made: list[dict[str, Any]] = [places.address(random, where) for _ in range(500)]
    assert {(one["city"], one["state"], one["postal_code"]) for one in made} == {(where.name, "UT", where.postal_code)}
    assert sum(bool(re.match(r"\d+ [NS] \d+ [EW]( |$)", one["street"])) for one in made) > 150
    assert len({one["street"] for one in made}) > 490
