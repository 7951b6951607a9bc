"""An exchange without processes: the test is the watcher and the workers, and opens what the exchange leaves for LEAs.

Promises: everything else is real: home, ledger, vault, keys, stages; queues remember what they would be told.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select

from broker import wiring
from broker.core.flow import Stage
from broker.core.model import LeaId, Sha256
from broker.edge import openpgp
from broker.edge.ledger import packets
from broker.edge.ledger.engine import reading
from broker.edge.ledger.rows import PacketRow
from broker.edge.ledger.tables import packets as packets_table
from broker.edge.outbox import Odd
from broker.edge.queues import LANES, Queues
from broker.stages import admit, deliver, intake, route, sweep
from broker.stages.services import Services
from tests.bench import load
from tests.support import desk, documents
from tests.support.exchange import Exchange

_RUNS = {Stage.ADMIT: admit.run, Stage.ROUTE: route.run, Stage.DELIVER: deliver.run}


@cache
def _lea(lea: str, kind: str) -> load.Lea:
    return load.lea(lea, kind, "cv25519")


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

    def __init__(self, root: Path, *leas: str, ledger_url: str = "") -> None:
        self.exchange = Exchange(root / "home")
        if ledger_url:
            path = self.exchange.home / "satchel.toml"
            path.write_text(re.sub(r"(?ms)^(\[ledger\].*?^url = )\S+", rf'\1"{ledger_url}"', path.read_text()))
        self.leas = {lea: _lea(lea, "district") for lea in leas}
        for lea in leas:
            self.exchange.add(lea, self.leas[lea].certificate)
        self.told = _Told()
        self.services: Services = replace(wiring.build(self.exchange.home, "worker"), queues=self.told)
        self._names = 0

    def drop(self, lea: str, document: Mapping[str, Any]) -> str:
        """Put a document into an outbox, and have it taken in; its tracking id."""
        self._names += 1
        key = openpgp.load_secret(self.leas[lea].secret)
        sealed = openpgp.seal(json.dumps(document).encode(), key, [self.exchange.certificate])
        self.exchange.drop(lea, f"{self._names}.pgp", sealed)
        found = [one for one in self.services.outboxes.scan(LeaId(lea)) if not isinstance(one, Odd)]
        return intake.run(self.services, LeaId(lea), found)[0]

    def work(self, *only: Stage) -> None:
        """Do what the queues were told, and what the sweeper finds standing, until nothing is left of these stages."""
        while True:
            sweep.enqueue_standing(self.services)
            todo = [one for one in dict.fromkeys(self.told.standing) if not only or one[0] in only]
            self.told.standing = [one for one in self.told.standing if one not in todo]
            if not todo:
                return
            for stage, tracking in todo:
                _RUNS[stage](self.services, [tracking])

    def send(self, lea: str, document: Mapping[str, Any]) -> PacketRow:
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

    def _opened(self, content: str) -> bytes:
        services = self.services
        sealed, limits = services.vault.read(Sha256(content)), services.settings.limits
        own = [services.key.certificate]
        return openpgp.open_packet(sealed, services.key, own, limits, services.clock(), lambda _key: True).content

    def enroll(self, lea: str, *students: Mapping[str, Any], **changes: Any) -> list[dict[str, Any]]:
        """Enroll these students; the answer, line by line."""
        row = self.send(lea, desk.enrollment(lea, *students, **changes))
        assert row.state == "APPLIED", row.code
        lines: list[dict[str, Any]] = self.notices(lea, "ssid")[-1]["students"]
        return lines

    def answer(self, lea: str, tracking: str, line: int, decision: str, **more: str) -> PacketRow:
        """Answer a question by file; the answer's own packet then."""
        reply = {"tracking": tracking, "line": line, "decision": decision, "why": "the birth certificate"} | more
        return self.send(lea, documents.review_answer(**{"from": lea, "answers": [reply]}))
