"""A student as PESC transcripts show one, written and read again."""

from typing import Any

from broker.edge.schemas.contracts import Contracts
from broker.edge.settings import resources
from broker.formats.pesc import to_pesc
from tests.support import documents

FOLDER = resources.folder("schemas")
CONTRACTS = Contracts(FOLDER)


def packet(**changes: Any) -> dict[str, Any]:
    """A small `transcript.v1`."""
    course = {"title": "Biology", "code": "3010", "credits_earned": 0.5, "grade": "A-"}
    return {
        "packet": "transcript.v1",
        "id": "018f2c6e-7d5b-7c3a-9b1e-2f4a6c8e0d12",
        "from": "01",
        "to": "uofu",
        "created": documents.CREATED,
        "request": {"by": "student", "on": "2026-11-20"},
        "student": documents.student(),
        "transcript": {"academic_records": [{"sessions": [{"month": "2027-06", "courses": [course]}]}]},
    } | changes


def student(**changes: Any) -> dict[str, Any]:
    return packet(student=documents.student() | changes)


def shown(document: dict[str, Any]) -> str:
    return to_pesc(document, state="UT").decode("utf-8")
