"""A PESC High School Transcript 1.5 ⇄ the packet `transcript.v1`.

Owns the outermost elements: transmission, sender and receiver, the one student. Promises: the XML written from a packet
that passed the schema gate is valid by the standard's XSD; reading keeps every course, credit and grade, and leaves the
judgement to the gate; a social security number is neither read nor written.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, tzinfo
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from broker.core.errors import Refused
from broker.edge import xml
from broker.edge.xml import Element, Limits
from broker.formats.pesc import fields, person
from broker.formats.pesc.form import read, write
from broker.formats.pesc.parties import ORGANIZATION, ORGANIZATION_CODES
from broker.formats.pesc.values import read_time, trimmed, write_time
from broker.formats.transcript import request

PACKET = "transcript.v1"
NAMESPACE = "urn:org:pesc:message:HighSchoolTranscript:v1.5.0"
_ROOT = f"{{{NAMESPACE}}}HighSchoolTranscript"
_PREFIXES = {
    "HSTrn": NAMESPACE,
    "AcRec": "urn:org:pesc:sector:AcademicRecord:v1.9.0",
    "core": "urn:org:pesc:core:CoreMain:v1.14.0",
}
_BATCH = re.compile(r"\{urn:org:pesc:message:AcademicRecordBatch:v[12][.][0-9][.][0-9]\}AcademicRecordBatch")
LIMITS = Limits(elements=50_000)  # a transcript of 150 courses has some 4,000
_HEX = re.compile("[0-9A-Fa-f]{32}")
_PARTY = "mutually_defined"
_BANNED = frozenset({"ssn", "partialssn", "sin", "socialsecuritynumber"})


def to_pesc(packet: Mapping[str, Any], *, state: str = "") -> bytes:
    """The XML of a checked `transcript.v1` document.

    `state` is the two-letter code of the state that issued the SSID, written beside it. `DocumentID` is the packet's id
    without dashes, because PESC has room for 35 characters; `from` and `to` are written as `MutuallyDefined`. A note on
    the transmission says who asked for the transcript, and when (`formats.transcript.request`).
    Raises Refused("pesc-unfit") at the JSON pointer of a value that PESC needs and is absent (`to`, the SSID), or that
    it cannot express.
    """
    for pointer, text in _texts(packet, ""):
        if not xml.carries(text):
            raise Refused("pesc-unfit", pointer, "It has characters that XML cannot hold.")
    if packet.get("to") is None:
        raise Refused("pesc-unfit", "/to", "A transcript names the institution that gets it.")
    body = packet["transcript"]
    student = (
        person.from_block(packet["student"], body.get("person_notes", ()), state),
        *write(fields.STUDENT, body, "/transcript"),
    )
    children = (
        Element("TransmissionData", children=_transmission(packet)),
        Element("Student", children=student),
        *write(fields.DOCUMENT, body, "/transcript"),
    )
    return xml.write(Element(_ROOT, children=children), _PREFIXES)


def from_pesc(content: bytes, *, state: str = "", zone: tzinfo = UTC) -> dict[str, Any]:
    """The `transcript.v1` document of a PESC transcript, alone or in a batch of one; no schema has checked it yet.

    `state` is the code of the state whose student ids are SSIDs; `zone` is the time zone of a time without an offset.
    An id that is not a packet's becomes one (a UUID of version 5 of sender and `DocumentID`), the same every time.
    Raises Refused: what `xml.parse` raises, `not-pesc`, `has-ssn`; the place is a line.
    """
    return from_element(xml.parse(content, LIMITS), state, zone)


def from_element(outermost: Element, state: str, zone: tzinfo) -> dict[str, Any]:
    """`from_pesc` for XML that is already parsed."""
    root = _transcript(outermost)
    refuse_social_security(root)
    transmission, student = child_of(root, "TransmissionData"), child_of(root, "Student")
    block, notes = person.to_block(child_of(student, "Person"), state)
    sender, source = _party(child_of(transmission, "Source"))
    receiver, destination = _party(child_of(transmission, "Destination"))
    if sender is None:
        raise Refused("not-pesc", f"line {transmission.line}", "`Source` must have the sender's `MutuallyDefined` id.")
    parts = {"source": source, "destination": destination, "person_notes": notes}
    body = read(fields.BEFORE, transmission) | {key: part for key, part in parts.items() if part}
    body |= read(fields.AFTER, transmission) | read(fields.STUDENT, student) | read(fields.DOCUMENT, root)
    requested, others = request.from_notes(body.get("document_type", ""), body.pop("transmission_notes", ()))
    return {
        "packet": PACKET,
        "id": packet_id(text_of(transmission, "DocumentID"), sender),
        "from": sender,
        **({} if receiver is None else {"to": receiver}),
        "created": created_of(transmission, zone),
        **({} if requested is None else {"request": requested}),
        "student": block,
        "transcript": body | ({"transmission_notes": others} if others else {}),
    }


def uuid_of(document_id: str) -> str | None:
    """The packet id that `to_pesc` wrote as this `DocumentID`; None for any other."""
    return str(UUID(document_id)) if _HEX.fullmatch(document_id) else None


def packet_id(document_id: str, sender: str) -> str:
    """The packet id of a sender's `DocumentID`: the one that `to_pesc` wrote there, else always the same new one."""
    return uuid_of(document_id) or str(uuid5(NAMESPACE_URL, f"urn:org:pesc:document:{sender}:{document_id}"))


def created_of(transmission: Element, zone: tzinfo) -> str:
    """When the document was made, RFC 3339; a time without an offset is in `zone`. Raises Refused("not-pesc")."""
    text = text_of(transmission, "CreatedDateTime")
    try:
        return read_time(text, zone)
    except ValueError:
        line = transmission.named("CreatedDateTime")[0].line
    raise Refused("not-pesc", f"line {line}", "`CreatedDateTime` must be a date and time.")


def text_of(element: Element, tag: str) -> str:
    """The text of the one child of this name. Raises Refused("not-pesc") where it is missing or blank."""
    child = child_of(element, tag)
    text = trimmed(child.text)
    if not text:
        raise Refused("not-pesc", f"line {child.line}", f"`{tag}` must not be empty.")
    return text


def refuse_social_security(element: Element) -> None:
    """Raises Refused("has-ssn") where an element for a social security number is not empty, at any depth."""
    waiting = [element]
    while waiting:
        one = waiting.pop()
        waiting.extend(one.children)
        if one.tag.rpartition("}")[2].lower() in _BANNED and (trimmed(one.text) or one.children):
            raise Refused("has-ssn", f"line {one.line}")


def _texts(value: object, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield pointer, value
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from _texts(part, f"{pointer}/{key}")
    elif isinstance(value, list | tuple):
        for number, part in enumerate(value):
            yield from _texts(part, f"{pointer}/{number}")


def _transmission(packet: Mapping[str, Any]) -> tuple[Element, ...]:
    body = {**packet["transcript"], "transmission_notes": request.to_notes(packet)}
    return (
        Element("DocumentID", UUID(packet["id"]).hex),
        Element("CreatedDateTime", write_time(packet["created"])),
        *write(fields.BEFORE, body, "/transcript"),
        _organization("Source", body.get("source", {}), packet["from"], "/transcript/source"),
        _organization("Destination", body.get("destination", {}), packet["to"], "/transcript/destination"),
        *write(fields.AFTER, body, "/transcript"),
    )


def _organization(tag: str, owner: Mapping[str, Any], party: str, pointer: str) -> Element:
    children = write(ORGANIZATION, {**owner, _PARTY: party}, pointer)
    return Element(tag, children=(Element("Organization", children=children),))


def _transcript(root: Element) -> Element:
    if root.tag == _ROOT:
        return root
    holders = (root, *root.named("BatchContent")) if _BATCH.fullmatch(root.tag) else ()
    found = [one for holder in holders for one in holder.named(_ROOT)]
    if len(found) > 1:
        raise Refused("not-pesc", f"line {found[1].line}", "A packet is about one student: send each transcript alone.")
    if not found:
        raise Refused("not-pesc", f"line {root.line}", f"There is no `HighSchoolTranscript` of {NAMESPACE} in it.")
    return found[0]


def child_of(element: Element, tag: str) -> Element:
    """The one child of this name. Raises Refused("not-pesc") where there is none, or more."""
    named = element.named(tag)
    if len(named) != 1:
        raise Refused("not-pesc", f"line {element.line}", f"There must be one `{tag}` in it.")
    return named[0]


def _party(element: Element) -> tuple[str | None, dict[str, Any]]:
    """The exchange's id of an organisation (None for none), and everything else about it."""
    found = read(ORGANIZATION, child_of(element, "Organization"))
    party = found.pop(_PARTY, None) or found.get("local", {}).get("code")
    return party or next((found[code] for code in ORGANIZATION_CODES if code in found), None), found
