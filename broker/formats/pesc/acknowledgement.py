"""PESC acknowledgments: a university's answer to a transcript.

Owns how the two kinds are read. A *functional* one (FunctionalAcknowledgment 1.x) names a document and says accepted or
rejected, and why; a *transcript* one (TranscriptAcknowledgment 1.x) says that a transcript came, and counts its courses
and awards. Promises: student data that an acknowledgment repeats is not kept.
"""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from broker.core.errors import Refused
from broker.core.model import LeaId
from broker.edge import xml
from broker.edge.xml import Element, Limits
from broker.formats.pesc.form import Fields, Leaf, Node, read
from broker.formats.pesc.parties import PARTY
from broker.formats.pesc.transcript import child_of, created_of, refuse_social_security, text_of, uuid_of
from broker.formats.pesc.values import WHOLE, trimmed, words

_ROOT = re.compile(r"\{urn:org:pesc:message:(Functional|Transcript)Acknowledgment:v1[.][0-9][.][0-9]\}Acknowledgment")
_LIMITS = Limits(size=1024 * 1024, elements=20_000)
_LOCATOR = Node("Locator", (Leaf("LineNumber", "line", WHOLE), Leaf("ColumnNumber", "column", WHOLE)))
_FAULT: Fields = (Leaf("ErrorMessage", "message"), _LOCATOR, Leaf("SeverityCode", "severity"))
_ANSWER: Fields = (
    Leaf("AcknowledgmentCode", "accepted", words({"Accepted": True, "Rejected": False})),
    Node("SyntaxError", _FAULT, "faults", many=True),
    Leaf("NoteMessage", "notes", many=True),
)
_COUNTS: Fields = (
    Leaf("CourseTotal", "courses", WHOLE),
    Leaf("AcademicAwardTotal", "awards", WHOLE),
    Leaf("NoteMessage", "notes", many=True),
)


@dataclass(frozen=True, slots=True)
class SyntaxFault:
    """A fault that the receiver's program found: Warning, Error or FatalError, and where in the received XML.

    `message` is the program's own text, which may quote the transcript: its repr is hidden, so it reaches no log.
    """

    severity: str
    line: int | None
    column: int | None
    message: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """One acknowledgment. `accepted` is False where the receiver says that it will not use the document.

    `documents` are the ids, as written, that it may be about: for a functional one, the id that it names; for a
    transcript one, its `RequestTrackingID` and its `DocumentID`: receivers repeat the transcript's id in either.
    `courses` and `awards` are how many the receiver found in the transcript, None where it does not say.
    """

    documents: tuple[str, ...]
    accepted: bool
    faults: tuple[SyntaxFault, ...] = ()
    courses: int | None = None
    awards: int | None = None
    notes: tuple[str, ...] = field(default=(), repr=False)

    @property
    def packets(self) -> tuple[str, ...]:
        """The `documents` that can be a packet's id, as UUIDs. The ledger says whose packet that is."""
        return tuple(found for found in map(uuid_of, self.documents) if found)


def read_acknowledgement(content: bytes) -> Acknowledgement:
    """The acknowledgment in `content`, of at most 1 MiB.

    Raises Refused: what `xml.parse` raises, `not-pesc`, `has-ssn`; the place is a line.
    """
    return _read(xml.parse(content, _LIMITS))


def is_one(root: Element) -> bool:
    """Whether this is an acknowledgment of a version that the exchange reads."""
    return _ROOT.fullmatch(root.tag) is not None


def to_document(root: Element, content: bytes, lea: LeaId, zone: tzinfo) -> dict[str, Any]:
    """The `acknowledgement.v1` document of `content`, which `lea` sent; no schema has checked it yet.

    Where the XML does not name its sender in the exchange's way (`MutuallyDefined`), it is `lea`. Raises Refused:
    `not-pesc`, `has-ssn`; the place is a line.
    """
    said = _read(root)
    transmission = child_of(root, "TransmissionData")
    digest = hashlib.sha256(content).hexdigest()
    has_faults = any(fault.severity != "Warning" for fault in said.faults)
    return {
        "packet": "acknowledgement.v1",
        "id": str(uuid5(NAMESPACE_URL, f"urn:org:pesc:acknowledgment:{lea}:{digest}")),
        "from": _sender(transmission) or lea,
        "created": created_of(transmission, zone),
        "documents": list(said.documents),
        "status": "received" if said.accepted else "rejected",
        **({} if said.accepted else {"code": "cannot-read" if has_faults else "other"}),
        **({} if said.courses is None else {"courses": said.courses}),
    }


def _sender(transmission: Element) -> str:
    ids = (
        party.text
        for source in transmission.named("Source")
        for organization in source.named("Organization")
        for party in organization.named(PARTY)
    )
    return next(filter(None, map(trimmed, ids)), "")


def _read(root: Element) -> Acknowledgement:
    kind = _ROOT.fullmatch(root.tag)
    if kind is None:
        raise Refused("not-pesc", f"line {root.line}", "It is no PESC acknowledgment of version 1.")
    refuse_social_security(root)
    return _functional(root) if kind[1] == "Functional" else _transcript(root)


def _functional(root: Element) -> Acknowledgement:
    data = child_of(root, "AcknowledgmentData")
    found = read(_ANSWER, data)
    if "accepted" not in found:
        raise Refused("not-pesc", f"line {data.line}", "There must be one `AcknowledgmentCode` in it.")
    faults = (
        SyntaxFault(one.get("severity", "Error"), one.get("line"), one.get("column"), one.get("message", ""))
        for one in found.get("faults", ())
    )
    documents = (text_of(data, "DocumentID"),)
    return Acknowledgement(documents, found["accepted"], tuple(faults), notes=tuple(found.get("notes", ())))


def _transcript(root: Element) -> Acknowledgement:
    transmission = child_of(root, "TransmissionData")
    ids = read((Leaf("RequestTrackingID", "request"),), transmission)
    documents = dict.fromkeys((*ids.values(), text_of(transmission, "DocumentID")))
    found = read(_COUNTS, root)
    return Acknowledgement(
        tuple(documents),
        accepted=True,
        courses=found.get("courses"),
        awards=found.get("awards"),
        notes=tuple(found.get("notes", ())),
    )
