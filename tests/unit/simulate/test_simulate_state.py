"""A synthetic state, its LEAs and schools, and who moves in the course of a year."""

import re
from collections import Counter
from datetime import date

import pytest

from broker.core.errors import OperatorError
from broker.core.model import PartyKind
from broker.simulate import state
from broker.simulate.people import persons
from broker.simulate.rates import DEFAULT
from broker.simulate.records import Records
from broker.simulate.state import GRADES
from broker.simulate.years import Calendar, movements
from tests.support.simulated import COUNT, SEED, about, people, town, years

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
