"""PGPy, imported in one place and quietly.

Owns the import, and the list of what PGPy raises. Promises: its warnings about ciphers that `cryptography` has moved do
not reach a user's screen; warnings of other modules are untouched. PGPy and its fork PGPym (Python 3.13 and later)
share everything named here.
"""

import warnings
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pgpy import PGPUID, PGPKey
    from pgpy.constants import (
        CompressionAlgorithm,
        EllipticCurveOID,
        HashAlgorithm,
        KeyFlags,
        PubKeyAlgorithm,
        SymmetricKeyAlgorithm,
    )
    from pgpy.errors import PGPDecryptionError, PGPError
    from pgpy.packet import Packet
    from pgpy.packet.packets import PKESessionKeyV3

# PGPy uses those ciphers again when it works, not only when it is imported
warnings.filterwarnings("ignore", module=r"pgpy(\.|$)")

__all__ = [
    "LIBRARY_ERRORS",
    "PGPUID",
    "CompressionAlgorithm",
    "EllipticCurveOID",
    "HashAlgorithm",
    "KeyFlags",
    "PGPKey",
    "PKESessionKeyV3",
    "Packet",
    "PgpKey",
    "PubKeyAlgorithm",
    "SymmetricKeyAlgorithm",
]

# What PGPy and cryptography were seen to raise on damaged packets. MemoryError is not among them: it is not the
# packet's fault, and must not refuse it.
LIBRARY_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    TypeError,
    ValueError,
    PGPDecryptionError,
    PGPError,
)


class PgpKey:
    """A key in the form that PGPy's session key packets use.

    PGPy's own key packets compute the fingerprint, the parameters of the key derivation and OpenSSL's object again for
    every message: 80 ms for a secret RSA key, a third of the time of a curve. Here it is done once. `parameters` are
    those of RFC 6637 section 8 (empty for RSA); `private` is OpenSSL's secret key.
    """

    def __init__(self, packet: Any, parameters: bytes, private: Any = None) -> None:
        material = packet.keymaterial
        self.fingerprint = packet.fingerprint
        self.keymaterial = self
        self.verify = material.verify
        self.private = private
        # PGPy's secret ECDH keys do not know their public half
        self.public = private.public_key() if private else material.__pubkey__()
        if parameters:
            self.oid, self.kdf = material.oid, self
            self._hash = getattr(hashes, material.kdf.halg.name)()
            self._length, self._parameters = material.kdf.encalg.key_size // 8, parameters

    def __pubkey__(self) -> Any:
        return self.public

    def __privkey__(self) -> Any:
        return self.private

    def derive_key(self, shared: bytes, *_: Any) -> bytes:
        """The key that wraps a session key, RFC 6637 section 7."""
        return ConcatKDFHash(algorithm=self._hash, length=self._length, otherinfo=self._parameters).derive(shared)
