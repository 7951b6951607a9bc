"""The refusal that tells a sender what its file is: a file that is no packet, or a sealed content that is no document.

Owns which refusal each form gets, in the clear and sealed, and whether a file in the clear names students. Promises: it
is asked only about files that are already refused, and never makes a packet good; it judges by the content, never by
the file's name, and its sentences hold nothing of the content. Only where a file names students, or could, does the
sentence ask the sender to treat it as disclosed.
"""

import json
import re
from collections.abc import Mapping

from broker.core import receipt as receipts
from broker.core.errors import Refused
from broker.core.files.kinds import UNKNOWN, Kind, is_workbook, kind_of
from broker.core.files.kinds_openpgp import Shape, around, body_of, shape_of
from broker.core.files.kinds_text import HEAD, decoded, encoding_of
from broker.core.openpgp import armor, armor_damage, frames, message
from broker.core.openpgp.message import Bounds
from broker.edge.pgp.secretkey import Buffer
from broker.edge.settings.values import Limits
from broker.formats import sheets
from broker.formats.tabular.forms import known_in

# Refusals of files in the clear, or without any known shape: the sender gets a better one that says what the file is.
_OF_KEYS = frozenset({"key-secret", "key-unreadable"})
_OUTSIDE = frozenset({"not-openpgp", "not-sealed", "bad-structure", "bad-armor", "key-secret", "truncated"})
# Refusals of documents that a parser cannot read.
_UNREAD = frozenset({"not-utf8", "not-json", "request-name", "csv-form", "not-xml", "xml-unsafe", "not-pesc"})
_UNREAD |= {"inflates-too-much", "from-mismatch", "unknown-column", "unknown-type"}
_OF_TABLES = frozenset({"request-name", "csv-form", "from-mismatch", "unknown-column", "inflates-too-much"})

_OWN: Mapping[Shape, str] = {
    Shape.SIGNATURE: "signature-alone",
    Shape.REVOCATION: "revocation-sent",
    Shape.PUBLIC_KEY: "public-key-sent",
    Shape.SECRET_KEY: "secret-key-sent",
}
_SIGNED_TEXT, _SIGNATURE_END = b"-----BEGIN PGP SIGNED MESSAGE-----", b"-----END PGP SIGNATURE-----"
_SIGNED = Kind("a signed message within a sealed one", "Seal the document itself, with `gpg --sign --encrypt`.")
_ANSWER = Kind(
    "an answer of the exchange, out of your inbox",
    "It is yours to keep. If it answers a list, the other packet of the answer is the list itself: correct that, and"
    " send it again.",
)
_OF_EXCHANGE = re.compile(rb'"from"[ \t\r\n]{0,9}:[ \t\r\n]{0,9}"exchange"')
_PROSE = Kind(
    "text in another form",
    "JSON begins with {; a CSV has the names of its columns in its first line, with commas, semicolons, tabs or bars"
    " between them.",
)
_BEGINS_JSON = (b"{", b"[", b'"')
_NAMED = "It seems to name students, and others could have read it: tell your LEA's privacy officer."
_PERHAPS = "If it names a student, others could have read that: tell your LEA's privacy officer."
TO_ITSELF = (
    "It is sealed for yourself, so that only you can open it: name the exchange's key with --recipient. If it is a"
    " packet out of your inbox, open it first, and seal the document that was in it."
)
_MOST = 256 * 1024  # characters of a text that are searched for facts about students

# names of facts about students, in JSON, XML and tables, without blanks, dashes and underscores; two different ones are
# enough
_FACTS = re.compile(
    "birthdate|dateofbirth|legalname|lastname|firstname|familyname|givenname|surname|studentid|studentnumber|localid"
    "|guardian|socialsecurity|gender|gradelevel|schoolyear"
)
_SHORT_FACTS = re.compile("\\b(?:ssid|dob|ssn)\\b")  # they count only as whole words
_LEAST_FACTS = 2
_LEAST_COLUMNS = 3
_BETWEEN = str.maketrans("", "", " _-")
_RECEIPT_FACTS = frozenset(
    {"receipt", "exchange", "tracking", "n", "state", "at", "code", "place", "held_for", "how", "first", "replaces"}
    | {"means", "packet"}
)


def in_outbox(file: Buffer, refused: Refused, limits: Limits) -> Refused:
    """A better refusal for a file that was refused before a seal was found; other refusals are unchanged."""
    if refused.code not in _OUTSIDE:
        return refused
    content = bytes(file)
    shape = _shape(content)
    if shape is not None and shape in _OWN:
        return Refused(_OWN[shape])
    if shape is Shape.SEALED:
        return _sealed_badly(content, refused)
    if shape is Shape.SIGNED_TEXT or shape is Shape.SIGNED:
        return _signed(_inside(content, shape, limits))
    return _clear(content, refused)


def when_opened(content: bytes, refused: Refused) -> Refused:
    """A better refusal for a document that cannot be read; other refusals are unchanged."""
    if refused.code in _OF_KEYS:  # somebody hands in a key, and it may hold a secret key
        shape = _shape(content)
        return Refused("secret-key-sent") if shape and _OWN.get(shape) == "secret-key-sent" else refused
    if refused.code == "unknown-type" and _OF_EXCHANGE.search(content[:HEAD]):
        return Refused(_ANSWER.code, "", _about(_ANSWER))
    if refused.code not in _UNREAD:
        return refused
    shape = _shape(content)
    if shape is Shape.SEALED:
        return Refused("sealed-twice")
    if shape is not None and shape in _OWN:
        return Refused(_OWN[shape])
    if shape is Shape.SIGNED_TEXT and is_receipt(content):
        return Refused("receipt-sent")
    kind = _SIGNED if shape else kind_of(content)
    if kind is None and refused.code == "not-json" and content.lstrip()[:1] not in _BEGINS_JSON:
        kind = _PROSE
    if kind is None or is_workbook(content):
        return refused
    if kind.code == "empty-document":
        return Refused(kind.code)
    if kind.code == "not-utf8" and refused.code in _OF_TABLES and not _is_json(content):
        return refused  # a table is read in this encoding, too
    if kind.code == "not-utf8":  # how to save it again, the code itself says
        return Refused(kind.code, "", f"It is {kind.name}.")
    return Refused(kind.code, "", _about(kind))


def addressees(file: Buffer, limits: Limits) -> tuple[str, ...]:
    """The ids of the keys that a message is sealed to. Raises Refused where the file is no message."""
    content = bytes(file)
    data = armor.dearmor(content)[1] if armor.is_armored(content) else content
    return tuple(
        one.key_id for one in message.envelope(memoryview(data), limits.openpgp_packets, limits.recipients).keys
    )


def is_receipt(content: bytes) -> bool:
    """Whether a cleartext signed text is a receipt and nothing else. Its signature is not checked."""
    start, end = content.find(_SIGNED_TEXT), content.find(_SIGNATURE_END)
    try:
        said = json.loads(armor.cleartext(content[max(start, 0) : end + len(_SIGNATURE_END)]).text)
    except (Refused, ValueError, RecursionError):
        return False
    return isinstance(said, dict) and said.get("receipt") == receipts.VERSION and said.keys() <= _RECEIPT_FACTS


def names_students(content: bytes) -> bool:
    """Whether a text holds facts about students, judged by the names that JSON, XML and tables give them."""
    text = decoded(content[: 4 * _MOST])[:_MOST].casefold()
    if len({*_FACTS.findall(text.translate(_BETWEEN)), *_SHORT_FACTS.findall(text)}) >= _LEAST_FACTS:
        return True
    return any(known_in(one) >= _LEAST_COLUMNS for one in sheets.first_lines(content))


def _shape(content: bytes) -> Shape | None:
    """The same as `shape_of`, also for text in an encoding with several bytes for each letter."""
    return shape_of(decoded(content).encode() if encoding_of(content)[0] else content)


def _inside(content: bytes, shape: Shape, limits: Limits) -> bytes:
    """The signed content, as far as it can be read."""
    if shape is Shape.SIGNED_TEXT:
        return content
    bounds = Bounds(limits.content_bytes, limits.inflate_ratio, limits.inflate_floor_bytes, limits.openpgp_packets)
    try:
        return message.content_of(memoryview(body_of(content)), bounds)
    except Refused:
        return b""


def _signed(content: bytes) -> Refused:
    if is_receipt(content):
        return Refused("receipt-sent")
    return Refused("not-sealed", "", _disclosed(content))


def _clear(content: bytes, refused: Refused) -> Refused:
    kind = kind_of(content)
    if kind is not None and kind.code in ("secret-key-sent", "public-key-sent"):
        return Refused(kind.code, "", kind.advice)
    if kind is not None and kind.code == "empty-document":
        return Refused("not-openpgp", "", "It is empty: export the document again.")
    if refused.code == "bad-armor" or (kind in (None, UNKNOWN) and frames.may_begin(content)):
        return refused
    if kind is None:
        return Refused("not-openpgp", "", _disclosed(content))
    is_data = kind.holds_data or names_students(content)
    return Refused("not-openpgp", "", f"{_about(kind)} {_disclosed(content)}" if is_data else _about(kind))


def _disclosed(content: bytes) -> str:
    return _NAMED if names_students(content) else _PERHAPS


def _is_json(content: bytes) -> bool:
    """Whether it begins as JSON does, in whichever encoding."""
    return decoded(content[: 4 * _MOST]).lstrip("\ufeff \t\r\n").startswith(("{", "["))


def _about(kind: Kind) -> str:
    return f"It is {kind.name}. {kind.advice}".rstrip()


def _sealed_badly(content: bytes, refused: Refused) -> Refused:
    """The refusal of a sealed file that was damaged afterwards."""
    said = armor_damage.damage(content)
    if not said or refused.code not in ("bad-armor", "not-openpgp", "bad-structure"):
        return refused
    return Refused("bad-armor", "", f"{said} {_NAMED}" if names_students(around(content)) else said)
