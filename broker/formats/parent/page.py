"""A parent's copy of a child's record: the documents of all schools, merged into one page.

Owns what the copy shows and in which order. Promises: pure (the caller gives the day); every part of every document
that counts is shown, with its writer and date; a document that a newer one replaces is named, never dropped in silence;
the list of disclosures stands in it as the exchange wrote it (FERPA 34 CFR 99.10, 99.32(c); Utah 53A-1-413: the parent
sees the profile).
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from broker.core.model import PacketType
from broker.core.page import Block, Page, Piece, Section, Table, Text
from broker.formats.parent.attached import Attached, places, size
from broker.formats.parent.blocks import Writer
from broker.formats.parent.sources import ADD, RECORDS, REPLACE, SourceDocument, once, standing
from broker.formats.parent.story import log_lines, opt_out_sentences
from broker.formats.parent.term import Term
from broker.formats.parent.terms import PARTS
from broker.formats.parent.values import NOT_GIVEN, day, line, name, spoken, year

_WHAT = {
    REPLACE: "Student backpack: all that the school had then",
    ADD: "Student backpack: added to what the school sent before",
    "": "Record for your child's next school",
}
_LEAD = (
    "Each part says which school wrote it, and when.",
    "If you think that something is wrong, tell the school that wrote it. You have the right to ask for a correction"
    " (federal rule 34 CFR 99.20).",
)
_GIVEN = "Who has been given this record"
_WHO = "Who asked for the record or was given it, and when."
_OPTED = "What you opted out of"
_NOT_OPTED = "No opt-out is recorded for your child. If you want to opt out, tell your school."
_NO_LIST = (
    "This copy has no such list. Ask your school: it can get the list from the exchange that carries the records."
    " You have the right to see it (federal rule 34 CFR 99.32)."
)


def page(sources: Sequence[SourceDocument], files: Sequence[Attached], today: date) -> Page:
    """The copy. All `sources` are about one student (`stranger` checks that), and at least one is a record; `files` are
    those of the records in `standing(sources)`."""
    shown = standing(sources)
    records = [source for source in shown if source.type in RECORDS]
    used: dict[Term, None] = {}
    writers = [Writer(source.document["record"], places(files, place), used) for place, source in enumerate(records)]
    child = name(records[0].document["student"]["legal_name"])
    sections = [_student(records, writers)]
    sections += (one for key in PARTS if key != "attachments" and (one := _part(key, records, writers)))
    sections += [_files(records, files)] if files else []
    sections += [_disclosures(shown), _sources(sources, shown), _words(used)]
    lead = f"This is a copy of the school record of {child}, made on {spoken(today)}."
    return Page(f"School record of {child}", f"{child}, copy of {spoken(today)}", (lead, *_LEAD), tuple(sections))


def _student(records: Sequence[SourceDocument], writers: Sequence[Writer]) -> Section:
    blocks = [writer.student(source.document["student"]) for source, writer in zip(records, writers, strict=True)]
    return Section("Who this record is about", "", _pieces(records, blocks))


def _part(key: str, records: Sequence[SourceDocument], writers: Sequence[Writer]) -> Section | None:
    having = [
        (source, writer) for source, writer in zip(records, writers, strict=True) if key in source.document["record"]
    ]
    if not having:
        return None
    blocks = [writer.part(key, source.document["record"][key]) for source, writer in having]
    return Section(PARTS[key].heading, PARTS[key].about, _pieces([source for source, _ in having], blocks))


def _pieces(sources: Sequence[SourceDocument], blocks: Sequence[tuple[Block, ...]]) -> tuple[Piece, ...]:
    """One piece for each document; documents with equal content share one."""
    same: dict[tuple[Block, ...], list[str]] = {}
    for source, said in zip(sources, blocks, strict=True):
        same.setdefault(said, []).append(_written(source))
    return tuple(Piece(f"Written by {'; also by '.join(who)}", said) for said, who in same.items())


def _written(source: SourceDocument) -> str:
    ends = source.document.get("school_year")
    return f"{line(source.writer)} on {day(source.document['created'])}" + (
        f" (school year {year(ends)})" if ends else ""
    )


def _files(records: Sequence[SourceDocument], files: Sequence[Attached]) -> Section:
    rows = tuple(
        (
            one.path,
            line(one.name),
            line(one.media_type),
            "damaged when it was sent, and not in this copy" if one.content is None else size(len(one.content)),
            _written(records[one.source]),
        )
        for one in files
    )
    columns = ("File", "What the school called it", "Type", "Size", "Sent by")
    table = Table("Files that came with the record", columns, rows, are_files=True)
    about = "A file that ends with .bin may be a program. Ask the school before you open it."
    return Section(PARTS["attachments"].heading, PARTS["attachments"].about, (Piece("", (table, Text(about))),))


def _disclosures(shown: Sequence[SourceDocument]) -> Section:
    lists = [source for source in shown if source.type == PacketType.DISCLOSURES]
    if not lists:
        return Section(_GIVEN, _WHO, (Piece("", (Text(_NO_LIST),)),))
    means = line(str(lists[0].document.get("means", "")))
    covers = (Text(f"What the exchange told the school about this list: {means}"),) if means else ()
    heading = f"As the exchange wrote it on {day(lists[0].document['created'])}"
    return Section(_GIVEN, _WHO, (Piece(heading, (*covers, _log(lists[0]), *_opt_outs(lists[0]))),))


def _opt_outs(source: SourceDocument) -> tuple[Block, ...]:
    """The parent's opt-outs, where the exchange listed them; an older exchange did not."""
    told = opt_out_sentences(source.document)
    if told is None:
        return ()
    rows = tuple((line(one),) for one in told)
    return (Table(_OPTED, ("What was recorded",), rows) if rows else Text(_NOT_OPTED),)


def _log(source: SourceDocument) -> Block:
    told = log_lines(source.document)
    rows = tuple((str(place), line(one["sentence"])) for place, one in enumerate(told, 1))
    return Table(_GIVEN, ("No.", "What happened"), rows) if rows else Text("Nobody so far.")


def _sources(sources: Sequence[SourceDocument], shown: Sequence[SourceDocument]) -> Section:
    def row(source: SourceDocument) -> tuple[str, ...]:
        ends = source.document.get("school_year")
        return (
            f"{line(source.writer)} ({source.document['from']})",
            day(source.document["created"]),
            year(ends) if ends else NOT_GIVEN,
            _WHAT[source.mode] if source.type in RECORDS else "List of who has been given the record",
            "good" if source.is_checked else "not checked: it was opened before",
            "yes" if source in shown else "no, a newer one takes its place",
        )

    columns = ("Written by", "On", "School year", "What it is", "Signature", "In this copy")
    rows = tuple(row(source) for source in sorted(once(sources), key=lambda one: one.created, reverse=True))
    about = "The papers that the schools sent. A good signature means that nobody changed the paper on its way."
    table = Table("Papers that this copy is made of", columns, rows)
    return Section("What this copy is made of", about, (Piece("", (table,)),))


def _words(used: Iterable[Term]) -> Section:
    rows = sorted({(term.label, term.meaning) for term in used}, key=lambda row: (row[0].casefold(), row[1]))
    table = Table("What the words mean", ("Word", "What it means"), tuple(rows))
    return Section("What the words mean", "", (Piece("", (table,)),))


def as_data(sources: Sequence[SourceDocument], files: Sequence[Attached], today: date) -> dict[str, Any]:
    """The same copy for programs: the documents as they were sealed, with paths in place of files."""
    shown = standing(sources)
    records = [source for source in shown if source.type in RECORDS]
    paths: dict[int, list[Attached]] = {}
    for one in files:
        paths.setdefault(one.source, []).append(one)
    return {
        "made_on": today.isoformat(),
        "papers": [
            _data(source) | {"document": _with_paths(source.document, paths.get(place, []))}
            for place, source in enumerate(records)
        ],
        "disclosures": [_data(one) | {"document": dict(one.document)} for one in shown if one.type not in RECORDS],
        "left_out": [
            _data(one) | {"id": one.document["id"], "packet": one.document["packet"], "why": "replaced by a newer one"}
            for one in once(sources)
            if one not in shown
        ],
    }


def _data(source: SourceDocument) -> dict[str, Any]:
    about = {name: source.document[name] for name in ("from", "created", "school_year") if name in source.document}
    return about | {"written_by": source.writer, "signature_checked": source.is_checked}


def _with_paths(document: Mapping[str, Any], files: Sequence[Attached]) -> dict[str, Any]:
    if not files:
        return dict(document)
    listed = [
        {"name": one.name, "media_type": one.media_type, "file": one.path} if one.path else dict(sent)
        for one, sent in zip(files, document["record"]["attachments"], strict=True)
    ]
    return dict(document) | {"record": dict(document["record"]) | {"attachments": listed}}
