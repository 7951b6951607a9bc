"""One student against a registry of many: the work is bounded, and the right one is found."""

from dataclasses import replace
from random import Random

import pytest
from sqlalchemy import Engine, event

from broker.core.model import LeaId, Name, Ssid, Student
from broker.edge.ledger.engine import writing
from broker.edge.ledger.packets.rows import EnrollmentRow
from broker.edge.ledger.people import blocks
from broker.formats.documents import to_student
from broker.identity import index, match, models, registrar
from broker.identity.model import Model
from broker.simulate.errors import spoil
from broker.simulate.people import persons
from broker.simulate.rates import DEFAULT
from tests.support import accounts
from tests.support.lookups import SOURCE, R, child, enter, find, with_two_leas


@pytest.fixture(scope="module")
def model() -> Model:
    return models.load(None)


@pytest.fixture
def engine(engine: Engine) -> Engine:
    return with_two_leas(engine)


def test_the_work_is_bounded_however_many_share_a_key(engine: Engine, model: Model) -> None:
    many = [(Ssid(f"{n:05}"), child("Ana")) for n in range(300)]
    with writing(engine) as connection:
        registrar.bring_in(connection, model, many, SOURCE)
        hits = blocks.candidates(connection, [*_blocks(model, child("Ana"))])
    assert len(hits) == blocks.MOST_CANDIDATES
    finding = find(engine, model, child("Ana"))
    assert (finding.answer, len(finding.candidates)) == (R, match.MOST_SHOWN)


def _blocks(model: Model, student: Student) -> list[int]:
    return index.asked(model, index.variants_of(student))


def test_the_own_student_is_found_among_many_who_share_the_keys(engine: Engine, model: Model) -> None:
    many = [(Ssid(f"{n:05}"), child("Ana")) for n in range(300)]
    with writing(engine) as connection:
        registrar.bring_in(connection, model, many, SOURCE)
        row = EnrollmentRow(Ssid("00299"), LeaId("01"), "1", "77", "2026-08-17", "", "", "", "packet-0")
        accounts.enter(connection, row)
        own = blocks.candidates(connection, _blocks(model, child("Ana")), ("01", "77"))
        claimed = blocks.candidates(connection, _blocks(model, child("Ana")), None, "00298")
    assert (own[0].ssid, own[0].found) == ("00299", blocks.Found.BY_LOCAL_ID)
    assert (claimed[0].ssid, claimed[0].found) == ("00298", blocks.Found.BY_SSID)


def test_a_look_up_is_one_statement(engine: Engine, model: Model) -> None:
    home = {"phone": "801-555-0133", "guardians": (Name("Theodora", "Quill"),)}
    enter(engine, model, "1", child("Ana", **home))
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    for student in (child("Ana", **home), child("Zoe", "Walker"), child("Ana", ssid=Ssid("1"), local_id="5")):
        statements.clear()
        find(engine, model, student)
        assert len(statements) == 1, statements


def test_of_a_whole_town_nobody_is_taken_for_another(engine: Engine, model: Model) -> None:
    """Records with the errors that records have: most are found, and not one is somebody else's."""
    people = list(persons(400, 21, DEFAULT.changed({"twins": 0.2})))
    numbered = [(Ssid(f"{n:05}"), replace(one.student, ssid=None)) for n, one in enumerate(people)]
    with writing(engine) as connection:
        registrar.bring_in(connection, model, numbered[::2], SOURCE)
    dice = Random(22)
    right = 0
    for place, ((number, _), one) in enumerate(zip(numbered, people, strict=True)):
        sent = replace(to_student(spoil(one.block, dice)[0]), ssid=None, local_id="")
        finding = find(engine, model, sent)
        assert finding.ssid in ((number, None) if place % 2 == 0 else (None,)), one.id
        right += finding.ssid == number
    assert right > 0.8 * len(numbered[::2])
