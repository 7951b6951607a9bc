"""A question as the state's operator sees it: what was sent, each candidate, and the reasons for and against.

Owns what is gathered for that, for the command line and the console. Promises: reads only; it holds names, and goes to
whoever asked and nowhere else.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from broker.core.model import Student
from broker.core.review import letters
from broker.edge.ledger.engine import Reading
from broker.edge.ledger.packets import packets
from broker.edge.ledger.packets.rows import EnrollmentRow
from broker.edge.ledger.people import evidence, registry, reviews, stays
from broker.edge.ledger.people.reviews import Decision, Review, Weighed
from broker.formats.documents import to_block, to_student
from broker.identity import compare
from broker.identity.answer import Verdict
from broker.identity.model import Model


@dataclass(frozen=True, slots=True, repr=False)
class Seen:
    """A candidate. `student` is None for one who is no longer there; `verdict` is as of now; the LEA does not see who
    is hidden. Repr hidden."""

    letter: str
    ssid: str
    student: Student | None = field(repr=False)
    locations: Sequence[EnrollmentRow] = field(repr=False)
    verdict: Verdict | None
    is_hidden: bool = False

    @property
    def places(self) -> list[tuple[EnrollmentRow, bool]]:
        """Each location, and whether it was taken back."""
        return [(spot, stays.location(spot).is_void) for spot in self.locations]


@dataclass(frozen=True, slots=True, repr=False)
class View:
    """One question. `packet` is the packet's type, `file` its name as dropped, `state` where it stands; `sent` is None
    where it is not kept: any more, or as an older version asked; `asks` is what the line asks for. Repr hidden."""

    review: Review
    packet: str
    file: str
    state: str
    sent: Student | None = field(repr=False)
    asks: dict[str, str]
    candidates: Sequence[Seen] = field(repr=False)
    decisions: Sequence[Decision] = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """All of it, names included."""
        return {
            "tracking": self.review.tracking,
            "line": self.review.line,
            "lea": self.review.lea,
            "packet": self.packet,
            "file": self.file,
            "state": self.state,
            "opened_at": self.review.opened_at,
            "closed_at": self.review.closed_at,
            "asks": self.asks,
            "sent": to_block(self.sent) if self.sent else None,
            "candidates": [_to_json(one) for one in self.candidates],
            "answered": self.review.subject.get(reviews.ANSWERED),
            "decisions": [asdict(one) for one in self.decisions],
        }


def _to_json(seen: Seen) -> dict[str, Any]:
    return {
        "candidate": seen.letter,
        "ssid": seen.ssid,
        "shown_to_lea": not seen.is_hidden,
        "student": to_block(seen.student) if seen.student else None,
        "enrollments": [asdict(spot) for spot in seen.locations],
        "answer": seen.verdict.answer if seen.verdict else None,
        "weight": round(seen.verdict.weight, 3) if seen.verdict else None,
        "reasons": [asdict(reason) for reason in seen.verdict.reasons] if seen.verdict else [],
    }


_ASKS = (
    *("request", "school", "day", "code", "exit_day", "exit_code", "grade", "programme"),
    *("dual", "military", "day_part", "opt_outs"),
)


def view(connection: Reading, model: Model, review: Review) -> View:
    """The question with everything that is known now."""
    row = packets.get(connection, review.tracking)
    sent = to_student(review.subject["student"]) if review.is_kept else None
    asks = {name: _told(review.subject[name]) for name in _ASKS if review.subject.get(name)}
    names = letters([one.is_hidden for one in review.candidates])
    seen = [_seen(connection, model, letter, one, sent) for letter, one in zip(names, review.candidates, strict=True)]
    known = reviews.history(connection, review.tracking, review.line)
    facts = (row.type, row.source_name, str(row.state)) if row else ("", "", "")
    return View(review, *facts, sent, asks, seen, known)


def _told(asked: Any) -> str:
    if isinstance(asked, list):
        return ", ".join(asked)
    return "yes" if asked is True else str(asked)


def _seen(connection: Reading, model: Model, letter: str, candidate: Weighed, sent: Student | None) -> Seen:
    person = registry.standing(connection, candidate.ssid)
    if person is None:
        return Seen(letter, candidate.ssid, None, (), None, candidate.is_hidden)
    known = evidence.student(connection, person)
    spots = registry.locations(connection, person.ssid)
    verdict = compare.compare(model, sent, known) if sent else None
    return Seen(letter, person.ssid, known, spots, verdict, candidate.is_hidden)
