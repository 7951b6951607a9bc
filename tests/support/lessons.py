"""Children of whom LEAs ask, and what the state and the LEAs teach about them."""

import itertools
from typing import Any

from broker.core.model import Ssid, TrackingId
from broker.core.review import By, Choice, Verb
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.people import reviews
from broker.students import decide
from broker.students.decide import Result
from tests.bench import load
from tests.support import documents
from tests.support.desk import child, enrollment
from tests.support.office import Office

BY = By("Jo Operator", "seen the birth certificate")
LEAS = ("01", "02", "6G")
Line = tuple[str, str | None]
BIRTHS = itertools.count()


class Child:
    """The birth date and last name of one test's children."""

    def __init__(self) -> None:
        number = next(BIRTHS)
        self.born = f"{2010 + number // 336}-{1 + number // 28 % 12:02}-{1 + number % 28:02}"
        self.last = load.name_of(900 + number)["last"]
        street, town = (load.name_of(number * 2 + 5000 + one) for one in range(2))
        self.home: dict[str, Any] = {
            "phone": f"801 {200 + number:03} {1000 + 37 * number}",
            "address": {
                "street": f"{number} {street['last']} Lane",
                "city": town["last"],
                "postal_code": f"84{number:03}",
            },
            "guardians": [{"first": street["first"], "last": self.last}],
        }

    def __call__(self, first: str, **more: Any) -> dict[str, Any]:
        return child(first, self.last, self.born, local_id="") | more


def told(office: Office, lea: str, *students: dict[str, Any], **changes: Any) -> list[Line]:
    """Send an enrollment; what each line was answered, and the SSID."""
    office.send(lea, enrollment(lea, *students, **changes))
    return [(one["answer"], one["ssid"]) for one in office.newest_notice(lea, "ssid")["students"]]


def number(office: Office, lea: str, student: dict[str, Any], **changes: Any) -> str:
    ((answer, ssid),) = told(office, lea, student, **changes)
    assert (answer, ssid is not None) == ("assigned", True)
    return str(ssid)


def asked(office: Office, lea: str) -> tuple[TrackingId, int]:
    """The newest question to this LEA that waits."""
    with reading(office.services.engine) as connection:
        newest = reviews.listing(connection, lea)[-1]
    return TrackingId(newest["tracking"]), newest["line"]


def by_state(office: Office, lea: str, choice: Choice) -> tuple[TrackingId, int]:
    """The state decides the newest question to this LEA."""
    question = asked(office, lea)
    with writing(office.services.engine) as connection:
        assert decide.decide(office.services, connection, *question, choice, BY) is Result.DONE
    office.work()
    return question


def by_lea(office: Office, lea: str, decision: str = "same") -> None:
    """The LEA answers its newest question by file: it is candidate A."""
    tracking, line = asked(office, lea)
    reply = {"tracking": tracking, "line": line, "decision": decision, "why": "seen the certificate"}
    reply |= {"candidate": "A"} if decision == "same" else {}
    answered = office.send(lea, documents.review_answer(**{"from": lea, "answers": [reply]}))
    assert answered.state == "APPLIED", answered.code


def same(ssid: str) -> Choice:
    return Choice(Verb.SAME, Ssid(ssid))


NEW = Choice(Verb.NEW, None)


def found(office: Office, lea: str) -> str:
    return str(office.newest_notice(lea, "ssid")["students"][0]["ssid"])
