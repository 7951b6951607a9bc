"""A local number that stands for nobody in particular finds nobody, and makes no doubt a match.

Twins with one birth date and names a letter apart, as systems and spreadsheets send them: told from outside, on SQLite
and PostgreSQL. Every test has children of its own.
"""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from broker.edge.ledger.engine import reading
from broker.edge.ledger.people import reviews
from tests.bench import load
from tests.support import ledgers
from tests.support.desk import child, enrollment
from tests.support.office import Office

PLACEHOLDERS = (
    *("0", "000000", "-1", "999999", "111", "12345", "N/A", "#N/A", "None", "null", "nil", "NaN", "TBD", "unknown"),
    *("1.2E+05", "7.71E+05", "1,2E+05", "-", "--", "...", "?", "x", "XXXX", "#REF!", "#VALUE!", "0.0", "pending"),
)
NUMBERS = ("1", "77", "120", "7E5", "E12", "A-0", "K-11", "100000", "Na-7", "2026-999999")
TWINS = (("Jayden", "Jaiden"), ("Ana", "Anna"))
_BIRTHS = itertools.count()


@pytest.fixture(scope="module")
def office(ledger_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder = tmp_path_factory.mktemp("numbers")
    made = Office(folder, "01", "02", ledger_url=ledgers.emptied(folder, ledger_url))
    yield made
    made.services.engine.dispose()


def born() -> str:
    """Another birth date for every test."""
    number = next(_BIRTHS)
    return f"{2009 + number // 336}-{1 + number // 28 % 12:02}-{1 + number % 28:02}"


def last_of(day: str) -> str:
    """A last name that nobody has who was born on another day."""
    return load.name_of(int(day.replace("-", "")))["last"]


def enroll(office: Office, *students: dict[str, Any], lea: str = "01", **changes: Any) -> list[tuple[str, str]]:
    """What each line was answered, and the SSID."""
    office.send(lea, enrollment(lea, *students, **changes))
    return [(one["answer"], one["ssid"]) for one in office.newest_notice(lea, "ssid")["students"]]


def on_both(numbers: tuple[str, ...]) -> list[Any]:
    """Each number on SQLite; the first two on PostgreSQL, where `make long` has them all: what a number is, no database
    decides."""
    there = [pytest.param("postgresql", one, marks=[pytest.mark.long] * (one not in numbers[:2])) for one in numbers]
    return [*(("sqlite", one) for one in numbers), *there]


@pytest.mark.parametrize(("ledger_url", "number"), on_both(PLACEHOLDERS), indirect=["ledger_url"])
@pytest.mark.parametrize(
    "twins",
    [pytest.param(one, id="-".join(one), marks=[pytest.mark.long] * (one != TWINS[0])) for one in TWINS],
)
def test_a_placeholder_makes_no_twins_one(office: Office, twins: tuple[str, str], number: str) -> None:
    day = born()
    first, second = (child(one, last_of(day), day, local_id=number) for one in twins)
    assert [answer for answer, _ in enroll(office, first)] == ["assigned"]
    assert enroll(office, second) == [("review", None)]
    assert [answer for answer, _ in enroll(office, first)] == ["matched"]


@pytest.mark.parametrize(("ledger_url", "number"), on_both(NUMBERS), indirect=["ledger_url"])
def test_a_number_is_one_still(office: Office, number: str) -> None:
    """The LEA's own number, birth date and a near name: the child is the one that it had."""
    day = born()
    ((_, ssid),) = enroll(office, child("Jayden", last_of(day), day, local_id=number))
    assert ssid is not None
    assert enroll(office, child("Jaiden", last_of(day), day, local_id=number)) == [("matched", ssid)]


@pytest.mark.parametrize("twins", TWINS, ids="-".join)
def test_one_number_for_two_lines_of_a_file_is_nobodys(office: Office, twins: tuple[str, str]) -> None:
    day = born()
    lines = [child(one, last_of(day), day, local_id="family-12") for one in twins]
    assert [answer for answer, _ in enroll(office, *lines)] == ["assigned", "review"]


def test_a_number_that_two_children_have_is_neithers(office: Office) -> None:
    day, other = born(), born()
    enroll(office, child("Jayden", last_of(day), day, local_id="4711"))
    enroll(office, child("Ottilie", last_of(other), other, local_id="4711"))
    assert enroll(office, child("Jaiden", last_of(day), day, local_id="4711")) == [("review", None)]


def test_a_number_that_changed_hands_is_neithers(office: Office) -> None:
    """An exit does not give a number back; a correction of it does, to nobody in particular."""
    day, other = born(), born()
    enroll(office, child("Ottilie", last_of(other), other, local_id="4712"))
    enroll(office, child("Ottilie", last_of(other), other, local_id="4799"))  # the same stay: its number is corrected
    enroll(office, child("Jayden", last_of(day), day, local_id="4712"))
    assert enroll(office, child("Jaiden", last_of(day), day, local_id="4712")) == [("review", None)]


def test_an_entry_that_was_taken_back_leaves_the_number_to_who_has_it(office: Office) -> None:
    day, other = born(), born()
    enroll(office, child("Ottilie", last_of(other), other, local_id="4713"), date="2026-08-17")
    enroll(office, child("Ottilie", last_of(other), other, local_id="4713"), event="exit", date="2026-08-17")
    ((_, ssid),) = enroll(office, child("Jayden", last_of(day), day, local_id="4713"))
    assert enroll(office, child("Jaiden", last_of(day), day, local_id="4713")) == [("matched", ssid)]


def test_a_placeholder_is_no_other_number(office: Office) -> None:
    """Who has a number, and is sent with none, is not another child for that."""
    day = born()
    ((_, ssid),) = enroll(office, child("Jayden", last_of(day), day, local_id="4714"))
    assert enroll(office, child("Jayden", last_of(day), day, local_id="N/A")) == [("matched", ssid)]


def test_a_placeholder_settles_no_question_about_the_twin(office: Office) -> None:
    day = born()
    first, second = (child(one, last_of(day), day, local_id="#N/A") for one in ("Jayden", "Jaiden"))
    enroll(office, first)
    assert enroll(office, second) == [("review", None)]
    asked = office.newest_notice("01", "review")["questions"][0]
    enroll(office, first)  # as every night
    assert enroll(office, second)[0][0] == "review"
    office.work()
    assert asked["tracking"] in {row["tracking"] for row in waiting(office)}


def waiting(office: Office) -> list[dict[str, Any]]:
    with reading(office.services.engine) as connection:
        return reviews.listing(connection)
