"""Public keys taken apart: primary key, user ids and subkeys, each with the signatures that follow it.

Owns RFC 4880 sections 5.5.2, 11.1 and 12.2 for version 4 keys. Promises: nothing here is verified, only sorted;
`broker.edge.pgp.keyring` finds out which signatures hold. A secret key is refused as soon as its packet is found.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from broker.core.errors import Refused
from broker.core.model import Fingerprint
from broker.core.openpgp import frames, signatures
from broker.core.openpgp.signatures import Signature

RSA, RSA_OLD, ELGAMAL, DSA, ECDH, ECDSA, EDDSA = 1, (2, 3), (16, 20), 17, 18, 19, 22
_CURVES = {
    "2a8648ce3d030107": ("NIST P-256", 256),
    "2b81040022": ("NIST P-384", 384),
    "2b81040023": ("NIST P-521", 521),
    "2b06010401da470f01": ("Ed25519", 255),
    "2b060104019755010501": ("Curve25519", 255),
}
_FITTING = {ECDH: ("NIST", "Curve"), ECDSA: ("NIST",), EDDSA: ("Ed25519",)}
_LEAST_RSA_BITS, _MOST_RSA_BITS = 2048, 16384
MOST_PACKETS = 4096
_PUBLIC_OF = {frames.SECRET_KEY: frames.PUBLIC_KEY, frames.SECRET_SUBKEY: frames.PUBLIC_SUBKEY}
# the fields of a public key: n for an integer (after two octets with its bits), s for a string (after one octet with
# its bytes)
_PUBLIC_FIELDS = {RSA: "nn", 2: "nn", 3: "nn", 16: "nnn", DSA: "nnnn", ECDH: "sns", ECDSA: "sn", EDDSA: "sn"}
IGNORED = frozenset({frames.TRUST, frames.MARKER})


@dataclass(frozen=True, slots=True)
class Key:
    """One key packet. `name` and `bits` describe its algorithm; `fault` is `key-weak`, `key-unsupported` or None."""

    body: bytes
    fingerprint: Fingerprint
    created: int
    algorithm: int
    name: str
    bits: int
    fault: str | None

    @property
    def key_id(self) -> str:
        """The last 16 digits of the fingerprint."""
        return self.fingerprint[-16:]

    @property
    def derivation(self) -> bytes:
        """The parameters of the key derivation for this key, RFC 6637 section 8; empty where there is none."""
        if self.algorithm != ECDH:
            return b""
        curve = self.body[6 : 7 + self.body[6]]
        return curve + bytes([ECDH]) + self.body[-4:] + b"Anonymous Sender    " + bytes.fromhex(self.fingerprint)

    @property
    def hashed(self) -> bytes:
        """The key as signatures over it hash it, RFC 4880 section 5.2.4."""
        return b"\x99" + len(self.body).to_bytes(2, "big") + self.body


@dataclass(frozen=True, slots=True)
class Part:
    """A packet of a certificate and the signatures after it; `key` is None for user ids."""

    tag: int
    body: bytes
    key: Key | None
    signatures: tuple[Signature, ...]

    def hashed(self, primary: Key) -> bytes:
        """The bytes that a self-signature over this part hashes."""
        if self.tag == frames.PUBLIC_KEY:
            return primary.hashed
        if self.key:
            return primary.hashed + self.key.hashed
        octet = b"\xb4" if self.tag == frames.USER_ID else b"\xd1"
        return primary.hashed + octet + len(self.body).to_bytes(4, "big") + self.body


@dataclass(frozen=True, slots=True)
class Certificate:
    """A public key as it was sent: unverified."""

    primary: Key
    parts: tuple[Part, ...]  # the primary key's own part comes first


def parse_key(body: bytes) -> Key:
    """The key in a key packet's body. Raises Refused `key-weak` (version 3), `key-unsupported`, `key-unreadable`."""
    if len(body) < 6:
        raise Refused("key-unreadable")
    if body[0] != 4:
        raise Refused("key-weak" if body[0] in (2, 3) else "key-unsupported", hint="It is not a version 4 key.")
    sha1 = hashlib.sha1(b"\x99" + len(body).to_bytes(2, "big") + body, usedforsecurity=False)  # RFC 4880 12.2
    name, bits, fault = _strength(body[5], body[6:])
    fingerprint = Fingerprint(sha1.hexdigest().upper())
    return Key(body, fingerprint, int.from_bytes(body[1:5], "big"), body[5], name, bits, fault)


def _strength(algorithm: int, numbers: bytes) -> tuple[str, int, str | None]:
    bits = int.from_bytes(numbers[:2], "big")
    if algorithm == RSA or algorithm in RSA_OLD:
        strange = algorithm in RSA_OLD or bits > _MOST_RSA_BITS
        return "RSA", bits, "key-weak" if bits < _LEAST_RSA_BITS else "key-unsupported" if strange else None
    if algorithm == DSA or algorithm in ELGAMAL:
        return "DSA" if algorithm == DSA else "ElGamal", bits, "key-weak"
    if algorithm in _FITTING and numbers:
        name, bits = _CURVES.get(numbers[1 : 1 + numbers[0]].hex(), ("", 0))
        if name.startswith(_FITTING[algorithm]) and (algorithm != ECDH or _derives(numbers)):
            return name, bits, None
    return f"algorithm {algorithm}", 0, "key-unsupported"


def _derives(numbers: bytes) -> bool:
    """Whether an ECDH key names a key derivation in use: SHA-2 and AES, RFC 6637 section 9."""
    point = 1 + numbers[0]
    end = point + 2 + (int.from_bytes(numbers[point : point + 2], "big") + 7) // 8
    parameters = numbers[end:]
    return parameters[:2] == b"\x03\x01" and parameters[2:] in {
        bytes([one, two]) for one in (8, 9, 10) for two in (7, 8, 9)
    }


def parse(data: bytes | bytearray) -> Certificate:
    """The one certificate in binary `data`.

    Raises Refused: `key-secret`, `key-unreadable`, `key-weak` (version 3), `key-unsupported`.
    """
    view = memoryview(data)
    packets: list[tuple[int, bytes]] = []
    try:
        for frame in frames.walk(view, MOST_PACKETS):
            if frame.tag in (frames.SECRET_KEY, frames.SECRET_SUBKEY):
                raise Refused("key-secret")
            packets.append((frame.tag, bytes(frame.body(view))))
    except Refused as refused:
        raise Refused("key-secret" if refused.code == "key-secret" else "key-unreadable") from None
    if not packets or packets[0][0] != frames.PUBLIC_KEY:
        raise Refused("key-unreadable")
    parts = _grouped(packets)
    primary = parts[0].key
    if primary is None or any(part.tag == frames.PUBLIC_KEY for part in parts[1:]):
        raise Refused("key-unreadable", hint="There is more than one key in it.")
    return Certificate(primary, parts)


def bare(data: bytes | bytearray) -> list[Signature]:
    """The signatures in binary `data` that holds only signatures, such as a revocation certificate; none otherwise."""
    view = memoryview(data)
    try:
        found = [one for one in frames.walk(view, MOST_PACKETS) if one.tag not in IGNORED]
    except Refused:
        return []
    if any(one.tag != frames.SIGNATURE for one in found):
        return []
    return [read for one in found if (read := signatures.parse(bytes(one.body(view))))]


def _grouped(packets: Sequence[tuple[int, bytes]]) -> tuple[Part, ...]:
    groups: list[tuple[int, bytes, list[Signature]]] = []
    for tag, body in packets:
        if tag == frames.SIGNATURE:
            read = signatures.parse(body)
            if read:
                groups[-1][2].append(read)
        elif tag in (frames.PUBLIC_KEY, frames.PUBLIC_SUBKEY, frames.USER_ID, frames.ATTRIBUTE):
            groups.append((tag, body, []))
        elif tag not in IGNORED:
            raise Refused("key-unreadable")
    return tuple(Part(tag, body, _key(tag, body), tuple(found)) for tag, body, found in groups)


def _key(tag: int, body: bytes) -> Key | None:
    if tag == frames.PUBLIC_KEY:
        return parse_key(body)
    if tag != frames.PUBLIC_SUBKEY:
        return None
    try:
        return parse_key(body)
    except Refused as refused:  # an unknown subkey must not make the others useless; it is kept as unusable
        return Key(body, Fingerprint(""), 0, 0, "unknown", 0, refused.code)


def public_part(body: bytes) -> bytes:
    """The public fields at the start of a secret key packet's body, RFC 4880 sections 5.5.2 and 5.5.3.

    Raises Refused: `key-unreadable`, `key-unsupported`.
    """
    if len(body) < 8 or body[0] != 4 or body[5] not in _PUBLIC_FIELDS:
        raise Refused("key-unsupported" if len(body) >= 8 else "key-unreadable")
    at = 6
    for field in _PUBLIC_FIELDS[body[5]]:
        head = body[at : at + 2]
        if len(head) < 2:
            raise Refused("key-unreadable")
        at += 2 + (int.from_bytes(head, "big") + 7) // 8 if field == "n" else 1 + head[0]
    if at >= len(body):
        raise Refused("key-unreadable")
    return body[:at]


def without_secrets(data: bytes) -> bytes:
    """The binary public key of a binary secret key. Raises Refused: `key-unreadable`, `key-unsupported`."""
    view, out = memoryview(data), bytearray()
    try:
        for frame in frames.walk(view, MOST_PACKETS):
            tag, body = frame.tag, bytes(frame.body(view))
            if tag in _PUBLIC_OF:
                tag, body = _PUBLIC_OF[tag], public_part(body)
            if tag not in IGNORED:
                out += frames.packet(tag, body)
    except Refused as refused:
        raise Refused(refused.code if refused.code.startswith("key-") else "key-unreadable") from None
    parse(out)
    return bytes(out)


def merged(old: Certificate, new: Sequence[Part]) -> bytes:
    """The binary certificate of `old` with what `new` adds: parts, and signatures of parts that both have.

    Only signatures made by the primary key itself are kept, so that strangers cannot make a certificate grow.
    """
    groups: dict[tuple[int, bytes], dict[bytes, None]] = {}
    for part in (*old.parts, *new):
        kept = groups.setdefault((part.tag, part.body), {})
        kept.update((one.body, None) for one in part.signatures if one.is_from(old.primary.fingerprint))
    ordered = sorted(groups.items(), key=lambda item: _order(item[0][0]))
    out = bytearray()
    for (tag, body), kept in ordered:
        out += frames.packet(tag, body)
        for one in kept:
            out += frames.packet(frames.SIGNATURE, one)
    return bytes(out)


def _order(tag: int) -> int:
    """The place of a part in a certificate, RFC 4880 section 11.1: key, user ids, attributes, subkeys."""
    return (frames.PUBLIC_KEY, frames.USER_ID, frames.ATTRIBUTE, frames.PUBLIC_SUBKEY).index(tag)
