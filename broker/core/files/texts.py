"""The text of a table, in whichever of the encodings that spreadsheet programs save it.

Owns how an encoding is told. Promises: UTF-8, UTF-16 and UTF-32 are read with and without a byte order mark; what is
none of them is read as Windows-1252 (of which Latin-1 is a part) only where all of it reads as a person would write it,
so that no letter of a name is replaced by another in silence. `encoded` gives a text back in the encoding it came in.
"""

import re
from typing import NamedTuple

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
_COULD_NOT = "Its encoding is neither UTF-8 nor the one of Windows (Windows-1252)."


class Text(NamedTuple):
    """A text without its byte order mark; `encoding` as Python calls it, `marked` where a mark came first."""

    text: str
    encoding: str
    marked: bool


def read(content: bytes) -> Text:
    """The text of the content. Raises Refused `not-utf8` with the line in which it cannot be read."""
    _, python = kinds_text.encoding_of(content)
    marked = content.startswith((_MARK, b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff"))
    if python:
        return _wide(content, python, marked)
    body = content[len(_MARK) :] if marked else content
    try:
        return Text(body.decode("utf-8"), "utf-8", marked)
    except UnicodeDecodeError as error:
        at = _line(content, error.start)
        if marked:
            raise Refused("not-utf8", at, "It says that it is UTF-8, and is not.") from None
    try:
        text = body.decode(WINDOWS)
    except UnicodeDecodeError as error:
        raise Refused("not-utf8", _line(content, error.start), _COULD_NOT) from None
    odd = _ODD.search(text)
    if odd:
        raise Refused("not-utf8", _line(content, odd.end() - 1), _COULD_NOT)
    return Text(text, WINDOWS, marked=False)


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


def _wide(content: bytes, python: str, marked: bool) -> Text:
    wide = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"} if python == "utf-16" else {}
    if python == "utf-32":
        wide = {b"\xff\xfe": "utf-32-le", b"\0\0": "utf-32-be"}
    exact = wide.get(content[:2], python)
    try:
        text = content.decode(exact)
    except UnicodeDecodeError:
        raise Refused("not-utf8", "", f"It begins as {exact[:6].upper()}, and does not go on so.") from None
    return Text(text.removeprefix("\ufeff"), exact, marked)


def _line(content: bytes, at: int) -> str:
    return f"line {content.count(bytes((10,)), 0, at) + 1}"
