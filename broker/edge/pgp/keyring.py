"""Keys: makes them, reads them, and says what is wrong with one.

Owns what the exchange does with keys, as `broker.edge.pgp.openpgp` owns what it does with messages. Promises: a key
passes `check` only if it can be encrypted to and can sign at `now`; nothing secret is in what `public`, `inspect` and
`merge` return. `broker.edge.pgp.validity` judges signatures; PGPy makes new keys.
"""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from broker.core.errors import Refused
from broker.core.model import Fingerprint
from broker.core.openpgp import armor, certificates, frames, signatures
from broker.core.openpgp.certificates import Certificate, Part
from broker.edge.pgp import minimal, validity
from broker.edge.pgp.pgplib import (
    PGPUID,
    CompressionAlgorithm,
    EllipticCurveOID,
    HashAlgorithm,
    KeyFlags,
    PGPKey,
    PubKeyAlgorithm,
    SymmetricKeyAlgorithm,
)
from broker.edge.pgp.secretkey import load_secret
from broker.edge.pgp.validity import Usable

Algorithm = Literal["cv25519", "rsa3072"]
_KINDS = {
    "cv25519": (PubKeyAlgorithm.EdDSA, EllipticCurveOID.Ed25519, PubKeyAlgorithm.ECDH, EllipticCurveOID.Curve25519),
    "rsa3072": (PubKeyAlgorithm.RSAEncryptOrSign, 3072, PubKeyAlgorithm.RSAEncryptOrSign, 3072),
}
_MOST_PARTS, _MOST_OF_A_PART = 32, 8192  # parts; bytes of each, kept of a revoked key that is too large
_DUTIES = (signatures.ENCRYPT, signatures.SIGN)
_WORDS = ((signatures.CERTIFY, "certifying"), (signatures.SIGN, "signing"), (signatures.ENCRYPT, "encryption"))


@dataclass(frozen=True, slots=True)
class PartInfo:
    """One key of a certificate: what it is for (`signing`, `encryption`, `certifying`), and when it expires."""

    fingerprint: Fingerprint
    duties: tuple[str, ...]
    algorithm: str
    bits: int
    created: datetime
    expires: datetime | None
    fault: str | None


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """The state of a certificate at one moment.

    `expires` is when it stops being usable: when the primary key, the last encryption key or the last signing key
    expires. Key ids have 16 upper-case hex digits; those for encryption and signing are usable now, the best first;
    `all_key_ids` are the primary key's and those of every subkey that it vouches for; `proved` are the fingerprints of
    the keys that the owner has proved to hold (`broker.edge.pgp.minimal`). `fault` is a refusal code.
    """

    fingerprint: Fingerprint
    user_ids: tuple[str, ...]
    created: datetime
    expires: datetime | None
    algorithm: str
    bits: int
    encryption_key_ids: tuple[str, ...]
    signing_key_ids: tuple[str, ...]
    all_key_ids: tuple[str, ...]
    proved: frozenset[Fingerprint]
    parts: tuple[PartInfo, ...]
    fault: str | None


def inspect(certificate: bytes, now: datetime) -> KeyInfo:
    """The state of a public key at `now`; its `fault` is the code with which `check` would refuse it.

    Raises Refused where it cannot be read at all: `key-unreadable`, `key-secret`, `key-weak`, `key-unsupported`.
    """
    found = validity.keys(certificate, now)
    first, ready = found[0], [one for one in found if one.fault is None]
    ends = [max((one.expires for one in ready if one.flags & flag), default=first.expires) for flag in _DUTIES]
    expires = min(first.expires, *ends)
    return KeyInfo(
        fingerprint=first.key.fingerprint,
        user_ids=tuple(user_ids(certificate)),
        created=datetime.fromtimestamp(first.key.created, UTC),
        expires=None if expires == float("inf") else datetime.fromtimestamp(expires, UTC),
        algorithm=first.key.name,
        bits=first.key.bits,
        encryption_key_ids=tuple(one.key.key_id for one in validity.able(ready, signatures.ENCRYPT)),
        signing_key_ids=tuple(one.key.key_id for one in validity.able(ready, signatures.SIGN)),
        all_key_ids=tuple(one.key.key_id for one in found if one.key.fingerprint),
        proved=minimal.proved(certificate),
        parts=tuple(_part(one) for one in found if one.key.fingerprint),
        fault=_fault(found),
    )


def _part(one: Usable) -> PartInfo:
    return PartInfo(
        fingerprint=one.key.fingerprint,
        duties=tuple(word for flag, word in _WORDS if one.flags & flag),
        algorithm=one.key.name,
        bits=one.key.bits,
        created=datetime.fromtimestamp(one.key.created, UTC),
        expires=None if one.expires == float("inf") else datetime.fromtimestamp(one.expires, UTC),
        fault=one.fault,
    )


def _fault(found: Sequence[Usable]) -> str | None:
    return (
        found[0].fault
        or validity.lacks(found, signatures.ENCRYPT, "key-no-encryption")
        or validity.lacks(found, signatures.SIGN, "key-no-signing")
        or _unreadable(found)
    )


def _unreadable(found: Sequence[Usable]) -> str | None:
    try:
        for one in found:
            if one.fault is None:
                validity.public_key(one.key)
    except Refused as refused:
        return refused.code
    return None


def user_ids(certificate: bytes) -> Iterator[str]:
    """The user ids that the owner vouches for, in the order of the certificate. Raises Refused as `validity.held`."""
    for one in validity.held(certificate)[1]:
        if one.part.tag == frames.USER_ID and any(good.created > one.revoked_at for good in one.good):
            yield one.part.body.decode("utf-8", "replace")


def check(certificate: bytes, now: datetime) -> KeyInfo:
    """The key, if it may be registered and used at `now`. Raises Refused with its fault."""
    info = inspect(certificate, now)
    if info.fault:
        raise Refused(info.fault)
    return info


def merge(old: bytes, new: bytes) -> bytes:
    """The armored certificate `old` with what `new` adds: a newer copy of the same key, or its revocation certificate.

    Raises Refused: `key-unreadable` (also for another key), `key-secret`.
    """
    base = validity.held(old)[0]
    packets = validity.binary(new)
    parts = _revocation_of(base, packets) or certificates.parse(packets).parts
    if parts[0].body != base.primary.body:
        raise Refused("key-unreadable", hint="It is another key than the one it should be added to.")
    whole = armor.enarmor("PUBLIC KEY BLOCK", certificates.merged(base, parts)).encode()
    revoking = _revoking(base, parts[0])
    if revoking and not _is_readable(whole):  # a revocation is accepted, however large the key is
        return armor.enarmor("PUBLIC KEY BLOCK", certificates.merged(_least(old), (revoking,))).encode()
    return whole


def _revoking(base: Certificate, part: Part) -> Part | None:
    """The first good revocation of the primary key."""
    signed = part.hashed(base.primary)
    kinds = (one for one in part.signatures if one.kind == signatures.KEY_REVOCATION)
    good = next((one for one in kinds if validity.verifies(base.primary, signed, one)), None)
    return Part(part.tag, part.body, part.key, (good,)) if good else None


def _is_readable(certificate: bytes) -> bool:
    try:
        return bool(validity.held(certificate))
    except Refused:
        return False


def _least(certificate: bytes) -> Certificate:
    """Only as much of a key as says whose it is and which parts belong to it."""
    read, parts = validity.held(certificate)
    best = [(one.part, max(one.good, key=lambda good: good.created)) for one in parts[1:] if one.good]
    small = [(part, good) for part, good in best if max(len(part.body), len(good.body)) <= _MOST_OF_A_PART]
    kept = (Part(part.tag, part.body, part.key, (good,)) for part, good in small[:_MOST_PARTS])
    return Certificate(read.primary, (Part(parts[0].part.tag, read.primary.body, read.primary, ()), *kept))


def is_bare(certificate: bytes) -> bool:
    """Whether it consists of signatures only, as a revocation certificate does. Raises Refused `key-unreadable`."""
    return bool(certificates.bare(validity.binary(certificate)))


def _revocation_of(base: Certificate, packets: bytes) -> tuple[Part, ...]:
    """A revocation certificate: only signatures over the primary key, RFC 4880 section 5.2.1, type 0x20; in a file with
    several, those of this key."""
    found, first = certificates.bare(packets), base.parts[0]
    read = [one for one in found if one.kind == signatures.KEY_REVOCATION]
    if found and not read:
        raise Refused("key-unreadable", hint="It is not the revocation of a key.")
    true = tuple(one for one in read if validity.verifies(base.primary, first.hashed(base.primary), one))
    if read and not true:
        raise Refused("key-unreadable", hint="It is the revocation of another key.")
    return (Part(first.tag, first.body, first.key, true),) if true else ()


def generate(
    user_id: str, algorithm: Algorithm, now: datetime, days: int | None, passphrase: str | None = None
) -> bytes:
    """A new armored secret key: a primary key that signs and certifies, and an encryption subkey.

    It expires after `days` from `now`, None for never. Its preferences name no AEAD mode, so that senders write
    messages with an integrity code (SEIPD version 1), the only kind that can be re-locked for any receiver.
    """
    main, main_size, sub, sub_size = _KINDS[algorithm]
    made = now.astimezone(UTC).replace(microsecond=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PGPy's warnings about its own unfinished parts
        key = PGPKey.new(main, main_size, created=made)
        key.add_uid(
            PGPUID.new(user_id),
            usage={KeyFlags.Certify, KeyFlags.Sign},
            hashes=[HashAlgorithm.SHA512, HashAlgorithm.SHA256],
            ciphers=[SymmetricKeyAlgorithm.AES256, SymmetricKeyAlgorithm.AES128],
            compression=[CompressionAlgorithm.ZLIB, CompressionAlgorithm.BZ2, CompressionAlgorithm.ZIP],
            key_expiration=timedelta(days=days) if days else None,
            primary=True,
            created=made,
        )
        subkey = PGPKey.new(sub, sub_size, created=made)
        key.add_subkey(subkey, usage={KeyFlags.EncryptCommunications, KeyFlags.EncryptStorage}, created=made)
        if passphrase is not None:
            key.protect(passphrase, SymmetricKeyAlgorithm.AES256, HashAlgorithm.SHA256)
        return str(key).encode()


def public(secret: bytes) -> bytes:
    """The armored public key of a secret key. Raises Refused `key-unreadable`, `key-unsupported`."""
    return armor.enarmor("PUBLIC KEY BLOCK", certificates.without_secrets(validity.binary(secret))).encode()


def revocation(secret: bytes, now: datetime, passphrase: str | None = None) -> bytes:
    """A revocation certificate for a secret key, armored, without a reason: keep it, and merge it when it is needed.

    Raises Refused: `key-unreadable`, `key-locked`.
    """
    key = load_secret(secret, passphrase)
    read = validity.held(key.certificate)[0]
    body = key.sign(signatures.KEY_REVOCATION, [read.primary.hashed], now, primary=True)
    return armor.enarmor("PUBLIC KEY BLOCK", frames.packet(frames.SIGNATURE, body)).encode()
