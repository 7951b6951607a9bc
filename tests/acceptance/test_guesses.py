"""Guesses at children whom an LEA never had are counted, bounded, in the disclosure log and told to the state; and an
honest school's mistyped child still comes to a good end."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from broker.core.grounds import Why
from broker.core.model import Ssid
from broker.core.review import By, Choice, Verb
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.log import disclosures as log
from broker.edge.ledger.tables import guesses as table
from broker.oversight import harvest
from broker.students import decide
from tests.support import desk, documents
from tests.support.guesses import ASKED, ASKS, BORN_WRONG, HAS, LAST_WRONG, STATE, Block, Worlds, alerts

CLASS = iter(desk.children(300, 12000))
BY = By("Kim of the state", "the certificate was shown")


@pytest.fixture
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    made = Worlds(tmp_path_factory.mktemp("worlds"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    """Shared by tests that guess little."""
    made = Worlds(tmp_path_factory.mktemp("worlds"))
    yield made
    made.close()


def limited(worlds: Worlds, lines: int = 0, **limits: int) -> None:
    """Bounds of guesses; with `lines`, a packet with more of them is carried out in slices of so many."""
    for office in worlds.both:
        settings = office.services.settings
        if lines:
            settings = replace(settings, limits=replace(settings.limits, lines_per_transaction=lines))
        bounds = replace(settings.harvest, **limits)
        office.services = replace(office.services, settings=replace(settings, harvest=bounds))


def verify(*students: Block) -> dict[str, Any]:
    lines = [{"student": one, "request": "verify", "school": "704", "date": "2026-11-20"} for one in students]
    return documents.ssid_request(*lines, **{"from": ASKS})


def whys(worlds: Worlds) -> list[list[str]]:
    """The reasons in the newest answer, in both."""
    newest = [office.newest_notice(ASKS, "ssid")["students"] for office in worlds.both]
    return [[line.get("why", line["answer"]) for line in lines] for lines in newest]


def lines_of(worlds: Worlds, tracking: str) -> list[log.Disclosure]:
    with reading(worlds.there.services.engine) as connection:
        return [one for one in log.all_of(connection) if one.tracking == tracking]


def born(child: Block, day: int) -> Block:
    return child | {"birth_date": f"{child['birth_date'][:8]}{day:02d}"}


@pytest.mark.parametrize("lines", [0, 3], ids=["at once", "in slices"])
def test_guesses_in_one_packet_are_bounded_logged_and_told(worlds: Worlds, lines: int) -> None:
    limited(worlds, lines, guesses_per_day=7)
    child = worlds.known(next(CLASS))
    others = [child | {"ssid": f"{number:010d}"} for number in range(2000000000, 2000000010)]
    own = next(CLASS)
    number = worlds.there.enroll(ASKS, own, date="2026-08-17")[0]["ssid"]
    worlds.nowhere.enroll(ASKS, own, date="2026-08-17")
    assert worlds.differences(verify(*(born(child, day) for day in (1, 2, 3)), *others)) == []
    assert whys(worlds) == [["not-verified"] * 7 + ["too-many-guesses"] * 6] * 2
    # the same for everything from now on, whether or not there is such a child
    for asked in ("record", "backpack", "exit", "ask-record", "update", "verify"):
        assert worlds.differences(ASKED[asked](child)) == []
    assert worlds.there.send(ASKS, ASKED["record"](child)).code == "too-many-guesses"
    assert worlds.there.send(ASKS, ASKED["ask-backpack"](child)).code == "too-many-guesses"
    # of its own it may ask as often as it likes
    worlds.there.send(ASKS, verify(own | {"ssid": number}))
    assert worlds.there.newest_notice(ASKS, "ssid")["students"][0]["answer"] == "verified"
    # the state heard of it, once
    assert [(one.kind, one.lea) for one in alerts(worlds.there)] == [("guesses", ASKS)]
    told = worlds.there.newest_notice(STATE, "alert")
    assert (told["what"], told["lea"]["lea"]) == ("guesses", ASKS)
    assert child["legal_name"]["last"] not in json.dumps(told)


@pytest.mark.parametrize("lines", [50, 1], ids=["at once", "in slices"])
def test_one_line_of_the_log_for_each_packet_and_kind(calm: Worlds, lines: int) -> None:
    limited(calm, lines)
    child = calm.known(next(CLASS))
    exits = desk.enrollment(ASKS, born(child, 3), born(child, 4), event="exit", date="2026-11-20")
    row = calm.there.send(ASKS, exits)
    (line,) = lines_of(calm, row.tracking)
    assert (line.action, line.outcome, line.party, line.what) == ("look-up", "refused", ASKS, "exit")
    assert (line.ssid, line.ground) == ("", Why.NOT_THERE)
    assert line.purpose == "2 in vain, at 1 children"
    row = calm.there.send(ASKS, verify(child, born(child, 5), child | {"ssid": "1000000019"}))
    (line,) = lines_of(calm, row.tracking)
    assert (line.what, line.purpose) == ("verify", "3 in vain, at 2 children")


def test_one_child_is_guessed_at_so_often_and_then_not_hit_either(worlds: Worlds) -> None:
    limited(worlds, guesses_per_child=3)
    child = worlds.known(next(CLASS))
    wrong = [born(child, day) for day in range(1, 29) if born(child, day) != child][:4]
    for student in wrong:
        assert worlds.differences(ASKED["retrieve"](student)) == []
    assert whys(worlds) == [["too-many-guesses"]] * 2
    assert worlds.differences(ASKED["retrieve"](child)) == []  # the right one at last
    assert whys(worlds) == [["too-many-guesses"]] * 2
    other = worlds.known(next(CLASS))
    worlds.there.send(ASKS, ASKED["retrieve"](other))  # another child is another matter
    assert worlds.there.newest_notice(ASKS, "ssid")["students"][0]["answer"] == "matched"


def test_by_a_name_one_child_is_guessed_at_so_often_too(worlds: Worlds) -> None:
    limited(worlds, guesses_per_child=3)
    child = worlds.known(next(CLASS))
    number = child.pop("ssid")
    for student in [born(child, day) for day in range(1, 29) if born(child, day) != child][:3]:
        assert worlds.differences(ASKED["retrieve"](student)) == []
    assert whys(worlds) == [["unknown-student"]] * 2
    with reading(worlds.there.services.engine) as connection:
        counted = connection.execute(select(table.c.count).where(table.c.child == number)).scalar_one()
    assert counted == 3
    worlds.there.send(ASKS, ASKED["entry"](child))  # the right one at last
    answer = worlds.there.newest_notice(ASKS, "ssid")["students"][0]
    assert (answer["answer"], answer["ssid"], answer["why"]) == ("refused", None, "too-many-guesses")


def test_of_guesses_the_state_is_told_at_night(calm: Worlds) -> None:
    limited(calm, guesses_told=4)
    office = calm.there
    before = len(alerts(office))
    child = calm.known(next(CLASS))
    office.send(ASKS, verify(*(born(child, day) for day in (1, 2, 3, 4, 5))))
    list(harvest.write(office.services, office.services.day()))
    list(harvest.write(office.services, office.services.day()))
    assert [one.kind for one in alerts(office)[before:]] == ["guesses"]


# an honest school


def test_a_mistyped_mover_is_compared_and_corrected(calm: Worlds) -> None:
    child = calm.known(next(CLASS))
    del child["ssid"]
    office = calm.there
    office.send(ASKS, ASKED["entry"](BORN_WRONG["day"](child)))
    line = office.newest_notice(ASKS, "ssid")["students"][0]
    assert (line["answer"], line["why"], line["ssid"]) == ("review", "compare", None)
    notice = office.newest_notice(ASKS, "review")
    (question,) = notice["questions"]
    assert question["candidates"] == []
    assert "birth certificate" in question["compare"]
    assert notice["answers"][0]["decision"] == "confirm | none"
    office.send(ASKS, ASKED["entry"](child))
    assert office.newest_notice(ASKS, "ssid")["students"][0]["answer"] == "matched"


@pytest.mark.parametrize("said", ["confirm", "new"])
@pytest.mark.parametrize("wrong", ["day", "year", "last-typo"])
def test_a_mistyped_mover_is_confirmed_and_the_state_decides(calm: Worlds, said: str, wrong: str) -> None:
    child = calm.known(next(CLASS))
    number = Ssid(child.pop("ssid"))
    office = calm.there
    office.send(HAS, documents.backpack(**{"from": HAS, "student": child}))
    office.send(ASKS, ASKED["entry"]((BORN_WRONG | LAST_WRONG)[wrong](child)))
    asked = office.newest_notice(ASKS, "ssid")["students"][0]
    if asked["answer"] != "review":
        assert wrong == "last-typo"  # so different that it is another child, or so little that it is this one
        return
    tracking = office.newest_notice(ASKS, "review")["questions"][0]["tracking"]
    refused = [office.answer(ASKS, tracking, 0, "same", candidate=letter).code for letter in "AZ"]
    assert refused == ["unknown-candidate"] * 2
    assert office.answer(ASKS, tracking, 0, said).state == "APPLIED"
    assert office.newest_notice(ASKS, "ssid")["students"][0]["answer"] == "review"  # nothing is done yet
    assert office.inbox(ASKS, "backpack") == [] or number not in str(office.inbox(ASKS, "backpack"))
    with writing(office.services.engine) as connection:
        done = decide.decide(office.services, connection, tracking, 0, Choice(Verb.SAME, number), BY)
    assert done is decide.Result.DONE
    office.work()
    told = office.newest_notice(ASKS, "ssid")["students"][0]
    assert (told["answer"], told["ssid"]) == ("matched", number)


def test_a_child_of_the_same_surname_and_day_is_shown_decided_and_told_to_the_state(calm: Worlds) -> None:
    """A first name that is spelt otherwise, or a twin: the school can say which; what it says, the state hears."""
    office = calm.there
    day = "2012-05-06"
    secret = {"guardians": [{"first": "Marta", "last": "Ortiz"}], "phone": "801-555-0100", "gender": "F"}
    known = desk.child("Katharine", "Abernathy", day, local_id="K-1", **secret)
    number = office.enroll(HAS, known, date="2026-08-17")[0]["ssid"]
    before = len(alerts(office))
    sent = desk.child("Katherine", "Abernathy", day, local_id="S-1", **secret)
    office.send(ASKS, ASKED["entry"](sent))
    assert office.newest_notice(ASKS, "ssid")["students"][0]["why"] == "not-sure"
    (candidate,) = office.newest_notice(ASKS, "review")["questions"][0]["candidates"]
    assert set(candidate) == {"candidate", "compared", "enrolled_at_your_lea"}
    assert set(candidate["compared"]) == {"first_name", "last_name", "birth_date"}
    tracking = office.newest_notice(ASKS, "review")["questions"][0]["tracking"]
    assert office.answer(ASKS, tracking, 0, "same", candidate="A").state == "APPLIED"
    assert office.newest_notice(ASKS, "ssid")["students"][0]["ssid"] == number
    (told,) = alerts(office)[before:]
    assert (told.kind, told.ssid, told.lea, told.tracking) == ("self-decided", number, ASKS, tracking)
    assert office.newest_notice(STATE, "alert")["what"] == "self-decided"
