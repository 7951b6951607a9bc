"""The verbs of students: what an LEA or the state's office may do by them, their pages, and the lines that they leave.

What the operator does by the command line is held by the tests of the commands.
"""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from broker.core.actor import Actor
from broker.core.errors import NotDone, Refused
from broker.core.model import PartyKind, Ssid
from broker.core.review import Verb
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.log import acts, disclosures
from broker.edge.ledger.people import blocks, opt_outs
from broker.edge.ledger.people import flags as flag_rows
from broker.edge.ledger.people import reviews as questions
from broker.verbs import alerts, flags, index, merges, reviews, students
from broker.verbs import disclosures as log
from broker.verbs.acting import NotAllowed, NotThere
from broker.verbs.paging import Page
from broker.verbs.reviews import Result, Which
from tests.support.desk import child, enrollment
from tests.support.office import Office

LEAS = ("01", "02", "6G")
OPERATOR, WHY = Actor("Jo Field"), "seen the birth certificate"
CHARTER, DISTRICT = Actor("Ann Lee", PartyKind.CHARTER, "6G"), Actor("Bo Diaz", PartyKind.DISTRICT, "02")
AUDITOR = Actor("Kim Ito", PartyKind.STATE, "USBE")
_DAYS = itertools.count(1)
Row = TypeVar("Row")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = Office(tmp_path_factory.mktemp("verbs"), *LEAS)
    yield made
    made.services.engine.dispose()


def asked(office: Office, last: str, *, is_seen: bool = True) -> tuple[str, Ssid]:
    """A question to 6G: its packet, and the student of 01 who is the candidate, whom 6G sees or not."""
    number = next(_DAYS)
    day = f"-{1 + number % 12:02}-{13 + number % 15}"
    ssid = office.enroll("01", child("Katharine", last, f"2010{day}"), date="2025-08-18")[0]["ssid"]
    sent = child("Katherine" if is_seen else "Katharine", last, f"{2010 if is_seen else 2009}{day}")
    return office.send("6G", enrollment("6G", sent)).tracking, Ssid(ssid)


def decide(office: Office, tracking: str, verb: Verb, actor: Actor, candidate: str = "") -> Result:
    return reviews.decide_question(
        office.services, tracking, Which(), verb, WHY, actor=actor, candidate=candidate
    ).result


def test_an_lea_decides_its_own_question_and_takes_its_own_decision_back(office: Office) -> None:
    tracking, ssid = asked(office, "Abernathy")
    assert decide(office, tracking, Verb.SAME, CHARTER, "A") is Result.DONE
    with reading(office.services.engine) as connection:
        (decision,) = questions.history(connection, tracking, 0)
    assert (decision.who, decision.why, decision.ssid) == ("LEA 6G, Ann Lee", WHY, ssid)
    assert decide(office, tracking, Verb.SAME, CHARTER, "A") is Result.ALREADY
    reviews.undo_question(office.services, tracking, Which(), WHY, actor=CHARTER)
    assert decide(office, tracking, Verb.NONE, OPERATOR) is Result.DONE
    with pytest.raises(NotDone, match="not-your-decision"):
        reviews.undo_question(office.services, tracking, Which(), WHY, actor=CHARTER)
    undone = reviews.undo_question(office.services, tracking, Which(), WHY, actor=OPERATOR)
    assert (undone.lea, undone.line) == ("6G", 0)


def test_another_leas_question_is_not_there(office: Office) -> None:
    tracking, _ = asked(office, "Bellweather")
    before = everything(office)
    for unknown in (tracking, "no-such-packet"):
        with pytest.raises(NotThere, match="no-question"):
            decide(office, unknown, Verb.NONE, DISTRICT)
        with pytest.raises(NotThere, match="no-question"):
            reviews.undo_question(office.services, unknown, Which(), WHY, actor=DISTRICT)
    listed = reviews.list_questions(office.services, actor=DISTRICT, lea="6G")
    assert (listed.page.rows, listed.page.count, listed.waiting) == ((), 0, 0)
    assert everything(office) == before


def everything(office: Office) -> list[Any]:
    with reading(office.services.engine) as connection:
        return [questions.listing(connection), list(disclosures.all_of(connection)), flag_rows.alerts_of(connection)]


def test_whom_an_lea_does_not_see_is_not_counted_for_it(office: Office) -> None:
    tracking, ssid = asked(office, "Castellano", is_seen=False)
    seen = {
        actor.name: one.candidates
        for actor in (OPERATOR, CHARTER)
        for one in reviews.list_questions(office.services, actor=actor).page.rows
        if one.tracking == tracking
    }
    assert seen == {OPERATOR.name: 1, CHARTER.name: 0}
    for named in ("A", "Z", ssid):
        with pytest.raises(Refused, match="unknown-candidate"):
            decide(office, tracking, Verb.SAME, CHARTER, named)


def test_what_is_known_of_candidates_is_the_states_to_see(office: Office) -> None:
    tracking, ssid = asked(office, "Delacroix")
    with pytest.raises(NotAllowed):
        reviews.show_question(office.services, tracking, Which(), WHY, actor=CHARTER)
    with reading(office.services.engine) as connection:
        (line,) = acts.page(connection, None, 1)
    assert (line.verb, line.party, line.actor, line.result) == ("show_question", "6G", "Ann Lee", acts.REFUSED)
    seen = reviews.show_question(office.services, tracking, Which(), WHY, actor=OPERATOR)
    assert [one.ssid for one in seen.candidates] == [ssid]


def test_the_state_hears_of_an_answer_about_a_flagged_child_also_where_it_is_refused(office: Office) -> None:
    tracking, ssid = asked(office, "Ellsworth")
    flags.flag(office.services, ssid, "she is missing", actor=OPERATOR)
    with pytest.raises(Refused, match="unknown-candidate"):
        decide(office, tracking, Verb.SAME, CHARTER, "Z")
    newest = alerts.list_alerts(office.services, actor=AUDITOR, size=1).rows[0]
    assert (newest.kind, newest.ssid, newest.lea, newest.tracking) == ("answer", ssid, "6G", tracking)
    assert decide(office, tracking, Verb.NEW, CHARTER) is Result.DONE  # said, and the state's to decide
    with reading(office.services.engine) as connection:
        assert questions.history(connection, tracking, 0) == []
    with pytest.raises(NotDone, match="nothing-decided"):
        reviews.undo_question(office.services, tracking, Which(), WHY, actor=CHARTER)
    flags.unflag(office.services, ssid, "she is home", actor=OPERATOR)


def test_only_an_lea_confirms_what_it_sent(office: Office) -> None:
    tracking, _ = asked(office, "Fitzgerald")
    with pytest.raises(ValueError, match="only an LEA"):
        decide(office, tracking, Verb.CONFIRM, OPERATOR)


def test_the_states_office_reads_the_log_in_its_own_name_and_an_lea_does_not(office: Office) -> None:
    _, ssid = asked(office, "Grosvenor")
    last = list(log.read_disclosures(office.services, ssid, "an audit", actor=AUDITOR).lines)[-1]
    assert (last.party, last.actor, last.action, last.ground, last.purpose) == (
        "USBE",
        "Kim Ito",
        "read-disclosures",
        "disclosure-record",
        "an audit",
    )
    with pytest.raises(NotThere, match="no-student"):
        log.read_disclosures(office.services, "404", "an audit", actor=AUDITOR)
    with pytest.raises(NotAllowed):
        log.read_disclosures(office.services, ssid, WHY, actor=CHARTER)
    with pytest.raises(NotAllowed):
        log.stream_disclosures(office.services, WHY, actor=CHARTER)


def test_a_search_says_something() -> None:
    for said, code in (((), "whom"), (("",), "whom"), (("A",), "short-name"), (("Ana-B",), "short-name")):
        with pytest.raises(NotDone, match=code):
            students.Sought(*said)


def test_the_index_is_made_again_where_it_is_stale_and_that_is_recorded(office: Office) -> None:
    asked(office, "Hollingsworth")
    heard: list[tuple[int, int]] = []

    def told(done: int, whole: int) -> None:
        heard.append((done, whole))

    assert index.make_index_if_stale(office.services, told, actor=OPERATOR) is None
    with writing(office.services.engine) as connection:
        blocks.mark(connection, "another model")
    with pytest.raises(NotDone, match="stale-index"):
        merges.merge(office.services, "1", "2", WHY, actor=OPERATOR)
    made = index.make_index_if_stale(office.services, told, actor=OPERATOR)
    assert made
    assert (heard[0], heard[-1]) == ((0, made), (made, made))
    with reading(office.services.engine) as connection:
        (line,) = acts.page(connection, None, 1)
    assert (line.verb, line.actor, line.told) == ("make_index", "Jo Field", {"students": made})


def every(page: Callable[[Any], Page[Row, Any]], first: Any) -> tuple[list[Row], int]:
    """All rows, page after page, and how many pages there were."""
    found, pages, after = [], 0, first
    while after is not None or not pages:
        one = page(after)
        assert len(one.rows) <= 2
        found, pages, after = [*found, *one.rows], pages + 1, one.after
    return found, pages


def test_lists_come_page_after_page(office: Office) -> None:
    services = office.services
    ssids = sorted(asked(office, last)[1] for last in ("Ingersoll", "Jankowski", "Kowalczyk"))
    with writing(services.engine) as connection:
        for ssid in ssids:
            flag_rows.alert(connection, "packet", ssid, "01", "", 1.0)
            flag_rows.put(connection, ssid, "who", "why", 1.0)
            opt_outs.put(connection, ssid, "01", ["research", "higher-education"], "", 1.0)
        ids = [one.id for one in flag_rows.alerts_of(connection, limit=2)]
        flag_rows.seen(connection, ids, "Jo Field", 2.0)
    whole = alerts.list_alerts(services, actor=OPERATOR).rows
    seen = [one.seen_at is not None for one in whole]
    assert seen == sorted(seen)
    found, pages = every(lambda after: alerts.list_alerts(services, actor=OPERATOR, after=after, size=2), None)
    assert (found, pages) == (list(whole), -(-len(whole) // 2))
    only = alerts.list_alerts(services, actor=OPERATOR, is_seen=True)
    assert ([one.id for one in only.rows][:2], only.count) == (ids, len(only.rows))

    standing = alerts.list_flags(services, WHY, actor=OPERATOR)
    flagged, _ = every(lambda after: alerts.list_flags(services, WHY, actor=OPERATOR, after=after, size=2).page, 0)
    assert [one.flag.id for one in flagged] == [one.flag.id for one in standing.page.rows]
    assert (standing.standing, {one.flag.ssid for one in flagged}) == (len(flagged), set(ssids))
    assert flagged[0].name.first == "Katharine"

    told, _ = every(lambda after: students.list_opt_outs(services, WHY, actor=OPERATOR, after=after, size=2), None)
    assert [one.ssid for one in told] == [ssid for ssid in ssids for _ in range(2)]
    only_one = students.list_opt_outs(services, WHY, actor=OPERATOR, purpose="research")
    assert ([one.ssid for one in only_one.rows], only_one.count) == (ssids, 3)
    with reading(services.engine) as connection:
        lines = [one for one in disclosures.about(connection, ssids[0]) if one.what == "opt-outs"]
    assert {(one.actor, one.purpose, one.action) for one in lines} == {("Jo Field", WHY, "read-registry")}

    waiting = reviews.list_questions(services, actor=CHARTER)
    some, _ = every(lambda after: reviews.list_questions(services, actor=CHARTER, after=after, size=2).page, None)
    assert some == list(waiting.page.rows)
    assert (waiting.page.count, waiting.waiting, waiting.oldest) == (len(some), len(some), some[0].opened_at)


def test_it_is_the_same_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    office = Office(tmp_path, *LEAS, ledger_url=postgres_url)
    try:
        test_an_lea_decides_its_own_question_and_takes_its_own_decision_back(office)
        test_the_state_hears_of_an_answer_about_a_flagged_child_also_where_it_is_refused(office)
        test_the_index_is_made_again_where_it_is_stale_and_that_is_recorded(office)
        test_lists_come_page_after_page(office)
    finally:
        office.services.engine.dispose()
