"""A document in another form: what of it is converted, and into which files.

Owns which lines go on, and how many files they become. Promises: what is converted is what the exchange would take,
line by line, so that a check of the files finds nothing; no file has more than the exchange takes in one packet; a
document that is not the one that came has an id of its own. Only the process that reads hostile bytes imports this
module.
"""

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from broker.formats.answering.lines import SAID
from broker.formats.converted.targets import TARGETS
from broker.formats.ssid.lines import SHEET
from broker.formats.tabular.forms import FORMS

Document = Mapping[str, Any]
_STUDENTS, _ANSWERS = "students", "answers"


class To(NamedTuple):
    """What is asked for: one of `TARGETS`, and the packet type that it shall be, '' for what it is."""

    target: str
    packet: str = ""


class Files(NamedTuple):
    """The contents of the files, and what the form does not carry, in sentences; `unfit` says why there are none, where
    such a document has no such form."""

    contents: Sequence[bytes] = ()
    told: Sequence[str] = ()
    unfit: str = ""


def asked_for(to: str) -> To | None:
    """What the user means by a form or a packet type, with or without its version; None for anything else."""
    if to in TARGETS:
        return To(to)
    packet = next((one.packet for one in FORMS if to in (one.packet, type_of(one.packet))), "")
    return To("json", packet) if packet else None


def type_of(packet: str) -> str:
    """The packet type without its version."""
    return packet.rpartition(".")[0]


def files_of(document: Document, faulty: Collection[int], to: To, most: int, state: str) -> Files:
    """The files that a document becomes, none where no line of it is good. `faulty` are its faulty lines, as their
    answers call them; `most` is how many entries one file may have. Raises Refused where the form has no place for
    something."""
    packet, target = str(document["packet"]), TARGETS[to.target]
    if (to.packet and packet != to.packet) or (target.packets and packet not in target.packets):
        wanted = to.packet or to.target
        others = ", ".join(name for name, one in TARGETS.items() if not one.packets or packet in one.packets)
        return Files(unfit=f"It is a document of the type {packet}, which cannot be {wanted}; it can be {others}.")
    parts = list(_divided(_good(document, faulty), most))
    told = dict.fromkeys(one for part in parts for one in target.told(part))
    return Files([target.write(part, state) for part in parts], list(told))


def _good(document: Document, faulty: Collection[int]) -> Document:
    """The document with the lines that are good."""
    sheet, entries = document.get(SHEET), document.get(_STUDENTS)
    if sheet is None and not (faulty and entries):
        return document
    rest = {name: value for name, value in document.items() if name != SHEET} | {"id": str(uuid.uuid4())}
    if entries is None:
        return rest
    left = frozenset(faulty)
    numbers = range(len(entries)) if sheet is None else sheet.numbers
    good = [entry for number, entry in zip(numbers, entries, strict=True) if number not in left]
    return rest | {_STUDENTS: good}


def _divided(document: Document, most: int) -> Iterator[Document]:
    if SAID in document:  # each is about a packet of its own
        yield from ({**one, "id": str(uuid.uuid4())} for one in document[SAID])
        return
    if document.get(_ANSWERS) == []:
        return
    entries = document.get(_STUDENTS)
    if entries is None or 0 < len(entries) <= most:
        yield document
        return
    for start in range(0, len(entries), most):
        yield {**document, "id": str(uuid.uuid4()), _STUDENTS: entries[start : start + most]}
