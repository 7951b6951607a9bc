"""What has ended costs nothing: over a hundred thousand packets of earlier years, each statement of watcher, worker and
sweeper reads what lives, on both databases."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text

from broker.core.codes import NOT_KEPT
from broker.core.model import HeldFor, LeaId, PacketType, State
from broker.core.report import OWED
from broker.core.transfer import LIVE
from broker.edge.ledger.cases import backpacks, follow_ups, harvest, transfer_views, transfers
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.packets import acknowledgements, corrections, history, packets, views
from broker.edge.ledger.people import flags as flag_rows
from broker.edge.ledger.people import known, led_to, reviews
from broker.flags import missing
from broker.processes.sweeper import InboxDuty
from broker.stages.sweep.follow_ups import follow_up_some
from broker.stages.sweep.receipts import publish_receipts
from broker.stages.sweep.resumed import resume_for_keys, resume_unflagged
from broker.stages.sweep.standing import enqueue_standing
from handlers.registry import ANSWERS_CASE, KEPT, TRAVELS
from tests.support import costs, desk, documents, postgres
from tests.support.office import Office
from tests.support.scale import larger

A, B = "01", "6G"
NAME = "nightly.pgp"  # what A calls every file
MANY, SOME = larger(100_000, 1_000_000), 20_000
pytestmark = pytest.mark.grows
# steps of SQLite's machine, or pages of PostgreSQL: a look at all that has ended takes 300,000 steps, or 1,000 pages
MOST = {"sqlite": 10_000, "postgresql": 300}
TABLES = ("packets", "packet_ids", "events", "receipts", "transfers", "reviews", "flags", "alerts", "disclosures")
CHILDREN = iter(desk.children(100))


def numbered(table: str, many: int, **columns: str) -> str:
    """SQL for `many` rows; the columns are expressions in which `i` is the row's number and `t` that as text."""
    count = f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {many})"  # noqa: S608
    rows = "SELECT i, CAST(i AS TEXT) AS t, CAST(i % 20000 AS TEXT) AS s FROM n"
    values = f"SELECT {', '.join(columns.values())} FROM ({rows}) AS r"  # noqa: S608
    return f"INSERT INTO {table} ({', '.join(columns)}) {count} {values}"


def _texts(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, "''")


def _numbers(*names: str) -> dict[str, str]:
    return dict.fromkeys(names, "0")


OLD = "'00000000-' || t"
NEW = "'ffffffff-' || t"  # sorts behind all that has ended, as what is new does
STUDENT = "'OLD' || s"
HISTORY = (
    numbered(
        "students",
        SOME,
        **(_texts("first", "middle", "last", "suffix", "birth_date", "gender") | _numbers("added_at")),
        ssid=STUDENT,
    ),
    numbered(
        "packets",
        MANY,
        **_texts("addressed_to", "signer", "held_for", "code", "duplicate_of", "claim"),
        **_numbers("lane", "receipts", "attempts", "deferrals", "claim_until", "due_at", "enqueued_at", "updated_at"),
        **_numbers("size", "received_at"),
        source_mark="t",
        tracking=OLD,
        origin=f"'{A}'",
        receiver=f"'{B}'",
        source_name=f"'{NAME}'",
        sha256="CASE i % 10 WHEN 2 THEN 'again' ELSE 'old' || t END",
        state="CASE i % 10 WHEN 0 THEN 'REFUSED' WHEN 1 THEN 'APPLIED' WHEN 2 THEN 'DUPLICATE' ELSE 'COLLECTED' END",
        type="'student-record.v1'",
        packet_id="'old' || t",
        ssid=STUDENT,
        identity="'match'",
    ),
    numbered("packet_ids", MANY, origin=f"'{A}'", packet_id="'old' || t", tracking=OLD, digest="''"),
    numbered("events", MANY, tracking=OLD, at="0", before="''", after="'RECEIVED'", why="''"),
    numbered("publications", 30, tracking=NEW, n="1"),
    numbered("receipts", 30, tracking=NEW, n="1", state="'RECEIVED'", party=f"'{A}'", at="0", text="'signed'"),
    numbered("receipts", MANY, tracking=OLD, n="1", state="'RECEIVED'", party=f"'{A}'", at="0", text="'signed'"),
    numbered(
        "transfers",
        MANY,
        **_texts("cause", "entered_on"),
        ssid=STUDENT,
        source=f"'{A}'",
        destination=f"'{B}'",
        opened_at="0",
        state="'closed'",
        due_on="'2020-01-01'",
        request="'request' || t",
        answer=OLD,
    ),
    numbered(
        "reviews", MANY, tracking=OLD, line="1", lea=f"'{A}'", candidates="'[]'", opened_at="i", closed_at="i + 1"
    ),
    numbered("flags", SOME, **_texts("set_by", "set_why"), ssid=STUDENT, set_at="0", lifted_at="1"),
    numbered("alerts", SOME, kind="'exit'", lea=f"'{A}'", tracking=OLD, ssid=STUDENT, at="0", seen_at="1"),
    numbered(
        "disclosures",
        MANY,
        **_texts("action", "outcome", "party", "actor", "source", "what", "ground", "purpose"),
        at="0",
        ssid=STUDENT,
        tracking=OLD,
    ),
)
_BORN = ("packets_born", "transfers_born")


def remember_years(engine: Engine) -> None:
    """Enter rows as years leave them; the triggers that let only new ones in look away meanwhile."""
    with writing(engine) as connection:
        is_sqlite = engine.dialect.name == "sqlite"
        kept = []
        if is_sqlite:
            named = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            kept = [row for row in connection.execute(named) if row.name in _BORN]
            for row in kept:
                connection.exec_driver_sql(f"DROP TRIGGER {row.name}")
        else:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        for statement in HISTORY:
            connection.exec_driver_sql(statement.replace("%", "%" if is_sqlite else "%%"))
        for row in kept:
            connection.exec_driver_sql(row.sql)
    if not is_sqlite:
        with reading(engine) as connection:
            connection.exec_driver_sql("ANALYZE")  # as its own housekeeping does


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder: Path = tmp_path_factory.mktemp(request.param)
    if request.param == "sqlite":
        made = Office(folder, A, B)
        remember_years(made.services.engine)
        yield made
        made.services.engine.dispose()
    else:
        with postgres.server() as url:
            made = Office(folder, A, B, ledger_url=url)
            remember_years(made.services.engine)
            yield made
            made.services.engine.dispose()


def most(office: Office) -> int:
    return MOST[office.services.engine.dialect.name]


def a_day(office: Office) -> None:
    """A child moves and its record follows; a record waits for its child; one file comes twice, one is refused."""
    mover, stranger = next(CHILDREN), next(CHILDREN)
    for lea, day in ((A, "2026-08-17"), (B, "2026-11-20")):
        assert office.send(lea, desk.enrollment(lea, mover, date=day)).state == "APPLIED"
    record = desk.record(A, mover)
    tracking = office.drop(A, record, name=NAME)
    office.work()
    sent = office.row(tracking)
    assert sent.state == "DELIVERED", sent.code
    assert office.send(A, record).state == "DUPLICATE"
    assert office.send(A, record | {"courses": []}).state == "REFUSED"
    office.send(A, desk.record(A, stranger))
    office.ahead_of_retries()
    office.send(B, documents.acknowledgement(**{"from": B, "tracking": sent.tracking}))
    office.collect(B)
    assert office.row(sent.tracking).state == "COLLECTED"


def rounds_of_the_sweeper(office: Office) -> None:
    services = office.services
    publish_receipts(services)
    follow_up_some(services)
    enqueue_standing(services)
    InboxDuty(services).look()
    resume_for_keys(services)
    resume_unflagged(services)
    missing.hold_what_came_late(services)


def test_a_day_of_the_exchange_reads_nothing_that_has_ended(office: Office) -> None:
    with costs.counted(office.services.engine, TABLES) as found:
        a_day(office)
        rounds_of_the_sweeper(office)
    assert len(found.most) > 60  # statements that differ
    assert found.above(most(office)) == {}


def listing_of(choice: transfer_views.Choice) -> Callable[[Connection], object]:
    return lambda connection: transfer_views.page(connection, choice)


ASKED: dict[str, Callable[[Connection], object]] = {
    "how much of an LEA is on its way": lambda found: packets.in_flight(found, A),
    "whether anything of it is unopened": lambda found: packets.is_any_unopened(found, A, "x"),
    "what came first with these bytes": lambda found: packets.firsts(found, A, ["again", "old5"]),
    "which drop is known": lambda found: packets.by_source(found, A, [(NAME, "7")]),
    "which records are under way": lambda found: packets.under_way(found, ["OLD1"], ANSWERS_CASE),
    "what is known of students": lambda found: known.of(found, ["OLD1", "OLD2"]),
    "which versions of a record there are": lambda found: corrections.versions(
        found, ["OLD1"], [PacketType.STUDENT_RECORD]
    ),
    "what has the same bytes": lambda found: corrections.with_content(found, packets.get(found, "00000000-5")),
    "live cases of a student": lambda found: transfers.among(found, ["OLD1", "OLD2"]),
    "which students have a live case": lambda found: transfers.with_cases(found, ["OLD1", "OLD2"]),
    "all cases of a student": lambda found: transfers.about(found, "OLD1"),
    "whom a packet waits for": lambda found: views.students_waited_for(found, ["OLD1", "OLD2"]),
    "what waits for a student": lambda found: views.held(found, HeldFor.ENROLLMENT, ssid="OLD1"),
    "what waits for a key": lambda found: views.held(found, HeldFor.RECEIVER_KEY, receiver=B),
    "what a receiver has of a student": lambda found: views.passed_on(found, ["OLD1"], [PacketType.STUDENT_RECORD]),
    "which packet an acknowledgement means": lambda found: acknowledgements.with_document(
        found, [(LeaId(A), "old3"), (LeaId(A), "old4")]
    ),
    "who was given a packet": lambda found: disclosures.was_given(found, "00000000-5", B),
    "when a packet came last": lambda found: history.delivered_last(found, "00000000-5"),
    "which part is on its way": lambda found: backpacks.on_the_way(found, B, ["old3"], KEPT),
    "what goes to an LEA by enrollment": lambda found: led_to.on_the_way(found, "OLD1", B, TRAVELS),
    "what was delivered since": lambda found: led_to.delivered_since(found, "OLD1", B, 1.0, TRAVELS),
    "what has no file yet": lambda found: history.pending(found, 10),
    "whose flag it is": lambda found: flag_rows.standing(found, "OLD1"),
    "what the state was told": lambda found: flag_rows.is_told(found, "exit", "OLD1", A, "x"),
    "how often an LEA has asked today": lambda found: harvest.has_asked(found, A, 1.8e9, 2000),
    "whether these bytes are still to be opened": lambda found: packets.waiting_with(found, ["old1", "x"]),
    "what stands still": lambda found: packets.due(found, State.RECEIVED, 2e9, 2e9, 100),
    "what a dead worker had": lambda found: packets.release_worker(found, "worker-0"),
    "what a living worker has": lambda found: packets.prolong_all(found, "worker-0:1", 2e9),
    "which LEAs have a costly packet": packets.with_costly,
    "which costly packets are due": lambda found: packets.due_costly(found, 2e9, 1e9),
    "what no queue knows": packets.mark_unqueued,
    "who is flagged": flag_rows.numbers,
    "all flags": flag_rows.all_standing,
    "how many questions wait": reviews.count_open,
    "which questions wait": lambda found: reviews.listing(found),
    "which questions wait for the state": lambda found: reviews.answered_about(found, ["1"]),
    "which case a notice asks for": lambda found: transfers.asked_by(found, "request7"),
    "live cases": lambda found: transfers.listing(found, LIVE, limit=10),
    "live cases of an LEA": lambda found: transfers.listing(found, LIVE, A),
    "live cases, by pages": listing_of(transfer_views.Choice(LIVE)),
    "overdue cases": listing_of(transfer_views.Choice(OWED, overdue_on=date(2026, 12, 1).isoformat())),
    "overdue cases of an LEA": listing_of(transfer_views.Choice(OWED, A, date(2026, 12, 1).isoformat())),
    "how many cases live": lambda found: transfer_views.count(found, transfer_views.Choice(LIVE)),
    "who waits for a key": views.receivers_waited_for,
    "what is in an inbox": lambda found: views.uncollected(found, B),
    "since when the oldest waits": views.oldest_waiting,
    "what was never sealed": lambda found: views.refused_as(found, NOT_KEPT),
    "who is followed up": follow_ups.count,
}


@pytest.mark.parametrize("what", ASKED)
def test_a_question_about_what_lives_reads_that_only(office: Office, what: str) -> None:
    engine = office.services.engine
    with writing(engine) as connection, costs.counted(engine, TABLES) as found:
        ASKED[what](connection)
    assert found.most
    assert found.above(most(office)) == {}


def test_many_receipts_without_a_file_are_asked_for_by_name(office: Office) -> None:
    """As after a night: joined with what waits, PostgreSQL read every receipt there ever was."""
    engine, names = office.services.engine, {"tracking": "'fffffffe-' || t", "n": "1"}
    with engine.connect() as connection:
        connection.execute(text(numbered("publications", 400, **names)))
        signed = names | {"state": "'RECEIVED'", "party": f"'{A}'", "at": "0", "text": "'signed'"}
        connection.execute(text(numbered("receipts", 400, **signed)))
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("ANALYZE publications")  # its plan goes by how many there are
        with costs.counted(engine, TABLES) as found:
            got = history.pending(connection, 500)
            assert len(history.pending(connection, 500, [A])) == 0
        connection.rollback()
    assert len(got) >= 400
    assert found.whole == {}
    assert not [plan for plan in found.plans.values() if "SCAN receipts" in plan]
