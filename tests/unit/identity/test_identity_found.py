"""A child whose record has two errors, or lacks a part, is found and asked about where the home or the telephone is the
same: the rules say so, and a key brings the child up."""

from collections import Counter

import pytest

from broker.identity import models
from broker.identity.model import Model
from tests.bench.two_errors import COMMON, KINDS, outcome, pairs

_COUNT = 20
_FEW = 1  # of them that may be answered none: a typo can make another name of a short one


@pytest.fixture(scope="module")
def model() -> Model:
    return models.load()


@pytest.mark.parametrize("common", COMMON)
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_like_a_child_is_answered_none(model: Model, kind: str, common: str) -> None:
    found = Counter(outcome(model, a, b) for a, b in pairs(kind, common, _COUNT, 5))
    assert found.total() == _COUNT
    assert found["none"] + found["unfound"] <= _FEW, found
    assert not found["match"], found
