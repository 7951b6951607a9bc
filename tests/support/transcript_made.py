"""Transcripts made of records, as a test wants them."""

from typing import Any

import pytest

from broker.core.errors import Refused
from broker.core.model import LeaId
from broker.edge.schemas.contracts import Contracts
from broker.edge.settings import resources
from broker.edge.settings.values import Limits
from broker.formats import canonical, reading
from broker.formats.transcript.record import Facts
from tests.support import documents

CONTRACTS = Contracts(resources.folder("schemas"))
ASKED = {"by": "parent", "on": "2026-11-20"}
HEADER = {"id": "018f2c6e-7d5b-7c3a-9b1e-2f4a6c8e0d12", "to": "uofu", "created": documents.CREATED, "request": ASKED}
FACTS = Facts(terms={"S1": 1, "S2": 6})


def record(*history: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """A `student-record.v1` with this course history, and these further parts."""
    return documents.record(record={"course_history": list(history), **parts})


def read(content: bytes | dict[str, Any], lea: str = "01") -> dict[str, Any]:
    """The document as a packet of this LEA."""
    whole = content if isinstance(content, bytes) else canonical.serialise(content)
    return dict(reading.read(whole, "a", LeaId(lea), Limits(), CONTRACTS))


def refused(content: bytes | dict[str, Any]) -> tuple[str, str]:
    """Code and place of the refusal."""
    with pytest.raises(Refused) as caught:
        read(content)
    return caught.value.code, caught.value.pointer
