"""Tables of one student's record, read as the exchange reads them, without one."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from broker.core.errors import Refused
from broker.core.model import LeaId
from broker.edge.settings.values import Limits, Settings
from broker.formats import dates, reading
from tests.support.enrollment_tables import CONTRACTS, MADE

STUDENT = {"ssid": "1000000019", "legal_name": {"first": "Bo", "last": "Quist"}, "birth_date": "2011-03-14"}
WHO = "SSID,Last Name,First Name,DOB"
BO = "1000000019,Quist,Bo,3/14/2011"
COURSES = "School Year,Term,Course Number,Course Title,Grade,Credit"
SETTINGS = Settings(home=Path("home"))
TODAY = dates.today_of(SETTINGS, datetime(2026, 11, 23, 17, tzinfo=UTC))


def read(content: str | bytes) -> dict[str, Any]:
    given = content if isinstance(content, bytes) else content.encode()
    facts = (LeaId("01"), Limits(), CONTRACTS, SETTINGS.identity, TODAY)
    return dict(reading.read(given, "any name", *facts, made=MADE))


def record(content: str | bytes) -> dict[str, Any]:
    found = read(content)
    assert found["packet"] == "student-record.v1"
    return dict(found["record"])


def refused(content: str | bytes) -> Refused:
    with pytest.raises(Refused) as caught:
        read(content)
    return caught.value


def flat(*lines: str, head: str = COURSES, who: str = BO) -> str:
    return "\n".join([f"{WHO},{head}", *(f"{who},{line}" for line in lines), ""])
