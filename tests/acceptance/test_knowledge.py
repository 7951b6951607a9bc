"""What an LEA learns about a child that it never had is the same whether the child exists or not: every packet that can
name a child, in two exchanges, compared from outside; and what it is answered is what docs/access.md says."""

import copy
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.core.knowledge import ROWS, Asked
from tests.support import desk, documents
from tests.support.guesses import (
    ASKED,
    ASKS,
    BESIDE,
    BORN_WRONG,
    FACTS,
    FIRST_WRONG,
    HAS,
    LAST_WRONG,
    RIGHT,
    Block,
    Worlds,
)
from tests.support.scale import larger

CLASS = iter(desk.children(600, 9000))
# what is no enrollment by name and birth date: whatever is right or wrong
NO_ENROLLMENT = sorted(set(ASKED) - {"entry", "new", "retrieve"})
ALWAYS_NUMBERED = {"verify", "update", "transcript"}
BOUNDLESS = 10**6


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worlds]:
    made = Worlds(tmp_path_factory.mktemp("worlds"))
    for office in made.both:
        settings_ = office.services.settings
        harvest = replace(settings_.harvest, guesses_per_child=BOUNDLESS, guesses_per_day=BOUNDLESS)
        office.services = replace(office.services, settings=replace(settings_, harvest=harvest))
    yield made
    made.close()


def nameless(child: Block) -> Block:
    return {name: value for name, value in child.items() if name != "ssid"}


def answers(worlds: Worlds) -> list[dict[str, Any]]:
    """The newest answer to a line, in both."""
    return [office.newest_notice(ASKS, "ssid")["students"][0] for office in worlds.both]


def rows(worlds: Worlds, document: Any) -> list[tuple[str, str]]:
    sent = [office.send(ASKS, document) for office in worlds.both]
    return [(row.state, row.code) for row in sent]


# a child that nobody has flagged is also what any guess below is about
_ASKED = [
    *(pytest.param(one, True, id=f"flagged-{one}") for one in NO_ENROLLMENT),
    *(
        pytest.param(one, False, id=one, marks=[pytest.mark.long] * (number % 3 != 0))
        for number, one in enumerate(NO_ENROLLMENT)
    ),
]


@pytest.mark.parametrize(("asked", "is_flagged"), _ASKED)
def test_what_is_no_enrollment_is_answered_alike(worlds: Worlds, asked: str, is_flagged: bool) -> None:
    child = worlds.known(next(CLASS) | FACTS, is_flagged=is_flagged)
    for wrong in (RIGHT, BORN_WRONG["day"], LAST_WRONG["last-other"]):
        for block in (wrong(child), wrong(nameless(child)))[: 1 if asked in ALWAYS_NUMBERED else 2]:
            assert worlds.differences(ASKED[asked](block)) == []


@pytest.mark.parametrize("asked", ["entry", "new", "retrieve"])
@pytest.mark.parametrize("wrong", ["year", "day", "all", "last-other"])
def test_a_number_with_facts_that_are_not_its_childs_is_answered_alike(worlds: Worlds, asked: str, wrong: str) -> None:
    child = worlds.known(next(CLASS) | FACTS)
    assert worlds.differences(ASKED[asked]((BORN_WRONG | LAST_WRONG)[wrong](child))) == []


@pytest.mark.parametrize("wrong", ["year", "month", "day", "all", "last-other"])
def test_retrieve_by_a_name_or_birth_date_that_is_not_the_childs_is_answered_alike(worlds: Worlds, wrong: str) -> None:
    child = worlds.known(next(CLASS) | FACTS)
    assert worlds.differences(ASKED["retrieve"]((BORN_WRONG | LAST_WRONG)[wrong](nameless(child)))) == []


@pytest.mark.parametrize("said", ["confirm", "new", "none", "same"])
def test_the_question_about_a_number_is_answered_and_answers_alike(worlds: Worlds, said: str) -> None:
    child = worlds.known(next(CLASS))
    document = ASKED["entry"](BORN_WRONG["year"](child))
    assert worlds.differences(document) == []
    for office in worlds.both:
        assert office.newest_notice(ASKS, "review")["questions"][0]["candidates"] == []
        tracking = office.newest_notice(ASKS, "review")["questions"][0]["tracking"]
        for letter in ("A", "Z") if said == "same" else ("",):
            done = office.answer(ASKS, tracking, 0, said, **({"candidate": letter} if letter else {}))
            expected = ("REFUSED", "unknown-candidate") if said == "same" else ("APPLIED", "")
            assert (done.state, done.code) == expected
        told = office.newest_notice(ASKS, "ssid")["students"][0]["answer"]
        assert told == ("refused" if said == "none" else "review")


@pytest.mark.parametrize("asked", ["record", "backpack", "transcript", "exit", "ask-record", "ask-disclosures"])
def test_a_stranger_beside_its_own_is_nobody(worlds: Worlds, asked: str) -> None:
    """The LEA has a child of nearly the same name: what it is told of that one does not depend on the other."""
    child = worlds.known(next(CLASS) | FACTS)
    worlds.own({"legal_name": child["legal_name"], "local_id": "B-1", "birth_date": "2010-10-10"})
    for block in (child, nameless(child), nameless(child) | {"birth_date": "2010-10-10"}):
        if asked in ALWAYS_NUMBERED:
            block = {"ssid": "1000000019"} | block  # nobody's
        assert worlds.differences(ASKED[asked](block)) == []


def test_what_names_packets_of_others_is_answered_alike(worlds: Worlds) -> None:
    child = worlds.known(next(CLASS))
    record = desk.record(HAS, child)
    sent = worlds.there.send(HAS, record)
    tracking = {"tracking": sent.tracking}
    for document in (
        documents.recall(**{"from": ASKS}, **tracking),
        documents.recall(**{"from": ASKS, "document": record["id"]}),
        documents.acknowledgement(**{"from": ASKS}, **tracking),
        documents.acknowledgement(**{"from": ASKS, "status": "rejected", "code": "still-enrolled"}, **tracking),
        documents.review_answer(
            **{"from": ASKS, "answers": [{"line": 0, "decision": "new", "why": "asked", **tracking}]}
        ),
        desk.record(ASKS, nameless(child), id=record["id"]),
        copy.deepcopy(record) | {"from": ASKS},
    ):
        assert worlds.differences(document) == []


OF_TYPE = {"ask-record": Asked.REQUEST, "exit": Asked.EXIT} | {
    name: Asked(name) for name in ("verify", "update", "retrieve", "new", "backpack", "transcript")
}


@pytest.mark.parametrize("asked", sorted(OF_TYPE))
@pytest.mark.parametrize("is_numbered", [True, False], ids=["number", "name"])
def test_the_answer_is_that_of_the_table(worlds: Worlds, asked: str, is_numbered: bool) -> None:
    if not is_numbered and asked in (*ALWAYS_NUMBERED, "new"):
        return  # verify and update name a number; a new child gets one
    child = worlds.known(next(CLASS))
    block = BORN_WRONG["all"](child if is_numbered else nameless(child))
    ended = rows(worlds, ASKED[asked](block))
    word = ROWS[OF_TYPE[asked]].word(is_numbered=is_numbered)
    if asked in ("backpack", "transcript", "ask-record"):
        assert ended == [("REFUSED", word)] * 2
        return
    assert [(line["answer"], line["ssid"], line["why"]) for line in answers(worlds)] == [("refused", None, word)] * 2


# as wide as it goes: any of the attributes right or wrong, in any packet

_WRONG = {**BORN_WRONG, **LAST_WRONG, **FIRST_WRONG, **BESIDE}
_POOL: list[Block] = []


@given(
    st.sampled_from(NO_ENROLLMENT),
    st.lists(st.sampled_from(sorted(_WRONG)), max_size=4, unique=True),
    st.integers(0, 7),
    st.sampled_from(["right", "none", "others", "nobody"]),
)
@settings(max_examples=larger(25, 3000), deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_any_guess_is_answered_alike(worlds: Worlds, asked: str, wrong: list[str], who: int, number: str) -> None:
    while len(_POOL) < 8:
        _POOL.append(worlds.known(next(CLASS) | FACTS))
    block = copy.deepcopy(_POOL[who])
    for name in wrong:
        block = _WRONG[name](block)
    numbers = {"right": block["ssid"], "others": _POOL[(who + 1) % 8]["ssid"], "nobody": "1000000019"}
    block["ssid"] = numbers.get(number)
    if asked in ALWAYS_NUMBERED and number == "none":
        block["ssid"] = numbers["right"]
    assert worlds.differences(ASKED[asked](block)) == []


# of its own students an LEA is told what helps


@pytest.mark.parametrize(
    ("asked", "wrong", "why"),
    [("verify", "day", "birth-date-differs"), ("verify", "last-other", "name-differs"), ("verify", "", "")],
)
def test_of_its_own_child_an_lea_hears_what_differs(worlds: Worlds, asked: str, wrong: str, why: str) -> None:
    own = next(CLASS)
    line = worlds.there.enroll(ASKS, own, date="2026-08-17")[0]
    block = (_WRONG[wrong] if wrong else RIGHT)(own | {"ssid": line["ssid"]})
    worlds.there.send(ASKS, ASKED[asked](block))
    assert worlds.there.newest_notice(ASKS, "ssid")["students"][0].get("why", "") == why


def test_a_record_of_its_own_with_a_wrong_birth_date_is_asked_about_with_the_candidate(worlds: Worlds) -> None:
    own = next(CLASS)
    line = worlds.there.enroll(ASKS, own, date="2026-08-17")[0]
    row = worlds.there.send(ASKS, ASKED["record"](BORN_WRONG["year"](own)))
    assert (row.state, row.held_for) == ("HELD", "review")
    (candidate,) = worlds.there.newest_notice(ASKS, "review")["questions"][0]["candidates"]
    assert (candidate["candidate"], candidate["your_student"]["ssid"]) == ("A", line["ssid"])
    assert json.dumps(candidate).count("near") >= 1


# whole stories: what was asked before, in vain and beyond the bounds, sent twice, or on another day

_STEPS = st.one_of(
    st.tuples(
        st.sampled_from(NO_ENROLLMENT),
        st.sampled_from(sorted(_WRONG) + ["right"] * 6),
        st.sampled_from(["right", "none", "nobody", "next"]),
    ),
    st.tuples(
        st.sampled_from(["entry", "new", "retrieve"]),
        st.sampled_from(["year", "day", "all", "last-other"]),
        st.sampled_from(["right", "nobody", "next"]),
    ),
    st.tuples(
        st.sampled_from(["again", "answer", "recall", "acknowledge"]), st.sampled_from(["new", "confirm", "none"])
    ),
    st.just(("tomorrow",)),
)


@given(st.lists(_STEPS, min_size=6, max_size=14), st.integers(0, 999))
@settings(max_examples=larger(3, 60), deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_any_story_is_answered_alike(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, ...]], seed: int
) -> None:
    """With bounds so low that they are met; the LEA has a child of its own that is nearly the stranger's like."""
    both = Worlds(tmp_path_factory.mktemp("story"))
    try:
        for office in both.both:
            settings_ = office.services.settings
            harvest = replace(settings_.harvest, guesses_per_child=2, guesses_per_day=9)
            told = replace(settings_.told, questions=3)
            office.services = replace(office.services, settings=replace(settings_, harvest=harvest, told=told))
        child = both.known(desk.children(1, 30_000 + seed)[0] | FACTS)
        both.own({"legal_name": child["legal_name"], "local_id": "B-1", "birth_date": "2010-10-10"})
        sent: list[Any] = []
        for place, step in enumerate(steps):
            document = _document(both, child, step, sent, place)
            if document is not None:
                assert both.differences(document) == [], (place, step)
                sent.append(document)
    finally:
        both.close()


def _document(both: Worlds, child: Block, step: tuple[str, ...], sent: list[Any], place: int) -> Any:
    """What is sent at this step; nothing where only time goes on, or where there is nothing of the kind."""
    asked, *of = step
    if asked == "tomorrow":
        for office in both.both:
            office.ahead += timedelta(days=1)
        return None
    if asked == "again":
        return sent[-1] if sent else None
    if asked == "answer":
        return _answer(both, of[0])
    if asked in ("recall", "acknowledge"):
        make = documents.recall if asked == "recall" else documents.acknowledgement
        return make(**{"from": ASKS, "tracking": "018f0000-0000-7000-8000-000000000001"})
    wrong, number = of
    block = _WRONG.get(wrong, RIGHT)(child)
    numbers = {"right": child["ssid"], "nobody": "1000000019", "next": f"{2_000_000_000 + place}"}
    block["ssid"] = numbers.get(number)
    if asked in ALWAYS_NUMBERED and number == "none":
        block["ssid"] = numbers["right"]
    return ASKED[asked](block)


def _answer(both: Worlds, said: str) -> Any:
    """The newest question is answered; its packets have ids of their own in the two exchanges."""
    notices = [office.notices(ASKS, "review") for office in both.both]
    assert len({len(one) for one in notices}) == 1
    if notices[0]:
        codes = []
        for office, (*_, newest) in zip(both.both, notices, strict=True):
            question = newest["questions"][-1]
            row = office.answer(ASKS, question["tracking"], question["line"], said)
            codes.append((row.state, row.code))
        assert codes[0] == codes[1]
    return None
