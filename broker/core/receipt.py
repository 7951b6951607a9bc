"""The canonical text of a receipt: the exchange's statement that a packet reached a state.

Owns its fields and bytes. Promises: the same facts give the same bytes; no student data; a secretary can read it. The
signature around it is made in `broker.edge.openpgp` (OpenPGP cleartext signature framework, RFC 4880 section 7).
"""

import json
from dataclasses import dataclass
from datetime import datetime

VERSION = "receipt.v1"
_ENCODE = json.JSONEncoder(sort_keys=True).encode

MEANING = {
    "RECEIVED": "The exchange has the whole file. What is sealed is kept safe until it has come to its end; what is not"
    " sealed is refused, and not kept.",
    "ADMITTED": "The file was opened; signature, form and student were checked.",
    "APPLIED": "The exchange has worked the packet. An answer in your inbox says what became of each student in it.",
    "DELIVERED": "The packet lies in the receiver's inbox.",
    "COLLECTED": "The receiver has taken the packet out of its inbox.",
    "DUPLICATE": "The same file was received before; the receipt named in `first` stands.",
}

HELD_MEANING = {
    "review": "The exchange is not sure which student this is about. Answer the notice `review` in your inbox.",
    "enrollment": "The packet waits until another LEA enrolls the student.",
    "receiver-key": "The packet waits until the receiver has a valid key.",
    # says nothing of why: whom it concerns must not learn it from a receipt (Utah 53A-11-502, -504)
    "blocked": "The packet is held by the state. There is nothing to do; it goes on by itself when the state says so.",
}


REPLACES = "It takes the place of the earlier one that is named in `replaces`: go by this one."


@dataclass(frozen=True, slots=True)
class Statement:
    """What one receipt says. `file` is the name of the file that was dropped; only its own sender is told it. `first`
    is the packet that a duplicate repeats, `replaces` the earlier one that a correction takes the place of."""

    tracking: str
    n: int
    state: str
    at: datetime
    exchange: str
    sha256: str
    size: int
    sender: str
    receiver: str = ""
    file: str = ""
    type: str = ""
    packet_id: str = ""
    code: str = ""
    pointer: str = ""
    sentence: str = ""
    held_for: str = ""
    how: str = ""
    first: str = ""
    replaces: str = ""


def _meaning(statement: Statement) -> str:
    if statement.sentence:
        return statement.sentence
    means = HELD_MEANING[statement.held_for] if statement.held_for else MEANING[statement.state]
    return f"{means} {REPLACES}" if statement.replaces else means


def text(statement: Statement) -> str:
    """The JSON text, keys sorted, a line each, ASCII only; empty facts are left out."""
    packet = {
        "file": statement.file,
        "sha256": statement.sha256,
        "size": statement.size,
        "from": statement.sender,
        "to": statement.receiver,
        "type": statement.type,
        "id": statement.packet_id,
    }
    whole = {
        "receipt": VERSION,
        "exchange": statement.exchange,
        "tracking": statement.tracking,
        "n": statement.n,
        "state": statement.state,
        "at": statement.at.isoformat(timespec="milliseconds"),
        "code": statement.code,
        "place": statement.pointer,
        "held_for": statement.held_for,
        "how": statement.how,
        "first": statement.first,
        "replaces": statement.replaces,
        "means": _meaning(statement),
        "packet": {key: value for key, value in packet.items() if value != ""},
    }
    # a line for each fact, written by hand: json's own indentation leaves its fast encoder (measured: 5 times as long)
    lines = [f' "{key}": {_ENCODE(whole[key])}' for key in sorted(whole) if whole[key] != ""]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def file_name(tracking: str, n: int, state: str) -> str:
    """The name of the receipt's file in `receipts/`."""
    return f"{tracking}.{n}.{state.lower()}.json.asc"
