"""The canonical text of a receipt: the exchange's statement that a packet reached a state.

Owns its fields and bytes. Promises: the same facts give the same bytes; no student data; a secretary can read it;
`read` raises ValueError for every signed text that is no receipt. The signature around it is made in
`broker.edge.pgp.openpgp` (OpenPGP cleartext signature framework, RFC 4880 section 7).
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

VERSION = "receipt.v1"
_ENCODE = json.JSONEncoder(sort_keys=True).encode

MEANING = {
    "RECEIVED": "The exchange has the whole file. If it is sealed, the exchange keeps it safe until it has come"
    " to its end. If it is not sealed, the exchange refuses it and does not keep it.",
    "ADMITTED": "The exchange has opened the file, and has checked its signature, its form and the student.",
    "APPLIED": "The exchange has done what the packet asked for. An answer in your inbox has the result for"
    " each student.",
    "DELIVERED": "The packet is in the receiver's inbox.",
    "COLLECTED": "The receiver has the packet: it was downloaded, taken out of the inbox, or acknowledged.",
    "DUPLICATE": "The exchange had this file, or the document in it, before, and does nothing twice. The receipts"
    " whose names begin with the tracking id in `first` say what became of it.",
}

# for packet types that the exchange does not answer with a list of students
APPLIED_MEANING = {
    "acknowledgement": "The exchange has noted what you say of the packet, and tells those whom it concerns.",
    "backpack": "The exchange has put the backpack into the record store.",
    "recall": "The exchange has taken back the packet that you named; its own receipts say so, too.",
    "record-request": "The exchange has done what you asked: either it has asked the schools that have the record, or"
    " what you asked for comes into your inbox.",
    "review-answer": "The exchange has your answers. The result of each is in your inbox, or in the receipts of the"
    " packet that the question was about.",
    "key-rotation": "The exchange has your key. If the key is valid, you may use it from now on, beside those that"
    " you have, and everybody finds it in their directory folder. Revoke a key that you no longer use.",
}

HELD_MEANING = {
    "review": "The exchange is not sure which student this is about. Answer the notice `review` in your inbox.",
    "enrollment": "The packet waits until another LEA enrolls the student; it goes on by itself then.",
    "receiver-key": "The packet waits until the receiver has a valid key; it goes on by itself then.",
    # gives no reason: those whom it concerns must not learn it from a receipt (Utah 53A-11-502, -504)
    "blocked": "The state holds the packet. You have nothing to do: it goes on by itself when the state says so.",
}


REPLACES = "It replaces the earlier packet that is named in `replaces`: use this one."


@dataclass(frozen=True, slots=True)
class Statement:
    """The facts of one receipt. `file` is the name of the dropped file; only its sender is told it. `first` is the
    packet that a duplicate repeats; `replaces` is the earlier packet that this correction replaces."""

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
    if statement.state == "APPLIED":
        means = APPLIED_MEANING.get(statement.type, means)
    return f"{means} {REPLACES}" if statement.replaces else means


def text(statement: Statement) -> str:
    """The JSON text: keys sorted, one line for each, ASCII only; empty facts are left out."""
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
    # the lines are joined by hand: json's own indentation does not use its fast encoder (measured: 5 times as long)
    lines = [f' "{key}": {_ENCODE(whole[key])}' for key in sorted(whole) if whole[key] != ""]
    return "{\n" + ",\n".join(lines) + "\n}\n"


_FACTS = frozenset(
    [
        "receipt",
        "exchange",
        "tracking",
        "n",
        "state",
        "at",
        "code",
        "place",
        "held_for",
        "how",
        "first",
        "replaces",
        "means",
        "packet",
    ]
)


def is_about(said: str, tracking: str, n: int, state: str) -> bool:
    """Whether this text is the `n`-th statement about this packet, with this state (in lower case). The signer of
    statements asks this, so that it signs nothing else."""
    try:
        whole = json.loads(said)
    except (ValueError, RecursionError):
        return False
    if not isinstance(whole, dict) or not whole.keys() <= _FACTS:
        return False
    named = (whole.get("receipt"), whole.get("tracking"), whole.get("n"), str(whole.get("state")).lower())
    return named == (VERSION, tracking, n, state)


_TEXTS = ("exchange", "tracking", "state", "at", "means")
_MORE_TEXTS = ("code", "place", "held_for", "how", "first", "replaces")
_OF_PACKET = ("sha256", "file", "from", "to", "type", "id")


def read(text: str) -> dict[str, Any]:
    """The facts in a receipt's text. Raises ValueError for any text that is no receipt."""
    try:
        said = json.loads(text, object_pairs_hook=_single, parse_constant=_none)
    except RecursionError:
        raise ValueError("it nests too much") from None
    if not isinstance(said, dict) or said.get("receipt") != VERSION or not _counts(said.get("n")):
        raise ValueError("it is no receipt of this version")
    if not all(isinstance(one := said.get(name), str) and one and one.isprintable() for name in _TEXTS):
        raise ValueError("it lacks what every receipt says")
    if not all(isinstance(said.get(name, ""), str) for name in _MORE_TEXTS) or not _is_packet(said.get("packet")):
        raise ValueError("it says something in another form")
    if datetime.fromisoformat(said["at"]).tzinfo is None:
        raise ValueError("it lacks what every receipt says")
    return said


def _counts(n: Any) -> bool:
    return type(n) is int and n > 0


def _is_packet(said: Any) -> bool:
    if not isinstance(said, dict) or not said.get("sha256"):
        return False
    return all(isinstance(said.get(name, ""), str) for name in _OF_PACKET)


def _single(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("it says something twice")
    return dict(pairs)


def _none(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def file_name(tracking: str, n: int, state: str) -> str:
    """The name of the receipt's file in `receipts/`."""
    return f"{tracking}.{n}.{state.lower()}.json.asc"
