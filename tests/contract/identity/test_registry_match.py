"""One student against the registry: which candidates are found, and what is made of the model's verdicts on them.

What is looked up is tried on SQLite and PostgreSQL, what is made of it on SQLite. The verdicts are laid down here by
first name (`says`), so that these tests hold whatever the model has learned; those at the end ask the model itself.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from broker.core.model import Address, LeaId, Name, Ssid, Student
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.packets.rows import EnrollmentRow
from broker.identity import compare, match, models
from broker.identity.answer import Answer
from broker.identity.match import Finding
from broker.identity.model import Model
from tests.support import accounts, ledgers
from tests.support.lookups import M, N, R, child, enter, find, with_two_leas

Says = Callable[..., None]


@pytest.fixture(scope="module")
def model() -> Model:
    return models.load(None)


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Engine]:
    made = with_two_leas(ledgers.ready(tmp_path))
    yield made
    made.dispose()


@pytest.fixture
def says(monkeypatch: pytest.MonkeyPatch) -> Says:
    """Lay down the verdict on each candidate, by first name."""

    def lay_down(**verdicts: tuple[Answer, float]) -> None:
        def answer_of(_model: Model, _asked: Any, known: Sequence[Mapping[str, Any]]) -> tuple[Answer, float]:
            return verdicts[known[0]["first"]]

        monkeypatch.setattr(compare, "answer_of", answer_of)

    return lay_down


def seen(finding: Finding) -> tuple[Answer, str | None, list[str]]:
    return finding.answer, finding.ssid, [one.ssid for one in finding.candidates]


@pytest.mark.parametrize(
    ("ana", "eva", "expected"),
    [
        ((N, -9.0), (N, -9.0), (N, None, [])),
        ((M, 20.0), (N, -9.0), (M, "1", ["1"])),
        ((R, 2.0), (N, -9.0), (R, None, ["1"])),
        ((R, 2.0), (R, 3.0), (R, None, ["2", "1"])),
        ((M, 20.0), (M, 30.0), (R, None, ["2", "1"])),
        ((M, 20.0), (R, 20.0 - match.CLOSE_BITS), (R, None, ["1", "2"])),
        ((M, 20.0), (R, 19.9 - match.CLOSE_BITS), (M, "1", ["1", "2"])),
        ((M, 20.0), (R, 25.0), (R, None, ["1", "2"])),  # who alone would match comes first
    ],
)
def test_exactly_one_and_nobody_near(
    plain: Engine, model: Model, says: Says, ana: Any, eva: Any, expected: Any
) -> None:
    enter(plain, model, "1", child("Ana"))
    enter(plain, model, "2", child("Eva"))
    says(ana=ana, eva=eva)
    assert seen(find(plain, model, child("Ana"))) == expected


@pytest.mark.parametrize(
    ("sent", "ana", "eva", "expected"),
    [
        (child("Ana"), (M, 20.0), (N, -9.0), (M, "1", ["1"])),
        (child("Ana"), (M, 20.0), (M, 19.0), (M, "1", ["1", "2"])),  # registered twice: the number says which
        (child("Ana"), (M, 20.0), (M, 21.0), (R, None, ["2", "1"])),  # but somebody else fits better
        (child("Anna"), (R, 2.0), (N, -9.0), (M, "1", ["1"])),  # number, birth date and a near name
        (child("Anna"), (R, 2.0), (R, 3.0), (R, None, ["2", "1"])),
        (child("Zoe"), (R, 2.0), (N, -9.0), (R, None, ["1"])),  # a twin under the other's number
        (child("Ana", "Walker"), (R, 2.0), (N, -9.0), (R, None, ["1"])),
        (replace(child("Ana"), birth_date=date(2012, 3, 5)), (R, 2.0), (N, -9.0), (R, None, ["1"])),
        (child("Zoe", "Walker"), (N, -30.0), (N, -9.0), (R, None, ["1"])),  # disagrees: never simply another
        (child("Zoe", "Walker"), (N, -30.0), (M, 20.0), (R, None, ["2", "1"])),
    ],
)
def test_a_claimed_number_is_checked(
    plain: Engine, model: Model, says: Says, sent: Student, ana: Any, eva: Any, expected: Any
) -> None:
    enter(plain, model, "1", child("Ana"))
    enter(plain, model, "2", child("Eva", sent.legal_name.last))
    says(ana=ana, eva=eva)
    assert seen(find(plain, model, replace(sent, ssid=Ssid("1")))) == expected


def test_a_claimed_number_that_nobody_has_is_nobodys(plain: Engine, model: Model, says: Says) -> None:
    enter(plain, model, "1", child("Ana"))
    says(ana=(M, 20.0))
    finding = find(plain, model, child("Ana", ssid=Ssid("404")))
    assert seen(finding) == (N, None, ["1"])  # whom it may be about, for those who look into it


@pytest.mark.parametrize(
    ("sent", "verdict", "expected"),
    [
        (child("Anna", local_id="77"), R, M),  # number, birth date and a near name
        (child("Zoe", local_id="77"), R, R),  # a twin has a number of their own
        (child("Zoe", "Walker", local_id="77"), N, N),  # the number was used again
        (child("Ana", "Walker", local_id="77"), N, R),
        (child("Anna", local_id="78"), R, R),
        (child("Anna", local_id=""), R, R),
    ],
)
def test_an_leas_own_number_speaks_for_a_student(
    plain: Engine, model: Model, says: Says, sent: Student, verdict: Answer, expected: Answer
) -> None:
    enter(plain, model, "1", child("Ana"), "01", "77")
    says(ana=(verdict, 2.0))
    assert find(plain, model, sent).answer is expected
    other = find(plain, model, sent, "02")  # of which it says nothing at another LEA
    assert other.answer is (verdict if other.candidates else N)


def test_an_leas_own_number_does_not_outweigh_somebody_who_fits_better(plain: Engine, model: Model, says: Says) -> None:
    enter(plain, model, "1", child("Ana"), "01", "77")
    enter(plain, model, "2", child("Anna"), "01", "78")
    says(ana=(R, 2.0), anna=(R, 9.0))
    assert seen(find(plain, model, child("Anna", local_id="77"))) == (R, None, ["2", "1"])


@pytest.mark.parametrize(
    ("more", "local_id", "expected"),
    [
        ({}, "78", R),  # two children of one name and birth date, each with a number
        ({}, "077", M),
        ({}, "", M),
        ({"phone": "801-555-0133"}, "78", M),  # or one child with a new number
    ],
)
def test_another_number_at_the_same_lea_is_a_doubt(
    plain: Engine, model: Model, says: Says, more: dict[str, Any], local_id: str, expected: Answer
) -> None:
    enter(plain, model, "1", child("Ana", phone="801-555-0133"), "01", "77")
    says(ana=(M, 20.0))
    assert find(plain, model, child("Ana", local_id=local_id, **more)).answer is expected
    assert find(plain, model, child("Ana", local_id=local_id, **more), "02").answer is M


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (child("Ana"), M),  # a common name, say: the LEA has told of this very child
        (child("ANA ", "reyes"), M),
        (child("Ana", local_id="N/A"), M),
        (child("Ana", local_id="78"), R),  # under another number of its own it may be another one
        (child("Ana", gender="M"), R),
        (child("Ana", birth_order=2), R),
        (child("Aná"), R),
        (child("Anna"), R),
        (replace(child("Ana"), legal_name=Name("Ana", "Reyes", "Luz")), R),
        (replace(child("Ana"), legal_name=Name("Ana", "Reyes", "", "Jr")), R),
        (replace(child("Ana"), birth_date=date(2012, 3, 5)), R),
        (child("Ana", phone="801-555-0199", guardians=(Name("Bo", "Li"),)), R),
        (child("Ana", phone="801-555-0199"), M),
    ],
)
def test_who_is_written_as_the_lea_has_the_child_is_no_question(
    plain: Engine, model: Model, says: Says, sent: Student, expected: Answer
) -> None:
    known = child("Ana", gender="F", birth_order=1, phone="801-555-0133", guardians=(Name("Marta", "Reyes"),))
    enter(plain, model, "1", known, "01", "77")
    says(ana=(R, 2.0))
    assert find(plain, model, sent).answer is expected
    if sent.local_id != "78":
        assert find(plain, model, sent, "02").answer is R  # of which the LEA has said nothing
    enter(plain, model, "2", known, "02", "5")
    assert find(plain, model, sent).answer is R  # which of the two?


def test_whom_the_lea_has_no_more_is_asked_about(plain: Engine, model: Model, says: Says) -> None:
    enter(plain, model, "1", child("Ana"))
    with writing(plain) as connection:
        row = EnrollmentRow(Ssid("1"), LeaId("01"), "1", "", "2025-08-17", "2026-06-01", "", "", "packet-0")
        accounts.enter(connection, row)
    says(ana=(R, 2.0))
    assert find(plain, model, child("Ana")).answer is R


def test_a_student_of_whom_nothing_is_known_matches_nobody(plain: Engine, model: Model) -> None:
    enter(plain, model, "1", child("Ana"))
    assert seen(find(plain, model, Student(Name("", ""), date.min))) == (N, None, [])


def test_a_slip_of_the_birth_date_is_forgiven_for_those_alone_for_whom_it_may_be(plain: Engine, model: Model) -> None:
    home = Address("4 Elm St", "Provo", "UT", "84601")
    more: dict[str, Any] = {"gender": "F", "phone": "801-555-0142", "address": home}
    known = Student(Name("Odette", "Thornley", "Fern"), date(2013, 5, 9), **more)
    enter(plain, model, "1000000001", known)
    for born, answer in ((date(2013, 5, 9), Answer.MATCH), (date(2013, 5, 19), Answer.REVIEW)):
        with reading(plain) as connection:
            told = replace(known, birth_date=born)
            assert match.find(connection, model, told, "01").answer is Answer.MATCH
            assert match.find(connection, model, told, "01", lambda _ssid: False).answer is answer
            assert match.find_own(connection, model, told, "01", lambda _ssid: False)[0].answer is answer
            assert match.find_own(connection, model, told, "01", lambda _ssid: True)[1].answer is Answer.MATCH
