"""An exchange without processes, in which two workers and a crash meet."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import text

from broker import wiring
from broker.core.flow import Stage
from broker.core.model import LeaId
from broker.edge.home.outbox import Odd
from broker.edge.ledger.engine import reading
from broker.edge.pgp import openpgp
from broker.formats.reader import Inside
from broker.packets.services import Services
from broker.processes.reader import desk as desk_of_reader
from broker.stages import admit, deliver, intake, route
from tests.bench import load
from tests.support.exchange import Exchange


class Told:
    """Stands where the queues stand: remembers what they would be told."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Stage, str]] = []

    def enqueue(self, stage: Stage, ids: list[str], _lane: int) -> bool:
        self.waiting += [(stage, tracking) for tracking in ids]
        return True


RUNS = {Stage.ADMIT: admit.run, Stage.ROUTE: route.run, Stage.DELIVER: deliver.run}


class World:
    """An exchange without processes: the test is the watcher, the workers and the sweeper."""

    def __init__(self, root: Path) -> None:
        self.exchange = Exchange(root / "home")
        self.sender, self.receiver = load.lea("01", "district", "cv25519"), load.lea("6G", "charter", "cv25519")
        self.other = load.lea("02", "district", "cv25519")
        for one in (self.sender, self.receiver, self.other):
            self.exchange.add(one.id, one.certificate, one.kind)
        self.told = Told()
        built = wiring.build(self.exchange.home, "worker")
        self.services: Services = replace(built, queues=self.told, reader=Inside(desk_of_reader(built.settings)))

    def drop(self, lea: load.Lea, name: str, document: Any) -> str:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        sealed = openpgp.seal(body, openpgp.load_secret(lea.secret), [self.exchange.certificate])
        return self.drop_raw(lea, name, sealed)

    def drop_raw(self, lea: load.Lea, name: str, content: bytes) -> str:
        self.exchange.drop(lea.id, name, content)
        found = [one for one in self.services.outboxes.scan(LeaId(lea.id)) if not isinstance(one, Odd)]
        return intake.run(self.services, LeaId(lea.id), found)[0]

    def work(self, *only: Stage) -> None:
        """Work on everything that the queues were told, until nothing is left (of these stages)."""
        while todo := [one for one in self.told.waiting if not only or one[0] in only]:
            self.told.waiting = [one for one in self.told.waiting if one not in todo]
            for stage, tracking in todo:
                RUNS[stage](self.services, [tracking])

    def state(self, tracking: str) -> tuple[str, str]:
        with reading(self.services.engine) as connection:
            row = connection.execute(
                text("SELECT state, held_for, code FROM packets WHERE tracking = :t"), {"t": tracking}
            ).one()
        return row.state, row.held_for or row.code

    def steps(self, tracking: str) -> list[str]:
        with reading(self.services.engine) as connection:
            rows = connection.execute(
                text("SELECT after FROM events WHERE tracking = :t ORDER BY seq"), {"t": tracking}
            )
            return [row.after for row in rows]

    def count(self, table: str) -> int:
        with reading(self.services.engine) as connection:
            return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar() or 0)  # noqa: S608
