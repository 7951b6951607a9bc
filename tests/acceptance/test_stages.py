"""What two processes at once, a crash or a broken disk must not do: the stages driven step by step, on a real home."""

import os
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from broker.core.errors import Deferred
from broker.core.flow import Stage
from broker.core.model import LeaId
from broker.core.routing import destination
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.packets import slices
from broker.packets import batch
from broker.packets import destination as receiver_or_hold
from broker.processes import worker
from broker.stages import admit, collect, deliver, route
from broker.stages.sweep import receipts
from broker.stages.sweep.deliveries import finish_deliveries
from broker.stages.sweep.receipts import publish_receipts
from tests.bench import load
from tests.support import documents
from tests.support.tools import missing, require_root
from tests.support.two_at_once import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.services.engine.dispose()


def line(event: str = "entry", day: str = "2026-08-17", **student: Any) -> dict[str, Any]:
    block = documents.student() | {"ssid": None} | student
    return {"student": block, "school": "704", "event": event, "date": day, "code": ""}


def enrollment(lea: load.Lea, *lines: dict[str, Any]) -> dict[str, Any]:
    return documents.enrollment() | {"from": lea.id, "students": list(lines)}


def record() -> dict[str, Any]:
    whole = documents.record()
    del whole["to"], whole["student"]["ssid"]
    return whole


def test_readers_do_not_wait_for_a_writer_nor_it_for_them(world: World) -> None:
    with writing(world.services.engine) as connection:
        connection.execute(text("UPDATE parties SET name = 'other' WHERE id = '01'"))
        with reading(world.services.engine) as other:
            assert other.execute(text("SELECT name FROM parties WHERE id = '01'")).scalar() == "LEA 01"
    with reading(world.services.engine) as connection:
        connection.execute(text("SELECT 1"))
        began = time.monotonic()
        thread = threading.Thread(target=lambda: world.drop(world.sender, "x", record()))
        thread.start()
        thread.join(20)
        assert not thread.is_alive()
        assert time.monotonic() - began < 20


def test_a_transaction_within_a_transaction_is_a_bug_and_no_deadlock(world: World) -> None:
    with (
        writing(world.services.engine),
        pytest.raises(RuntimeError, match="transaction within a transaction"),
        writing(world.services.engine),
    ):
        pass


def enrolled(world: World) -> None:
    """The student came from the sender's to the receiver's, and to begin with from the other's."""
    for number, lea in enumerate((world.other, world.sender, world.receiver)):
        world.drop(lea, "e", enrollment(lea, line(day=f"{2024 + number}-08-17")))
        world.work()


def records(world: World, lea: load.Lea) -> int:
    """How many records stand in an inbox."""
    return len([path for path in world.exchange.inbox(lea.id) if ".student-record." in path.name])


def test_a_student_who_enrolls_while_the_record_is_being_held_does_not_wait_for_ever(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.drop(world.sender, "e1", enrollment(world.sender, line()))
    world.work()
    tracking = world.drop(world.sender, "r", record())
    world.work(Stage.ADMIT)
    arrival = world.drop(world.receiver, "e2", enrollment(world.receiver, line(day="2026-11-20")))
    decide = destination

    def slow(facts: Any) -> Any:
        goal = decide(facts)
        monkeypatch.setattr(receiver_or_hold, "destination", decide)
        admit.run(world.services, [arrival])  # another worker, between the decision and its commit
        return goal

    monkeypatch.setattr(receiver_or_hold, "destination", slow)
    route.run(world.services, [tracking])
    assert world.state(tracking)[0] == "ADMITTED"
    with writing(world.services.engine) as connection:
        connection.execute(text("UPDATE packets SET due_at = 0"))
    route.run(world.services, [tracking])
    assert world.state(tracking) == ("ROUTED", "")


def test_a_packet_with_nothing_in_its_way_goes_through_in_one_round(world: World) -> None:
    enrolled(world)
    tracking = world.drop(world.sender, "r", record() | {"to": "6G"})
    batch.run(world.services, worker.RUNS[Stage.ADMIT], [tracking])
    assert world.state(tracking) == ("DELIVERED", "")
    assert world.steps(tracking) == ["RECEIVED", "ADMITTED", "ROUTED", "DELIVERED"]
    assert records(world, world.receiver) == 1


def test_a_packet_that_must_wait_stops_where_it_waits(world: World) -> None:
    world.drop(world.sender, "e", enrollment(world.sender, line()))
    world.work()
    tracking = world.drop(world.sender, "r", record())
    batch.run(world.services, worker.RUNS[Stage.ADMIT], [tracking])
    assert world.state(tracking) == ("HELD", "enrollment")
    assert world.steps(tracking) == ["RECEIVED", "ADMITTED", "HELD"]


def test_a_stage_that_fails_within_a_round_is_left_to_its_own_turn(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrolled(world)
    tracking = world.drop(world.sender, "r", record() | {"to": "6G"})

    def full(*_: Any) -> int:
        raise Deferred("the disk of an inbox is full")

    with monkeypatch.context() as patched:
        patched.setattr(world.services.inboxes, "stage_delivery", full)
        batch.run(world.services, worker.RUNS[Stage.ADMIT], [tracking])
        assert world.state(tracking) == ("ROUTED", "")
        deliver.run(world.services, [tracking])
    assert world.count("packets WHERE deferrals = 1") == 1
    with writing(world.services.engine) as connection:
        connection.execute(text("UPDATE packets SET due_at = 0"))
    deliver.run(world.services, [tracking])
    assert world.steps(tracking) == ["RECEIVED", "ADMITTED", "ROUTED", "DELIVERED"]


def test_an_acknowledgement_does_not_overtake_the_delivery(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker is killed behind the commit, before the file is in view; a quick program acknowledges the receipt."""
    enrolled(world)
    tracking = world.drop(world.sender, "r", record() | {"to": "6G"})
    world.work(Stage.ADMIT, Stage.ROUTE)
    monkeypatch.setattr(deliver, "PLAN", replace(deliver.PLAN, after=lambda *_: None))
    world.work()
    assert world.state(tracking)[0] == "DELIVERED"
    assert records(world, world.receiver) == 0
    said = documents.acknowledgement() | {"from": "6G", "tracking": tracking}
    answer = world.drop(world.receiver, "a", said)
    world.work()
    assert (world.state(answer)[0], world.state(tracking)[0]) == ("RECEIVED", "DELIVERED")
    finish_deliveries(world.services, LeaId("6G"))
    assert records(world, world.receiver) == 1
    with writing(world.services.engine) as connection:
        connection.execute(text("UPDATE packets SET due_at = 0"))
    admit.run(world.services, [answer])
    assert (world.state(answer)[0], world.state(tracking)[0]) == ("APPLIED", "COLLECTED")


def test_the_same_unsealed_bytes_of_two_senders_are_refused_to_both(world: World) -> None:
    one = world.drop_raw(world.sender, "x", b"in the clear")
    two = world.drop_raw(world.other, "x", b"in the clear")
    admit.run(world.services, [one])
    admit.run(world.services, [two])
    assert world.state(one) == world.state(two) == ("REFUSED", "not-openpgp")
    assert list(world.services.vault.names()) == []


def test_an_exit_of_somebody_unknown_makes_no_student(world: World) -> None:
    world.drop(world.sender, "e", enrollment(world.sender, line(), line("exit", birth_date="2013-03-03")))
    world.work()
    assert (world.count("students"), world.count("enrollments")) == (1, 1)


def test_an_entry_that_was_ended_by_mistake_on_its_day_can_be_made_again(world: World) -> None:
    for number, event in enumerate(("entry", "exit", "entry")):
        world.drop(world.sender, str(number), enrollment(world.sender, line(event)))
        world.work()
    with reading(world.services.engine) as connection:
        exits = [row[0] for row in connection.execute(text("SELECT exit_date FROM enrollments ORDER BY id"))]
    assert exits == ["2026-08-17", ""]


def test_one_missing_receipts_folder_keeps_nobody_else_waiting(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts, "_RECEIPTS_AT_ONCE", 5)
    folder = world.exchange.folder("01", "receipts")
    folder.rename(folder.with_name("away"))
    for number in range(8):
        world.drop_raw(world.sender, str(number), f"{number}".encode())
    world.drop_raw(world.other, "x", b"x")
    assert publish_receipts(world.services) == 1
    assert len(world.exchange.receipts("02")) == 1
    folder.with_name("away").rename(folder)
    while publish_receipts(world.services):
        pass
    assert len(world.exchange.receipts("01")) == 8


def test_many_taken_at_once_are_noticed_in_short_transactions(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    monkeypatch.setattr(collect, "_AT_ONCE", 2)
    monkeypatch.setattr(collect, "collect_in", lambda *_: seen.append(1))
    collect.run(world.services, "6G", ["a", "b", "c"], collect.REMOVED)
    assert len(seen) == 3


def test_a_full_disk_undoes_the_whole_transaction_and_blames_nobody(tmp_path: Path) -> None:
    """SQLite gives up the whole transaction then, not only the part of one packet or line."""
    require_root("a small file system of its own")
    small = tmp_path / "small"
    small.mkdir()
    if os.system(f"mount -t tmpfs -o size=12m tmpfs {small}"):  # noqa: S605
        missing("no tmpfs can be mounted here")
    try:
        world = World(small)
        limits = replace(world.services.settings.limits, transaction_ms=60_000)  # lines alone end a slice
        world.services = replace(world.services, settings=replace(world.services.settings, limits=limits))
        first = world.drop(world.sender, "a", enrollment(world.sender, line()))
        many = [
            line(legal_name={"first": f"G{n}", "middle": "", "last": f"F{n}", "suffix": ""}, local_id=str(n))
            for n in range(4000)
        ]
        second = world.drop(world.sender, "b", enrollment(world.sender, *many))
        free = shutil.disk_usage(small).free
        (small / "filler").write_bytes(bytes(max(0, free - 600_000)))
        # SQLite may have rolled back by itself, and the savepoint with it
        with pytest.raises(DBAPIError, match=r"full|no such savepoint"):
            admit.run(world.services, [first, second])
        assert (world.state(first)[0], world.state(second)[0]) == ("APPLIED", "RECEIVED")
        with reading(world.services.engine) as connection:
            answers = [one for part in slices.of(connection, second) for one in part.answers]
        assert len(answers) % world.services.settings.limits.lines_per_transaction == 0
        assert world.count("students") == 1 + sum(one["answer"] == "assigned" for one in answers)
        world.services.engine.dispose()
    finally:
        os.system(f"umount --lazy {small}")  # noqa: S605
