"""From the canonical document to the model: the header and the student; and the student back again.

Owns this mapping. Promises: no I/O and no judgement. It takes documents that have passed the schema gate; any other
document is a bug and raises KeyError, TypeError or ValueError.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from broker.core.model import Address, Document, LeaId, Name, PacketType, Ssid, Student


def to_document(document: Mapping[str, Any]) -> Document:
    """The header of a checked document. `id` is in lower case: one UUID has one spelling (RFC 9562 section 4)."""
    kind, _, version = str(document["packet"]).rpartition(".v")
    receiver = document.get("to")
    return Document(
        type=PacketType(kind),
        version=int(version),
        id=str(document["id"]).lower(),
        sender=LeaId(document["from"]),
        receiver=None if receiver is None else LeaId(receiver),
        created=datetime.fromisoformat(document["created"]),
        body=document,
    )


def to_student(block: Mapping[str, Any]) -> Student:
    """The student of a checked identity block (`student.v1`); an absent part becomes the model's empty value."""
    ssid = block.get("ssid")
    birth_order = block.get("birth_order")
    return Student(
        legal_name=_name(block["legal_name"]),
        birth_date=date.fromisoformat(block["birth_date"]),
        ssid=None if ssid is None else Ssid(ssid),
        local_id=block.get("local_id", ""),
        gender=block.get("gender", ""),
        birth_order=None if birth_order is None else int(birth_order),
        aliases=tuple(_name(part) for part in block.get("aliases", ())),
        guardians=tuple(_name(part) for part in block.get("guardians", ())),
        phone=block.get("phone", ""),
        address=Address(**block.get("address", {})),
    )


def to_block(student: Student) -> dict[str, Any]:
    """The identity block (`student.v1`) of a student; `to_student` makes the same student of it again."""
    block = asdict(student) | {"birth_date": student.birth_date.isoformat()}
    return block | {part: list(block[part]) for part in ("aliases", "guardians")}


def _name(part: Mapping[str, Any]) -> Name:
    return Name(first=part["first"], last=part["last"], middle=part.get("middle", ""), suffix=part.get("suffix", ""))
