"""What of the world is made to fail, and what must hold when it is well again."""

from itertools import count
from typing import Any

from broker.core.flow import DEATHS
from broker.stages.sweep.receipts import publish_receipts
from tests.support import desk, sickness
from tests.support.sickness import BEHIND, LEDGER, OPERATIONS, WORLD, Post
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
    while publish_receipts(world.services):
        pass
    for lea in (A, B):
        said = [one for one in world.exchange.receipts(lea) if one["tracking"] in trackings]
        assert {one["state"] for one in said} <= {"RECEIVED", "ADMITTED", "DELIVERED"}
    world.collect(B)
    assert not [line for line in world.log.lines if line[1] in ("bug", "batch failed")]


def sicken(world: World, operation: str, kind: str) -> None:
    trackings = records(world)
    with sickness.raising(*OPERATIONS[operation], (LEDGER | WORLD)[kind], TIMES) as raised:
        Post(world).rest()
    assert len(raised) in (range(1, TIMES + 1) if operation in BEHIND else (TIMES,))
    check_delivered(world, trackings)
    told = told_of(world)
    assert len(told) <= TIMES
    assert not {str(value) for facts in told for value in facts.values()} & {"text"}
