"""Request sheets of the state for tests, and how they are read or refused."""

from typing import Any

import pytest

from broker.core.errors import Refused
from broker.core.model import LeaId
from broker.edge.schemas.contracts import Contracts
from broker.edge.settings.resources import folder
from broker.edge.settings.values import Limits
from broker.formats import reading
from broker.formats.ssid import lines
from broker.formats.ssid.lines import Sheet, Unread

CONTRACTS = Contracts(folder("schemas"))
LEA = LeaId("01")
NAME = "REQ_01_20261123_1.csv.pgp"
HEADER = "Request Type,School Year,District,School,Student Number,Last Name,First Name,Date of Birth,SSID"
ANA = "New,2027,01,704,445566,Reyes-Ortiz,Ana,2012-03-04,"
BEN = "Retrieve,2027,01,704,445567,Holm,Ben,08/30/2013,"


def read(text: str | bytes, file: str = NAME, lea: LeaId = LEA) -> dict[str, Any]:
    content = text if isinstance(text, bytes) else text.encode()
    return dict(reading.read(content, file, lea, Limits(students_per_enrollment=100), CONTRACTS))


def sheet(text: str | bytes) -> Sheet:
    found = read(text)[lines.SHEET]
    assert isinstance(found, Sheet)
    return found


def student(line: str, header: str = HEADER) -> dict[str, Any]:
    (entry,) = read(f"{header}\n{line}\n")["students"]
    assert isinstance(entry, dict)
    return entry


def fault(line: str, header: str = HEADER) -> Unread:
    (unread,) = sheet(f"{header}\n{line}\n").unread
    return unread


def refused(text: str | bytes, file: str = NAME) -> Refused:
    with pytest.raises(Refused) as caught:
        read(text, file)
    return caught.value
