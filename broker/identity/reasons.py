"""The waterfall: why a pair got its answer, in words that a records secretary reads.

Owns the words. Promises: they name fields and what was found in them, never a value of the student; the weights of all
reasons add up to that of the verdict; rules come first, then the start, then the fields, the strongest first.
"""

from collections.abc import Sequence

from broker.identity.answer import Answer, Reason, Says
from broker.identity.evidence import Rule
from broker.identity.model import Model, Part, Score

START = "start"
_LITTLE = 0.5  # bits: less than this says nothing
_COMMON, _RARE = -1.5, 1.5  # bits by which a value's own frequency changes what it says
_STRENGTHS = ((6.0, "strongly"), (2.5, "clearly"), (_LITTLE, "weakly"))  # from so many bits
_START = "two students picked at random are hardly ever the same child"
_ANSWERS = {
    Answer.MATCH: "the same child",
    Answer.REVIEW: "perhaps the same child: somebody should look",
    Answer.NONE: "not the same child",
}


def of(model: Model, score: Score, rules: Sequence[Rule]) -> tuple[Reason, ...]:
    """The rules that changed the answer, the start (the same for every pair), and what each field said.

    A rule's text is a whole sentence; a field's text says what was found there, and follows the field's name.
    """
    fields = [Reason(one.comparison, _says(one), one.weight, _found(one)) for one in score.parts]
    fields.sort(key=lambda one: -abs(one.weight))
    lifts = [Reason(one.name, Says.FOR if one.at_least else Says.AGAINST, 0.0, one.sentence) for one in rules]
    return (*lifts, Reason(START, Says.AGAINST, model.prior, _START), *fields)


def is_rule(reason: Reason) -> bool:
    """Whether a reason is a rule that bounded the answer, and not a field."""
    return reason.weight == 0.0 and reason.says is not Says.NOTHING


def sentence(reason: Reason) -> str:
    """A reason as a whole sentence: the field, what was found, for or against, and how strongly."""
    if is_rule(reason):
        return reason.sentence
    found = f"{title(reason)}: {reason.sentence}"
    if reason.says is Says.NOTHING:
        return f"{found}. This says nothing."
    return f"{found}. This speaks {strength(reason.weight)} {reason.says} the same child."


def title(reason: Reason) -> str:
    """The name of the field for people."""
    return reason.field.replace("_", " ").capitalize()


def strength(weight: float) -> str:
    """How strongly a weight in bits speaks: weakly, clearly or strongly."""
    return next((word for least, word in _STRENGTHS if abs(weight) >= least), _STRENGTHS[-1][1])


def conclusion(answer: Answer) -> str:
    """The answer in words."""
    return _ANSWERS[answer]


def _says(part: Part) -> Says:
    if part.is_null or abs(part.weight) < _LITTLE:
        return Says.NOTHING
    return Says.FOR if part.weight > 0 else Says.AGAINST


def _found(part: Part) -> str:
    if part.adjustment <= _COMMON:
        return f"{part.label}, but a common one"
    return f"{part.label}, and a rare one" if part.adjustment >= _RARE else part.label
