"""What an LEA plants in its own folders, where the exchange looks for files of its own, and what it puts there in
numbers: another LEA's drops, receipts and collections go on, and so do the parts."""

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from broker.core.errors import Deferred
from broker.core.model import LeaId, State
from broker.core.receipt import file_name
from broker.edge.home.apart_folders import write_all_receipts
from broker.edge.home.folders import Missing, write_receipts
from broker.edge.home.outbox import Outboxes
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.log import disclosures as log
from broker.flags import missing as missing_children
from broker.processes.sweeper import InboxDuty
from broker.processes.watcher import Watcher
from broker.stages.sweep.receipts import publish_receipts
from broker.stages.sweep.resumed import resume_unflagged
from tests.support import desk, documents, transactions
from tests.support.office import Office
from tests.support.tools import missing, require_root

A, B = "01", "02"  # A comes first in every round
TOKEN, TRACKING = "0123456789abcdef", "018f0000-0000-7000-8000-000000000001"
MIB = 1 << 20


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path, A, B)
    yield made
    made.services.engine.dispose()


def delivered(office: Office, lea: str, first: int) -> str:
    """A record that lies in this LEA's inbox, from the other one; its tracking id."""
    other = A if lea == B else B
    (child,) = desk.children(1, first)
    for there, day in ((other, "2026-08-17"), (lea, "2026-11-20")):
        office.enroll(there, child, date=day)
    row = office.send(other, desk.record(other, child))
    assert (row.state, row.receiver) == ("DELIVERED", lea)
    return row.tracking


def test_a_folder_with_the_name_of_a_hidden_delivery_keeps_nobody_from_being_collected(office: Office) -> None:
    own, others = delivered(office, A, 0), delivered(office, B, 1)
    for name in (f".{TRACKING}.{TOKEN}.tmp", f".{own}.{TOKEN}.tmp", f"{TRACKING}.transcript.pgp"):
        (office.exchange.folder(A, "inbox") / name).mkdir()
        (office.exchange.folder(A, "inbox") / name / "x").write_text("")
    for lea in (A, B):
        for path in office.exchange.inbox(lea):
            if path.is_file():
                path.unlink()
    InboxDuty(office.services).look()
    assert [office.row(one).state for one in (own, others)] == ["COLLECTED"] * 2


def test_a_folder_in_the_place_of_a_receipt_keeps_nobody_else_from_receipts(office: Office) -> None:
    while publish_receipts(office.services):
        pass
    trackings = {lea: office.drop(lea, desk.enrollment(lea, *desk.children(1))) for lea in (A, B)}
    planted = office.exchange.folder(A, "receipts") / file_name(trackings[A], 1, State.RECEIVED)
    planted.mkdir()
    (planted / "x").write_text("")
    assert publish_receipts(office.services) == 1
    assert (office.exchange.folder(B, "receipts") / file_name(trackings[B], 1, State.RECEIVED)).is_file()
    (planted / "x").unlink()
    planted.rmdir()
    assert publish_receipts(office.services) == 1
    assert planted.is_file()


def test_a_folder_in_the_place_of_the_exchanges_own_files_is_the_leas_trouble(office: Office) -> None:
    services, top = office.services, office.exchange.folder(A, "inbox").parent
    for name in ("README.txt", "OUTBOX-WAITS.txt"):
        (top / name).unlink(missing_ok=True)
        (top / name).mkdir()
    with pytest.raises(Missing):
        services.home.write_readme(LeaId(A), "text")
    for text in ("text", ""):
        with pytest.raises(Missing):
            services.outboxes.tell(LeaId(A), "OUTBOX-WAITS.txt", text)


def test_what_stands_in_the_way_of_a_recovered_file_does_not_stop_intake(office: Office) -> None:
    box = office.exchange.folder(A, "outbox")
    for name in (f".{TOKEN}.taken", f"recovered-{TOKEN}"):
        (box / name).write_bytes(b"no packet, " + name.encode())
    (box / ".fedcba9876543210.taken").mkdir()
    office.exchange.drop(B, "b.pgp", b"no packet")
    watcher = Watcher(office.services)
    watcher.start()
    try:
        for _ in range(60):
            watcher.turn()
            if not list(box.iterdir()) and not list(office.exchange.folder(B, "outbox").iterdir()):
                break
    finally:
        watcher.stop()
    assert list(box.iterdir()) == []
    assert list(office.exchange.folder(B, "outbox").iterdir()) == []


@pytest.fixture
def full(office: Office) -> Iterator[Path]:
    """The receipts of A lie on a small disk of their own, which is full."""
    require_root("mounts a file system")
    folder = office.exchange.folder(A, "receipts")
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "small", str(folder)], check=False).returncode:
        missing("no tmpfs can be mounted here")
    (folder / "filler").write_bytes(bytes(64 * 1024))
    yield folder
    office.services.apart.close()
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_an_lea_whose_own_disk_is_full_keeps_nobody_else_from_receipts(office: Office, full: Path) -> None:
    home, name = office.services.home, f"{TRACKING}.1.RECEIVED.json.asc"
    papers = [(LeaId(lea), name, "x" * 4096) for lea in (A, B)]
    assert office.services.apart.is_apart(LeaId(A))
    for write in (write_receipts, lambda home, papers: write_all_receipts(home, office.services.apart, papers)):
        assert write(home, papers) == [A]
        (office.exchange.folder(B, "receipts") / name).unlink()
    with pytest.raises(Deferred):
        write_receipts(home, papers[:1])  # nobody's could be written: that is the operator's trouble
    (full / "filler").unlink()
    assert write_all_receipts(home, office.services.apart, papers) == []


def test_a_turn_of_the_watcher_takes_so_many_bytes_of_one_lea(office: Office) -> None:
    for number in range(12):
        office.exchange.drop(A, f"{number}.pgp", b"no packet %d" % number + bytes(8 * MIB) + b"\x01")
    office.exchange.drop(B, "b.pgp", b"no packet")
    watcher = Watcher(office.services)
    one = watcher._begin(LeaId(A))
    sizes = []
    for found in [*office.services.outboxes.scan(LeaId(A))]:
        one.closed.add(found.name)
    while not one.is_over:
        ready, _ = watcher._picker.some(one)
        sizes.append(sum(found.size for found in ready))
    assert sum(sizes) > 12 * 8 * MIB
    assert max(sizes) < 41 * MIB
    assert len(sizes) >= 3
    one.items.close()


def test_a_turn_of_the_watcher_ends_among_very_many_unfinished_files(office: Office) -> None:
    box = office.exchange.folder(A, "outbox")
    batch = office.services.settings.intake.batch
    for number in range(32 * batch * 2 + 10):
        (box / f".{number}").touch()
    watcher = Watcher(office.services)
    one = watcher._begin(LeaId(A))
    turns = 0
    while not one.is_over:
        watcher._picker.some(one)
        turns += 1
    assert turns == 3
    assert list(Outboxes(office.services.home, office.services.settings.limits).scan(LeaId(A))) == []


def test_a_flag_is_lifted_in_one_short_transaction_whatever_is_held(office: Office) -> None:
    (child,) = desk.children(1, 5)
    ssid = office.enroll(A, child, date="2026-08-17")[0]["ssid"]
    who = ("Kim of the state", "she is home")
    costs = []
    for many in (60, 120):
        with writing(office.services.engine) as connection:
            missing_children.put(office.services, connection, ssid, *who)
        held = [office.drop(A, desk.record(A, child)) for _ in range(many)]
        office.work()
        assert {office.row(one).held_for for one in held} == {"blocked"}
        with transactions.counted(office.services.engine) as done, writing(office.services.engine) as connection:
            assert len(missing_children.lift(office.services, connection, ssid, *who).resumed) >= many
        costs.append(max(one.written for one in done))
        resume_unflagged(office.services)
        assert {office.row(one).held_for for one in held} == {""}
        office.work()
    assert costs[1] <= costs[0]


def test_a_look_for_what_the_state_holds_no_more_costs_the_same_however_much_it_holds(office: Office) -> None:
    (child,) = desk.children(1, 5)
    ssid = office.enroll(A, child, date="2026-08-17")[0]["ssid"]
    with writing(office.services.engine) as connection:
        missing_children.put(office.services, connection, ssid, "Kim of the state", "the police")
    costs = []
    for _ in range(2):
        for _ in range(20):
            office.drop(A, desk.record(A, child))
        office.work()
        with transactions.counted(office.services.engine) as done:
            resume_unflagged(office.services)
        costs.append(sum(one.statements for one in done))
    assert costs[1] <= costs[0]


def test_who_asks_beyond_the_bounds_adds_nothing_to_a_childs_list(office: Office) -> None:
    """An LEA that never had the child, and one that has it; that they asked so often is in the log all the same."""
    child, own = desk.children(2, 7)
    number = office.enroll(A, child, date="2026-08-17")[0]["ssid"]
    other = office.enroll(B, own, date="2026-08-17")[0]["ssid"]
    harvest = replace(office.services.settings.harvest, requests_per_day=12, guesses_per_day=4)
    office.services = replace(office.services, settings=replace(office.services.settings, harvest=harvest))

    def asks(block: dict[str, Any]) -> str:
        return office.send(B, documents.record_request(**{"from": B, "student": block, "want": "backpack"})).code

    codes = [asks(child | {"ssid": number, "local_id": f"B-{n}"}) for n in range(9)]
    codes += [asks(child | {"local_id": f"B-{n}"}) for n in range(9, 12)]
    assert codes == ["not-your-student"] * 4 + ["too-many-guesses"] * 8
    assert [asks(own | {"ssid": other}) for _ in range(3)] == ["too-many-requests"] * 3
    with reading(office.services.engine) as connection:
        lines = [one for one in log.all_of(connection) if one.action == "request-record"]
        assert len(lines) == 15
        assert [len([one for one in lines if one.ssid == ssid]) for ssid in (number, other)] == [4, 0]


def test_to_and_fro_a_receiver_says_of_one_packet_what_it_likes_a_bounded_number_of_times(office: Office) -> None:
    tracking = delivered(office, B, 0)
    most = office.services.settings.told.statements
    for number in range(most + 3):
        is_rejected = number % 2 == 0
        said = {"status": "rejected", "code": "cannot-read"} if is_rejected else {"status": "received"}
        row = office.send(B, documents.acknowledgement(**{"from": B, "tracking": tracking, **said}))
        is_over = number >= most and is_rejected  # what was said last may be said again
        assert (row.state, row.code) == (("REFUSED", "said-too-often") if is_over else ("APPLIED", ""))
    receipts = office.row(tracking).receipts
    office.send(B, documents.acknowledgement(**{"from": B, "tracking": tracking, "status": "received"}))
    assert office.row(tracking).receipts == receipts
