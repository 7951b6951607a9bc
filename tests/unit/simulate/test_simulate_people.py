"""The people of a synthetic state: their names, families, ages and numbers."""

import re
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from datetime import date
from itertools import islice
from random import Random

import pytest

from broker.core.errors import OperatorError
from broker.core.model import Address, LeaId, Name, PartyKind
from broker.simulate.errors import spoil
from broker.simulate.people import MOST, local_id, persons
from broker.simulate.rates import DEFAULT
from broker.simulate.state import GRADES
from tests.support.simulated import COUNT, about, check, families, pairs_of_twins, people, town


def test_every_block_fits_its_schema() -> None:
    random = Random(1)
    check([person.block for person in people()])
    check([spoil(person.block, random)[0] for person in people()])
    check([block for pair in pairs_of_twins() for block in pair])


def test_the_same_seed_makes_the_same_people() -> None:
    some = list(persons(500, 4))
    assert some == list(persons(500, 4))
    assert some[:100] == list(persons(100, 4))
    assert [one.block for one in some] != [one.block for one in persons(500, 5)]
    assert list(persons(0, 4)) == []


def test_errors_do_not_change_who_there_is() -> None:
    assert list(persons(200, 4, DEFAULT.changed({"first_typo": 0.9}))) == list(persons(200, 4))


def test_people_come_one_by_one() -> None:
    """The greatest number that there can be costs no more memory than a few."""
    stream = persons(MOST, 1)
    assert isinstance(stream, Iterator)
    for _ in islice(stream, 8000):  # tables and caches fill up
        pass
    tracemalloc.start()
    for _ in islice(stream, 500):
        pass
    few = tracemalloc.get_traced_memory()[0]
    for _ in islice(stream, 5000):
        pass
    many = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert many - few < 500_000


@pytest.mark.parametrize("count", [-1, MOST + 1])
def test_how_many_people_there_can_be(count: int) -> None:
    with pytest.raises(OperatorError, match="number of students"):
        persons(count, 1)


def test_the_truth_is_beside_the_block() -> None:
    ids = [person.id for person in people()]
    assert len(set(ids)) == COUNT
    for person in people():
        assert person.local_id == person.block["local_id"]
        assert not {person.id, person.family} & set(map(str, person.block.values()))
        assert "ssid" not in person.block
    assert people()[0].block["legal_name"]["last"] not in repr(people()[0])


def test_a_person_is_a_student_of_the_model() -> None:
    for person in people()[:500]:
        student, block = person.student, person.block
        assert student.legal_name == Name(**block["legal_name"])
        assert student.birth_date == date.fromisoformat(block["birth_date"])
        assert student.guardians == tuple(Name(**one) for one in block["guardians"])
        assert (student.phone, student.address) == (block["phone"], Address(**block["address"]))
        assert (student.birth_order, student.local_id) == (block.get("birth_order"), person.local_id)


def test_local_ids_are_unique_in_an_lea() -> None:
    for lea in (LeaId("01"), LeaId("6G")):
        assert len({local_id(number, lea) for number in range(1, 60_001)}) == 60_000
    assert local_id(1, LeaId("01")) != local_id(1, LeaId("6G"))
    assert Counter((person.lea, person.local_id) for person in people()).most_common(1)[0][1] == 1


def test_names_are_as_frequent_as_names_are() -> None:
    """A few common ones and many rare ones: what two people share by chance lies between 1 in 300 and 1 in 3000."""
    for part in ("first", "last"):
        found = Counter(person.block["legal_name"][part] for person in people())
        assert 300 < 1 / sum((count / COUNT) ** 2 for count in found.values()) < 3000
        assert len(found) > 2000
    lasts = Counter(person.block["legal_name"]["last"] for person in people())
    assert lasts["Smith"] > lasts["Moore"] > lasts["Stafford"]


def test_names_of_every_kind_occur() -> None:
    lasts = [person.block["legal_name"]["last"] for person in people()]
    assert sum(" " in last for last in lasts) > 400
    assert sum("-" in last for last in lasts) > 150
    assert sum(not last.isascii() for last in lasts) > 400
    assert {"Nguyễn", "Chen", "Yazzie", "Jensen", "Singh", "Finau"} <= set(lasts)
    assert any(last.endswith("enko") for last in lasts)
    assert all(re.fullmatch(r"[^\W\d_][^\d_]*", last) for last in lasts)


def test_siblings() -> None:
    sizes = Counter(len(family) for family in families().values())
    assert sizes[1] > sizes[3] > sizes[5] > 0
    for family in families().values():
        firsts = [one.block["legal_name"]["first"] for one in family]
        assert len(set(firsts)) == len(firsts)
        for part in ("guardians", "phone", "address"):
            assert all(one.block[part] == family[0].block[part] for one in family)
        assert 1 <= len(family[0].block["guardians"]) <= 2


def test_twins_among_the_people() -> None:
    by_id = {person.id: person for person in people()}
    later = [person for person in people() if person.twin_of]
    births = COUNT - len(later)
    several = Counter(person.twin_of for person in later)
    assert about(sum(count == 1 for count in several.values()), DEFAULT.twins, births)
    for person in later:
        first = by_id[str(person.twin_of)]
        assert (first.family, first.twin_of, first.lea, first.school) == (
            person.family,
            None,
            person.lea,
            person.school,
        )
        assert first.block["birth_date"] == person.block["birth_date"]
        assert first.block["legal_name"]["last"] == person.block["legal_name"]["last"]
        assert (first.block["birth_order"], person.block["birth_order"] > 1) == (1, True)
    alone = [one for one in people() if not one.twin_of and one.id not in several]
    assert not any("birth_order" in one.block for one in alone[:-1])  # the last one's twin may come next


def test_triplets() -> None:
    rates = DEFAULT.changed({"triplets": 0.5, "twins": 0.0})
    orders = Counter(person.block.get("birth_order") for person in persons(3000, 1, rates))
    assert orders[1] == orders[2] == orders[3] > 500


def test_relatives_with_the_same_name() -> None:
    """A son with his father's name, and cousins: told apart by a suffix and the birth date."""
    juniors = [person for person in people() if "suffix" in person.block["legal_name"]]
    assert 50 < len(juniors) < 400
    assert {person.block["legal_name"]["suffix"] for person in juniors} == {"Jr", "II", "III"}
    fathers = [one.block["guardians"][1] for one in juniors if len(one.block["guardians"]) == 2]
    assert {father.get("suffix", "") for father in fathers} == {"", "Sr"}
    relatives = list(persons(3000, 1, DEFAULT.changed({"same_name_relatives": 1.0, "junior": 0.0, "step_children": 0})))
    heads = list(dict.fromkeys(one.family for one in relatives))
    oldest = [next(one for one in relatives if one.family == family) for family in heads[:200]]
    named = {(one.block["legal_name"]["first"], one.block["legal_name"]["last"]) for one in oldest}
    assert len(named) == 1
    assert len({one.block["birth_date"] for one in oldest}) > 100


def test_ages_are_those_of_the_grades() -> None:
    older = 0
    for person in people():
        born = date.fromisoformat(person.block["birth_date"])
        assert date(2027 - 7 - person.grade - 1, 9, 2) <= born <= date(2027 - 6 - person.grade, 9, 1)
        older += born < date(2027 - 7 - person.grade, 9, 2)
    assert {person.grade for person in people()} == set(range(GRADES))
    assert about(older, DEFAULT.older, COUNT)
    assert next(persons(1, 1, year=2030)).block["birth_date"] > next(persons(1, 1)).block["birth_date"]


def test_telephone_numbers_are_nobodys() -> None:
    digits = [re.sub(r"\D", "", person.block["phone"]) for person in people()]
    assert all(len(one) == 10 and one[3] in "01" for one in digits)
    assert len(set(digits)) > 0.95 * len(families())


def test_shares_of_the_population() -> None:
    middle = sum("middle" in person.block["legal_name"] for person in people())
    charter = sum(town().leas[person.lea].kind is PartyKind.CHARTER for person in people())
    one_guardian = sum(len(family[0].block["guardians"]) == 1 for family in families().values())
    assert about(middle, DEFAULT.middle_name, COUNT)
    assert abs(charter / COUNT - DEFAULT.charter) < 0.02
    assert abs(one_guardian / len(families()) - DEFAULT.one_guardian) < 0.03
