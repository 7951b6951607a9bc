"""The words of the exchange as types: ids, parties, packet types, states, students.

Owns the closed lists of DESIGN's vocabulary. Promises: everything here is immutable and knows no I/O.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, NewType

TrackingId = NewType("TrackingId", str)  # UUIDv7, RFC 9562 section 5.7, lower case with dashes
LeaId = NewType("LeaId", str)
Ssid = NewType("Ssid", str)
Sha256 = NewType("Sha256", str)  # 64 lower-case hex digits
Fingerprint = NewType("Fingerprint", str)  # OpenPGP v4, 40 upper-case hex digits


class PartyKind(StrEnum):
    """Who can send or receive. A closed list: there is no federal kind (Utah R277-484-6, 53E-9-308)."""

    DISTRICT = "district"
    CHARTER = "charter"
    STATE = "state"
    HIGHER_ED = "higher-ed"


class PacketType(StrEnum):
    """The packet types. The last ones are the exchange's own sealed notices: `SSID` answers an enrollment or SSID
    request, `REVIEW` asks who a student is (answered by `REVIEW_ANSWER`), `CLAIMS` reports overlapping membership,
    `TRANSFER` reports transfers, `DISCLOSURES` says who was given a student's records, `ROSTER` lists an LEA's own
    students, `ALERT` warns the state. The exchange's own `RECORD_REQUEST` asks an LEA for a record."""

    ENROLLMENT = "enrollment"
    SSID_REQUEST = "ssid-request"
    STUDENT_RECORD = "student-record"
    RECORD_REQUEST = "record-request"
    TRANSCRIPT = "transcript"
    BACKPACK = "backpack"
    ACKNOWLEDGEMENT = "acknowledgement"
    KEY_ROTATION = "key-rotation"
    REVIEW_ANSWER = "review-answer"
    RECALL = "recall"
    SSID = "ssid"
    REVIEW = "review"
    CLAIMS = "claims"
    TRANSFER = "transfer"
    DISCLOSURES = "disclosures"
    ROSTER = "roster"
    ALERT = "alert"


class State(StrEnum):
    """Where a packet is; the legal moves between states are in `broker.core.flow`."""

    RECEIVED = "RECEIVED"
    DUPLICATE = "DUPLICATE"
    ADMITTED = "ADMITTED"
    APPLIED = "APPLIED"
    HELD = "HELD"
    ROUTED = "ROUTED"
    DELIVERED = "DELIVERED"
    COLLECTED = "COLLECTED"
    REFUSED = "REFUSED"


class HeldFor(StrEnum):
    """What a held packet waits for."""

    REVIEW = "review"
    ENROLLMENT = "enrollment"
    RECEIVER_KEY = "receiver-key"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Party:
    """A member of the exchange."""

    id: LeaId
    name: str
    kind: PartyKind
    is_suspended: bool = False  # by the state, for a time


@dataclass(frozen=True, slots=True)
class Name:
    """A person's legal name or alias, as on the birth certificate (Utah R277-419-10); empty parts are ''."""

    first: str
    last: str
    middle: str = ""
    suffix: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Address:
    """Where a student lives; empty parts are ''. Repr hidden."""

    street: str = field(default="", repr=False)
    city: str = field(default="", repr=False)
    state: str = ""
    postal_code: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, repr=False)
class Student:
    """The identity block of a packet. Its repr is hidden: names must not reach a log or a traceback."""

    legal_name: Name = field(repr=False)
    birth_date: date = field(repr=False)
    ssid: Ssid | None = None
    local_id: str = ""
    gender: str = ""
    birth_order: int | None = None
    aliases: tuple[Name, ...] = ()
    guardians: tuple[Name, ...] = ()
    phone: str = field(default="", repr=False)
    address: Address = field(default=Address(), repr=False)


@dataclass(frozen=True, slots=True, repr=False)
class Document:
    """The document of a packet, parsed and checked against its schema. `body` is the whole document. Repr hidden."""

    type: PacketType
    version: int
    id: str
    sender: LeaId
    receiver: LeaId | None
    created: datetime
    body: Mapping[str, Any]
