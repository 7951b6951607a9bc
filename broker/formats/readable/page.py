"""A document that was received as a page: the one form between a document and what people read.

Owns what of a document stands in which section. Promises: pure; every value of the document is on the page, whatever
the document is (attachments by the path of their file); a part that does not fit its words is told in general words.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from broker.core.model import PacketType
from broker.core.page import Block, Page, Piece, Section, Table, Text
from broker.formats.parent.attached import Attached, attached, places, size
from broker.formats.parent.blocks import Writer
from broker.formats.parent.sources import RECORDS
from broker.formats.parent.term import Book, Term
from broker.formats.parent.values import free, line, name
from broker.formats.readable import transcript
from broker.formats.readable.fits import fits, is_name
from broker.formats.readable.other import Teller
from broker.formats.readable.school import HEADER, RECORD

# what each type of document is called, alone and with a student's name behind it
TITLES: Mapping[str, str] = {
    PacketType.STUDENT_RECORD: "School record",
    PacketType.BACKPACK: "Student backpack",
    PacketType.TRANSCRIPT: "Transcript",
    PacketType.RECORD_REQUEST: "Request for a record",
    PacketType.TRANSFER: "Report on students who move",
    PacketType.SSID: "Answer of the exchange, with student numbers",
    PacketType.REVIEW: "Question: which student is it?",
    PacketType.CLAIMS: "Days that two schools claim",
    PacketType.DISCLOSURES: "Who was given a student's records",
    PacketType.ALERT: "Alert: a missing child",
    PacketType.ENROLLMENT: "Enrollment",
}
DOCUMENT = "Document"
WHO, FILES, ABOUT, WORDS = "Who this is about", "Files", "About this document", "What the words mean"
MEANS = "What this says"
SAYS = ("means", "note", "how_to_answer")
WORD_COLUMNS = ("Word", "What it means")
FILE_COLUMNS = ("File", "What the school called it", "Type", "Size")
MAY_RUN = "A file that ends with .bin may be a program. Ask the school before you open it."
DAMAGED = "damaged when it was sent, and not here"
_KEPT = "attachments"


class _Shape(NamedTuple):
    """A document taken apart: the book of its words, its parts, and all else that is no header."""

    book: Book
    parts: Mapping[str, Any]
    rest: Sequence[tuple[str, Any]]


def page(document: Mapping[str, Any], files: Sequence[Attached] = (), writer: str = "", lead: str = "") -> Page:
    """The page of a document. `files` are its attachments with the paths of their files; `writer` is the name of the
    party that wrote it, `lead` a sentence about its signature."""
    used: dict[Term, None] = {}
    shape = _shape(document)
    tellers = _Tellers(Writer(_record(shape), places(files, 0), used, shape.book), Teller(used), shape.book)
    sections = [*_says(document), *_who(document, tellers), *_parts(shape, tellers)]
    sections += [_files(files)] if files else []
    sections += [*_others(shape.rest, tellers), _about(document, tellers), *_words(used)]
    title = _title(document)
    told = (_written(document, writer), lead)
    return Page(title, line(f"{title}, from {_text(document.get('from'))}"), tuple(filter(None, told)), tuple(sections))


def files_of(document: Mapping[str, Any], folder: str) -> list[Attached]:
    """The files within a document, with their paths in that folder."""
    record = document.get("record")
    return attached([document], folder) if isinstance(record, dict) and _has_files(record) else []


def _has_files(record: Mapping[str, Any]) -> bool:
    found = record.get(_KEPT)
    needed = RECORD.fields["attachment"].keys()
    return isinstance(found, list) and fits(RECORD, "attachment", found) and all(one.keys() == needed for one in found)


class _Tellers(NamedTuple):
    """Who writes what: by the book's words, or in general ones."""

    writer: Writer
    teller: Teller
    book: Book

    def part(self, key: str, value: Any) -> tuple[Block, ...]:
        """A part of the book."""
        if fits(self.book, self.book.parts[key].of, value):
            return self.writer.part(key, value)
        return tuple(self.teller.blocks(key, value))


def _type(document: Mapping[str, Any]) -> str:
    return str(document.get("packet", "")).rpartition(".v")[0]


def _shape(document: Mapping[str, Any]) -> _Shape:
    left = {key: value for key, value in document.items() if key not in HEADER and key not in SAYS}
    left = {key: value for key, value in left.items() if key != "student" or not _is_student(value)}
    kind, record = _type(document), document.get("record")
    if kind in RECORDS and isinstance(record, dict):
        own = RECORD.parts.keys() - ({_KEPT} if "attachments" in record and not _has_files(record) else set())
        parts = {key: record[key] for key in RECORD.parts if key in record and key != _KEPT}
        more = {key: value for key, value in record.items() if key not in own}
        del left["record"]
        return _Shape(RECORD, parts, (*left.items(), *more.items()))
    if (found := transcript.parts_of(document)) is not None:
        return _Shape(transcript.BOOK, found, [one for one in left.items() if one[0] not in transcript.CARRIED])
    return _Shape(RECORD, {}, tuple(left.items()))


def _record(shape: _Shape) -> Mapping[str, Any]:
    """What names the teachers, where their part has its form."""
    found = shape.parts.get("teachers")
    return {"teachers": found} if found and shape.book is RECORD and fits(RECORD, "teacher", found) else {}


def _is_student(value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and fits(RECORD, "student", value)


def _says(document: Mapping[str, Any]) -> Iterator[Section]:
    texts = tuple(Text(free(document[key])) for key in SAYS if isinstance(document.get(key), str) and document[key])
    if texts:
        yield Section(MEANS, "", (Piece("", texts),))


def _who(document: Mapping[str, Any], tellers: _Tellers) -> Iterator[Section]:
    if _is_student(document.get("student")):
        yield Section(WHO, "", (Piece("", tellers.writer.student(document["student"])),))


def _parts(shape: _Shape, tellers: _Tellers) -> Iterator[Section]:
    for key, value in shape.parts.items():
        part = shape.book.parts[key]
        yield Section(part.heading, part.about, (Piece("", tellers.part(key, value)),))


def _others(rest: Sequence[tuple[str, Any]], tellers: _Tellers) -> Iterator[Section]:
    for key, value in rest:
        yield Section(tellers.teller.label(key), "", (Piece("", tuple(tellers.teller.blocks(key, value))),))


def _files(files: Sequence[Attached]) -> Section:
    rows = tuple(
        (one.path, line(one.name), line(one.media_type), DAMAGED if one.content is None else size(len(one.content)))
        for one in files
    )
    part = RECORD.parts[_KEPT]
    table = Table(part.heading, FILE_COLUMNS, rows, are_files=True)
    return Section(part.heading, part.about, (Piece("", (table, Text(MAY_RUN))),))


def _about(document: Mapping[str, Any], tellers: _Tellers) -> Section:
    header = {key: document[key] for key in HEADER if key in document}
    says = {key: document[key] for key in SAYS if key in document and not isinstance(document[key], str)}
    if fits(RECORD, "header", header):
        return Section(ABOUT, "", (Piece("", (*tellers.writer.header(header), *_facts(says, tellers))),))
    return Section(ABOUT, "", (Piece("", tuple(tellers.teller.blocks("about", header | says))),))


def _facts(says: Mapping[str, Any], tellers: _Tellers) -> Iterator[Block]:
    if says:
        yield from tellers.teller.blocks("about", says)


def _words(used: Mapping[Term, None]) -> Iterator[Section]:
    rows = sorted({(term.label, term.meaning) for term in used if term.meaning}, key=lambda row: (row[0].lower(), row))
    if rows:
        yield Section(WORDS, "", (Piece("", (Table(WORDS, WORD_COLUMNS, tuple(rows)),)),))


def _title(document: Mapping[str, Any]) -> str:
    what = TITLES.get(_type(document), DOCUMENT)
    student = document.get("student")
    if isinstance(student, dict) and is_name(student.get("legal_name")) and (child := name(student["legal_name"])):
        return f"{what}: {child}"
    return what


def _text(value: Any) -> str:
    return line(value) if isinstance(value, str) else ""


def _written(document: Mapping[str, Any], writer: str) -> str:
    sender = " ".join(
        filter(None, (line(writer), f"({_text(document.get('from'))})" if writer else _text(document.get("from"))))
    )
    created = document.get("created")
    when = free(created) if isinstance(created, str) else ""
    return f"Written by {sender}" + (f" on {when}." if when else ".") if sender else ""
