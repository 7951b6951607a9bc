"""Questions to people (which student is this?), and the decisions: what was decided, by whom, and why.

Owns `reviews` and `decisions`. Promises: only a decision closes a question; a decision is never rewritten, only undone;
reprs show no student; lists are bounded.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, insert, select, tuple_, update

from broker.core.model import LeaId, Ssid, TrackingId
from broker.core.review import OWN_STUDENT, SentKey, Verb, is_counted, sent_as
from broker.edge.ledger import prepared
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.tables import decisions, packets, reviews

_MOST_LINES = 20_000  # of one packet
_LAST_LINE = 2**31 - 1
_MOST_ABOUT = 100
_COUNTED = 1000
SENT_PURGED = "forgotten"  # in a question's subject: what was sent was kept, and is deleted now
ANSWERED = "answered"  # in a question's subject: an LEA's answer, with who and why, where the state must decide


@dataclass(frozen=True, slots=True)
class Weighed:
    """A student whom the packet may be about; `weight` in bits. Only the state can choose a hidden one."""

    ssid: Ssid
    weight: float
    is_hidden: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Review:
    """One question. `line` is -1 for the packet's own student. `subject` says what is carried out after the decision;
    its `student` is the block that was sent, which is deleted some time after the question is closed (`purging`).
    Candidates keep the order in which they came (`core.review.letters`). Repr hidden."""

    tracking: TrackingId
    line: int
    lea: LeaId
    subject: Mapping[str, Any] = field(repr=False)
    candidates: tuple[Weighed, ...]
    opened_at: float
    closed_at: float | None = None

    @property
    def is_kept(self) -> bool:
        """Whether what was sent is still kept."""
        return "student" in self.subject

    @property
    def is_counted(self) -> bool:
        """The same as `core.review.is_counted`."""
        return is_counted(self.line, self.subject)

    @property
    def shown(self) -> list[Weighed]:
        """The candidates that the LEA sees, in the order of their letters."""
        return [one for one in self.candidates if not one.is_hidden]


@dataclass(frozen=True, slots=True, repr=False)
class Decision:
    """One decision; `undone_at` is None while it stands. Repr hidden: `why` is free text."""

    id: int
    tracking: TrackingId
    line: int
    verb: Verb
    ssid: str
    who: str
    why: str = field(repr=False)
    at: float
    undone_at: float | None
    undone_by: str
    undone_why: str = field(repr=False)


def _review(row: Any) -> Review:
    candidates = tuple(
        Weighed(Ssid(one["ssid"]), float(one["weight"]), one.get("hidden", False)) for one in json.loads(row.candidates)
    )
    return Review(row.tracking, row.line, row.lea, json.loads(row.subject), candidates, row.opened_at, row.closed_at)


def _as_text(candidates: Sequence[Weighed]) -> str:
    hidden = {True: {"hidden": True}, False: {}}
    return json.dumps(
        [{"ssid": one.ssid, "weight": round(one.weight, 6)} | hidden[one.is_hidden] for one in candidates]
    )


def _sent(block: Mapping[str, Any]) -> dict[str, str]:
    return sent_as(block)._asdict()


def _is(tracking: str, line: int) -> Any:
    return (reviews.c.tracking == tracking) & (reviews.c.line == line)


def enter(connection: Writing, review: Review, about: str = "") -> None:
    """Open a question; it counts under the number `about` (`open_about`)."""
    row = {
        "tracking": review.tracking,
        "line": review.line,
        "lea": review.lea,
        "subject": json.dumps(review.subject),
        "candidates": _as_text(review.candidates),
        "opened_at": review.opened_at,
        "closed_at": None,
        "about": about,
    } | _sent(review.subject.get("student", {}))
    connection.execute(insert(reviews), row)


def open_about(connection: Reading, lea: str, ssid: str) -> int:
    """How many open questions to this LEA were counted under this number when they were opened."""
    waiting = (reviews.c.lea == lea) & (reviews.c.about == ssid) & reviews.c.closed_at.is_(None)
    return int(connection.execute(select(func.count()).where(waiting)).scalar_one())


def subjects_about(connection: Reading, lea: str, ssid: str) -> list[Mapping[str, Any]]:
    """The subjects of these questions."""
    waiting = (reviews.c.lea == lea) & (reviews.c.about == ssid) & reviews.c.closed_at.is_(None)
    rows = connection.execute(select(reviews.c.subject).where(waiting).limit(_MOST_ABOUT))
    return [json.loads(row.subject) for row in rows]


def get(connection: Reading, tracking: str, line: int) -> Review | None:
    """One question, locked until the end of a write transaction; None where there is none."""
    row = connection.execute(select(reviews).where(_is(tracking, line)).with_for_update()).first()
    return _review(row) if row else None


def lines(connection: Reading, tracking: str) -> list[Review]:
    """All questions of a packet, in the order of their lines."""
    query = select(reviews).where(reviews.c.tracking == tracking).order_by(reviews.c.line).limit(_MOST_LINES)
    return [_review(row) for row in connection.execute(query)]


def _by(column: Any) -> Any:
    """Written with constants, where needed for an index to be used (`partial`)."""
    waiting = reviews.c.closed_at.is_(None) & (reviews.c.lea == bindparam("lea")) & (column == bindparam("value"))
    mine = (reviews.c.tracking != bindparam("but"), reviews.c.line <= bindparam("last"))
    key = (reviews.c.tracking, reviews.c.line)
    ordered = select(*key).where(waiting, *mine).order_by(reviews.c.opened_at, *key)
    return ordered.limit(bindparam("most"))


_BY_NUMBER, _BY_NAME = _by(reviews.c.local_id), _by(reviews.c.named)


def open_of(
    connection: Reading, lea: str, about: Collection[SentKey], *, but: str, is_own: bool, most: int
) -> Iterator[Review]:
    """Open questions to this LEA about a student sent as one of these: at most the `most` oldest for each, without
    those of the packet `but`; with `is_own`, only those about a packet's own student."""
    asked = {"lea": lea, "but": but, "last": OWN_STUDENT if is_own else _LAST_LINE, "most": most}
    if not about or not is_any(connection, lea):
        return
    seen: set[tuple[str, int]] = set()
    keys = [(_BY_NUMBER, one.local_id) for one in about] + [(_BY_NAME, one.named) for one in about]
    for statement, value in dict.fromkeys(keys):
        for tracking, line in prepared.rows(connection, statement, asked | {"value": value}) if value else ():
            if (tracking, line) not in seen:
                seen.add((tracking, line))
                found = connection.execute(select(reviews).where(_is(tracking, line))).one()
                yield _review(found)


def is_any(connection: Reading, lea: str) -> bool:
    """Whether this LEA has any open question."""
    waiting = select(reviews.c.line).where(reviews.c.closed_at.is_(None), reviews.c.lea == lea).limit(1)
    return connection.execute(waiting).first() is not None


def change(connection: Writing, review: Review) -> None:
    """Write a question's subject, candidates and closing time."""
    connection.execute(
        update(reviews)
        .where(_is(review.tracking, review.line))
        .values(
            subject=json.dumps(review.subject),
            candidates=_as_text(review.candidates),
            closed_at=review.closed_at,
            **_sent(review.subject.get("student", {})),
        )
    )


def listing(
    connection: Reading,
    lea: str = "",
    is_open: bool = True,
    limit: int = 1000,
    after: tuple[float, str, int] | None = None,
) -> list[dict[str, Any]]:
    """Open questions, or closed ones, of one LEA where given; oldest first, after the one at `after` (when it was
    opened, packet, line). No student data. `answered` is the LEA's answer where the state must decide, '' for none;
    `hidden` is how many of the candidates the LEA does not see."""
    query = (
        select(
            reviews.c.tracking,
            reviews.c.line,
            reviews.c.lea,
            packets.c.type,
            packets.c.state,
            reviews.c.subject,
            reviews.c.candidates,
            reviews.c.opened_at,
            reviews.c.closed_at,
        )
        .join(packets, packets.c.tracking == reviews.c.tracking)
        .where(_listed_of(lea, is_open))
        .order_by(*_PLACE)
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(*_PLACE) > tuple_(*after))
    return [_listed(row) for row in connection.execute(query)]


_PLACE = (reviews.c.opened_at, reviews.c.tracking, reviews.c.line)


def _listed_of(lea: str, is_open: bool) -> ColumnElement[bool]:
    is_wanted = reviews.c.closed_at.is_(None) if is_open else reviews.c.closed_at.is_not(None)
    return is_wanted & (reviews.c.lea == lea) if lea else is_wanted


def count_listed(connection: Reading, lea: str, is_open: bool) -> int:
    """How many questions `listing` has in all, counted up to 1,001."""
    query = select(reviews.c.line).where(_listed_of(lea, is_open)).limit(_COUNTED + 1)
    return int(connection.execute(select(func.count()).select_from(query.subquery())).scalar_one())


def _listed(row: Any) -> dict[str, Any]:
    shown = {name: value for name, value in row._mapping.items() if name != "subject"}
    subject, candidates = json.loads(row.subject), json.loads(row.candidates)
    said = subject.get(ANSWERED)
    return shown | {
        "candidates": len(candidates),
        "answered": said.get("verb", Verb.NEW) if said else "",
        "hidden": sum(one.get("hidden", False) for one in candidates),
        "is_counted": is_counted(row.line, subject),
    }


def answered_about(connection: Reading, ssids: Sequence[str]) -> list[Review]:
    """Questions that an LEA has answered, that wait for the state, and that have one of these numbers among their
    candidates; oldest first."""
    waiting = select(reviews).where(reviews.c.closed_at.is_(None), reviews.c.subject.contains(f'"{ANSWERED}"'))
    found = (_review(row) for row in connection.execute(waiting.order_by(reviews.c.opened_at, reviews.c.tracking)))
    return [one for one in found if ANSWERED in one.subject and {two.ssid for two in one.candidates} & set(ssids)]


def count_open(connection: Reading, lea: str = "") -> tuple[int, float | None]:
    """How many questions are open, of one LEA where given, and since when the oldest is (seconds since the epoch)."""
    query = select(func.count(), func.min(reviews.c.opened_at)).where(_listed_of(lea, is_open=True))
    many, oldest = connection.execute(query).one()
    return many, oldest


def history(connection: Reading, tracking: str, line: int) -> list[Decision]:
    """The decisions on one question, oldest first."""
    query = select(decisions).where(decisions.c.tracking == tracking, decisions.c.line == line)
    return [_decision(row) for row in connection.execute(query.order_by(decisions.c.id))]


def standing(connection: Reading, tracking: str, line: int) -> Decision | None:
    """The decision that stands; None before the first decision, or after it was undone."""
    known = [one for one in history(connection, tracking, line) if one.undone_at is None]
    return known[-1] if known else None


def _decision(row: Any) -> Decision:
    return Decision(**(dict(row._mapping) | {"verb": Verb(row.verb)}))


def decided(connection: Writing, review: Review, verb: Verb, ssid: str, who: str, why: str, now: float) -> None:
    """Record a decision."""
    row = {"tracking": review.tracking, "line": review.line, "verb": verb, "ssid": ssid, "who": who, "why": why}
    connection.execute(insert(decisions), row | {"at": now, "undone_at": None, "undone_by": "", "undone_why": ""})


def note_undone(connection: Writing, decision: Decision, who: str, why: str, now: float) -> None:
    """Record that a decision is undone."""
    connection.execute(
        update(decisions).where(decisions.c.id == decision.id).values(undone_at=now, undone_by=who, undone_why=why)
    )
