"""Two children who are much alike are never matched by themselves where their records say what a school asks for.

A share of what `make bench` measures in full (`tests.bench.identity_alike`).
"""

from functools import cache
from itertools import islice
from random import Random

import pytest

from broker.identity import features, lenient, models
from broker.identity.answer import Answer
from broker.identity.compare import answer_of
from broker.identity.model import Model
from broker.simulate.blocks import Block
from tests.bench import before, identity_alike, identity_febrl, kinds

COUNT = 400  # pairs of a kind, over all seeds


@cache
def model() -> Model:
    return models.load()


def answer(one: Block, other: Block) -> Answer:
    left, right = (features.of(lenient.student(block)) for block in (one, other))
    return answer_of(model(), left, right)[0]


@pytest.mark.parametrize("kind", ["twins", "siblings", "triplets"])
def test_children_of_one_family_are_not_matched(kind: str) -> None:
    made = list(identity_alike.pairs(kind, COUNT))
    assert len(made) == COUNT
    assert Answer.MATCH not in {answer(one, other) for one, other in made}


def test_namesakes_with_all_data_are_not_matched() -> None:
    made = islice(kinds.namesakes(1, Random(1)), COUNT)
    assert Answer.MATCH not in {answer(one, other) for one, other in made}


def test_why_two_records_were_kept_apart() -> None:
    def row(first: str, last: str, born: str) -> dict[str, str]:
        return {"given_name": first, "surname": last, "date_of_birth": born}

    known = row("marcia", "lynch", "20120304")
    for copy, why in (
        (row("linch", "marcia", "20120304"), "names exchanged"),
        (row("robert", "lynch", "20120304"), "first names differ"),
        (row("marzia", "lynch", "20120304"), "like first names, same birth date"),
        (row("marcia", "linch", "20120403"), "like names, other birth date"),
        (row("marcia", "abbott", "20120403"), "last names and dates differ"),
        (row("marcia", "", "20120304"), "name or birth date missing"),
    ):
        assert identity_febrl.why(known, copy) == why


def test_a_line_is_set_beside_what_was_recorded_of_the_same_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = before.recorded()
    assert recorded["commit"]
    some = next(line for line in recorded["lines"] if line["measure"] == "identity_pairs")
    monkeypatch.setattr(before, "lines", lambda: iter([some, some | {"kind": "another"}]))
    known, fresh = before.tables()
    assert known["now"] == known["before"] == {"pair": some["pair"], "registry": some["registry"]}
    assert fresh["before"] is None
