"""What is decided once is not asked again: how a student may be written, and who are two.

Told from outside, on SQLite and PostgreSQL: enrollments in, answers and questions out. Every test has children of its
own.
"""

from collections.abc import Iterator

import pytest

from broker.cli.students import registry_text
from broker.edge.ledger.engine import reading, writing
from broker.identity import registrar, registry_view
from broker.students import undo_decision
from handlers.registry import TRAVELS
from tests.support import ledgers
from tests.support.desk import record
from tests.support.lessons import BY, LEAS, NEW, Child, by_lea, by_state, found, number, same, told
from tests.support.office import Office


@pytest.fixture(scope="module")
def office(ledger_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("learning")
    made = Office(folder, *LEAS, ledger_url=ledgers.emptied(folder, ledger_url))
    yield made
    made.services.engine.dispose()


@pytest.fixture
def made() -> Child:
    return Child()


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
