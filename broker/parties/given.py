"""given: files with public keys, as they are given for a party.

Contract: a file is read only when it is needed, so that the faults of its party are reported first. Raises NotDone with
the file's name, as its giver knows it, and nothing of its content; and what reading the file raises.
"""

from collections.abc import Callable
from dataclasses import dataclass

from broker.core.errors import NotDone
from broker.edge.sftp.hostkey import check_line

_BEGIN, _GUARDED = b"\n-----BEGIN PGP ", b"\n:-----BEGIN PGP "
_PRIVATE, _OF_PUTTY = ("PRIVATE KEY-----", "PuTTY-User-Key-File-"), "BEGIN SSH2 PUBLIC KEY"


@dataclass(frozen=True, slots=True)
class Given:
    """A file: its name, and a function that reads its bytes, within bounds."""

    name: str
    read: Callable[[], bytes]


def certificate(given: Given) -> bytes:
    """A public key, or its revocation as gpg makes it, without gpg's explanation. Raises NotDone `guarded-revocation`
    where gpg's colon still guards the revocation against use by mistake."""
    content = given.read()
    if content.find(_GUARDED) >= 0:
        raise NotDone("guarded-revocation", file=given.name)
    is_plain = content.startswith(_BEGIN[1:]) or content[:1] >= b"\x80"
    return content[0 if is_plain else content.find(_BEGIN) + 1 :]


def ssh_key(given: Given) -> tuple[str, str]:
    """An SSH public key as a line without its comment, and the whole text. Raises NotDone `ssh-unreadable`,
    `ssh-private`, `ssh-other-form`, `ssh-refused`."""
    try:
        text = given.read().decode()
    except UnicodeDecodeError:
        raise NotDone("ssh-unreadable", file=given.name) from None
    try:
        return check_line(" ".join(text.split()[:2])), text
    except ValueError as error:
        raise _no_ssh_key(given.name, text, str(error)) from None


def _no_ssh_key(name: str, text: str, fault: str) -> NotDone:
    """The error for a key in another file or form, and for a file that is no key."""
    if any(mark in text for mark in _PRIVATE):
        return NotDone("ssh-private", file=name)
    if _OF_PUTTY in text:
        return NotDone("ssh-other-form", file=name)
    return NotDone("ssh-refused", file=name, fault=fault)
