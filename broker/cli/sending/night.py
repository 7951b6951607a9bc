"""A folder's files, one after the other: checked, sealed, sent, and at the end asked about.

Owns which files of a folder are meant, and in which order things are done. Promises: what is wrong with one file keeps
no other from being sent; what was sent before is not sent again; where the connection does not last, the other files
are checked all the same.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from broker.checking.asked import Checker, NoFile, checking, content_of
from broker.checking.report import Fault, Report, Verdict
from broker.client import outgoing, transfer
from broker.client.delivery import Delivery, NoServer
from broker.client.fates import Fates
from broker.client.journal import Entry, Journal, Step, digest
from broker.client.sealing import Sealer
from broker.core.codes import CODES
from broker.core.errors import Deferred
from broker.core.files.outgoing import Kind, recognise
from broker.edge.home.file_names import is_unfinished
from broker.edge.settings.values import Limits
from broker.edge.sftp.client.line import Account, ClientError, Line
from broker.terminal import given
from broker.terminal.common import warn
from broker.terminal.endings import sentence, shown
from broker.terminal.patience import Patience

_NO_TABLES = (b"{", b"[", b"<")  # JSON and XML begin so
_SEALED = (".pgp", ".gpg", ".asc")
_AGAIN = "Seal the document again, and see whether there is room on the disk."
_REMEDIES = {"truncated": _AGAIN, "damaged": _AGAIN, "sealed-twice": "Seal the document itself, once."}
_FAILED = Fault("", "It could not be checked: the check itself failed.", "Please tell the state's operator.")
_LARGEST = max(Limits().sealed_bytes, Limits().content_bytes)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file. `name` is the name under which the exchange has it, '' where nothing was sent; of a file
    of the same content it is the other one's. `unsent` is why it is not sent, though nothing is wrong with it; `unread`
    why it cannot be read. `faults` are those of the file, or of the lines that come back."""

    file: str
    name: str = ""
    unsent: str = ""
    unread: str = ""
    faults: tuple[Fault, ...] = ()


def found_in(folder: Path) -> list[Path]:
    """What is to be sent of a folder, by name: neither folders nor what is hidden or unfinished. Raises OSError."""
    found = [path for path in folder.iterdir() if not is_unfinished(path.name) and not path.is_dir()]
    return sorted(found, key=lambda path: path.name)


class Night:
    """One run over a folder. `outcomes` has what became of each file, as far as it came; `gone` are the names of what
    was asked about though its file is not there any more; `broken` says why it ended early, '' where it did not."""

    def __init__(
        self, account: Account, journal: Journal, sealer: Sealer, here: Path | None, mapping: str = ""
    ) -> None:
        self.journal = journal
        self.outcomes: list[Outcome] = []
        self.gone: list[str] = []
        self.broken = ""
        self._account = account
        self._sealer = sealer
        self._here = here
        self._mapping = mapping

    def run(self, files: Sequence[Path], wait: float, patience: Patience) -> None:
        """Send the files, and wait so many seconds at most for what becomes of them. Raises OSError where the journal
        cannot be written, NoWard among them."""
        asked = [one.name for one in self.journal.all() if not one.is_over]
        with (
            Line(self._account, say=warn) as line,
            transfer.progress(patience) as show,
            checking(self._mapping) as checker,
        ):
            delivery = Delivery(self._account, line, self.journal, self._sealer)
            self._try(delivery.finish)
            for path in files:
                patience.moved()
                self.outcomes.append(self._one(path, checker, partial(delivery.send, show)))
            fates = Fates(line, self.journal, self._sealer.recipients, self._here)
            self._try(lambda: fates.wait(wait, patience.moved))
        told = {one.name for one in self.outcomes}
        self.gone = [name for name in asked if name not in told and self.journal.named(name).is_sent]

    def _try(self, work: Callable[[], object]) -> None:
        """Do what needs the server, unless it is known not to answer."""
        try:
            if not self.broken:
                work()
        except (ClientError, Deferred) as error:
            self.broken = str(error)

    def _one(self, path: Path, checker: Checker, deliver: Callable[[Entry, bytes], Entry]) -> Outcome:
        try:
            path.name.encode()
            content = content_of(path, _LARGEST)
        except UnicodeEncodeError:
            return Outcome(shown(path.name), unread="Its name is no UTF-8 text; rename it.")
        except NoFile:
            return Outcome(path.name, unread="It is no ordinary file, but a pipe or a device; save it first.")
        except OSError as error:
            return Outcome(path.name, unread=sentence(error))
        sha256 = self._mark(content or b"")
        known = self.journal.latest(path.name, sha256) or self.journal.copied(sha256)
        if known and known.is_sent and not known.lines:
            return Outcome(path.name, known.name)
        report = self._judged(path.name, content, checker)
        if known and known.is_sent:
            return Outcome(path.name, known.name, faults=report.faults)
        if content is None or report.verdict not in (Verdict.GOOD, Verdict.SOME):
            return Outcome(path.name, faults=report.faults or (_FAILED,))
        return self._sent(known or self._new(path.name, sha256, report), content, report, deliver)

    def _mark(self, content: bytes) -> str:
        """By what a content is known again in the journal: by another mapping a table says something else, and is sent
        anew."""
        is_table = content[:64].lstrip()[:1] not in _NO_TABLES and recognise(content).kind is Kind.CLEAR
        return digest(content + self._mapping.encode()) if self._mapping and is_table else digest(content)

    def _judged(self, name: str, content: bytes | None, checker: Checker) -> Report:
        """The report on a document, or on what is sealed already, as far as that shows from outside."""
        found = recognise(content or b"")
        if found.kind is Kind.SEALED:
            if outgoing.is_twice(name):
                return _refused("sealed-twice")
            is_theirs = outgoing.opens(found, self._sealer.recipients)
            return Report(Verdict.GOOD) if is_theirs else _refused("not-for-exchange")
        if found.kind is Kind.PASSPHRASE:
            return _refused("password-sealed")
        if found.kind in (Kind.CUT_SHORT, Kind.BROKEN) and name.lower().endswith(_SEALED):
            return _refused("truncated" if found.kind is Kind.CUT_SHORT else "damaged")
        return checker.judge(name, content, self._account.user, given.own_clock())

    def _new(self, file: str, sha256: str, report: Report) -> Entry:
        name = self.journal.name_for(file, sha256, is_sealed=not report.form)
        facts = (report.packet, report.form, report.faulty)
        return Entry(file, sha256, name, "", Step.SEALED, time.time(), *facts, {})

    def _sent(self, entry: Entry, content: bytes, report: Report, deliver: Callable[[Entry, bytes], Entry]) -> Outcome:
        if not self.broken:
            try:
                return Outcome(entry.file, deliver(entry, content).name, faults=report.faults)
            except ClientError as error:
                return Outcome(entry.file, unsent=str(error))
            except (NoServer, Deferred) as error:
                self.broken = str(error)
        return Outcome(entry.file, unsent=self.broken)


def _refused(code: str) -> Report:
    meaning, remedy = CODES[code]
    return Report(Verdict.REFUSED, faults=(Fault(code, meaning, _REMEDIES.get(code, remedy)),))
