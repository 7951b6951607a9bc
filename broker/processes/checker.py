"""The process in which files are checked for their LEA, on its own computer, before it sends them.

Promises: it has no home, no key, no ledger and no network; the command that starts it watches it from outside and may
end it at any moment (`broker.edge.bounded`), and it ends with that command.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import orjson

from broker.checking import answering
from broker.checking.judge import Judge
from broker.edge.bounded import ward
from broker.edge.bounded.channel import Buffer
from broker.edge.schemas.contracts import Contracts
from broker.edge.settings.resources import folder
from broker.edge.settings.values import Limits, Settings
from broker.offline import harden

_PLACES = 200  # of a document that does not fit its schema: a person mends them all at once


def judge() -> Judge:
    """What judging by the settings' defaults needs."""
    chosen = Settings(home=Path(), limits=replace(Limits(), schema_errors=_PLACES))
    contracts = Contracts(folder("schemas"), chosen.identity.ssid_digits, chosen.limits.students_per_enrollment)
    return Judge(chosen, contracts)


def work_of(judging: Judge) -> ward.Work:
    """The work for each question about a file: its answer, or the kind of a bug, whose text may quote the file."""

    def work(common: Buffer, head: Buffer, body: Buffer) -> bytes:
        try:
            return answering.work(judging, common, head, body)
        except MemoryError:
            raise
        except Exception as bug:  # noqa: BLE001  only its kind is told
            return orjson.dumps({"bug": type(bug).__name__})

    return work


def main() -> None:
    """Entry point of the process; the three descriptors are those of `ward.serve`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("descriptors", type=int, nargs=3)
    control, arena, state = parser.parse_args().descriptors
    harden()
    ward.serve(control, arena, state, work_of(judge()))


if __name__ == "__main__":
    main()
