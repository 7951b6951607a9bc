"""The registrar: enters students into the registry and changes what is known about them.

Keeps three things together: the person, the reports about the person, and the model's index. Promises: everything
happens in the caller's transaction, which must hold `registry.lock` where a number is given; a spelling is kept as it
came; a merged number stands for the kept one.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from broker.core.errors import NotDone
from broker.core.model import Ssid, Student
from broker.core.routing import Travels
from broker.core.stays import Today
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.people import blocks, evidence, merges, registry, taught
from broker.edge.ledger.people.evidence import Kept
from broker.edge.ledger.people.merges import Merge, Outcome
from broker.edge.ledger.people.registry import Person, Source
from broker.edge.ledger.people.taught import Decided
from broker.edge.settings.values import ToldLimits
from broker.identity import index
from broker.identity.model import Model

_PAGE = 1000  # students read or written at once
_MOST = ToldLimits()


class TooOften(Exception):
    """The LEA has changed the student as often as it may in a year."""


def register(connection: Writing, model: Model, student: Student, draw: Callable[[], Ssid], source: Source) -> Ssid:
    """Enter a new student under a number that nobody ever had; `draw` draws numbers."""
    ssid = registry.add(connection, draw, lambda drawn: _person(drawn, student), source.at)
    evidence.add_many(connection, [(ssid, student)], source)
    blocks.add(connection, [(ssid, _indexed(model, student, source))])
    return ssid


def _indexed(model: Model, student: Student, source: Source) -> blocks.Indexed:
    """The index entry of a student about whom only this is known."""
    return index.indexed(model, student, dict.fromkeys(student.aliases, (source.lea,)) if source.lea else {})


def learn(
    connection: Writing, model: Model, ssid: str, student: Student, source: Source, most: ToldLimits = _MOST
) -> bool:
    """Keep what a packet tells about a found student: new spellings as aliases, new evidence. Only a phone, an address
    or a birth order ends, when a new one takes its place. Returns whether everything was kept: `most` bounds what is
    kept from one LEA."""
    person = _standing(connection, ssid)
    kept = (
        evidence.add_names(connection, person.ssid, student.legal_name, student.aliases, source, most),
        evidence.add_evidence(connection, person.ssid, student, source, most),
    )
    is_gender_new = bool(student.gender) and not person.gender
    if is_gender_new:
        registry.change(connection, replace(person, gender=student.gender))
    if is_gender_new or any(one.is_news for one in kept):
        refresh(connection, model, person.ssid)
    return Kept.PART not in kept


def amend(
    connection: Writing, model: Model, ssid: str, student: Student, source: Source, most: ToldLimits = _MOST
) -> bool:
    """Apply an LEA's correction: the student has this legal name, birth date and gender from now on. The earlier values
    are kept and marked as ended. Returns whether everything was kept, as `learn` does. Raises TooOften where the LEA
    has changed the student as often as it may."""
    person = _standing(connection, ssid)
    new = replace(_person(person.ssid, student), gender=student.gender or person.gender)
    if new != person:
        if evidence.changes(connection, person.ssid, source) >= most.changes:
            raise TooOften
        if _name(new) != _name(person):
            evidence.rename(connection, person.ssid, student.legal_name, source)
        taught.end_apart(connection, person.ssid, source.at)
        evidence.note_change(connection, person, new, source)
        registry.change(connection, new)
        refresh(connection, model, person.ssid)
    return learn(connection, model, person.ssid, student, source, most)


def known(connection: Reading, ssid: str) -> Student | None:
    """Everything known about the student whom this number stands for; None for a number without a student."""
    person = registry.standing(connection, ssid)
    return evidence.student(connection, person) if person else None


def merge(
    connection: Writing,
    model: Model,
    kept: str,
    other: str,
    who: str,
    why: str,
    at: float,
    today: Today,
    travels: Travels,
) -> Outcome:
    """Merge two numbers of one student: `kept` stands for both. Raises what `merges.merge` does.

    `at` is seconds since the epoch; `today` is the day for which enrollments are judged,
    `travels` what the handlers declare.
    """
    done = merges.merge(connection, kept, other, who, why, at, today, travels)
    for ssid in (kept, other):
        refresh(connection, model, ssid)
    return done


def unmerge(
    connection: Writing, model: Model, kept: str, other: str, who: str, why: str, at: float, travels: Travels
) -> Outcome:
    """Undo a merge: `other` stands again for its own student. Raises what `merges.unmerge` does."""
    done = merges.unmerge(connection, kept, other, who, why, at, travels)
    for ssid in (kept, other):
        refresh(connection, model, ssid)
    return done


def merged(connection: Reading, ssid: str) -> list[Merge]:
    """The merges of this number, the oldest first."""
    return merges.about(connection, ssid)


def check_index(connection: Reading, model: Model) -> None:
    """Raises NotDone `stale-index` unless the registry is indexed for this model."""
    if is_stale(connection, model):
        raise NotDone("stale-index")


def is_stale(connection: Reading, model: Model) -> bool:
    """Whether the registry is indexed for another model; False while it has no index yet."""
    return blocks.made_for(connection) not in (None, index.mark_of(model))


def adopt(connection: Writing, model: Model) -> None:
    """Record which model the index is for, where no model is recorded yet."""
    if blocks.made_for(connection) is None:
        blocks.mark(connection, index.mark_of(model))


def bring_in(connection: Writing, model: Model, students: Iterable[tuple[Ssid, Student]], source: Source) -> None:
    """Enter many students who already have numbers and are not in the registry yet."""
    for page in _pages(students):
        registry.add_many(connection, [_person(ssid, student) for ssid, student in page], source.at)
        evidence.add_many(connection, page, source)
        blocks.add(connection, [(ssid, _indexed(model, student, source)) for ssid, student in page])


def reindex(connection: Writing, model: Model, told: Callable[[int], None]) -> int:
    """Make the index again for this model; returns the number of students. `told` is called with the number done so
    far."""
    blocks.clear(connection)
    done, last = 0, ""
    while page := registry.page(connection, last, _PAGE):
        blocks.add(connection, _known(connection, model, page))
        done, last = done + len(page), page[-1].ssid
        told(done)
    blocks.mark(connection, index.mark_of(model))
    return done


def _standing(connection: Reading, ssid: str) -> Person:
    person = registry.standing(connection, ssid)
    if person is None:
        raise KeyError("no student has this number")
    return person


def refresh(connection: Writing, model: Model, ssid: str) -> None:
    """Update the index of one number from the registry. Nothing is indexed for a merged number. Raises KeyError for a
    number that nobody has."""
    person = registry.person(connection, ssid)
    if person is None:
        raise KeyError("no student has this number")
    old = index.kept(model, blocks.variants(connection, ssid))
    empty = blocks.Indexed((), frozenset())
    new = empty if person.merged_into else _known(connection, model, [person])[0][1]
    blocks.put(connection, ssid, new, old)


def _known(connection: Reading, model: Model, persons: Sequence[Person]) -> list[tuple[str, blocks.Indexed]]:
    """The index entries of these students, made of everything known about them."""
    numbers = [one.ssid for one in persons]
    tellers, spellings = evidence.tellers(connection, numbers), taught.spellings_of(connection, numbers)
    return [
        (one.ssid or "", index.indexed(model, one, tellers.get(one.ssid or "", {}), spellings.get(one.ssid or "", ())))
        for one in evidence.students(connection, persons)
    ]


def teach(connection: Writing, model: Model, ssid: str, sent: Student, decided: Decided) -> None:
    """Keep a person's decision that the student may be written as in `sent`: at the LEA for which the decision counts,
    this spelling finds the student from now on, as the legal name does."""
    taught.teach(connection, ssid, sent, decided)
    refresh(connection, model, ssid)


def unteach(connection: Writing, model: Model, tracking: str, line: int, at: float) -> None:
    """Undo what the decision on this question taught."""
    for ssid in taught.end(connection, tracking, line, at):
        refresh(connection, model, registry.number(connection, ssid))


def _person(ssid: Ssid, student: Student) -> Person:
    name = student.legal_name
    return Person(ssid, name.first, name.middle, name.last, name.suffix, student.birth_date.isoformat(), student.gender)


def _name(person: Person) -> Sequence[str]:
    return person.first, person.middle, person.last, person.suffix


def _pages(students: Iterable[tuple[Ssid, Student]]) -> Iterator[list[tuple[Ssid, Student]]]:
    waiting = iter(students)
    while page := list(islice(waiting, _PAGE)):
        yield page
