"""Kinds of content that are text: other encodings, web pages, mails, keys to log in with.

Owns these marks and the shape of a kind. Promises: the same as `kinds`.
"""

from typing import NamedTuple

HEAD = 4096  # bytes at the beginning in which the marks of a kind stand


class Kind(NamedTuple):
    """One kind. `name` follows the words "It is"; `advice` is a sentence that says what to do; `code` is its refusal
    code; `holds_data` says whether a file of this kind can name a student."""

    name: str
    advice: str
    code: str = "not-a-document"
    holds_data: bool = True


_AS_BOOK = "Open it in a spreadsheet program, save it as an Excel workbook (.xlsx), and send that."
_UTF8 = (
    'Save it as UTF-8: in a spreadsheet program choose "CSV UTF-8", in Notepad or another editor the encoding UTF-8.'
)
_LOG_IN_KEY = "It may be the key that you log in with (SSH)."

EMPTY = Kind(
    "empty", "Export the document again, check that there is something in it, and send it again.", "empty-document"
)
_HTML = Kind("a web page (HTML), even if its name ends in .xls or .csv", _AS_BOOK)
_MAIL = Kind("an e-mail", "Save the attachment from it, and send that.")
_EXCEL_XML = Kind("an Excel workbook, saved as XML", _AS_BOOK)
_FLAT_XML = Kind("a LibreOffice document, saved as XML", _AS_BOOK)
_DRIVE = Kind(
    "a shortcut to a document in Google Drive (.gsheet)",
    "No student is in it. Open it in the browser, choose File, Download, Microsoft Excel (.xlsx), and send that file.",
    holds_data=False,
)
_MAC = Kind(
    "a shortcut or a setting of a Mac (.webloc, .plist)",
    "No student is in it: choose the file itself, and send that.",
    holds_data=False,
)
_OPEN_ELSEWHERE = Kind(
    "what LibreOffice lays beside a file while it is open (.~lock)",
    "No student is in it: choose the file itself, whose name is without .~lock and #, and send that.",
    holds_data=False,
)
_SECRET = Kind("a secret key", _LOG_IN_KEY, "secret-key-sent")
_SECRET_OF_GPG = Kind("a secret key", "It is a file in which gpg keeps your key.", "secret-key-sent")
_PUBLIC = Kind("a public key", _LOG_IN_KEY, "public-key-sent")

_ENCODINGS = {  # byte order mark: the encoding's name, and Python's name for it
    b"\xff\xfe\0\0": ("UTF-32", "utf-32"),
    b"\0\0\xfe\xff": ("UTF-32", "utf-32"),
    b"\xff\xfe": ("UTF-16", "utf-16"),
    b"\xfe\xff": ("UTF-16", "utf-16"),
}
# where most letters are ASCII, these places out of four hold bytes that are not zero
_WITHOUT_MARK = {(0, 2): "utf-16-le", (1, 3): "utf-16-be", (0,): "utf-32-le", (3,): "utf-32-be"}
_PAGE = (b"<!doctype html", b"<html", b"<head", b"<body", b"<table", b"<meta", b"<script", b"<style", b"<div", b"<p>")
_HEADERS: tuple[bytes, ...] = (
    b"from:",
    b"to:",
    b"subject:",
    b"date:",
    b"message-id:",
    b"mime-version:",
    b"received:",
    b"return-path:",
)
_HEADERS += (b"delivered-to:", b"content-type:", b"reply-to:", b"cc:", b"dkim-signature:", b"x-mailer:")
_LEAST_HEADERS = 3
_IN_DRIVE = (b"https://docs.google.com/", b"https://drive.google.com/")
_PLIST = b"<!DOCTYPE plist"
_WORKBOOK, _FLAT = b"urn:schemas-microsoft-com:office:spreadsheet", b"<office:document"
_SECRETS = (b"PRIVATE KEY-----", b"PuTTY-User-Key-File-")
_SECRETS_OF_GPG = (b"(private-key", b"(protected-private-key")
_PUBLICS = (b"ssh-ed25519 AAAA", b"ssh-rsa AAAA", b"ecdsa-sha2-nist", b"sk-ssh-ed25519", b"---- BEGIN SSH2 PUBLIC KEY")


def of(content: bytes) -> Kind | None:
    """The kind of a text; None where it may be a document."""
    name, _ = encoding_of(content)
    if name:
        return Kind(f"text in {name}", _UTF8, "not-utf8")
    head = content[:HEAD].removeprefix(b"\xef\xbb\xbf").lstrip()
    if head.startswith(b"{") and b'"packet"' not in head and any(mark in head for mark in _IN_DRIVE):
        return _DRIVE
    if _PLIST in head:
        return _MAC
    if _is_lock(head.strip()):
        return _OPEN_ELSEWHERE
    if any(mark in content for mark in _SECRETS):
        return _SECRET
    if any(mark in head for mark in _SECRETS_OF_GPG):
        return _SECRET_OF_GPG
    if head.startswith(_PUBLICS):
        return _PUBLIC
    if _WORKBOOK in head or _FLAT in head:
        return _EXCEL_XML if _WORKBOOK in head else _FLAT_XML
    if _is_page(head.lower()):
        return _HTML
    return _MAIL if _is_mail(head.lower()) else None


def encoding_of(content: bytes) -> tuple[str, str]:
    """The name, and Python's name, of an encoding with more than one byte for a plain letter; two empty texts where the
    content is not in one."""
    for mark, found in _ENCODINGS.items():
        if content.startswith(mark):
            return found
    head = content[: HEAD // 4 * 4]
    if len(head) < 4 or head.count(0) * 4 < len(head):
        return "", ""
    quarters = [head[place::4] for place in range(4)]
    filled = tuple(place for place, one in enumerate(quarters) if one.count(0) * 4 < len(one))
    python = _WITHOUT_MARK.get(filled, "")
    if not python or not _reads(head.decode(python, "replace")):
        return "", ""
    return python[:6].upper(), python


def _reads(text: str) -> bool:
    """Whether nearly all characters are readable: the bytes of a program, decoded as text, are not."""
    odd = sum(letter == "\ufffd" or not (letter.isprintable() or letter.isspace()) for letter in text)
    return 20 * odd < len(text)


def decoded(content: bytes) -> str:
    """The text of a content, whatever its encoding, for searching it. In UTF-16 and UTF-32 unreadable bytes are left
    out; else they are replaced."""
    _, python = encoding_of(content)
    return content.decode(python or "utf-8", "ignore" if python else "replace")


def _is_page(head: bytes) -> bool:
    """Whether it is HTML, after leading comments and the XML declaration of XHTML."""
    while head.startswith((b"<!--", b"<?xml")):
        _, found, head = head.partition(b"-->" if head.startswith(b"<!--") else b"?>")
        if not found:
            return False
        head = head.lstrip()
    return head.startswith(_PAGE)


def _is_lock(head: bytes) -> bool:
    """Whether it is one line in which LibreOffice says who has a file open, since when, and from where."""
    return head.startswith(b",") and head.endswith(b";") and b",file:///" in head and b"\n" not in head


def _is_mail(head: bytes) -> bool:
    lines = head.split(b"\n\n")[0].split(b"\r\n\r\n")[0].splitlines()
    if lines and lines[0].startswith(b"from ") and b"@" in lines[0]:
        lines = lines[1:]
    if not lines or b":" not in lines[0].split(b" ")[0]:
        return False
    return sum(any(line.startswith(name) for line in lines) for name in _HEADERS) >= _LEAST_HEADERS
