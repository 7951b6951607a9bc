"""One student who moves between three LEAs."""

from typing import Any

from broker.core.disclosure import Disclosure
from broker.edge.ledger.cases import transfers
from broker.edge.ledger.cases.transfers import TransferRow
from broker.edge.ledger.engine import reading
from broker.edge.ledger.log import disclosures
from tests.support import desk
from tests.support.office import Office

ANA = desk.child("Ana", "Reyes-Ortiz", "2012-03-04", gender="F")
A, B, C = "01", "6G", "7K"


def her(lea: str) -> dict[str, Any]:
    """Ana as this LEA knows her."""
    return ANA | {"local_id": f"{lea}-7"}


def cases(office: Office, ssid: str) -> list[TransferRow]:
    with reading(office.services.engine) as connection:
        return transfers.about(connection, ssid)


def ends(office: Office, ssid: str) -> list[tuple[str, str, str, str]]:
    """Every case: from, to, state, reason."""
    return [(one.source, one.destination, str(one.state), one.reason) for one in cases(office, ssid)]


def log_of(office: Office, ssid: str) -> list[Disclosure]:
    with reading(office.services.engine) as connection:
        return disclosures.about(connection, ssid)


def enroll(office: Office, lea: str, day: str, **more: Any) -> str:
    return str(office.enroll(lea, her(lea), date=day, **more)[0]["ssid"])


def leave(office: Office, lea: str, day: str) -> None:
    office.enroll(lea, her(lea), event="exit", date=day)


def moved(office: Office) -> str:
    """Ana is at A, and enrolls at B; her number."""
    ssid = enroll(office, A, "2026-08-17")
    assert enroll(office, B, "2026-11-20") == ssid
    return ssid
