"""OpenPGP: open, re-lock and seal packets; sign and check receipts. Change the lock, not the letter.

Owns every message that is decrypted or signed. Promises: `open_packet` returns content only when the sealed shape, the
integrity code, and a signature by one of the given certificates are valid, and the signing key is good at `now`;
everything else that comes in ends as `Refused`, with bounded memory. `relock` never touches the encrypted body. No
library sees a message before `broker.core.openpgp.message` has found its shape: both PGPy and Sequoia inflate a
compressed packet without limit.

Which library does what, as measured (24 kB packet, one core):
- session keys: PGPy, because nothing else gives access to them;
- the body: AES-CFB and SHA-1 by OpenSSL in one pass over the parts (0.02 ms; PGPy's class: 0.22 ms, and five copies of
  the body, too many for 100 MB);
- whether a signature is good: Sequoia (`broker.edge.pgp.signers`);
- our signatures: OpenSSL, because Sequoia's arithmetic takes variable time.
"""

import hashlib
import hmac
import os
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from broker.core.errors import Refused
from broker.core.model import Fingerprint
from broker.core.openpgp import armor, frames, message, signatures
from broker.core.openpgp.certificates import Key
from broker.core.openpgp.message import Bounds, Envelope, SessionKey
from broker.edge.pgp import signers, textmode, validity
from broker.edge.pgp.pgplib import LIBRARY_ERRORS, PKESessionKeyV3, SymmetricKeyAlgorithm
from broker.edge.pgp.secretkey import HASH_NAME, Buffer, SecretKey, load_secret
from broker.edge.settings.values import Limits

__all__ = ["Opened", "SecretKey", "Session", "clearsign", "load_secret", "open_packet", "relock", "seal"]
__all__ += ["session_of", "verify_clear"]

_HIDDEN = "0" * 16  # RFC 4880 section 5.1: a key id that is hidden
_AES256 = 9
_PREFIX, _INTEGRITY = 18, 22  # RFC 4880 section 5.13: octets before and after what was encrypted
_STEP = 1 << 20
_MOST = 1024  # packets and recipients of a message that was opened before, perhaps under other limits


Session = tuple[int, bytes]  # RFC 4880 section 9.2: the cipher's number, and its key


@dataclass(frozen=True, slots=True, repr=False)
class Opened:
    """What was sealed. `signer` is the primary key's fingerprint, `signing_key` that of the key or subkey that signed,
    `signed_at` the time in the signature, `session` saves `relock` from decrypting it again. Repr hidden."""

    content: bytes
    signer: Fingerprint
    signing_key: Fingerprint
    signed_at: datetime | None
    session: Session


def open_packet(
    sealed: Buffer,
    key: SecretKey,
    certificates: Sequence[bytes],
    limits: Limits,
    now: datetime,
    is_known: Callable[[str], bool],
) -> Opened:
    """Decrypt a packet, armored or binary, and find out who signed it.

    `certificates` are those of the sending LEA, armored or binary, and no others. `is_known` says whether some other
    party owns a signer, by fingerprint or key id (upper-case hex). Raises Refused: the codes of the file, the seal and
    the signature, and `key-expired`, `key-revoked`, `key-weak` and the like for a signer whose key is not good now.
    """
    if not sealed:
        raise Refused("empty-file")
    if len(sealed) > limits.sealed_bytes:
        raise Refused("too-large")
    bounds = Bounds(limits.content_bytes, limits.inflate_ratio, limits.inflate_floor_bytes, limits.openpgp_packets)
    outside = _envelope(sealed, limits.openpgp_packets, limits.recipients)
    # the decrypted body is freed before the signature is checked: with the largest packets there is no memory for both
    session = key.session_key(_ours(outside, key))
    letter = message.letter(_decrypted(outside, session[1]), bounds)
    failures: list[Refused] = []
    for body in letter.signatures:
        try:
            return _accepted(letter.content, body, certificates, now, is_known, session)
        except Refused as refused:
            failures.append(refused)
    raise min(failures, key=lambda one: {"unknown-signer": 2, "wrong-signer": 1}.get(one.code, 0))


def session_of(sealed: Buffer, key: SecretKey) -> Session:
    """The session key of a packet that was opened before. Raises Refused as opening does."""
    return key.session_key(_ours(_envelope(sealed, _MOST, _MOST), key))


def relock(
    sealed: bytes, key: SecretKey, receiver: bytes, now: datetime | None = None, session: Session | None = None
) -> tuple[bytes, memoryview]:
    """The same letter for another addressee: a new session key packet, and the untouched encrypted body.

    The two, one after the other, are the binary message. Raises Refused as opening does, and with the fault of the
    receiver's certificate at `now` (`key-expired`, `key-revoked`, `key-no-encryption` …). `session` is the session of
    exactly this packet from its opening, where the caller still has it.
    """
    outside = _envelope(sealed, _MOST, _MOST)
    addressee = validity.encryption_key(receiver, now or datetime.now(UTC))
    cipher, secret = session or key.session_key(_ours(outside, key))
    return _addressed(addressee, cipher, secret), outside.packet


def _envelope(sealed: Buffer, packets: int, recipients: int) -> Envelope:
    data = armor.dearmor(bytes(sealed))[1] if armor.is_armored(bytes(sealed[:4096])) else sealed
    return message.envelope(memoryview(data).toreadonly(), packets, recipients)


def _ours(outside: Envelope, key: SecretKey) -> SessionKey:
    """The one session key that is for the exchange."""
    ours = [one for one in outside.keys if key.can_decrypt(one.key_id)]
    if len(ours) > 1:
        raise Refused("bad-structure", hint="The exchange's key was named twice as --recipient.")
    if not ours:
        hidden = any(one.key_id == _HIDDEN for one in outside.keys)
        raise Refused(
            "not-for-exchange",
            hint="It does not say for whom it is sealed: leave out `throw-keyids` and `--hidden-recipient`."
            if hidden
            else "",
        )
    return ours[0]


def _decrypted(outside: Envelope, session: bytes) -> memoryview:
    """The encrypted body in the clear, without prefix and integrity code. Raises Refused `damaged`."""
    size = sum(len(part) for part in outside.parts)
    plain = memoryview(bytearray(size + 15))  # OpenSSL needs room for one more block
    decryptor, at = Cipher(AES(session), CFB(bytes(16))).decryptor(), 0
    for part in outside.parts:
        at += decryptor.update_into(part, plain[at:])
    # RFC 4880 section 5.14: the integrity code is SHA-1; the sender's signature does not depend on it
    wanted = b"\xd3\x14" + hashlib.sha1(plain[: size - 20], usedforsecurity=False).digest()
    if not hmac.compare_digest(wanted, plain[size - _INTEGRITY : size]):
        raise Refused("damaged")
    return plain[_PREFIX : size - _INTEGRITY]


def _accepted(
    content: bytes,
    body: bytes,
    certificates: Sequence[bytes],
    now: datetime,
    is_known: Callable[[str], bool],
    session: Session,
) -> Opened:
    """The content, if this signature is good and its key is good now."""
    read, certificate = signers.named(body, (signatures.BINARY, signatures.TEXT), certificates, is_known)
    key = next(one for one in validity.keys(certificate, now) if one.key.fingerprint.endswith(read.issuer))
    if key.fault:
        raise Refused(key.fault)
    if not key.flags & signatures.SIGN:
        raise Refused("key-no-signing")
    if not read.is_alive(now.timestamp(), validity.CLOCKS_DIFFER):
        raise Refused("signature-expired")
    if textmode.is_odd(content, read):
        textmode.check(content, read, key.key)
        signer = validity.held(certificate)[0].primary.fingerprint
    else:
        signer = signers.verified(content, read, certificate)
    return Opened(content, signer, key.key.fingerprint, datetime.fromtimestamp(read.created, UTC), session)


def _addressed(addressee: Key, cipher: int, session: bytes) -> bytes:
    """A session key packet for one key."""
    packet = PKESessionKeyV3()
    packet.encrypter = bytearray.fromhex(addressee.key_id)
    packet.pkalg = addressee.algorithm
    try:
        packet.encrypt_sk(validity.public_key(addressee), SymmetricKeyAlgorithm(cipher), session)
    except LIBRARY_ERRORS:
        raise Refused("key-unreadable") from None
    return bytes(packet)


def seal(content: bytes, signer: SecretKey, recipients: Sequence[bytes], now: datetime | None = None) -> bytes:
    """Sign, compress and encrypt: returns the binary packet, as `gpg --sign --encrypt` makes it.

    `recipients` are certificates. It needs memory for up to three times the content, in addition to it. Raises Refused
    with the fault of the signer's or a recipient's key at `now`.
    """
    now = now or datetime.now(UTC)
    addressees = [validity.encryption_key(one, now) for one in recipients]
    session = os.urandom(32)
    out = bytearray(b"".join(_addressed(one, _AES256, session) for one in addressees))
    packed = _packed(content, signer.sign(signatures.BINARY, [content], now), now)
    inner = frames.header(frames.COMPRESSED, len(packed))
    out += frames.header(frames.SEIPD, 1 + _PREFIX + len(inner) + len(packed) + _INTEGRITY) + b"\x01"
    encryptor, integrity = Cipher(AES(session), CFB(bytes(16))).encryptor(), hashlib.sha1(usedforsecurity=False)
    prefix = os.urandom(16)
    for piece in _pieces(prefix + prefix[-2:], inner, packed, b"\xd3\x14"):
        integrity.update(piece)
        out += encryptor.update(piece)
    del packed
    out += encryptor.update(integrity.digest())
    return bytes(out)


def _packed(content: bytes, signature: bytes, now: datetime) -> bytearray:
    """The body of a compressed data packet with the signed message in it, RFC 4880 sections 5.6, 5.9 and 11.3."""
    head = frames.packet(frames.ONE_PASS, signatures.one_pass(signature))
    head += frames.header(frames.LITERAL, 6 + len(content)) + b"b\x00" + int(now.timestamp()).to_bytes(4, "big")
    engine, out = zlib.compressobj(6), bytearray(b"\x02")
    for piece in _pieces(head, content, frames.packet(frames.SIGNATURE, signature)):
        out += engine.compress(piece)
    out += engine.flush()
    return out


def _pieces(*whole: Buffer) -> Iterator[memoryview]:
    for one in whole:
        yield from (memoryview(one)[at : at + _STEP] for at in range(0, len(one), _STEP))


def clearsign(text: str, signer: SecretKey, now: datetime | None = None) -> str:
    """A cleartext signed message, RFC 4880 section 7: blanks at line ends and the last line end are not signed.

    Raises Refused with the fault of the signer's key at `now`; ValueError for a carriage return within a line, which
    programs read differently.
    """
    if any("\r" in line for line in armor.signed_lines(text)):
        raise ValueError("a carriage return within a line cannot be signed as text")
    signed = "\r\n".join(armor.signed_lines(text)).encode()
    body = signer.sign(signatures.TEXT, [signed], now or datetime.now(UTC))
    return armor.clear_armor(text, HASH_NAME, frames.packet(frames.SIGNATURE, body))


def verify_clear(signed: bytes, certificates: Sequence[bytes]) -> tuple[str, Fingerprint]:
    """The signed text, its lines joined by LF, and the fingerprint of the signer's primary key.

    The key must have been good when it signed (receipts outlive keys), and must not be revoked as compromised. Exactly
    one signature is allowed, and no other packet. Raises Refused: `unsigned`, `truncated`, `bad-armor`,
    `bad-structure`, `unknown-signer`, `weak-signature`, `bad-signature`.
    """
    clear = armor.cleartext(signed)
    view = memoryview(clear.signatures)
    packets = list(frames.walk(view, message.MOST_SIGNATURES))
    if not packets:
        raise Refused("unsigned")
    if "\r" in clear.text:
        raise Refused("bad-armor", hint="A carriage return within a line is a line end to some programs only.")
    if len(packets) > 1 or packets[0].tag != frames.SIGNATURE:
        raise Refused("bad-structure")
    read, certificate = signers.named(bytes(packets[0].body(view)), (signatures.TEXT,), certificates, lambda _: False)
    if read.hash not in clear.hashes:
        raise Refused("bad-armor", hint="The text names another hash than the signature has.")
    return clear.text, signers.verified(clear.text.replace("\n", "\r\n").encode(), read, certificate)
