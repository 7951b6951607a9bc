"""One student against the registry: who is this?

Owns the answer on the whole registry, made of the model's verdicts on single candidates. Promises: a match is exactly
one student, and nobody else comes near; two who could be meant, or one who only may be, are a review; an SSID in a
packet is a claim that name and birth date must bear out (DESIGN section 6); a merged number stands for the kept one;
an LEA's own number that is a placeholder, or that several of its children have or had, proves nothing; the work is
bounded. A false match is the error to fear, so every doubt is a review.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rapidfuzz.distance import JaroWinkler

from broker.core import local_number
from broker.core.model import Ssid, Student
from broker.edge.ledger.engine import Reading
from broker.edge.ledger.people import blocks, taught
from broker.edge.ledger.people.blocks import Found, Hit
from broker.identity import compare, features, index
from broker.identity.answer import Answer, Verdict
from broker.identity.features import Features
from broker.identity.model import Model

CLOSE_BITS = 4.0  # so much less than the best, and a candidate is still as good: 16 times less likely
MOST_SHOWN = 26  # candidates of a review
# what is the same of two students who are written in the same way
_WRITTEN = ("first", "first_marked", "middle", "last", "suffix", "birth_date")
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
    """The answer; `ssid` is the student's number for a match. Candidates, those first who alone would match, then the
    heaviest: for a match the one found and who else comes into question, for a review those to choose from; for none
    nobody, unless a claimed number is nobody's."""

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
    connection: Reading, model: Model, student: Student, lea: str, forgives: Callable[[Ssid], bool] = lambda _: True
) -> Finding:
    """Who is the student of whom this LEA tells? Reads only; one statement, and some more for a match or a doubt. A
    slip of the birth date is forgiven for students of whom `forgives` is true: an LEA that never had a child learns of
    it by the right birth date alone, or it could guess."""
    return find_own(connection, model, student, lea, lambda _ssid: True, forgives)[0]


def find_own(
    connection: Reading,
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
    number = local_number.meant(student.local_id)
    own = (lea, number) if lea and number else None
    hits = blocks.candidates(connection, index.asked(model, asked), own, student.ssid or "", lea)
    weighed = [_forgiven(asked, _weigh(model, asked, hit), forgives or is_own) for hit in hits]
    plausible = [one for one in weighed if one.answer is not Answer.NONE]
    plausible.sort(key=lambda one: (-one.answer.rank, -one.weight, one.hit.ssid))
    plausible = [_as_said_before(connection, asked[0], one, lea) for one in plausible]
    mine = [one for one in plausible if is_own(Ssid(one.hit.ssid))]

    def answer(among: Sequence[_Weighed]) -> Finding:
        if student.ssid:
            return _claimed(among)
        best = _best(among, lambda ssid: taught.apart_from(connection, ssid, lea))
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


def _as_said_before(connection: Reading, asked: Features, one: _Weighed, lea: str) -> _Weighed:
    """Who is written as a person has decided that this student may be, or as the LEA has the student now, is no
    question, however common the name, while nothing else speaks against it."""
    if one.answer is not Answer.REVIEW or one.is_lifted or not lea:
        return one
    if not any(_is_written(asked, known) for known in one.hit.variants):
        return one
    is_known = taught.has_now(connection, one.hit.ssid, lea) or any(
        _is_written(asked, features.of(Student(spelt.name, spelt.born))[0])
        for spelt in taught.spellings_of(connection, [one.hit.ssid]).get(one.hit.ssid, ())
        if spelt.lea in ("", lea)
    )
    return replace(one, is_lifted=is_known)


def _is_written(asked: Features, known: Features) -> bool:
    """Whether name and birth date are the same, under another name than an alias, and nothing tells two apart."""
    if any(asked[column] != known[column] for column in _WRITTEN) or not (asked["last"] and asked["birth_date"]):
        return False
    is_alias = known["first_legal"] or known.get("alias_of")
    if is_alias or any(_differs(asked, known, column) for column in ("gender", "birth_order")):
        return False
    is_other_home = _differs(asked, known, "street") or _differs(asked, known, "phone")
    return not (is_other_home and _differs(asked, known, "guardian_firsts"))


def _differs(one: Features, other: Features, column: str) -> bool:
    left, right = one[column], other[column]
    if not (left and right):
        return False
    return not _is_shared(left, right) if isinstance(left, list) else bool(left != right)


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


def _best(plausible: Sequence[_Weighed], apart_from: Callable[[str], Collection[str]]) -> _Weighed | None:
    """The one student who is meant, if nobody else comes near.

    The LEA's own number says which of several who match is meant, as long as nobody fits better. Who was told apart
    from the one found is another child, as a person has decided, and in the way only with as much weight or more.
    """
    found = [one for one in plausible if one.answer is Answer.MATCH or one.is_lifted]
    best = next((one for one in found if one.hit.found is Found.BY_LOCAL_ID), found[0] if found else None)
    if best is None:
        return None
    rivals = [one for one in plausible if one is not best and _is_rival(one, best)]
    if rivals and all(one.weight < best.weight for one in rivals):
        apart = apart_from(best.hit.ssid)
        rivals = [one for one in rivals if one.hit.ssid not in apart]
    return None if rivals else best


def _is_rival(one: _Weighed, best: _Weighed) -> bool:
    """Whether this one may be meant as well as the best."""
    if one.weight > best.weight or best.is_lifted:
        return one.weight >= best.weight or one.answer is Answer.MATCH
    is_numbered = best.hit.found is Found.BY_LOCAL_ID
    return not is_numbered and (one.weight >= best.weight - CLOSE_BITS or one.answer is Answer.MATCH or one.is_lifted)


def _claimed(plausible: Sequence[_Weighed]) -> Finding:
    """The number says who is meant, if the rest bears it out and nobody else fits better."""
    claimed = next((one for one in plausible if one.hit.found is Found.BY_SSID), None)
    if claimed is None:
        return _finding(Answer.NONE, None, plausible)
    is_better = any(one.weight > claimed.weight for one in plausible)
    if is_better or not (claimed.answer is Answer.MATCH or claimed.is_lifted):
        return _finding(Answer.REVIEW, None, plausible)
    return _finding(Answer.MATCH, claimed, plausible)


def _is_another(connection: Reading, asked: Sequence[Features], best: _Weighed, own: tuple[str, str] | None) -> bool:
    """Whether this LEA has the student found under another number of its own now, and nothing but name and birth date
    says that it is the same: two children of one name, it may be."""
    if own is None or best.hit.found is not Found.BY_BLOCK:
        return False
    if any(_is_borne_out(one, other) for one in asked for other in best.hit.variants):
        return False
    numbers = map(local_number.meant, blocks.numbers_at(connection, best.hit.ssid, own[0]))
    return any(number.lstrip("0") != own[1].lstrip("0") for number in numbers if number)


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
