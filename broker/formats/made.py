"""What a document made of a table has that no table says: its id, and when it was made.

Owns how both follow from the signer, the rows and the signature. Promises: the same rows, signed by the same LEA on the
same day, are the same document; columns that the exchange added do not count; the digest is keyed, so that an id gives
no chance to guess what is in the table.
"""

import hashlib
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, date, datetime, tzinfo
from typing import NamedTuple

import orjson

from broker.core.days.state_time import StateTime
from broker.core.days.written import Order
from broker.core.files import table_ids
from broker.core.model import LeaId
from broker.formats.table import Table


class Made(NamedTuple):
    """When the content was signed (aware), the digest of its exchange, and the time zone of its state. `mapping` is the
    LEA's mapping as text, '' where it has none; `order` is how its state writes dates; `exit_codes` are those that the
    state lists."""

    signed_at: datetime
    digest: Callable[[bytes], str]
    zone: tzinfo
    mapping: str = ""
    order: Order = Order.MONTH
    exit_codes: Collection[str] = ()

    @property
    def signed_on(self) -> date:
        """The day of the signature, in the state."""
        return StateTime(self.zone).day(self.signed_at)

    def id_of(self, packet_type: str, lea: LeaId, *tables: Table, whose: str = "", meant: Sequence[str] = ()) -> str:
        """The id of the document that these tables become; they have only the sender's own columns, as a mapping has
        changed them, and `meant` is what a mapping says beside. `whose` says whom a document of one student is
        about."""
        cells = [line for one in tables for line in (one.header.cells, *(row.cells for row in one.rows))]
        digest = self.digest(orjson.dumps([packet_type, lea, self.signed_on.isoformat(), cells, *meant]))
        return table_ids.made(packet_type, digest, self.digest(orjson.dumps([lea, whose])) if whose else "")


def unsealed(zone: tzinfo) -> Made:
    """For a content that nobody has signed yet, as if that were done now."""
    return Made(datetime.now(UTC), lambda content: hashlib.sha256(content).hexdigest(), zone)
