"""One student against the registry: who is this?

Owns the answer on the whole registry, made of the model's verdicts on single candidates. Promises: a match is exactly
one student, and nobody else comes near; where two students fit, or one only may fit, the answer is a review; an SSID in
a packet is a claim that name and birth date must confirm (DESIGN section 6); a merged number stands for the kept one;
an LEA's own number proves nothing where it is a placeholder, or where several of its children have or had it; the work
is bounded. A false match is the error to fear, so every doubt is a review.
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

CLOSE_BITS = 4.0  # a candidate within this distance of the best counts as equally good: 16 times less likely
MOST_SHOWN = 26  # candidates of a review
# the columns in which two students must agree to count as written in the same way
_WRITTEN = ("first", "first_marked", "middle", "last", "suffix", "birth_date")
_NEAR = 0.88  # Jaro-Winkler: one letter wrong, or two swapped, in a name of usual length
# two students with one name and birth date differ in these columns
_APART = ("middle", "guardians", "phone", "street")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A possible student, with the verdict on the pair; `weight` in bits. The verdict has no reasons: making them takes
    longer than all else, and `compare` does it on request."""

    ssid: Ssid
    weight: float
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer. For a match, `ssid` is the student's number. `candidates` are in the order of their answers, the
    heaviest first: for a match the one found and then the other possible students, for a review those to choose from;
    for none they are empty, unless the packet claims a number that no student has."""

    answer: Answer
    ssid: Ssid | None = None
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class _Weighed:
    """A candidate with its answer and weight. `is_lifted`: a number, or an earlier decision or report, confirms what
    the weight leaves open."""

    hit: Hit
    answer: Answer
    weight: float
    is_lifted: bool = field(default=False)


def find(
    connection: Reading, model: Model, student: Student, lea: str, forgives: Callable[[Ssid], bool] = lambda _: True
) -> Finding:
    """Which student does this LEA mean? Reads only: one statement, and some more for a match or a doubt. A slip in the
    birth date is forgiven for students for whom `forgives` is true. An LEA that never had a child must give the right
    birth date; otherwise it could find children by guessing."""
    return find_own(connection, model, student, lea, lambda _ssid: True, forgives)[0]


def find_own(
    connection: Reading,
    model: Model,
    student: Student,
    lea: str,
    is_own: Callable[[Ssid], bool],
    forgives: Callable[[Ssid], bool] | None = None,
) -> tuple[Finding, Finding]:
    """The answers among all students, and among those for whom `is_own` is true: for reports that an LEA may make only
    about its own students, no others exist. `is_own` is asked once for each possible student; `forgives` (default:
    `is_own`) is asked only for those with another birth date."""
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
    """The model's verdict, changed by what the number says.

    Where the LEA's own number or the SSID agrees, and so do the birth date and nearly the whole name, a review is
    lifted, because twins have two numbers. With the birth date and half of the name, the answer is at least a review.
    A claimed SSID is always at least a review.
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
    """Lift a review where the packet names the student as a person has decided that the student may be written, or as
    the LEA has the student now. Then even a common name is no question, unless something else speaks against it."""
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
    """Whether name and birth date are the same, not under an alias, and no other field shows two students."""
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
    """A match with another birth date becomes a review, unless it is forgiven for this student."""
    if one.answer is not Answer.MATCH or _is_born_then(asked, one.hit.variants) or forgives(Ssid(one.hit.ssid)):
        return one
    return replace(one, answer=Answer.REVIEW)


def _is_born_then(asked: Sequence[Features], known: Sequence[Mapping[str, Any]]) -> bool:
    return any(one["birth_date"] == other["birth_date"] for one in asked for other in known)


def _agreement(asked: Sequence[Features], known: Sequence[Mapping[str, Any]]) -> tuple[bool, bool]:
    """Whether the first names, and the last names, of two students born on one day are near each other under some
    name."""
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
    """The one matching student, if nobody else comes near.

    Where several match, the LEA's own number decides, as long as no other fits better. Where a person has decided that
    a candidate is another child than the one found, that candidate counts only with as much weight or more.
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
    """Whether this candidate fits as well as the best one."""
    if one.weight > best.weight or best.is_lifted:
        return one.weight >= best.weight or one.answer is Answer.MATCH
    is_numbered = best.hit.found is Found.BY_LOCAL_ID
    return not is_numbered and (one.weight >= best.weight - CLOSE_BITS or one.answer is Answer.MATCH or one.is_lifted)


def _claimed(plausible: Sequence[_Weighed]) -> Finding:
    """The claimed number decides, if the other fields confirm it and nobody else fits better."""
    claimed = next((one for one in plausible if one.hit.found is Found.BY_SSID), None)
    if claimed is None:
        return _finding(Answer.NONE, None, plausible)
    is_better = any(one.weight > claimed.weight for one in plausible)
    if is_better or not (claimed.answer is Answer.MATCH or claimed.is_lifted):
        return _finding(Answer.REVIEW, None, plausible)
    return _finding(Answer.MATCH, claimed, plausible)


def _is_another(connection: Reading, asked: Sequence[Features], best: _Weighed, own: tuple[str, str] | None) -> bool:
    """Whether this LEA now has the found student under another number of its own, and only name and birth date agree:
    there may be two children with one name."""
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
