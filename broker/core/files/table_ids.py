"""The ids of documents that were made of tables, which bring none of their own.

Owns their form: RFC 9562 version 8, with a beginning that says which packet type it is, and a digest behind it.
Promises: pure; the same digest has the same id; an id shows which others are of tables of its type.
"""

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
