"""What an LEA tells of one student again and again, each time something else: a line costs what it cost before."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from broker.core.flow import Stage
from broker.edge.ledger.engine import reading
from broker.edge.ledger.people import evidence as details
from broker.formats.documents import to_student
from broker.identity import match, registrar
from broker.identity.answer import Answer
from broker.packets.services import Services
from tests.support import desk, transactions
from tests.support.office import Office

A, B = "01", "6G"
CHILD = desk.child("Ana", "Reyes", "2012-03-04", local_id="1")


def name_of(number: int, kind: str) -> dict[str, str]:
    letters = "".join(chr(ord("a") + int(digit)) for digit in f"{number:05}")
    return {"first": f"{kind}{letters}", "middle": "", "last": f"Re{letters}yes", "suffix": ""}


def told(line: int, **more: Any) -> dict[str, Any]:
    """The child with aliases, guardians, a phone and an address that nobody told before."""
    rows = range(line * 16, line * 16 + 16)
    return (
        CHILD
        | {
            "aliases": [name_of(number, "Ana") for number in rows],
            "guardians": [name_of(number, "Go") for number in rows],
            "phone": f"801-55{line % 10}-{line:04}",
            "address": {"street": f"{line} Elm", "city": "Ogden", "postal_code": f"{84000 + line}"},
        }
        | more
    )


def flood(office: Office, lea: str, lines: int, first: int = 0) -> list[dict[str, Any]]:
    """Send an enrollment with so many lines about the child, each with something else; its answer, line by line."""
    tracking = office.drop(lea, desk.enrollment(lea, *(told(line) for line in range(first, first + lines))))
    office.work()
    assert office.row(tracking).state == "APPLIED"
    office.work(Stage.DELIVER)
    lines_of: list[dict[str, Any]] = office.newest_notice(lea, "ssid")["students"]
    return lines_of


@pytest.mark.parametrize("before", [100])
def test_a_line_costs_what_it_cost_however_much_was_told(tmp_path: Path, before: int) -> None:
    office = Office(tmp_path, A, B)
    office.enroll(A, CHILD)
    flood(office, B, 20)
    costs = []
    for first in (20, before + 20):
        with transactions.counted(office.services.engine) as done:
            flood(office, B, 10, first)
        costs.append((sum(one.statements for one in done), sum(one.steps for one in done)))
        flood(office, B, before, first + 10)
    assert costs[1][0] <= costs[0][0]
    assert costs[1][1] <= costs[0][1] * 1.5  # a count begins anywhere within ten steps of each statement


def test_who_tells_very_much_is_told_so_and_pushes_out_nobody_else(tmp_path: Path) -> None:
    office = Office(tmp_path, A, B)
    office.enroll(A, CHILD | {"aliases": [name_of(1, "Honest")], "guardians": [name_of(2, "Honest")]})
    answers = flood(office, B, 12)
    assert {line["answer"] for line in answers} == {"matched"}
    assert "why" not in answers[0]
    assert {line["why"] for line in answers[2:]} == {"not-all-kept"}
    again = flood(office, A, 1)
    assert "why" not in again[0]  # an LEA of its own
    ssid = answers[0]["ssid"]
    with reading(office.services.engine) as connection:
        names, evidence = details.names(connection, ssid), details.evidences(connection, ssid)
        known = registrar.known(connection, ssid)
        honest = to_student(CHILD | {"legal_name": name_of(1, "Honest"), "guardians": [name_of(2, "Honest")]})
        found = match.find(connection, office.services.model, honest, "7K")
    most = office.services.settings.told
    assert sum(one.source.lea == B for one in names) <= most.names
    assert sum(one.source.lea == B and one.kind == "guardian" for one in evidence) <= most.guardians
    assert known is not None
    assert known.legal_name.last == "Reyes"
    assert honest.legal_name in known.aliases
    assert honest.guardians[0] in known.guardians
    assert (found.answer, found.ssid) == (Answer.MATCH, ssid)


def test_a_legal_name_has_its_place_behind_any_number_of_aliases(tmp_path: Path) -> None:
    office = Office(tmp_path, A, B)
    phone = {"phone": "801-555-0142"}  # half of a surname is not enough without anything else
    ssid = office.enroll(A, CHILD | phone)[0]["ssid"]
    flood(office, B, 4)
    spelt = office.enroll(B, CHILD | phone | {"legal_name": CHILD["legal_name"] | {"last": "Reyes-Ortiz"}})[0]
    assert (spelt["answer"], spelt.get("why", "")) == ("matched", "")
    with reading(office.services.engine) as connection:
        assert "Reyes-Ortiz" in [one.value.last for one in details.names(connection, ssid)]


def test_phones_and_corrections_that_come_without_end_come_to_one(tmp_path: Path) -> None:
    office = Office(tmp_path, A)
    office.services = bounded(office, changes=4)
    ssid = office.enroll(A, CHILD)[0]["ssid"]
    whys = [office.enroll(A, CHILD | {"phone": f"801-555-{n:04}"})[0].get("why", "") for n in range(6)]
    assert whys == ["", "", "", "not-all-kept", "not-all-kept", "not-all-kept"]  # the legal name was the first
    office.ahead += timedelta(days=366)
    assert "why" not in office.enroll(A, CHILD | {"phone": "801-555-0009"}, date="2026-08-17")[0]
    with reading(office.services.engine) as connection:
        assert sum(one.kind == "phone" for one in details.evidences(connection, ssid)) == 4


def test_stays_and_their_corrections_come_to_an_end(tmp_path: Path) -> None:
    office = Office(tmp_path, A)
    office.services = bounded(office, changes=4, stays=3)
    days = [f"2026-09-{day:02}" for day in range(1, 6)]
    answers = [office.enroll(A, CHILD, date=day)[0] for day in days]
    assert [line.get("why", "") for line in answers] == ["", "", "", "too-many-stays", "too-many-stays"]
    exits = [office.enroll(A, CHILD, event="exit", date=f"2026-10-{day:02}")[0] for day in range(1, 8)]
    assert [line.get("why", "") for line in exits] == [""] * 4 + ["changed-too-often"] * 3
    assert {line["ssid"] for line in exits} == {answers[0]["ssid"]}


def test_opt_outs_that_come_and_go_cost_what_they_cost_before(tmp_path: Path) -> None:
    office = Office(tmp_path, A)
    office.enroll(A, CHILD)

    def flipped(lines: int) -> int:
        document = desk.enrollment(A, *[CHILD] * lines)
        for number, line in enumerate(document["students"]):
            line["opt_outs"] = ["higher-education-data"] if number % 2 else []
        tracking = office.drop(A, document)
        with transactions.counted(office.services.engine) as done:
            office.work(Stage.ADMIT)
        assert office.row(tracking).state == "APPLIED"
        return sum(one.steps for one in done)

    flipped(10)
    before = flipped(40)
    flipped(400)
    assert flipped(40) <= before * 1.2


def bounded(office: Office, **most: int) -> Services:
    settings = office.services.settings
    return replace(office.services, settings=replace(settings, told=replace(settings.told, **most)))
