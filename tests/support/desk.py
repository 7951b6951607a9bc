"""A whole town for acceptance tests: a running exchange, and each LEA's desk with its own GnuPG.

Promises: everything goes by the public interface (folders and command line); whatever was started is ended, also when
setting up fails half-way.
"""

import copy
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.bench import load
from tests.support import documents
from tests.support.exchange import Exchange, said_by, wait_until
from tests.support.gpg import Gpg

EXCHANGE = "exchange@satchel.invalid"
THIS_YEAR = 2026  # the autumn in which the school year of now began
_VALIDSIG = re.compile(r"\[GNUPG:\] VALIDSIG ([0-9A-F]{40}) .* ([0-9A-F]{40})$", re.MULTILINE)


class Desk:
    """What an LEA has: its GnuPG, its key, and its folders at the exchange."""

    def __init__(self, exchange: Exchange, lea: str, gpg: Gpg, fingerprint: str) -> None:
        self.exchange = exchange
        self.lea = lea
        self.gpg = gpg
        self.fingerprint = fingerprint

    def seal(self, document: Mapping[str, Any] | bytes, *extra: str, stdin: bool = True) -> bytes:
        """Sign and encrypt for the exchange, as `gpg --sign --encrypt` does with these further options."""
        return self.gpg.seal(as_bytes(document), [EXCHANGE], self.fingerprint, *extra, stdin=stdin)

    def send(self, name: str, document: Mapping[str, Any] | bytes, *extra: str) -> None:
        """Seal a document and put it into the outbox."""
        self.exchange.drop(self.lea, name, self.seal(document, *extra))

    def drop(self, name: str, content: bytes) -> None:
        """Put a file into the outbox as it is."""
        self.exchange.drop(self.lea, name, content)

    def receipt(self, file: str, *states: str) -> dict[str, Any]:
        """The receipt about the dropped `file` that says one of `states`; waits for it."""
        return self.exchange.wait_receipt(self.lea, file, *states)

    def refused(self, file: str) -> dict[str, Any]:
        """The receipt that ends a dropped `file`; it must be a refusal."""
        ended = self.receipt(file, "REFUSED", "DELIVERED", "APPLIED", "HELD", "DUPLICATE")
        assert ended["state"] == "REFUSED", ended
        return ended

    def delivered(self, file: str, but: Sequence[str] = ()) -> str:
        """The tracking id of a dropped `file` that must be delivered; waits for it. `but` are states that it may have
        come by on its way."""
        ends = [state for state in ("REFUSED", "DELIVERED", "APPLIED", "HELD", "DUPLICATE") if state not in but]
        ended = self.receipt(file, *ends)
        assert ended["state"] == "DELIVERED", ended
        return str(ended["tracking"])

    def inbox(self, tracking: str) -> Path:
        """The file of that packet in this LEA's inbox; waits for it."""
        found: Path = wait_until(
            lambda: next((path for path in self.exchange.inbox(self.lea) if path.name.startswith(tracking)), None),
            f"{tracking} in the inbox of {self.lea}",
        )
        return found

    def has(self, tracking: str) -> bool:
        """Whether that packet lies in this LEA's inbox now."""
        return any(path.name.startswith(tracking) for path in self.exchange.inbox(self.lea))

    def read(self, tracking: str) -> tuple[bytes, str]:
        """Open a packet of the inbox with plain gpg: the content, and the fingerprint of whose signature is good."""
        content, status = self.gpg.decrypt(self.inbox(tracking).read_bytes())
        assert "[GNUPG:] GOODSIG" in status, status
        assert "[GNUPG:] DECRYPTION_OKAY" in status, status
        good = _VALIDSIG.findall(status)
        assert len(good) == 1, status
        return content, good[0][1]

    def notice(self, document_id: str) -> list[dict[str, Any]]:
        """The lines of the sealed `ssid` notice that answers this enrollment; waits for it."""

        def look() -> list[dict[str, Any]] | None:
            for path in self.exchange.inbox(self.lea):
                if ".ssid." in path.name:
                    said = json.loads(self.gpg.decrypt(path.read_bytes())[0])
                    if said["answers"] == document_id:
                        lines: list[dict[str, Any]] = said["students"]
                        return lines
            return None

        found: list[dict[str, Any]] = wait_until(look, f"answer to {document_id} for {self.lea}")
        return found

    def enroll(self, *students: Mapping[str, Any], **changes: Any) -> list[dict[str, Any]]:
        """Send an enrollment of these students and read its answer, line by line."""
        document = enrollment(self.lea, *students, **changes)
        name = f"enrollment-{document['id']}.pgp"
        self.send(name, document)
        ended = self.receipt(name, "APPLIED", "REFUSED")
        assert ended["state"] == "APPLIED", ended
        return self.notice(document["id"])


class Town:
    """The exchange and all desks."""

    def __init__(self, exchange: Exchange, desks: dict[str, Desk]) -> None:
        self.exchange = exchange
        self.desks = desks

    def __getitem__(self, lea: str) -> Desk:
        return self.desks[lea]

    def moved(self, student: Mapping[str, Any], *leas: str) -> dict[str, Any]:
        """A student whom these LEAs enrolled one after the other, a school year each; the last one this year. Comes
        back with the number."""
        return self.all_moved([student], *leas)[0]

    def all_moved(self, students: Sequence[Mapping[str, Any]], *leas: str) -> list[dict[str, Any]]:
        """As `moved`, for several students at once."""
        given: list[list[str]] = []
        for year, lea in enumerate(leas, THIS_YEAR - len(leas) + 1):
            lines = self[lea].enroll(*students, date=f"{year}-08-17")
            assert {line["answer"] for line in lines} <= {"assigned", "matched"}, lines
            given.append([line["ssid"] for line in lines])
        assert all(numbers == given[0] for numbers in given), given
        return [dict(student) | {"ssid": ssid} for student, ssid in zip(students, given[0], strict=True)]

    def bugs(self) -> list[str]:
        """Lines of the exchange's log that tell of a bug or of a part that died."""
        lines = self.exchange.log.read_text().splitlines()
        return [line for line in lines if "bug" in line or "Traceback" in line or "failed" in line or "died" in line]


def as_bytes(document: Mapping[str, Any] | bytes) -> bytes:
    """The document's JSON text."""
    return document if isinstance(document, bytes) else json.dumps(document, ensure_ascii=False).encode()


@contextmanager
def town(
    root: Path,
    parties: Mapping[str, tuple[str, str]],
    **settings: Any,
) -> Iterator[Town]:
    """A running exchange with `parties` (id: kind and algorithm, see `Gpg.generate`); everyone knows everyone's key.

    It serves no SFTP, unless `enabled` says so: files come and go by path here.
    """
    with ExitStack() as stack:
        exchange = Exchange(root / "home", **({"enabled": False} | settings))
        stack.callback(exchange.close)
        desks = {lea: join(stack, exchange, lea, algo) for lea, (_, algo) in parties.items()}
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda desk: enter(desk, parties[desk.lea][0]), desks.values()))
        for desk in desks.values():
            for other in desks.values():
                desk.gpg.import_(other.gpg.export(other.fingerprint))
        exchange.up()
        yield Town(exchange, desks)


def enter(desk: Desk, kind: str) -> None:
    """Enter the party into the directory."""
    desk.exchange.add(desk.lea, desk.gpg.export(desk.fingerprint), kind)


def join(stack: ExitStack, exchange: Exchange, lea: str, algo: str) -> Desk:
    """Make an LEA's key on its own desk."""
    gpg = stack.enter_context(Gpg())
    fingerprint = gpg.generate(f"LEA {lea} <{lea}@leas.invalid>", algo)
    gpg.import_(exchange.certificate)
    return Desk(exchange, lea, gpg, fingerprint)


def child(first: str, last: str, born: str, **more: Any) -> dict[str, Any]:
    """The identity block of a student without a number."""
    name = {"first": first, "middle": "", "last": last, "suffix": ""}
    return {"legal_name": name, "birth_date": born, "local_id": f"{first}-1"} | more


def children(count: int, first: int = 0) -> list[dict[str, Any]]:
    """Students like no other ones: `count` of them from the `first`-th on."""
    names = [(load.name_of(number), load.birth_of(number)) for number in range(first, first + count)]
    return [child(name["first"], name["last"], born, local_id=name["last"]) for name, born in names]


def enrollment(lea: str, *students: Mapping[str, Any], event: str = "entry", **changes: Any) -> dict[str, Any]:
    """An `enrollment.v1` of an LEA; `date` is that of every line."""
    date = changes.pop("date", "2026-08-17")
    lines = [{"student": dict(one), "school": "704", "event": event, "date": date, "code": ""} for one in students]
    return documents.enrollment(0, **({"from": lea, "students": lines} | changes))


def record(sender: str, student: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """A `student-record.v1` about this student, without `to` unless it is given."""
    whole = documents.record(3, **{"from": sender, "student": copy.deepcopy(dict(student))})
    del whole["to"]
    return whole | changes


def all_receipts(exchange: Exchange, lea: str) -> dict[str, dict[str, Any]]:
    """What every receipt of an LEA says, by file name."""
    return {path.name: said_by(path) for path in exchange.folder(lea, "receipts").iterdir() if path.name[0] != "."}
