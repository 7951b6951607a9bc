"""What an LEA learns of a child that it never had by more than one packet: by lines sent again, taken back, or asked
until a bound is reached, over days. Nothing, as by one packet."""

import copy
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from broker.core.access import Action
from broker.core.knowledge import REVEALS
from broker.edge.ledger.engine import reading
from broker.edge.ledger.log import disclosures
from tests.support import desk, documents
from tests.support.guesses import ASKED, ASKS, BORN_WRONG, FACTS, HAS, Block, Worlds

CLASS = iter(desk.children(300, 15000))


@pytest.fixture
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    made = Worlds(tmp_path_factory.mktemp("worlds"))
    yield made
    made.close()


def nameless(child: Block) -> Block:
    return {name: value for name, value in child.items() if name != "ssid"}


def born(child: Block, day: int) -> Block:
    return child | {"birth_date": f"{child['birth_date'][:8]}{day:02d}"}


def days_but(child: Block) -> list[Block]:
    """The child with another day of birth in the same month."""
    return [born(child, day) for day in range(1, 29) if born(child, day) != child]


def whys(worlds: Worlds) -> list[list[str]]:
    """The reasons in the newest answer, in both."""
    newest = [office.newest_notice(ASKS, "ssid")["students"] for office in worlds.both]
    return [[line.get("why", line["answer"]) for line in lines] for lines in newest]


def entry(child: Block, event: str = "entry", **line: Any) -> dict[str, Any]:
    return desk.enrollment(ASKS, child, event=event, date="2026-11-20", **line)


# a flag shows in nothing that becomes of a question


def test_a_line_about_a_flagged_child_is_taken_back_like_any_other(worlds: Worlds) -> None:
    plain, flagged = (worlds.known(next(CLASS), is_flagged=is_flagged) for is_flagged in (False, True))
    told = []
    for child in (plain, flagged):
        block = BORN_WRONG["day"](nameless(child))
        worlds.there.send(ASKS, entry(block))
        assert worlds.there.newest_notice(ASKS, "ssid")["students"][0]["why"] == "compare"
        worlds.there.send(ASKS, entry(block, "exit"))
        told.append(worlds.there.newest_notice(ASKS, "ssid")["students"][0]["why"])
    assert told == ["withdrawn", "withdrawn"]


def test_a_line_about_a_flagged_child_is_corrected_like_any_other(worlds: Worlds) -> None:
    told = []
    for is_flagged in (False, True):
        child = worlds.known(next(CLASS), is_flagged=is_flagged)
        block = nameless(child) | {"local_id": f"L-{is_flagged}"}
        worlds.there.send(ASKS, entry(BORN_WRONG["day"](block)))
        assert worlds.there.newest_notice(ASKS, "ssid")["students"][0]["why"] == "compare"
        before = len(worlds.there.notices(ASKS, "ssid"))
        worlds.there.send(ASKS, entry(block))
        told.append([one["students"][0].get("why", "matched") for one in worlds.there.notices(ASKS, "ssid")[before:]])
    assert told[0] == told[1]


# a bound that is reached tells nothing


def test_retrieve_beyond_the_bound_of_a_child_tells_the_right_birth_date_from_no_other(worlds: Worlds) -> None:
    child = nameless(worlds.known(next(CLASS)))
    for student in days_but(child)[:6]:
        assert worlds.differences(ASKED["retrieve"](student)) == []
    assert whys(worlds) == [["unknown-student"]] * 2
    assert worlds.differences(ASKED["retrieve"](child)) == []  # the right one at last


_REVEALED = [  # by an entry, and by the question that costs a school nothing
    pytest.param("retrieve", one, marks=[] if one == "entry" else pytest.mark.long) for one in sorted(REVEALS)
]


@pytest.mark.parametrize(("first", "asked"), [("entry", "new"), *_REVEALED])
def test_a_number_of_nobody_beyond_the_bound_of_a_child_tells_nothing(worlds: Worlds, first: str, asked: str) -> None:
    child = worlds.known(next(CLASS))
    for student in days_but(nameless(child))[:6]:
        for office in worlds.both:
            office.send(ASKS, ASKED[first](student))
    for number, student in enumerate(days_but(child)[6:9]):
        block = student | {"ssid": f"{2000000000 + number:010d}"}
        for office in worlds.both:
            office.send(ASKS, ASKED[asked](block))
        assert whys(worlds)[0] == whys(worlds)[1]


def test_questions_about_a_number_over_days_tell_not_whether_somebody_has_it(worlds: Worlds) -> None:
    child = worlds.known(next(CLASS))
    for office in worlds.both:
        told = replace(office.services.settings.told, questions=6)
        office.services = replace(office.services, settings=replace(office.services.settings, told=told))
    students = [
        one | {"local_id": f"Q-{n}"} for n, one in enumerate([BORN_WRONG["all"](one) for one in days_but(child)])
    ]
    for day in range(3):
        for student in students[day * 4 : day * 4 + 4]:
            assert worlds.differences(ASKED["entry"](student)) == []
        for office in worlds.both:
            office.ahead += timedelta(days=1)


def test_updates_that_come_near_one_child_are_bounded_for_that_child(worlds: Worlds) -> None:
    office = worlds.there
    child = nameless(worlds.known(next(CLASS) | {"phone": "801-555-0100", "gender": "F"}))
    told = []
    for n in range(8):
        own = desk.child(f"Zephyr{n}ine", f"Quacken{n}bush", child["birth_date"], local_id=f"U-{n}")
        number = office.enroll(ASKS, own, date="2026-08-17")[0]["ssid"]
        assert number
        block = own | {"ssid": number, "aliases": [child["legal_name"]], "phone": "801-555-0100", "gender": "F"}
        office.send(ASKS, ASKED["update"](block))
        line = office.newest_notice(ASKS, "ssid")["students"][0]
        told.append(line.get("why", line["answer"]))
    assert told[5:] == ["too-many-guesses"] * 3


# an entry that is taken back before anybody hears of it is a look-up


def looked_up(worlds: Worlds) -> list[tuple[str, str]]:
    with reading(worlds.there.services.engine) as connection:
        found = [one for one in disclosures.all_of(connection) if one.action == Action.LOOK_UP]
    return [(one.what, one.purpose) for one in found]


@pytest.mark.parametrize("lines", [50, 1], ids=["at once", "in slices"])
def test_an_entry_and_its_taking_back_in_one_packet_are_a_guess(worlds: Worlds, lines: int) -> None:
    office = worlds.there
    limits = replace(office.services.settings.limits, lines_per_transaction=lines)
    office.services = replace(office.services, settings=replace(office.services.settings, limits=limits))
    child = nameless(worlds.known(next(CLASS)))
    document = entry(child)
    document["students"] += entry(child | {"phone": "801-555-0177"}, "exit")["students"]
    for _ in range(2):  # every night the same: it is no news
        office.send(ASKS, copy.deepcopy(document) | {"id": str(uuid.uuid4())})
        assert [one["answer"] for one in office.newest_notice(ASKS, "ssid")["students"]] == ["matched", "matched"]
    assert office.inbox(HAS, "record-request") == []
    assert looked_up(worlds) == [("entry", "1 in vain, at 1 children")]


def test_a_stay_that_ends_as_it_begins_is_a_guess(worlds: Worlds) -> None:
    child = nameless(worlds.known(next(CLASS)))
    line = {"student": child, "request": "retrieve", "school": "704", "date": "2026-11-20"}
    line["exit_date"] = line["date"]
    worlds.there.send(ASKS, documents.ssid_request(line, **{"from": ASKS}))
    assert worlds.there.newest_notice(ASKS, "ssid")["students"][0]["answer"] == "matched"
    assert looked_up(worlds) == [("entry", "1 in vain, at 1 children")]


def test_an_entry_that_is_announced_and_taken_back_is_a_guess(worlds: Worlds) -> None:
    child = nameless(worlds.known(next(CLASS)))
    day = (worlds.there.services.day() + timedelta(days=20)).isoformat()
    for event in ("entry", "exit"):
        worlds.there.send(ASKS, desk.enrollment(ASKS, child, event=event, date=day))
    assert looked_up(worlds) == [("entry", "1 in vain, at 1 children")]


def test_a_mistake_of_which_the_previous_lea_has_heard_is_none(worlds: Worlds) -> None:
    child = nameless(worlds.known(next(CLASS)))
    for event in ("entry", "exit"):
        worlds.there.send(ASKS, entry(child, event))
    new = next(CLASS)
    for event in ("entry", "exit"):  # a child of its own that never came
        worlds.there.send(ASKS, entry(new, event))
    assert looked_up(worlds) == []


# who has announced a child is given nothing before its day


def test_of_a_child_that_it_has_announced_an_lea_sees_no_guardian_or_phone(worlds: Worlds) -> None:
    office = worlds.there
    # a day of which both digits are wrong below: one that is a digit off is no question at its own LEA
    child = nameless(worlds.known(next(CLASS) | FACTS | {"birth_date": "2009-12-09"}))
    day = (office.services.day() + timedelta(days=20)).isoformat()
    plain = {name: child[name] for name in ("legal_name", "birth_date", "local_id")}
    office.send(ASKS, desk.enrollment(ASKS, plain, date=day))
    guess = BORN_WRONG["day"](plain) | FACTS
    assert office.send(ASKS, desk.record(ASKS, guess)).held_for == "review"
    (candidate,) = office.newest_notice(ASKS, "review")["questions"][0]["candidates"]
    assert set(candidate["compared"]) == {"first_name", "last_name", "birth_date"}
    assert "hints" not in candidate


# an honest school


def test_a_mistyped_mover_sent_again_every_hour_in_the_same_words_is_one_guess(worlds: Worlds) -> None:
    child = nameless(worlds.known(next(CLASS)))
    for _ in range(8):
        worlds.there.send(ASKS, entry(BORN_WRONG["day"](child)) | {"id": str(uuid.uuid4())})
        assert worlds.there.newest_notice(ASKS, "ssid")["students"][0]["why"] == "compare"
    assert looked_up(worlds) == [("entry", "1 in vain, at 1 children")]
    worlds.there.send(ASKS, entry(child))
    answered = [one["students"][0]["answer"] for one in worlds.there.notices(ASKS, "ssid")]
    assert "matched" in answered
