"""The text of a table, in whichever of the encodings that spreadsheet programs save it.

Owns how an encoding is told. Promises: UTF-8, UTF-16 and UTF-32 are read with and without a byte order mark; what is
none of them is read as Windows-1252 (of which Latin-1 is a part) only where all of it reads as a person would write it,
so that no letter of a name is replaced by another in silence. `encoded` gives a text back in the encoding it came in.
"""

import codecs
import io
import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from broker.core.errors import Refused
from broker.core.files import kinds_text

_MARK = b"\xef\xbb\xbf"
WINDOWS = "cp1252"
_LOWER, _CAPITAL = "a-zß-öø-ÿšœž", "A-ZÀ-ÖØ-ÞŠŒŽŸ"
_OWN_CAPITAL = "À-ÖØ-ÞŠŒŽŸ"
# What Windows-1252 shows where the letters are those of another encoding (the Macintosh's, DOS's): signs that nobody
# writes in a list of students, or letters and signs where a person would not have them.
_ODD = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u0192\u2020\u2021\u02c6\u2030\u2039\u203a\u201a\u02dc\u00a4-\u00a6\u00ac\u00af\u00b8\u00d7\u00f7]"
    f"|[{_LOWER}][{_LOWER}][{_OWN_CAPITAL}]"  # a capital within a word: José and Müller of a Macintosh
    f"|[{_CAPITAL}][{_OWN_CAPITAL}][{_CAPITAL}]{{0,20}}[a-z]"
    f"|(?:[{_CAPITAL}]|(?<![{_LOWER}{_CAPITAL}]))[ß-öø-ÿšœžµ][{_CAPITAL}]{{1,2}}"  # and a small letter among capitals
    f"|[{_LOWER}{_CAPITAL}][\u201e\u201c\u201d\u2022\u2026\u2122¡¢£¨©«®°±²³µ¶¹»¼½¾¿§][{_LOWER}{_CAPITAL}]"
    f"|[{_LOWER}{_CAPITAL}][\u2013\u2014][{_LOWER}]"
    f"|[{_LOWER}]\u2018(?![{_LOWER}{_CAPITAL}])"
    "|[a-z][bcdfghjklmnpqrstvwxz]\u2019[bcdfghjklmnpqrvwxz]"
    f"|œ(?![a-z])|(?<![{_LOWER}{_CAPITAL}])Ð(?![{_LOWER}{_CAPITAL}])"
)
_PIECE = 1 << 20  # bytes of a file that are looked at in one go
_COULD_NOT = "Its encoding is neither UTF-8 nor the one of Windows (Windows-1252)."


class Text(NamedTuple):
    """A text without its byte order mark; `encoding` as Python calls it, `marked` where a mark came first."""

    text: str
    encoding: str
    marked: bool


class Encoding(NamedTuple):
    """As Python calls it, and how many bytes the byte order mark has that comes first, 0 for none."""

    encoding: str
    mark_bytes: int


def read(content: bytes) -> Text:
    """The text of the content. Raises Refused `not-utf8` with the line in which it cannot be read."""
    found = encoding_of(io.BytesIO(content))
    return Text(str(memoryview(content)[found.mark_bytes :], found.encoding), found.encoding, found.mark_bytes > 0)


def encoding_of(file: BinaryIO) -> Encoding:
    """The encoding of a file, all of which is looked at piece by piece. Raises Refused as `read` does."""
    head = file.read(kinds_text.HEAD)
    _, python = kinds_text.encoding_of(head)
    if python:
        return _wide(file, head, python)
    found = Encoding("utf-8", len(_MARK) if head.startswith(_MARK) else 0)
    line = _unreadable(file, found)
    if line and found.mark_bytes:
        raise Refused("not-utf8", f"line {line}", "It says that it is UTF-8, and is not.")
    if line:
        found = Encoding(WINDOWS, 0)
        line = _unreadable(file, found) or _odd(file)
    if line:
        raise Refused("not-utf8", f"line {line}", _COULD_NOT)
    return found


def plain(content: bytes) -> bytes:
    """The content, or where each letter has several bytes its text in UTF-8: digits are single bytes in it."""
    return read(content).text.encode() if kinds_text.encoding_of(content)[0] else content


def encoded(text: str, encoding: str, *, marked: bool) -> bytes:
    """The text in this encoding, behind a mark where it shall have one; in UTF-8 with a mark, by which spreadsheet
    programs know it, where that encoding has no such letters."""
    try:
        return (("\ufeff" if marked else "") + text).encode(encoding.removesuffix("-sig"))
    except UnicodeEncodeError:
        return _MARK + text.encode()


def _wide(file: BinaryIO, head: bytes, python: str) -> Encoding:
    wide = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"} if python == "utf-16" else {}
    if python == "utf-32":
        wide = {b"\xff\xfe": "utf-32-le", b"\0\0": "utf-32-be"}
    exact = wide.get(head[:2], python)
    mark = "\ufeff".encode(exact)
    found = Encoding(exact, len(mark) if head.startswith(mark) else 0)
    if _unreadable(file, found):
        raise Refused("not-utf8", "", f"It begins as {exact[:6].upper()}, and does not go on so.")
    return found


def _unreadable(file: BinaryIO, found: Encoding) -> int:
    """The first line with a byte that is none of this encoding; 0 where all are."""
    decoder = codecs.getincrementaldecoder(found.encoding)()
    lines = 1
    for piece in _pieces(file, found.mark_bytes):
        try:
            decoder.decode(piece, not piece)
        except UnicodeDecodeError as error:
            return lines + error.object.count(b"\n", 0, error.start)
        lines += piece.count(b"\n")
    return 0


def _odd(file: BinaryIO) -> int:
    """The first line that nobody would write so in Windows-1252; 0 for none."""
    lines, rest = 1, b""
    for piece in _pieces(file, 0):
        whole = rest + piece
        end = max(whole.rfind(b"\n"), whole.rfind(b"\r")) + 1 if piece else 0
        text, rest = (whole[:end], whole[end:]) if end else (whole, b"")
        odd = _ODD.search(text.decode(WINDOWS))
        if odd:
            return lines + text.count(b"\n", 0, odd.end() - 1)
        lines += text.count(b"\n")
    return 0


def _pieces(file: BinaryIO, start: int) -> Iterator[bytes]:
    """The file from there on, and an empty piece at its end."""
    file.seek(start)
    piece = file.read(_PIECE)
    while piece:
        yield piece
        piece = file.read(_PIECE)
    yield b""
