"""Which student was meant? The LEA is asked by a sealed notice, answers by file, and the record goes on; or the state
decides by command. All from outside: gpg, folders, command line."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import documents
from tests.support.desk import Desk, Town, as_bytes, child, enrollment, record, town
from tests.support.exchange import satchel, wait_until


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    parties = {"01": ("district", "cv25519"), "02": ("district", "rsa2048"), "6G": ("charter", "cv25519")}
    with town(tmp_path_factory.mktemp("review"), parties) as made:
        yield made
        assert made.bugs() == []


def question(desk: Desk, tracking: str) -> dict[str, Any]:
    """The newest notice that asks about this packet; gpg says whose signature it is."""

    def look() -> dict[str, Any] | None:
        found = None
        for path in desk.exchange.inbox(desk.lea):
            if ".review." in path.name:
                content, status = desk.gpg.decrypt(path.read_bytes())
                assert "[GNUPG:] GOODSIG" in status
                said = json.loads(content)
                found = said if said["questions"][0]["tracking"] == tracking else found
        return found

    asked: dict[str, Any] = wait_until(look, f"a question about {tracking} to {desk.lea}")
    return asked


def answer(desk: Desk, asked: dict[str, Any], decision: str, **more: str) -> dict[str, Any]:
    """Fill in the answer that the notice has prepared, and send it; the receipt that ends it."""
    reply = {key: value for key, value in asked["answers"][0].items() if key != "candidate"}
    reply |= {"decision": decision, "why": "the parents have told us"} | more
    document = documents.review_answer(**{"from": desk.lea, "answers": [reply]})
    desk.send(f"answer-{document['id']}.pgp", document)
    return desk.receipt(f"answer-{document['id']}.pgp", "APPLIED", "REFUSED")


def run(here: Town, *words: str, check: bool = True) -> Any:
    return satchel("review", *words, *here.exchange.at, check=check)


def by(why: str = "seen the birth certificate") -> list[str]:
    return ["--who", "Jo Operator", "--why", why]


def held(here: Town, known: dict[str, Any], sent: dict[str, Any], name: str) -> tuple[str, bytes]:
    """A record of 01, held for review, about a student who has gone from there to 02."""
    assert here["01"].enroll(without_guardians(known), date="2025-08-18")[0]["answer"] == "assigned"
    assert here["02"].enroll(known)[0]["answer"] == "matched"
    document = record("01", sent)
    here["01"].send(name, document)
    receipt = here["01"].receipt(name, "HELD", "DELIVERED", "REFUSED")
    assert (receipt["state"], receipt["held_for"]) == ("HELD", "review")
    return str(receipt["tracking"]), as_bytes(document)


def without_guardians(student: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in student.items() if key != "guardians"}


def test_a_record_is_delivered_once_its_lea_has_answered(here: Town) -> None:
    tracking, content = held(
        here,
        child("Katharine", "Abernathy", "2012-03-14", guardians=[{"first": "Wilhelmina", "last": "Zeller"}]),
        child("Katherine", "Abernathy", "2012-03-14"),
        "katherine.pgp",
    )
    asked = question(here["01"], tracking)
    (candidate,) = asked["questions"][0]["candidates"]
    assert (candidate["candidate"], candidate["compared"]["first_name"]) == ("A", "near")
    assert "Wilhelmina" not in json.dumps(asked)
    assert asked["about"]["file"] == "katherine.pgp"
    # nobody else can answer, not even the LEA that has the student
    assert answer(here["02"], asked, "same", candidate="A")["code"] == "unknown-tracking"
    assert answer(here["01"], asked, "same", candidate="A")["state"] == "APPLIED"
    assert here["01"].receipt("katherine.pgp", "DELIVERED")["tracking"] == tracking
    assert here["02"].read(tracking) == (content, here["01"].fingerprint)
    # the second answer changes nothing, another one is refused
    assert answer(here["01"], asked, "same", candidate="A")["state"] == "APPLIED"
    assert answer(here["01"], asked, "none")["code"] == "already-decided"


def test_an_enrollment_line_is_answered_again_once_it_is_decided(here: Town) -> None:
    ssid = here["01"].enroll(child("Katharine", "Castellano", "2012-04-17"))[0]["ssid"]
    document = enrollment("6G", child("Katherine", "Castellano", "2012-04-17"), child("Otto", "Zimmer", "2012-05-01"))
    here["6G"].send("enrollment.pgp", document)
    tracking = here["6G"].receipt("enrollment.pgp", "APPLIED")["tracking"]
    assert [line["answer"] for line in here["6G"].notice(document["id"])] == ["review", "assigned"]
    here["01"].send("waits.pgp", record("01", child("Katharine", "Castellano", "2012-04-17")))
    assert here["01"].receipt("waits.pgp", "HELD")["held_for"] == "enrollment"
    assert answer(here["6G"], question(here["6G"], tracking), "same", candidate="A")["state"] == "APPLIED"
    lines = wait_until(
        lambda: [one for one in notices(here["6G"], document["id"]) if len(one) == 1], "a further answer"
    )
    assert [(line["line"], line["answer"], line["ssid"]) for line in lines[0]] == [(0, "matched", ssid)]
    # the record that waited for the student to enroll goes on
    assert here["6G"].has(here["01"].receipt("waits.pgp", "DELIVERED")["tracking"])


def notices(desk: Desk, document_id: str) -> list[list[dict[str, Any]]]:
    paths = [path for path in desk.exchange.inbox(desk.lea) if ".ssid." in path.name]
    said = [json.loads(desk.gpg.decrypt(path.read_bytes())[0]) for path in paths]
    return [one["students"] for one in said if one["answers"] == document_id]


def test_the_state_lists_shows_decides_and_takes_back(here: Town) -> None:
    tracking, _ = held(
        here,
        child("Jonathan", "Quillfeather", "2011-09-21"),
        child("Johnathan", "Quillfeather", "2011-09-21"),
        "jon.pgp",
    )
    listed = [one for one in json.loads(run(here, "list", "--json").stdout) if one["tracking"] == tracking]
    assert [(one["line"], one["lea"], one["type"], one["candidates"]) for one in listed] == [
        (-1, "01", "student-record", 1)
    ]
    assert listed[0]["waits_seconds"] >= 0
    assert here.exchange.status()["reviews_open"] >= 1
    assert "To decide: " in satchel("status", *here.exchange.at).stdout
    text = run(here, "list").stdout
    assert tracking in text
    assert "Quillfeather" not in text
    shown = json.loads(run(here, "show", tracking, "--json").stdout)
    (candidate,) = shown["candidates"]
    assert shown["sent"]["legal_name"]["first"] == "Johnathan"
    assert candidate["student"]["legal_name"]["first"] == "Jonathan"
    text = run(here, "show", tracking).stdout
    for said in ("Johnathan Quillfeather, born 2011-09-21", f"Candidate A: SSID {candidate['ssid']}", "Enrolled at 02"):
        assert said in text
    assert "First name" in text
    assert "A match takes" in text
    decided = run(here, "decide", tracking, "--same", candidate["ssid"], *by())
    assert decided.stdout == "It is decided.\n"
    assert here["02"].has(here["01"].receipt("jon.pgp", "DELIVERED")["tracking"])
    assert "Decided" in run(here, "show", tracking).stdout
    # what is delivered cannot be called back, and the sentence says what to do
    failed = run(here, "undo", tracking, *by("a mistake"), check=False)
    assert failed.returncode == 1
    assert f"Ask 02 to delete {tracking}" in failed.stderr
    assert "Jo Operator" not in here.exchange.log.read_text()
    assert "Quillfeather" not in here.exchange.log.read_text()


def test_what_is_taken_back_is_asked_again(here: Town) -> None:
    ssid = here["01"].enroll(child("Margarete", "Oldenburg", "2010-10-23"))[0]["ssid"]
    document = enrollment("6G", child("Margareta", "Oldenburg", "2010-10-23"))
    here["6G"].send("margareta.pgp", document)
    tracking = here["6G"].receipt("margareta.pgp", "APPLIED")["tracking"]
    asked = question(here["6G"], tracking)
    run(here, "decide", tracking, "--new", *by())
    number = wait_until(lambda: notices(here["6G"], document["id"])[1:], "a number")[0][0]["ssid"]
    assert number not in (None, ssid)
    assert run(here, "undo", tracking, *by("a twin was ruled out")).stdout.startswith("The decision is undone")
    again = wait_until(lambda: question(here["6G"], tracking).get("note"), "the question again")
    assert number in again
    assert answer(here["6G"], asked, "same", candidate="A")["state"] == "APPLIED"
    last = wait_until(lambda: notices(here["6G"], document["id"])[2:], "the right number")
    assert last[0][0]["ssid"] == ssid


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["decide", "T", "--new", "--none", *by()], 2, "one of --same"),
        (["decide", "T", "--new", "--who", "Jo", "--why", "x" * 201], 1, "why"),
        (["decide", "T", "--same", "0000000000", *by()], 1, "candidate"),
        (["decide", "T", "--new", "--line", "7", *by()], 1, "--line"),
        (["show", "018f2c6e-7d5b-7c3a-9b1e-2f4a6c8e0d12"], 1, "no question"),
    ],
)
def test_wrong_use(here: Town, waiting: str, words: list[str], code: int, said: str) -> None:
    ended = run(here, *[waiting if word == "T" else word for word in words], check=False)
    assert (ended.returncode, ended.stdout) == (code, "")
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.fixture(scope="module")
def waiting(here: Town) -> str:
    """A packet that is held for review, about a student who may be one whom its LEA had."""
    known, sent = child("Ludwika", "Klimowicz", "2013-12-12"), child("Ludwiga", "Klimowicz", "2013-12-12")
    return held(here, known, sent, "doubtful.pgp")[0]
