"""The canonical form of a document: strict JSON in, canonical JSON out.

Owns how bytes become a document. Promises: an accepted document is one JSON object in UTF-8 (RFC 8259) that every
correct reader understands in the same way: no name twice in one object, no NaN or Infinity, no number beyond a double,
no lone surrogate, no byte order mark. Time is linear and memory bounded: the number of values and the text outside
attachments are limited before anything is built from them. No refusal and no exception holds a piece of the input.
"""

import hashlib
import json
import re
from typing import Any

import orjson

from broker.core.errors import Refused

VALUES = 1_000_000
PLAIN_BYTES = 32 * 1024 * 1024
DEEPEST = 200  # the serialiser's own limit is 254

_BOM = b"\xef\xbb\xbf"
_PLACES_WITHIN = 1024 * 1024
_ATTACHED = re.compile(rb'(?<!\\)"[A-Za-z0-9+/=]{65536,}+"')
# The end of the content also ends a string: otherwise each quote within an unclosed string would start a new search.
_TOKEN = re.compile(rb'("[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z))(\s*+:)?|[\[\]{}]', re.DOTALL)
_NO_ROOM = "Not enough memory"  # the parser's message where others raise MemoryError
_NAME_BYTES = 20  # a name is kept as a digest of so many bytes; nobody can find two names with the same digest


def parse(content: bytes, max_depth: int) -> dict[str, Any]:
    """The document in `content`, with at most `max_depth` levels of objects and lists (the outermost is level 1).

    A `max_depth` above `DEEPEST` counts as `DEEPEST`.
    Raises Refused: `not-utf8`, `not-json`, `duplicate-key`, `too-deep`, `inflates-too-much` (over `VALUES` values, or
    over `PLAIN_BYTES` bytes besides base64 attachments). The place is `line L column C`, or empty where it lies beyond
    the first MiB; columns count characters.
    """
    if content.startswith(_BOM):
        raise Refused(
            "not-utf8",
            "line 1 column 1",
            'It begins with a mark (BOM): in Notepad choose "UTF-8", and not "UTF-8 with BOM".',
        )
    document = parse_any(content, max_depth)
    if not isinstance(document, dict):
        raise Refused("not-json", "line 1 column 1", "A document is one object, in braces.")
    return document


def parse_any(content: bytes, max_depth: int) -> object:
    """The same of any value, as other programs write it; it is no document yet."""
    max_depth = min(max_depth, DEEPEST)
    _check_size(content)
    value = _load(content, max_depth)
    if _is_deeper(value, max_depth):
        raise _offence("too-deep", content, max_depth)
    if isinstance(value, dict | list) and not _names_are_single(content, value):
        raise _offence("duplicate-key", content, max_depth)
    return value


def serialise(document: object) -> bytes:
    """`document` as JSON in UTF-8 with sorted names and no white space; equal documents give equal bytes."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS)


def _load(content: bytes, max_depth: int) -> object:
    # The parser's exception holds and quotes the whole document, so it ends here and never becomes a context.
    try:
        return orjson.loads(content)
    except json.JSONDecodeError as error:
        line, column, is_room = error.lineno, error.colno, not error.msg.startswith(_NO_ROOM)
    if not is_room:
        raise MemoryError
    unreadable = _first_not_utf8(content)
    if unreadable is not None:
        raise Refused("not-utf8", _place(content, unreadable), "It may be in an encoding of Windows or of a Mac.")
    offence = _first_offence(content, max_depth)
    if offence is not None and offence[0] == "too-deep":
        raise Refused("too-deep", _place(content, offence[1]), f"At most {max_depth} levels are read.")
    raise Refused("not-json", f"line {line} column {column}")


def _check_size(content: bytes) -> None:
    """Refuse content that takes far more memory than its bytes: millions of tiny values, or huge non-base64 text."""
    if len(content) > 2 * VALUES and content.count(b",") + content.count(b"[") + content.count(b"{") > VALUES:
        raise Refused("inflates-too-much", "", f"It holds more than {VALUES} values.")
    if len(content) > PLAIN_BYTES:
        attached = sum(found.end() - found.start() for found in _ATTACHED.finditer(content))
        if len(content) - attached > PLAIN_BYTES:
            raise Refused(
                "inflates-too-much", "", f"Besides attachments it holds over {PLAIN_BYTES >> 20} MiB of text."
            )


def _is_deeper(document: object, max_depth: int) -> bool:
    """Whether containers nest more than `max_depth` levels; without recursion."""
    level: list[Any] = [document] if isinstance(document, dict | list) else []
    for _ in range(max_depth):
        if not level:
            return False
        level = [
            value
            for container in level
            for value in (container.values() if type(container) is dict else container)
            if type(value) is dict or type(value) is list
        ]
    return bool(level)


def _names_are_single(content: bytes, document: object) -> bool:
    """Whether no object of `content` has a name twice; `document` is the result of a parser that keeps the last value.

    Every member has one colon, and an overwritten member loses its colon. Colons within strings are the same before and
    after, unless they are written as an escape; only then the names themselves must be compared.
    """
    if b"\\u003" in content:
        return _first_offence(content, len(content), len(content)) is None
    return content.count(b":") == orjson.dumps(document).count(b":")


def _first_not_utf8(content: bytes) -> int | None:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start
    return None


def _first_offence(content: bytes, max_depth: int, within: int = _PLACES_WITHIN) -> tuple[str, int] | None:
    """Code and byte offset of the first level that is too deep, or the first repeated name, in the first `within`
    bytes."""
    names: list[set[bytes]] = []
    for token in _TOKEN.finditer(content, 0, within):
        text = token.group(1)
        if text is None:
            if token.group() in (b"]", b"}"):
                del names[-1:]
                continue
            names.append(set())
            if len(names) > max_depth:
                return "too-deep", token.start()
        elif token.group(2) is not None and names:
            name = _digest(text)
            if name in names[-1]:
                return "duplicate-key", token.start()
            names[-1].add(name)
    return None


def _digest(text: bytes) -> bytes:
    """The digest of a name, the same however it is written; it is short (the serialiser's own bytes take 4 kB)."""
    try:
        name = orjson.dumps(orjson.loads(text)) if b"\\" in text else text
    except json.JSONDecodeError:
        name = text
    return hashlib.blake2b(name, digest_size=_NAME_BYTES).digest()


def _offence(code: str, content: bytes, max_depth: int) -> Refused:
    """The refusal of a readable document: for its first offence, or for `code` where the offence lies too far down."""
    offence = _first_offence(content, max_depth)
    code, place = (code, "") if offence is None else (offence[0], _place(content, offence[1]))
    return Refused(code, place, f"At most {max_depth} levels are read." if code == "too-deep" else "")


def _place(content: bytes, offset: int) -> str:
    start = content.rfind(b"\n", 0, offset) + 1
    line = content.count(b"\n", 0, offset) + 1
    return f"line {line} column {len(content[start:offset].decode('utf-8', 'replace')) + 1}"
