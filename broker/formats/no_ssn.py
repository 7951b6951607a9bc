"""Where a document holds a social security number: in any of its texts, however deep, and in attached text.

Owns which texts each form has, and which fields are for words. Promises: a coarse search of the bytes comes first, so a
document without such a number costs next to nothing; a refusal names places and no number, and no name of a property
that the schemas do not know; PDFs and pictures are not searched.
"""

import base64
import binascii
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from broker.core.errors import Refused
from broker.core.social_security import is_held, is_suspicious
from broker.edge import xml
from broker.edge.xml import Element, Limits
from broker.formats.table import Row, place_of

MOST_PLACES = 20
# Properties, PESC elements and columns whose texts are words: nine digits in one piece do not belong there.
_WORDS = frozenset(
    {"first", "middle", "last", "suffix", "street", "city", "lines", "title", "name", "subject", "institution", "field"}
    | {"level", "objective", "action", "names", "subnames"}
    | {"FirstName", "MiddleName", "LastName", "NameSuffix", "AddressLine", "City", "CourseTitle", "OrganizationName"}
    | {"LastSurname", "MaidenName", "StreetNumberName", "firstName", "middleName", "lastSurname", "streetNumberName"}
)
_PHONES = frozenset({"phone", "number", "PhoneNumber", "TelephoneNumber", "telephoneNumber"})
_TEXTS = frozenset(
    {"application/json", "application/xml", "application/rtf", "application/csv", "application/xhtml+xml"}
)
# The coarse search would take these for social security numbers: numbers of nine digits where numbers belong, because
# many LEAs use such numbers; and attachments, which are searched separately.
_HARMLESS = re.compile(
    rb'"(?:local_id|ssid|phone|postal_code|school|code|course_code|section|teacher|id|duns)"'
    rb'[ \t\r\n]{0,4}:[ \t\r\n]{0,4}"[0-9]{9}"'
    rb'|"content"[ \t\r\n]{0,4}:[ \t\r\n]{0,4}"[A-Za-z0-9+/=]*+"'
)
_PIECE = 1024 * 1024  # characters of base64 that are decoded at once, a multiple of four
_SHARED = 1024
_UTF16 = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
_ASIDE = ((b"<!--", b"-->"), (b"<?", b"?>"))  # the parser leaves these out, but they travel with the file


def check_document(content: bytes, document: Mapping[str, Any], known: Collection[str]) -> None:
    """Refuse a JSON document with a social security number. `content` holds its bytes; `known` holds the property names
    that a place may show.

    Raises Refused("has-ssn"): the place is the JSON pointer of the first number.
    """
    is_found = is_suspicious(content) and is_suspicious(_HARMLESS.sub(b'""', content))
    found = _in_value(document, "", "", known) if is_found else iter(())
    _refuse(_chained(found, _attached(document)))


def check_xml(content: bytes, limits: Limits) -> None:
    """Refuse XML with a social security number, also in a comment. Raises Refused("has-ssn"), whose place is a line,
    and what `xml.parse` raises."""
    if is_suspicious(content):
        _refuse(_chained(_in_element(xml.parse(content, limits)), _aside(content)))


def passed_on(content: bytes, elements: Iterable[Element]) -> Iterator[Element]:
    """The elements of a long document, each looked at as it passes; `content` holds its bytes. Raises Refused as
    `check_xml` does, after the last one."""
    found: list[str] = []
    is_found = is_suspicious(content)
    for one in elements:
        if is_found and len(found) <= MOST_PLACES:
            found.extend(islice(_in_element(one), MOST_PLACES))
        yield one
    if is_found:
        _refuse(_chained(iter(found), _aside(content)))


def check_value(content: bytes, value: object) -> None:
    """Refuse JSON of another form with a social security number; `content` holds its bytes. Raises Refused("has-ssn"):
    the place is a JSON pointer without the names of properties."""
    if is_suspicious(content):
        _refuse(_in_value(value, "", "", ()))


def check_rows(content: bytes, rows: Sequence[Row], columns: Sequence[str]) -> None:
    """Refuse a CSV that holds one; `content` has a byte for each digit, `columns` are the last steps of their places.
    Raises Refused("has-ssn"): the place is a line and a column."""
    if is_suspicious(content):
        _refuse(_in_rows(rows, columns))


def _refuse(places: Iterator[str]) -> None:
    first = next(places, None)
    if first is None:
        return
    others = [one for one in dict.fromkeys(islice(places, MOST_PLACES)) if one != first]
    more = f"Others are at {', '.join(others)}." if others else ""
    raise Refused("has-ssn", first, more)


def _chained(*several: Iterator[str]) -> Iterator[str]:
    for one in several:
        yield from one


def _in_value(value: object, name: str, pointer: str, known: Collection[str]) -> Iterator[str]:
    """The places of numbers in a value; recursion is bounded by the depth that the parser allows."""
    if isinstance(value, str):
        if name != "content" and _is_held(value, name):
            yield pointer
    elif isinstance(value, Mapping):
        for key, part in value.items():
            place = f"{pointer}/{key}" if key in known else pointer
            if is_held(key):
                yield place
            yield from _in_value(part, key, place, known)
    elif isinstance(value, list | tuple):
        for number, part in enumerate(value):
            yield from _in_value(part, name, f"{pointer}/{number}", known)


def _is_held(text: str, name: str) -> bool:
    return is_held(text, is_words=name in _WORDS, is_phone=name in _PHONES)


def _attached(document: Mapping[str, Any]) -> Iterator[str]:
    """The places of text attachments that hold a number."""
    record = document.get("record")
    attachments = record.get("attachments") if isinstance(record, Mapping) else None
    for number, one in enumerate(attachments if isinstance(attachments, list) else ()):
        if isinstance(one, Mapping) and _is_text(one.get("media_type")) and _is_in_base64(one.get("content")):
            yield f"/record/attachments/{number}/content"


def _is_text(media_type: object) -> bool:
    kind = str(media_type).lower()
    return kind.startswith("text/") or kind in _TEXTS


def _is_in_base64(content: object) -> bool:
    if not isinstance(content, str):
        return False
    encoding = "utf-8"
    for at in range(0, len(content), _PIECE):
        try:
            piece = base64.b64decode(content[at : at + _PIECE + _SHARED])
        except binascii.Error:  # no base64: the schema check reports that
            return False
        if at == 0 and piece[:2] in _UTF16:
            encoding = _UTF16[piece[:2]]
        text = piece.decode(encoding, "replace")
        if is_suspicious(text.encode()) and is_held(text):
            return True
    return False


def _in_element(root: Element) -> Iterator[str]:
    waiting = [root]
    while waiting:
        one = waiting.pop()
        waiting.extend(reversed(one.children))
        name = one.tag.rpartition("}")[2]
        others = (name, *one.attributes, *one.attributes.values())
        if _is_held(one.text, name) or any(map(is_held, others)):
            yield f"line {one.line}"


def _aside(content: bytes) -> Iterator[str]:
    for begin, end in _ASIDE:
        at = content.find(begin)
        while at >= 0:
            close = content.find(end, at)
            close = len(content) if close < 0 else close
            if is_held(content[at:close].decode("utf-8", "replace")):
                line = content.count(b"\n", 0, at) + 1
                yield f"line {line}"
            at = content.find(begin, close)


def _in_rows(rows: Sequence[Row], columns: Sequence[str]) -> Iterator[str]:
    for row in rows:
        for place, cell in enumerate(row.cells):
            name = columns[place] if place < len(columns) else ""
            if _is_held(cell, name):
                yield place_of(row, place + 1)
