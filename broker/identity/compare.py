"""Two students: are they one child?

Owns the one-pair interface. Promises: the legal name of each student is compared with every name of the other (legal
and aliases), and the best of these verdicts counts; the same two students always get the same verdict.
"""

from collections.abc import Sequence

from broker.core.model import Student
from broker.identity import evidence, features, reasons
from broker.identity.answer import Answer, Verdict
from broker.identity.features import Features
from broker.identity.model import Model


def compare(model: Model, left: Student, right: Student, *, is_numbered: bool = False) -> Verdict:
    """The verdict on two students. `is_numbered`: both have the same number, which confirms a name that alone would
    prove nothing."""
    known = model.numbered() if is_numbered else model
    return of_features(known, features.of(left), features.of(right))


def of_features(model: Model, left: Sequence[Features], right: Sequence[Features]) -> Verdict:
    """The verdict on two students by their features (`features.of`), with its reasons."""
    answer, _, one, other = _best(model, left, right)
    score = model.score(one, other)
    rules = evidence.deciding(model.limits, score.weight, one, other)
    return Verdict(answer, score.weight, reasons.of(model, score, rules))


def answer_of(model: Model, left: Sequence[Features], right: Sequence[Features]) -> tuple[Answer, float]:
    """Only the answer and the weight of `of_features`, without the reasons."""
    answer, weight, _, _ = _best(model, left, right)
    return answer, weight


def _best(
    model: Model, left: Sequence[Features], right: Sequence[Features]
) -> tuple[Answer, float, Features, Features]:
    found = None
    for number, one in enumerate(left):
        # two aliases prove too little: twins who share a middle name may both be called by it
        for other in right if number == 0 else right[:1]:
            weight = model.weigh(one, other)
            answer, _ = evidence.decide(model.limits, weight, one, other)
            if found is None or (answer.rank, weight) > (found[0].rank, found[1]):
                found = (answer, weight, one, other)
    if found is None:
        raise ValueError("a student has at least one name, if only an empty one")
    return found
