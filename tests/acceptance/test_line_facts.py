"""What a line may say of a stay beside its days: dual, military, part of the day; and what a parent opted out of."""

import csv
import io
import json
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import select, update

from broker.edge.ledger import tables
from broker.edge.ledger.cases import claims, transfers
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.people import reviews
from broker.formats.reports.claims import document
from broker.students.line_request import LineRequest
from tests.support import desk, documents
from tests.support.office import Office

A, B = "01", "6G"
HEADER = "Request Type,School,Last Name,First Name,Birth Date,Entry Date"
FACTS = {"dual": True, "military": False, "day_part": 0.5, "opt_outs": ["higher-education-data"]}
STUDENTS = iter(desk.children(100, 400))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = Office(tmp_path_factory.mktemp("facts"), A, B)
    yield made
    made.services.engine.dispose()


def line(student: dict[str, Any], **facts: Any) -> dict[str, Any]:
    return {"student": student, "school": "704", "event": "entry", "date": "2026-11-20"} | facts


def request(student: dict[str, Any], **facts: Any) -> dict[str, Any]:
    return {"request": "retrieve", "student": student, "school": "704", "date": "2026-11-20"} | facts


def sheet(student: dict[str, Any], **facts: str) -> bytes:
    name = student["legal_name"]
    row = ["Retrieve", "704", name["last"], name["first"], student["birth_date"], "2026-11-20", *facts.values()]
    out = io.StringIO()
    csv.writer(out).writerows([[*HEADER.split(","), *facts], row])
    return out.getvalue().encode()


def at_a(office: Office) -> tuple[dict[str, Any], str]:
    """A student of A, and the number."""
    student = next(STUDENTS)
    return student, str(office.enroll(A, student)[0]["ssid"])


def clock(office: Office, ssid: str) -> int:
    """Whether the one case about this student is that of a military family."""
    with reading(office.services.engine) as connection:
        (case,) = transfers.about(connection, ssid)
    return case.military


def refusal(office: Office, tracking: str) -> tuple[str, str]:
    """Code and place in the last receipt."""
    table = tables.receipts
    query = select(table.c.text).where(table.c.tracking == tracking).order_by(table.c.n.desc()).limit(1)
    with reading(office.services.engine) as connection:
        text = str(connection.execute(query).scalar_one())
    said = json.loads(text)
    return said["code"], said["place"]


def asked(office: Office, lea: str, sent: dict[str, Any] | bytes, name: str = "") -> LineRequest:
    """The request of the one line of this packet, as it is kept where a person has to decide."""
    row = office.row(office.drop(lea, sent, name=name))
    office.work()
    with reading(office.services.engine) as connection:
        (question,) = reviews.lines(connection, row.tracking)
    return LineRequest.from_json(json.loads(json.dumps(question.subject)))


def doubtful(office: Office) -> dict[str, Any]:
    """Somebody of whom it is not sure that it is a student whom B had."""
    student = next(STUDENTS)
    row = office.send(B, desk.enrollment(B, student, date="2026-08-17"))
    assert row.state == "APPLIED", row.code
    day = student["birth_date"]
    return student | {"birth_date": f"{day[:-1]}{(int(day[-1]) + 1) % 8 + 1}"}


def test_an_entry_says_all_of_it(office: Office) -> None:
    lines = [line(next(STUDENTS), **FACTS), line(next(STUDENTS), dual=False, day_part=1, opt_outs=[])]
    row = office.send(A, documents.enrollment(0, students=lines))
    assert row.state == "APPLIED", row.code


def test_a_request_says_all_of_it(office: Office) -> None:
    row = office.send(A, documents.ssid_request(request(next(STUDENTS), request="new", **FACTS)))
    assert row.state == "APPLIED", row.code
    assert office.newest_notice(A, "ssid")["students"][0]["answer"] == "assigned"


@pytest.mark.parametrize(
    ("facts", "place"),
    [
        ({"dual": "yes"}, "dual"),
        ({"military": 1}, "military"),
        ({"day_part": 0}, "day_part"),
        ({"day_part": 1.5}, "day_part"),
        ({"day_part": "1/2"}, "day_part"),
        ({"opt_outs": "higher-education-data"}, "opt_outs"),
        ({"opt_outs": ["everything"]}, "opt_outs/0"),
    ],
)
def test_what_does_not_fit_is_refused_at_its_place(office: Office, facts: dict[str, Any], place: str) -> None:
    for sent in (
        documents.enrollment(0, students=[line(next(STUDENTS), **facts)]),
        documents.ssid_request(request(next(STUDENTS), **facts)),
    ):
        tracking = office.drop(A, sent)
        office.work()
        assert refusal(office, tracking) == ("schema", f"/students/0/{place}")


def test_a_question_keeps_what_the_line_says(office: Office) -> None:
    one = asked(office, B, documents.enrollment(0, **{"from": B, "students": [line(doubtful(office), **FACTS)]}))
    assert (one.dual, one.military, one.day_part, one.opt_outs) == (True, False, "1/2", ("higher-education-data",))
    one = asked(office, B, documents.ssid_request(request(doubtful(office), **FACTS), **{"from": B}))
    assert (one.dual, one.military, one.day_part, one.opt_outs) == (True, False, "1/2", ("higher-education-data",))
    one = asked(office, B, documents.enrollment(0, **{"from": B, "students": [line(doubtful(office))]}))
    assert (one.dual, one.military, one.day_part, one.opt_outs) == (None, None, "", None)


def test_a_question_of_before_is_still_a_wish(office: Office) -> None:
    """The program of before knew no dual, and wrote `false` where nothing was said of military."""
    one = asked(office, B, documents.enrollment(0, **{"from": B, "students": [line(doubtful(office))]}))
    kept = {name: value for name, value in one.to_json().items() if name not in ("dual", "day_part", "opt_outs")}
    assert LineRequest.from_json(kept | {"military": False}) == one
    assert LineRequest.from_json(kept | {"military": True}).military is True


@pytest.mark.parametrize("cell", ["Y", "yes", "TRUE", "1", "x"])
def test_a_sheet_says_that_a_child_is_of_a_military_family(office: Office, cell: str) -> None:
    student, ssid = at_a(office)
    name = f"REQ_{B}_20261123_{next(NUMBERS)}.csv.pgp"
    office.drop(B, sheet(student, **{"Military Family": cell}), name=name)
    office.work()
    assert clock(office, ssid) == 1


@pytest.mark.parametrize("cell", ["N", "no", "False", "0", ""])
def test_a_sheet_says_that_it_is_not(office: Office, cell: str) -> None:
    student, ssid = at_a(office)
    name = f"REQ_{B}_20261123_{next(NUMBERS)}.csv.pgp"
    office.drop(B, sheet(student, **{"Military": cell}), name=name)
    office.work()
    assert clock(office, ssid) == 0


def test_a_request_says_that_a_child_is_of_a_military_family(office: Office) -> None:
    student, ssid = at_a(office)
    office.send(B, documents.ssid_request(request(student, military=True), **{"from": B}))
    assert clock(office, ssid) == 1


def test_a_sheet_says_all_of_it(office: Office) -> None:
    cells = {"Dual Enrollment": "Y", "Military": "N", "Day Part": "50%", "Opt Outs": "higher-education-data"}
    one = asked(office, B, sheet(doubtful(office), **cells), f"REQ_{B}_20261123_{next(NUMBERS)}.csv.pgp")
    assert (one.dual, one.military, one.day_part, one.opt_outs) == (True, False, "1/2", ("higher-education-data",))


NUMBERS = iter(range(1, 1000))


def test_the_days_of_a_half_day_student_count_half(office: Office) -> None:
    """R277-419-6(4): part of the school day counts in proportion."""
    student, ssid = at_a(office)
    office.send(B, desk.enrollment(B, student, date="2026-11-20"))
    whole = figures(office, ssid)
    with writing(office.services.engine) as connection:
        mine = (tables.enrollments.c.ssid == ssid) & (tables.enrollments.c.lea == B)
        connection.execute(update(tables.enrollments).where(mine).values(day_part="1/2"))
    half = figures(office, ssid)
    assert half[A] == whole[A]
    assert half[B] == (round(Fraction(whole[B][1]) / 2), Fraction(whole[B][1]) / 2, "1/2")


def figures(office: Office, ssid: str) -> dict[str, tuple[int, Fraction, str]]:
    """Of each LEA the days that the report says, those it rests on, and the part of the day."""
    period = claims.period(office.services.settings.claims.calendar, office.services.day(), 2027)
    with reading(office.services.engine) as connection:
        (finding,) = claims.of(connection, period, [ssid])
    said = {one["lea"]: (one["claimed_days"], one["memberships"][0]["day_part"]) for one in document(finding)["leas"]}
    return {lea: (days, finding.claimed[lea], part) for lea, (days, part) in said.items()}
