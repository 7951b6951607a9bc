"""SSID requests by file: CSV as student information systems send them, sealed with plain gpg, and JSON."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker import wiring
from broker.edge.ledger.engine import writing
from broker.identity import registrar
from broker.notices.answers import REASONS
from handlers.registry import TRAVELS
from tests.support import documents
from tests.support.desk import Town, all_receipts, child, record, town
from tests.support.exchange import wait_until
from tests.support.scale import larger
from tests.support.ssid_requests import (
    HEADER,
    UNREADABLE,
    ask,
    decide,
    found,
    leave,
    middle_name,
    notice,
    one,
    people,
    row,
    told,
    written,
)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    parties = dict.fromkeys(("01", "02", "03"), ("district", "cv25519")) | {"6G": ("charter", "cv25519")}
    with town(tmp_path_factory.mktemp("ssid"), parties) as made:
        yield made
        assert made.bugs() == []


def test_new_students_get_numbers(here: Town) -> None:
    rows = [
        row("New", "Lindqvist", "Åsa", "2012-03-04", middle="Maria"),
        row("new", "O'Neil, Jr", 'Tom "T"', "03/05/2013", lea="1"),
        row("N", "=cmd|' /C calc'!A0", "-Ana", "20140306", year="2026-27"),
    ]
    lines = ask(here["01"], 1, *rows)
    assert [line.line for line in lines] == ["00000002", "00000003", "00000004"]
    assert [line.school_year for line in lines] == ["2027"] * 3
    assert [line.answer for line in lines] == ["assigned"] * 3
    assert len({line.ssid for line in lines}) == 3
    assert all(len(line.ssid) == 10 and line.ssid.isdigit() for line in lines)
    assert [(line.last_name, line.first_name, line.local_number) for line in lines] == [
        ("Lindqvist", "Åsa", "Åsa-1"),
        ("O'Neil, Jr", 'Tom "T"', 'Tom "T"-1'),
        ("'=cmd|' /C calc'!A0", "'-Ana", "'-Ana-1"),  # nothing that a spreadsheet would carry out
    ]
    assert {(line.reason, line.field, line.what_to_do, line.request) for line in lines} == {
        ("", "", "", "REQ_01_20261123_1")
    }


def test_the_answer_has_the_form_of_the_request(here: Town) -> None:
    rows = written([row("New", "Ekberg", "Nils", "2011-05-06")], ";")
    here["01"].send("req_01_2026-11-23_002.CSV.gpg", b"\xef\xbb\xbf" + rows, "--armor")
    here["01"].receipt("req_01_2026-11-23_002.CSV.gpg", "APPLIED")
    content: bytes = wait_until(lambda: found(here["01"], "req_01_2026-11-23_002"), "the answer")
    assert content.startswith(b"\xef\xbb\xbf00000002;")
    assert content.count(b"\r\n") == content.count(b"\n") == 1


def test_the_four_requests(here: Town) -> None:
    ana = ("Reyes-Ortiz", "Ana", "2012-03-04")
    number = one(here["01"], 10, "New", *ana).ssid
    # new for one LEA, known to the state: the same number, and both LEAs have the student
    again = one(here["02"], 10, "New", *ana)
    assert (again.answer, again.ssid, again.reason) == ("matched", number, "known-already")
    assert again.what_to_do == REASONS["known-already"]
    retrieved = one(here["6G"], 10, "Retrieve", "REYES ORTIZ", "Ana", "2012-03-04")
    assert (retrieved.answer, retrieved.ssid, retrieved.reason) == ("matched", number, "")
    assert (retrieved.last_name, retrieved.local_number) == ("REYES ORTIZ", "Ana-1")
    left = [leave(here[lea], *ana) for lea in ("01", "02", "6G", "03")]
    assert left == ["matched", "matched", "matched", "refused"]  # every location was open, and kept
    unknown = one(here["6G"], 11, "Retrieve", "Nobody", "Else", "2012-03-04")
    assert (unknown.answer, unknown.ssid, unknown.reason) == ("refused", "", "unknown-student")


def test_a_number_is_a_claim_to_be_checked(here: Town) -> None:
    mia = ("Sorensen", "Mia", "2014-02-11")
    number = one(here["02"], 20, "New", *mia).ssid
    other = one(here["02"], 21, "New", "Haugen", "Ola", "2010-10-10").ssid
    free = str(int(number) ^ 1)
    cases = [
        (row("Verify", *mia, number), ("verified", number, "", "")),
        (row("Verify", "Sörensen", "MIA", "02/11/2014", f"{number[:5]}-{number[5:]}"), ("verified", number, "", "")),
        (row("Verify", *mia[:2], "2014-11-02", number), ("refused", "", "birth-date-differs", "birth_date")),
        (row("Verify", "Bakken", "Jon", "2014-02-11", number), ("refused", "", "name-differs", "last_name")),
        (row("Verify", *mia, other), ("refused", "", "birth-date-differs", "birth_date")),
        (row("Verify", *mia, free), ("refused", "", "not-verified", "ssid")),
        (row("Verify", *mia), ("refused", "", "missing", "ssid")),
        (row("Update", *mia), ("refused", "", "missing", "ssid")),
        (row("Retrieve", *mia[:2], "2014-02-12", number), ("refused", "", "birth-date-differs", "birth_date")),
        (row("New", *mia[:2], "2013-02-11", number), ("refused", "", "birth-date-differs", "birth_date")),
        (row("Retrieve", *mia, free), ("refused", "", "not-borne-out", "ssid")),
        (row("Retrieve", *mia, school=""), ("refused", "", "missing", "school")),
        (row("Retrieve", *mia, number), ("matched", number, "", "")),
    ]
    lines = ask(here["02"], 22, *(cells for cells, _ in cases))
    assert [(line.answer, line.ssid, line.reason, line.field) for line in lines] == [wanted for _, wanted in cases]
    assert all(line.what_to_do == REASONS[line.reason] for line in lines if line.reason)


def test_an_update_changes_what_is_known_and_keeps_what_was(here: Town) -> None:
    born = "2013-07-08"
    number = one(here["03"], 30, "New", "Marsh", "Lena", born).ssid
    stranger = one(here["02"], 30, "Update", "Marsh", "Lena", born, number, middle="Joy")
    assert (stranger.answer, stranger.reason) == ("refused", "not-your-student")
    updated = one(here["03"], 31, "Update", "Marsh", "Lena", born, number, middle="Joy")
    assert (updated.answer, updated.ssid) == ("updated", number)
    phone = one(here["03"], 33, "Update", "Marsh", "Lena", born, number)  # says nothing of the middle name
    assert phone.answer == "updated"
    assert middle_name(here, number) == "Joy"
    elsewhere = one(here["03"], 32, "Update", "Marsh", "Lena", "2009-01-01", number)
    assert (elsewhere.answer, elsewhere.reason) == ("refused", "birth-date-differs")
    lines = ask(
        here["02"],
        31,
        row("Retrieve", "Marsh", "Lena", born, middle="Joy"),
        row("Retrieve", "Marsh", "Lena", born),
    )
    assert [(line.answer, line.ssid) for line in lines] == [("matched", number)] * 2
    late = one(here["03"], 34, "Update", "Marsh", "Lena", born, number)  # the student is at 02 now
    assert (late.answer, late.reason) == ("refused", "not-your-student")


def test_a_birth_date_is_corrected_by_a_person(here: Town) -> None:
    number = one(here["03"], 35, "New", "Abelson", "Rita", "2012-05-06").ssid
    swapped = ("Abelson", "Rita", "2012-06-05", number)
    assert one(here["03"], 36, "Verify", *swapped).reason == "birth-date-differs"
    assert one(here["03"], 37, "Update", *swapped).answer == "review"
    decide(here, "03", "--same", number)
    (line,) = told(here["03"], "REQ_03_20261123_37")
    assert (line.line, line.answer, line.ssid) == ("00000002", "updated", number)
    assert one(here["03"], 38, "Verify", *swapped).answer == "verified"


def test_a_number_that_was_merged_is_known_and_the_one_to_use_is_told(here: Town) -> None:
    kept = one(here["02"], 38, "New", "Oberg", "Lisa", "2011-07-07").ssid
    other = one(here["03"], 39, "New", "Falk", "Lisa", "2011-07-07").ssid
    services = wiring.build(here.exchange.home, "test")
    with writing(services.engine) as ledger:
        registrar.merge(ledger, services.model, kept, other, "A. Clerk", "one", time.time(), "2026-11-23", TRAVELS)
    services.engine.dispose()
    for kind in ("Retrieve", "Verify"):  # it has the child then
        line = one(here["01"], 38 + len(kind), kind, "Falk", "Lisa", "2011-07-07", other)
        assert (line.answer, line.ssid, line.reason) == (
            {"Verify": "verified", "Retrieve": "matched"}[kind],
            kept,
            "other-ssid",
        )


def test_an_update_that_makes_somebody_else_of_a_student_is_decided_by_a_person(here: Town) -> None:
    """The state names it as a cause of failure: attributes edited to force a match."""
    born = "2012-09-09"
    kim = one(here["03"], 40, "New", "Varga", "Kim", born).ssid
    one(here["02"], 40, "New", "Bartok", "Elena", born)
    forced = one(here["03"], 41, "Update", "Bartok", "Elena", born, kim)
    assert (forced.answer, forced.ssid, forced.reason) == ("review", "", "not-sure")
    assert one(here["03"], 42, "Verify", "Varga", "Kim", born, kim).answer == "verified"
    assert one(here["03"], 43, "Verify", "Bartok", "Elena", born, kim).reason == "name-differs"
    decide(here, "03", "--none")
    (line,) = told(here["03"], "REQ_03_20261123_41")
    assert (line.answer, line.reason) == ("refused", "withdrawn")


def test_a_line_in_review_is_answered_again_when_it_is_decided(here: Town) -> None:
    """A twin, to be sure: same day, same last name, first names one letter apart."""
    born = "2011-01-02"
    first = one(here["03"], 50, "New", "Torres", "Elena", born).ssid
    doubt = one(here["6G"], 50, "New", "Torres", "Elina", born)
    assert (doubt.answer, doubt.ssid) == ("review", "")
    decide(here, "6G", "--new")
    (line,) = told(here["6G"], "REQ_6G_20261123_50")
    assert (line.line, line.answer, line.request) == ("00000002", "assigned", "REQ_6G_20261123_50")
    assert line.ssid not in ("", first)
    assert (line.last_name, line.first_name, line.local_number) == ("Torres", "Elina", "Elina-1")
    assert one(here["6G"], 51, "Verify", "Torres", "Elina", born, line.ssid).answer == "verified"


def test_a_record_that_waited_goes_on(here: Town) -> None:
    student = child("Ivar", "Nygaard", "2010-12-13")
    one(here["03"], 60, "New", "Nygaard", "Ivar", "2010-12-13")
    here["03"].send("ivar.pgp", record("03", student))
    assert here["03"].receipt("ivar.pgp", "HELD", "DELIVERED")["held_for"] == "enrollment"
    one(here["6G"], 60, "Retrieve", "Nygaard", "Ivar", "2010-12-13")
    assert here["03"].receipt("ivar.pgp", "DELIVERED")["packet"]["to"] == "6G"


def test_a_location_can_be_in_the_past(here: Town) -> None:
    header = [*HEADER, "Entry Date", "Exit Date", "Exit Code", "Grade", "Programme"]
    ida = row("New", "Voss", "Ida", "2009-02-03")
    rows = [
        [*ida, "2025-08-20", "2026-06-05", "GE", "12", "Year Round"],
        [*ida, "2026-08-20", "2026-08-01", "GE", "12", ""],
        [*ida, "2026-08-20", "", "", "12", "evenings"],
    ]
    first, second, third = ask(here["02"], 70, content=written(rows, header=header))
    assert first.answer == "assigned"
    assert (second.answer, second.reason, second.field) == ("refused", "unreadable", "exit_date")
    assert (third.answer, third.reason, third.field) == ("refused", "unreadable", "programme")
    assert leave(here["02"], "Voss", "Ida", "2009-02-03") == "matched"  # it ended on another day, then


def test_the_same_request_again(here: Town) -> None:
    rows = [row("New", "Quist", "Bo", "2010-01-01"), row("New", "Rask", "Eva", "2010-02-02")]
    lines = ask(here["01"], 80, *rows)
    first = here["01"].receipt("REQ_01_20261123_80.csv.pgp", "APPLIED")["tracking"]
    here["01"].send("REQ_01_2026-11-23_0080.csv", written(rows))
    repeated = here["01"].receipt("REQ_01_2026-11-23_0080.csv", "DUPLICATE", "APPLIED", "REFUSED")
    assert (repeated["state"], repeated["first"]) == ("DUPLICATE", first)
    # under another counter it is another request, and the students are known by now
    again = ask(here["01"], 81, *rows)
    assert [line.ssid for line in again] == [line.ssid for line in lines]
    assert {(line.answer, line.reason) for line in again} == {("matched", "known-already")}
    # other content under the same name
    here["01"].send("REQ_01_20261123_80.csv.gpg", written(rows[:1]))
    refused = here["01"].refused("REQ_01_20261123_80.csv.gpg")
    assert refused["code"] == "replayed-id"
    assert "another counter" in refused["means"]


@pytest.mark.parametrize(("name", "content", "code"), UNREADABLE)
def test_a_file_that_cannot_be_read_is_refused(here: Town, name: str, content: bytes, code: str) -> None:
    here["01"].send(name, content)
    refused = here["01"].refused(name)
    assert refused["code"] == code
    assert all(word not in json.dumps(refused) for word in ("Secr", "123-45", "2012-03-04"))


def test_requests_in_json(here: Town) -> None:
    student = child("Pia", "Dahl", "2012-04-05")
    lines = [
        {"request": "new", "student": student, "school": "704", "school_year": 2027, "date": "2026-08-17"},
        {"request": "retrieve", "student": student, "school": "705", "grade": "08", "programme": "regular"},
        {"request": "new", "student": child("Per", "Dahl", "2016-04-05")},
        {"request": "verify", "student": student},
    ]
    document = documents.enrollment(0) | {"packet": "ssid-request.v1", "from": "03", "students": lines}
    here["03"].send("json.pgp", document)
    assert here["03"].receipt("json.pgp", "APPLIED", "REFUSED")["state"] == "APPLIED"
    first, second, third, fourth = notice(here["03"], document["id"])
    assert (first["line"], first["answer"], second["answer"]) == (0, "assigned", "matched")
    assert first["ssid"] == second["ssid"]
    assert (third["answer"], third["ssid"], third["why"], third["field"]) == ("refused", None, "missing", "school")
    assert (fourth["why"], fourth["field"], fourth["what_to_do"]) == ("missing", "ssid", REASONS["missing"])
    here["03"].send("bad.pgp", document | {"id": documents.record()["id"], "students": [lines[0] | {"request": "old"}]})
    assert here["03"].refused("bad.pgp")["place"] == "/students/0/request"


@pytest.mark.slow
@pytest.mark.grows
def test_many_lines_of_which_one_in_fifty_is_at_fault(here: Town) -> None:
    many = larger(2_500, 10_000)
    rows = people(many, 1)
    places = {"birth_date": 8, "request_type": 0, "last_name": 5, "ssid": 9, "lea": 2}
    values = {"birth_date": "13/13/2013", "request_type": "Please", "last_name": "", "ssid": "12", "lea": "77"}
    wrong = {place * 50 + 7: name for place, name in enumerate(list(places) * (many // 250))}
    for place, name in wrong.items():
        rows[place][places[name]] = values[name]
    lines = ask(here["02"], 99, *rows)
    assert [line.line for line in lines] == [f"{number:08}" for number in range(2, many + 2)]
    assert [(line.first_name, line.local_number) for line in lines] == [(cells[6], cells[4]) for cells in rows]
    refused = {place: line for place, line in enumerate(lines) if line.answer == "refused"}
    assert {place: line.field for place, line in refused.items()} == wrong
    assert all(line.reason and line.what_to_do and not line.ssid for line in refused.values())
    given = [line for line in lines if line.answer != "refused"]
    assert len(given) == many * 49 // 50
    assert {line.answer for line in given} <= {"assigned", "review"}
    numbers = [line.ssid for line in given if line.ssid]
    assert len(set(numbers)) == len(numbers) > many * 97 // 100
    # dropped again, and asked again
    here["02"].send("REQ_02_20261123_099.csv.pgp", written(rows))
    assert here["02"].receipt("REQ_02_20261123_099.csv.pgp", "DUPLICATE", "APPLIED", "REFUSED")["state"] == "DUPLICATE"
    some = [place for place in range(500, 800) if lines[place].answer == "assigned"]
    again = ask(here["02"], 100, *(rows[place] for place in some))
    assert [line.ssid for line in again] == [lines[place].ssid for place in some]


def test_no_receipt_and_no_log_holds_a_student(here: Town) -> None:
    said = json.dumps([all_receipts(here.exchange, lea) for lea in here.desks])
    logged = here.exchange.log.read_text()
    kept = b"".join(path.read_bytes() for path in Path(here.exchange.home / "vault").rglob("*") if path.is_file())
    for word in ("Lindqvist", "Sorensen", "2014-02-11", "445566"):
        assert word not in said
        assert word not in logged
        assert word.encode() not in kept
