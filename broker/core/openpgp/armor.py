"""The text armour of OpenPGP: between lines of base64 and bytes.

Owns RFC 4880 section 6.2, and the cleartext signature framework of its section 7. Promises: strict base64; only blank
text around the armour and before its lines; bounded memory (the decoded bytes beside the armoured ones). The CRC is a
checksum against line noise, which RFC 9580 section 6.1 makes optional: where it stands, it must be well formed, and it
is not computed, because the signature and the integrity code inside do that job.
"""

import base64
import binascii
import re
from typing import NamedTuple

from broker.core.errors import Refused

# Repetitions never give blanks back (`*+`): a value may consist of blanks, and every split of them would be tried.
_BEGIN = re.compile(rb"-----BEGIN PGP ([A-Z0-9 ,/]{1,40})-----[ \t]*+\r?\n")
_HEADER = re.compile(rb"[A-Za-z][A-Za-z0-9-]{0,60}+:(?: [^\r\n]{0,4000}+)?+[ \t]*+\r?\n")
_HASHES = {"MD5": 1, "SHA1": 2, "RIPEMD160": 3, "SHA256": 8, "SHA384": 9, "SHA512": 10, "SHA224": 11}
_HASH_NAME = b"(?:" + "|".join(_HASHES).encode() + b")"
_HASH = re.compile(rb"Hash: " + _HASH_NAME + rb"(?:, ?" + _HASH_NAME + rb"){0,5}+[ \t]*+\r?\n")
_MOST_HASHES = 400  # bytes
_NO_HEADERS = "In a signed text no header but `Hash` is allowed: what stands in others is not signed."
_BLANK = re.compile(rb"[ \t]*+\r?\n")
_CRC = re.compile(rb"\r?\n=[A-Za-z0-9+/]{4}[ \t\r\n]*\Z")
_BOM = b"\xef\xbb\xbf"
_UTF16 = tuple("-----BEGIN PGP ".encode(name) for name in ("utf-16-le", "utf-16-be"))
_SPACE = b" \t\r\n"
_INDENT = re.compile(rb"^[ \t]++", re.MULTILINE)
_SLICE = 1 << 20
_SIGNED = "SIGNED MESSAGE"
_MOST_HEADERS = 32


class Cleartext(NamedTuple):
    """A cleartext signed message: the signed text with its lines joined by LF, the signature packets, and the ids of
    the hashes that its header names (RFC 4880 section 9.4)."""

    text: str
    signatures: bytes
    hashes: frozenset[int]


def is_armored(data: bytes) -> bool:
    """Whether `data` is text armour, or looks like it; binary OpenPGP has the top bit of its first byte set."""
    first = b"\n" + data[:4096].removeprefix(_BOM).lstrip()
    return _is_utf16(data) or ((data[:1] < b"\x80" or data[:3] == _BOM) and b"\n-----BEGIN PGP " in first)


def _is_utf16(data: bytes) -> bool:
    return data[:2] in (b"\xff\xfe", b"\xfe\xff") and any(begin in data[:512] for begin in _UTF16)


def dearmor(data: bytes) -> tuple[str, bytearray]:
    """The kind (`MESSAGE`, `PUBLIC KEY BLOCK` …) and the bytes of one armour.

    Raises Refused: `bad-armor`, `truncated` where its last line is missing, `not-sealed` for a cleartext signature.
    """
    if _is_utf16(data):
        raise Refused("bad-armor", hint="The file was saved as UTF-16 text; use gpg's --output option instead of >.")
    data = _flush_left(data)
    kind, at = _opened(data)
    if kind == _SIGNED:
        raise Refused("not-sealed")
    at = _after_headers(data, at)
    tail = b"-----END PGP " + kind.encode() + b"-----"
    end = data.find(b"-----", at)
    if end < 0 or tail.startswith(data[end:]):
        if end >= 0 and data[end:] == tail:
            return kind, _decoded(data, at, end)
        raise Refused("truncated")
    if data[end : end + len(tail)] != tail or data[end + len(tail) :].strip():
        raise Refused("bad-armor")
    return kind, _decoded(data, at, end)


def _flush_left(data: bytes) -> bytes:
    """The armour without the blanks before its lines, where the first line is indented: these blanks mean nothing."""
    head = data[:4096].removeprefix(_BOM)
    return _INDENT.sub(b"", data) if head[: len(head) - len(head.lstrip())].rpartition(b"\n")[2] else data


def _opened(data: bytes) -> tuple[str, int]:
    start = len(_BOM) if data.startswith(_BOM) else 0
    while blank := _BLANK.match(data, start):
        start = blank.end()
    begin = _BEGIN.match(data, start)
    if not begin:
        raise Refused("truncated" if b"\n" not in data[start : start + 80] and len(data) - start < 80 else "bad-armor")
    return begin[1].decode("ascii"), begin.end()


def _after_headers(data: bytes, at: int) -> int:
    for _ in range(_MOST_HEADERS):
        header = _HEADER.match(data, at)
        if not header:
            break
        at = header.end()
    blank = _BLANK.match(data, at)
    if not blank:
        raise Refused("truncated" if data.find(b"\n", at) < 0 else "bad-armor")
    return blank.end()


def _decoded(data: bytes, at: int, end: int) -> bytearray:
    crc = _CRC.search(data, max(at - 2, end - 64), end)
    stop = crc.start() if crc else end
    out, rest = bytearray(), b""
    try:
        for start in range(at, stop, _SLICE):
            text = rest + data[start : min(start + _SLICE, stop)].translate(None, _SPACE)
            whole = len(text) - len(text) % 4 if start + _SLICE < stop else len(text)
            if out and len(out) % 3:  # there is padding, and then more text
                raise Refused("bad-armor")
            out += binascii.a2b_base64(text[:whole], strict_mode=True)
            rest = text[whole:]
    except binascii.Error:
        raise Refused("bad-armor") from None
    return out


def enarmor(kind: str, data: bytes | bytearray) -> str:
    """Armour around `data`; meant for keys and signatures, because computing the CRC here is slow.

    GnuPG 2.2 misreads armour that has neither a CRC nor padding, so the CRC is always there.
    """
    text = base64.b64encode(data).decode("ascii")
    lines = [text[at : at + 64] for at in range(0, len(text), 64)]
    lines.append("=" + base64.b64encode(_crc(data)).decode("ascii"))
    return f"-----BEGIN PGP {kind}-----\n\n" + "\n".join(lines) + f"\n-----END PGP {kind}-----\n"


def _crc(data: bytes | bytearray) -> bytes:
    """CRC-24, RFC 4880 section 6.1."""
    crc = 0xB704CE
    for octet in data:
        crc = ((crc << 8) & 0xFFFFFF) ^ _CRC_TABLE[(crc >> 16) ^ octet]
    return crc.to_bytes(3, "big")


def _crc_of_octet(octet: int) -> int:
    crc = octet << 16
    for _ in range(8):
        crc = (crc << 1) ^ (0x1864CFB if crc & 0x800000 else 0)
    return crc & 0xFFFFFF


_CRC_TABLE = tuple(_crc_of_octet(octet) for octet in range(256))


def signed_lines(text: str) -> list[str]:
    """The lines of `text` as a cleartext signature covers them: without blanks at their ends and without a last empty
    line."""
    lines = [line.rstrip(" \t\r") for line in text.split("\n")]
    return lines[:-1] if lines[-1] == "" and len(lines) > 1 else lines


def clear_armor(text: str, hash_name: str, signature: bytes) -> str:
    """The cleartext signed message of `text`, RFC 4880 section 7.1 (lines with a dash are escaped)."""
    lines = ("- " + line if line.startswith("-") else line for line in signed_lines(text))
    head = f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: {hash_name}\n\n"
    return head + "\n".join(lines) + "\n" + enarmor("SIGNATURE", signature)


def cleartext(signed: bytes) -> Cleartext:
    """Take a cleartext signed message apart.

    Headers other than `Hash` are `bad-armor`, also in the signature's armour: they are not signed. Raises Refused:
    `bad-armor`, `truncated`, `not-utf8`; `unsigned` where there is no cleartext signed message.
    """
    try:
        kind, at = _opened(signed)
    except Refused:
        raise Refused("unsigned") from None
    if kind != _SIGNED:
        raise Refused("unsigned")
    if signed.startswith(_BOM):
        raise Refused("bad-armor", hint="It begins with a byte order mark; gpg would not see the message at all.")
    at, hashes = _after_hashes(signed, at)
    stop = signed.find(b"\n-----BEGIN PGP SIGNATURE-----", max(at - 1, 0))
    if stop < 0:
        raise Refused("truncated")
    try:
        lines = signed[at : max(stop, at)].decode("utf-8").split("\n")
    except UnicodeDecodeError:
        raise Refused("not-utf8") from None
    if any(line.startswith("-") and not line.startswith("- ") for line in lines):
        raise Refused("bad-armor")
    text = "\n".join(line.removeprefix("- ").rstrip(" \t\r") for line in lines)
    if _HEADER.match(signed, _opened(signed[stop + 1 :])[1] + stop + 1):
        raise Refused("bad-armor", hint=_NO_HEADERS)
    return Cleartext(text, bytes(dearmor(signed[stop + 1 :])[1]), hashes)


def _after_hashes(signed: bytes, at: int) -> tuple[int, frozenset[int]]:
    """Where the text begins, and the hashes: the text follows headers that name only hashes, and an empty line. Other
    headers are refused: they are not signed, and a reader of the file would take them for a part of the text."""
    begin, named = at, set[int]()
    while (header := _HASH.match(signed, at)) and at - begin < _MOST_HASHES:
        named |= {_HASHES[one.strip()] for one in header[0].decode("ascii").removeprefix("Hash:").split(",")}
        at = header.end()
    blank = _BLANK.match(signed, at)
    if not blank:
        raise Refused("truncated" if signed.find(b"\n", at) < 0 else "bad-armor", hint=_NO_HEADERS)
    return blank.end(), frozenset(named)
