"""Packets that cost the reader much: put aside, one at a time, and never at the cost of others."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from broker import wiring
from broker.core.lanes import BULK, COSTLY, EXPRESS
from broker.core.model import Sha256
from broker.edge.ledger.engine import reading
from broker.edge.ledger.packets import packets
from broker.edge.ledger.packets.rows import PacketRow
from broker.formats.opening import Read
from broker.formats.reader_beside import Beside
from broker.packets import opening
from broker.packets.round import RoundFacts
from broker.packets.services import Services
from broker.stages import admit
from broker.stages.sweep.standing import enqueue_costly
from tests.support import desk, hostile
from tests.support.office import Office

A, B = "01", "02"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path, A, B)
    yield made
    made.services.engine.dispose()


class Town:
    """An exchange whose worker, and whose worker for what is costly, have readers of their own, with these limits."""

    def __init__(self, office: Office, **limits: Any) -> None:
        chosen = office.services.settings
        self.office = office
        settings = replace(chosen, limits=replace(chosen.limits, **limits))
        self._readers = [wiring.reader(settings, is_patient=is_patient) for is_patient in (False, True)]
        self.usual, self.patient = (replace(office.services, settings=settings, reader=one) for one in self._readers)

    def close(self) -> None:
        for one in self._readers:
            one.warden.close()

    def admit(self, services: Services, *trackings: str) -> list[tuple[str, str, int, int]]:
        """Admit these; state, code, lane and attempts of each."""
        admit.run(services, trackings)
        rows = [self.office.row(one) for one in trackings]
        return [(row.state, row.code, row.lane, row.attempts) for row in rows]


@pytest.fixture
def town(office: Office) -> Iterator[Town]:
    made = Town(office, read_first_cpu_seconds=0.1, read_cpu_seconds=0.3)
    yield made
    made.close()


NAMES = hostile.DOCUMENTS["names with escaped colons"]


def test_a_costly_packet_is_put_aside_and_its_leas_others_go_behind(town: Town) -> None:
    drop = town.office.drop
    before = drop(A, desk.enrollment(A, *desk.children(1)))
    costly = drop(A, NAMES())
    behind = drop(A, desk.enrollment(A, *desk.children(1, 1)))
    other = drop(B, desk.enrollment(B, *desk.children(1, 2)))
    assert town.admit(town.usual, before, costly, behind, other) == [
        ("APPLIED", "", EXPRESS, 0),
        ("RECEIVED", "", COSTLY, 0),
        ("RECEIVED", "", BULK, 0),
        ("APPLIED", "", EXPRESS, 0),
    ]
    later = drop(A, desk.enrollment(A, *desk.children(1, 3)))  # came into the express lane meanwhile
    assert town.admit(town.usual, later) == [("RECEIVED", "", BULK, 0)]
    assert town.admit(town.usual, later, behind) == [("APPLIED", "", BULK, 0)] * 2
    assert town.admit(town.usual, costly) == [("RECEIVED", "", COSTLY, 0)]  # told of by mistake
    assert town.admit(town.patient, costly) == [("REFUSED", "too-costly", COSTLY, 0)]
    assert town.office.services.vault.has(Sha256(town.office.row(costly).sha256))
    with reading(town.office.services.engine) as connection:
        assert packets.with_costly(connection) == set()


@pytest.mark.long
def test_many_packets_that_are_each_within_the_bound_have_one_turn_together(office: Office) -> None:
    """The faults of a line are looked for one after the other, in Python: it costs much, and less than the bound."""
    town = Town(office, read_first_cpu_seconds=1.0)
    try:
        many = [
            office.drop(A, desk.enrollment(A, *desk.children(1), **{f"p{n}": 1 for n in range(300_000 + extra)}))
            for extra in range(20)
        ]
        other = office.drop(B, desk.enrollment(B, *desk.children(1, 2)))
        ended = town.admit(town.usual, *many, other)
        assert ended[-1] == ("APPLIED", "", EXPRESS, 0)
        left = [one for one in ended[:-1] if one == ("RECEIVED", "", BULK, 0)]
        assert len(left) > 4, ended
        assert {one[:2] for one in ended[:-1] if one not in left} == {("REFUSED", "schema")}
        while left:  # each further turn of the LEA works some more
            before = len(left)
            left = [one for one in town.admit(town.usual, *many) if one[0] == "RECEIVED"]
            assert len(left) < before
    finally:
        town.close()


def test_of_one_leas_documents_a_round_holds_so_much_at_once(office: Office) -> None:
    """Small when they are sealed, for what they say is said again and again; in the worker's memory twenty times it."""
    town = Town(office, read_first_cpu_seconds=30.0)
    try:
        name = {"first": "A" * 90, "last": "B" * 90}
        lines = [desk.children(1)[0] | {"aliases": [name] * 16, "local_id": str(n)} for n in range(1_000)]
        many = [office.drop(A, desk.enrollment(A, *lines)) for _ in range(8)]
        other = office.drop(B, desk.enrollment(B, *desk.children(1, 2)))
        assert max(office.row(one).size for one in many) < 200_000
        held = []
        kept = opening.opened

        def counted(services: Services, facts: RoundFacts, row: PacketRow) -> Read:
            found = kept(services, facts, row)
            held.append(found.cost.size)
            return found

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(admit, "opened", counted)
            ended = town.admit(town.usual, *many, other)
        assert ended[-1] == ("APPLIED", "", EXPRESS, 0)
        assert sum(held) < 16 << 20
        assert [one[2] for one in ended[:-1]].count(BULK) >= 4
    finally:
        town.close()


def test_what_is_costly_among_others_and_not_by_itself_goes_on(office: Office) -> None:
    town = Town(office, read_first_cpu_seconds=0.05)
    try:
        document = desk.enrollment(A, *desk.children(2), note="x")
        costly = office.drop(A, json.dumps(document | {f"p{n}": 1 for n in range(300_000)}).encode())
        assert town.admit(town.usual, costly) == [("RECEIVED", "", COSTLY, 0)]
        assert town.admit(town.patient, costly) == [("REFUSED", "schema", COSTLY, 0)]
    finally:
        town.close()


def test_a_large_packet_is_read_by_itself_and_is_like_any_other_afterwards(office: Office) -> None:
    town = Town(office, read_first_bytes=1024)
    try:
        large = office.drop(A, desk.enrollment(A, *desk.children(20)))
        assert office.row(large).size > 1024
        assert town.admit(town.usual, large) == [("RECEIVED", "", COSTLY, 0)]
        office.told.standing.clear()
        assert enqueue_costly(town.usual) == 1
        assert [tracking for _, tracking in office.told.standing] == [large]
        assert enqueue_costly(town.usual) == 0  # told, and not yet begun
        assert town.admit(town.patient, large) == [("APPLIED", "", BULK, 0)]
    finally:
        town.close()


def test_a_document_that_needs_too_much_memory_is_too_costly(office: Office) -> None:
    town = Town(office, read_memory_bytes=120_000_000, read_first_cpu_seconds=30.0)
    try:
        hungry = office.drop(A, NAMES())
        assert town.admit(town.usual, hungry) == [("RECEIVED", "", COSTLY, 0)]
        assert town.admit(town.patient, hungry) == [("REFUSED", "too-costly", COSTLY, 0)]
    finally:
        town.close()


def test_a_reader_that_dies_by_itself_counts_and_the_third_time_the_packet_is_set_aside(town: Town) -> None:
    """Killed from outside each time that it has begun, as by a machine that is out of memory."""
    tracking = town.office.drop(A, NAMES())
    patient = town.patient
    assert isinstance(patient.reader, Beside)
    warden = patient.reader.warden
    stop = threading.Event()

    def kill() -> None:
        while not stop.wait(0.005):
            for pid in warden.pids[1:]:
                try:
                    if sum(psutil.Process(pid).cpu_times()[:2]) > 0.05:
                        psutil.Process(pid).kill()
                except psutil.NoSuchProcess:
                    continue

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        for attempt in (1, 2, 3):
            assert town.admit(patient, tracking) == [("RECEIVED", "", EXPRESS, attempt)]
            town.office.ahead_of_retries()
        assert town.admit(patient, tracking) == [("REFUSED", "poison", EXPRESS, 0)]
    finally:
        stop.set()
        killer.join()
