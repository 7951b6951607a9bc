"""What the name of a file in an outbox says, before the file itself is read.

Owns which names are unfinished and which are printable. Pure.
"""

import unicodedata

# Endings that programs give to a file that they have not finished (compared in lower case), besides a leading dot: SFTP
# clients (.part, .partial, .filepart), browsers (.crdownload), editors (~).
UNFINISHED = (".part", ".partial", ".tmp", ".filepart", ".crdownload", "~")
UPLOADING = ".satchel-upload."  # the SFTP server's prefix for a file that is not complete
_SEALED = (".pgp", ".gpg", ".asc")  # endings of sealed files


def is_unfinished(name: str) -> bool:
    """Whether a name says that its writer is not done, or that the file does not concern the exchange."""
    return name.startswith(".") or name.lower().endswith(UNFINISHED)


def is_sender_s(name: str) -> bool:
    """Whether the LEA must be told about an unfinished file: not if it is one that programs hide for themselves."""
    is_hidden = name.startswith(".") and (name.startswith("._") or not name.lower().endswith(_SEALED))
    return is_printable(name) and (name.startswith(UPLOADING) or not is_hidden)


def is_printable(name: str) -> bool:
    """Whether a name can be shown. It may contain blanks of any width: Macs and text copied from web pages have
    them."""
    return all(letter.isprintable() or unicodedata.category(letter) == "Zs" for letter in name)
