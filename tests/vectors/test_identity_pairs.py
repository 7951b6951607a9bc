"""Pairs of students with the answer that a careful person gives, each with what makes it hard."""

import json
from pathlib import Path
from typing import Any

import pytest

from broker.identity import compare, lenient, models

VECTORS = json.loads(Path(__file__).with_name("identity_pairs.json").read_text("utf-8"))


@pytest.mark.parametrize("vector", VECTORS, ids=[one["name"] for one in VECTORS])
def test_pair(vector: dict[str, Any]) -> None:
    model = models.load()
    left, right = lenient.student(vector["a"]), lenient.student(vector["b"])
    for one, other in ((left, right), (right, left)):
        verdict = compare.compare(model, one, other)
        assert verdict.answer == vector["answer"], [(each.field, each.weight) for each in verdict.reasons]


def test_every_answer_has_its_vectors_and_every_name_is_told_once() -> None:
    assert {one["answer"] for one in VECTORS} == {"match", "review", "none"}
    assert len({one["name"] for one in VECTORS}) == len(VECTORS)
