"""The permission table: a test a row, against what is written down here; and no pair of role and action is missing."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.access import (
    RULES,
    Action,
    Deny,
    Facts,
    Ground,
    Need,
    Permit,
    Role,
    Rule,
    Why,
    judge,
    role_of,
)
from broker.core.grounds import GROUNDS, REFUSALS, law_of
from broker.core.model import LeaId, PartyKind
from broker.core.stays import Location
from tests import access_page
from tests.support.accounts import account

NO = "no-rule"
# For each action, a cell for each role: a refusal's word, or a ground's word and, after a colon, its conditions:
#   f not flagged, t there at the time, o its own, r requested, e excepted.
# The columns: LEA now, LEA before, other LEA, LEA that wrote it, operator, state's office, higher ed., parent, federal.
# In the last column, anyone else, everything is refused.
EXPECTED = {
    "join": ("party", "party", "party", "party", NO, "party", "party", NO, "legal-exception:e"),
    "report-enrollment": ("reports", "reports", "reports", "reports", NO, NO, NO, NO, "federal"),
    "look-up": ("reports", "reports", "not-there", "not-there", "state-duty", NO, NO, NO, "federal"),
    "read-roster": ("reports", "not-there", "not-there", "not-there", NO, NO, NO, NO, "federal"),
    "send-record": ("enrolls:ft", "enrolls:ft", "not-there", "enrolls:ft", NO, NO, NO, NO, "federal"),
    "receive-record": ("enrolls:f", "not-there", "not-there", "not-there", NO, NO, NO, NO, "federal"),
    "request-record": ("enrolls:f", "not-there", "not-there", "not-there", NO, NO, NO, NO, "federal"),
    "correct-record": ("not-own", "not-own", "not-own", "own-record:o", NO, NO, NO, NO, "federal"),
    "recall": ("not-own", "not-own", "not-own", "own-record:o", NO, NO, NO, NO, "federal"),
    "store-backpack": ("reports:t", "reports:t", "not-there", "reports:t", NO, NO, NO, NO, "federal"),
    "read-backpack": ("teaches:f", "not-there", "not-there", "not-there", NO, NO, NO, NO, "federal"),
    "read-own-time": ("taught:ft", "taught:ft", "not-there", "own-record:fo", NO, NO, NO, NO, "federal"),
    "send-transcript": (
        "student-request:fr",
        "student-request:fr",
        "not-there",
        "student-request:fr",
        NO,
        NO,
        NO,
        NO,
        "federal",
    ),
    "receive-transcript": (NO, NO, NO, NO, NO, NO, "student-request:fr", NO, "federal"),
    "export-for-parent": (
        "parent-inspection:fr",
        "parent-inspection:frt",
        "not-there",
        "parent-inspection:frt",
        NO,
        NO,
        NO,
        "parent-inspection:fr",
        "federal",
    ),
    "read-disclosures": (
        "disclosure-record:f",
        "disclosure-record:fo",
        "not-there",
        "disclosure-record:fo",
        "disclosure-record",
        "disclosure-record",
        NO,
        "disclosure-record:fr",
        "federal",
    ),
    "receive-claims": ("membership", "membership", "not-there", "not-there", "state-duty", NO, NO, NO, "federal"),
    "read-registry": (NO, NO, NO, NO, "state-duty", NO, NO, NO, "federal"),
    "read-review": ("not-own", "not-own", "not-own", "own-record:o", "state-duty", NO, NO, NO, "federal"),
    "decide-review": ("not-own", "not-own", "not-own", "own-record:o", "state-duty", NO, NO, NO, "federal"),
    "merge": (NO, NO, NO, NO, "state-duty", NO, NO, NO, "federal"),
    "cancel-transfer": (NO, NO, NO, NO, "state-duty", NO, NO, NO, "federal"),
    "read-reports": (NO, NO, NO, NO, "audit", "audit", NO, NO, "federal"),
    "set-flag": (NO, NO, NO, NO, "missing-child", NO, NO, NO, "federal"),
    "lift-flag": (NO, NO, NO, NO, "missing-child", NO, NO, NO, "federal"),
    "receive-alert": (NO, NO, NO, NO, "missing-child", "missing-child", NO, NO, "federal"),
    "receive-warning": (NO, NO, NO, NO, "audit", "audit", NO, NO, "federal"),
    "record-exception": (NO, NO, NO, NO, "legal-exception", NO, NO, NO, "federal"),
    "end-exception": (NO, NO, NO, NO, "legal-exception", NO, NO, NO, "federal"),
    "read-directory": ("party", "party", "party", "party", "state-duty", "audit", "party", NO, "federal"),
    "keep-directory": (NO, NO, NO, NO, "state-duty", NO, NO, NO, "federal"),
    "read-calendar": ("party", "party", "party", "party", "state-duty", "audit", NO, NO, "federal"),
    "keep-calendar": (NO, NO, NO, NO, "state-duty", NO, NO, NO, "federal"),
    "read-status": (NO, NO, NO, NO, "state-duty", "audit", NO, NO, "federal"),
    "run-exchange": (NO, NO, NO, NO, "state-duty", NO, NO, NO, "federal"),
    "keep-model": (NO, NO, NO, NO, "state-duty", NO, NO, NO, "federal"),
    "read-audit": (NO, NO, NO, NO, "audit", "audit", NO, NO, "federal"),
}
LETTERS = {
    "f": Need.NOT_FLAGGED,
    "t": Need.THERE_THEN,
    "o": Need.OWN,
    "r": Need.REQUEST,
    "e": Need.EXCEPTION,
}
UNMET = {
    Need.NOT_FLAGGED: (Facts(True, True, True, True, True), Why.FLAGGED),
    Need.THERE_THEN: (Facts(False, False, True, True, True), Why.NOT_THEN),
    Need.OWN: (Facts(False, True, False, True, True), Why.NOT_OWN),
    Need.REQUEST: (Facts(False, True, True, False, True), Why.NO_REQUEST),
    Need.EXCEPTION: (Facts(False, True, True, True, False), Why.FEDERAL),
}
ALL_MET = Facts(False, True, True, True, True)
SPOTS = [
    Location(LeaId("01"), "2024-08-15", "2026-06-05"),
    Location(LeaId("03"), "2026-06-06", "2026-06-06"),  # taken back
    Location(LeaId("6G"), "2026-08-17", ""),
    Location(LeaId("07"), "2027-01-05", ""),  # will begin
]
TODAY = "2026-11-23"
facts = st.builds(Facts, *(st.booleans() for _ in range(5)))


@pytest.mark.parametrize("action", Action)
def test_row(action: Action) -> None:
    cells = (*EXPECTED[action], NO)
    for role, cell in zip(Role, cells, strict=True):
        word, _, letters = cell.partition(":")
        verdict = judge(role, action, ALL_MET)
        assert verdict.word == word, role
        assert isinstance(verdict, Permit) == (word in set(Ground)), role
        if isinstance(verdict, Permit):
            for need, (lacking, why) in UNMET.items():
                expected = Deny(why) if need in {LETTERS[letter] for letter in letters} else verdict
                assert judge(role, action, lacking) == expected, (role, need)


def test_no_pair_is_missing() -> None:
    assert set(RULES) == set(product(Role, Action))
    assert set(EXPECTED) == set(Action)


@given(st.sampled_from(Role), st.sampled_from(Action), facts)
def test_a_verdict_is_a_word_with_its_law(role: Role, action: Action, known: Facts) -> None:
    verdict = judge(role, action, known)
    law = law_of(verdict.word)
    assert law is not None
    assert (verdict.outcome == "allowed") == (verdict.word in set(Ground))


@given(st.sampled_from([Role.FEDERAL, Role.ANYONE]), st.sampled_from(Action), facts)
def test_federal_and_strangers_may_nothing_but_join_by_an_exception(role: Role, action: Action, known: Facts) -> None:
    is_excepted = role is Role.FEDERAL and action is Action.JOIN and known.has_exception
    assert isinstance(judge(role, action, known), Permit) == is_excepted


def test_what_the_table_does_not_know_is_refused() -> None:
    assert judge("superuser", Action.RECEIVE_RECORD, ALL_MET) == Deny(Why.NO_RULE)  # type: ignore[arg-type]
    assert judge(Role.CURRENT_LEA, "print-all", ALL_MET) == Deny(Why.NO_RULE)  # type: ignore[arg-type]


@pytest.mark.parametrize("action", Action)
def test_a_flag_stops_whatever_leads_to_the_child(action: Action) -> None:
    """What an LEA may do of a flagged child is to report, to correct and to call back: nothing by which it learns more
    than whether what it knows of its own student is right."""
    harmless = {
        Action.JOIN,
        Action.REPORT_ENROLLMENT,
        Action.LOOK_UP,
        Action.READ_ROSTER,
        Action.STORE_BACKPACK,
        Action.CORRECT_RECORD,
        Action.RECALL,
        Action.READ_REVIEW,
        Action.DECIDE_REVIEW,
        Action.RECEIVE_CLAIMS,
        Action.READ_DIRECTORY,  # these two concern no student
        Action.READ_CALENDAR,
    }
    for role in (Role.CURRENT_LEA, Role.FORMER_LEA, Role.SENDING_LEA, Role.HIGHER_ED, Role.PARENT):
        verdict = judge(role, action, Facts(True, True, True, True, True))
        assert isinstance(verdict, Deny) or action in harmless, role


@pytest.mark.parametrize("ground", Ground)
def test_every_ground_is_used_and_says_its_law(ground: Ground) -> None:
    assert any(rule.basis is ground for rule in RULES.values())
    law = GROUNDS[ground]
    assert "CFR" in law.law or "Utah" in law.law
    assert law.because
    assert law.means.endswith(".")


def test_every_refusal_says_its_law_and_no_word_has_two_meanings() -> None:
    assert set(REFUSALS) == set(Why)
    assert all(law.law and law.because for law in REFUSALS.values())
    assert not set(map(str, Ground)) & set(map(str, Why))
    assert law_of("because") is None


@pytest.mark.parametrize(
    ("kind", "lea", "role"),
    [
        (PartyKind.DISTRICT, "01", Role.FORMER_LEA),
        (PartyKind.CHARTER, "6G", Role.CURRENT_LEA),
        ("charter", "6G", Role.CURRENT_LEA),
        (PartyKind.CHARTER, "03", Role.OTHER_LEA),  # an enrollment that was taken back never was
        (PartyKind.DISTRICT, "07", Role.OTHER_LEA),  # has announced the student, whom 6G has
        (PartyKind.DISTRICT, "99", Role.OTHER_LEA),
        (PartyKind.STATE, "6G", Role.STATE_AUDITOR),
        (PartyKind.HIGHER_ED, "6G", Role.HIGHER_ED),
        ("federal", "6G", Role.FEDERAL),
        ("", "6G", Role.ANYONE),
        ("agency", "6G", Role.ANYONE),
        (None, "6G", Role.ANYONE),
    ],
)
def test_role(kind: str | None, lea: str, role: Role) -> None:
    assert role_of(kind, account(SPOTS, TODAY), lea) is role


def test_whose_packet_it_is_makes_a_role_of_leas_only() -> None:
    assert role_of(PartyKind.DISTRICT, account(SPOTS, TODAY), "01", origin="01") is Role.SENDING_LEA
    assert role_of(PartyKind.DISTRICT, account(SPOTS, TODAY), "01", origin="6G") is Role.FORMER_LEA
    assert role_of(PartyKind.STATE, account(SPOTS, TODAY), "01", origin="01") is Role.STATE_AUDITOR
    assert role_of(PartyKind.DISTRICT, None, "") is Role.OTHER_LEA  # the exchange's own packets have no origin


def test_on_the_last_day_the_student_has_left() -> None:
    assert role_of(PartyKind.DISTRICT, account(SPOTS, "2026-06-04"), "01") is Role.CURRENT_LEA
    assert role_of(PartyKind.DISTRICT, account(SPOTS, "2026-06-05"), "01") is Role.FORMER_LEA


@pytest.mark.parametrize(
    ("lea", "first", "last", "expected"),
    [
        ("01", "2025-07-01", "2026-06-30", True),
        ("01", "2026-06-05", "2026-06-05", True),
        ("01", "2026-06-06", "2026-12-31", False),
        ("01", "2020-01-01", "2024-08-14", False),
        ("03", "2026-01-01", "2026-12-31", False),
        ("6G", "2030-01-01", "2030-01-02", True),
        ("07", "2027-01-05", "2027-06-01", False),  # does not count yet
        ("99", "2026-01-01", "2026-12-31", False),
    ],
)
def test_was_there(lea: str, first: str, last: str, expected: bool) -> None:
    assert account(SPOTS, TODAY).was_at(lea, first, last) is expected


def test_the_page_names_every_role_action_and_condition() -> None:
    assert list(access_page.ROLES) == list(Role)
    assert set(access_page.ACTIONS) == set(Action)
    assert set(access_page.NEEDS) == set(Need)
    assert Rule(Ground.AUDIT).is_allowed
    assert not Rule(Why.NO_RULE).is_allowed
