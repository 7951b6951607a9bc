"""PESC, the standard in which schools and universities exchange transcripts.

Owns the interface of this room: High School Transcript 1.5 ⇄ `transcript.v1`, and the reading of acknowledgments.
Promises: XML is written without the standard's XSD, which is not shipped; tests validate against it.
"""

from broker.formats.pesc.acknowledgement import Acknowledgement, SyntaxFault, read_acknowledgement
from broker.formats.pesc.reading import is_xml, read_any
from broker.formats.pesc.transcript import LIMITS, NAMESPACE, PACKET, from_pesc, packet_id, to_pesc, uuid_of

__all__ = [
    "LIMITS",
    "NAMESPACE",
    "PACKET",
    "Acknowledgement",
    "SyntaxFault",
    "from_pesc",
    "is_xml",
    "packet_id",
    "read_acknowledgement",
    "read_any",
    "to_pesc",
    "uuid_of",
]
