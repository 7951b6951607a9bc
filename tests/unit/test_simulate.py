"""A synthetic state: who lives there, in which families, where they go to school and when they move."""

import math
import re
import tracemalloc
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from functools import cache
from itertools import combinations, islice
from pathlib import Path
from random import Random
from typing import Any

import pytest
from rapidfuzz.distance import Levenshtein

from broker.core.errors import OperatorError
from broker.core.model import Address, LeaId, Name, PartyKind
from broker.edge import resources
from broker.edge.contracts import Contracts
from broker.simulate import places, state, tables
from broker.simulate.blocks import Block
from broker.simulate.errors import spoil
from broker.simulate.names import Names, default
from broker.simulate.pairs import Pair, pairs, twins
from broker.simulate.people import MOST, Person, local_id, persons
from broker.simulate.rates import DEFAULT
from broker.simulate.records import Records
from broker.simulate.state import GRADES, State
from broker.simulate.tables import Table
from broker.simulate.years import Calendar, Event, movements
from tests.support import documents

COUNT = 12_000
HARSH = DEFAULT.changed({"middle_in_first": 0.5, "upper_case": 0.5, "accents_dropped": 0.5, "first_typo": 0.5})
SEED = 11


@cache
def town() -> State:
    return state.make(seed=SEED)


@cache
def people() -> tuple[Person, ...]:
    return tuple(persons(COUNT, SEED))


@cache
def families() -> dict[str, list[Person]]:
    found: dict[str, list[Person]] = defaultdict(list)
    for person in people():
        found[person.family].append(person)
    return found


@cache
def years() -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = defaultdict(list)
    for event in movements(people(), town(), SEED):
        found[event.person].append(event)
    return found


@cache
def pairs_of_twins() -> tuple[tuple[Block, Block], ...]:
    return tuple(twins(3000, SEED))


def about(found: int, rate: float, of: int) -> bool:
    """Within five standard deviations of what the rate lets expect."""
    return abs(found - rate * of) <= 5 * math.sqrt(of * rate * (1 - rate))


def check(blocks: list[Block]) -> None:
    """Each block fits `student.v1`, by the gate that every packet passes."""
    contracts = Contracts(resources.folder("schemas"))
    for at in range(0, len(blocks), 10_000):
        document = documents.enrollment()
        entry = document["students"][0]
        document["students"] = [entry | {"student": block} for block in blocks[at : at + 10_000]]
        contracts.check(document, 5)


# people


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


# the state


def test_the_leas() -> None:
    made = town()
    assert (len(made.districts), len(made.charters), len(made.leas)) == (41, 84, 125)
    assert [lea.id for lea in made.districts] == [f"{n:02d}" for n in range(1, 42)]
    assert {"6G", "7K"} <= {lea.id for lea in made.charters}
    assert len({lea.name for lea in made.leas.values()}) == 125
    for lea in made.districts:
        assert all(lea.school(grade, 0.5) for grade in range(GRADES))
    for lea in made.leas.values():
        assert len({school.code for school in lea.schools}) == len(lea.schools)
    sizes = sorted(lea.size for lea in made.districts)
    assert sizes[-1] > 20 * sizes[0]


def test_schools_teach_the_grades_of_their_students() -> None:
    for person in people():
        school = next(one for one in town().leas[person.lea].schools if one.code == person.school)
        assert school.low <= person.grade <= school.high


def test_a_state_is_as_large_as_one_likes() -> None:
    large = state.make(400, 900)
    assert len(large.leas) == 1300
    assert all(re.fullmatch(r"[A-Za-z0-9]{1,32}", lea) for lea in large.leas)
    small = state.make(1, 0)
    assert {person.lea for person in persons(200, 1, among=small)} == {"01"}
    moved = DEFAULT.changed({"movers": 1.0})
    codes = {event.code for event in movements(persons(500, 1, among=small), small, 1, moved)}
    assert codes == {"", "TD", "TO"}


@pytest.mark.parametrize(("districts", "charters"), [(0, 5), (1, -1), (20_000, 1)])
def test_a_state_that_cannot_be(districts: int, charters: int) -> None:
    with pytest.raises(OperatorError, match="at least one district"):
        state.make(districts, charters)


# the year


def test_everybody_enters_and_every_day_is_a_weekday_of_the_year() -> None:
    assert list(years()) == [person.id for person in people()]
    for events in years().values():
        assert events[0].event == "entry"
        assert [event.date for event in events] == sorted(event.date for event in events)
        for event in events:
            assert date(2026, 8, 12) <= event.date <= date(2027, 5, 31)
            assert event.date.weekday() < 5
            assert (event.code == "") == (event.event == "entry")
    assert list(movements(people()[:300], town(), 1)) == list(movements(people()[:300], town(), 1))


def test_how_many_move() -> None:
    movers = sum(any(event.why in ("move", "arrival", "late-exit") for event in events) for events in years().values())
    assert about(movers, DEFAULT.movers, COUNT)
    nobody = DEFAULT.changed({"movers": 0.0, "dual": 0.0})
    assert {event.why for event in movements(people()[:2000], town(), 1, nobody)} == {"year"}


def test_codes_say_where_a_mover_goes() -> None:
    seen = Counter[str]()
    for person in people():
        events = years()[person.id]
        entries = [event for event in events if event.event == "entry" and event.why in ("move", "year", "arrival")]
        exits = [event for event in events if event.event == "exit"]
        assert len(exits) in (len(entries), len(entries) - 1)
        for left, entered in zip(exits, entries[1:], strict=False):
            there = town().leas[entered.lea]
            code = "TD" if entered.lea == left.lea else "TR" if there.kind is PartyKind.CHARTER else "TS"
            assert left.code == code
            assert (left.lea, left.school) != (entered.lea, entered.school)
            school = next(one for one in there.schools if one.code == entered.school)
            assert school.low <= person.grade <= school.high
        if len(exits) == len(entries):
            assert exits[-1].code == "TO"
        seen.update(event.code for event in exits)
    assert set(seen) == {"TD", "TS", "TR", "TO"}
    assert min(seen.values()) > 50


def test_late_exits_make_spans_overlap_and_other_moves_do_not() -> None:
    late = moves = 0
    calendar = Calendar(town(), 1, DEFAULT.changed({"movers": 1.0}))
    for person in people()[:3000]:
        events = calendar.of(person)
        entries, exits = ([one for one in events if one.event == kind] for kind in ("entry", "exit"))
        for left, entered in zip(exits, entries[1:], strict=False):
            moves += left.lea != entered.lea
            late += left.why == "late-exit"
            assert (left.date >= entered.date) == (left.why == "late-exit")
    assert about(late, DEFAULT.late_exit, moves)


def test_dual_enrolment_is_not_for_kindergarten() -> None:
    calendar = Calendar(town(), 1, DEFAULT.changed({"dual": 1.0, "movers": 0.0}))
    for person in people()[:2000]:
        events = calendar.of(person)
        assert [event.event for event in events] == ["entry"] * (1 if person.grade == 0 else 2)
        assert len({event.lea for event in events}) == len(events)


def test_each_lea_has_a_record_of_its_own() -> None:
    records = Records(town(), SEED)
    numbers: set[tuple[str, str]] = set()
    moved = new_home = 0
    for number, person in enumerate(people(), 1):
        made = list(records.of(number, person, years()[person.id]))
        assert [one.lea for one in made] == list(
            dict.fromkeys(event.lea for event in years()[person.id] if event.event == "entry")
        )
        assert made[0].block["local_id"] == person.local_id
        assert (made[0].errors == ()) == (made[0].block == person.block)
        for one in made:
            assert (one.lea, one.block["local_id"]) not in numbers
            numbers.add((one.lea, one.block["local_id"]))
        moved += len(made) - 1
        new_home += sum("address_changed" in one.errors for one in made[1:])
    assert new_home > moved / 2


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
