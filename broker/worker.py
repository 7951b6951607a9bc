"""A worker process: admits, routes and delivers what the queues name.

Promises: one thread works, so that its claims are its own, and another keeps them meanwhile; no packet is opened here,
but by the reader beside it; on start it frees what an earlier process of the same name had claimed when it died, and
the deaths stay counted.
"""

import argparse
import gc
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from sqlalchemy.exc import OperationalError

from broker import wiring
from broker.core.errors import Deferred
from broker.core.flow import Stage
from broker.core.lanes import BULK, COSTLY, EXPRESS
from broker.edge.ledger import packets
from broker.edge.ledger.engine import writing
from broker.part import Part, run
from broker.stages import admit, batch, deliver, leases, route
from broker.stages.batch import Plan
from broker.stages.services import Services

_PLANS = (admit.PLAN, route.PLAN, deliver.PLAN)
_GARBAGE = 20_000  # new objects before a collection: of a round's objects few are in cycles, and none of its bytes
RUNS: dict[Stage, Sequence[Plan]] = {plan.stage: _PLANS[n:] for n, plan in enumerate(_PLANS)}


def _run(services: Services, part: Part, stage: Stage, ids: list[str]) -> None:
    """Work a message. When the batch as a whole fails (database, disk) nothing of it was committed: the process ends,
    for a flush that failed once can not be trusted again, and the next one begins with free claims."""
    try:
        batch.run(services, RUNS[stage], ids)
    except Exception as bug:  # noqa: BLE001  its text may hold values, so that nobody else may log it
        services.log.error("batch failed", stage=stage, kind=type(bug).__name__, packets=len(ids))
        part.fail()
        blameless = isinstance(bug, OSError | OperationalError | Deferred)  # the disk or the database, not a packet
        with writing(services.engine) as connection:
            packets.release_worker(connection, services.worker, uncounted=int(blameless))


def main() -> None:
    """Entry point of the process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--number", type=int, default=0)
    parser.add_argument("--costly", action="store_true", help="work what is costly to read, and nothing else")
    chosen = parser.parse_args()
    services = wiring.build(chosen.home, "worker", chosen.number, is_patient=chosen.costly)
    services.reader.start()
    name, lanes = ("worker-costly", (COSTLY,)) if chosen.costly else (f"worker-{chosen.number}", (EXPRESS, BULK))
    with Part(services.home.run, name).living() as part:
        with writing(services.engine) as connection:
            packets.release_worker(connection, services.worker)
            packets.forget_queues(connection)
        services.queues.start({stage: partial(_run, services, part, stage) for stage in Stage}, lanes)
        threading.Thread(target=leases.keep_on, args=(services, part.stop), name="leases", daemon=True).start()
        gc.collect()
        gc.freeze()  # what was loaded stays: it need not be looked through at every collection
        gc.set_threshold(_GARBAGE)
        part.ready()
        part.stop.wait()
        services.queues.stop()


if __name__ == "__main__":
    run(main)
