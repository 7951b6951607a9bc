"""The process in which files are checked for their LEA, on its own computer, before it sends them.

Promises: it has no home, no key, no ledger and no network; the command that starts it watches it from outside and may
end it at any moment (`broker.edge.bounded`), and it ends with that command.
"""

import argparse
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import orjson

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
    """The work for each file: its report, or what is understood of it, as JSON; or the kind of a bug, whose text may
    quote the file."""

    def work(common: Buffer, head: Buffer, body: Buffer) -> bytes:
        lea, now, mapping = orjson.loads(common)
        file, is_to_map = orjson.loads(head)
        try:
            if is_to_map:
                return orjson.dumps(judging.by(mapping).understood(bytes(body)))
            at = datetime.fromisoformat(now)
            return orjson.dumps(judging.by(mapping).report(bytes(body), file, lea, at).to_json())
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
