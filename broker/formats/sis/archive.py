"""Several files of an export in one ZIP.

Owns how such an archive is bounded. Promises: nothing inflates beyond the limits, whatever its header says; nothing is
written anywhere; paths that lead elsewhere, encrypted and doubled files are refused; only XML, JSON and CSV are read,
in the order of the archive.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO

from broker.core.errors import Refused
from broker.edge.settings.values import Limits

HEAD = 64 * 1024  # bytes of a file by which it is told
BEGINS = b"PK\x03\x04"
_MOST_FILES = 500
_READ = (".xml", ".json", ".csv", ".txt")
_ASIDE = "__MACOSX/"  # what a Mac puts beside the files
_SHOWN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}")
_PIECE = 1024 * 1024
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError, RuntimeError)


def heads(content: bytes) -> dict[str, bytes]:
    """The beginnings of the files by their names, for telling what the archive is; none where it cannot be read."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return {one.filename: _begin(archive, one) for one in archive.infolist()[:_MOST_FILES] if _is_read(one)}
    except _BROKEN:
        return {}


def files(content: bytes, limits: Limits) -> Iterator[tuple[str, bytes]]:
    """The files, each with the name by which places show it. Raises Refused: `sis-form`, `inflates-too-much`."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = _checked(archive)
            left = min(limits.content_bytes, max(limits.inflate_floor_bytes, limits.inflate_ratio * len(content)))
            for number, one in enumerate(members, 1):
                inner = _inflated(archive, one, left)
                left -= len(inner)
                yield _shown(one.filename, number), inner
    except _BROKEN:
        pass  # refused below, without the exception that may hold a name
    else:
        return
    raise Refused("sis-form", "", "The ZIP is damaged, or was not saved to its end.")


def _checked(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    members = archive.infolist()
    if len(members) > _MOST_FILES:
        raise Refused("sis-form", "", f"The ZIP holds more than {_MOST_FILES} files.")
    names = [one.filename for one in members]
    if len(set(names)) != len(names):
        raise Refused("sis-form", "", "The ZIP holds two files of the same name.")
    if any(name.startswith(("/", "\\")) or "\\" in name or ".." in name.split("/") or ":" in name for name in names):
        raise Refused("sis-form", "", "A name in the ZIP leads out of it: pack it again, from within the folder.")
    if any(one.flag_bits & 1 for one in members):
        raise Refused("sis-form", "", "The ZIP has a password: pack it without one, the seal protects it.")
    return [one for one in members if _is_read(one)]


def _is_read(one: zipfile.ZipInfo) -> bool:
    hidden = one.filename.rpartition("/")[2].startswith(".") or one.filename.startswith(_ASIDE)
    return one.filename.lower().endswith(_READ) and not hidden


def _begin(archive: zipfile.ZipFile, one: zipfile.ZipInfo) -> bytes:
    with archive.open(one) as file:
        return file.read(HEAD)


def _inflated(archive: zipfile.ZipFile, one: zipfile.ZipInfo, left: int) -> bytes:
    out = bytearray()
    with archive.open(one) as file:
        for piece in iter(lambda: _piece(file), b""):
            out += piece
            if len(out) > left:
                raise Refused("inflates-too-much", "", "The files in the ZIP are too large together: send fewer.")
    return bytes(out)


def _piece(file: IO[bytes]) -> bytes:
    return file.read(_PIECE)


def _shown(name: str, number: int) -> str:
    last = name.rpartition("/")[2]
    return last if _SHOWN.fullmatch(last) else f"file-{number}"
