"""The services that a stage works with: the ledger, the vault, the folders, the key, the clock.

Owns no behaviour; `broker.wiring` fills it. Promises: a stage gets everything through here, time included, so a test
can give it another world; the identity model is read once, when it is first needed.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property

import structlog

from broker.core.days.state_time import StateTime
from broker.core.model import Fingerprint
from broker.core.stays import Today
from broker.edge.home.apart import Apart
from broker.edge.home.folders import Home
from broker.edge.home.inbox import Inboxes
from broker.edge.home.outbox import Outboxes
from broker.edge.ledger.engine import Engine
from broker.edge.pgp.openpgp import SecretKey
from broker.edge.queue.queues import Queues
from broker.edge.settings.values import Settings
from broker.edge.vault import Vault
from broker.formats.opening import Reader
from broker.identity.model import Model
from broker.packets.troubles import Troubles


@dataclass(frozen=True)
class Services:
    """The services of one process. `worker` names the process in claims; `clock` gives aware UTC times; `exchange` is
    the fingerprint of the exchange's key; `secret` is the key itself, only in parts that open, seal or sign."""

    settings: Settings
    engine: Engine
    vault: Vault
    home: Home
    outboxes: Outboxes
    inboxes: Inboxes
    apart: Apart
    exchange: Fingerprint
    secret: SecretKey | None
    queues: Queues
    clock: Callable[[], datetime]
    new_tracking: Callable[[], str]
    reader: Reader  # opens sealed packets for this process
    worker: str
    log: structlog.stdlib.BoundLogger
    load_model: Callable[[], Model]
    troubles: Troubles = field(default_factory=Troubles, compare=False)
    tokens: set[str] = field(default_factory=set)  # of the claims that are being worked now, see `leases`

    @property
    def time(self) -> StateTime:
        """The state's days and hours."""
        return self.settings.time

    def day(self) -> date:
        """Today in the state."""
        return self.time.day(self.clock())

    def today(self, now: datetime | None = None) -> Today:
        """The day for judging where a student is: the day of the clock, or of another moment."""
        return self.settings.today(self.time.day(now or self.clock()))

    @property
    def key(self) -> SecretKey:
        """The exchange's secret key. Raises RuntimeError in a part that does not hold it: asking there is a bug."""
        if self.secret is None:
            raise RuntimeError("this part of the exchange holds no secret key")
        return self.secret

    @cached_property
    def model(self) -> Model:
        """The identity model. Raises OperatorError for model files that cannot be used."""
        return self.load_model()
