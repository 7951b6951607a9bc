"""What is decided once is not asked again: how a student may be written, and who are two.

Told from outside, on SQLite and PostgreSQL: enrollments in, answers and questions out. Every test has children of its
own.
"""

import itertools
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest

from broker.cli.students import registry_text
from broker.core.model import LeaId, Ssid, TrackingId
from broker.core.review import By, Choice, Verb
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.packets import packets
from broker.edge.ledger.people import reviews
from broker.edge.ledger.people.registry import Source
from broker.identity import registrar, registry_view
from broker.students import decide, undo_decision
from broker.students.decide import Result
from handlers.registry import TRAVELS
from tests.bench import load
from tests.support import documents, postgres
from tests.support.desk import child, enrollment, record
from tests.support.office import Office

BY = By("Jo Operator", "seen the birth certificate")
LEAS = ("01", "02", "6G")
Line = tuple[str, str | None]
_BIRTHS = itertools.count()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with postgres.server() if request.param == "postgresql" else nullcontext("") as url:
        made = Office(tmp_path_factory.mktemp("learning"), *LEAS, ledger_url=url)
        yield made
        made.services.engine.dispose()


class Child:
    """The birth date and last name of one test's children."""

    def __init__(self) -> None:
        number = next(_BIRTHS)
        self.born = f"{2010 + number // 336}-{1 + number // 28 % 12:02}-{1 + number % 28:02}"
        self.last = load.name_of(900 + number)["last"]
        street, town = (load.name_of(number * 2 + 5000 + one) for one in range(2))
        self.home: dict[str, Any] = {
            "phone": f"801 {200 + number:03} {1000 + 37 * number}",
            "address": {
                "street": f"{number} {street['last']} Lane",
                "city": town["last"],
                "postal_code": f"84{number:03}",
            },
            "guardians": [{"first": street["first"], "last": self.last}],
        }

    def __call__(self, first: str, **more: Any) -> dict[str, Any]:
        return child(first, self.last, self.born, local_id="") | more


@pytest.fixture
def made() -> Child:
    return Child()


def told(office: Office, lea: str, *students: dict[str, Any], **changes: Any) -> list[Line]:
    """Send an enrollment; what each line was answered, and the SSID."""
    office.send(lea, enrollment(lea, *students, **changes))
    return [(one["answer"], one["ssid"]) for one in office.newest_notice(lea, "ssid")["students"]]


def number(office: Office, lea: str, student: dict[str, Any], **changes: Any) -> str:
    ((answer, ssid),) = told(office, lea, student, **changes)
    assert (answer, ssid is not None) == ("assigned", True)
    return str(ssid)


def asked(office: Office, lea: str) -> tuple[TrackingId, int]:
    """The newest question to this LEA that waits."""
    with reading(office.services.engine) as connection:
        newest = reviews.listing(connection, lea)[-1]
    return TrackingId(newest["tracking"]), newest["line"]


def by_state(office: Office, lea: str, choice: Choice) -> tuple[TrackingId, int]:
    """The state decides the newest question to this LEA."""
    question = asked(office, lea)
    with writing(office.services.engine) as connection:
        assert decide.decide(office.services, connection, *question, choice, BY) is Result.DONE
    office.work()
    return question


def by_lea(office: Office, lea: str, decision: str = "same") -> None:
    """The LEA answers its newest question by file: it is candidate A."""
    tracking, line = asked(office, lea)
    reply = {"tracking": tracking, "line": line, "decision": decision, "why": "seen the certificate"}
    reply |= {"candidate": "A"} if decision == "same" else {}
    answered = office.send(lea, documents.review_answer(**{"from": lea, "answers": [reply]}))
    assert answered.state == "APPLIED", answered.code


def same(ssid: str) -> Choice:
    return Choice(Verb.SAME, Ssid(ssid))


NEW = Choice(Verb.NEW, None)


def test_what_the_state_decides_counts_everywhere(office: Office, made: Child) -> None:
    ssid = number(office, "01", made("Katharine"))
    assert told(office, "6G", made("Katherine")) == [("review", None)]
    by_state(office, "6G", same(ssid))
    assert told(office, "6G", made("Katherine")) == [("matched", ssid)]
    assert told(office, "02", made("Katherine")) == [("matched", ssid)]
    assert told(office, "02", made("Katarine")) == [("review", None)]  # another spelling is another question


def test_a_birth_date_is_taught_with_the_name(office: Office, made: Child) -> None:
    ssid = number(office, "01", made("Katharine", **made.home))
    wrong = made("Katharine", birth_date=f"{made.born[:4]}-{made.born[8:]}-{made.born[5:7]}", **made.home)
    if wrong["birth_date"] == made.born or int(wrong["birth_date"][5:7]) > 12:
        wrong = made("Katharine", birth_date=f"{int(made.born[:4]) - 1}{made.born[4:]}", **made.home)
    assert told(office, "6G", wrong) == [("review", None)]
    by_state(office, "6G", same(ssid))
    assert told(office, "6G", wrong) == [("matched", ssid)]
    assert told(office, "02", wrong) == [("matched", ssid)]


def test_all_else_must_agree_still(office: Office, made: Child) -> None:
    """A spelling that was taught is a name of the child's, and no more than that."""
    ssid = number(office, "01", made("Robin", gender="F"))
    assert told(office, "6G", made("Robyn", gender="F")) == [("review", None)]
    by_state(office, "6G", same(ssid))
    assert told(office, "02", made("Robyn", gender="M")) == [("review", None)]
    middle = {"first": "Robyn", "middle": "Zacharias", "last": made.last, "suffix": ""}
    assert told(office, "02", made("Robyn", gender="F")) == [("matched", ssid)]
    assert told(office, "6G", made("Robyn", legal_name=middle, gender="M")) == [("review", None)]


def test_the_word_of_an_lea_that_never_had_the_child_counts_there(office: Office, made: Child) -> None:
    ssid = number(office, "01", made("Katharine"))
    assert told(office, "6G", made("Katherine")) == [("review", None)]
    by_lea(office, "6G")
    assert told(office, "6G", made("Katherine")) == [("matched", ssid)]
    assert told(office, "02", made("Katherine")) == [("review", None)]
    # that it has the child since, by that very word, changes nothing of it
    assert told(office, "6G", made("Katherine"), date="2026-08-24")[0][1] == ssid
    assert told(office, "02", made("Katherine"))[0][0] == "review"


def test_the_word_of_an_lea_that_had_the_child_counts_everywhere(office: Office, made: Child) -> None:
    ssid = number(office, "01", made("Katharine"), date="2025-08-18")
    assert told(office, "02", made("Katharine")) == [("matched", ssid)]
    held = office.send("01", record("01", made("Katherine")))
    assert (held.state, held.held_for) == ("HELD", "review")
    by_lea(office, "01")
    assert told(office, "6G", made("Katherine")) == [("matched", ssid)]


def test_what_is_taken_back_is_not_known(office: Office, made: Child) -> None:
    ssid = number(office, "01", made("Katharine"))
    assert told(office, "6G", made("Katherine")) == [("review", None)]
    question = by_state(office, "6G", same(ssid))
    with writing(office.services.engine) as connection:
        undo_decision.undo(office.services, connection, *question, BY)
    office.work()
    assert told(office, "02", made("Katherine")) == [("review", None)]


def test_a_merged_student_is_known_by_what_was_taught(office: Office, made: Child) -> None:
    ssid, other = number(office, "01", made("Katharine")), number(office, "01", Child()("Otto"))
    assert told(office, "6G", made("Katherine")) == [("review", None)]
    by_state(office, "6G", same(ssid))
    services = office.services
    with writing(services.engine) as connection:
        registrar.merge(connection, services.model, other, ssid, "Jo", "one", 0.0, services.today(), TRAVELS)
    assert told(office, "02", made("Katherine")) == [("matched", other)]
    with writing(services.engine) as connection:
        registrar.unmerge(connection, services.model, other, ssid, "Jo", "two", 0.0, TRAVELS)
    assert told(office, "02", made("Katherine")) == [("matched", ssid)]


def test_what_is_indexed_again_is_what_was_taught(office: Office, made: Child) -> None:
    ssid = number(office, "01", made("Katharine"))
    assert told(office, "6G", made("Katherine")) == [("review", None)]
    by_lea(office, "6G")
    with writing(office.services.engine) as connection:
        registrar.reindex(connection, office.services.model, lambda _done: None)
    assert told(office, "6G", made("Katherine")) == [("matched", ssid)]
    assert told(office, "02", made("Katherine")) == [("review", None)]


def test_the_operator_is_shown_what_was_taught(office: Office, made: Child) -> None:
    ssid = number(office, "01", made("Katharine"))
    assert told(office, "6G", made("Katherine")) == [("review", None)]
    by_lea(office, "6G")
    assert told(office, "02", made("Katarine")) == [("review", None)]
    question = by_state(office, "02", NEW)
    today = office.services.today()
    with reading(office.services.engine) as connection:
        known = registry_view.gather(connection, ssid, today)
    assert known is not None
    text = "\n".join(registry_text.tell(known.to_json(), office.services.time))
    assert f"may be written Katherine {made.last}, born {made.born}, at 6G only: decided on" in text
    assert f"is not {found(office, '02')}: decided on" in text
    assert f"by the state on {question[0]}" in text
    with writing(office.services.engine) as connection:
        undo_decision.undo(office.services, connection, *question, BY)
    with reading(office.services.engine) as connection:
        known = registry_view.gather(connection, ssid, today)
    assert known is not None
    assert (
        sum(
            line.endswith(f"on {question[0]}; ended on {at_day(office)}")
            for line in registry_text.tell(known.to_json(), office.services.time)
        )
        == 1
    )


def at_day(office: Office) -> str:
    return office.services.day().isoformat()


def test_one_leas_many_lessons_push_out_no_others(office: Office, made: Child) -> None:
    ssid = number(office, "01", made("Katharine"))
    for lea, spellings in (
        ("02", ["Katherine"]),
        ("6G", ["Catharine", "Katharina", "Kathrine", "Katharyne", "Kathaline"]),
    ):
        for first in spellings:
            assert told(office, lea, made(first)) == [("review", None)], first
            by_lea(office, lea)
    assert told(office, "02", made("Katherine")) == [("matched", ssid)]
    assert told(office, "6G", made("Kathaline")) == [("matched", ssid)]  # the last one


def test_twins_who_were_told_apart_are_not_asked_about_again(office: Office, made: Child) -> None:
    first = number(office, "01", made("Margarete", **made.home))
    assert told(office, "01", made("Margareta", **made.home)) == [("review", None)]
    by_lea(office, "01", "new")
    second = found(office, "01")
    for lea in ("01", "02", "6G"):
        assert told(office, lea, made("Margareta", **made.home)) == [("matched", second)]
        assert told(office, lea, made("Margarete", **made.home)) == [("matched", first)]
    assert told(office, "02", made("Margaretz", **made.home)) == [("review", None)]  # which of them?


def found(office: Office, lea: str) -> str:
    return str(office.newest_notice(lea, "ssid")["students"][0]["ssid"])


def namesakes(office: Office, made: Child) -> tuple[str, str]:
    """Two children of one name and birth date at 01, as the state has decided; only of the second a home is known."""
    first = number(office, "01", made("Otto", local_id=f"A-{made.born}"))
    assert told(office, "01", made("Otto", local_id=f"B-{made.born}", **made.home)) == [("review", None)]
    by_state(office, "01", NEW)
    return first, found(office, "01")


def test_namesakes_are_known_by_their_leas_numbers(office: Office, made: Child) -> None:
    first, second = namesakes(office, made)
    for _night in range(2):
        both = told(office, "01", made("Otto", local_id=f"A-{made.born}"), made("Otto", local_id=f"B-{made.born}"))
        assert both == [("matched", first), ("matched", second)]


def test_namesakes_who_were_told_apart_are_not_asked_about_again(office: Office, made: Child) -> None:
    first, second = namesakes(office, made)
    assert told(office, "02", made("Otto", **made.home)) == [("matched", second)]
    assert told(office, "6G", made("Otto")) == [("review", None)]  # nothing says which
    assert told(office, "01", made("Otto", local_id=f"A-{made.born}")) == [("matched", first)]


def test_who_is_called_otherwise_is_asked_about_again(office: Office, made: Child) -> None:
    first, _ = namesakes(office, made)
    renamed(office, first, "B")
    assert told(office, "02", made("Otto", **made.home)) == [("review", None)]


def test_two_who_were_parted_again_are_two(office: Office, made: Child) -> None:
    """That a merge was taken back is a decision like any other."""
    first, second = namesakes(office, made)
    services = office.services
    renamed(office, first, "B")
    with writing(services.engine) as connection:
        now = services.clock().timestamp()
        registrar.merge(connection, services.model, first, second, "Jo", "one", now, services.today(), TRAVELS)
        registrar.unmerge(connection, services.model, first, second, "Jo", "two", now, TRAVELS)
    assert told(office, "02", made("Otto", **made.home)) == [("matched", second)]
    renamed(office, first, "C")
    assert told(office, "6G", made("Otto", **made.home)) == [("review", None)]


def test_two_whom_an_lea_told_apart_that_never_had_either_are_two_there(office: Office, made: Child) -> None:
    first = number(office, "01", made("Otto", gender="M"))
    assert told(office, "02", made("Otto", gender="F", **made.home)) == [("review", None)]
    by_lea(office, "02", "new")
    second = found(office, "02")
    assert second not in (first, "None")
    assert told(office, "02", made("Otto", **made.home)) == [("matched", second)]
    assert told(office, "6G", made("Otto", **made.home)) == [("review", None)]


def renamed(office: Office, ssid: str, middle: str) -> None:
    """The student has this middle name from now on."""
    source = Source(LeaId("01"), "packet-0", office.services.clock().timestamp())
    with writing(office.services.engine) as connection:
        known = registrar.known(connection, ssid)
        assert known is not None
        changed = replace(known, legal_name=replace(known.legal_name, middle=middle))
        registrar.amend(connection, office.services.model, ssid, changed, source)


def test_an_alias_of_an_lea_that_never_had_the_child_counts_for_nothing(office: Office, made: Child) -> None:
    alias = {"first": "Petronella", "middle": "", "last": "Quackenbush", "suffix": ""}
    ssid = number(office, "01", made("Rosalind"))
    lines = made("Rosalind", aliases=[alias])
    assert told(office, "6G", lines) == [("matched", ssid)]
    assert told(office, "6G", lines, event="exit") == [("matched", ssid)]  # of the very day: it never was there
    stranger = made("Petronella", legal_name=alias)
    assert told(office, "02", stranger)[0][0] == "assigned"


def test_an_alias_of_an_lea_that_has_the_child_counts(office: Office, made: Child) -> None:
    alias = {"first": "Petronella", "middle": "", "last": made.last, "suffix": ""}
    ssid = number(office, "01", made("Rosalind"))
    lines = made("Rosalind", aliases=[alias])
    assert told(office, "6G", lines) == [("matched", ssid)]
    assert told(office, "6G", lines, event="exit") == [("matched", ssid)]
    assert told(office, "02", lines) == [("matched", ssid)]  # the same alias, by one that has the child
    assert told(office, "01", made("Petronella", legal_name=alias))[0][0] != "assigned"


def test_nothing_of_a_lesson_is_asked_of_the_packet(office: Office, made: Child) -> None:
    """The packet that was asked about is what it was."""
    ssid = number(office, "01", made("Katharine"))
    assert told(office, "6G", made("Katherine")) == [("review", None)]
    tracking, _ = by_state(office, "6G", same(ssid))
    with reading(office.services.engine) as connection:
        row = packets.get(connection, tracking)
    assert row is not None
    assert row.state == "APPLIED"
