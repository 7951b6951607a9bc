"""The kind of an OpenPGP content: sealed, signed in the clear, a signature alone, a key, a revocation.

Owns this judgement, only to tell a sender what the file is: nothing here is verified, and damage is skipped as far as
possible. Promises: a secret key is found wherever it stands, in armour or not; the work is bounded by the number of
packets, and grows with the bytes.
"""

import base64
import re
from enum import StrEnum

from broker.core.errors import Refused
from broker.core.openpgp import frames, signatures

# at the beginning of a line, even where a mail or text program has changed the dashes; not where a text mentions it
_BEGIN = re.compile(
    rb"(?:\A|[\r\n])[^A-Za-z0-9\r\n`\"']{0,24}BEGIN PGP "
    rb"(SIGNED MESSAGE|MESSAGE|PUBLIC KEY BLOCK|PRIVATE KEY BLOCK|SIGNATURE)(?![A-Za-z ])"
)
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]++")
_SECRET_BLOCK = b"BEGIN PGP PRIVATE KEY BLOCK"
_MOST_PACKETS = 256
_MOST_ARMOR = 4 * 1024 * 1024  # bytes of one armour that are read
_OPEN_ENDED = frozenset({frames.COMPRESSED, frames.LITERAL, frames.SED})


class Shape(StrEnum):
    """The kind of an OpenPGP content."""

    SEALED = "sealed"
    SIGNED = "signed"  # signed, with its content in the clear; or only that content, unsigned
    SIGNED_TEXT = "signed text"  # a cleartext signature, RFC 4880 section 7
    SIGNATURE = "signature"
    REVOCATION = "revocation"
    PUBLIC_KEY = "public key"
    SECRET_KEY = "secret key"  # noqa: S105  a word, and no key


_BY_TAG = dict.fromkeys((frames.PKESK, frames.SKESK, frames.SED, frames.SEIPD, frames.AEAD), Shape.SEALED)
_BY_TAG |= dict.fromkeys((frames.ONE_PASS, frames.LITERAL, frames.COMPRESSED), Shape.SIGNED)
_BY_TAG |= dict.fromkeys((frames.PUBLIC_KEY, frames.PUBLIC_SUBKEY), Shape.PUBLIC_KEY)
_BY_TAG |= dict.fromkeys((frames.SECRET_KEY, frames.SECRET_SUBKEY), Shape.SECRET_KEY)


def shape_of(content: bytes) -> Shape | None:
    """The shape of `content`; None where it is not OpenPGP."""
    if content[:1] >= b"\x80" and (shape := _of_packets(content)) is not None:
        return shape
    if _SECRET_BLOCK in content and any(found[1] == b"PRIVATE KEY BLOCK" for found in _BEGIN.finditer(content)):
        return Shape.SECRET_KEY
    found = _BEGIN.search(content) if b"BEGIN PGP " in content else None
    if found is None:
        return None
    if found[1] == b"SIGNED MESSAGE":
        return Shape.SIGNED_TEXT
    return _of_packets(body_of(content)) or _BY_LABEL.get(found[1])


_BY_LABEL = {b"MESSAGE": Shape.SEALED, b"PUBLIC KEY BLOCK": Shape.PUBLIC_KEY, b"SIGNATURE": Shape.SIGNATURE}


def body_of(content: bytes) -> bytes:
    """The packets in the first armour of `content`, as far as they can be read, even where its lines were changed; the
    content itself where it is binary or has no armour."""
    found = _BEGIN.search(content)
    if content[:1] >= b"\x80" or found is None:
        return content
    end = content.find(b"END PGP ", found.end())
    stop = min(end if end >= 0 else len(content), found.end() + _MOST_ARMOR)
    text = content[found.end() : stop].replace(b"\r", b"\n")
    _, blank, body = text.lstrip(b" \t\n").partition(b"\n\n") if b": " in text[:1024] else ("", b"\n", text)
    letters = _NOT_BASE64.sub(b"", (body if blank else text).split(b"\n=")[0]).split(b"=")[0]
    letters = letters[: len(letters) - (len(letters) % 4 == 1)]
    return base64.b64decode(letters + b"=" * (-len(letters) % 4))


def around(content: bytes) -> bytes:
    """The text around the first armour of `content`; empty where there is no armour."""
    found = _BEGIN.search(content)
    if found is None:
        return b""
    end = content.find(b"END PGP ", found.end())
    return content[: found.start()] + b"\n" + (content[end:] if end >= 0 else b"")


def _of_packets(content: bytes) -> Shape | None:
    """The shape by the packets in order, as far as they can be read. The first packet decides, except where a secret
    key or a revocation is among them."""
    view, found, kinds = memoryview(content), list[int](), list[int]()
    try:
        for frame in frames.walk(view, _MOST_PACKETS, _OPEN_ENDED):
            start = next((begin for begin, end in frame.parts if end > begin), 0)
            if not found and (start >= len(view) or view[start] not in frames.BEGINNINGS.get(frame.tag, b"")):
                return None
            found.append(frame.tag)
            if frame.tag == frames.SIGNATURE:
                kinds.append(view[start + 1] if view[start] > 3 else view[start + 2])
    except (Refused, IndexError):  # the packets before the damage say enough
        pass
    return _named(found, kinds) if found else None


def _named(tags: list[int], kinds: list[int]) -> Shape | None:
    if frames.SECRET_KEY in tags or frames.SECRET_SUBKEY in tags:
        return Shape.SECRET_KEY
    if tags[0] in (frames.SIGNATURE, frames.PUBLIC_KEY) and signatures.KEY_REVOCATION in kinds:
        return Shape.REVOCATION
    if tags[0] != frames.SIGNATURE:
        return _BY_TAG.get(tags[0])
    if set(tags) != {frames.SIGNATURE}:
        return Shape.SIGNED
    return Shape.REVOCATION if signatures.REVOCATIONS & set(kinds) else Shape.SIGNATURE
