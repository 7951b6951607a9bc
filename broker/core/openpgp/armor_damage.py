"""Sentences that say how a text armour was damaged.

Owns these sentences. Promises: none of them holds a piece of the file; the work grows with the bytes.
"""

import re
from typing import NamedTuple

_BEGIN = re.compile(rb"BEGIN PGP [A-Z ]{4,30}+(?![A-Za-z])")
_MOST = 1024 * 1024  # bytes at each end that are searched
_AGAIN = "send the file as gpg wrote it, or seal the document again without --armor"


class _Sign(NamedTuple):
    mark: "re.Pattern[bytes]"
    says: str


# searched for in the armour and the text around it, in this order; line ends are LF
_SIGNS = (
    _Sign(
        re.compile(rb"\n> ?-----BEGIN PGP "),
        f"Its lines have a > before them, as in the answer to an e-mail: {_AGAIN}.",
    ),
    _Sign(
        re.compile(rb"\n[ \t]++-----BEGIN PGP "),
        f"There are blanks before its lines: take them out, or {_AGAIN}.",
    ),
    _Sign(
        re.compile(rb"=3D(?:[A-Za-z0-9+/]{4})?+\n|=3D=3D"),
        f"An e-mail program has rewritten it (there is =3D in it): {_AGAIN}.",
    ),
    _Sign(re.compile(rb"<br|&nbsp;|</p>|</div>", re.IGNORECASE), f"It was copied from a web page: {_AGAIN}."),
    _Sign(
        re.compile(rb"(?<!-----)BEGIN PGP |\n------BEGIN"),
        f"Its first line no longer begins with five dashes: {_AGAIN}.",
    ),
    _Sign(re.compile(rb"\n- -----"), f"Its lines that begin with dashes were changed (- before them): {_AGAIN}."),
)
_TEXT = "Text stands {} line, as an e-mail program adds it: take it out, or seal the document again without --armor."
_TWICE = "It holds two sealed documents: put each into a file of its own."


def damage(file: bytes) -> str:
    """A sentence that says what is wrong with the armour in `file`, and what to do; empty where the damage is
    unknown."""
    some = file if len(file) <= 2 * _MOST else file[:_MOST] + b"\n" + file[-_MOST:]
    text = b"\n" + some.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    begins = _BEGIN.findall(text)
    if not begins:
        return ""
    if len(begins) > 1:
        return _TWICE
    for sign in _SIGNS:
        if sign.mark.search(text):
            return sign.says
    if text[: text.find(b"-----BEGIN")].strip():
        return _TEXT.format("before its first")
    end = text.find(b"\n-----END PGP ")
    if end >= 0 and text[end + 1 :].partition(b"\n")[2].strip():
        return _TEXT.format("behind its last")
    return ""
