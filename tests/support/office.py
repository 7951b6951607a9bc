"""An exchange without processes: the test is the watcher and the workers, and opens what the exchange leaves for LEAs.

Promises: everything else is real: home, ledger, vault, keys, stages; queues remember what they would be told.
"""

import atexit
import gc
import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select

from broker import wiring
from broker.cli.directory import home
from broker.core.flow import Stage
from broker.core.model import LeaId, Sha256
from broker.edge.home.outbox import Odd
from broker.edge.ledger.engine import reading
from broker.edge.ledger.packets import packets
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.tables import packets as packets_table
from broker.edge.pgp import openpgp
from broker.edge.queue.queues import LANES, Queues
from broker.formats.reader import Inside
from broker.packets.services import Services
from broker.processes.reader import desk as desk_of_reader
from broker.stages import admit, deliver, intake, route
from broker.stages.sweep.collected import notice_collected
from broker.stages.sweep.follow_ups import follow_up_some
from broker.stages.sweep.standing import enqueue_standing
from tests.bench import load
from tests.support import desk, documents, postgres
from tests.support.exchange import Exchange

_RUNS = {Stage.ADMIT: admit.run, Stage.ROUTE: route.run, Stage.DELIVER: deliver.run}


_INBOX_MARK = ".satchel-inbox-"  # a folder, in each inbox, by which the exchange knows it again
_MEMORY = Path("/dev/shm")  # nothing that is tried here outlives the machine
_had: set[tuple[str, tuple[tuple[str, str], ...]]] = set()  # tests, and of which LEAs they had an office
_KEY_DAYS = 1500  # some tests walk through years


@cache
def _lea(lea: str, kind: str) -> load.Lea:
    return load.lea(lea, kind, "cv25519", _KEY_DAYS)


def _founded(where: Path, leas: Iterable[tuple[str, str]], ledger_url: str = "") -> Exchange:
    """A home made by `satchel init`, and its LEAs: id and kind."""
    made = Exchange(where, ledger_url=ledger_url)
    for lea, kind in leas:
        _enter(made, _lea(lea, kind))
    return made


def _enter(exchange: Exchange, lea: load.Lea) -> None:
    """As `satchel lea add` does, but without a process of its own."""
    with redirect_stdout(io.StringIO()):
        home.add(lea.id, f"LEA {lea.id}", lea.kind, _beside(exchange, lea), None, exchange.home)


def _beside(exchange: Exchange, lea: load.Lea) -> Path:
    """The party's key, in a file that its operator has beside the home."""
    path = exchange.home.parent / f"{lea.id}.asc"
    path.write_bytes(lea.certificate)
    return path


def _is_another(leas: tuple[tuple[str, str], ...]) -> bool:
    """Whether this test has such an office already: two of one test are two exchanges, and no copies of one."""
    this = (os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0], leas)
    is_another = this in _had
    _had.add(this)
    return is_another


def _copied(where: Path, leas: tuple[tuple[str, str], ...], ledger_url: str) -> Exchange:
    """A copy of one that was founded: that takes most of an office's time."""
    home, like = _template(leas, is_on_server=bool(ledger_url))
    shutil.copytree(home, where, symlinks=True)
    made = Exchange.of(where)
    for lea, kind in leas:
        _beside(made, _lea(lea, kind))
    if ledger_url:
        postgres.replace(ledger_url, like)
        made.keep_ledger_at(ledger_url)
    return made


@cache
def _template(leas: tuple[tuple[str, str], ...], *, is_on_server: bool) -> tuple[Path, str]:
    """A home with these LEAs, and the URL of its ledger, '' for SQLite."""
    root = tempfile.mkdtemp(dir=_MEMORY if os.access(_MEMORY, os.W_OK) else None)
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    url = postgres.database() if is_on_server else ""
    made = _founded(Path(root) / "home", leas, url)
    gc.collect()  # who has entered them lets go of the ledger, and all of it is in one file
    return made.home, url


class _Told(Queues):
    """Stands where the queues stand."""

    def __init__(self) -> None:
        self.standing: list[tuple[Stage, str]] = []

    def enqueue(self, stage: Stage, ids: Sequence[str], lane: int) -> bool:
        self.standing += [(stage, tracking) for tracking in ids if lane < len(LANES)]
        return True

    def lost_everything(self) -> bool:
        return False

    def waiting(self) -> dict[str, int]:
        return {}


class Office:
    """The exchange and its LEAs."""

    def __init__(self, root: Path, *leas: str, ledger_url: str = "", kinds: Mapping[str, str] | None = None) -> None:
        named = tuple((lea, (kinds or {}).get(lea, "district")) for lea in leas)
        self.leas = {lea: _lea(lea, kind) for lea, kind in named}
        if _is_another(named) or (ledger_url and not postgres.is_blank(ledger_url)):
            self.exchange = _founded(root / "home", named, ledger_url)
        else:
            self.exchange = _copied(root / "home", named, ledger_url)
        self.told = _Told()
        self.ahead = timedelta()  # of the real clock
        built = wiring.build(self.exchange.home, "worker")
        self.services: Services = replace(
            built,
            queues=self.told,
            clock=lambda: built.clock() + self.ahead,
            reader=Inside(desk_of_reader(built.settings)),  # the same reading, in this process
        )
        self._names = 0

    def enter(self, lea: str) -> None:
        """Enter a party into the directory."""
        _enter(self.exchange, self.leas[lea])

    def drop(self, lea: str, document: Mapping[str, Any] | bytes, *, name: str = "") -> str:
        """Put a document into an outbox, under this name where one is given, and have it taken in; its tracking id."""
        self._names += 1
        key = openpgp.load_secret(self.leas[lea].secret)
        content = document if isinstance(document, bytes) else json.dumps(document).encode()
        sealed = openpgp.seal(content, key, [self.exchange.certificate])  # now: no signature may be of a day to come
        self.exchange.drop(lea, name or f"{self._names}.pgp", sealed)
        found = [one for one in self.services.outboxes.scan(LeaId(lea)) if not isinstance(one, Odd)]
        return intake.run(self.services, LeaId(lea), found)[0]

    def work(self, *only: Stage) -> None:
        """Do what the queues were told, and what the sweeper finds standing, until nothing is left of these stages."""
        while True:
            while not only and follow_up_some(self.services):
                pass
            enqueue_standing(self.services)
            todo = [one for one in dict.fromkeys(self.told.standing) if not only or one[0] in only]
            self.told.standing = [one for one in self.told.standing if one not in todo]
            if not todo:
                return
            for stage, tracking in todo:
                _RUNS[stage](self.services, [tracking])

    def ahead_of_retries(self) -> None:
        """Go on to when every packet that was put off is due again."""
        self.ahead += timedelta(seconds=self.services.settings.workers.retry_most_seconds)

    def ahead_of_leases(self) -> None:
        """Go on to when what a worker had claimed that is no more is free again."""
        self.ahead += timedelta(seconds=self.services.settings.workers.lease_seconds + 1)

    def send(self, lea: str, document: Mapping[str, Any] | bytes) -> PacketRow:
        """Send a document and let the exchange work until nothing is left; the packet then."""
        tracking = self.drop(lea, document)
        self.work()
        return self.row(tracking)

    def row(self, tracking: str) -> PacketRow:
        """The packet now."""
        with reading(self.services.engine) as connection:
            found = packets.get(connection, tracking)
        assert found is not None
        return found

    def notices(self, lea: str, kind: str) -> list[dict[str, Any]]:
        """The exchange's JSON notices of a kind for an LEA, the oldest first."""
        query = select(packets_table.c.sha256).where(packets_table.c.receiver == lea, packets_table.c.type == kind)
        with reading(self.services.engine) as connection:
            contents = [row[0] for row in connection.execute(query.order_by(packets_table.c.tracking))]
        return [json.loads(self._opened(content)) for content in contents]

    def newest_notice(self, lea: str, kind: str) -> dict[str, Any]:
        """The exchange's last JSON notice of a kind for an LEA."""
        query = select(packets_table.c.sha256).where(packets_table.c.receiver == lea, packets_table.c.type == kind)
        with reading(self.services.engine) as connection:
            newest = connection.execute(query.order_by(packets_table.c.tracking.desc()).limit(1)).scalar_one()
        found: dict[str, Any] = json.loads(self._opened(newest))
        return found

    def _opened(self, content: str, *more: bytes) -> bytes:
        services = self.services
        sealed, limits = services.vault.read(Sha256(content)), services.settings.limits
        own = [services.key.certificate, *(lea.certificate for lea in self.leas.values()), *more]
        return openpgp.open_packet(sealed, services.key, own, limits, services.clock(), lambda _key: True).content

    def inbox(self, lea: str, kind: str) -> list[str]:
        """The tracking ids of the packets of a kind in an LEA's inbox, the oldest first."""
        return sorted(path.name.split(".")[0] for path in self.exchange.inbox(lea) if f".{kind}." in path.name)

    def hidden(self, lea: str) -> list[str]:
        """What lies in an LEA's inbox and is not in view, but for the inbox's own mark."""
        names = [path.name for path in self.exchange.folder(lea, "inbox").iterdir()]
        return [name for name in names if name.startswith(".") and not name.startswith(_INBOX_MARK)]

    def collect(self, lea: str) -> None:
        """The LEA takes everything out of its inbox."""
        for path in self.exchange.inbox(lea):
            path.unlink()
        notice_collected(self.services, LeaId(lea))

    def opened(self, tracking: str, *more: bytes) -> bytes:
        """What was sealed in a packet, by its sender's key of now or by one of `more`."""
        return self._opened(self.row(tracking).sha256, *more)

    def enroll(self, lea: str, *students: Mapping[str, Any], **changes: Any) -> list[dict[str, Any]]:
        """Enroll these students; the answer, line by line."""
        row = self.send(lea, desk.enrollment(lea, *students, **changes))
        assert row.state == "APPLIED", row.code
        lines: list[dict[str, Any]] = self.newest_notice(lea, "ssid")["students"]
        return lines

    def answer(self, lea: str, tracking: str, line: int, decision: str, **more: str) -> PacketRow:
        """Answer a question by file; the answer's own packet then."""
        reply = {"tracking": tracking, "line": line, "decision": decision, "why": "the birth certificate"} | more
        return self.send(lea, documents.review_answer(**{"from": lea, "answers": [reply]}))
