"""PGPy, imported in one place and quietly.

Owns the import, and the list of what PGPy raises. Promises: its remarks about ciphers that `cryptography` has moved do
not reach a user's screen; warnings of other modules are untouched. PGPy and its fork PGPym (Python 3.13 and later)
share everything named here.
"""

import warnings
from typing import Any, NamedTuple

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

# PGPy looks at those ciphers again when it works, not only when it is imported
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

# What PGPy and cryptography were seen to raise on damaged packets. Running out of memory is not among them: that is not
# the packet's fault, and must not refuse it.
LIBRARY_ERRORS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    NotImplementedError,
    TypeError,
    ValueError,
    PGPDecryptionError,
    PGPError,
)


class PgpKey(NamedTuple):
    """What PGPy's session key packets want of a key. Its own key packets work the fingerprint out for every message."""

    keymaterial: Any
    fingerprint: Any
