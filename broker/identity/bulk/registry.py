"""The registry of a home for bulk comparison: each student has a place number, from 0 on.

Promises: only SSIDs are kept, in the order of these numbers.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import orjson

from broker.edge.ledger.engine import Reading
from broker.edge.ledger.people import indexed
from broker.identity.bulk.linker import Entry
from broker.identity.features import Features

Told = Callable[[int], object]

_STEP = 1_000  # names between two calls of `told`


@dataclass(slots=True)
class Registry:
    """The registry of a home: the SSID of each student by place number, and which SSID stands for a merged one."""

    connection: Reading
    numbers: list[str] = field(default_factory=list)

    def entries(self, told: Told) -> Iterator[Entry]:
        """The students as the index has them; `told` is called with the number of names read so far."""
        waiting: list[Features] = []
        for number, (ssid, data) in enumerate(indexed.names(self.connection), 1):
            if not self.numbers or self.numbers[-1] != ssid:
                if waiting:
                    yield len(self.numbers) - 1, waiting
                self.numbers.append(ssid)
                waiting = []
            if number % _STEP == 0:
                told(number)
            waiting.append(orjson.loads(data))
        if waiting:
            yield len(self.numbers) - 1, waiting

    def count(self) -> int:
        """The number of names in the index."""
        return indexed.count(self.connection)

    def merged(self) -> Mapping[str, str]:
        """The SSID that stands for each merged SSID."""
        return indexed.merged(self.connection)
