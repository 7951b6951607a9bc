"""Whatever of the world fails, and at which operation: no sound packet is refused for it, and nobody is told falsely.

A packet that is to blame is stopped alone, and is `poison` at last.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from broker.core.errors import Deferred
from broker.core.flow import DEATHS
from broker.edge.ledger import epoch
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.packets import moves, packets
from broker.edge.ledger.people import registry
from broker.edge.pgp import openpgp
from broker.edge.vault import DirectoryVault
from broker.packets import batch
from broker.processes import sweeper
from broker.processes.part import Part
from broker.processes.sftp import LedgerHost
from broker.processes.watcher import Watcher, watch_turn
from broker.stages.sweep.day_change import DayChange
from broker.students import enroll
from tests.support import desk, postgres, sickness
from tests.support.exchange import wait_until
from tests.support.sick_world import NUMBERS, TIMES, A, B, check_delivered, opened, records, sicken, told_of
from tests.support.sickness import BUGS, LEDGER, OPERATIONS, WORLD, Post
from tests.support.world import World


@pytest.fixture(scope="module")
def quick() -> Iterator[World]:
    made = opened()
    yield made
    made.close()


@pytest.fixture(scope="module")
def branch() -> Iterator[World]:
    with postgres.server() as server:
        made = opened(server)
        yield made
        made.close()


SICK = [(operation, kind) for operation in OPERATIONS for kind in ("lost connection", "broken disk")]


SICK += [("write", kind) for kind in LEDGER] + [("vault", kind) for kind in WORLD]
MORE = [(operation, "deadlock") for operation in OPERATIONS] + [("look-up", kind) for kind in LEDGER]


MORE += [(operation, kind) for operation in ("inbox", "match") for kind in WORLD]
CASES = [
    *dict.fromkeys(SICK),
    *(pytest.param(*one, marks=pytest.mark.long) for one in dict.fromkeys(MORE) if one not in SICK),
]


@pytest.mark.parametrize(("operation", "kind"), CASES)
def test_a_sound_packet_is_delivered_when_the_world_is_well_again(quick: World, operation: str, kind: str) -> None:
    sicken(quick, operation, kind)


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one != "publish"])
def test_on_postgresql_the_same_holds(branch: World, operation: str) -> None:
    sicken(branch, operation, "lost connection")


def test_the_watch_over_the_order_of_locks_sees_who_is_late(branch: World) -> None:
    with writing(branch.services.engine) as connection:
        epoch.settle(connection)
        with pytest.raises(AssertionError, match="students is locked after"):
            registry.lock(connection)


@pytest.mark.parametrize("kind", ["lost connection", "deadlock"])
def test_a_commit_that_fails_is_nobodys(quick: World, kind: str) -> None:
    trackings = records(quick)
    with sickness.broken_commits(quick, LEDGER[kind], TIMES) as raised:
        Post(quick).rest()
    assert len(raised) == TIMES
    check_delivered(quick, trackings)


@pytest.mark.parametrize("kind", ["lost connection", "broken disk", "damaged bytes", "no memory"])
def test_what_fails_for_one_packet_does_not_count_for_the_others(quick: World, kind: str) -> None:
    first, *others = records(quick)
    one = quick.row(first)
    with sickness.raising(DirectoryVault, "read", (LEDGER | WORLD)[kind], 10_000, only=one.sha256):
        post = Post(quick)
        for _ in range(2 * TIMES):
            post.message(batch.Stage.ADMIT, quick.ready(batch.Stage.ADMIT))
            quick.ahead_of_retries()
        row = quick.row(first)
        assert (row.state, row.attempts, row.deferrals > DEATHS) == ("RECEIVED", 0, True)
        assert len(told_of(quick)) <= (1 if kind in WORLD else 2 * TIMES)
        if kind in WORLD:
            assert {quick.row(other).state for other in others} == {"DELIVERED"}
    post.rest()
    check_delivered(quick, [first, *others])


def test_an_enrollment_is_carried_out_once_whatever_broke_off_the_first_attempts(quick: World) -> None:
    for raised in (LEDGER["lost connection"], LEDGER["deadlock"], WORLD["broken disk"]):
        child = desk.child("Ana", f"Reyes{chr(65 + next(NUMBERS))}", "2012-03-04")
        tracking = quick.drop(A, desk.enrollment(A, child, date=quick.day(-90)))
        answers = len(quick.notices(A, "ssid"))
        with sickness.raising(enroll, "settle", raised, TIMES):
            Post(quick).rest()
        row = quick.row(tracking)
        assert (row.state, row.attempts) == ("APPLIED", 0)
        assert len(quick.notices(A, "ssid")) == answers + 1


@pytest.mark.parametrize("kind", BUGS)
def test_a_bug_stops_its_packet_alone_and_is_poison_in_the_end(quick: World, kind: str) -> None:
    first, *others = records(quick)
    real, sick = openpgp.open_packet, quick.services.vault.read(quick.row(first).sha256)

    def open_packet(sealed: bytes, *args: Any) -> Any:
        if sealed == sick:
            raise BUGS[kind]()
        return real(sealed, *args)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(openpgp, "open_packet", open_packet)
        Post(quick).rest()
    quick.collect(B)
    assert (quick.row(first).state, quick.row(first).code) == ("REFUSED", "poison")
    assert {quick.row(other).state for other in others} == {"COLLECTED"}
    assert told_of(quick) == []


def test_what_is_owed_outlives_the_process(quick: World) -> None:
    """The database is away until the process ends: the next one gives back, uncounted, what the first had claimed."""
    trackings = records(quick)
    post = Post(quick)
    for _ in range(TIMES):
        with (
            sickness.raising(moves, "advance", WORLD["broken disk"], 1),
            sickness.raising(packets, "claimed_by", LEDGER["lost connection"], 1),
        ):
            post.message(batch.Stage.ADMIT, quick.ready(batch.Stage.ADMIT))
        quick.ahead_of_retries()
    assert post.ended == TIMES
    assert {quick.row(one).attempts for one in trackings} == {0}
    post.rest()
    check_delivered(quick, trackings)


def test_the_ledger_has_no_claim_left(quick: World) -> None:
    with reading(quick.services.engine) as connection:
        assert packets.claimed_by(connection, quick.services.worker) == []


# the other parts


def living(world: World, name: str) -> Part:
    """A part that waits for nothing."""
    part = Part(world.services.home.run, name)
    part.stop.set()
    return part


def test_a_duty_that_fails_is_told_once_and_tried_again(quick: World) -> None:
    part, done = living(quick, "sweeper"), list[int]()
    quick.log.lines.clear()

    def work() -> int:
        done.append(1)
        if len(done) <= TIMES:
            raise LEDGER["lost connection"]()
        return 1

    assert [sweeper._guarded(quick.services, part, "receipts", work) for _ in range(TIMES + 2)] == [
        *[False] * TIMES,
        *[True] * 2,
    ]
    assert [line[1] for line in quick.log.lines] == ["trouble", "trouble is over"]
    assert not part.failed


def test_a_conflict_of_a_duty_is_nothing_to_tell(quick: World) -> None:
    done: list[int] = []
    quick.log.lines.clear()

    def work() -> int:
        done.append(1)
        if len(done) == 1:
            raise LEDGER["deadlock"]()
        return 1

    assert sweeper._guarded(quick.services, living(quick, "sweeper"), "receipts", work)
    assert quick.log.lines == []


@pytest.mark.parametrize("kind", ["lost connection", "ended transaction", "broken disk"])
def test_a_day_that_was_broken_off_is_begun_again(quick: World, kind: str) -> None:
    day_change, looked = DayChange(quick.services), list[int]()
    with sickness.raising(registry, "turned_between", (LEDGER | WORLD)[kind], 1) as raised:
        day_change.look()  # the day is begun, and nothing of it is done yet
        with pytest.raises(type(raised[0]) if raised else Exception):
            day_change.look()
    real = registry.turned_between
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(registry, "turned_between", lambda *args, **more: looked.append(1) or real(*args, **more))
        day_change.look()
        day_change.look()
    assert looked == [1]


@pytest.mark.parametrize("kind", ["lost connection", "aborted transaction", "ended transaction", "deadlock"])
def test_the_watcher_waits_for_a_sick_ledger_and_takes_every_file_once(quick: World, kind: str) -> None:
    quick.log.lines.clear()
    child = desk.child("Bo", f"Zander{chr(65 + next(NUMBERS))}", "2012-03-04")
    key = openpgp.load_secret(quick.leas[A].secret)
    document = json.dumps(desk.enrollment(A, child, date=quick.day(-90))).encode()
    name = f"sick-{next(NUMBERS)}.pgp"
    quick.exchange.drop(A, name, openpgp.seal(document, key, [quick.exchange.certificate]))
    watcher, part = Watcher(quick.services), living(quick, "watcher")
    watcher.start()
    with sickness.raising(packets, "born", LEDGER[kind], TIMES) as raised:
        wait_until(lambda: look(quick, watcher, part) and len(raised) == TIMES and is_taken(quick, name), "the file")
    watcher.stop()
    assert not part.failed
    rows = [row for row in quick.rows().values() if row.source_name == name]
    assert [row.state for row in rows] == ["RECEIVED"]
    told = [line[1] for line in quick.log.lines if line[0] in ("error", "warning")]
    assert told == ([] if kind == "deadlock" else ["trouble", "trouble is over"])
    Post(quick).rest()


def look(world: World, watcher: Watcher, part: Part) -> bool:
    watch_turn(world.services, watcher, part)
    return True


def is_taken(world: World, name: str) -> bool:
    return not (world.exchange.folder(A, "outbox") / name).exists()


@pytest.mark.parametrize("kind", ["lost connection", "aborted transaction", "ended transaction"])
def test_a_reader_is_told_to_try_again_and_the_packet_is_collected_once(quick: World, kind: str) -> None:
    trackings = records(quick)
    Post(quick).rest()
    host, name = LedgerHost(quick.services), f"{trackings[0]}.student-record.pgp"
    for ask in (lambda: host.read_whole(B, name), lambda: host.collected(B, name, "sftp-read")):
        with sickness.raising(packets, "get", LEDGER[kind], 2):
            for _ in range(2):
                with pytest.raises(Deferred):
                    ask()
        assert quick.row(trackings[0]).state == "DELIVERED"
        ask()
    assert [quick.row(one).state for one in trackings] == ["COLLECTED", "DELIVERED", "DELIVERED"]
    quick.collect(B)
