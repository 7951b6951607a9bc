"""Which keys of a certificate are valid at one moment, what they may do, and what is wrong with the others.

Owns the judgement of self-signatures. Promises: one counts only when it verifies; a weak one (MD5, SHA-1) counts
against the key, never for it; a revocation counts at once, whatever its date or reason; the caller passes the time.
Signatures are hashed over the bytes that were sent, because PGPy writes some packets differently than it read them;
PGPy does the arithmetic. Revocations by third parties ("designated revokers") are ignored.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from cryptography.hazmat.primitives import hashes

from broker.core.errors import Refused
from broker.core.openpgp import armor, certificates, frames, signatures
from broker.core.openpgp.certificates import Certificate, Key, Part
from broker.core.openpgp.signatures import Signature
from broker.edge.pgp.pgplib import LIBRARY_ERRORS, Packet, PgpKey

CLOCKS_DIFFER = 1800.0  # seconds that two honest clocks may be apart; Sequoia's own tolerance
_MOST_BYTES = 1 << 20
_ALL_HASHES = signatures.HASHES | {2: "SHA1", 1: "MD5"}
_MADE_FOR = {
    frames.PUBLIC_KEY: frozenset({signatures.DIRECT}),
    frames.PUBLIC_SUBKEY: frozenset({signatures.SUBKEY_BINDING}),
}
_REVOKED_BY = {frames.PUBLIC_KEY: signatures.KEY_REVOCATION, frames.PUBLIC_SUBKEY: signatures.SUBKEY_REVOCATION}


@dataclass(frozen=True, slots=True)
class Held:
    """A part with those of its self-signatures that verify.

    `backed` are the signatures of `good` in which a subkey confirms that it signs; `weak` says whether there are some
    with a weak hash; `ends` are revocations of a key; `revoked_at` is a user id's last revocation in seconds since
    1970, or -1.
    """

    part: Part
    good: tuple[Signature, ...]
    backed: tuple[Signature, ...]
    weak: bool
    ends: tuple[Signature, ...]
    revoked_at: int

    @property
    def revoked(self) -> bool:
        """Whether the key is revoked."""
        return bool(self.ends)

    def latest(self, at: float) -> Signature | None:
        """The youngest good self-signature at a moment."""
        alive = [one for one in self.good if one.is_alive(at, CLOCKS_DIFFER) and one.created > self.revoked_at]
        return sorted(alive, key=lambda one: one.created)[-1] if alive else None


@dataclass(frozen=True, slots=True)
class Usable:
    """A key of a certificate at one moment: what it may do, until when, and its fault."""

    key: Key
    flags: int
    expires: float  # seconds since 1970; infinite for never
    fault: str | None


def binary(certificate: bytes) -> bytes:
    """The binary packets of a key that may be armored. Raises Refused `key-unreadable`."""
    if len(certificate) > _MOST_BYTES:
        raise Refused("key-unreadable", hint="It is larger than a public key can be.")
    if not armor.is_armored(certificate):
        return certificate
    try:
        return bytes(armor.dearmor(certificate)[1])
    except Refused:
        raise Refused("key-unreadable") from None


@lru_cache(maxsize=4096)
def public_key(key: Key) -> PgpKey:
    """A public key for arithmetic, read once. Raises Refused `key-unreadable`, for example for a point off the
    curve."""
    try:
        return PgpKey(Packet(bytearray(frames.packet(frames.PUBLIC_SUBKEY, key.body))), key.derivation)
    except LIBRARY_ERRORS:
        raise Refused("key-unreadable") from None


def verifies(key: Key, signed: bytes, signature: Signature) -> bool:
    """Whether `key` made `signature` over `signed`, by arithmetic alone."""
    name = _ALL_HASHES.get(signature.hash)
    if not name or signature.algorithm != key.algorithm:
        return False
    bare = signature.body[:4] + bytes(6) + signature.values  # without subpackets: PGPy needs the numbers only
    try:
        values = Packet(bytearray(frames.packet(frames.SIGNATURE, bare))).signature.__sig__()
        hasher = getattr(hashes, name)()
        return bool(public_key(key).verify(signed + signature.trailer, values, hasher))
    except (*LIBRARY_ERRORS, Refused):
        return False


@lru_cache(maxsize=512)
def held(certificate: bytes) -> tuple[Certificate, tuple[Held, ...]]:
    """The certificate, armored or binary, and what its self-signatures say; read once.

    Raises Refused as `broker.core.openpgp.certificates.parse`.
    """
    read = certificates.parse(binary(certificate))
    return read, tuple(_sorted_out(read.primary, part) for part in read.parts)


def _sorted_out(primary: Key, part: Part) -> Held:
    signed = part.hashed(primary)
    mine = [one for one in part.signatures if one.is_from(primary.fingerprint)]
    true = [one for one in mine if verifies(primary, signed, one)]
    kinds = _MADE_FOR.get(part.tag, signatures.CERTIFICATIONS)
    good = tuple(one for one in true if one.kind in kinds and one.hash in signatures.HASHES)
    withdrawals = [one.created for one in true if one.kind == signatures.CERTIFICATION_REVOCATION]
    return Held(
        part=part,
        good=good,
        backed=tuple(one for one in good if part.key and _is_backed(primary, part.key, one)),
        weak=any(one.kind in kinds and one.hash in signatures.WEAK_HASHES for one in mine),
        ends=tuple(one for one in true if one.kind == _REVOKED_BY.get(part.tag, -1)),
        revoked_at=max(withdrawals, default=-1),
    )


def _is_backed(primary: Key, key: Key, binding: Signature) -> bool:
    """Whether a signing subkey says itself that it belongs to `primary`, RFC 4880 section 5.2.1, type 0x19."""
    back = signatures.parse(binding.back) if binding.back else None
    if not back or back.kind != signatures.PRIMARY_BINDING or back.hash not in signatures.HASHES:
        return False
    return verifies(key, primary.hashed + key.hashed, back)


def has_key(certificate: bytes, key_id: str) -> bool:
    """Whether the certificate contains a key or subkey with this id, good or not."""
    return any(one.part.key is not None and one.part.key.key_id == key_id for one in held(certificate)[1])


def keys(certificate: bytes, now: datetime) -> tuple[Usable, ...]:
    """Every key of a certificate at `now`, the primary key first; unbound subkeys are left out.

    Where the primary key has a fault, it is also each subkey's fault. Raises Refused as
    `broker.core.openpgp.certificates.parse`.
    """
    # OpenPGP counts in whole seconds (RFC 4880 section 3.5), so the answer does not change within a second
    return _keys_at(certificate, math.floor(now.timestamp()))


@lru_cache(maxsize=1024)
def _keys_at(certificate: bytes, at: int) -> tuple[Usable, ...]:
    read, parts = held(certificate)
    first = _primary(read.primary, parts, at)
    subkeys = ((key, one) for one in parts[1:] if (key := one.part.key) and (one.good or one.weak))
    return (first, *(_subkey(key, one, first, at) for key, one in subkeys))


def _expiry(key: Key, *says: Signature | None) -> float:
    lifetime = next((one.key_lifetime for one in says if one and one.key_lifetime), 0)
    return key.created + lifetime if lifetime else float("inf")


def _primary(key: Key, parts: Sequence[Held], at: float) -> Usable:
    direct = parts[0].latest(at)
    named = [found for one in parts[1:] if one.part.tag == frames.USER_ID and (found := one.latest(at))]
    best = max(named, key=lambda one: (one.primary, one.created), default=None)
    expires = _expiry(key, best, direct)
    flags = next((one.flags for one in (best, direct) if one and one.flags is not None), 0)
    fault = _fault(key, parts[0].revoked, expires, at)
    if not fault and not best and not direct:
        fault = _unvouched([one for one in parts if one.part.tag in (frames.PUBLIC_KEY, frames.USER_ID)], at)
    return Usable(key, flags, expires, fault)


def _fault(key: Key, revoked: bool, expires: float, at: float) -> str | None:
    if revoked:
        return "key-revoked"
    if key.fault:
        return key.fault
    if key.created > at + CLOCKS_DIFFER:
        return "key-not-yet-valid"
    return "key-expired" if expires <= at else None


def _unvouched(parts: Sequence[Held], at: float) -> str:
    """Why no self-signature supports a key at a moment."""
    good = [(one, signature) for one in parts for signature in one.good]
    if not good:
        return "key-weak" if any(one.weak for one in parts) else "key-unreadable"
    if any(signature.created <= one.revoked_at for one, signature in good):
        return "key-revoked"
    return "key-not-yet-valid" if all(signature.created > at for _, signature in good) else "key-expired"


def _subkey(key: Key, part: Held, first: Usable, at: float) -> Usable:
    says = part.latest(at)
    expires = min(_expiry(key, says), first.expires)
    fault = first.fault or _fault(key, part.revoked, expires, at)
    if not says:
        return Usable(key, signatures.SIGN | signatures.ENCRYPT, expires, fault or _unvouched([part], at))
    flags = says.flags or 0
    if says not in part.backed:
        flags &= ~signatures.SIGN
    return Usable(key, flags, expires, fault)


def able(found: Sequence[Usable], flag: int) -> list[Usable]:
    """The keys with `flag`, the best first: without fault, then a subkey before the primary key, then the youngest."""
    ranked = [
        (one.fault is None, place > 0, one.key.created, place) for place, one in enumerate(found) if one.flags & flag
    ]
    return [found[place] for *_, place in sorted(ranked, reverse=True)]


def lacks(found: Sequence[Usable], flag: int, code: str) -> str | None:
    """The fault of the best key with `flag`; `code` where there is none."""
    best = able(found, flag)
    return best[0].fault if best else code


def encryption_key(certificate: bytes, now: datetime) -> Key:
    """The key to encrypt to. Raises Refused with its fault (`key-expired`, `key-no-encryption` …)."""
    found = keys(certificate, now)
    fault = found[0].fault or lacks(found, signatures.ENCRYPT, "key-no-encryption")
    if fault:
        raise Refused(fault)
    return able(found, signatures.ENCRYPT)[0].key
