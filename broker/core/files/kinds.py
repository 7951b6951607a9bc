"""The kind of a content, by its bytes: workbooks, pages, pictures, archives, mails, texts in another encoding, keys.

Owns the one table of these forms, used for sealed contents and for files that lie in an outbox in the clear. Promises:
a content that may be a document of the exchange (JSON, CSV, XML, in UTF-8) has no kind, and neither has text that
cannot be told from one; a kind tells the form, and never a piece of the content; the work grows with the bytes.
"""

from broker.core.files import kinds_text
from broker.core.files.kinds_text import HEAD, Kind

__all__ = ["UNKNOWN", "Kind", "is_workbook", "kind_of"]

_AS_CSV = 'Open it in a spreadsheet program, save it as an Excel workbook (.xlsx) or as "CSV UTF-8", and send that.'
_SEAL_IT = "Seal it as it is."
_DATA = (
    "The exchange reads tables and other data, not pages to look at: send the list itself, as your system exports it or"
    " as a spreadsheet program saves it."
)
_UNPACK = "Unpack it, and seal each document in it by itself."
_UNLOCK = "Unpack it with its password, and seal each document in it by itself: the seal protects it."
_NO_DATA = "It holds no document: choose the right file, and send that."
_OTHER_SEAL = "Open it, and seal the document itself with gpg: the exchange knows no other seal."
_DATABASE = "Export the data from the program that the file belongs to, as JSON or CSV, and send that."

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MOST_MEMBERS = 64  # members of a ZIP whose headers are checked


def _nothing(name: str) -> Kind:
    """A kind of file that holds no data about any person."""
    return Kind(name, _NO_DATA, holds_data=False)


# (offset, bytes there, kind)
_MAGIC: tuple[tuple[int, bytes, Kind], ...] = (
    (0, b"%PDF-", Kind("a PDF", _DATA)),
    (0, b"\x89PNG\r\n\x1a\n", Kind("a picture (PNG)", _DATA)),
    (0, b"\xff\xd8\xff", Kind("a picture (JPEG)", _DATA)),
    (0, b"GIF87a", Kind("a picture (GIF)", _DATA)),
    (0, b"GIF89a", Kind("a picture (GIF)", _DATA)),
    (0, b"II*\0", Kind("a picture (TIFF)", _DATA)),
    (0, b"MM\0*", Kind("a picture (TIFF)", _DATA)),
    (8, b"WEBP", Kind("a picture (WebP)", _DATA)),
    (4, b"ftyphei", Kind("a picture (HEIC)", _DATA)),
    (4, b"ftypmif1", Kind("a picture (HEIC)", _DATA)),
    (4, b"ftypavif", Kind("a picture (AVIF)", _DATA)),
    (0, b"8BPS", Kind("a picture (Photoshop)", _DATA)),
    (4, b"ftyp", Kind("a film or a recording", _NO_DATA)),
    (8, b"WAVE", Kind("a sound recording", _NO_DATA)),
    (8, b"AVI ", Kind("a film", _NO_DATA)),
    (0, b"ID3", Kind("a sound recording", _NO_DATA)),
    (0, b"OggS", Kind("a sound recording", _NO_DATA)),
    (0, b"%!PS", Kind("a page for a printer (PostScript)", _DATA)),
    (0, b"{\\rtf", Kind("a text document (.rtf)", _DATA)),
    (0, b"\x1f\x8b", Kind("a compressed file (gzip)", _UNPACK)),
    (0, b"\x1f\x9d", Kind("a compressed file (.Z)", _UNPACK)),
    (0, b"BZh", Kind("a compressed file (bzip2)", _UNPACK)),
    (0, b"\xfd7zXZ\0", Kind("a compressed file (xz)", _UNPACK)),
    (0, b"\x28\xb5\x2f\xfd", Kind("a compressed file (zstd)", _UNPACK)),
    (0, b"\x04\x22\x4d\x18", Kind("a compressed file (lz4)", _UNPACK)),
    (0, b"7z\xbc\xaf\x27\x1c", Kind("a 7-Zip archive (.7z)", _UNPACK)),
    (0, b"Rar!\x1a\x07", Kind("a RAR archive", _UNPACK)),
    (0, b"MSCF\0\0\0\0", Kind("a cabinet archive (.cab)", _UNPACK)),
    (257, b"ustar", Kind("a tar archive", _UNPACK)),
    (0, b"PK\x05\x06", _nothing("an empty ZIP archive")),
    (0, b"PK\x07\x08", Kind("a part of a ZIP archive", _UNPACK)),
    (0, b"\x09\x08\x10\0\0\x06", Kind("an old Excel workbook (.xls)", _AS_CSV)),
    (0, b"\x09\x04\x06\0\0\0", Kind("an old Excel workbook (.xls)", _AS_CSV)),
    (0, b"\x09\x02\x06\0\0\0", Kind("an old Excel workbook (.xls)", _AS_CSV)),
    (0, b"\0\0\x1a\0", Kind("a Lotus 1-2-3 workbook", _AS_CSV)),
    (0, b"\0\0\x02\0\x06\x04\x06\0", Kind("a Lotus 1-2-3 workbook", _AS_CSV)),
    (0, b"SQLite format 3\0", Kind("a database (SQLite)", _DATABASE)),
    (4, b"Standard Jet DB", Kind("an Access database (.mdb)", _DATABASE)),
    (4, b"Standard ACE DB", Kind("an Access database (.accdb)", _DATABASE)),
    (0, b"$FL2@(#)", Kind("an SPSS data file (.sav)", _DATABASE)),
    (0, b"PAR1", Kind("a Parquet data file", _DATABASE)),
    (0, b"L\0\0\0\x01\x14\x02\0", _nothing("a shortcut of Windows (.lnk)")),
    (0, b"[InternetShortcut]", _nothing("a shortcut to a web page (.url)")),
    (0, b"\0\x05\x16\x07", _nothing("what a Mac keeps beside a file (._ before its name)")),
    (0, b"\0\0\0\x01Bud1", _nothing("what a Mac keeps of a folder (.DS_Store)")),
    (0, b"\x7fELF", _nothing("a program")),
    (0, b"MZ\x90\0", _nothing("a program of Windows")),
    (0, b"age-encryption.org/v1", Kind("a file that was sealed with another program (age)", _OTHER_SEAL)),
    (0, b"-----BEGIN AGE ENCRYPTED FILE", Kind("a file that was sealed with another program (age)", _OTHER_SEAL)),
    (0, b"-----BEGIN PKCS7-----", Kind("a file that was sealed with another program (S/MIME)", _OTHER_SEAL)),
    (0, b"-----BEGIN CERTIFICATE-----", _nothing("a certificate of a web server or an e-mail program")),
    (0, b"-----BEGIN PUBLIC KEY-----", _nothing("a public key of a kind that is not used here")),
    (0, b"Salted__", Kind("a file that was sealed with another program (openssl)", _OTHER_SEAL)),
    (0, b"VimCrypt~", Kind("a file that was sealed with another program (vim)", _OTHER_SEAL)),
    (
        8,
        b"KBXf",
        Kind(
            "the key ring of gpg",
            "Export the one key: `gpg --armor --output my-key.asc --export YOUR-ADDRESS`.",
            "public-key-sent",
        ),
    ),
    (0, b"ID;P", Kind("a workbook in an old form (SYLK)", _AS_CSV)),
    (0, b"TABLE\r\n0,1", Kind("a workbook in an old form (DIF)", _AS_CSV)),
)
_XLSX, _XLS = Kind("an Excel workbook (.xlsx)", _SEAL_IT), Kind("an Excel workbook (.xls)", _SEAL_IT)
_ODS = Kind("a LibreOffice workbook (.ods)", _SEAL_IT)
# within a ZIP: the name of a member, or a text in the first member
_IN_ZIP: tuple[tuple[bytes, Kind], ...] = (
    (b"xl/worksheets/", _XLSX),
    (b"xl/workbook", _XLSX),
    (b"opendocument.spreadsheet", _ODS),
    (b"word/document", Kind("a Word document (.docx)", _DATA)),
    (b"opendocument.text", Kind("a LibreOffice text document (.odt)", _DATA)),
    (b"ppt/presentation", Kind("a PowerPoint presentation (.pptx)", _DATA)),
    (b"opendocument.presentation", Kind("a LibreOffice presentation (.odp)", _DATA)),
    (b"Index/Document.iwa", Kind("a document of a Mac (Numbers or Pages)", _AS_CSV)),
    (b"Index.zip", Kind("a document of a Mac (Numbers or Pages)", _AS_CSV)),
)
# within a compound file of Microsoft: the name of a stream, in UTF-16
_IN_OLE: tuple[tuple[str, Kind], ...] = (
    ("EncryptedPackage", Kind("an Office document with a password", f"Take the password off. {_AS_CSV}")),
    ("Workbook", _XLS),
    ("WordDocument", Kind("a Word document (.doc)", _DATA)),
    ("PowerPoint Document", Kind("a PowerPoint presentation (.ppt)", _DATA)),
    ("__substg1.0_", Kind("an e-mail of Outlook (.msg)", "Save the attachment from it, and send that.")),
    ("Book", _XLS),
)
_LOCKED_ZIP = Kind("a ZIP archive with a password", _UNLOCK)
_OTHER_ZIP = Kind("a ZIP archive", _UNPACK)
_OTHER_OLE = Kind("a document of a Microsoft program", _DATA)
_OTHER_SEALED = Kind("a file that was sealed or signed with another program (S/MIME)", _OTHER_SEAL)
_KEY_STORE = Kind(
    "a certificate with its secret key (.pfx, .p12)",
    "It belongs to a certificate (.pfx, .p12): tell whoever gave it to you, too.",
    "secret-key-sent",
)
_OWNER_BYTES, _OWNER_NAME = 165, 55  # the user's name in it twice, the second time from there on in UTF-16
_OPEN_IN_EXCEL = Kind(
    "what Excel lays beside a workbook while it is open (~$ before its name)",
    "No student is in it: close the workbook, choose the file itself, and send that.",
    holds_data=False,
)
_PKCS7 = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"
UNKNOWN = Kind(
    "no text, and in a form that the exchange does not know",
    "Choose the file that you exported from your system; if it is that one, export it again, as JSON or CSV, and send"
    " it again.",
)


def kind_of(content: bytes) -> Kind | None:
    """The kind of `content`; None for a possible document, and for text that cannot be told from one."""
    if not content.strip(b"\xef\xbb\xbf \t\r\n\0"):
        return kinds_text.EMPTY
    return _by_magic(content) or kinds_text.of(content) or (UNKNOWN if _is_binary(content) else None)


def is_workbook(content: bytes) -> bool:
    """Whether the content is a workbook that the exchange reads: .xlsx, .xls, .ods, damaged or not."""
    return content.startswith((_ZIP, _OLE)) and _by_magic(content) in (_XLSX, _XLS, _ODS)


def _by_magic(content: bytes) -> Kind | None:
    if content.startswith(_ZIP):
        return _zip(content)
    if content.startswith(_OLE):
        return next((kind for name, kind in _IN_OLE if name.encode("utf-16-le") in content), _OTHER_OLE)
    if content[:1] == b"\x30" and _PKCS7 in content[:32]:
        return _OTHER_SEALED
    if content[:1] == b"\x30" and b"\x02\x01\x03\x30" in content[:12]:
        return _KEY_STORE
    if (
        len(content) == _OWNER_BYTES
        and content[0] == content[_OWNER_NAME] <= _OWNER_NAME
        and not content[_OWNER_NAME + 1]
    ):
        return _OPEN_IN_EXCEL
    if content[:2] == b"BM" and content[6:10] == bytes(4):
        return Kind("a picture (BMP)", _DATA)
    start = content[: HEAD + 8].lstrip(b"\xef\xbb\xbf \t\r\n")
    return next((kind for at, magic, kind in _MAGIC if (content if at else start).startswith(magic, at)), None)


def _zip(content: bytes) -> Kind:
    at, members = 0, 0
    while at >= 0 and members < _MOST_MEMBERS:
        if content[at + 6 : at + 7] and content[at + 6] & 1:
            return _LOCKED_ZIP
        at, members = content.find(_ZIP, at + 4), members + 1
    return next((kind for name, kind in _IN_ZIP if name in content), _OTHER_ZIP)


def _is_binary(content: bytes) -> bool:
    """Whether a content is no text in any one-byte encoding: text has no control characters except blanks."""
    head = content[:HEAD]
    odd = len(head) - len(head.translate(None, bytes([*range(9), 11, *range(14, 27), *range(28, 32)])))
    return 50 * odd > len(head)
