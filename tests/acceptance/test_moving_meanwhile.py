"""A student moves while a worker has the record in hand."""

from broker.core.flow import Stage
from broker.stages import batch
from broker.worker import RUNS
from tests.support import desk
from tests.support.world import World

A, B, C = "01", "4A", "5B"


def test_a_record_does_not_wait_for_the_key_of_an_lea_that_the_student_has_left_meanwhile() -> None:
    world = World(dict.fromkeys((A, B, C), "district"))
    try:
        child = desk.children(1, 700)[0]
        for lea, day in ((A, -90), (B, -10)):
            world.seal_with(world.key(lea))
            world.drop(lea, desk.enrollment(lea, child, date=world.day(day)))
            world.rest(lambda: None)
        world.revoke(B, world.keys[B][0])
        record = world.drop(A, desk.record(A, child))
        batch.run(world.services, RUNS[Stage.ADMIT][:1], [record])

        def moves() -> None:
            """While the record is being routed, the student enrolls at a third LEA."""
            entry = world.drop(C, desk.enrollment(C, child, date=world.day(0)))
            batch.run(world.services, RUNS[Stage.ADMIT], [entry])

        world.round(RUNS[Stage.ROUTE], [record], moves)
        world.rest(lambda: None)
        row = world.row(record)
        assert (row.state, row.receiver) == ("DELIVERED", C), (row.state, row.held_for, row.receiver)
    finally:
        world.close()
