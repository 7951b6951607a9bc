"""A public key alone, or the revocation of one, as the canonical document: the file that `gpg --export` wrote, sealed
like any other document.

Owns that form of a `key-rotation.v1`. Promises: a secretary needs only gpg to hand in a key; the same key again is the
same document; a secret key is refused (the reader of the key itself finds it).
"""

import base64
import hashlib
import uuid
from datetime import UTC, datetime
from typing import Any

from broker.core.errors import Refused
from broker.core.model import LeaId
from broker.core.openpgp import armor, certificates

_NAMESPACE = uuid.UUID("0d2f1d2e-6c0b-5c2f-8d5b-2a7a6f0c9b11")  # chosen at random; must never change
_ARMOR = (b"-----BEGIN PGP PUBLIC KEY BLOCK-----", b"-----BEGIN PGP PRIVATE KEY BLOCK-----")
_OLD, _NEW = frozenset({0x98, 0x99, 0x9A, 0x94, 0x95, 0x96}), frozenset({0xC6, 0xC5})  # RFC 4880 section 4.2
TOO_LARGE = "It is larger than a key in an outbox may be; export it with `--export-options export-minimal`."


def is_key(content: bytes) -> bool:
    """Whether the content is meant as a key, and is no UTF-8 text."""
    first, second = content[:1], content[1:2]
    is_binary = bool(first) and (first[0] in _OLD or (first[0] in _NEW and not b"\x80" <= second < b"\xc0"))
    return is_binary or content[:4096].lstrip().startswith(_ARMOR)


def read(content: bytes, lea: LeaId, most: int) -> dict[str, Any]:
    """The document of a key of at most `most` bytes. Raises Refused, with the codes of `certificates.parse`."""
    if len(content) > most:
        raise Refused("key-unreadable", hint=TOO_LARGE)
    try:
        packets = bytes(armor.dearmor(content.strip() + b"\n")[1]) if armor.is_armored(content) else content
        made = [one.created for one in certificates.bare(packets)] or _times(packets)
    except Refused as refused:
        code = refused.code if refused.code.startswith("key-") else "key-unreadable"
        raise Refused(code, hint=refused.hint) from None
    digest = hashlib.sha256(content).hexdigest()
    return {
        "packet": "key-rotation.v1",
        "id": str(uuid.uuid5(_NAMESPACE, f"{lea}/{digest}")),
        "from": str(lea),
        "created": datetime.fromtimestamp(max(made), UTC).isoformat(),
        "certificate": base64.b64encode(packets).decode("ascii"),
    }


def _times(packets: bytes) -> list[int]:
    """When the key and its signatures were made, in seconds since 1970. Raises Refused as `certificates.parse` does."""
    found = certificates.parse(packets)
    return [found.primary.created, *(one.created for part in found.parts for one in part.signatures)]
