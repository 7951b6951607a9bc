"""A secret key in memory: what may be done with it, and nothing that shows it.

Owns the only objects that hold secrets. Promises: every secret operation runs in OpenSSL (through PGPy and
`cryptography`), never in variable-time arithmetic; a key cannot be printed or pickled; its own valid self-signatures
decide which of its parts decrypt and sign.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, NoReturn

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap

from broker.core.errors import Refused
from broker.core.model import Fingerprint
from broker.core.openpgp import armor, certificates, frames, signatures
from broker.core.openpgp.certificates import Key
from broker.core.openpgp.message import SessionKey
from broker.edge.pgp import validity
from broker.edge.pgp.pgplib import LIBRARY_ERRORS, Packet, PgpKey, PKESessionKeyV3

HASH_NAME, _HASH_ID = "SHA512", 10
_AES = {7: 16, 8: 24, 9: 32}  # RFC 4880 section 9.2, with bytes of the key
_STUB = 101  # GnuPG's S2K for a secret that is stored elsewhere: offline, or on a card
Buffer = bytes | bytearray | memoryview


class _Part(NamedTuple):
    key: Key
    secret: PgpKey  # unlocked


class SecretKey:
    """An unlocked secret key. `fingerprint` is the primary key's; `certificate` is the armored public key."""

    def __init__(self, certificate: bytes, parts: Sequence[_Part]) -> None:
        self.certificate = certificate
        self.fingerprint: Fingerprint = validity.held(certificate)[0].primary.fingerprint
        self._parts = {part.key.key_id: part for part in parts}
        self._decrypting = self._parts.keys() & _encryption_ids(certificate)
        self._chosen: tuple[int, bool, _Part] | None = None

    def __repr__(self) -> str:
        return f"SecretKey({self.fingerprint})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret key stays in the process that loaded it")

    def can_decrypt(self, key_id: str) -> bool:
        """Whether a message encrypted to this key id is for us, even if the subkey has expired since."""
        return key_id in self._decrypting

    def session_key(self, sealed: SessionKey) -> tuple[int, bytes]:
        """The cipher (RFC 4880 section 9.2: AES only) and the key of a message.

        Raises Refused: `damaged`, `unsupported-encryption`.
        """
        own = self._parts[sealed.key_id]
        if own.key.algorithm != sealed.algorithm:
            raise Refused("damaged")
        try:
            packet = PKESessionKeyV3()
            packet.pkalg = sealed.algorithm
            packet.ct.parse(bytearray(sealed.body[10:]))
            cipher, key = packet.decrypt_sk(own.secret)
        except (*LIBRARY_ERRORS, InvalidUnwrap, UnsupportedAlgorithm):
            raise Refused("damaged") from None
        if _AES.get(int(cipher)) != len(key):
            raise Refused("unsupported-encryption" if int(cipher) not in _AES else "damaged")
        return int(cipher), bytes(key)

    def sign(self, kind: int, signed: Sequence[Buffer], now: datetime, primary: bool = False) -> bytes:
        """The body of a new signature packet over the pieces of `signed`, of `kind` (RFC 4880 section 5.2.1).

        Signed by the best signing key at `now`, or by the primary key. Raises Refused with the fault of that key.
        """
        own = self._signer(now, primary)
        draft = signatures.draft(kind, own.key.algorithm, _HASH_ID, int(now.timestamp()), own.key.fingerprint)
        digest = hashlib.sha512()
        for piece in (*signed, signatures.trailer(draft)):
            digest.update(piece)
        values = _signed(own.secret.private, digest.digest())
        return signatures.finish(draft, own.key.fingerprint, digest.digest(), values)

    def _signer(self, now: datetime, primary: bool) -> _Part:
        """The key to sign with, chosen once a second: validity cannot change in between."""
        chosen, second = self._chosen, int(now.timestamp())
        if chosen is None or chosen[:2] != (second, primary):
            self._chosen = chosen = (second, primary, self._choose(now, primary))
        return chosen[2]

    def _choose(self, now: datetime, primary: bool) -> _Part:
        key_id = self.fingerprint[-16:]
        if not primary:
            found = validity.keys(self.certificate, now)
            fault = found[0].fault or validity.lacks(found, signatures.SIGN, "key-no-signing")
            if fault:
                raise Refused(fault)
            ready = (one.key.key_id for one in validity.able(found, signatures.SIGN) if one.fault is None)
            key_id = next((one for one in ready if one in self._parts), "")
        if key_id not in self._parts:
            raise Refused("key-no-signing", hint="The secret part of the signing key is not in the file.")
        return self._parts[key_id]


def _encryption_ids(certificate: bytes) -> frozenset[str]:
    """Every key that was ever bound for encryption, expired or not: packets sealed to it are still for us."""
    return frozenset(
        one.part.key.key_id
        for one in validity.held(certificate)[1]
        if one.part.key and any((good.flags or 0) & signatures.ENCRYPT for good in one.good)
    )


def _signed(key: Any, digest: bytes) -> bytes:
    """The integers of a signature, RFC 4880 section 5.2.2; the curve as GnuPG has it (RFC 9580 section 5.2.3.3)."""
    if isinstance(key, rsa.RSAPrivateKey):
        return _integer(int.from_bytes(key.sign(digest, padding.PKCS1v15(), Prehashed(hashes.SHA512())), "big"))
    if isinstance(key, ed25519.Ed25519PrivateKey):
        both = key.sign(digest)
        return _integer(int.from_bytes(both[:32], "big")) + _integer(int.from_bytes(both[32:], "big"))
    if isinstance(key, ec.EllipticCurvePrivateKey):
        r, s = decode_dss_signature(key.sign(digest, ec.ECDSA(Prehashed(hashes.SHA512()))))
        return _integer(r) + _integer(s)
    raise Refused("key-unsupported")


def _integer(number: int) -> bytes:
    """A multiprecision integer, RFC 4880 section 3.2."""
    return number.bit_length().to_bytes(2, "big") + number.to_bytes((number.bit_length() + 7) // 8, "big")


def load_secret(armored: bytes, passphrase: str | None = None) -> SecretKey:
    """Read a secret key, armored or binary, and unlock it.

    Raises Refused: `key-unreadable`, `key-unsupported`, `key-locked` (the passphrase is missing or wrong).
    """
    packets = validity.binary(armored)
    public = certificates.without_secrets(packets)
    view, parts, fault = memoryview(packets), [], ""
    for frame in frames.walk(view, certificates.MOST_PACKETS):
        if frame.tag in (frames.SECRET_KEY, frames.SECRET_SUBKEY):
            body = bytes(frame.body(view))
            key = certificates.parse_key(certificates.public_part(body))
            fault = fault or key.fault or ""
            secret = None if key.fault else _unlocked(key, frame.tag, body, passphrase)
            if secret:
                parts.append(_Part(key, secret))
    if not parts:
        raise Refused(fault or "key-unreadable", hint="It holds no secret key that can be used.")
    return SecretKey(armor.enarmor("PUBLIC KEY BLOCK", public).encode(), parts)


def _unlocked(key: Key, tag: int, body: bytes, passphrase: str | None) -> PgpKey | None:
    """The secret in one secret key packet; None for a stub."""
    try:
        packet = Packet(bytearray(frames.packet(tag, body)))
        if packet.protected and int(packet.keymaterial.s2k.specifier) == _STUB:
            return None
        if packet.protected:
            if passphrase is None:
                raise Refused("key-locked")
            packet.unprotect(passphrase)
        secret = PgpKey(packet, key.derivation, packet.keymaterial.__privkey__())
        if secret.public != validity.public_key(key).public:
            raise Refused("key-unreadable", hint="Its secret part does not belong to its public part.")
    except LIBRARY_ERRORS:
        raise Refused("key-locked" if passphrase is not None else "key-unreadable") from None
    return secret
