"""One student against the registry: who is this?

Owns the answer on the whole registry, made of the model's verdicts on single candidates. Promises: a match is exactly
one student, and nobody else comes near; two who could be meant, or one who only may be, are a review; an SSID in a
packet is a claim that name and birth date must bear out (DESIGN section 6); a merged number stands for the kept one;
the work is bounded. A false match is the error to fear, so every doubt is a review.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rapidfuzz.distance import JaroWinkler
from sqlalchemy import Connection

from broker.core.model import Ssid, Student
from broker.edge.ledger import blocks
from broker.edge.ledger.blocks import Found, Hit
from broker.identity import compare, index
from broker.identity.answer import Answer, Verdict
from broker.identity.features import Features
from broker.identity.model import Model

CLOSE_BITS = 4.0  # so much less than the best, and a candidate is still as good: 16 times less likely
MOST_SHOWN = 26  # candidates of a review
_NEAR = 0.88  # Jaro-Winkler: one letter wrong, or two changed about, in a name of usual length
# what two students of one name and birth date differ in, if they are two
_APART = ("middle", "guardians", "phone", "street")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A student who may be meant, with the verdict on the pair; `weight` in bits. The verdict is without its reasons:
    to word them takes longer than all else, and `compare` does it for who asks."""

    ssid: Ssid
    weight: float
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer; `ssid` is the student's number for a match. Candidates, the heaviest first: for a match the one found
    and who else comes into question, for a review those to choose from; for none nobody, unless a claimed number is
    nobody's."""

    answer: Answer
    ssid: Ssid | None = None
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class _Weighed:
    """A candidate before it is put in words; `is_lifted` when its number bears out what the weight leaves open."""

    hit: Hit
    answer: Answer
    weight: float
    is_lifted: bool = field(default=False)


def find(
    connection: Connection, model: Model, student: Student, lea: str, forgives: Callable[[Ssid], bool] = lambda _: True
) -> Finding:
    """Who is the student of whom this LEA tells? Reads only; one statement, and a second one for a match. A slip of
    the birth date is forgiven for students of whom `forgives` is true: an LEA that never had a child learns of it by
    the right birth date alone, or it could guess."""
    return find_own(connection, model, student, lea, lambda _ssid: True, forgives)[0]


def find_own(
    connection: Connection,
    model: Model,
    student: Student,
    lea: str,
    is_own: Callable[[Ssid], bool],
    forgives: Callable[[Ssid], bool] | None = None,
) -> tuple[Finding, Finding]:
    """Who is it among all students, and who among those of whom `is_own` is true: for what an LEA may only say of its
    own, nobody else is there. `is_own` is asked of each student who comes into question, once; `forgives`, which is as
    `is_own` where it is not told, of those alone whose birth date is another."""
    asked = index.variants_of(student)
    own = (lea, student.local_id) if lea and student.local_id else None
    hits = blocks.candidates(connection, index.asked(model, asked), own, student.ssid or "")
    weighed = [_forgiven(asked, _weigh(model, asked, hit), forgives or is_own) for hit in hits]
    plausible = sorted(
        (one for one in weighed if one.answer is not Answer.NONE), key=lambda one: (-one.weight, one.hit.ssid)
    )
    mine = [one for one in plausible if is_own(Ssid(one.hit.ssid))]

    def answer(among: Sequence[_Weighed]) -> Finding:
        if student.ssid:
            return _claimed(among)
        best = _best(among)
        if best is None or _is_another(connection, asked, best, own):
            return _finding(Answer.REVIEW if among else Answer.NONE, None, among)
        return _finding(Answer.MATCH, best, among)

    whole = answer(plausible)
    return whole, whole if len(mine) == len(plausible) else answer(mine)


def _weigh(model: Model, asked: Sequence[Features], hit: Hit) -> _Weighed:
    """The model's verdict, and what the number says beside it.

    The LEA's own number for a student, or the SSID, with the birth date and a name that is near: what only may be the
    same is, for twins have two numbers. With the birth date and half of the name it is at least to be looked at. A
    number that was claimed is looked at whatever the rest says.
    """
    answer, weight = compare.answer_of(model, asked, hit.variants)
    if hit.found is Found.BY_BLOCK or answer is Answer.MATCH:
        return _Weighed(hit, answer, weight)
    first, last = _agreement(asked, hit.variants)
    if answer is Answer.REVIEW and first and last:
        return _Weighed(hit, answer, weight, is_lifted=True)
    if hit.found is Found.BY_SSID or first or last:
        return _Weighed(hit, Answer.REVIEW, weight)
    return _Weighed(hit, answer, weight)


def _forgiven(asked: Sequence[Features], one: _Weighed, forgives: Callable[[Ssid], bool]) -> _Weighed:
    """A match in spite of another birth date is a question, unless it is forgiven for this student."""
    if one.answer is not Answer.MATCH or _is_born_then(asked, one.hit.variants) or forgives(Ssid(one.hit.ssid)):
        return one
    return replace(one, answer=Answer.REVIEW)


def _is_born_then(asked: Sequence[Features], known: Sequence[Mapping[str, Any]]) -> bool:
    return any(one["birth_date"] == other["birth_date"] for one in asked for other in known)


def _agreement(asked: Sequence[Features], known: Sequence[Mapping[str, Any]]) -> tuple[bool, bool]:
    """Of two students born on one day, whether under some name the first and the last names are near each other."""
    found = (False, False)
    for one in asked:
        for other in known:
            if one["birth_date"] is None or one["birth_date"] != other["birth_date"]:
                continue
            first = _is_near(one["first"], other["first"]) or _is_shared(one["first_also"], other["first_also"])
            last = _is_near(one["last"], other["last"]) or _is_shared(one["last_words"], other["last_words"])
            found = max(found, (first, last), key=sum)
    return found


def _is_near(one: str | None, other: str | None) -> bool:
    return bool(one) and bool(other) and JaroWinkler.similarity(one or "", other or "") >= _NEAR


def _is_shared(one: Sequence[str] | None, other: Sequence[str] | None) -> bool:
    return not set(one or ()).isdisjoint(other or ())


def _best(plausible: Sequence[_Weighed]) -> _Weighed | None:
    """The one student who is meant, if nobody else comes near."""
    found = [one for one in plausible if one.answer is Answer.MATCH or one.is_lifted]
    if len(found) != 1:
        return None
    near = found[0].weight if found[0].is_lifted else found[0].weight - CLOSE_BITS
    return None if any(one.weight >= near for one in plausible if one is not found[0]) else found[0]


def _claimed(plausible: Sequence[_Weighed]) -> Finding:
    """The number says who is meant, if the rest bears it out and nobody else fits better."""
    claimed = next((one for one in plausible if one.hit.found is Found.BY_SSID), None)
    if claimed is None:
        return _finding(Answer.NONE, None, plausible)
    is_better = any(one.weight > claimed.weight for one in plausible)
    if is_better or not (claimed.answer is Answer.MATCH or claimed.is_lifted):
        return _finding(Answer.REVIEW, None, plausible)
    return _finding(Answer.MATCH, claimed, plausible)


def _is_another(connection: Connection, asked: Sequence[Features], best: _Weighed, own: tuple[str, str] | None) -> bool:
    """Whether this LEA has the student found under another number of its own now, and nothing but name and birth date
    says that it is the same: two children of one name, it may be."""
    if own is None or best.hit.found is not Found.BY_BLOCK:
        return False
    if any(_is_borne_out(one, other) for one in asked for other in best.hit.variants):
        return False
    numbers = blocks.numbers_at(connection, best.hit.ssid, own[0])
    return any(number.lstrip("0") != own[1].lstrip("0") for number in numbers)


def _is_borne_out(one: Features, other: Mapping[str, Any]) -> bool:
    for column in _APART:
        left, right = one[column], other[column]
        if left and (_is_shared(left, right) if isinstance(left, list) else left == right):
            return True
    return False


def _finding(answer: Answer, best: _Weighed | None, plausible: Sequence[_Weighed]) -> Finding:
    shown = [best, *(one for one in plausible if one is not best)] if best else plausible
    candidates = tuple(
        Candidate(Ssid(one.hit.ssid), one.weight, Verdict(one.answer, one.weight, ())) for one in shown[:MOST_SHOWN]
    )
    return Finding(answer, Ssid(best.hit.ssid) if best else None, candidates)
