"""Students whose transfers are still to be worked, over SQLite and PostgreSQL."""

import pytest
from sqlalchemy import Engine, exc, insert

from broker.edge.ledger import tables
from broker.edge.ledger.cases import follow_ups
from broker.edge.ledger.cases.follow_ups import FollowUp
from broker.edge.ledger.engine import reading, writing

ANA, BEN, CY, OLD = "1000000019", "1000000027", "1000000043", "1000000035"  # OLD was merged into ANA's


@pytest.fixture
def engine(engine: Engine) -> Engine:
    person = {"first": "A", "middle": "", "last": "B", "suffix": "", "birth_date": "2012-03-04", "gender": ""}
    merged = {ANA: "", BEN: "", CY: "", OLD: ANA}
    with writing(engine) as connection:
        rows = [{"ssid": ssid, "added_at": 0.0, "merged_into": into} | person for ssid, into in merged.items()]
        connection.execute(insert(tables.students), rows)
    return engine


def one(ssid: str, at: float = 1_790_000_000.123456) -> FollowUp:
    return FollowUp(ssid, "018f", at)


def test_rows_are_taken_in_the_order_in_which_they_came(engine: Engine) -> None:
    with writing(engine) as connection:
        assert not follow_ups.is_any(connection)
        follow_ups.put(connection, [one(CY), one(ANA)])
        follow_ups.put(connection, [])
        follow_ups.put(connection, [FollowUp(BEN, "019a", 2.0)])
    with reading(engine) as connection:
        assert follow_ups.is_any(connection)
        assert follow_ups.count(connection) == 3
    with writing(engine) as connection:
        assert follow_ups.take(connection, 2) == [one(CY), one(ANA)]
    with writing(engine) as connection:
        assert follow_ups.take(connection, 2) == [FollowUp(BEN, "019a", 2.0)]
        assert follow_ups.take(connection, 2) == []
        assert not follow_ups.is_any(connection)


def test_a_student_is_taken_by_any_number_and_once(engine: Engine) -> None:
    with writing(engine) as connection:
        follow_ups.put(connection, [one(ANA), one(BEN), one(CY)])
    with writing(engine) as connection:
        assert follow_ups.take_of(connection, [CY, OLD, "9999999999"]) == [one(ANA), one(CY)]
        assert follow_ups.take_of(connection, [ANA, CY]) == []
        assert follow_ups.take_of(connection, []) == []
    with reading(engine) as connection:
        assert follow_ups.count(connection) == 1


def fail_after_taking(engine: Engine) -> None:
    with writing(engine) as connection:
        assert len(follow_ups.take(connection, 9)) == 2
        raise ZeroDivisionError


def test_what_a_transaction_took_that_fails_is_there_again(engine: Engine) -> None:
    with writing(engine) as connection:
        follow_ups.put(connection, [one(ANA), one(BEN)])
    with pytest.raises(ZeroDivisionError):
        fail_after_taking(engine)
    with writing(engine) as connection:
        assert follow_ups.take(connection, 9) == [one(ANA), one(BEN)]


@pytest.mark.parametrize("ssid", [ANA, "9999999999"])
def test_one_row_a_student_and_none_of_nobody(engine: Engine, ssid: str) -> None:
    with writing(engine) as connection:
        follow_ups.put(connection, [one(ANA)])
    with pytest.raises(exc.IntegrityError), writing(engine) as connection:
        follow_ups.put(connection, [one(ssid, 5.0)])
