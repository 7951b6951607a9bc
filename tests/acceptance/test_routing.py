"""Who gets what: by name, by enrollment, or nobody; and what senders and the registry are told.

The students of this module are enrolled once, at its start; each test moves its own child.
"""

import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import documents
from tests.support.desk import Desk, Town, as_bytes, child, enrollment, record, town

LAST_YEAR, THIS_YEAR, LATER = "2025-08-18", "2026-08-17", "2026-10-05"


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    parties = {
        "01": ("district", "cv25519"),
        "02": ("district", "cv25519"),
        "6G": ("charter", "cv25519"),
        "U1": ("higher-ed", "cv25519"),
        "ST": ("state", "cv25519"),
    }
    with town(tmp_path_factory.mktemp("routing"), parties) as made:
        yield made
        assert made.bugs() == []


def known(desk: Desk, first: str, last: str, born: str, date: str = LAST_YEAR) -> dict[str, Any]:
    """A student who is enrolled at this desk's LEA, with the number that the notice gave."""
    student = child(first, last, born)
    line = desk.enroll(student, date=date)[0]
    assert line["answer"] == "assigned"
    return student | {"ssid": line["ssid"]}


def without_number(student: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in student.items() if key != "ssid"}


def who_has(here: Town, tracking: str) -> list[str]:
    return [lea for lea, desk in here.desks.items() if desk.has(tracking)]


def test_to_the_receiver_that_is_named(here: Town) -> None:
    """Once the student is enrolled there, and not before: not nowhere, and not at a third LEA (34 CFR 99.31(a)(2))."""
    student = known(here["01"], "Ana", "Reyes", "2012-03-04")
    here["01"].send("named.pgp", record("01", student, to="02"))
    held = here["01"].receipt("named.pgp", "HELD", "DELIVERED", "REFUSED")
    assert (held["state"], held["held_for"]) == ("HELD", "enrollment")
    here["6G"].enroll(without_number(student), date=THIS_YEAR)
    here.exchange.quiet()
    assert who_has(here, held["tracking"]) == []
    here["02"].enroll(without_number(student), date=LATER)
    tracking = here["01"].delivered("named.pgp", but=("HELD",))
    assert tracking == held["tracking"]
    assert here["02"].read(tracking)[1] == here["01"].fingerprint
    assert who_has(here, tracking) == ["02"]


def test_not_from_a_sender_who_never_had_the_student(here: Town) -> None:
    """Named or not, and although the student is where it says; an enrollment taken back makes no difference."""
    student = here.moved(child("Bea", "Falk", "2012-03-14"), "01", "6G")
    here["02"].enroll(without_number(student), date=LAST_YEAR)
    here["02"].enroll(student, date=LAST_YEAR, event="exit")
    for name, to in (("named", {"to": "6G"}), ("unnamed", {})):
        here["02"].send(f"stranger-{name}.pgp", record("02", student, **to))
        refused = here["02"].refused(f"stranger-{name}.pgp")
        assert (refused["code"], refused["place"]) == ("not-your-student", "/student")
        assert who_has(here, refused["tracking"]) == []


def test_to_where_the_student_is_enrolled(here: Town) -> None:
    student = known(here["01"], "Ben", "Olsen", "2012-04-05")
    here["02"].enroll(without_number(student), date=THIS_YEAR)
    here["6G"].enroll(without_number(student), date=LATER)
    document = record("01", student)
    here["01"].send("enrolled.pgp", document)
    tracking = here["01"].delivered("enrolled.pgp")
    assert here["6G"].read(tracking)[0] == as_bytes(document)
    assert who_has(here, tracking) == ["6G"]
    # and, once the student has left there again, to where it is entered then: 02 is over, though it told of no exit
    left = enrollment("6G", student, event="exit", date="2026-11-01")
    here["6G"].send("exit.pgp", left)
    assert [line["answer"] for line in here["6G"].notice(left["id"])] == ["matched"]
    here["01"].send("enrolled-2.pgp", record("01", student))
    held = here["01"].receipt("enrolled-2.pgp", "HELD", "DELIVERED", "REFUSED")
    assert (held["state"], held["held_for"]) == ("HELD", "enrollment")
    here["02"].enroll(without_number(student), date="2026-11-15")
    assert who_has(here, here["01"].delivered("enrolled-2.pgp", "HELD")) == ["02"]


def test_held_until_the_student_enrolls(here: Town) -> None:
    student = known(here["01"], "Cleo", "Tanner", "2012-05-06")
    document = record("01", student)
    here["01"].send("early.pgp", document)
    held = here["01"].receipt("early.pgp", "HELD", "DELIVERED", "REFUSED")
    assert (held["state"], held["held_for"]) == ("HELD", "enrollment")
    # another child's enrollment, and her own at the sender's, change nothing
    known(here["6G"], "Dora", "Tanner", "2012-05-07", THIS_YEAR)
    here["01"].enroll(student, date=THIS_YEAR)
    time.sleep(0.5)
    assert who_has(here, held["tracking"]) == []
    here["6G"].enroll(without_number(student), date=LATER)
    assert here["01"].receipt("early.pgp", "DELIVERED")["tracking"] == held["tracking"]
    assert here["6G"].read(held["tracking"]) == (as_bytes(document), here["01"].fingerprint)
    assert who_has(here, held["tracking"]) == ["6G"]


@pytest.mark.parametrize(
    ("sender", "receiver", "code", "place"),
    [
        ("01", "99", "unknown-receiver", "/to"),
        ("01", "exchange", "unknown-receiver", "/to"),
        ("01", "U1", "not-allowed", "/to"),
        ("01", "ST", "not-allowed", "/to"),
        ("01", "01", "not-allowed", "/to"),
        ("U1", "01", "not-allowed", "/packet"),
        ("ST", "01", "not-allowed", "/packet"),
    ],
)
def test_who_may_not(here: Town, sender: str, receiver: str, code: str, place: str) -> None:
    name = f"{sender}-to-{receiver}.pgp"
    here[sender].send(name, record(sender, child("Eve", "Moss", "2012-06-07"), to=receiver))
    refused = here[sender].refused(name)
    assert (refused["code"], refused["place"]) == (code, place)


def test_only_leas_enroll(here: Town) -> None:
    here["U1"].send("enroll.pgp", enrollment("U1", child("Eve", "Moss", "2012-06-07")))
    assert here["U1"].refused("enroll.pgp")["code"] == "not-allowed"


def test_in_another_leas_name(here: Town) -> None:
    here["02"].send("pretends.pgp", record("01", child("Eve", "Moss", "2012-06-07"), to="6G"))
    refused = here["02"].refused("pretends.pgp")
    assert (refused["code"], refused["place"]) == ("from-mismatch", "/from")


SECRET = ("Zebulon", "Quackenbush", "2011-11-11", "555-0199", "Hidden Lane")


def test_a_schema_refusal_names_the_place_and_no_value(here: Town) -> None:
    first, last, born, phone, street = SECRET
    student = child(first, last, born, phone=phone, address={"street": street})
    wrong: dict[str, tuple[dict[str, Any], str]] = {
        "birth-date": (record("01", student | {"birth_date": f"{born} {first}"}), "/student/birth_date"),
        "unknown": (record("01", student | {f"{last}": first}), "/student"),
        "missing": (record("01", {"legal_name": student["legal_name"]}), "/student"),
        "number": (record("01", student | {"birth_order": first}), "/student/birth_order"),
        "deep": (record("01", student, record={"course_history": [{"title": first, "school_year": last}]}), ""),
        "type": (record("01", student, packet=f"{last}.v1"), "/packet"),
        "ssn": (record("01", student | {"ssn": "123-45-6789"}), "/student"),
    }
    said = ""
    for name, (document, place) in wrong.items():
        here["01"].send(f"schema-{name}.pgp", document)
        refused = here["01"].refused(f"schema-{name}.pgp")
        assert refused["code"] == {"type": "unknown-type", "ssn": "has-ssn"}.get(name, "schema"), name
        assert refused["place"].startswith(place or "/record/course_history/0/school_year"), name
        said += json.dumps(refused)
    assert not any(value in said for value in (*SECRET, "123-45-6789"))
    assert "birth_date" in said
    not_json = {"text.pgp": b"Zebulon,Quackenbush\n", "utf16.pgp": "{}".encode("utf-16"), "twice.pgp": b'{"a":1,"a":2}'}
    for name, content in not_json.items():
        here["01"].send(name, content)
    codes = {name: here["01"].refused(name)["code"] for name in not_json}
    assert codes == {"text.pgp": "not-a-document", "utf16.pgp": "not-utf8", "twice.pgp": "duplicate-key"}
    assert not any(value in here.exchange.log.read_text() for value in SECRET)


@pytest.mark.parametrize("named", [True, False])
def test_an_uncertain_student_is_held_for_review(here: Town, named: bool) -> None:
    """Twins, a wrong number, a child that nobody enrolled: not even to a receiver that is named."""
    born = "2014-01-02" if named else "2011-08-19"
    twin = known(here["01"], "Fay", "Hill", born)
    uncertain = {
        "twin": child("May", "Hill", born),
        "wrong-number": child("Greg", "Stone", born, ssid=twin["ssid"]),
        "stranger": child("Nobody", "Knows", born),
    }
    to = {"to": "6G"} if named else {}
    for name, student in uncertain.items():
        here["01"].send(f"{name}-{named}.pgp", record("01", student, **to))
    for name in uncertain:
        held = here["01"].receipt(f"{name}-{named}.pgp", "HELD", "DELIVERED", "REFUSED")
        is_one_of_its_own = name != "stranger"
        assert held["state"] == ("HELD" if is_one_of_its_own else "REFUSED"), name
        assert (held["held_for"] if is_one_of_its_own else held["code"]) in ("review", "not-your-student")
        assert who_has(here, held["tracking"]) == []


def deliver(here: Town, name: str, first: str) -> tuple[str, Path]:
    """A record that lies in 6G's inbox: its tracking id, and the file."""
    student = here.moved(child(first, f"{first}son", "2014-02-03"), "01", "6G")
    here["01"].send(name, record("01", student, to="6G"))
    tracking = here["01"].delivered(name)
    return tracking, here["6G"].inbox(tracking)


def collected(here: Town, name: str) -> dict[str, Any]:
    return here["01"].receipt(name, "COLLECTED")


def test_an_acknowledgement_collects(here: Town) -> None:
    tracking, path = deliver(here, "acknowledged.pgp", "Hugo")
    acknowledge = documents.acknowledgement(tracking=tracking.upper())
    # not by anyone but the receiver, and not for a packet that there is not
    here["02"].send("not-mine.pgp", acknowledge | {"from": "02"})
    here["6G"].send("unknown.pgp", acknowledge | {"tracking": str(uuid.uuid4())})
    codes = here["02"].refused("not-mine.pgp")["code"], here["6G"].refused("unknown.pgp")["code"]
    assert codes == ("unknown-tracking", "unknown-tracking")
    assert [one["state"] for one in here.exchange.packets(lea="6G") if one["tracking"] == tracking] == ["DELIVERED"]
    # the refused one is mended under its own id
    here["6G"].send("ack.pgp", acknowledge)
    assert here["6G"].receipt("ack.pgp", "APPLIED", "REFUSED")["state"] == "APPLIED"
    said = collected(here, "acknowledged.pgp")
    assert (said["how"], said["tracking"]) == ("acknowledged", tracking)
    # the file stays until it is taken, and taking it says nothing new
    assert path.exists()
    path.unlink()
    time.sleep(0.7)
    about = [one for one in here.exchange.receipts("01") if one["tracking"] == tracking]
    assert [one["state"] for one in about].count("COLLECTED") == 1


def test_taking_the_file_out_of_the_inbox_collects(here: Town, tmp_path: Path) -> None:
    for name, first in (("removed.pgp", "Ida"), ("moved.pgp", "Jon")):
        tracking, path = deliver(here, name, first)
        if name == "removed.pgp":
            path.unlink()
        else:
            path.rename(tmp_path / path.name)
        assert (collected(here, name)["how"], collected(here, name)["tracking"]) == ("removed", tracking)
        theirs = [one for one in here.exchange.receipts("6G") if one["tracking"] == tracking]
        assert [one["state"] for one in theirs] == ["DELIVERED", "COLLECTED"]


def test_what_an_enrollment_is_answered(here: Town) -> None:
    """One line for each student, in the order of the enrollment."""
    kim = known(here["01"], "Kim", "West", "2011-01-01")
    lines = here["6G"].enroll(
        child("Lou", "East", "2011-02-02"),  # nobody has that child yet
        without_number(kim),  # known by name and birth date
        kim,  # known by number
        child("Tim", "West", "2011-01-01"),  # a twin, perhaps
        child("Kim", "North", "2011-03-03", ssid=kim["ssid"]),  # the number is another child's
        child("Max", "South", "2011-04-04", ssid=unused(here)),  # a number that nobody was given
        date=THIS_YEAR,
    )
    assert [line["answer"] for line in lines] == ["assigned", "matched", "matched", "review", "review", "review"]
    assert [line["line"] for line in lines] == list(range(6))
    numbers = [line["ssid"] for line in lines]
    assert numbers[1:] == [kim["ssid"], kim["ssid"], None, None, None]
    assert numbers[0] not in (None, kim["ssid"])
    assert len(numbers[0]) == 10
    # Kim is 6G's own student now; of another number it is not told whose it is, if it is anybody's
    assert (lines[4]["why"], lines[5]["why"]) == ("not-sure", "compare")
    # an exit closes what is open, and is refused where nothing is
    exits = enrollment("6G", kim, kim | {"ssid": here["02"].enroll(child("Ned", "Far", "2011-05-05"))[0]["ssid"]})
    for line in exits["students"]:
        line["event"] = "exit"
    exits["students"][1]["student"] |= {"legal_name": child("Ned", "Far", "")["legal_name"], "birth_date": "2011-05-05"}
    here["6G"].send("exits.pgp", exits)
    answered = here["6G"].notice(exits["id"])
    assert [line["answer"] for line in answered] == ["matched", "refused"]
    assert answered[1]["why"] == "no-open-enrollment"


def unused(here: Town) -> str:
    """A well-formed number that was never given: that of a new child with its last digits changed."""
    number = here["02"].enroll(child("Olga", "Away", "2011-06-06"))[0]["ssid"]
    return str(number[:-4]) + ("0000" if number[-4:] != "0000" else "1111")
