"""Who signed: the certificate that a signature names, and whether its key made the signature.

Owns that judgement. Promises: a party that has only bound a key to its own certificate is not the signer where another
party has proved to hold that key. Sequoia gets the content and one signature packet (0.1 ms, 24 kB, one core; the same
as an inline message: 0.8 ms, and it would parse the message a second time, in its own way).
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

import pysequoia

from broker.core.errors import Refused
from broker.core.model import Fingerprint
from broker.core.openpgp import frames, signatures
from broker.core.openpgp.signatures import Signature
from broker.edge.pgp import minimal, validity

# Sequoia raises RuntimeError for everything it rejects, ValueError for what is not OpenPGP
_SEQUOIA_ERRORS = (RuntimeError, ValueError, TypeError)


def named(
    body: bytes, kinds: Sequence[int], certificates: Sequence[bytes], is_known: Callable[[str], bool]
) -> tuple[Signature, bytes]:
    """A signature packet, parsed, and the certificate with the key that it names; nothing is verified yet. Raises
    Refused `bad-signature`, `wrong-signer`, `unknown-signer`, `weak-signature`."""
    read = signatures.parse(body)
    if not read or read.kind not in kinds:
        raise Refused("bad-signature", hint="It is not a version 4 signature over a document.")
    found = [one for one in certificates if read.issuer and _has_key(one, read.issuer)]
    # anybody can bind any key: the key belongs to the party that has proved to hold it
    certificate = next((one for one in found if _has_proved(one, read.issuer)), found[0] if found else None)
    if certificate is None:
        raise Refused("wrong-signer" if read.issuer and is_known(read.issuer) else "unknown-signer")
    if read.hash in signatures.WEAK_HASHES:
        raise Refused("weak-signature")
    return read, certificate


def _has_key(certificate: bytes, issuer: str) -> bool:
    parts = validity.held(certificate)[1]
    bound = (one.part.key for place, one in enumerate(parts) if not place or one.good or one.weak)
    return any(key.fingerprint.endswith(issuer) for key in bound if key)


def _has_proved(certificate: bytes, issuer: str) -> bool:
    return any(one.endswith(issuer) for one in minimal.proved(certificate))


def verified(content: bytes, read: Signature, certificate: bytes) -> Fingerprint:
    """The primary key's fingerprint, if Sequoia accepts the signature. Raises Refused `bad-signature`.

    Sequoia judges the certificate as it was when the signature was made, and uses the system's clock.
    """
    try:
        store = [_certificate(certificate)]
        packet = pysequoia.Sig.from_bytes(frames.packet(frames.SIGNATURE, read.body))
        checked = pysequoia.verify(bytes=content, store=lambda _: store, signature=packet)
    except _SEQUOIA_ERRORS:
        raise Refused("bad-signature") from None
    signer = validity.held(certificate)[0].primary.fingerprint
    for found in checked.valid_sigs:
        if found.certificate.upper() == signer and found.signing_key.upper().endswith(read.issuer):
            return signer
    raise Refused("bad-signature")


@lru_cache(maxsize=512)
def _certificate(certificate: bytes) -> pysequoia.Cert:
    return pysequoia.Cert.from_bytes(validity.binary(certificate))
