"""The keyed digest of documents: tells whether two are the same, and lets nobody guess at what they say.

Owns the secret of one home for it.
"""

import hashlib
import hmac


class Digester:
    """HMAC-SHA256 (RFC 2104) of a document under a secret of this home."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def __call__(self, content: bytes) -> str:
        """64 hex digits."""
        return hmac.new(self._secret, content, hashlib.sha256).hexdigest()
