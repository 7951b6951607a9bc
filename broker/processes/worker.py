"""A worker process: admits, routes and delivers the packets that the queues name.

Promises: one thread works, so that its claims are its own, and another one extends them meanwhile; packets are opened
only by its reader process, never here. At start it frees what the previous process with its name in this home had
claimed when it died, and the deaths stay counted; all other claims end by their lease. Work that the database, a disk
or an orderly stop interrupts is nobody's death: its claims are given back uncounted, as soon as the database is there
again, by this process or the next one.
"""

import argparse
import gc
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from broker import wiring
from broker.core.flow import Stage
from broker.core.lanes import BULK, COSTLY, EXPRESS
from broker.edge.ledger.again import committed
from broker.edge.ledger.blame import Cause, cause_of
from broker.edge.ledger.packets import packets
from broker.packets import batch, leases
from broker.packets.batch import Plan
from broker.packets.owed import Owed
from broker.packets.services import Services
from broker.packets.troubles import kind_of
from broker.processes.part import Part, run
from broker.stages import admit, deliver, route

_PLANS = (admit.PLAN, route.PLAN, deliver.PLAN)
_GARBAGE = 20_000  # new objects before a collection: few of a round's objects are in cycles, and no bytes
_FIRST_SECONDS, _MOST_SECONDS = 0.1, 5.0  # between two checks for the database
RUNS: dict[Stage, Sequence[Plan]] = {plan.stage: _PLANS[n:] for n, plan in enumerate(_PLANS)}


def _run(services: Services, part: Part, owed: Owed, stage: Stage, ids: list[str]) -> None:
    """Work a message. When the whole batch fails, nothing of it was committed, and its claims are freed. After a
    failure of the disk the process ends, because a flush that failed once cannot be trusted again; for the database it
    waits."""
    try:
        batch.run(services, RUNS[stage], ids)
        services.troubles.over(services.log, "batch")
    except Exception as error:  # noqa: BLE001  its text may contain values, so no other code may log it
        is_bug = cause_of(error) is Cause.BUG
        if is_bug:
            services.log.error("batch failed", stage=stage, kind=kind_of(error), packets=len(ids))
        else:
            owed.note(services.log)
            services.troubles.meet(services.log, "batch", error, stage=stage)
        if is_bug or isinstance(error, OSError):
            part.fail()
        _let_go(services, part, owed)


def _let_go(services: Services, part: Part, owed: Owed) -> None:
    """Free what this process has claimed, when the ledger allows it; if this process must end first, the next one
    does."""
    pause = _FIRST_SECONDS
    while True:
        try:
            services.engine.dispose()  # no connection to a failing database can be trusted
            return _free(services, owed, services.worker)
        except Exception as error:  # noqa: BLE001  its text may contain values
            owed.note(services.log)
            services.troubles.meet(services.log, "batch", error)
        if part.stop.wait(pause):
            return None
        pause = min(2 * pause, _MOST_SECONDS)


def _free(services: Services, owed: Owed, worker: str) -> None:
    """Free the claims under this name: uncounted where `owed` says so, otherwise each counts as a death."""
    if owed.is_noted:
        batch.give_back(services, worker)
    else:
        committed(services.engine, lambda connection: packets.release_worker(connection, worker))
    owed.settled()


def main() -> None:
    """Entry point of the process."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--number", type=int, default=0)
    parser.add_argument("--costly", action="store_true", help="work what is costly to read, and nothing else")
    chosen = parser.parse_args()
    services = wiring.build(chosen.home, "worker", chosen.number, is_patient=chosen.costly)
    if not chosen.costly:  # the costly worker starts its reader with its first packet: on most days it has none
        services.reader.start()
    name, lanes = ("worker-costly", (COSTLY,)) if chosen.costly else (f"worker-{chosen.number}", (EXPRESS, BULK))
    owed = Owed(services.home.run / f"{name}.owed")
    with Part(services.home.run, name).living() as part:
        if earlier := part.claimed_as():
            _free(services, owed, earlier)
        owed.settled()
        committed(services.engine, packets.mark_unqueued)
        part.claim_as(services.worker)
        services.queues.start({stage: partial(_run, services, part, owed, stage) for stage in Stage}, lanes)
        threading.Thread(target=leases.keep_on, args=(services, part.stop), name="leases", daemon=True).start()
        gc.collect()
        gc.freeze()  # loaded objects stay, so collections need not check them
        gc.set_threshold(_GARBAGE)
        part.ready()
        part.stop.wait()
        if not part.failed:
            owed.note(services.log)  # in case its work is not done in time: it was asked to stop, and did not die
        services.queues.stop()
        services.apart.close()


if __name__ == "__main__":
    run(main)
