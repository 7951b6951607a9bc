"""The process in which an LEA's own list is compared with the exchange's, on the LEA's own computer.

Promises: it has no home, no key, no ledger and no network; the command that starts it watches it from outside and may
end it at any moment (`broker.edge.bounded`), and it ends with that command.
"""

import argparse
from collections.abc import Iterator, Sequence
from datetime import date

import orjson

from broker.checking import against
from broker.edge.bounded import ward
from broker.edge.bounded.channel import Buffer
from broker.offline import harden


def work(common: Buffer, head: Buffer, body: Buffer) -> bytes:
    """The report as JSON, or the kind of a bug, whose text may quote a file. `head` has the sizes of the files, which
    are one after the other in `body`."""
    today, with_table = orjson.loads(common)
    try:
        contents = list(_cut(body, orjson.loads(head)))
        report = against.report(contents, date.fromisoformat(today), with_table=with_table)
        return orjson.dumps(report.to_json())
    except MemoryError:
        raise
    except Exception as bug:  # noqa: BLE001  only its kind is told
        return orjson.dumps({"bug": type(bug).__name__})


def _cut(body: Buffer, sizes: Sequence[int]) -> Iterator[bytes]:
    at = 0
    for size in sizes:
        yield bytes(body[at : at + size])
        at += size


def main() -> None:
    """Entry point of the process; the three descriptors are those of `ward.serve`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("descriptors", type=int, nargs=3)
    control, arena, state = parser.parse_args().descriptors
    harden()
    ward.serve(control, arena, state, work)


if __name__ == "__main__":
    main()
