"""A file is judged by its form, with the exchange's own reader and its own rules for lines.

Owns what is asked of a file that is not sent yet, and in which order. Promises: nothing is decided here: the reader
(`formats.reading`), `whatisit`, and what judges a line by itself (`stages.applied`, `students.dates`) say what is
wrong; a report holds nothing of a student. Only the process that reads hostile bytes imports this module.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from broker.checking import faults
from broker.checking.report import Report, Verdict
from broker.core.errors import Refused
from broker.core.files.kinds import kind_of
from broker.core.model import LeaId
from broker.core.parties.nearly import own_id
from broker.edge.home.folders import lea_id
from broker.edge.schemas.contracts import Contracts
from broker.edge.settings import exit_codes
from broker.edge.settings.values import Settings
from broker.formats import canonical, dates, heading, key_block, reading, sheets, tables, whatisit
from broker.formats.documents import to_document
from broker.formats.made import Made, unsealed
from broker.formats.mapping.understood import understood
from broker.formats.sis import forms
from broker.formats.ssid import name as ssid_name
from broker.formats.ssid.columns import field_of
from broker.formats.ssid.lines import SHEET, Sheet
from broker.formats.table import Table
from broker.formats.transcript import request
from broker.notices.answers import Answer
from broker.stages.applied import planning
from broker.students import lines
from broker.students.dates import judged
from handlers.registry import handler_of

NOBODY = LeaId("0")  # stands for an LEA that neither the file nor the user names
_OF_THE_NAME = frozenset({"request-name", "from-mismatch", "file-date"})
_OF_TABLES = frozenset({"request-name", "csv-form", "unknown-column", "ssn-column", "dates-contradict"})
_OF_TABLES |= {"several-students", "strange-sheet", "table-lines"}
_NAMED = {
    "sealed-twice": "a sealed file",
    "secret-key-sent": "a secret key",
    "public-key-sent": "a public key",
    "revocation-sent": "the revocation of a key",
    "signature-alone": "a signature",
    "receipt-sent": "a receipt",
    "empty-document": "an empty file",
}
Document = Mapping[str, Any]


class Asked(NamedTuple):
    """How a file is read beside what it is: `wanted` and `leaves_ssn` are those of `reading.read`."""

    wanted: str = ""
    leaves_ssn: bool = False


CHECK = Asked()
"""As the exchange reads it."""


class Judged(NamedTuple):
    """The report on a file; its document, None where it is refused as a whole; and which lines of that are faulty, as
    their answers call them."""

    report: Report
    document: Document | None
    faulty: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Judge:
    """Judges files by these settings, of which the state's own may differ, and by an LEA's mapping, '' for none."""

    settings: Settings
    contracts: Contracts
    mapping: str = ""

    def by(self, mapping: str) -> "Judge":
        """The same for an LEA with this mapping."""
        return replace(self, mapping=mapping)

    def report(self, content: bytes, file: str, lea: str, now: datetime) -> Report:
        """The report on a file of this name. `lea` is '' where the user does not say whose it is."""
        return self.judged(content, file, lea, now).report

    def judged(self, content: bytes, file: str, lea: str, now: datetime, asked: Asked = CHECK) -> Judged:
        """The report, and the document."""
        known = self._known(content, file, lea)
        owner = LeaId(known.lea) if known.lea else NOBODY
        try:
            found = self._read(content, file, owner, now, asked)
        except Refused as refused:
            return Judged(self._refused(content, owner, now, known, whatisit.when_opened(content, refused)), None)
        judged = self._accepted(content, found, known, now)
        try:
            self._check(found, lea, now)
        except Refused as refused:
            told = faults.of_refusal(refused) + judged.report.faults
            return Judged(replace(judged.report, verdict=Verdict.REFUSED, good=0, faults=told), None)
        return judged

    def made(self) -> Made:
        """What a table of this LEA does not say, as if it were signed now."""
        of = self.settings
        codes = exit_codes.load(of.home, of.transfers.codes) if self.mapping else ()
        return unsealed(of.time.zone)._replace(mapping=self.mapping, order=of.dates.order, exit_codes=codes)

    def understood(self, content: bytes) -> dict[str, Any]:
        """What is understood of a table, as JSON; or the fault for which it is none."""
        of = self.settings
        today, codes = of.time.day(datetime.now(UTC)), exit_codes.load(of.home, of.transfers.codes)
        try:
            most = of.limits.students_per_enrollment
            return asdict(understood(content, self.mapping, most, today.year, codes, of.dates.order))
        except Refused as refused:
            return {"fault": asdict(faults.of_refusal(whatisit.when_opened(content, refused))[0])}

    def _read(self, content: bytes, file: str, lea: LeaId, now: datetime, asked: Asked = CHECK) -> Document:
        of = self.settings
        facts = (of.limits, self.contracts, of.identity, dates.today_of(of, now))
        how: dict[str, Any] = {"zone": of.time.zone, "made": self.made(), **asked._asdict()}
        return reading.read(content, file, lea, *facts, **how)

    def _check(self, found: Document, lea: str, now: datetime) -> None:
        """What `stages.admit` asks of a document by itself. Raises Refused."""
        document = to_document(found)
        if lea and document.sender != lea:
            raise Refused("from-mismatch", "/from", own_id(document.sender, lea))
        if handler_of(document.type).needs_request:
            request.check_day(document.body, now, self.settings.time, self.settings.transcripts.request_days)

    def _known(self, content: bytes, file: str, lea: str) -> Report:
        """What a file says of itself, as far as it can be read, as the report on a refused one. The document is let go
        again: two of the largest at once would cost more memory than one may."""
        document: Document = {}
        with suppress(Refused):
            if content.lstrip()[:1] == b"{":
                document = canonical.parse(content, self.settings.limits.json_depth)
        named = document.get("packet")
        return Report(
            Verdict.REFUSED,
            packet=str(named) if named in self.contracts.accepted else "",
            form="JSON" if document else "",
            lea=lea or id_of(document.get("from")) or id_of(ssid_name.lea_in(file)) or self._in_rows(content, file),
            students=_students(document),
        )

    def _in_rows(self, content: bytes, file: str) -> str:
        """The LEA that the lines of a table say they are of; '' where they do not, or the first one is none."""
        if not tables.is_table(content, file, self.mapping):
            return ""
        with suppress(Refused):
            found = self._table(content)
            if tables.is_of_one_student(found):
                return ""  # a district in its lines is where a course was taken
            fields = [field_of(cell) for cell in tables.named(found.header.cells, self.mapping)]
            at = fields.index("lea") if "lea" in fields else len(fields)
            return next((id_of(row.cells[at]) for row in found.rows if len(row.cells) > at), "")
        return ""

    def _table(self, content: bytes) -> Table:
        found = tables.found(content, self.settings.limits.students_per_enrollment, self.mapping)
        return heading.headed(found, tables.known_by(self.mapping)).table

    def _refused(self, content: bytes, lea: LeaId, now: datetime, known: Report, refused: Refused) -> Report:
        """The report on a file that is refused as a whole. Where a table lacks no more than the right name, its lines
        are looked at, too, so that all faults are told at once."""
        told = faults.of_refusal(refused)
        if refused.code in _OF_THE_NAME and not known.packet:
            anew = f"REQ_{lea}_{self.settings.time.day(now):%Y%m%d}_1.csv"
            try:
                found = self._read(content, anew, lea, now)
            except Refused as another:
                told += faults.of_refusal(whatisit.when_opened(content, another))
            else:
                rest = self._accepted(content, found, known, now).report
                return replace(rest, verdict=Verdict.REFUSED, good=0, faults=told + rest.faults)
        return replace(known, form=known.form or _form_of_refused(content, refused.code), faults=told)

    def _accepted(self, content: bytes, found: Document, known: Report, now: datetime) -> Judged:
        is_table = SHEET in found and forms.told(content, self.settings.limits) is None
        header = self._table(content).header.cells if is_table else None
        return self.accepted(found, header, replace(known, form=_form(content, found, self.settings)), now)

    def accepted(self, found: Document, header: Sequence[str] | None, known: Report, now: datetime) -> Judged:
        """A document that can be read, judged; `header` is that of a table, `known` what is known besides."""
        answers, count = self._answers(found, now)
        columns = None if header is None else self._columns(header, str(found["packet"]))
        told = tuple(fault for one in answers for fault in faults.of_answer(one, found, columns))
        students, is_whole = count or _students(found), SHEET in found and found[SHEET].is_whole
        report = replace(
            known,
            lea=known.lea or id_of(found["from"]).removeprefix(NOBODY),
            verdict=Verdict.GOOD if not answers else Verdict.REFUSED if is_whole else Verdict.SOME,
            packet=str(found["packet"]),
            students=students,
            good=0 if answers and is_whole else students - len(answers),
            faulty=len(answers),
            faults=told,
            notes=_notes(found),
            mapping=tables.mapping_in(self.mapping).mark,
            is_whole=is_whole,
        )
        return Judged(report, found, frozenset(one.line for one in answers))

    def _columns(self, header: Sequence[str], packet: str) -> faults.Columns:
        return faults.columns_of(header, packet, tables.named(header, self.mapping))

    def _answers(self, found: Document, now: datetime) -> tuple[list[Answer], int]:
        """The answers to the lines that would come back, in the order of the lines, and how many lines there are."""
        today = self.settings.time.day(now)
        asked = planning.lines_of(to_document(found).type, found, self.settings)
        answers = [one[1] if isinstance(one, tuple) else judged(one, self.settings, today) for one in asked]
        if not asked and SHEET in found:  # a table of answers, whose good lines only the exchange can judge
            unread = found[SHEET].unread
            return [lines.unread(one)[1] for one in unread], len(unread) + len(found[SHEET].numbers)
        return sorted((one for one in answers if one is not None), key=lambda one: one.line), len(asked)


def _form_of_refused(content: bytes, code: str) -> str:
    kind = kind_of(content)
    return _NAMED.get(code) or (kind.name if kind else "a table" if code in _OF_TABLES else "")


def _notes(found: Document) -> tuple[str, ...]:
    """What the sender may not know of its table."""
    sheet: Sheet | None = found.get(SHEET)
    if sheet is None:
        return ()
    return sheet.back.told if sheet.back else tuple(sheet.form.split("\n")[1:])


def id_of(written: object) -> str:
    """An LEA's id; '' for anything else."""
    try:
        return lea_id(written) if isinstance(written, str) else ""
    except ValueError:
        return ""


def _students(document: Document) -> int:
    several = document.get("students")
    return len(several) if isinstance(several, list) else int("student" in document)


def _form(content: bytes, found: Document, settings: Settings) -> str:
    of_export = forms.told(content, settings.limits)
    if of_export is not None:
        return of_export[0].name
    if SHEET in found:
        return "a workbook" if sheets.is_workbook(content) else "CSV"
    return "a key as gpg exports it" if key_block.is_key(content) else "JSON"
