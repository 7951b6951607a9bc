"""Messages and certificates that no honest program writes, for tests of what must be refused.

Owns an encryption of arbitrary inner packets, independent of the code under test where that matters.
"""

import bz2
import hashlib
import os
import time
import zlib

from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from pgpy import PGPKey
from pgpy.constants import SymmetricKeyAlgorithm
from pgpy.packet.packets import PKESessionKeyV3

from broker.core.openpgp import certificates, frames, signatures
from broker.core.openpgp.frames import packet
from broker.edge.pgp import secretkey, validity
from broker.edge.pgp.secretkey import load_secret


def session_packet(certificate: bytes, session: bytes, cipher: int = 9) -> bytes:
    """A PKESK for the first subkey of a certificate."""
    key, _ = PGPKey.from_blob(certificate)
    subkey = next(iter(key.subkeys.values()))
    made = PKESessionKeyV3()
    made.encrypter = bytearray.fromhex(str(subkey.fingerprint.keyid))
    made.pkalg = subkey._key.pkalg
    made.encrypt_sk(subkey._key, SymmetricKeyAlgorithm(cipher), session)
    return bytes(made)


def encrypted(inner: bytes, session: bytes, integrity: bool = True) -> bytes:
    """The body of a SEIPD packet of version 1 around `inner`; without `integrity` its code is left out."""
    prefix = os.urandom(16)
    plain = prefix + prefix[-2:] + inner
    if integrity:
        plain += b"\xd3\x14" + hashlib.sha1(plain + b"\xd3\x14", usedforsecurity=False).digest()
    encryptor = Cipher(AES(session), CFB(bytes(16))).encryptor()
    return b"\x01" + encryptor.update(plain) + encryptor.finalize()


def enclose(inner: bytes, certificate: bytes, integrity: bool = True) -> bytes:
    """A whole binary message with `inner` as its decrypted packets."""
    session = os.urandom(32)
    return session_packet(certificate, session) + packet(frames.SEIPD, encrypted(inner, session, integrity))


def literal(content: bytes, kind: bytes = b"b") -> bytes:
    """A literal packet."""
    return packet(frames.LITERAL, kind + b"\x00" + bytes(4) + content)


def compressed(inner: bytes, algorithm: int) -> bytes:
    """A compressed data packet: 0 stored, 1 raw deflate, 2 zlib, 3 bzip2."""
    return packet(frames.COMPRESSED, bytes([algorithm]) + squeezed(inner, algorithm))


def squeezed(inner: bytes, algorithm: int) -> bytes:
    """`inner` compressed as OpenPGP names it."""
    if algorithm == 3:
        return bz2.compress(inner)
    if algorithm == 2:
        return zlib.compress(inner, 9)
    if algorithm == 1:
        engine = zlib.compressobj(9, wbits=-15)
        return engine.compress(inner) + engine.flush()
    return inner


def in_parts(tag: int, body: bytes, power: int = 9) -> bytes:
    """A packet with partial lengths of 2 to the `power` bytes, as gpg writes them for what comes through a pipe."""
    step, out, at = 1 << power, bytearray([0xC0 | tag]), 0
    while len(body) - at >= step:
        out += bytes([0xE0 | power]) + body[at : at + step]
        at += step
    return bytes(out) + frames.header(tag, len(body) - at)[1:] + body[at:]


def packets(data: bytes) -> list[tuple[int, bytes]]:
    """Tag and body of each packet."""
    view = memoryview(data)
    return [(frame.tag, bytes(frame.body(view))) for frame in frames.walk(view, 4096)]


def joined(parts: list[tuple[int, bytes]]) -> bytes:
    """The opposite of `packets`."""
    return b"".join(packet(tag, body) for tag, body in parts)


def signature(
    secret: bytes, kind: int, signed: bytes, hashed: bytes = b"", unhashed: bytes = b"", at: float | None = None
) -> bytes:
    """A signature packet's body by the primary key of an armored secret key, with these further subpackets; dated `at`
    (seconds since 1970)."""
    key = load_secret(secret)
    own = key._parts[key.fingerprint[-16:]]
    draft = signatures.draft(kind, own.key.algorithm, 10, int(at or time.time()), own.key.fingerprint)
    area = draft[6:] + hashed
    head = draft[:4] + len(area).to_bytes(2, "big") + area
    digest = hashlib.sha512(signed + signatures.trailer(head)).digest()
    made = signatures.finish(head, own.key.fingerprint, digest, secretkey._signed(own.secret.private, digest))
    at = len(head)
    size = int.from_bytes(made[at : at + 2], "big")
    rest = made[at + 2 : at + 2 + size] + unhashed
    return head + len(rest).to_bytes(2, "big") + rest + made[at + 2 + size :]


def binding(secret: bytes, subkey: bytes, flags: int, unhashed: bytes = b"") -> list[tuple[int, bytes]]:
    """The packets that bind somebody's key (the body of its packet) as a subkey to the key of an armored secret key."""
    primary = certificates.parse(validity.binary(load_secret(secret).certificate)).primary
    signed = primary.hashed + certificates.parse_key(subkey).hashed
    made = signature(secret, signatures.SUBKEY_BINDING, signed, bytes([2, 27, flags]), unhashed)
    return [(frames.PUBLIC_SUBKEY, subkey), (frames.SIGNATURE, made)]


def named(secret: bytes, user_id: str, tag: int = frames.USER_ID, kind: int = 0x13) -> list[tuple[int, bytes]]:
    """The packets of a further user id, or attribute, of the key."""
    body = user_id.encode()
    primary = certificates.parse(validity.binary(load_secret(secret).certificate)).primary
    octet = b"\xb4" if tag == frames.USER_ID else b"\xd1"
    signed = primary.hashed + octet + len(body).to_bytes(4, "big") + body
    return [(tag, body), (frames.SIGNATURE, signature(secret, kind, signed, bytes([2, 27, 3])))]
