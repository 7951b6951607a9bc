"""What `satchel open --as` and `fetch --open` write beside a document: the forms that people and programs read.

Promises: everything is made before anything is written; files are new, with mode 0600, and lie beside the document
under its name; no file is overwritten, and nothing is written where one of them is there already; attachments get safe
names, in a folder beside it.
"""

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NamedTuple, NoReturn

import orjson
import typer

from broker.client.opening import Signer
from broker.core.errors import Refused
from broker.core.model import LeaId
from broker.core.page import Page
from broker.edge.settings.values import Limits
from broker.formats import canonical, pesc
from broker.formats.parent.attached import Attached
from broker.formats.readable import page
from broker.formats.readable.sheets import sheets
from broker.terminal.common import fail
from broker.terminal.files import write_new

_KNOWN = (".json", ".xml", ".opened")


class Form(StrEnum):
    """What a document can be written as."""

    HTML = "html"
    PDF = "pdf"
    XLSX = "xlsx"
    CSV = "csv"
    JSON = "json"
    PESC = "pesc"


AsOption = Annotated[
    list[Form] | None,
    typer.Option("--as", help="Write it in this form too, beside the opened file; may be given several times."),
]
StateOption = Annotated[str, typer.Option("--state", help="For transcripts: the state whose ids are SSIDs.")]


class Unreadable(Exception):
    """A file cannot be written in a form; the message is a sentence, and holds nothing of the file."""


class Made(NamedTuple):
    """The files to write, and the letters that a print among them lacks."""

    files: Mapping[Path, bytes]
    lacking: Sequence[str] = ()

    def told(self) -> dict[str, Any]:
        """What was made, ready for JSON."""
        lacking = {"letters_not_printed": [f"U+{ord(one):04X}" for one in self.lacking]} if self.lacking else {}
        return {"made": [str(path) for path in self.files]} | lacking

    def lines(self) -> list[str]:
        """What was made, a line for each file or folder."""
        folders = Counter(path.parent for path in self.files)
        beside = min(folders, key=lambda path: len(path.parts), default=None)
        lines = [f"{path}" for path in self.files if path.parent == beside]
        lines += [f"{folder}: {number} files" for folder, number in folders.items() if folder != beside]
        told = f"The PDF lacks {len(self.lacking)} letters, and says which; the web page has them."
        return [*lines, *([told] if self.lacking else [])]


class _Source(NamedTuple):
    """A document, its attachments, its bytes as they came, who wrote it, and the state of its SSIDs; `lacking` is for
    the maker of a print to fill."""

    document: Mapping[str, Any]
    files: Sequence[Attached]
    original: bytes
    signer: Signer
    state: str
    lacking: list[str]


def made(target: Path, content: bytes, forms: Sequence[Form], signer: Signer, state: str) -> Made:
    """The files to write beside `target`, an opened file with this content. Raises Unreadable."""
    base = _base(target)
    document = _document(target, content, signer, state)
    if document.get("from") != signer.party:
        raise Unreadable(f"{target} does not say that it is from {signer.party}, who signed it; do not use it.")
    files = page.files_of(document, f"{base.name}-files")
    source = _Source(document, files, content, signer, state.upper(), [])
    found: dict[Path, bytes] = {}
    for form in dict.fromkeys(forms):
        for ending, one in _MAKERS[form](source).items():
            found[_named(base, target, ending)] = one
    found |= {target.parent / one.path: one.content for one in files if one.content is not None}
    taken = next((path for path in (target, *found) if os.path.lexists(path)), None)
    if taken:
        raise Unreadable(f"{taken} is already there; move it away, or choose another name with --out.")
    return Made(found, source.lacking)


def write(found: Mapping[Path, bytes]) -> None:
    """Write the files, each whole or not at all; ends the command where one cannot be written."""
    for path, content in found.items():
        try:
            path.parent.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            fail(f"{path.parent} cannot be made: {error.strerror}.")
        write_new(path, content, 0o600)


def _base(target: Path) -> Path:
    return target.with_suffix("") if target.suffix in _KNOWN and target.stem else target


def _named(base: Path, target: Path, ending: str) -> Path:
    path = base.parent / f"{base.name}{ending}"
    return path if path != target else base.parent / f"{base.name}-document{ending}"


def _document(target: Path, content: bytes, signer: Signer, state: str) -> Mapping[str, Any]:
    limits = Limits()
    try:
        if content[:1] == b"{":
            return canonical.parse(content, limits.json_depth)
        if pesc.is_xml(content):
            return pesc.read_any(content, LeaId(signer.party), state.upper(), UTC)
    except Refused as refused:
        _cannot(target, refused)
    raise Unreadable(f"{target} is neither JSON nor a transcript: open it with the program that it is made for.")


def _cannot(target: Path, refused: Refused) -> NoReturn:
    place = f" ({refused.pointer})" if refused.pointer else ""
    raise Unreadable(f"{target} cannot be read{place}: {refused.meaning} [{refused.code}]") from None


# each form's library is loaded only when the form is asked for: fetching should not wait for them
def _html(source: _Source) -> dict[str, bytes]:
    from broker.edge.pages import html

    return {".html": html.render(_page(source))}


def _pdf(source: _Source) -> dict[str, bytes]:
    from broker.edge.pages import pdf

    printed, lacking = pdf.render(_page(source))
    source.lacking.extend(lacking)
    return {".pdf": printed}


def _page(source: _Source) -> Page:
    lead = "It was sealed, and the signature is good: nobody changed it on its way."
    return page.page(source.document, source.files, source.signer.name, lead)


def _xlsx(source: _Source) -> dict[str, bytes]:
    from broker.edge.workbook_writer import reading_copy
    from broker.formats.readable import tables

    return {".xlsx": reading_copy(tables.workbook(sheets(source.document, source.files)))}


def _csv(source: _Source) -> dict[str, bytes]:
    from broker.formats.readable import tables

    student = source.document.get("student")
    ssid = student.get("ssid") if isinstance(student, dict) else None
    found = tables.csv_files(sheets(source.document, source.files), ssid if isinstance(ssid, str) else "")
    return {f"-csv/{name}.csv": content for name, content in found.items()}


def _json(source: _Source) -> dict[str, bytes]:
    return {".json": orjson.dumps(source.document, option=orjson.OPT_INDENT_2)}


def _pesc(source: _Source) -> dict[str, bytes]:
    if source.document.get("packet") != pesc.PACKET:
        raise Unreadable(
            "Only a transcript has the form pesc; `satchel transcript make` makes one of a record, at the student's"
            " request."
        )
    if pesc.is_xml(source.original):
        return {".xml": source.original}
    try:
        return {".xml": pesc.to_pesc(dict(source.document), state=source.state)}
    except Refused as refused:
        raise Unreadable(f"The transcript does not fit into the form pesc: {refused.meaning}") from None


_MAKERS: Mapping[Form, Callable[[_Source], dict[str, bytes]]] = {
    Form.HTML: _html,
    Form.PDF: _pdf,
    Form.XLSX: _xlsx,
    Form.CSV: _csv,
    Form.JSON: _json,
    Form.PESC: _pesc,
}
