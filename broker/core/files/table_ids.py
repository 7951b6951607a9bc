"""The ids of documents that were made of tables, which bring none of their own.

Owns their form: RFC 9562 version 8, with a beginning that says which packet type it is, and a digest behind it.
Promises: pure; the same digest has the same id; an id shows which others are of tables of its type.
"""

from collections.abc import Sequence

# chosen once; must never change
_BEGINNINGS = {
    "enrollment": "7ab1e5ca-0001-8",
    "ssid-request": "7ab1e5ca-0002-8",
    "review-answer": "7ab1e5ca-0003-8",
    "acknowledgement": "7ab1e5ca-0004-8",
}


def made(packet_type: str, digest: str) -> str:
    """The id of a table's document; `digest` are at least 18 hex digits. Raises KeyError for another packet type."""
    return f"{_BEGINNINGS[packet_type]}{digest[:3]}-8{digest[3:6]}-{digest[6:18]}"


def beginning(document: str) -> str:
    """The beginning that the ids of all tables of this document's type have; '' where it was not made of a table."""
    return next((one for one in _BEGINNINGS.values() if document.startswith(one)), "")


def in_turn(brought: Sequence[tuple[str, str]]) -> list[bool]:
    """Which of these documents, each as its LEA and its id, may be worked together in this order. A table that came
    before, with another table of its type between, may not, and no later one of that type."""
    before: dict[tuple[str, str], list[str]] = {}
    waiting: set[tuple[str, str]] = set()
    out = []
    for lea, document in brought:
        key = (lea, beginning(document))
        seen = before.setdefault(key, [])
        if key[1] and document in seen and seen[-1] != document:
            waiting.add(key)
        seen.append(document)
        out.append(key not in waiting)
    return out
