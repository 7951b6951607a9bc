"""The disclosure log in a parent's words."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.access import ABOUT_NO_STUDENT, Action, Ground, Why
from broker.core.days.state_time import StateTime
from broker.core.disclosure import Disclosure
from broker.core.errors import Refused
from broker.core.grounds import law_of
from broker.formats.parent import story

AT = datetime(2026, 11, 24, 17, 30, tzinfo=UTC).timestamp()
IN_UTC = StateTime(UTC)
NAMES = {"6G": "Summit Charter School", "03": "Canyon School District", "U1": "Red Rock University"}
SSID = "1000000019"


def line(action: str, **more: str) -> Disclosure:
    known = {"outcome": "allowed", "party": "6G", "source": "03", "ground": "enrolls"} | more
    return Disclosure(AT, SSID, action, **known)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (
            line("receive-record", what="student-record"),
            "On 24 November 2026 Summit Charter School received the school record sent by Canyon School District,"
            " because the student enrolled there (FERPA, 34 CFR 99.31(a)(2) and 99.34; Utah 53A-11-504).",
        ),
        (
            line("receive-record", outcome="refused", ground="flagged"),
            "On 24 November 2026 Summit Charter School was not given the school record of Canyon School District,"
            " because the state holds it (Utah 53A-11-502 and 53A-11-504).",
        ),
        (
            line("receive-transcript", party="U1", ground="student-request"),
            "On 24 November 2026 Red Rock University received the transcript sent by Canyon School District, because"
            " the student, or the parent of a minor, asked for it (FERPA, 34 CFR 99.30 and 99.31(a)(2); Utah"
            " 53A-1-603.5 and R277-419-10).",
        ),
        (
            line("read-registry", party="", actor="J. Doe", source="", ground="state-duty", purpose="a question."),
            "On 24 November 2026 the state's operator (J. Doe) read the student's names, birth date and schools,"
            " because the state keeps the students' numbers and the exchange in order (FERPA, 34 CFR 99.31(a)(3) and"
            " 99.35; Utah 53A-1-603.5). Purpose: a question.",
        ),
        (
            line("read-own-time", party="99", ground="taught"),
            "On 24 November 2026 99 received the learner profile (backpack) written by Canyon School District, of the"
            " time when the student was there, because it taught the student at that time (FERPA, 34 CFR 99.31(a)(1);"
            " Utah 53A-1-413).",
        ),
        (
            Disclosure(AT, "", "join", "refused", "7X", what="certificate AB12", ground="federal", purpose="army.mil"),
            "On 24 November 2026 7X was not let into the exchange with a key AB12, because there is no federal party,"
            " and no legal exception stands (Utah 53E-9-308 and R277-484-6). It names army.mil.",
        ),
        (
            Disclosure(AT, SSID, "teleport", "refused", "6G", ground="whim"),
            "On 24 November 2026 Summit Charter School was refused: teleport the records (ground: whim).",
        ),
    ],
)
def test_sentence(told: Disclosure, expected: str) -> None:
    assert story.lines([told], NAMES, IN_UTC) == [expected]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (line("recall", source=""), "called back the records."),
        (line("recall", outcome="refused"), "was not allowed to call back the records of Canyon School District."),
        (line("recall", outcome="refused", source=""), "was not allowed to call back the records."),
        (line("read-backpack", source=""), "received the learner profile (backpack)."),
        (line("read-own-time", source=""), "received the learner profile (backpack), of the time when the student was"),
        (line("export-for-parent"), "received the records written by Canyon School District, to hand to the parent."),
        (line("export-for-parent", outcome="refused", source=""), "was not given the records, to hand to the parent."),
        (line("read-review", source=""), "read the question of which student was meant."),
        (line("join", source=""), "was let into the exchange with a name."),
    ],
)
def test_with_and_without_a_source(told: Disclosure, expected: str) -> None:
    whole = story.sentence(replace(told, ground=""), NAMES, IN_UTC)
    assert whole.startswith(f"On 24 November 2026 Summit Charter School {expected}")


@pytest.mark.parametrize(
    ("action", "outcome", "source"), list(product(Action, ("allowed", "refused"), ("03", ""))), ids=str
)
def test_every_sentence_tells_what_was_and_of_no_source_that_is_not_there(
    action: Action, outcome: str, source: str
) -> None:
    told = story.sentence(line(action, outcome=outcome, source=source, ground=""), NAMES, IN_UTC)
    assert not re.search(r" may |  | [,.]|\b(\w+) \1\b", told)
    assert bool(source) or not re.search(r"\b(written|sent) by\b|\bfor the parent\b.*\bfor the parent\b", told)


@pytest.mark.parametrize(
    ("action", "outcome"), list(product(sorted(set(Action) - ABOUT_NO_STUDENT), ("allowed", "refused")))
)
def test_every_action_has_its_words(action: Action, outcome: str) -> None:
    ground = Ground.AUDIT if outcome == "allowed" else Why.NO_RULE
    told = story.sentence(line(action, outcome=outcome, ground=ground), NAMES, IN_UTC)
    assert f": {action}" not in told  # as an unknown action is told
    assert "{" not in told
    assert told.startswith("On 24 November 2026 ")
    assert told.count(law_of(ground).law) == 1  # type: ignore[union-attr]


def test_days_are_those_of_the_reader() -> None:
    told = Disclosure(datetime(2026, 1, 1, 3, 0, tzinfo=UTC).timestamp(), SSID, "recall", "allowed", "03")
    assert story.lines([told], NAMES, StateTime(timezone(timedelta(hours=-7))))[0].startswith("On 31 December 2025 ")
    assert story.lines([told], NAMES, IN_UTC)[0].startswith("On 1 January 2026 ")


@given(st.text(), st.text(), st.text(), st.text())
def test_whatever_stands_in_a_line_it_is_one_printable_line(party: str, actor: str, what: str, purpose: str) -> None:
    told = Disclosure(AT, SSID, "receive-record", "allowed", party, actor, party, what, "enrolls", purpose)
    assert story.sentence(told, {}, IN_UTC).isprintable()


def test_the_notice_carries_the_story() -> None:
    known = [line("receive-record"), line("request-record", outcome="refused", ground="flagged")]
    body = json.loads(json.dumps(story.notice(SSID, known, NAMES, IN_UTC)))
    assert [one["sentence"] for one in story.log_lines(body)] == story.lines(known, NAMES, IN_UTC)
    assert body["disclosures"][0]["at"] == "2026-11-24T17:30:00+00:00"
    assert body["ssid"] == SSID


@pytest.mark.parametrize("body", [{}, {"disclosures": {}}, {"disclosures": [1]}, {"disclosures": [{"sentence": 2}]}])
def test_what_is_no_notice_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(Refused) as refused:
        story.log_lines(body)
    assert refused.value.code == "schema"
