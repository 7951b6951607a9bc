"""`acknowledgement`: a receiver signs that it has a packet, or that it cannot use it.

Owns how its body is read, and what its reasons mean. Promises: it ends at the exchange, every party that can receive
can send it, and it holds no student's data. The stage checks that the packet was delivered to this sender
(`unknown-tracking`, `unknown-document`).
"""

from collections.abc import Mapping
from typing import Any

from broker.core.model import PacketType, TrackingId
from broker.formats.answering.lines import SAID
from broker.formats.ssid.lines import SHEET, Sheet
from handlers.base import ALL, Handler

HANDLER = Handler(
    type=PacketType.ACKNOWLEDGEMENT,
    versions=frozenset({1}),
    senders=ALL,
    receivers=ALL,
    ends_here=True,
    needs_student=False,
    applied_by="acknowledgement",
)

STILL_ENROLLED = "still-enrolled"  # contests a transfer: the previous LEA still has the student
_ASK = "Ask the receiver what is wrong"
REASONS: dict[str, str] = {
    "": f"It gave no reason. {_ASK}.",
    "not-our-student": "The student is not theirs. Find out where the student enrolled.",
    "wrong-school": "The student goes to another school. Find out where the student enrolled.",
    "cannot-open": f"They cannot open it. {_ASK}; if it was their key, send it again once they have a new one.",
    "cannot-read": "Their program cannot read the document. Check its form, and send it again with a new id.",
    "incomplete": f"Something is missing in it. {_ASK}, and send the whole document with a new id.",
    "duplicate": "They had it already. There is nothing to do, unless it was meant as a correction.",
    STILL_ENROLLED: "They say that the student has not left them. Check whom you enrolled; the state was told.",
    "other": f"{_ASK}.",
}


def sheet(body: Mapping[str, Any]) -> Sheet | None:
    """The table that the document was made of; None for a document about one packet."""
    return body.get(SHEET)


def several(body: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """The good lines of a table, each a checked `acknowledgement.v1`."""
    return tuple(body[SAID])


def tracking_of(body: Mapping[str, Any]) -> TrackingId | None:
    """The tracking id that a checked `acknowledgement.v1` names, in lower case; None where it names documents."""
    return TrackingId(str(body["tracking"]).lower()) if "tracking" in body else None


def documents_of(body: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids of documents that the acknowledgement may be about, the likeliest first; none where it names a tracking
    id."""
    return () if "tracking" in body else tuple(map(str, body["documents"]))


def is_rejection(body: Mapping[str, Any]) -> bool:
    """Whether the receiver says that it cannot use the packet."""
    return bool(body["status"] == "rejected")


def code_of(body: Mapping[str, Any]) -> str:
    """The receiver's reason, a word of the schema's closed list; '' when it gave none."""
    return str(body.get("code", ""))


def courses_of(body: Mapping[str, Any]) -> int | None:
    """How many courses the receiver counted in a transcript; None where it did not say."""
    return int(body["courses"]) if "courses" in body else None
