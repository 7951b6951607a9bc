"""Ed-Fi, read into a packet: XML interchanges, the API's JSON, and several of either in one ZIP.

Owns the two entrances, and what is made of which pieces. Promises: XML is read piece by piece, within bounds, and
nothing outside it; no text of it is a social security number, nor by its own account a code that is one, unless the
LEA's own computer leaves such codes out.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from broker.core.errors import Refused
from broker.core.files import xml_text
from broker.edge import xml
from broker.edge.settings.values import Limits
from broker.formats import canonical, no_ssn
from broker.formats.edfi import enrollment, transcript
from broker.formats.edfi.collected import READ, collect
from broker.formats.sis import archive
from broker.formats.sis.form import Around, Document, Form, Head
from broker.formats.sis.node import Node, local, of_element, of_json, shown

_ROOT = "Interchange"
_ADDRESSES = ("http://ed-fi.org/", "http://www.ed-fi.org/", "uri://ed-fi.org")
_ELEMENTS = 4_000_000  # of one export; each is let go before the next is read
_KINDS: tuple[tuple[str, frozenset[str]], ...] = (
    ("StudentSchoolAssociation", frozenset({"StudentReference", "SchoolReference"})),
    ("StudentSchoolAssociation", frozenset({"StudentReference", "EntryDate"})),
    ("StudentContactAssociation", frozenset({"StudentReference", "ContactReference"})),
    ("StudentParentAssociation", frozenset({"StudentReference", "ParentReference"})),
    ("CourseTranscript", frozenset({"StudentAcademicRecordReference"})),
    ("StudentAcademicRecord", frozenset({"StudentReference", "TermDescriptor"})),
    ("StudentHealth", frozenset({"StudentReference", "AsOfDate"})),
    ("StudentProgramAssociation", frozenset({"StudentReference", "ProgramReference"})),
    ("StudentEducationOrganizationAssociation", frozenset({"StudentReference", "EducationOrganizationReference"})),
    ("Contact", frozenset({"ContactUniqueId"})),
    ("Parent", frozenset({"ParentUniqueId"})),
    ("Student", frozenset({"StudentUniqueId"})),
)
_OTHER = frozenset({"SectionReference", "CourseOfferingReference", "AssessmentReference"})


def is_interchange(root: str) -> bool:
    """Whether XML with this outermost element is Ed-Fi's."""
    return local(root).startswith(_ROOT) or root.removeprefix("{").startswith(_ADDRESSES)


def is_of_api(value: Any) -> bool:
    """Whether this is what an Ed-Fi API gives: a list of resources, several under their names, or one."""
    if isinstance(value, list):
        return any(isinstance(one, Mapping) and _kind(one) for one in value[:1])
    if not isinstance(value, Mapping) or "packet" in value:
        return False
    return bool(_kind(value)) or any(isinstance(some, list) and is_of_api(some) for some in value.values())


def pieces_of_xml(content: bytes, limits: Limits, before: str = "") -> Iterator[Node]:
    """The pieces of an interchange, in their order; `before` comes before their places. Raises Refused: the codes of
    `xml.items`, `has-ssn`."""
    text = xml_text.in_utf8(content)
    seen: dict[str, int] = {}
    bounds = replace(xml.LIMITS, size=limits.content_bytes, elements=_ELEMENTS)
    for one in no_ssn.passed_on(text, xml.items(text, bounds)):
        name = local(one.tag)
        seen[name] = seen.get(name, 0) + 1
        if name in READ:
            yield of_element(one, f"{before}{name}[{seen[name]}]")


def pieces_of_json(value: Any, before: str = "", name: str = "") -> Iterator[Node]:
    """The same of a value of JSON. All of a list are what its name or the first of them says, so that none that lacks
    something is lost; `name` is the list's."""
    if isinstance(value, list):
        kind = _named(name) or next((_kind(one) for one in value[:1] if isinstance(one, Mapping)), "")
        yield from (of_json(kind, one, f"{before}/{number}") for number, one in enumerate(value if kind else ()))
    elif isinstance(value, Mapping) and _kind(value):
        yield of_json(_kind(value), value, before)
    elif isinstance(value, Mapping):
        for key, some in value.items():
            yield from pieces_of_json(some, f"{before}/{shown(key)}", key) if isinstance(some, list) else ()


def _named(name: str) -> str:
    """The piece that a list of this name is of; '' for others."""
    one = f"{name[:1].upper()}{name[1:]}".removesuffix("s")
    return one if one in READ else ""


def _kind(resource: Mapping[str, Any]) -> str:
    """What a resource is, by the names of its properties; '' for anything else."""
    names = {str(name)[:1].upper() + str(name)[1:] for name in resource}
    if names & _OTHER:
        return ""
    return next((kind for kind, needed in _KINDS if needed <= names), "")


def made(pieces: Iterable[Node], around: Around, content: bytes) -> Document:
    """The packet that these pieces of `content` become."""
    found = collect(pieces, around.limits.students_per_enrollment)
    if found.secrets and not around.leaves_ssn:
        hint = f"There are {found.secrets} codes whose own system says that they are such numbers: leave them out."
        raise Refused("has-ssn", found.secret, hint)
    if found.records and not found.stays:
        return transcript.record(found, around, content)
    return enrollment.enrollment(found, around)


def _read_xml(content: bytes, _: Head, around: Around) -> Document:
    return made(pieces_of_xml(content, around.limits), around, content)


def _read_json(content: bytes, head: Head, around: Around) -> Document:
    no_ssn.check_value(xml_text.in_utf8(content), head.json)
    return made(pieces_of_json(head.json), around, content)


def _read_zip(content: bytes, _: Head, around: Around) -> Document:
    return made(_of_archive(content, around.limits), around, content)


def _of_archive(content: bytes, limits: Limits) -> Iterator[Node]:
    for name, inner in archive.files(content, limits):
        if is_interchange(xml.outermost(xml_text.in_utf8(inner)[: archive.HEAD])):
            yield from pieces_of_xml(inner, limits, f"{name}/")
        elif (text := xml_text.in_utf8(inner)).lstrip()[:1] in (b"[", b"{"):
            value = canonical.parse_any(text, limits.json_depth)
            no_ssn.check_value(text, value)
            yield from pieces_of_json(value, f"{name}")


def _is_zip(head: Head) -> bool:
    return any(map(is_interchange, head.files.values())) or _is_json_alone(head)


def _is_json_alone(head: Head) -> bool:
    """Files of JSON alone: what an API gave, a resource a file."""
    return bool(head.files) and all(name.lower().endswith(".json") for name in head.files)


XML = Form("Ed-Fi XML", "enrollment, student-record", lambda head: is_interchange(head.root), _read_xml)
ZIP = Form("a ZIP of Ed-Fi files", "enrollment, student-record", _is_zip, _read_zip)
JSON = Form("Ed-Fi JSON", "enrollment, student-record", lambda head: is_of_api(head.json), _read_json)
