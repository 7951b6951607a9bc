"""What is decided once is not asked again: twins, namesakes and others who were told apart, and aliases."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from broker.core.model import LeaId
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.packets import packets
from broker.edge.ledger.people.registry import Source
from broker.identity import registrar
from handlers.registry import TRAVELS
from tests.support import ledgers
from tests.support.lessons import LEAS, NEW, Child, by_lea, by_state, found, number, same, told
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


def test_twins_who_were_told_apart_are_not_asked_about_again(office: Office, made: Child) -> None:
    first = number(office, "01", made("Margarete", **made.home))
    assert told(office, "01", made("Margareta", **made.home)) == [("review", None)]
    by_lea(office, "01", "new")
    second = found(office, "01")
    for lea in ("01", "02", "6G"):
        assert told(office, lea, made("Margareta", **made.home)) == [("matched", second)]
        assert told(office, lea, made("Margarete", **made.home)) == [("matched", first)]
    assert told(office, "02", made("Margaretz", **made.home)) == [("review", None)]  # which of them?


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
