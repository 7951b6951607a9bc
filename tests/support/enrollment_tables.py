"""Tables of students who enter and leave, read as the exchange reads them, without one."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import pytest

from broker.core.errors import Refused
from broker.core.model import LeaId
from broker.edge.schemas.contracts import Contracts
from broker.edge.settings.resources import folder
from broker.edge.settings.values import Limits
from broker.formats import reading
from broker.formats.made import Made
from broker.formats.returned import Back
from broker.formats.ssid.lines import SHEET, Sheet, Unread

CONTRACTS = Contracts(folder("schemas"))
MADE = Made(datetime(2026, 11, 23, 17, tzinfo=UTC), lambda content: hashlib.sha256(content).hexdigest(), UTC)
HEADER = "Last Name,First Name,DOB,School,Entry Date"
ANA, BO = "Reyes,Ana,3/4/2012,700,8/17/26", "Holm,Bo,8/30/2013,700,8/24/2026"


def read(text: str | bytes, file: str = "list.csv", made: Made = MADE) -> dict[str, Any]:
    content = text if isinstance(text, bytes) else text.encode()
    limits = Limits(students_per_enrollment=12_000)
    return dict(reading.read(content, file, LeaId("6G"), limits, CONTRACTS, made=made))


def sheet(text: str | bytes) -> Sheet:
    found = read(text)[SHEET]
    assert isinstance(found, Sheet)
    return found


def back(text: str | bytes) -> Back:
    found = sheet(text).back
    assert found is not None
    return found


def entries(text: str | bytes) -> list[dict[str, Any]]:
    """The entries of a table in which every line is good."""
    found = read(text)
    assert found["packet"] == "enrollment.v1"
    assert found[SHEET].unread == ()
    return list(found["students"])


def fault(line: str, header: str = HEADER) -> Unread:
    (unread,) = sheet(f"{header}\n{line}\n").unread
    return unread


def refused(text: str | bytes) -> Refused:
    with pytest.raises(Refused) as caught:
        read(text)
    return caught.value
