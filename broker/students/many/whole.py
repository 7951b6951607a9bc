"""whole: all lines of a table are carried out or none (the LEA has asked for that).

Contract: all lines are looked at first, in transactions that undo what the lines did; only what became of them is kept
beside the packet (`ledger.slices`), so that whoever has the packet next goes on behind it. Lines that may be about one
student are looked at together, because one may rest on another. Where a line is refused, nothing is carried out, and
the answer to each other line is the same word: an LEA learns of no child by a table that cannot come true. The guesses
of refused lines count, and so do numbers that were found in vain (`broker.oversight.guesses`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, TypeVar

from broker.core.knowledge import Asked
from broker.core.model import Student
from broker.edge.ledger.engine import Writing
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.packets.slices import Slice
from broker.notices.answers import Answer, Outcome
from broker.oversight.guesses import Counted, Guesses
from broker.packets.services import Services

WHY = "all-or-nothing"
_LOOKED, _IN_VAIN = "looked", "in_vain"
_GOOD_THEN = "It was good when all lines were looked at, and the others were carried out then."
Line = TypeVar("Line")


def is_bad(answer: Answer) -> bool:
    """Whether nothing may be carried out because of this line; a question to the LEA is none."""
    return answer.answer == Outcome.REFUSED


def kept(answers: Iterable[Answer]) -> list[Mapping[str, Any]]:
    """What is kept of lines that were looked at."""
    return [{_LOOKED: asdict(one)} for one in answers]


def looked_at(parts: Iterable[Slice]) -> dict[int, Answer]:
    """What became of the lines that were looked at, by number."""
    found = (Answer(**one[_LOOKED]) for part in parts for one in part.answers if _LOOKED in one)
    return {one.line: one for one in found}


def carried(parts: Iterable[Slice]) -> list[Slice]:
    """The parts in which lines were carried out."""
    return [part for part in parts if not any(_LOOKED in one or _IN_VAIN in one for one in part.answers)]


def nothing(answers: Iterable[Answer]) -> list[Answer]:
    """The answers of a table of which nothing is carried out."""
    return [one if is_bad(one) else Answer(one.line, Outcome.REFUSED, None, WHY) for one in answers]


def told(answers: Sequence[Answer]) -> str:
    """What is said of such a table as a whole."""
    bad = sum(one.why != WHY for one in answers)
    lines = "1 line is" if bad == 1 else f"{bad} lines are"
    return f"Nothing of the table was carried out, because {lines} at fault, and all or nothing was asked for."


def since(answers: Iterable[Answer], looked: Mapping[int, Answer]) -> Iterator[Answer]:
    """The answers of lines that were carried out; where one has become worse since it was looked at, that is said."""
    for one in answers:
        before = looked.get(one.line)
        is_worse = before and one.answer in (Outcome.REFUSED, Outcome.REVIEW) and before.answer != one.answer
        words = one.must or f"{one.why.replace('-', ' ')} {one.field}".strip() + "."
        yield replace(one, must=f"{words} {_GOOD_THEN}") if is_worse else one


def in_vain(services: Services, connection: Writing, row: PacketRow, looked: Iterable[Answer]) -> Sequence[Counted]:
    """Count the children whom the LEA never had and whom lines have found that come to nothing."""
    guesses = Guesses(services, connection, row)
    for one in looked:
        guesses.next_line()
        if one.answer == Outcome.MATCHED and one.ssid and not guesses.is_own(one.ssid):
            guesses.count(Asked.ENTRY, None, [one.ssid])
    return guesses.keep()


def note_in_vain(parts: Sequence[Slice]) -> list[Mapping[str, Any]] | None:
    """What is kept of that count; None where it is done."""
    is_done = any(_IN_VAIN in one for part in parts for one in part.answers)
    return None if is_done else [{_IN_VAIN: True}]


def together(lines: Sequence[tuple[Line, Student | None]], most: int) -> Iterator[list[Line]]:
    """The lines in parts of at most so many; lines that may be about one student are in one part, unless they are more
    than that, and in their order."""
    groups: dict[int, list[Line]] = {}
    of_key: dict[object, int] = {}
    same: list[int] = []

    def first(group: int) -> int:
        while same[group] != group:
            same[group] = group = same[same[group]]
        return group

    places = []
    for place, (_, student) in enumerate(lines):
        same.append(place)
        for key in _keys(student):
            other = first(of_key.setdefault(key, place))
            same[max(other, first(place))] = min(other, first(place))
        places.append(place)
    for place in places:
        groups.setdefault(first(place), []).append(lines[place][0])
    yield from _parts(groups.values(), most)


def _keys(student: Student | None) -> Iterator[object]:
    """By what two lines may be about one student."""
    if student is not None:
        name = student.legal_name
        yield ("name", name.first.casefold(), name.last.casefold())
        yield from (("id", kind, one) for kind, one in (("ssid", student.ssid), ("own", student.local_id)) if one)


def _parts(groups: Iterable[list[Line]], most: int) -> Iterator[list[Line]]:
    part: list[Line] = []
    for group in groups:
        if part and len(part) + len(group) > most:
            yield part
            part = []
        part += group
        while len(part) > most:
            yield part[:most]
            part = part[most:]
    if part:
        yield part
