"""The identity model on published pairs of children's records, on the half that nothing was tuned to."""

from collections import Counter

import pytest

from broker.identity import features, lenient, models
from broker.identity.compare import answer_of
from tests.bench import identity_miis
from tests.support.tools import corpora


@pytest.mark.parametrize("surname", identity_miis.SURNAMES)
def test_published_pairs(surname: str) -> None:
    """Whichever way an LEA writes a second surname: in the last name, as an alias, or not at all."""
    path = corpora("identity", "miis", "MIIS-E3.txt")
    model = models.load()
    counts: Counter[tuple[str, str]] = Counter()
    for pair in identity_miis.pairs(path):
        if pair.number % 2 == 0:
            sides = [features.of(lenient.student(identity_miis.block(one, surname))) for one in (pair.left, pair.right)]
            counts[pair.label, answer_of(model, *sides)[0]] += 1
    same = sum(count for (label, _), count in counts.items() if label == "Match")
    other = sum(count for (label, _), count in counts.items() if label == "Not a Match")
    assert same > 400 < other
    assert counts["Match", "match"] >= 0.95 * same
    assert counts["Match", "match"] + counts["Match", "review"] >= 0.985 * same
    assert counts["Not a Match", "match"] <= 0.002 * other
    assert counts["Not a Match", "review"] <= 0.1 * other


def test_numbers_of_identity_are_never_read() -> None:
    path = corpora("identity", "miis", "MIIS-E3.txt")
    pair = next(identity_miis.pairs(path))
    told = str(identity_miis.block(pair.left))
    assert pair.left["ssn"]
    assert not any(pair.left[name] in told for name in ("ssn", "medicaid", "mrns"))
