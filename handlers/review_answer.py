"""`review-answer`: an LEA decides which student it meant, where the exchange was not sure.

Owns how its body is read. Promises: it ends at the exchange, only LEAs send it, and it holds no student's data. The
stage checks that the question was put to this sender (`unknown-tracking`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from broker.core.errors import Refused
from broker.core.model import PacketType, TrackingId
from broker.core.review import MOST_WHY, Verb, is_one_line
from broker.formats.ssid.lines import SHEET, Sheet
from handlers.base import LEAS, STATE, Handler

HANDLER = Handler(
    type=PacketType.REVIEW_ANSWER,
    versions=frozenset({1}),
    senders=LEAS,
    receivers=STATE,
    ends_here=True,
    needs_student=False,
    moves_students=True,
    applied_by="review_answer",
)


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer. `letter` is the candidate's, '' for none; `pointer` is the answer's JSON pointer (RFC 6901)."""

    tracking: TrackingId
    line: int
    verb: Verb
    letter: str
    why: str = field(repr=False)
    pointer: str


def sheet(body: Mapping[str, Any]) -> Sheet | None:
    """The table that the document was made of; None for JSON."""
    return body.get(SHEET)


def replies(body: Mapping[str, Any]) -> tuple[Reply, ...]:
    """The answers of a checked `review-answer.v1`, in their order; tracking ids in lower case.

    Raises Refused("schema") where a letter stands beside a decision other than `same`, or `why` is blank.
    """
    return tuple(_reply(answer, f"/answers/{number}") for number, answer in enumerate(body["answers"]))


def _reply(answer: Mapping[str, Any], pointer: str) -> Reply:
    verb, letter = Verb(answer["decision"]), answer.get("candidate", "")
    if letter and verb is not Verb.SAME:
        raise Refused("schema", f"{pointer}/candidate", "A candidate is named with the decision `same` only.")
    if not is_one_line(answer["why"], MOST_WHY):
        raise Refused("schema", f"{pointer}/why", "It must say why, in one line.")
    return Reply(
        TrackingId(str(answer["tracking"]).lower()), int(answer["line"]), verb, letter, answer["why"].strip(), pointer
    )
