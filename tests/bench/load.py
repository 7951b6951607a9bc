"""Load for measurements: sealed packets of a set size, and the students they are about.

Promises: generated keys and students only; every packet is another document about another student.
"""

import base64
import json
import random
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from sqlalchemy import insert

from broker.core.model import LeaId, Name, Ssid, Student
from broker.edge.ledger import epoch
from broker.edge.ledger.engine import connect, writing
from broker.edge.ledger.packets.rows import EnrollmentRow
from broker.edge.ledger.people.registry import Source
from broker.edge.ledger.tables import enrollments
from broker.edge.pgp import keyring, openpgp
from broker.edge.settings.file import load as read_settings
from broker.identity import models, registrar
from tests.support import documents
from tests.support.exchange import Exchange

NOW = datetime.now(UTC)
CAME = "2026-08-17"  # when the students came to where they are now
_SYLLABLES = [consonant + vowel for consonant in "bdfgjklmnprstvz" for vowel in "aeiou"]


@dataclass(frozen=True)
class Lea:
    """A party with its own key pair."""

    id: str
    kind: str
    secret: bytes
    certificate: bytes


def lea(name: str, kind: str, algorithm: str, days: int = 365) -> Lea:
    """Make a party."""
    secret = keyring.generate(f"{name} <{name}@example.invalid>", algorithm, NOW, days)
    return Lea(name, kind, secret, keyring.public(secret))


def birth_of(number: int) -> str:
    """A student's birth date, spread over the 13 years of a state's pupils."""
    return date.fromordinal(date(2008, 9, 1).toordinal() + number * 37 % 4745).isoformat()


def name_of(number: int) -> dict[str, str]:
    """A student's legal name, like no other one's."""
    dice = random.Random(number)
    first, last = ("".join(dice.choice(_SYLLABLES) for _ in range(length)).capitalize() for length in (3, 4))
    return {"first": first, "middle": "", "last": last, "suffix": ""}


def register(exchange: Exchange, moved: int, senders: Sequence[str], receiver: str, stayed: int = 0) -> None:
    """Enter the students that the packets are about, and where they are: each came to one of the senders in turn (the
    student of that number to `senders[number % len(senders)]`). The first ones, `moved` of them, are at the receiver
    now; `stayed` more are where they were.

    Straight into the ledger, so that no transfer opens: what is measured is the way of a packet.
    """
    engine, model = connect(read_settings(exchange.home)), models.load(exchange.home)
    source = Source(LeaId("01"), "", 0.0)
    numbers = range(moved + stayed)
    people = ((Ssid(str(1_000_000_000 + number)), person(number)) for number in numbers)
    stays = [asdict(stay) for number in numbers for stay in _stays(number, senders, receiver, number < moved)]
    with writing(engine) as connection:
        registrar.bring_in(connection, model, people, source)
        connection.execute(insert(enrollments), stays)
        epoch.advance(connection)
    engine.dispose()


def _stays(number: int, senders: Sequence[str], receiver: str, has_moved: bool) -> list[EnrollmentRow]:
    lea, entry = senders[number % len(senders)], "2025-08-18"
    if has_moved:
        return [_stay(number, lea, entry, "2026-06-05"), _stay(number, receiver, CAME, "")]
    return [_stay(number, lea, entry, "")]


def _stay(number: int, lea: str, entry: str, left: str) -> EnrollmentRow:
    ssid = Ssid(str(1_000_000_000 + number))
    return EnrollmentRow(ssid, LeaId(lea), "704", str(number), entry, left, "", "", "", reported_on=entry, is_old=1)


def person(number: int) -> Student:
    """A student as the registry has it."""
    return Student(Name(**name_of(number)), date.fromisoformat(birth_of(number)))


def document(sender: str, receiver: str, size: int, number: int) -> dict[str, Any]:
    """A student record of about `size` bytes when sealed: courses, and an attachment that does not compress."""
    student = documents.student() | {"legal_name": name_of(number), "birth_date": birth_of(number)}
    student["local_id"] = str(number)  # as the sender enrolled the student
    del student["ssid"]
    content = base64.b64encode(secrets.token_bytes(max(1, int(size * 0.92) - 900))).decode()
    attachment = {"name": "scan.pdf", "media_type": "application/pdf", "content": content}
    record = documents.record(courses=20, student=student, to=receiver)
    return record | {"from": sender, "record": record["record"] | {"attachments": [attachment]}}


def backpack(sender: str, size: int, number: int) -> dict[str, Any]:
    """The same for the record store."""
    whole = document(sender, "", size, number) | {"packet": "backpack.v1", "mode": "replace"}
    del whole["to"]
    return whole


def sealed(sender: Lea, receiver: str, exchange: bytes, size: int, number: int) -> bytes:
    """A student record, ready to be dropped."""
    return letter(sender, exchange, document(sender.id, receiver, size, number))


def letter(sender: Lea, exchange: bytes, document: Mapping[str, Any]) -> bytes:
    """One packet, ready to be dropped."""
    return openpgp.seal(json.dumps(document).encode(), _key(sender.secret), [exchange])


@cache
def _key(secret: bytes) -> openpgp.SecretKey:
    """Loading an RSA key takes longer than sealing with it."""
    return openpgp.load_secret(secret)
