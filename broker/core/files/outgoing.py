"""The kind of a file that somebody wants to seal or send, as far as it shows from outside.

Owns the kinds. Promises: any bytes have a kind; nothing is decrypted; the result holds only the kind and, for a sealed
file, the keys that it is encrypted to.
"""

from enum import StrEnum
from typing import NamedTuple

from broker.core.errors import Refused
from broker.core.openpgp import armor, frames, message

_PACKETS, _RECIPIENTS = 64, 16
_HIDDEN = "0" * 16  # RFC 4880 section 5.1: a key id that is not told


class Kind(StrEnum):
    """The kinds of a file."""

    SEALED = "sealed"
    CLEAR = "clear"
    EMPTY = "empty"
    SIGNED = "signed"
    RECEIPT = "receipt"
    SIGNATURE = "signature"
    PUBLIC_KEY = "public-key"
    SECRET_KEY = "secret-key"  # noqa: S105
    PASSPHRASE = "passphrase"  # noqa: S105
    CUT_SHORT = "cut-short"
    BROKEN = "broken"


class Recognised(NamedTuple):
    """The kind of a file; `key_ids` are the keys that a sealed file is encrypted to, 16 upper-case hex digits each."""

    kind: Kind
    key_ids: tuple[str, ...] = ()

    def is_for(self, key_ids: tuple[str, ...]) -> bool:
        """Whether one of these keys may open the file. It may also be one for which the file hides the key id."""
        return bool({*key_ids, _HIDDEN} & {*self.key_ids})


_ARMORED = {
    "PUBLIC KEY BLOCK": Kind.PUBLIC_KEY,
    "PRIVATE KEY BLOCK": Kind.SECRET_KEY,
    "SIGNATURE": Kind.SIGNATURE,
}
_BY_CODE = {
    "not-openpgp": Kind.CLEAR,
    "not-sealed": Kind.SIGNED,
    "password-sealed": Kind.PASSPHRASE,
    "key-secret": Kind.SECRET_KEY,
    "truncated": Kind.CUT_SHORT,
}
_KEYS = frozenset({frames.PUBLIC_KEY, frames.PUBLIC_SUBKEY})


def recognise(content: bytes) -> Recognised:
    """The kind of these bytes."""
    if not content.strip():
        return Recognised(Kind.EMPTY)
    try:
        return _armored(content) if armor.is_armored(content) else _binary(content)
    except Refused as refused:
        is_text = not armor.is_armored(content) and _is_text(content)
        return Recognised(Kind.CLEAR if is_text else _BY_CODE.get(refused.code, Kind.BROKEN))


def _armored(content: bytes) -> Recognised:
    if b"-----BEGIN PGP SIGNED MESSAGE-----" in content[:200]:
        return Recognised(Kind.RECEIPT if b'"receipt": "receipt.v' in content else Kind.SIGNED)
    kind, data = armor.dearmor(content)
    if kind in _ARMORED:
        return Recognised(_ARMORED[kind])
    return _binary(bytes(data)) if kind == "MESSAGE" else Recognised(Kind.BROKEN)


def _binary(data: bytes) -> Recognised:
    tag = frames.tag(data[0]) if data[:1] >= b"\x80" else -1  # armour may have nothing in it
    if tag in _KEYS:
        return Recognised(Kind.PUBLIC_KEY if _is_whole(data) else Kind.CLEAR)
    if tag == frames.SIGNATURE:  # pictures begin like this, too
        return Recognised(Kind.SIGNATURE if _is_whole(data) else Kind.CLEAR)
    outside = message.envelope(memoryview(data), _PACKETS, _RECIPIENTS)
    return Recognised(Kind.SEALED, tuple(key.key_id for key in outside.keys))


def _is_text(content: bytes) -> bool:
    """Whether the content is text whose first letter may look like the beginning of a packet: UTF-8, or mostly ASCII,
    which all one-byte encodings share. Only a third of encrypted bytes are ASCII letters and signs."""
    some = content[:4096]
    if sum(32 <= byte < 127 or byte in b"\t\r\n" for byte in some) > 0.7 * len(some):
        return True
    try:
        return "\x00" not in content.decode("utf-8")
    except UnicodeDecodeError:
        return False


def _is_whole(data: bytes) -> bool:
    """Whether the bytes are packets of OpenPGP to their end."""
    try:
        return all(frame.tag in frames.KNOWN_TAGS for frame in frames.walk(memoryview(data), _PACKETS * 16))
    except Refused:
        return False
