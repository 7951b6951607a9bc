"""The registry of a home, as what is compared in bulk: each student has a number of its own, from 0 on.

Promises: nothing is kept but SSIDs, in the order of their numbers.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import orjson

from broker.edge.ledger.engine import Reading
from broker.edge.ledger.people import indexed
from broker.identity.bulk.linker import Entry
from broker.identity.features import Features

Told = Callable[[int], object]

_STEP = 1_000  # names between two words to whoever is told


@dataclass(slots=True)
class Registry:
    """The registry of a home: the SSID of each student by number, and which SSID stands for a merged one."""

    connection: Reading
    numbers: list[str] = field(default_factory=list)

    def entries(self, told: Told) -> Iterator[Entry]:
        """The students as they are indexed; `told` hears how many names were read."""
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
        """How many names there are."""
        return indexed.count(self.connection)

    def merged(self) -> Mapping[str, str]:
        """Numbers that do not stand for themselves, and which do."""
        return indexed.merged(self.connection)
