"""An exchange that is cheap to make again, whose workers stop, die and are overtaken where a test says so.

Promises: home, ledger, vault, keys and stages are real; each world has a home of its own, copied from one that was set
up once. A worker that dies has the fate of a killed process: nothing behind the place runs, and what it had claimed is
given free as `broker.processes.worker` does when it starts again.
"""

import copy
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sqlalchemy import select

from broker.core.flow import NEXT_STAGE, WORKED_BY, Stage
from broker.core.model import LeaId
from broker.edge.home.folders import Home
from broker.edge.home.inbox import Inboxes
from broker.edge.home.outbox import Outboxes
from broker.edge.ledger.engine import connect, reading, writing
from broker.edge.ledger.packets import packets
from broker.edge.ledger.packets.rows import COLUMNS, PacketRow
from broker.edge.ledger.parties import directory
from broker.edge.ledger.tables import packets as packets_table
from broker.edge.pgp import keyring
from broker.edge.settings.file import load as read_settings
from broker.edge.vault import DirectoryVault
from broker.packets import batch
from broker.packets.batch import Plan
from broker.processes.worker import RUNS
from broker.stages.sweep.collected import notice_collected
from broker.stages.sweep.day_change import DayChange
from broker.stages.sweep.deliveries import finish_deliveries
from broker.stages.sweep.receipts import publish_receipts
from broker.stages.sweep.resumed import resume_for_keys, resume_unflagged
from broker.stages.sweep.standing import enqueue_standing
from tests.bench import load
from tests.support import order, postgres
from tests.support.deaths import PLACES, Killed
from tests.support.office import Office

_MEMORY = Path("/dev/shm")  # nothing that is tried here outlives the machine


class Log:
    """Remembers what was logged."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str, dict[str, Any]]] = []

    def __getattr__(self, level: str) -> Callable[..., None]:
        def note(event: str, **facts: Any) -> None:
            self.lines.append((level, event, facts))

        return note


@dataclass
class Key:
    """One key of an LEA, and what has become of it: '' while it is in use, or revoked, retired."""

    lea: load.Lea = field(repr=False)
    expires: datetime
    fingerprint: str
    end: str = ""


@cache
def _spare(lea: str, number: int, days: int) -> load.Lea:
    """The `number`-th further key of an LEA."""
    return load.lea(f"{lea}-{number}", "", "cv25519", days)


@cache
def _template(kinds: tuple[tuple[str, str], ...], server: str) -> Office:
    """On that PostgreSQL server, '' for SQLite."""
    root = tempfile.TemporaryDirectory(dir=_MEMORY if os.access(_MEMORY, os.W_OK) else None)
    url = postgres.made(_name_of(root)) if server else ""
    made = Office(Path(root.name), *dict(kinds), kinds=dict(kinds), ledger_url=url)
    made.services.engine.dispose()
    made.exchange.root = root  # type: ignore[attr-defined]  # lives as long as the template
    return made


def _name_of(root: "tempfile.TemporaryDirectory[str]") -> str:
    return Path(root.name).name


class World(Office):
    """An office whose home is a copy of one made earlier, its ledger on that PostgreSQL `server`, '' for SQLite."""

    def __init__(self, kinds: Mapping[str, str], server: str = "") -> None:
        made = _template(tuple(kinds.items()), server)
        self.root = tempfile.TemporaryDirectory(dir=made.exchange.home.parent)
        self.exchange = copy.copy(made.exchange)
        self.exchange.home = Path(self.root.name) / "home"
        shutil.copytree(made.exchange.home, self.exchange.home, symlinks=True)
        self._server = server
        if server:
            like = _name_of(made.exchange.root)  # type: ignore[attr-defined]
            self.exchange.keep_ledger_at(postgres.made(_name_of(self.root), like))
        self.leas = dict(made.leas)
        self.told, self.ahead, self._names = type(made.told)(), timedelta(), 0
        chosen = read_settings(self.exchange.home)
        folders, model = Home(chosen.home), made.services.model
        self.log = Log()
        self.services = replace(
            made.services,
            settings=chosen,
            engine=connect(chosen),
            vault=DirectoryVault(folders.vault),
            home=folders,
            outboxes=Outboxes(folders, chosen.limits),
            inboxes=Inboxes(folders),
            queues=self.told,
            log=self.log,  # type: ignore[arg-type]
            clock=lambda: datetime.now(UTC) + self.ahead,
            load_model=lambda: model,
        )
        if server:
            order.watch(self.services.engine)
        self.day_change, self.dawn = DayChange(self.services), ""
        self.keys = {lea: [self._key(one)] for lea, one in self.leas.items()}

    def close(self) -> None:
        """The home is no more."""
        self.services.engine.dispose()
        if self._server:
            postgres.dropped(_name_of(self.root))
        self.root.cleanup()

    @property
    def today(self) -> str:
        """The day it is here."""
        return self.services.day().isoformat()

    def day(self, days: int) -> str:
        """So many days from today."""
        return (self.services.day() + timedelta(days=days)).isoformat()

    # keys

    def _key(self, lea: load.Lea) -> Key:
        info = keyring.inspect(lea.certificate, self.services.clock())
        assert info.expires is not None
        return Key(lea, info.expires, info.fingerprint)

    def key(self, lea: str) -> Key | None:
        """The newest key of the LEA that is good now."""
        now = self.services.clock()
        return next((one for one in reversed(self.keys[lea]) if not one.end and one.expires > now), None)

    def add_key(self, lea: str, days: int) -> None:
        """A further key, as `satchel lea key` enters it."""
        key = self._key(_spare(lea, len(self.keys[lea]), days))
        if key.expires <= self.services.clock():
            return
        self._put(lea, key.lea.certificate)
        self.keys[lea].append(key)

    def seal_with(self, key: Key) -> None:
        """What its LEA drops from now on is signed with this key."""
        self.leas[key.lea.id.partition("-")[0]] = key.lea

    def revoke(self, lea: str, key: Key) -> None:
        """Its owner has revoked the key, which is taken in as `satchel lea key` does."""
        revoked = keyring.revocation(key.lea.secret, datetime.now(UTC))
        self._put(lea, keyring.merge(key.lea.certificate, revoked))
        key.end = "revoked"

    def retire(self, lea: str, key: Key) -> None:
        """The key is used no more."""
        with writing(self.services.engine) as connection:
            directory.retire(connection, lea, key.fingerprint, self.services.clock().timestamp())
        key.end = "retired"

    def _put(self, lea: str, certificate: bytes) -> None:
        now = self.services.clock()
        with writing(self.services.engine) as connection:
            info = keyring.inspect(certificate, now)
            directory.put_certificate(connection, LeaId(lea), info, certificate.decode(), now.timestamp())

    # packets

    def rows(self) -> dict[str, PacketRow]:
        """Every packet, the oldest first."""
        query = select(*[packets_table.c[name] for name in COLUMNS]).order_by(packets_table.c.tracking)
        with reading(self.services.engine) as connection:
            return {row.tracking: packets._row(row) for row in connection.execute(query)}

    def ready(self, stage: Stage) -> list[str]:
        """What stands before this stage."""
        return [row.tracking for row in self.rows().values() if row.state is WORKED_BY[stage]]

    def is_moving(self) -> bool:
        """Whether anything is on its way."""
        return any(row.state in NEXT_STAGE for row in self.rows().values())

    # workers

    def round(self, plans: Sequence[Plan], ids: Sequence[str], meanwhile: Callable[[], None] | None = None) -> None:
        """One message for a worker. `meanwhile` happens when it has worked everything and not yet committed."""
        commit = batch._commit

        def overtaken(*args: Any) -> batch.Written:
            happens = waiting.pop() if waiting else None
            if happens:
                happens()
            return commit(*args)

        waiting = [meanwhile]
        with patch.object(batch, "_commit", overtaken):
            batch.run(self.services, plans, ids)

    @contextmanager
    def killed(self, where: str) -> Iterator[None]:
        """Whatever runs within is killed when it first comes by this place, '' for nowhere."""
        with ExitStack() as stack:
            if where:
                stack.enter_context(PLACES[where](self))
            try:
                yield
            except Killed:
                stack.close()
                self._start_again()

    def _start_again(self) -> None:
        """What `broker.processes.worker` does first; what lived in the process is gone."""
        self.told.standing.clear()
        self.services = replace(
            self.services, inboxes=Inboxes(self.services.home), vault=DirectoryVault(self.services.home.vault)
        )
        with writing(self.services.engine) as connection:
            packets.release_worker(connection, self.services.worker)
            packets.mark_unqueued(connection)

    def sweep(self) -> None:
        """A round of the sweeper's duties."""
        services = self.services
        publish_receipts(services)
        enqueue_standing(services)
        for lea in self.leas:
            finish_deliveries(services, LeaId(lea))
            notice_collected(services, LeaId(lea))
        resume_for_keys(services)
        resume_unflagged(services)
        today = self.today
        for _ in range(2):  # a day is begun, and then its only slice is done
            self.day_change.look()
        self.dawn = today

    def rest(self, look: Callable[[], object]) -> None:
        """Work and sweep until nothing is on its way; `look` is called after each round."""
        for _ in range(40):
            before = {row.tracking: (row.state, row.held_for) for row in self.rows().values()}
            self.sweep()
            look()
            for stage, plans in RUNS.items():
                self.round(plans, self.ready(stage))
                look()
            if before == {row.tracking: (row.state, row.held_for) for row in self.rows().values()}:
                if not self.is_moving():
                    return
                self.ahead_of_retries()
        stuck = [(row.type, row.state, row.claim, row.deferrals) for row in self.rows().values()]
        raise AssertionError(f"it does not come to rest: {[one for one in stuck if one[1] in NEXT_STAGE]}")

    def files(self, lea: str) -> list[Path]:
        """What lies in view in an inbox."""
        return sorted(self.exchange.inbox(lea))
