"""Whatever of the world fails, and at which operation: no sound packet is refused for it, and nobody is told falsely.

A packet that is to blame is stopped alone, and is `poison` at last.
"""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from broker.core.flow import DEATHS
from broker.edge import openpgp
from broker.edge.ledger import moves, packets
from broker.edge.ledger.engine import reading
from broker.edge.vault import DirectoryVault
from broker.stages import batch, students, sweep
from tests.support import desk, postgres, sickness
from tests.support.sickness import BEHIND, BUGS, LEDGER, OPERATIONS, WORLD, Post
from tests.support.world import World

A, B = "01", "6G"
TIMES = DEATHS + 1
MATES = 3
NUMBERS = count()


def opened(server: str = "") -> World:
    """An office where MATES students have gone from A to B."""
    made = World(dict.fromkeys((A, B), "district"), server)
    made.students = desk.children(MATES, 900)  # type: ignore[attr-defined]
    for lea, day in ((A, -90), (B, -10)):
        made.drop(lea, desk.enrollment(lea, *made.students, date=made.day(day)))  # type: ignore[attr-defined]
        made.rest(lambda: None)
    return made


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


def records(world: World) -> list[str]:
    """A record of each student, from A; each is another document."""
    world.log.lines.clear()
    world.services.troubles.__init__()  # type: ignore[misc]  # each sickness is a new one
    return [world.drop(A, desk.record(A, one)) for one in world.students]  # type: ignore[attr-defined]


def told_of(world: World) -> list[dict[str, Any]]:
    """What the operator is told."""
    return [facts for level, event, facts in world.log.lines if (level, event) == ("error", "trouble")]


def check_delivered(world: World, trackings: list[str]) -> None:
    """Delivered once, never refused, nothing counted."""
    rows = [world.row(one) for one in trackings]
    assert {(row.state, row.code, row.attempts, row.receiver) for row in rows} == {("DELIVERED", "", 0, B)}
    shown = [path.name for path in world.files(B)]
    assert all(sum(name.startswith(one) for name in shown) == 1 for one in trackings)
    while sweep.publish_receipts(world.services):
        pass
    for lea in (A, B):
        said = [one for one in world.exchange.receipts(lea) if one["tracking"] in trackings]
        assert {one["state"] for one in said} <= {"RECEIVED", "ADMITTED", "DELIVERED"}
    world.collect(B)
    assert not [line for line in world.log.lines if line[1] in ("bug", "batch failed")]


SICK = [(operation, kind) for operation in OPERATIONS for kind in ("lost connection", "deadlock", "broken disk")]
SICK += [("look-up", kind) for kind in LEDGER] + [("write", kind) for kind in LEDGER]
SICK += [(operation, kind) for operation in ("vault", "inbox", "match") for kind in WORLD]


def sicken(world: World, operation: str, kind: str) -> None:
    trackings = records(world)
    with sickness.raising(*OPERATIONS[operation], (LEDGER | WORLD)[kind], TIMES) as raised:
        Post(world).rest()
    assert len(raised) in (range(1, TIMES + 1) if operation in BEHIND else (TIMES,))
    check_delivered(world, trackings)
    told = told_of(world)
    assert len(told) <= TIMES
    assert not {str(value) for facts in told for value in facts.values()} & {"text"}


@pytest.mark.parametrize(("operation", "kind"), list(dict.fromkeys(SICK)))
def test_a_sound_packet_is_delivered_when_the_world_is_well_again(quick: World, operation: str, kind: str) -> None:
    sicken(quick, operation, kind)


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one != "publish"])
def test_on_postgresql_the_same_holds(branch: World, operation: str) -> None:
    sicken(branch, operation, "lost connection")


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
        with sickness.raising(students, "settle", raised, TIMES):
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
