"""The registry read for bulk work, page by page, over SQLite and PostgreSQL."""

from itertools import islice

import pytest
from sqlalchemy import Engine

from broker.core.model import LeaId, Ssid
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.people import indexed
from broker.edge.ledger.people.registry import Source
from broker.identity import index, models, registrar
from broker.identity.bulk import registry as bulk
from broker.identity.bulk.registry import Registry
from broker.simulate.people import persons
from broker.simulate.rates import DEFAULT
from handlers.registry import TRAVELS

STUDENTS = 40
SOURCE = Source(LeaId(""), "", 0.0)


@pytest.mark.parametrize("page", [1, 3, 7, 5_000])
def test_every_student_comes_once_with_all_names(engine: Engine, page: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexed, "_PAGE", page)
    monkeypatch.setattr(bulk, "_STEP", 10)
    model = models.load()
    known = {
        Ssid(str(1_000_000_000 + 7 * number)): person.student
        for number, person in enumerate(
            islice(persons(STUDENTS, 2, DEFAULT.changed({"preferred_name": 0.5})), STUDENTS)
        )
    }
    with writing(engine) as connection:
        registrar.bring_in(connection, model, known.items(), SOURCE)
        kept, other = list(known)[5], list(known)[6]
        registrar.merge(connection, model, kept, other, "me", "twice", 0.0, "2026-11-23", TRAVELS)
    told: list[int] = []
    with reading(engine) as connection:
        registry = Registry(connection)
        names = registry.count()
        found = [(number, list(variants)) for number, variants in registry.entries(told.append)]
        assert registry.merged() == {other: kept}
    standing = [ssid for ssid in known if ssid != other]
    assert registry.numbers == sorted(standing)
    assert [number for number, _ in found] == list(range(len(standing)))
    assert sum(len(variants) for _, variants in found) == names > len(standing)
    for ssid, (_, variants) in zip(registry.numbers, found, strict=True):
        if ssid != kept:
            assert variants == [dict(one) for one in index.variants_of(known[Ssid(ssid)])]
    assert told == list(range(10, names + 1, 10))
