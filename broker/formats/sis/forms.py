"""The list of the forms of export that the exchange reads: XML, the JSON of an API, archives of either.

Owns the list, and how much of a content is looked at before its form is known. Promises: a further form is one file and
one row; the more special ones come first; PESC, which is last, is all XML that is none of the others, so that it says
what the XML is not; a packet's own JSON is told by its property `packet` and parsed elsewhere.
"""

from contextlib import suppress

from broker.core.errors import Refused
from broker.core.files import kinds_text, xml_text
from broker.core.files.kinds import is_workbook
from broker.edge import xml
from broker.edge.settings.values import Limits
from broker.formats import canonical, no_ssn, pesc
from broker.formats.edfi import reading as edfi
from broker.formats.sis import archive
from broker.formats.sis.form import Around, Document, Form, Head


def _pesc(content: bytes, _: Head, around: Around) -> Document:
    document = pesc.read_any(content, around.lea, around.state, around.zone)
    no_ssn.check_xml(content, pesc.LIMITS)
    return document


PESC = Form("PESC XML", "transcript, acknowledgement", lambda head: bool(head.root), _pesc)

FORMS = (edfi.XML, edfi.JSON, edfi.ZIP, PESC)
"""The forms; the first one that a content is meant to be reads it."""

_UNKNOWN = "?"  # the outermost element of XML that cannot be read so far: PESC's reader says why
_OWN = b'"packet"'


def told(content: bytes, limits: Limits) -> tuple[Form, Head] | None:
    """The form of a content, and by what it is told; None for a table, a packet's own JSON, and what is none."""
    head = _head(content, limits)
    found = next((one for one in FORMS if one.is_meant(head)), None)
    return None if found is None else (found, head)


def _head(content: bytes, limits: Limits) -> Head:
    if content.startswith(archive.BEGINS):
        inner = {} if is_workbook(content) else archive.heads(content)
        return Head(files={name: _root(begin) for name, begin in inner.items()})
    if pesc.is_xml(content):
        return Head(root=_root(content[: archive.HEAD]) or _UNKNOWN)
    begin = _begin(content)
    if begin.startswith(b"<"):  # in another encoding
        return Head(root=_root(content[: archive.HEAD]))
    if begin.startswith(b"[") or (begin.startswith(b"{") and _OWN not in content):
        with suppress(Refused):
            return Head(json=canonical.parse_any(xml_text.in_utf8(content), limits.json_depth))
    return Head()


def _root(begin: bytes) -> str:
    """The outermost element of a beginning; it may be cut within a character."""
    python = kinds_text.encoding_of(begin)[1]
    text = begin.decode(python, "ignore").removeprefix("\ufeff").encode() if python else begin
    return xml.outermost(xml_text.without_declaration(text))


def _begin(content: bytes) -> bytes:
    python = kinds_text.encoding_of(content)[1]
    head = content[:256]
    text = head.decode(python, "ignore").removeprefix("\ufeff").encode() if python else head
    return text.removeprefix(b"\xef\xbb\xbf").lstrip()
