"""The parts of a zipped workbook (.xlsx, .ods): taken out within bounds, and put together again.

Owns how a hostile archive is bounded. Promises: what is not needed to read cells (pictures, macros, old versions) is
never inflated; nothing inflates beyond `MOST_BYTES` in all, whatever its header says; no part has a document type, and
each is in UTF-8; `packed` has exactly the parts that were looked at, so that no other reader finds another one.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO

from broker.core.errors import Refused

MOST_BYTES = 256 * 1024 * 1024  # of all parts together, inflated
_MOST_KEPT = 64 * 1024 * 1024  # of them, without the formatted blank cells of .xlsx, which are most of some workbooks
_PIECE = 1024 * 1024
MOST_PARTS = 4_000
_NEEDED = re.compile(
    r"(?:\[Content_Types\]\.xml|mimetype|content\.xml|META-INF/manifest\.xml|.{0,200}\.rels|xl/.{0,200}\.xml)"
)
_NOT_CELLS = re.compile(
    r"xl/(?:drawings|charts|media|theme|comments|persons|threadedComments|pivot|externalLinks|printer)"
)
_ENCODING = re.compile(rb"""<\?xml[^>]{0,200}?\bencoding[ \t\r\n]*=[ \t\r\n]*["']([^"']*)["']""")
_BLANK = re.compile(rb'<c r="[A-Z]{1,3}[0-9]{1,7}"(?: s="[0-9]{1,6}")?(?: t="[a-zA-Z]{1,9}")? ?/>')
_BLANK_ROW = re.compile(rb"<row [^<>]{0,200}?(?:/>|></row>)")
_MOST_ROW = 8 * _PIECE
_LONG_TAG = re.compile(rb"<[^<>]{8000,}+")
_MOST_ATTRIBUTES = 1_000
_MANIFEST, _ENCRYPTED = "META-INF/manifest.xml", b":encryption-data"
_PLAIN = frozenset({b"utf-8", b"utf8", b"us-ascii", b"ascii"})
_MARK = b"\xef\xbb\xbf"
DAMAGED = "It is damaged, or was not saved to its end."


def parts(content: bytes) -> dict[str, bytes]:
    """The parts by name. Raises Refused: `workbook`, `inflates-too-much`, `xml-unsafe`; `not-a-document` for one with a
    password."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _taken(archive)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError, RuntimeError):
        raise Refused("workbook", "", DAMAGED) from None


def packed(found: Mapping[str, bytes]) -> bytes:
    """These parts as an archive in which nothing is compressed."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, part in found.items():
            archive.writestr(zipfile.ZipInfo(name), part)
    return out.getvalue()


def _taken(archive: zipfile.ZipFile) -> dict[str, bytes]:
    members = archive.infolist()
    if len(members) > MOST_PARTS:
        raise Refused("inflates-too-much", "", f"The workbook has more than {MOST_PARTS} parts.")
    if any(one.flag_bits & 1 for one in members) or any(one.filename == "encrypted-package" for one in members):
        raise locked()
    needed = [one for one in members if _NEEDED.fullmatch(_name(one)) and not _NOT_CELLS.match(_name(one))]
    if len({_name(one).lower() for one in needed}) < len(needed):
        raise Refused("workbook", "", "Several of its parts have the same name.")
    if sum(one.file_size for one in needed) > MOST_BYTES:
        raise _too_much()
    found: dict[str, bytes] = {}
    left = _Left()
    for one in sorted(needed, key=lambda one: _name(one) != _MANIFEST):  # it says whether the others are encrypted
        with archive.open(one) as member:
            part = _read(member, left)
        if _name(one) == _MANIFEST and _ENCRYPTED in part:
            raise locked()
        found[_name(one)] = _checked(_name(one), part)
    return found


@dataclass(slots=True)
class _Left:
    """How many bytes may still be inflated, and kept."""

    inflated: int = MOST_BYTES
    kept: int = _MOST_KEPT

    def take(self, inflated: int, kept: int) -> None:
        """Raises Refused `inflates-too-much`."""
        self.inflated -= inflated
        self.kept -= kept
        if self.inflated < 0 or self.kept < 0:
            raise _too_much()


def _read(member: IO[bytes], left: _Left) -> bytes:
    """One part, without formatted blank cells."""
    kept: list[bytes] = []
    rest = b""
    while piece := member.read(_PIECE):
        left.take(len(piece), 0)
        rest += piece
        cut = max(rest.rfind(b"<row "), 0) or (len(rest) if len(rest) > _MOST_ROW else 0)
        whole = _without_blanks(rest[:cut])
        left.take(0, len(whole))
        kept.append(whole)
        rest = rest[cut:]
    left.take(0, len(rest))
    return b"".join((*kept, _without_blanks(rest)))


def _without_blanks(piece: bytes) -> bytes:
    return piece if b"<![CDATA[" in piece else _BLANK_ROW.sub(b"", _BLANK.sub(b"", piece))


def _name(member: zipfile.ZipInfo) -> str:
    return member.filename.replace("\\", "/")


def locked() -> Refused:
    """The refusal of a workbook with a password."""
    return Refused(
        "not-a-document", "", "It is a workbook with a password. Take the password off: the seal protects it."
    )


def _too_much() -> Refused:
    return Refused("inflates-too-much", "", f"A workbook may have {MOST_BYTES >> 20} MiB when it is unpacked.")


def _checked(name: str, part: bytes) -> bytes:
    """The part, of which a plain parser can do no harm."""
    if name == "mimetype":
        return part
    declared = _ENCODING.match(part.removeprefix(_MARK))
    if b"\0" in part or (declared is not None and declared[1].lower() not in _PLAIN):
        raise Refused("workbook", "", "A part of it is not in UTF-8.")
    if b"<!DOCTYPE" in part or b"<!ENTITY" in part:
        raise Refused("xml-unsafe", "", "A part of the workbook has a document type.")
    if any(tag[0].count(b"=") > _MOST_ATTRIBUTES for tag in _LONG_TAG.finditer(part)):
        raise Refused("inflates-too-much", "", "A part of the workbook has far too many attributes.")
    return part
