"""Pairs of students with the answer that a careful person gives, each with what makes it hard, and why.

`strict` is the answer where the exchange chose that birth dates must agree.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from broker.identity import compare, lenient, models
from broker.identity.model import Model

VECTORS = json.loads(Path(__file__).with_name("identity_pairs.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def model() -> Model:
    return models.load()


@pytest.mark.parametrize("vector", VECTORS, ids=[one["name"] for one in VECTORS])
def test_pair(model: Model, vector: dict[str, Any]) -> None:
    left, right = lenient.student(vector["a"]), lenient.student(vector["b"])
    for one, other in ((left, right), (right, left)):
        verdict = compare.compare(model, one, other)
        assert verdict.answer == vector["answer"], [(each.field, each.weight) for each in verdict.reasons]


@pytest.mark.parametrize("vector", [one for one in VECTORS if "strict" in one], ids=lambda one: str(one["name"]))
def test_pair_where_birth_dates_must_agree(vector: dict[str, Any]) -> None:
    model = models.load(is_strict=True)
    verdict = compare.compare(model, lenient.student(vector["a"]), lenient.student(vector["b"]))
    assert (vector["answer"], verdict.answer) == ("match", vector["strict"])
    assert any(one.field == "birth date, strictly" for one in verdict.reasons)


def test_every_answer_has_its_vectors_and_every_name_is_told_once() -> None:
    assert {one["answer"] for one in VECTORS} == {"match", "review", "none"}
    assert len({one["name"] for one in VECTORS}) == len(VECTORS)
    assert all(one["why"].endswith(".") for one in VECTORS if "why" in one)
    assert {one["strict"] for one in VECTORS if "strict" in one} == {"review"}
