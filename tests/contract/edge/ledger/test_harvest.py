"""Who asks for much and whom an LEA did not keep, over SQLite and PostgreSQL."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from broker.core.disclosure import Disclosure
from broker.core.model import LeaId, Party, PartyKind, Sha256, Ssid, State, TrackingId
from broker.core.stays import Location
from broker.core.transfer import Reason, TransferState
from broker.edge.ledger import tables
from broker.edge.ledger.cases import harvest, transfers
from broker.edge.ledger.cases.transfers import TransferRow
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.packets import packets
from broker.edge.ledger.packets.rows import EnrollmentRow, PacketRow
from broker.edge.ledger.parties import directory
from broker.edge.ledger.people import flags
from broker.edge.settings.values import Settings
from tests.support import accounts

A, B = LeaId("01"), LeaId("6G")
SETTINGS = Settings(Path("nowhere"))
NUMBERS = [Ssid(f"10000000{n}") for n in range(10, 20)]
NOW, DAY = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp(), 86_400.0
MONTH = NOW - 30 * DAY


@pytest.fixture
def engine(engine: Engine) -> Engine:
    person = {"first": "A", "middle": "", "last": "B", "suffix": "", "birth_date": "2012-03-04", "gender": ""}
    with writing(engine) as connection:
        for lea in (A, B):
            directory.add_party(connection, Party(lea, lea, PartyKind.DISTRICT), 0.0)
        # the last one was merged into the first
        rows = [{"ssid": one, "added_at": 0.0, "merged_into": ""} | person for one in NUMBERS]
        rows[-1]["merged_into"] = NUMBERS[0]
        connection.execute(insert(tables.students), rows)
    return engine


def tracking(at: float, n: int = 0) -> TrackingId:
    ms = f"{int(at * 1000):012x}"
    return TrackingId(f"{ms[:8]}-{ms[8:]}-7abc-9def-{n:012x}")


def line(at: float, n: int, ssid: str = "", **more: str) -> Disclosure:
    plain = {"action": "request-record", "outcome": "allowed", "party": B} | more
    return Disclosure(at=at, ssid=ssid, tracking=tracking(at, n), **plain)


def test_requests_are_counted_by_student_and_by_day(engine: Engine) -> None:
    ana, ben = NUMBERS[:2]
    lines = [
        line(NOW, 1, ana),
        line(NOW, 2, NUMBERS[-1], action="read-disclosures"),  # the same student
        line(NOW, 2, ana),  # and the same request: held first
        line(NOW, 3, ana, outcome="refused"),
        line(NOW, 4, ana, outcome="refused", ground="flagged"),
        line(NOW, 5, ana, party=A),
        line(NOW, 6, ana, action="receive-record"),
        line(NOW - DAY, 7, ana),
        line(NOW, 8, outcome="refused"),
    ]
    with writing(engine) as connection:
        disclosures.add(connection, lines)
    since = NOW - DAY / 2
    with reading(engine) as connection:
        asked = [harvest.requests_about(connection, lea, ssid, since) for lea in (A, B) for ssid in (ana, ben)]
        assert asked == [1, 0, 2, 0]
        for lea, begins, many in ((A, since, 1), (B, since, 4), (B, NOW - 2 * DAY, 5)):
            assert harvest.has_asked(connection, lea, begins, many)
            assert not harvest.has_asked(connection, lea, begins, many + 1)


def test_the_last_alert_is_of_that_lea_and_of_no_student(engine: Engine) -> None:
    with writing(engine) as connection:
        flags.alert(connection, "not-kept", "", B, "", NOW)
        flags.alert(connection, "not-kept", NUMBERS[0], A, "", NOW)
    with reading(engine) as connection:
        assert harvest.last_alert(connection, "not-kept", B) == NOW
        assert harvest.last_alert(connection, "not-kept", A) is None
        assert harvest.last_alert(connection, "late-entries", B) is None


def spot(ssid: Ssid, lea: LeaId, entry: str, last: str = "", by: str = "") -> EnrollmentRow:
    return EnrollmentRow(ssid, lea, "704", "", entry, last, "", "", by)


def test_students_who_were_not_kept(engine: Engine) -> None:
    day = "2026-11-20"
    ended: dict[str, Any] = {"state": TransferState.CANCELLED, "closed_at": NOW}
    with writing(engine) as connection:

        def case(n: int, at: float = NOW - DAY, **now: Any) -> int:
            row = transfers.add(connection, TransferRow(NUMBERS[n], A, B, day, at, "", TransferState.REQUESTED))
            transfers.change(connection, replace(row, **now), NOW, now.get("reason", ""))
            return row.id

        withdrawn = case(0, reason=Reason.WITHDRAWN, **ended)
        case(1, reason=Reason.MOVED_ON, **ended)
        case(2, at=MONTH - DAY, reason=Reason.WITHDRAWN, **ended)  # out of sight
        case(3, at=NOW - 25 * DAY, reason=Reason.LEFT, **ended)
        contested = case(4, state=TransferState.REFUSED, reason="still-enrolled")
        case(5, state=TransferState.REFUSED, reason="other")
        taken_back, stayed = case(6, state=TransferState.ANSWERED), case(7, state=TransferState.ANSWERED)
        merged = case(9, state=TransferState.ANSWERED)
        spots = [
            spot(NUMBERS[n], B, day, day) for n in (6, 7, 0)
        ]  # the merged one's location is under the other number
        for one in (*spots, spot(NUMBERS[7], B, day)):
            accounts.enter(connection, one)
    with reading(engine) as connection:
        found = harvest.lost(connection, MONTH, 20, "still-enrolled")
        assert [(one.transfer, one.is_contested) for one in found] == [
            (withdrawn, False),
            (contested, True),
            (taken_back, False),
            (merged, False),
        ]
        assert stayed not in [one.transfer for one in found]
        assert harvest.lost(connection, MONTH, 20, "still-enrolled", withdrawn, 1) == [found[1]]
        assert harvest.intakes(connection, MONTH) == {B: 8}


def test_entries_of_students_of_others(engine: Engine) -> None:
    early, late = tracking(MONTH - DAY), tracking(NOW)
    with writing(engine) as connection:
        born = [
            PacketRow(one, B, "", "", Sha256("0" * 64), 1, at, State.RECEIVED, updated_at=at)
            for one, at in ((early, MONTH - DAY), (late, NOW))
        ]
        packets.born(connection, born, [])
        spots = [
            spot(NUMBERS[0], A, "2026-08-17", by=early),
            spot(NUMBERS[0], B, "2026-08-01", by=late),
            spot(NUMBERS[1], B, "2026-08-01", by=late),  # nobody else's
            spot(NUMBERS[2], A, "2026-08-17", by=early),
            spot(NUMBERS[2], B, "2026-08-18", by=early),  # out of sight
        ]
        for one in spots:
            accounts.enter(connection, one)
    reported = SETTINGS.time.day(NOW)
    with reading(engine) as connection:
        (found,), none = harvest.entries(connection, SETTINGS, MONTH)
        own = Location(B, "2026-08-01", "", "704", reported_on="2026-08-01")
        assert (found.lea, found.reported, found.spot) == (B, reported, own)
        assert (found.others.had, none) == ({A}, None)
        (again,), after = harvest.entries(connection, SETTINGS, MONTH, limit=1)
        assert (again.spot, after is not None) == (found.spot, True)
        assert harvest.entries(connection, SETTINGS, MONTH, after or 0) == ([], None)
