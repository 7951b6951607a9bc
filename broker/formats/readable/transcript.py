"""A transcript as parts that can be read: its courses and sessions lifted out of the schools' records.

Owns this rearrangement. Promises: pure; every value of the transcript is in exactly one part; courses stand by session,
in the transcript's order, and each row names its session and, where there are several, its record.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from broker.formats.parent.term import Book
from broker.formats.parent.values import line, month
from broker.formats.readable import transcript_words
from broker.formats.readable.school import RECORD

BOOK = Book({**RECORD.fields, **transcript_words.FIELDS}, transcript_words.PARTS, RECORD.words)
PACKET = "transcript.v1"
CARRIED = ("request", "transcript")  # the properties of the document that are taken apart
NO_SESSION = "without a session"
OWN = ("academic_records", "tests", "immunisations", "source", "destination")


def parts_of(document: Mapping[str, Any]) -> dict[str, Any] | None:
    """The parts of a `transcript.v1` by their keys in `BOOK.parts`, in the book's order: those that are there. None for
    a document that is no transcript."""
    if document.get("packet") != PACKET:
        return None
    try:
        return _parts(document)
    except (AttributeError, KeyError, TypeError):
        return None  # it has no such form, and is shown as what it is


def _parts(document: Mapping[str, Any]) -> dict[str, Any]:
    body = document["transcript"]
    records = list(body["academic_records"])
    found = {key: value for key, value in body.items() if key in OWN} | {"request": document["request"]}
    found["about"] = {key: value for key, value in body.items() if key not in OWN}
    found |= {"courses": [], "sessions": [], "academic_records": []}
    for number, record in enumerate(records, 1):
        named = {"number": number} if len(records) > 1 else {}
        found["academic_records"].append(named | _without(record, "sessions", "courses"))
        for label, session in _sessions(record, len(found["sessions"])):
            within = {"record": number} if named else {}
            found["sessions"].append({"session": label} | within | _without(session, "courses"))
            found["courses"] += (_of(label, course) for course in session.get("courses", ()))
        loose = f"{NO_SESSION} (record {number})" if named else NO_SESSION
        found["courses"] += (_of(loose, course) for course in record.get("courses", ()))
    return {key: found[key] for key in BOOK.parts if found.get(key)}


def _of(session: str, course: Mapping[str, Any]) -> dict[str, Any]:
    return {"session": session} | dict(course) | {"session": session}


def _sessions(record: Mapping[str, Any], before: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The sessions of a record, each with its label: its number, month and name."""
    for number, session in enumerate(record.get("sessions", ()), before + 1):
        told = (month(session["month"]), line(session.get("suffix") or ""), line(session.get("name") or ""))
        yield f"session {number}: {', '.join(filter(None, told))}", session


def _without(found: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in found.items() if key not in keys}
