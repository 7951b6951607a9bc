"""The registry over SQLite and PostgreSQL: numbers, names, evidence, locations, and the index of them."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from broker.core.errors import NotDone
from broker.core.model import Address, LeaId, Name, Party, PartyKind, Ssid, Student
from broker.edge.ledger import migrate
from broker.edge.ledger.engine import is_current, reading, writing
from broker.edge.ledger.packets.rows import EnrollmentRow
from broker.edge.ledger.parties import directory
from broker.edge.ledger.people import blocks, evidence, registry
from broker.edge.ledger.people.registry import Source
from broker.identity import match, models, registrar
from broker.identity.answer import Answer
from broker.identity.model import Model
from broker.simulate.people import persons
from tests.support import accounts, ledgers

NOW = 1_800_000_000.0
FIRST = Source(LeaId("01"), "packet-1", NOW)
SECOND = Source(LeaId("6G"), "packet-2", NOW + 60)
ANA = Student(
    Name("Ana", "Reyes-Ortiz", "Lucía"),
    date(2012, 3, 4),
    gender="F",
    guardians=(Name("Marta", "Ortiz"),),
    phone="801-555-0133",
    address=Address("12 Elm St", "Provo", "UT", "84601"),
)


@pytest.fixture(scope="module")
def model() -> Model:
    return models.load(None)


@pytest.fixture
def engine(engine: Engine) -> Engine:
    with writing(engine) as connection:
        for lea in ("01", "6G"):
            directory.add_party(connection, Party(LeaId(lea), lea, PartyKind.DISTRICT), NOW)
    return engine


def enter(engine: Engine, model: Model, student: Student = ANA, number: str = "1") -> Ssid:
    with writing(engine) as connection:
        registry.lock(connection)
        return registrar.register(connection, model, student, lambda: Ssid(number), FIRST)


def known(engine: Engine, number: str = "1") -> Student:
    with reading(engine) as connection:
        found = registrar.known(connection, number)
    assert found is not None
    return found


def test_a_student_comes_back_as_entered(engine: Engine, model: Model) -> None:
    enter(engine, model, replace(ANA, aliases=(Name("Anita", "Reyes"),), birth_order=2))
    assert known(engine) == replace(ANA, ssid=Ssid("1"), aliases=(Name("Anita", "Reyes"),), birth_order=2)


def test_a_number_is_given_once(engine: Engine, model: Model) -> None:
    drawn = iter(["1", "1", "2"])
    for _ in range(2):
        with writing(engine) as connection:
            registrar.register(connection, model, ANA, lambda: Ssid(next(drawn)), FIRST)
    with reading(engine) as connection:
        assert [one.ssid for one in registry.page(connection, "", 10)] == ["1", "2"]


def test_a_new_spelling_adds_a_name_and_ends_none(engine: Engine, model: Model) -> None:
    enter(engine, model)
    spelt = replace(ANA, legal_name=Name("ANA", "REYES ORTIZ"))
    with writing(engine) as connection:
        registrar.learn(connection, model, "1", spelt, SECOND)
        registrar.learn(connection, model, "1", spelt, SECOND)
        names = evidence.names(connection, "1")
    assert [(one.kind, one.value, one.source, one.ended_at) for one in names] == [
        ("legal", ANA.legal_name, FIRST, None),
        ("alias", spelt.legal_name, SECOND, None),
    ]


def test_a_student_is_found_by_a_name_that_was_learned(engine: Engine, model: Model) -> None:
    enter(engine, model)
    other = Student(Name("Wilhelmina", "Kowalczyk", "Jo"), ANA.birth_date, gender="F")
    with writing(engine) as connection:
        before = match.find(connection, model, other, "01")
        registrar.learn(connection, model, "1", other, SECOND)
        after, elsewhere = (match.find(connection, model, other, lea) for lea in (SECOND.lea, "01"))
    assert before.answer is Answer.NONE
    assert "1" in [one.ssid for one in after.candidates]
    assert elsewhere.answer is Answer.NONE  # an LEA that never had the child has told it


def test_a_new_phone_takes_the_place_of_the_old_one_and_guardians_add_up(engine: Engine, model: Model) -> None:
    enter(engine, model)
    told = replace(ANA, phone="801-555-0199", guardians=(Name("Jo", "Reyes"),), address=Address())
    with writing(engine) as connection:
        registrar.learn(connection, model, "1", told, SECOND)
        kept = [one for one in evidence.evidences(connection, "1") if one.kind == "phone"]
    assert known(engine).phone == "801-555-0199"
    assert known(engine).guardians == (Name("Marta", "Ortiz"), Name("Jo", "Reyes"))
    assert known(engine).address == ANA.address
    assert [(one.value, one.ended_at) for one in kept] == [("801-555-0133", SECOND.at), ("801-555-0199", None)]


def test_a_correction_changes_the_legal_name_and_birth_date_and_keeps_what_was(engine: Engine, model: Model) -> None:
    enter(engine, model)
    new = replace(ANA, legal_name=Name("Ana", "Johnson"), birth_date=date(2012, 4, 3))
    with writing(engine) as connection:
        registrar.amend(connection, model, "1", new, SECOND)
        names = evidence.names(connection, "1")
        old = [one for one in evidence.evidences(connection, "1") if one.kind == "birth_date"]
        found = match.find(connection, model, new, "01")
    assert known(engine).legal_name == Name("Ana", "Johnson")
    assert known(engine).birth_date == date(2012, 4, 3)
    assert [(one.value.last, one.ended_at) for one in names] == [("Reyes-Ortiz", SECOND.at), ("Johnson", None)]
    assert [(one.value, one.ended_at) for one in old] == [("2012-03-04", SECOND.at)]
    assert (found.answer, found.ssid) == (Answer.MATCH, "1")


def test_a_name_that_was_taken_back_counts_no_longer(engine: Engine, model: Model) -> None:
    enter(engine, model)
    wrong = replace(ANA, legal_name=Name("Zoe", "Walker"))
    with writing(engine) as connection:
        registrar.learn(connection, model, "1", wrong, SECOND)
        connection.execute(text("UPDATE student_names SET ended_at = added_at WHERE kind = 'alias'"))
        registrar.refresh(connection, model, "1")
    assert known(engine).aliases == ()
    with writing(engine) as connection:
        registrar.learn(connection, model, "1", wrong, SECOND)
    assert known(engine).aliases == (Name("Zoe", "Walker"),)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE students SET ssid = '2'",
        "DELETE FROM students",
        "UPDATE student_names SET last = 'Other'",
        "DELETE FROM student_names",
        "UPDATE evidence SET value = '\"0\"'",
        "DELETE FROM evidence",
        "DELETE FROM enrollments",
        "INSERT INTO students (ssid, first, middle, last, suffix, birth_date, gender, added_at)"
        " VALUES ('1', 'B', '', 'B', '', '2012-01-01', '', 0)",
    ],
)
def test_the_database_keeps_numbers_and_history(engine: Engine, model: Model, statement: str) -> None:
    enter(engine, model)
    with writing(engine) as connection:
        accounts.enter(connection, place("1"))
    with pytest.raises(DBAPIError), writing(engine) as connection:
        connection.execute(text(statement))


def place(number: str, lea: str = "01", day: str = "2026-08-17", local_id: str = "77") -> EnrollmentRow:
    facts = ("11", "", "packet-1", "08", "dual")
    return EnrollmentRow(Ssid(number), LeaId(lea), "704", local_id, day, "", *facts, reported_on=day)


def test_a_location_keeps_grade_and_programme(engine: Engine, model: Model) -> None:
    enter(engine, model)
    with writing(engine) as connection:
        accounts.enter(connection, place("1"))
        accounts.enter(connection, place("1"))
        assert registry.locations(connection, "1") == [place("1")]
        accounts.leave(connection, "1", "01", "704", "2026-12-01", "T")
        assert registry.locations(connection, "1") == [replace(place("1"), exit_date="2026-12-01", exit_code="T")]


def test_nobody_enters_under_a_number_that_nobody_has(engine: Engine) -> None:
    with pytest.raises(KeyError), writing(engine) as connection:
        accounts.enter(connection, place("404"))


def test_the_index_made_again_is_the_one_that_grew(engine: Engine, model: Model) -> None:
    people = [person.student for person in persons(60, 3)]
    with writing(engine) as connection:
        for number, student in enumerate(people):
            registrar.register(connection, model, student, lambda n=number: Ssid(f"{n:04}"), FIRST)
        for number, student in enumerate(people[:20]):
            spelt = replace(
                student, legal_name=replace(student.legal_name, last=student.legal_name.last.upper() + " X")
            )
            registrar.learn(connection, model, f"{number:04}", spelt, SECOND)
    grown = indexed(engine)
    heard: list[int] = []
    with writing(engine) as connection:
        assert registrar.reindex(connection, model, heard.append) == 60
    assert indexed(engine) == grown
    assert heard == [60]


def indexed(engine: Engine) -> list[object]:
    with reading(engine) as connection:
        kept = [
            sorted(tuple(row) for row in connection.execute(text(f"SELECT * FROM {name}")))  # noqa: S608
            for name in ("student_features", "student_blocks")
        ]
    assert all(kept)
    return kept


def test_many_brought_in_at_once_are_as_if_registered(engine: Engine, model: Model) -> None:
    people = [(Ssid(f"{n:04}"), person.student) for n, person in enumerate(persons(50, 4))]
    with writing(engine) as connection:
        registrar.bring_in(connection, model, people, FIRST)
        assert [registrar.known(connection, number) for number, _ in people] == [
            replace(student, ssid=number, local_id="", aliases=student.aliases[::-1]) for number, student in people
        ]
        found = [match.find(connection, model, replace(student, ssid=None), "01") for _, student in people]
    assert all(
        number in [one.ssid for one in finding.candidates] for (number, _), finding in zip(people, found, strict=True)
    )


def test_an_index_for_another_model_is_noticed(engine: Engine, model: Model) -> None:
    with writing(engine) as connection:
        registrar.check_index(connection, model)
        registrar.adopt(connection, model)
        registrar.check_index(connection, model)
        blocks.mark(connection, "another")
        registrar.adopt(connection, model)
        with pytest.raises(NotDone, match="stale-index"):
            registrar.check_index(connection, model)
        registrar.reindex(connection, model, lambda _: None)
        registrar.check_index(connection, model)


def test_a_ledger_of_the_first_version_is_carried_over(ledger_url: str, tmp_path: Path, model: Model) -> None:
    made = ledgers.blank(tmp_path, ledger_url)
    config = migrate._config()
    with writing(made) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(text("INSERT INTO parties VALUES ('01', 'LEA', 'district', 0)"))
        connection.execute(
            text("INSERT INTO students VALUES ('7', 'Ana', '', 'Reyes', '', '2012-03-04', 'F', 'ana', '', 'reyes', 5)")
        )
        connection.execute(
            text(
                "INSERT INTO enrollments (ssid, lea, school, local_id, entry_date, exit_date, entry_code, exit_code,"
                " tracking) VALUES ('7', '01', '704', '12', '2026-08-17', '', '', '', 'packet-0')"
            )
        )
        connection.execute(text("INSERT INTO reviews VALUES ('packet-1', -1, '7,8', 9, NULL)"))
    migrate.migrate(made)
    assert is_current(made)
    with writing(made) as connection:
        assert registrar.known(connection, "7") == Student(
            Name("Ana", "Reyes"), date(2012, 3, 4), ssid=Ssid("7"), gender="F"
        )
        assert evidence.names(connection, "7")[0].source == Source(LeaId("01"), "packet-0", 5.0)
        candidates = connection.execute(text("SELECT candidates FROM reviews")).scalar()
        assert candidates == '[{"ssid": "7", "weight": 0.0}, {"ssid": "8", "weight": 0.0}]'
        with pytest.raises(NotDone, match="stale-index"):
            registrar.check_index(connection, model)
        registrar.reindex(connection, model, lambda _: None)
        ana = Student(Name("Ana", "Reyes"), date(2012, 3, 4), local_id="12", gender="F")
        assert match.find(connection, model, ana, "01").ssid == "7"
    made.dispose()
