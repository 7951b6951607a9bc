"""The reader in a process beside this one (`broker.edge.bounded`): how packets go there, and how answers come back.

Owns this translation; `reader.work_of` is its other side. Promises: the sealed bytes are not copied on their way to the
reader.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import orjson

from broker.edge.bounded.bounds import Fault
from broker.edge.bounded.channel import Task
from broker.edge.bounded.warden import Warden
from broker.formats.opening import Circumstances, Cost, Failed, Outcome, Sealed, outcome_of

_COSTLY = frozenset({Fault.CPU, Fault.MEMORY})


class Beside:
    """The reader as its worker sees it."""

    def __init__(self, warden: Warden) -> None:
        self.warden = warden
        self.is_patient = warden.bounds.is_apart

    def start(self) -> None:
        """See Reader.start."""
        self.warden.start()

    def read(self, around: Circumstances, packets: Sequence[Sealed]) -> Mapping[int, Outcome]:
        """See Reader.read. Raises NoWard."""
        common = {
            "now": around.now.isoformat(),
            "certificates": {lea: [one.decode("latin-1") for one in all_] for lea, all_ in around.certificates.items()},
        }
        tasks = [Task(orjson.dumps([one.file, one.lea, one.is_known, one.mapping]), one.content) for one in packets]
        found = self.warden.run(orjson.dumps(common), tasks)
        return {number: self._outcome(one, self.warden.seconds.get(number, 0.0)) for number, one in found.items()}

    def _outcome(self, answer: bytes | Fault, seconds: float) -> Outcome:
        """The outcome in an answer. Unless the reader is patient, every fault counts as costly: a packet that failed
        among others may succeed alone."""
        if isinstance(answer, Fault):
            return Failed(answer, is_costly=answer in _COSTLY or not self.is_patient)
        return replace(outcome_of(answer), cost=Cost(seconds, len(answer)))
