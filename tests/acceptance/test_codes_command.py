"""`satchel codes` from outside, and what an LEA is told of a code that is on no list."""

from collections.abc import Iterator
from typing import Any

import pytest

from broker.core.model import Ssid
from broker.edge.ledger.engine import reading
from broker.edge.ledger.people import registry
from tests.support import documents
from tests.support.calendars import run, said
from tests.support.desk import child, enrollment
from tests.support.office import Office


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = Office(tmp_path_factory.mktemp("calendar"), "01", "6G")
    yield made
    made.services.engine.dispose()


@pytest.fixture(autouse=True)
def blank(office: Office) -> Iterator[None]:
    """Every test begins with the rule alone."""
    yield
    for whose in (("--lea", "01"), ("--lea", "6G"), ("--all",)):
        said(office, "calendar", "reset", "2026-07-01", "--to", "2027-06-30", *whose)


def test_codes_are_shown_with_what_is_known_of_them(office: Office) -> None:
    found = {one["code"]: one for one in said(office, "codes")["codes"]}
    assert len(found) == 28
    assert found["WD"] == {"code": "WD", "known": False, "means": "", "leads_to": ""}
    assert found["TR"] == {"code": "TR", "known": True, "means": "to a charter school", "leads_to": "charter"}
    _, out, _ = run(office, "codes")
    rows = {line.split()[1]: line for line in out.splitlines() if line.startswith("│")}
    assert "to a charter school" in rows["TR"]
    assert "WD" not in rows
    unknown = next(line for line in out.splitlines() if line.startswith("Also in use, but nobody has said"))
    assert " WD," in " ".join(out[out.index(unknown) :].split())


def exit_line(office: Office, student: dict[str, Any], code: str) -> dict[str, Any]:
    """The answer to this student's exit from 01."""
    document = enrollment("01", student, event="exit", date="2026-11-25")
    document["students"][0]["code"] = code
    row = office.send("01", document)
    assert row.state == "APPLIED", row.code
    line: dict[str, Any] = office.newest_notice("01", "ssid")["students"][0]
    return line


@pytest.mark.parametrize(
    ("code", "student"),
    [
        ("TS", child("Ana", "Reyes", "2012-03-04")),
        ("WD", child("Theodora", "Blackwell", "2009-10-21")),
        ("", child("Ivo", "Nakamura", "2014-06-17")),
    ],
)
def test_an_exit_with_a_code_of_the_list_needs_no_word(office: Office, code: str, student: dict[str, Any]) -> None:
    office.enroll("01", student)
    line = exit_line(office, student, code)
    assert (line["answer"], line.get("why"), line.get("field")) == ("matched", None, None)


@pytest.mark.parametrize(
    ("code", "student"),
    [("ZZ", child("Bo", "Ito", "2011-05-06")), ("ts", child("Marguerite", "Oyelaran", "2013-12-30"))],
)
def test_an_exit_with_a_code_of_no_list_is_carried_out_and_told(
    office: Office, code: str, student: dict[str, Any]
) -> None:
    ssid = office.enroll("01", student)[0]["ssid"]
    line = exit_line(office, student, code)
    assert (line["answer"], line["ssid"], line["why"], line["field"]) == ("matched", ssid, "unknown-exit-code", "code")
    assert "not on the state's list" in line["what_to_do"]
    with reading(office.services.engine) as connection:
        found = registry.locations(connection, Ssid(ssid))
    assert [(one.exit_date, one.exit_code) for one in found] == [("2026-11-25", code)]


@pytest.mark.parametrize(
    ("codes", "student", "told"),
    [
        ({"exit_code": "ZZ"}, child("Ilse", "Vandermeer", "2010-09-17"), ("unknown-exit-code", "exit_code")),
        ({"exit_code": "TS"}, child("Ottokar", "Fjellstad", "2012-02-08"), (None, None)),
        ({}, child("Benedetta", "Quillfeather", "2015-05-26"), (None, None)),
    ],
)
def test_a_request_that_opens_and_ends_a_location_is_told_too(
    office: Office, codes: dict[str, str], student: dict[str, Any], told: tuple[str | None, str | None]
) -> None:
    line = {"request": "new", "student": student, "school": "704", "date": "2026-08-17", "exit_date": "2026-10-30"}
    line |= codes
    office.send("01", documents.ssid_request(line, **{"from": "01"}))
    answered = office.newest_notice("01", "ssid")["students"][0]
    assert (answered["answer"], answered.get("why"), answered.get("field")) == ("assigned", *told)
    with reading(office.services.engine) as connection:
        found = registry.locations(connection, Ssid(answered["ssid"]))
    assert [(one.exit_date, one.exit_code) for one in found] == [("2026-10-30", codes.get("exit_code", ""))]


def test_another_number_is_told_rather_than_the_code(office: Office) -> None:
    """The answer to a line has one reason; the number is what the LEA must go by from now on."""
    student = child("Wren", "Castellanos", "2010-01-09")
    kept = office.enroll("01", student)[0]["ssid"]
    other = office.enroll("6G", child("Per", "Lindqvist", "2008-02-27"))[0]["ssid"]
    why = ("--who", "Jo", "--why", "a number given twice", "--sure")
    said(office, "student", "merge", kept, other, *why)
    assert exit_line(office, student | {"ssid": other}, "ZZ")["why"] == "other-ssid"


def test_an_exit_that_finds_nobody_says_that_first(office: Office) -> None:
    student = child("Cy", "Vale", "2010-07-08")
    office.enroll("6G", student)
    assert exit_line(office, student, "ZZ")["why"] == "no-open-enrollment"  # at 01, which never had the student
