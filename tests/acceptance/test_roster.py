"""An LEA asks for its own students as the exchange has them, and gets those whom it has today, and nobody else."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import event, select

from broker.edge.ledger import tables
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.log import disclosures
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.people import flags
from broker.flags import missing
from broker.identity import registrar
from handlers.registry import TRAVELS
from tests.support import desk, documents, ledgers, postgres, transactions
from tests.support.desk import child
from tests.support.office import Office
from tests.support.slices import left_of

A, B, STATE = "01", "6G", "00"
ANA, BO, CY = child("Ana", "Reyes", "2012-03-04"), child("Bo", "Holm", "2013-08-30"), child("Cy", "Abara", "2011-01-05")


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with postgres.server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def office(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Office]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    if url:
        ledgers.blank(tmp_path, url).dispose()
    made = Office(tmp_path, A, B, STATE, kinds={STATE: "state"}, ledger_url=url)
    yield made
    made.services.engine.dispose()


def asked(lea: str, **more: str) -> dict[str, Any]:
    request = documents.record_request(**{"from": lea, "want": "roster"} | more)
    del request["student"]
    return request


def ask(office: Office, lea: str, **more: str) -> PacketRow:
    row = office.send(lea, asked(lea, **more))
    assert row.type == "record-request"
    return row


def rosters(office: Office, lea: str) -> list[bytes]:
    """What lies in its inbox, opened; it is taken out then."""
    found = [office.opened(tracking) for tracking in office.inbox(lea, "roster")]
    office.collect(lea)
    return found


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def listed(office: Office, lea: str) -> list[dict[str, str]]:
    assert ask(office, lea).state == "APPLIED"
    (content,) = rosters(office, lea)
    return rows(content)


def names(lines: list[dict[str, str]]) -> list[str]:
    return [line["first_name"] for line in lines]


def limited(office: Office, **limits: int) -> None:
    settings = office.services.settings
    of = replace(settings.limits, **{name: value for name, value in limits.items() if name != "rosters_per_day"})
    harvest = replace(settings.harvest, rosters_per_day=limits.get("rosters_per_day", 100))
    office.services = replace(office.services, settings=replace(settings, limits=of, harvest=harvest))


def test_an_lea_gets_the_students_that_it_has_and_no_others(office: Office) -> None:
    ssids = [line["ssid"] for line in office.enroll(A, ANA, BO, CY)]
    office.enroll(B, BO, date="2026-10-05")  # moved on
    office.enroll(A, CY, event="exit", date="2026-11-02")
    office.enroll(B, child("Di", "Lund", "2010-05-06"), date="2026-09-01")
    (line,) = listed(office, A)
    day = office.services.day().isoformat()
    assert line.pop("roster").startswith(f"{day} ")
    assert {name: cell for name, cell in line.items() if cell} == {
        "ssid": ssids[0],
        "local_number": "Ana-1",
        "last_name": "Reyes",
        "first_name": "Ana",
        "birth_date": "2012-03-04",
        "school": "704",
        "entry_date": "2026-08-17",
    }
    assert names(listed(office, B)) == ["Bo", "Di"]


def test_who_has_a_student_twice_who_shares_one_and_who_only_announced_one(office: Office) -> None:
    limited(office)
    office.enroll(A, ANA)
    line = {"student": ANA, "school": "900", "event": "entry", "date": "2026-09-01", "code": "", "dual": True}
    office.enroll(B, students=[line])
    office.enroll(A, BO)
    second = {"student": BO, "school": "705", "event": "entry", "date": "2026-08-17", "code": ""}
    office.enroll(A, students=[second])
    ahead = (office.services.day() + timedelta(days=40)).isoformat()
    office.enroll(B, CY, date="2025-08-18")
    office.enroll(B, BO, date=ahead)  # announced: B has no part in the child yet
    assert [(one["first_name"], one["school"], one["dual"]) for one in listed(office, A)] == [
        ("Bo", "704", ""),
        ("Ana", "704", ""),
        ("Bo", "705", ""),
    ]
    assert [(one["first_name"], one["school"], one["dual"]) for one in listed(office, B)] == [
        ("Cy", "704", ""),
        ("Ana", "900", "Y"),
    ]
    office.enroll(A, BO, date="2025-08-18")  # last year's stay, which this year's has superseded
    assert names(listed(office, A)) == ["Bo", "Ana", "Bo"]


def test_a_merged_student_stands_there_once_under_the_number_that_was_kept(office: Office) -> None:
    twin = child("Anna", "Reyes-Ortiz", "2012-04-03", local_id="77")
    kept, other = (office.enroll(A, one)[0]["ssid"] for one in (ANA, twin))
    assert kept != other
    services = office.services
    with writing(services.engine) as connection:
        registrar.merge(connection, services.model, kept, other, "Jo", "one child", 1.0, services.today(), TRAVELS)
    (line,) = listed(office, A)
    assert (line["ssid"], line["school"], line["first_name"]) == (kept, "704", "Ana")


def test_it_comes_as_a_workbook_or_as_json_where_it_is_asked_so(office: Office) -> None:
    office.enroll(A, ANA | {"local_id": "00420"})
    ask(office, A, form="xlsx")
    (book,) = rosters(office, A)
    header, line = load_workbook(io.BytesIO(book)).active.values
    assert dict(zip(header, line, strict=True))["local_number"] == "00420"
    request = asked(A, form="json")
    assert office.send(A, request).state == "APPLIED"
    said = office.newest_notice(A, "roster")
    assert (said["packet"], said["answers"], said["part"], said["is_last"]) == ("roster.v1", request["id"], 1, True)
    (entry,) = said["students"]
    assert (entry["event"], entry["school"], entry["date"]) == ("entry", "704", "2026-08-17")
    # and can be sent back as it is
    document = documents.enrollment(0, **{"from": A, "students": said["students"]})
    assert office.send(A, document).state == "APPLIED"
    assert [one["answer"] for one in office.newest_notice(A, "ssid")["students"]] == ["matched"]


def test_a_list_that_is_sent_back_changes_nothing(office: Office) -> None:
    more = {"grade": "09", "dual": True, "military": True, "day_part": 0.5}
    entered = {"student": ANA, "school": "704", "event": "entry", "date": "2026-08-17", "code": "E1"} | more
    left = {"student": BO, "school": "705", "event": "entry", "date": "2026-08-24", "code": ""}
    ends = (office.services.day() + timedelta(days=30)).isoformat()
    office.enroll(A, students=[entered, left, left | {"event": "exit", "date": ends, "code": "TC"}])
    ask(office, A)
    (content,) = rosters(office, A)
    assert [one["exit_date"] for one in rows(content)] == ["", ends]
    before = _stays(office)
    assert office.send(A, content).state == "APPLIED"
    told = [one for one in map(office.opened, office.inbox(A, "ssid")) if one[:1] != b"{"][-1]
    assert [row["status"] for row in rows(told)] == ["matched", "matched"]
    assert _stays(office) == before


def _stays(office: Office) -> list[Any]:
    with reading(office.services.engine) as connection:
        return [*connection.execute(select(tables.enrollments).order_by(tables.enrollments.c.id))]


def test_it_is_asked_for_by_a_table_of_two_cells_under_any_name(office: Office) -> None:
    office.enroll(A, ANA)
    tables_ = (b"want,form\r\nroster,csv\r\n", "\ufeffI want;as\nOur students;Excel\n".encode())
    for number, table in enumerate(tables_):
        row = office.row(office.drop(A, table, name=f"ask{number}.pgp"))
        office.work()
        row = office.row(row.tracking)
        assert (row.state, row.type, row.code) == ("APPLIED", "record-request", "")
        (content,) = rosters(office, A)
        assert (content[:2] == b"PK") is bool(number)


def test_more_often_than_a_day_allows_is_refused_and_costs_next_to_nothing(office: Office) -> None:
    limited(office, rosters_per_day=2)
    office.enroll(A, *desk.children(30))
    assert [ask(office, A).state for _ in range(2)] == ["APPLIED", "APPLIED"]
    assert len(rosters(office, A)) == 2
    with transactions.counted(office.services.engine) as done:
        row = ask(office, A)
    assert (row.state, row.code) == ("REFUSED", "too-many-requests")
    assert sum(one.statements for one in done) < 60
    assert rosters(office, A) == []
    assert ask(office, B).state == "APPLIED"  # each LEA by itself
    with reading(office.services.engine) as connection:
        lines = [one for one in disclosures.all_of(connection) if one.what == "roster"]
    told = [(one.party, one.source, one.outcome, one.ground, one.ssid) for one in lines]
    given, full = (A, A, "allowed", "reports", ""), (A, A, "refused", "too-often", "")
    assert told == [given, given, full, (B, B, "allowed", "reports", "")]
    office.ahead += timedelta(days=1)
    assert ask(office, A).state == "APPLIED"


def test_a_flagged_child_stays_on_the_list_and_the_state_is_told_once_of_each_request(office: Office) -> None:
    ssid = office.enroll(A, ANA)[0]["ssid"]
    office.enroll(A, BO)
    with writing(office.services.engine) as connection:
        missing.put(office.services, connection, ssid, "Jo Field", "the police")
    before = listed(office, B)
    assert (names(listed(office, A)), before) == (["Bo", "Ana"], [])
    with reading(office.services.engine) as connection:
        told = [(one.kind, one.ssid, one.lea) for one in flags.alerts_of(connection) if one.kind == "roster"]
    assert told == [("roster", ssid, A)]


def test_a_long_list_comes_in_parts_and_is_read_in_few_queries(office: Office) -> None:
    limited(office, students_per_enrollment=10, lines_per_transaction=1000)
    everybody = desk.children(24)
    for start in range(0, 24, 8):
        office.enroll(A, *everybody[start : start + 8])
    gone = everybody[:3]
    office.enroll(A, *gone, event="exit", date="2026-10-01")
    tracking = office.drop(A, asked(A))
    with transactions.counted(office.services.engine) as done:
        office.work()
    assert office.row(tracking).state == "APPLIED"
    assert left_of(office) == 0
    parts = [rows(one) for one in rosters(office, A)]
    assert [len(one) for one in parts] == [10, 10, 1]
    labels = [{line["roster"].partition(", ")[2] for line in one} for one in parts]
    assert labels == [{"part 1"}, {"part 2"}, {"part 3, the last"}]
    told = [line["last_name"] for one in parts for line in one]
    assert sorted(told) == sorted(one["legal_name"]["last"] for one in everybody[3:])
    assert max(one.written for one in done) < 60


def test_more_students_need_no_more_queries_than_their_pages(office: Office) -> None:
    everybody = desk.children(36)
    counts = []
    for some in (everybody[:4], everybody[4:20], everybody[20:]):
        office.enroll(A, *some)
        tracking = office.drop(A, asked(A))
        said: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_: Any, said: list[str] = said) -> None:
            said.append(statement)

        event.listen(office.services.engine, "before_cursor_execute", note)
        office.work()
        event.remove(office.services.engine, "before_cursor_execute", note)
        assert office.row(tracking).state == "APPLIED"
        counts.append(len(said))
    assert len(set(counts)) == 1, counts
    assert [len(rows(one)) for one in rosters(office, A)] == [4, 20, 36]
