"""The files within a record, as files beside the parent's copy.

Owns their names. Promises: a name made here is plain, short and unique in the copy, leads into no other folder, and
never has the ending of a program; a file that cannot be read is listed, not left out.
"""

import base64
import binascii
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

FOLDER = "attachments"
_NAME_CHARS = 60
# files with these endings open in a viewer, an editor or an office program, and opening them runs nothing
PASSIVE = {
    *("pdf", "png", "jpg", "jpeg", "gif", "tif", "tiff", "bmp", "webp", "heic", "txt", "csv", "tsv", "json", "rtf"),
    *("doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "ods", "odp", "mp3", "m4a", "wav", "mp4", "mov"),
}


@dataclass(frozen=True, slots=True, repr=False)
class Attached:
    """A file of one document: the document, the school's name for the file, and its path beside the copy.

    `path` is empty and `content` None where the base64 is broken. Repr hidden.
    """

    source: int
    name: str
    media_type: str
    path: str
    content: bytes | None = field(repr=False)


def attached(documents: Sequence[Mapping[str, Any]], folder: str = FOLDER) -> list[Attached]:
    """Every file of these documents, in their order; the same file with the same name has one path in the folder."""
    found: list[Attached] = []
    paths: dict[tuple[str, str], str] = {}
    for source, document in enumerate(documents):
        for one in document["record"].get("attachments", ()):
            content = _decoded(one["content"])
            path = ""
            if content is not None:
                same = (one["name"], hashlib.sha256(content).hexdigest())
                path = paths.setdefault(same, f"{folder}/{len(paths) + 1:02}-{safe_name(one['name'])}")
            found.append(Attached(source, one["name"], one["media_type"], path, content))
    return found


def places(files: Iterable[Attached], source: int) -> dict[str, list[str]]:
    """The paths of one document's files, by the school's names for them."""
    found: dict[str, list[str]] = {}
    for one in files:
        if one.source == source and one.path and one.path not in found.setdefault(one.name, []):
            found[one.name].append(one.path)
    return found


def safe_name(name: str) -> str:
    """A file name of plain letters, digits, dashes and dots, at most 70 characters; a file that could run gets the
    ending `.bin`."""
    stem, _, ending = name.rpartition(".")
    plain = unicodedata.normalize("NFKD", stem or ending).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-")[:_NAME_CHARS].strip("-") or "file"
    ending = ending.lower()
    return f"{stem}.{ending}" if ending in PASSIVE else f"{stem}.bin"


def size(count: int) -> str:
    """A number of bytes, in words."""
    for unit, size in (("MB", 1_000_000), ("kB", 1_000)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return None
