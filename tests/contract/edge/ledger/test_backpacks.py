"""The record store's table over SQLite and PostgreSQL."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, insert
from sqlalchemy.exc import IntegrityError

from broker.core.model import LeaId, PacketType, Party, PartyKind, Sha256, State, TrackingId
from broker.edge.ledger import tables
from broker.edge.ledger.cases import backpacks
from broker.edge.ledger.cases.backpacks import Part
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.packets import packets
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.parties import directory
from broker.edge.ledger.people import merges
from handlers.registry import KEPT, TRAVELS
from tests.support.scale import examples

ANA, BEN = "1000000019", "1000000027"
NOW = 5_000.0


@pytest.fixture
def engine(engine: Engine) -> Engine:
    with writing(engine) as connection:
        for lea in ("01", "02", "6G"):
            directory.add_party(connection, Party(LeaId(lea), lea, PartyKind.DISTRICT), 0.0)
        person = {"first": "A", "middle": "", "last": "B", "suffix": "", "birth_date": "2012-03-04", "gender": ""}
        connection.execute(insert(tables.students), [{"ssid": one, "added_at": 0.0} | person for one in (ANA, BEN)])
    return engine


def part(name: str, at: float, mode: str = "replace", ssid: str = ANA, lea: str = "01") -> Part:
    return Part(ssid, lea, name, mode, 2027, name * 2, 10, "F" * 40, at)


def store(engine: Engine, *new: Part, now: float = NOW) -> None:
    with writing(engine) as connection:
        backpacks.store(connection, new, now)


def current(engine: Engine, ssid: str = ANA, until: float | None = None) -> list[str]:
    with reading(engine) as connection:
        return [one.tracking for one in backpacks.current(connection, ssid, until)]


def versions(engine: Engine, ssid: str = ANA) -> dict[str, Part]:
    with reading(engine) as connection:
        return {one.tracking: one for one in backpacks.versions(connection, ssid)}


def test_nothing_is_held(engine: Engine) -> None:
    store(engine)
    assert current(engine) == []
    assert versions(engine, "9999999999") == {}


def test_replace_and_add(engine: Engine) -> None:
    store(engine, part("a", 10))
    store(engine, part("b", 20, "add"), part("c", 30, "add"))
    assert current(engine) == ["a", "b", "c"]
    store(engine, part("d", 40), now=NOW + 1)
    assert current(engine) == ["d"]
    held = versions(engine)
    assert [held[name].version for name in "abcd"] == [1, 2, 3, 4]
    assert {(held[name].ended_by, held[name].ended_at) for name in "abc"} == {("d", NOW + 1)}
    assert held["d"] == replace(part("d", 40), version=4)
    assert current(engine, until=31) == ["a", "b", "c"]
    assert current(engine, until=20) == ["a"]
    assert current(engine, until=10) == []


def test_each_lea_and_each_student_for_itself(engine: Engine) -> None:
    store(engine, part("a", 10), part("b", 20, lea="02"), part("c", 30, ssid=BEN))
    assert current(engine) == ["a", "b"]
    assert current(engine, BEN) == ["c"]
    assert {one.version for one in versions(engine).values()} == {1}


def test_an_older_one_that_comes_late_is_an_earlier_version(engine: Engine) -> None:
    store(engine, part("b", 20))
    store(engine, part("c", 10), part("d", 5, "add"))
    assert current(engine) == ["b"]
    held = versions(engine)
    assert (held["c"].version, held["c"].ended_by, held["d"].version, held["d"].ended_by) == (2, "b", 3, "b")
    assert current(engine, until=11) == ["c"]
    store(engine, part("e", 30))
    assert versions(engine)["e"].version == 4
    assert versions(engine)["c"].ended_by == "b"


def test_a_replacing_one_that_comes_late_leaves_what_was_added_after_it(engine: Engine) -> None:
    store(engine, part("a", 10), part("c", 30, "add"))
    store(engine, part("d", 20))
    assert current(engine) == ["d", "c"]
    assert versions(engine)["a"].ended_by == "d"


def test_of_one_time_the_later_one_counts(engine: Engine) -> None:
    store(engine, part("b", 10))
    store(engine, part("a", 10))
    assert current(engine) == ["b"]
    store(engine, part("c", 10))
    assert current(engine) == ["c"]


def test_a_packet_is_kept_once(engine: Engine) -> None:
    store(engine, part("a", 10))
    with pytest.raises(IntegrityError):
        store(engine, part("a", 20))
    assert current(engine) == ["a"]


def test_merged_numbers_are_one_student_and_can_be_parted_again(engine: Engine) -> None:
    store(engine, part("a", 10), part("b", 20, ssid=BEN), part("c", 30, ssid=BEN, lea="02"))
    with writing(engine) as connection:
        merges.merge(connection, ANA, BEN, "Jo", "one child", NOW, "2026-11-23", TRAVELS)
    assert current(engine) == current(engine, BEN) == ["b", "c"]
    store(engine, part("d", 40))
    assert current(engine, BEN) == ["d", "c"]
    with writing(engine) as connection:
        merges.unmerge(connection, ANA, BEN, "Jo", "two children", NOW, TRAVELS)
    assert current(engine) == ["d"]
    assert current(engine, BEN) == ["b", "c"]


ORDERS = st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.sampled_from(["01", "02"])), max_size=8)


@pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
@given(ORDERS, st.randoms(use_true_random=False), st.integers(1, 4))
@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_order_of_arrival_changes_nothing(
    engine: Engine, drawn: Sequence[tuple[int, bool, str]], random: Random, at_once: int
) -> None:
    parts = [
        part(f"{number:02}", at, "add" if is_added else "replace", lea=lea)
        for number, (at, is_added, lea) in enumerate(drawn)
    ]
    expected: dict[str, list[str]] = {}
    for one in sorted(parts, key=lambda each: each.order):
        mine = expected.setdefault(one.lea, [])
        if one.mode == "replace":
            mine.clear()
        mine.append(one.tracking)
    shuffled = list(parts)
    random.shuffle(shuffled)
    with engine.connect() as connection:  # nothing of it is kept
        for start in range(0, len(shuffled), at_once):
            backpacks.store(connection, shuffled[start : start + at_once], NOW)
        held = backpacks.versions(connection, ANA)
        found = [one.tracking for one in backpacks.current(connection, ANA)]
        connection.rollback()
    assert found == [name for lea in sorted(expected) for name in expected[lea]]
    assert found == [one.tracking for one in held if one.ended_at is None]
    for lea in expected:
        assert sorted(one.version for one in held if one.lea == lea) == list(
            range(1, sum(one.lea == lea for one in parts) + 1)
        )


def carrier(
    name: str, content: str, state: State = State.ROUTED, kind: str = PacketType.BACKPACK, receiver: str = "6G"
) -> PacketRow:
    return PacketRow(
        tracking=TrackingId(name),
        origin=LeaId("01"),
        source_name="",
        source_mark="",
        sha256=Sha256(content),
        size=10,
        received_at=0.0,
        state=state,
        type=kind,
        receiver=receiver,
        ssid=ANA,
    )


def test_what_is_on_the_way_already(engine: Engine) -> None:
    with writing(engine) as connection:
        rows = [
            carrier("1", "aa"),
            carrier("2", "aa"),
            carrier("3", "bb", receiver="02"),
            carrier("4", "cc", kind="student-record"),
            carrier("5", "dd", State.REFUSED),
        ]
        packets.born(connection, rows, [])
        found = backpacks.on_the_way(connection, "6G", ["aa", "bb", "cc", "dd"], KEPT)
        assert found == {("01", "aa"): "1"}
        assert backpacks.on_the_way(connection, "6G", [], KEPT) == {}


def test_the_list(engine: Engine) -> None:
    store(engine, part("a", 10), part("b", 20, lea="02"))
    store(engine, part("c", 5))
    with reading(engine) as connection:
        assert [one.tracking for one in backpacks.listing(connection)] == ["c", "b", "a"]
        assert [one.tracking for one in backpacks.listing(connection, "01", 1)] == ["c"]


@pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
def test_the_nightly_look_up_uses_the_index_of_what_is_current(engine: Engine) -> None:
    with reading(engine) as connection:
        asked = str(backpacks.standing_of([ANA]).compile(engine, compile_kwargs={"literal_binds": True}))
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}").all()]
    assert any("backpacks_current" in step for step in plan), plan
