"""`satchel backpack export`: a parent's copy of a child's record, made on the school's own computer.

Promises: works without a home; a sealed file counts only if its signature is good and by the party in its `from`; all
files are about one student, or nothing is written; the folder appears whole or not at all, for its owner only. Printed
messages name files, and nothing in them.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from broker.client.opening import Directory, opened, secret_key
from broker.core.errors import Refused
from broker.core.model import LeaId, PacketType
from broker.edge.home import durable
from broker.edge.pages import html, pdf
from broker.edge.pgp.openpgp import SecretKey
from broker.edge.schemas.contracts import Contracts
from broker.edge.settings.resources import folder
from broker.edge.settings.values import Limits
from broker.formats import canonical, reading, tables
from broker.formats.made import Made
from broker.formats.parent import page as parent
from broker.formats.parent.attached import FOLDER, attached
from broker.formats.parent.sources import RECORDS, SourceDocument, check_log, standing, stranger
from broker.formats.ssid.lines import SHEET
from broker.terminal import bars, given
from broker.terminal.common import JsonOption, fail, say
from broker.terminal.files import read
from broker.terminal.passphrase import PassphraseOption

_MOST_FILES = 200
_MOST_BYTES = 512 * 1024 * 1024
_EXCHANGE = "exchange"  # the sender of notices, and the name of its file in the directory
_TYPES = (*RECORDS, PacketType.DISCLOSURES)


def export(
    files: Annotated[list[Path], typer.Argument(help="Backpacks, records and a list of disclosures of one student.")],
    out: Annotated[Path, typer.Option(help="The folder to make.")],
    for_parent: Annotated[bool, typer.Option("--for-parent", help="A copy to hand to a parent.")] = False,
    key: Annotated[Path | None, typer.Option("--key", help="Your secret OpenPGP key, to open sealed files.")] = None,
    directory: Annotated[Path | None, typer.Option(help="The folder with everyone's public keys (*.asc).")] = None,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a copy of a student's record that a parent can read and print."""
    if not for_parent:
        fail("Say --for-parent: a copy for a parent is the only kind there is so far.", 2)
    if len(files) > _MOST_FILES:
        fail(f"At most {_MOST_FILES} files make one copy; leave out the older ones.", 2)
    _check_target(out)
    sources = _Reader(key, directory, passphrase_file).sources(files)
    if not any(source.type in RECORDS for source in sources):
        fail(f"None of the files is a {RECORDS[0]} or a {RECORDS[1]}: there is nothing to make a copy of.")
    other = stranger(sources)
    if other is not None:
        fail(f"{files[other]} is not surely about the same student as the other files; leave it out. Nothing was made.")
    made, lacking = _made(sources)
    _write(out, made)
    _tell(out, made, sources, lacking, as_json)


def _check_target(out: Path) -> None:
    if os.path.lexists(out):
        fail(f"{out} is already there; move it away, or choose another name with --out.")
    if not out.parent.is_dir():
        fail(f"{out.parent} is not a folder; make it, or choose another place with --out.")


class _Reader:
    """Reads the files, sealed or opened."""

    def __init__(self, key: Path | None, directory: Path | None, passphrase_file: Path | None) -> None:
        self._limits = Limits()
        self._key = key
        self._directory = Directory(directory, self._limits) if directory else None
        self._passphrase_file = passphrase_file
        self._secret: SecretKey | None = None
        self._contracts: dict[int, Contracts] = {}

    def sources(self, files: Sequence[Path]) -> list[SourceDocument]:
        """One paper for each file."""
        size, sources = 0, []
        for path in files:
            content = read(path, max(self._limits.sealed_bytes, self._limits.content_bytes))
            size += len(content)
            if size > _MOST_BYTES:
                fail(f"The files hold more than {_MOST_BYTES >> 20} MiB together; leave out the older ones.")
            sources.append(self._source(path, content))
        return _named(sources)

    def _source(self, path: Path, content: bytes) -> SourceDocument:
        if content.lstrip()[:1] == b"{":
            document = self._document(path, content)
            sender = str(document["from"])
            return SourceDocument(document, self._directory.name(sender) if self._directory else sender, False)
        found, signer = opened(path, content, *self._means())
        document = self._document(path, found.content, signer.party, found.signed_at)
        if document["from"] != signer.party:
            fail(
                f"{path} says that it is from {document['from']} and is signed by {signer.party}. "
                "Do not use it: tell the state."
            )
        return SourceDocument(document, signer.name or signer.party, True)

    def _means(self) -> tuple[SecretKey, Directory]:
        if self._key is None or self._directory is None:
            fail("To open sealed files, give your key with --key and your directory folder with --directory.", 2)
        self._secret = self._secret or secret_key(self._key, self._passphrase_file)
        return self._secret, self._directory

    def _document(
        self, path: Path, content: bytes, sender: str = "", signed_at: datetime | None = None
    ) -> dict[str, Any]:
        """The document in a file. A table does not say who made it, and when: the signature does."""
        try:
            if signed_at is not None and content[:1] != b"{" and tables.is_table(content, ""):
                return self._of_table(content, path, LeaId(sender), signed_at)
            document = canonical.parse(content, self._limits.json_depth)
            self._check(path, document)
        except Refused as refused:
            fail(f"{path} cannot be read ({refused.pointer or '/'}): {refused.meaning} [{refused.code}]")
        return document

    def _of_table(self, content: bytes, path: Path, sender: LeaId, signed_at: datetime) -> dict[str, Any]:
        contracts = self._schemas({})
        made = Made(signed_at, lambda one: hashlib.sha256(one).hexdigest(), UTC)
        document = dict(reading.read(content, path.name, sender, self._limits, contracts, made=made))
        document.pop(SHEET, None)
        self._check(path, document)
        return document

    def _check(self, path: Path, document: Mapping[str, Any]) -> None:
        kind = str(document.get("packet", "")).rpartition(".v")[0]
        if kind not in _TYPES:
            fail(f"{path} is none of the files that a copy is made of: {', '.join(_TYPES)}; leave it out.")
        if kind == PacketType.DISCLOSURES:
            check_log(document)
            if document.get("from") != _EXCHANGE:
                fail(f"{path} is a list of disclosures that the exchange did not write; leave it out.")
        else:
            self._schemas(document).check(document, self._limits.schema_errors)

    def _schemas(self, document: Mapping[str, Any]) -> Contracts:
        """The exchange's setting decides how many digits a number has, and it is not known here."""
        student = document.get("student")
        ssid = student.get("ssid") if isinstance(student, Mapping) else None
        digits = len(ssid) if isinstance(ssid, str) and 0 < len(ssid) <= 32 else 10
        if digits not in self._contracts:
            self._contracts[digits] = Contracts(folder("schemas"), digits)
        return self._contracts[digits]


def _named(sources: Sequence[SourceDocument]) -> list[SourceDocument]:
    """Replace writers' ids by names from the list of disclosures, where only that has them: a parent does not know
    ids."""
    names = {lea: name for source in sources for lea, name in source.document.get("parties", {}).items()}
    return [
        replace(source, writer=str(names.get(source.writer, source.writer)))
        if source.writer == source.document["from"]
        else source
        for source in sources
    ]


def _made(sources: Sequence[SourceDocument]) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """The files of the copy by their path in it, and the letters that the PDF lacks."""
    records = [source.document for source in standing(sources) if source.type in RECORDS]
    files, today = attached(records), given.own_clock().date()
    page = parent.page(sources, files, today)
    with bars.progress() as shown:
        task = shown.add_task("Setting the pages", total=1)
        printed, lacking = pdf.render(page, lambda share: shown.update(task, completed=share))
    data = orjson.dumps(parent.as_data(sources, files, today), option=orjson.OPT_INDENT_2)
    made = {"record.html": html.render(page), "record.pdf": printed, "record.json": data}
    return made | {one.path: one.content for one in files if one.content is not None}, lacking


def _write(out: Path, made: Mapping[str, bytes]) -> None:
    try:
        with _new_folder(out) as folder_:
            for name, content in made.items():
                _put(folder_ / name, content)
            for inner in {(folder_ / name).parent for name in made}:
                durable.sync_folder(inner)
    except FileExistsError:
        fail(f"{out} is already there; move it away, or choose another name with --out.")
    except OSError as error:
        fail(f"{out} cannot be written: {error.strerror}.")


@contextmanager
def _new_folder(out: Path) -> Iterator[Path]:
    """A folder that gets its name when it is complete, and is removed if that fails."""
    part = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    part.mkdir(mode=0o700)
    try:
        yield part
        parent_folder = os.open(out.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            durable.rename_new(parent_folder, part.name, parent_folder, out.name)
            durable.sync(parent_folder)
        finally:
            os.close(parent_folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    folder_ = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        descriptor = durable.create_at(folder_, path.name, 0o600)
        try:
            durable.write_all(descriptor, content)
            durable.sync(descriptor)
        finally:
            os.close(descriptor)
    finally:
        os.close(folder_)


def _tell(
    out: Path, made: Mapping[str, bytes], sources: Sequence[SourceDocument], lacking: Sequence[str], as_json: bool
) -> None:
    unchecked = sum(not source.is_checked for source in sources)
    has_log = any(source.type == PacketType.DISCLOSURES for source in sources)
    if as_json:
        told = {
            "folder": str(out),
            "files": list(made),
            "has_disclosures": has_log,
            "signatures_not_checked": unchecked,
        }
        say(json.dumps(told | {"letters_not_printed": [f"U+{ord(one):04X}" for one in lacking]}))
        return
    say(f"The copy is in {out}:")
    say("  record.html  to read on a screen, and to print")
    say("  record.pdf   to print")
    say("  record.json  for another school's computer")
    count = sum(name.startswith(f"{FOLDER}/") for name in made)
    if count:
        say(f"  {FOLDER}/  {count} files that came with the record")
    if not has_log:
        say("It has no list of who was given the record; ask the exchange for it with a record-request packet.")
    if unchecked:
        say(
            f"{unchecked} of the files had been opened before: their signatures were not checked, and the copy says so."
        )
    if lacking:
        say(f"The PDF lacks {len(lacking)} letters, and says which; the web page has them.")
    say("Check who may have it before you hand it out, and then delete it here.")
