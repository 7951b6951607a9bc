"""What the name of a file in an outbox says, before anybody looks at the file.

Owns which names are unfinished and which can be shown. Pure.
"""

import unicodedata

# What programs call a file that they have not finished (compared in lower case), besides names that begin with a dot:
# SFTP clients (.part, .partial, .filepart), browsers (.crdownload), editors (~).
UNFINISHED = (".part", ".partial", ".tmp", ".filepart", ".crdownload", "~")
UPLOADING = ".satchel-upload."  # how the SFTP server begins the name of what it has not whole
_SEALED = (".pgp", ".gpg", ".asc")  # how the names of sealed files end


def is_unfinished(name: str) -> bool:
    """Whether a name says that its writer is not done, or that it is none of the exchange's business."""
    return name.startswith(".") or name.lower().endswith(UNFINISHED)


def is_sender_s(name: str) -> bool:
    """Whether an unfinished file is one that its LEA must hear of: not what programs hide for themselves."""
    is_hidden = name.startswith(".") and (name.startswith("._") or not name.lower().endswith(_SEALED))
    return is_printable(name) and (name.startswith(UPLOADING) or not is_hidden)


def is_printable(name: str) -> bool:
    """Whether a name can be shown. Blanks of any width may be in it: a Mac, and what is copied from web pages, has
    such."""
    return all(letter.isprintable() or unicodedata.category(letter) == "Zs" for letter in name)
