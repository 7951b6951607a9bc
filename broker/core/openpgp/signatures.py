"""Version 4 signature packets: what they say, and the bytes they are a signature over.

Owns RFC 4880 section 5.2.3 (the packet and its subpackets) and 5.2.4 (what is hashed). Promises: only the hashed area
is believed, except for two hints that prove themselves (issuer and back-signature); a packet that cannot be understood
is None, never a guess; so is a packet that contradicts itself, because gpg goes by the first value and other programs
by the last. A revocation always counts as one, whatever else it says. `broker.edge` finds out whether a signature is
valid.
"""

from collections.abc import Iterator
from dataclasses import dataclass

BINARY, TEXT = 0x00, 0x01
CERTIFICATIONS = frozenset({0x10, 0x11, 0x12, 0x13})
SUBKEY_BINDING, PRIMARY_BINDING, DIRECT = 0x18, 0x19, 0x1F
KEY_REVOCATION, SUBKEY_REVOCATION, CERTIFICATION_REVOCATION = 0x20, 0x28, 0x30
REVOCATIONS = frozenset({KEY_REVOCATION, SUBKEY_REVOCATION, CERTIFICATION_REVOCATION})

CERTIFY, SIGN, ENCRYPT = 0x01, 0x02, 0x0C  # key flags, RFC 4880 section 5.2.3.21

HASHES = {8: "SHA256", 9: "SHA384", 10: "SHA512", 11: "SHA224"}
WEAK_HASHES = {1: "MD5", 2: "SHA1", 3: "RIPEMD160"}

_EXPORTABLE = 4
_CREATED, _EXPIRES, _KEY_EXPIRES, _ISSUER, _PRIMARY, _FLAGS = 2, 3, 9, 16, 25, 27
_BACK, _FINGERPRINT, _REVOKER = 32, 33, 12
# Preferences and remarks (`_HARMLESS`) decide nothing here: they may be marked critical, and the signature stays valid.
_TIMES = frozenset({_CREATED, _EXPIRES, _KEY_EXPIRES})
_SAID_ONCE = _TIMES | {_EXPORTABLE, _PRIMARY, _FLAGS}
_HARMLESS = frozenset({4, 5, 7, 11, 12, 21, 22, 23, 24, 26, 28, 29, 30, 31, 34, 35})
_READ = frozenset({_CREATED, _EXPIRES, _KEY_EXPIRES, _ISSUER, _PRIMARY, _FLAGS, _BACK, _FINGERPRINT})


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature packet. Times are seconds (created: since 1970; the others: after creation; 0 means for ever).

    `issuer` is a fingerprint or, where there is none, a key id, in upper-case hex; '' where there is neither.
    `hashed` runs from the version octet to the end of the hashed subpackets; `values` are the integers at the end.
    """

    body: bytes
    kind: int
    algorithm: int
    hash: int
    hashed: bytes
    values: bytes
    created: int
    lifetime: int
    key_lifetime: int
    flags: int | None
    primary: bool
    issuer: str
    back: bytes | None
    is_local: bool = False  # its maker does not want it passed on, RFC 4880 section 5.2.3.11
    names_revoker: bool = False  # it names another key that may revoke this one, RFC 4880 section 5.2.3.15

    @property
    def trailer(self) -> bytes:
        """The bytes that are hashed after the signed content."""
        return self.hashed + b"\x04\xff" + len(self.hashed).to_bytes(4, "big")

    def is_from(self, fingerprint: str) -> bool:
        """Whether the key with this fingerprint is named as the issuer (or may be, where none is named)."""
        return not self.issuer or fingerprint.endswith(self.issuer)

    def is_alive(self, at: float, tolerance: float = 0) -> bool:
        """Whether at `at` (seconds since 1970) the signature has been made and has not expired."""
        return self.created <= at + tolerance and (not self.lifetime or at < self.created + self.lifetime)


def parse(body: bytes) -> Signature | None:
    """The signature in a packet body; None for another version, damage, or an unknown critical subpacket."""
    hashed_end = 6 + int.from_bytes(body[4:6], "big")
    rest = hashed_end + 2 + int.from_bytes(body[hashed_end : hashed_end + 2], "big")
    if body[:1] != b"\x04" or rest + 2 >= len(body):
        return None
    hashed, unhashed = _subpackets(body[6:hashed_end]), _subpackets(body[hashed_end + 2 : rest])
    if body[1] not in REVOCATIONS and not _is_clear(body[6:hashed_end]):
        return None
    if hashed is None or unhashed is None or len(hashed.get(_CREATED, b"")) != 4:
        return None
    flags = hashed.get(_FLAGS)
    return Signature(
        body=body,
        kind=body[1],
        algorithm=body[2],
        hash=body[3],
        hashed=body[:hashed_end],
        values=body[rest + 2 :],
        created=int.from_bytes(hashed[_CREATED], "big"),
        lifetime=int.from_bytes(hashed.get(_EXPIRES, b""), "big"),
        key_lifetime=int.from_bytes(hashed.get(_KEY_EXPIRES, b""), "big"),
        flags=None if flags is None else flags[0] if flags else 0,
        primary=any(hashed.get(_PRIMARY, b"")),
        issuer=_issuer(hashed) or _issuer(unhashed),
        back=hashed.get(_BACK) or unhashed.get(_BACK),
        is_local=hashed.get(_EXPORTABLE) == b"\x00",
        names_revoker=_REVOKER in hashed,
    )


def _is_clear(area: bytes) -> bool:
    """Whether no deciding subpacket stands twice with different values, and none has a wrong length."""
    said: dict[int, bytes] = {}
    for kind, value in _split(area):
        known = kind & 0x7F
        if known in _SAID_ONCE and said.setdefault(known, value) != value:
            return False
        if known in _TIMES and len(value) != 4:
            return False
    return True


def _issuer(area: dict[int, bytes]) -> str:
    fingerprint = area.get(_FINGERPRINT, b"")
    if len(fingerprint) == 21 and fingerprint[0] == 4:
        return fingerprint[1:].hex().upper()
    return area[_ISSUER].hex().upper() if len(area.get(_ISSUER, b"")) == 8 else ""


def _subpackets(area: bytes) -> dict[int, bytes] | None:
    """The subpackets of one area by type, the last of each; None where the area is broken or an unknown subpacket is
    critical."""
    found: dict[int, bytes] = {}
    for kind, value in _split(area):
        known = kind & 0x7F
        if kind < 0 or (kind & 0x80 and known not in _HARMLESS | _READ):
            return None
        found[known] = value
    return found


def _split(area: bytes) -> Iterator[tuple[int, bytes]]:
    """Type (with the critical bit) and value of each subpacket, RFC 4880 section 5.2.3.1; type -1 where the area breaks
    off."""
    at = 0
    while at < len(area):
        first = area[at]
        octets = 1 if first < 192 else 2 if first < 255 else 5
        head = area[at : at + octets]
        if first < 192:
            length = first
        else:
            length = ((first - 192) << 8) + head[-1] + 192 if octets == 2 else int.from_bytes(head[1:], "big")
        at += octets
        value = area[at : at + length]
        at += length
        if not value or len(value) != length or len(head) != octets:
            yield -1, b""
            return
        yield value[0], value[1:]


def trimmed(read: Signature, issuer: str, numbers: int, subkey: str = "", subkey_numbers: int = 0) -> bytes:
    """The packet body without its unsigned parts, except those that prove themselves: the issuer's key id and, where
    the signature binds the signing key `subkey`, the back-signature, trimmed in the same way. `numbers` says how many
    integers a signature by the issuer has, `subkey_numbers` one by the subkey; any bytes behind them are cut off.
    """
    unhashed = _subpacket(_ISSUER, bytes.fromhex(issuer[-16:]))
    back = parse(read.back) if read.back and subkey else None
    if back and _BACK not in (_subpackets(read.hashed[6:]) or {}):
        unhashed += _subpacket(_BACK, trimmed(back, subkey, subkey_numbers))
    digest = read.body[len(read.body) - len(read.values) - 2 : len(read.body) - len(read.values)]
    return read.hashed + len(unhashed).to_bytes(2, "big") + unhashed + digest + _integers(read.values, numbers)


def _integers(values: bytes, count: int) -> bytes:
    """The first `count` integers, RFC 4880 section 3.2."""
    at = 0
    for _ in range(count):
        at += 2 + (int.from_bytes(values[at : at + 2], "big") + 7) // 8
    return values[:at]


def _subpacket(kind: int, value: bytes) -> bytes:
    length = 1 + len(value)
    head = bytes([length]) if length < 192 else b"\xff" + length.to_bytes(4, "big")
    return head + bytes([kind]) + value


def draft(kind: int, algorithm: int, hash_id: int, created: int, fingerprint: str) -> bytes:
    """The hashed part of a new signature: creation time and issuer fingerprint (`finish` adds the key id)."""
    area = b"\x05\x82" + created.to_bytes(4, "big") + b"\x16\x21\x04" + bytes.fromhex(fingerprint)
    return bytes([4, kind, algorithm, hash_id]) + len(area).to_bytes(2, "big") + area


def trailer(hashed: bytes) -> bytes:
    """`Signature.trailer` of a draft."""
    return hashed + b"\x04\xff" + len(hashed).to_bytes(4, "big")


def finish(hashed: bytes, fingerprint: str, digest: bytes, values: bytes) -> bytes:
    """The packet body: a draft, the issuer's key id, two octets of the digest, and the signature's integers."""
    unhashed = b"\x09\x10" + bytes.fromhex(fingerprint[-16:])
    return hashed + len(unhashed).to_bytes(2, "big") + unhashed + digest[:2] + values


def one_pass(body: bytes) -> bytes:
    """The one-pass packet body that announces the signature `body`, RFC 4880 section 5.4; its last octets are the key
    id of the issuer and 1. Raises ValueError where `body` is no signature."""
    read = parse(body)
    if read is None:
        raise ValueError("not a signature of ours")
    return bytes([3, read.kind, read.hash, read.algorithm]) + bytes.fromhex(read.issuer[-16:]) + b"\x01"
