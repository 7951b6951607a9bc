"""The text of an XML document in UTF-8, whichever encoding it is in.

Owns how the encoding of XML is told. Promises: the bytes decide before the declaration does, because programs write
UTF-16 and declare UTF-8, or the other way round; an encoding of one byte for each letter is believed where it is
declared and the bytes are no UTF-8; lines stay where they are. What cannot be told is left as it is, and refused by
the parser.
"""

import codecs
import re

from broker.core.errors import Refused
from broker.core.files import kinds_text

_BOM = b"\xef\xbb\xbf"
_DECLARATION = re.compile(r"\A<\?xml[ \t\r\n][^>]{0,200}?\?>")
_DECLARED = re.compile(
    rb"""\A<\?xml[^>]{0,200}?\bencoding[ \t\r\n]{0,9}=[ \t\r\n]{0,9}["']([A-Za-z0-9_.:-]{1,40})["']"""
)
_ONE_BYTE = frozenset({"iso8859-1", "iso8859-15", "cp1252", "cp1250", "iso8859-2", "mac-roman"})


def in_utf8(content: bytes) -> bytes:
    """The document in UTF-8, without a mark; its declaration is left out where it names another encoding. Raises
    Refused `not-utf8` where the bytes are not what they begin as."""
    python = kinds_text.encoding_of(content)[1] or _declared(content)
    if not python:
        return without_declaration(content.removeprefix(_BOM))
    try:
        return without_declaration(content.decode(python).removeprefix("\ufeff").encode())
    except UnicodeError:
        pass  # the exception holds the document
    raise Refused("not-utf8", "", f"It begins as {python[:6].upper()}, and does not go on so.")


def _declared(content: bytes) -> str:
    """Python's name of the declared encoding of one byte a letter, where the content is no UTF-8; '' for none."""
    found = None if content.startswith(_BOM) else _DECLARED.match(content)
    try:
        name = codecs.lookup(found[1].decode()).name if found else ""
    except LookupError:
        return ""
    if name not in _ONE_BYTE:
        return ""
    try:
        content.decode()
    except UnicodeDecodeError:
        return name
    return ""


def without_declaration(content: bytes) -> bytes:
    """A document in UTF-8 without its declaration, but for the ends of lines in it."""
    head = content[:256].decode("utf-8", "ignore")
    found = _DECLARATION.match(head)
    return b"\n" * found[0].count("\n") + content[len(found[0].encode()) :] if found else content
