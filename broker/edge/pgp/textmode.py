"""Text signatures (type 0x01, `gpg --textmode`) over line ends that are not all CR LF.

Owns the verdict on them. Promises: it is the verdict of gpg, which hashes the text as it was sealed; Sequoia first
turns every line end into CR LF, even a lone CR, and so accepts what the receiver's gpg rejects, and the other way
round.
"""

from broker.core.errors import Refused
from broker.core.openpgp import signatures
from broker.core.openpgp.certificates import Key
from broker.core.openpgp.signatures import Signature
from broker.edge.pgp import validity


def is_odd(content: bytes, read: Signature) -> bool:
    """Whether this is a text signature over a content with line ends that programs hash differently."""
    ends = content.count(b"\r\n")
    return read.kind == signatures.TEXT and not (content.count(b"\r") == ends == content.count(b"\n"))


def check(content: bytes, read: Signature, key: Key) -> None:
    """Raises Refused `bad-signature` unless `key` signed the content as it is."""
    if read.created < key.created or not validity.verifies(key, content, read):
        raise Refused(
            "bad-signature", hint="It was signed as text, whose line ends were changed: leave out --textmode."
        )
