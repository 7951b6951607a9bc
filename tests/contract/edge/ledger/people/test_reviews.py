"""Questions to people: what an LEA is shown, and what is listed."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from broker.cli import main, refusals
from broker.core.errors import NotDone
from broker.edge.ledger.engine import reading
from broker.edge.ledger.people import reviews
from tests.support.desk import child, enrollment, record
from tests.support.office import Office
from tests.support.reviewed import LEAS, NONE, SECRETS, Case, answer_all, born


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = Office(tmp_path_factory.mktemp("reviews"), *LEAS)
    yield made
    made.services.engine.dispose()


# what the LEA is shown


def test_the_notice_shows_what_agrees_and_nothing_of_a_stranger(office: Office) -> None:
    case = Case(office, "Abernathy", SECRETS, phone="801 555 0142", guardians=[{"first": "Otto", "last": "Abernathy"}])
    notice = case.notice
    (question,) = notice["questions"]
    assert notice["about"] == {"packet": "enrollment", "id": case.row.packet_id, "file": case.row.source_name}
    assert (question["tracking"], question["line"]) == (case.tracking, 0)
    assert question["you_sent"]["local_id"] == "S-Abernathy"
    (candidate,) = question["candidates"]
    assert candidate["candidate"] == "A"
    assert candidate == {
        "candidate": "A",
        "compared": {"first_name": "near", "last_name": "agrees", "birth_date": "agrees"},
        "enrolled_at_your_lea": "never",
    }
    whole = json.dumps(notice)
    for secret in (case.ssid, "Katharine", "Wilhelmina", "Ztestov", "Hidden", "Nowhereville", "84999", "K-Abernathy"):
        assert secret not in whole
    assert '"01"' not in whole


def test_of_its_own_student_the_lea_sees_what_it_told_itself(office: Office) -> None:
    day = born()
    known = child("Katharine", "Zollinger", day, local_id="777", guardians=[{"first": "Ute", "last": "Vogelsang"}])
    ssid = office.enroll("6G", known)[0]["ssid"]
    office.send("6G", enrollment("6G", child("Katherine", "Zollinger", day, local_id="778"), date="2026-09-01"))
    (candidate,) = office.newest_notice("6G", "review")["questions"][0]["candidates"]
    assert candidate["compared"] == {
        "first_name": "near",
        "middle_name": "not known",
        "last_name": "agrees",
        "suffix": "not known",
        "birth_date": "agrees",
        "gender": "not known",
        "birth_order": "not known",
        "guardians": "not known",
        "phone": "not known",
        "address": "not known",
    }
    assert candidate["hints"] == {"first_name_begins_with": "K"}
    assert candidate["enrolled_at_your_lea"] == "now"
    place = {"local_id": "777", "school": "704", "entry": "2026-08-17", "exit": ""}
    assert candidate["your_student"] == {"ssid": ssid, "enrollments": [place]}
    assert "Vogelsang" not in json.dumps(candidate)


def test_a_birth_date_is_never_shown(office: Office) -> None:
    known = child("Rosalind", "Featherstone", "2012-04-17")
    office.enroll("01", known)
    office.send("01", record("01", child("Rosalind", "Featherstone", "2011-04-17")))
    (candidate,) = office.newest_notice("01", "review")["questions"][0]["candidates"]
    assert candidate["compared"]["birth_date"] == "near"
    assert candidate["hints"] == {"birth_year": 2012}
    assert "2012-04" not in json.dumps(candidate)
    # of a stranger not even that there is one of about that day
    office.send("6G", enrollment("6G", child("Rosalind", "Featherstone", "2011-04-17")))
    assert office.newest_notice("6G", "review")["questions"][0]["candidates"] == []


def _first_is_student_1(office: Office, tracking: str) -> None:
    """People count from 1, and `line` of the JSON from 0; who names none is told how."""
    show = ["review", "show", tracking, "--home", str(office.exchange.home)]
    first = CliRunner().invoke(main.build(show), [*show, "--student", "1"])
    assert f"{tracking}: enrollment of 6G, student 1;" in first.stdout
    assert json.loads(CliRunner().invoke(main.build(show), [*show, "--student", "3", "--json"]).stdout)["line"] == 2
    assert json.loads(CliRunner().invoke(main.build(show), [*show, "--line", "0", "--json"]).stdout)["line"] == 0
    for words, code in (
        ([], 1),
        (["--student", "4"], 1),
        (["--student", "0"], 2),
        (["--student", "1", "--line", "0"], 2),
    ):
        said = CliRunner().invoke(main.build(show), [*show, *words])
        assert said.exit_code == code
        assert isinstance(said.exception, NotDone) == (code == 1)
        if isinstance(said.exception, NotDone):
            assert "--student 1, --student 2, --student 3." in refusals.sentence(said.exception)


def test_one_notice_has_all_questions_of_a_packet(office: Office) -> None:
    pairs = [(child("Katharine", last, day), child("Katherine", last, day)) for last, day in _families(3)]
    office.enroll("01", *[known for known, _ in pairs])
    before = len(office.notices("6G", "review"))
    row = office.send("6G", enrollment("6G", *[sent for _, sent in pairs]))
    notices = office.notices("6G", "review")
    assert len(notices) == before + 1
    assert [one["line"] for one in notices[-1]["questions"]] == [0, 1, 2]
    assert [one["line"] for one in notices[-1]["answers"]] == [0, 1, 2]
    replies = [
        {"tracking": row.tracking, "line": line, "decision": decision, "why": "x"} | more
        for line, decision, more in ((0, "same", {"candidate": "A"}), (1, "new", {}), (2, "none", {}))
    ]
    _first_is_student_1(office, row.tracking)
    assert answer_all(office, replies).state == "APPLIED"
    told = [one["students"][0] for one in office.notices("6G", "ssid")[-3:]]
    assert [(line["line"], line["answer"]) for line in told] == [(0, "matched"), (1, "assigned"), (2, "refused")]


def _families(count: int) -> list[tuple[str, str]]:
    return [(f"Underwood{chr(97 + number)}", born()) for number in range(count)]


# lists


def test_what_waits_is_listed_with_its_age_and_without_names(office: Office) -> None:
    first, case = Case(office, "Fassbinder"), Case(office, "Gruenwald")
    with reading(office.services.engine) as connection:
        listed = [one for one in reviews.listing(connection, "6G") if one["tracking"] == case.tracking]
        assert [one["tracking"] for one in reviews.listing(connection, "02")].count(case.tracking) == 0
        waiting, oldest = reviews.count_open(connection)
    assert [(one["line"], one["type"], one["candidates"], one["closed_at"]) for one in listed] == [
        (0, "enrollment", 1, None)
    ]
    assert "Gruenwald" not in str(listed)
    assert waiting > 1
    assert oldest is not None
    assert oldest < listed[0]["opened_at"]
    trackings = [one["tracking"] for one in _listed(office)]
    assert trackings.index(first.tracking) < trackings.index(case.tracking)
    words = ["review", "list", "--lea", "6G", "--home", str(office.exchange.home)]
    said = CliRunner().invoke(main.build(words), words)
    assert (said.exit_code, case.tracking in said.stdout, "Gruenwald" in said.stdout) == (0, True, False)
    assert "student 1" in next(row for row in said.stdout.splitlines() if case.tracking in row)
    case.decide(NONE)
    with reading(office.services.engine) as connection:
        assert case.tracking not in [one["tracking"] for one in reviews.listing(connection, "6G")]
        assert case.tracking in [one["tracking"] for one in reviews.listing(connection, "6G", is_open=False)]


def _listed(office: Office) -> list[dict[str, Any]]:
    with reading(office.services.engine) as connection:
        return reviews.listing(connection)
