"""A student moves while a worker has the record in hand."""

from pathlib import Path

from broker.core.flow import Stage
from broker.edge.ledger.cases import transfers
from broker.edge.ledger.engine import reading, writing
from broker.identity import registrar
from broker.packets import batch
from broker.processes.worker import RUNS
from broker.stages import admit
from broker.transfers import cases
from handlers.registry import TRAVELS
from tests.support import desk
from tests.support.office import Office
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


def test_a_record_is_not_refused_for_a_number_that_was_parted_from_its_own_on_its_way(tmp_path: Path) -> None:
    office = Office(tmp_path, A, B, C)
    hers, twin = desk.child("Ana", "Reyes", "2012-03-04"), desk.child("Bo", "Zander", "2012-03-04")
    kept = str(office.enroll(A, hers, date="2026-08-17")[0]["ssid"])
    other = str(office.enroll(C, twin, date="2026-08-17")[0]["ssid"])
    model, now = office.services.model, office.services.clock()
    with writing(office.services.engine) as connection:
        today = office.services.today()
        registrar.merge(connection, model, kept, other, "x", "y", now.timestamp(), today, TRAVELS)
    record = office.drop(C, desk.record(C, twin))
    batch.run(office.services, [admit.PLAN], [record])
    assert office.row(record).ssid == kept
    with writing(office.services.engine) as connection:
        registrar.unmerge(connection, model, kept, other, "x", "y", now.timestamp(), TRAVELS)
    office.work()
    row = office.row(record)
    assert (row.state, row.held_for, row.ssid) == ("HELD", "enrollment", other)
    office.enroll(B, twin, date=today.day)
    assert (office.row(record).state, office.row(record).receiver) == ("DELIVERED", B)


def test_a_source_is_asked_when_a_later_record_that_lies_elsewhere_took_the_place_of_the_one_on_its_way(
    tmp_path: Path,
) -> None:
    office = Office(tmp_path, A, B, C)
    hers, twin = desk.child("Ana", "Reyes", "2012-03-04"), desk.child("Bo", "Zander", "2012-03-04")
    kept, other = (str(office.enroll(A, one, date="2026-08-17")[0]["ssid"]) for one in (hers, twin))
    earlier = office.send(A, desk.record(A, twin)).tracking  # waits: nobody else has enrolled this number
    office.enroll(B, hers, date="2026-10-05")
    assert office.send(A, desk.record(A, hers, to=B)).receiver == B
    with writing(office.services.engine) as connection:
        at, today = office.services.clock().timestamp(), office.services.today()
        registrar.merge(connection, office.services.model, kept, other, "x", "y", at, today, TRAVELS)
        cases.reconcile(office.services, connection, [kept])
    assert office.row(earlier).state == "ADMITTED"
    batch.run(office.services, [admit.PLAN], [office.drop(C, desk.enrollment(C, hers, date="2026-11-20"))])
    office.work()
    assert (office.row(earlier).state, office.row(earlier).code) == ("REFUSED", "replaced")
    with reading(office.services.engine) as connection:
        (case,) = [one for one in transfers.about(connection, kept) if (one.source, one.destination) == (A, C)]
    assert (case.state, bool(case.request)) == ("requested", True)
