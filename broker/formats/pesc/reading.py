"""Any XML that the exchange reads; the outermost element says which document it is.

Owns that choice. Promises: the XML is parsed once; no schema has checked the result yet.
"""

from datetime import tzinfo
from typing import Any

from broker.core.model import LeaId
from broker.edge import xml
from broker.formats.pesc import acknowledgement, transcript


def is_xml(content: bytes) -> bool:
    """Whether the content is meant to be XML: only XML begins with `<`."""
    return content[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"


def read_any(content: bytes, lea: LeaId, state: str, zone: tzinfo) -> dict[str, Any]:
    """A `transcript.v1` or `acknowledgement.v1` document, which `lea` sent; `state` and `zone` are as for `from_pesc`.

    Raises Refused: what `xml.parse` raises, `not-pesc`, `has-ssn`; the place is a line.
    """
    root = xml.parse(content, transcript.LIMITS)
    if acknowledgement.is_one(root):
        return acknowledgement.to_document(root, content, lea, zone)
    return transcript.from_element(root, state, zone)
