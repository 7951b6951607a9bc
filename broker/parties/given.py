"""given: files with public keys, as they are handed in for a party.

Contract: a file is read when its turn comes, so that what stands against its party is told first. Raises NotDone with
the file's name, by which the one who gave it knows it, and nothing that is in it; and what reading it raises.
"""

from collections.abc import Callable
from dataclasses import dataclass

from broker.core.errors import NotDone
from broker.edge.sftp.hostkey import check_line

_BEGIN, _GUARDED = b"\n-----BEGIN PGP ", b"\n:-----BEGIN PGP "
_PRIVATE, _OF_PUTTY = ("PRIVATE KEY-----", "PuTTY-User-Key-File-"), "BEGIN SSH2 PUBLIC KEY"


@dataclass(frozen=True, slots=True)
class Given:
    """A file: its name, and what reads its bytes, within bounds."""

    name: str
    read: Callable[[], bytes]


def certificate(given: Given) -> bytes:
    """A public key, or the revocation of one as gpg makes it, without the lines in which gpg explains it. Raises
    NotDone `guarded-revocation` where gpg's colon keeps the revocation from being taken by mistake."""
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
    """What is said where it is a key in another file or form, and where it is none."""
    if any(mark in text for mark in _PRIVATE):
        return NotDone("ssh-private", file=name)
    if _OF_PUTTY in text:
        return NotDone("ssh-other-form", file=name)
    return NotDone("ssh-refused", file=name, fault=fault)
